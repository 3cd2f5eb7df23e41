"""Fake publishers of models, and a shelf for what they give."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.translation.models.pull import ModelSettings
from pipeline.translation.models.shelf import Shelf
from tests.model_stores import FILES, Registry
from tests.site import Site


@pytest.fixture
def site() -> Iterator[Site]:
    with Site() as running:
        yield running


@pytest.fixture
def registry(site: Site) -> Registry:
    made = Registry(site)
    made.offer("vi-en", FILES)
    return made


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return Shelf(tmp_path / "models")


@pytest.fixture
def settings(site: Site) -> ModelSettings:
    return ModelSettings(
        firefox_mirror=site.base_url, hub=site.base_url, timeout_seconds=0.5
    )


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Attempts follow each other without a pause."""
    monkeypatch.setattr(
        "pipeline.translation.models.downloads.FIRST_PAUSE_SECONDS", 0.0
    )
