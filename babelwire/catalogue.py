"""The sources that come with the program."""

from __future__ import annotations

from importlib.resources import as_file

from babelwire.workspace import packaged_configs
from pipeline.sources import Source, read_sources


def packaged_sources() -> dict[str, Source]:
    """Every packaged source by name."""
    with as_file(packaged_configs() / "sources") as folder:
        return read_sources(folder)


def packaged_text(name: str) -> str:
    """The annotated file of a packaged source."""
    return (packaged_configs() / "sources" / f"{name}.toml").read_text("utf-8")
