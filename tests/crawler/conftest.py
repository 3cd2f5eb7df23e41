from collections.abc import Iterator

import pytest

from tests.crawler.workspace import Workspace
from tests.site import Site


@pytest.fixture
def workspace(tmp_path) -> Workspace:
    return Workspace(tmp_path)


@pytest.fixture
def site() -> Iterator[Site]:
    with Site() as running:
        yield running
