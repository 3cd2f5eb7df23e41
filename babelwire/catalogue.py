"""The sources that come with the program."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from importlib.resources import as_file

from babelwire.terminal import counted
from babelwire.workspace import packaged_configs
from pipeline.sources import Source, read_sources


def packaged_sources() -> dict[str, Source]:
    """Every packaged source by name."""
    with as_file(packaged_configs() / "sources") as folder:
        return read_sources(folder)


def packaged_text(name: str) -> str:
    """The annotated file of a packaged source."""
    return (packaged_configs() / "sources" / f"{name}.toml").read_text("utf-8")


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """Which sources are looked for; what is None does not matter.

    Attributes:
        lang: BCP 47 tag; `zh` stands for `zh-Hans` and `zh-Hant` as well.
        country: ISO 3166-1 alpha-2 code of where the publisher is, in any case.
        kind: `news` or `official`.
        audience: A country that the source addresses, in any case.
    """

    lang: str | None = None
    country: str | None = None
    kind: str | None = None
    audience: str | None = None

    def fits(self, source: Source) -> bool:
        """Whether it is one of them."""
        return (
            (not self.lang or any(_is_of(tag, self.lang) for tag in source.languages))
            and (not self.country or self.country.upper() == source.country)
            and (not self.kind or self.kind == source.kind)
            and (not self.audience or self.audience.upper() in source.audience)
        )


def summary(sources: Iterable[Source]) -> str:
    """How many sources in how many languages, and what is not verified of them."""
    listed = list(sources)
    languages = {tag for source in listed for tag in source.languages}
    unverified = sum(not source.verified for source in listed)
    many, tongues = counted(len(listed), "source"), counted(len(languages), "language")
    counts = f"{many} in {tongues}"
    if not unverified:
        return f"{counts}."
    few = "not" if unverified == len(listed) else f"{unverified} of them not"
    return f"{counts}, {few} verified yet."


def _is_of(tag: str, wanted: str) -> bool:
    tag, wanted = tag.lower(), wanted.lower()
    return tag == wanted or tag.startswith(f"{wanted}-")
