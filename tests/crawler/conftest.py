import shutil
from collections.abc import Iterator

import pytest

from tests.crawler.workspace import Workspace
from tests.site import Site


@pytest.fixture(scope="session")
def make_workspace(sqlite_template, tmp_path_factory):
    """Makes a workspace whose database is migrated already: that saves a second."""

    def make(name: str) -> Workspace:
        folder = tmp_path_factory.mktemp(name)
        shutil.copy(sqlite_template, folder / "babelwire.db")
        return Workspace(folder)

    return make


@pytest.fixture
def workspace(make_workspace) -> Workspace:
    return make_workspace("workspace")


@pytest.fixture
def site() -> Iterator[Site]:
    with Site() as running:
        yield running
