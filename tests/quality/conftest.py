"""Quality gates: collected only where `BABELWIRE_QUALITY_DATA` names their data."""

import os
from pathlib import Path

import pytest

DATA = os.environ.get("BABELWIRE_QUALITY_DATA", "")
collect_ignore_glob = [] if DATA else ["test_*.py"]


@pytest.fixture(scope="session")
def quality_data() -> Path:
    return Path(DATA)
