"""Quality gates: collected only where `BABELWIRE_QUALITY_DATA` names their data."""

import os
from pathlib import Path

import pytest

HERE = Path(__file__).parent
DATA = os.environ.get("BABELWIRE_QUALITY_DATA", "")
collect_ignore_glob = [] if DATA else ["test_*.py"]


@pytest.fixture(scope="session")
def quality_data() -> Path:
    return Path(DATA)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Gates that share an index or a sample go to one process, others beside it."""
    for item in items:
        if item.path.parent != HERE:
            continue
        call = getattr(item, "callspec", None)
        language = call.params.get("language", "") if call else ""
        place = item.getparent(pytest.Class)
        group = f"{item.path.stem} {language or (place.name if place else '')}"
        item.add_marker(pytest.mark.xdist_group(group))
