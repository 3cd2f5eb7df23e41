"""Tries feeds, sitemaps and lists, and remembers what each of them shows."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from urllib.parse import urljoin

from crawler.asking import Asker
from crawler.discover import Entry, Reading
from crawler.fetching import Answer
from crawler.parsing import Body, ParserProcess
from crawler.tried import Tried, absolute, likeliest, scope_of
from pipeline.json_listings import listing_of
from pipeline.sources import Source
from pipeline.urls import url_key

KINDS = ("feed", "sitemap", "listing", "json")

MAX_OPENED = 3
"""Sitemaps of an index that are opened until one has articles: others are of sections,
authors, pictures."""


class EndpointTrial:
    """The endpoints of one probe."""

    def __init__(
        self, asker: Asker, parser: ParserProcess, source: Source | None = None
    ) -> None:
        """Takes its parts.

        Args:
            asker: Makes the requests.
            parser: Reads the answers.
            source: Whose endpoints they are, where that is known.
        """
        self._asker = asker
        self._parser = parser
        self._source = source
        self.tried: dict[str, Tried] = {}

    async def attempt(self, kind: str, url: str, *, back: bool = False) -> Tried | None:
        """Tries an endpoint; None where there may be no more requests.

        Args:
            kind: As in `Tried`.
            url: Absolute.
            back: Read an index's oldest sitemap, too.
        """
        if self._asker.is_spent or url in self.tried:
            return None
        answer = await self._asker.ask(url, is_sitemap=kind == "sitemap")
        if answer.reason or answer.status != 200:
            problem = answer.reason or f"http_{answer.status}"
            self.tried[url] = Tried(kind=kind, url=url, problem=problem)
            return self.tried[url]
        reading = self.read(kind, answer)
        self.keep(kind, url, reading)
        if reading.children and not reading.entries:
            await self._open_index(url, reading, back=back)
        return self.tried[url]

    def read(self, kind: str, answer: Answer) -> Reading:
        """What an answer shows, read in the parser's process."""
        body = Body(
            kind=kind,
            url=answer.url,
            content_type=answer.content_type,
            body=answer.body,
            rule=listing_of(self._source.json_listings, answer.url)
            if self._source
            else None,
        )
        languages = self._source.languages if self._source else ()
        return self._parser.read(body, languages)

    def keep(self, kind: str, url: str, reading: Reading) -> None:
        """Remembers a reading."""
        self.tried[url] = Tried(
            kind=kind,
            url=url,
            title=reading.title,
            language=reading.language,
            entries=absolute(reading),
            children=len(reading.children),
            problem=reading.problem,
        )

    def samples(
        self, source: Source | None, kinds: Collection[str] = KINDS
    ) -> list[Entry]:
        """Entries of all endpoints in turn, each one's first ones first.

        Args:
            source: Only entries that are its articles; None: all.
            kinds: Of the endpoints.
        """
        seen: dict[str, Entry] = {}
        tried = self.tried.values()
        working = [one.entries for one in tried if one.entries and one.kind in kinds]
        for number in range(max((len(entries) for entries in working), default=0)):
            for entries in working:
                if number < len(entries):
                    _add(seen, entries[number], source)
        return list(seen.values())

    async def _open_index(self, url: str, reading: Reading, *, back: bool) -> None:
        opened = likeliest(reading.children)[:MAX_OPENED]
        entries: tuple[Entry, ...] = ()
        for child in opened:
            entries += await self._inner(reading, child)
            if self._is_enough(entries):
                break
        self.tried[url] = replace(self.tried[url], entries=entries, problem="")
        dated = [child for child in reading.children if child.dated_at is not None]
        oldest = min(dated, key=_age) if dated else reading.children[-1]
        if back and oldest not in opened[:1]:
            older = await self._inner(reading, oldest)
            self.tried[url] = replace(self.tried[url], older=older)

    def _is_enough(self, entries: Sequence[Entry]) -> bool:
        """Whether a sitemap of an index shows what the source, or a person, wants."""
        if self._source is None or not entries:
            return bool(entries)
        return bool(scope_of(entries, self._source)["in_scope"])

    async def _inner(self, index: Reading, child: Entry) -> tuple[Entry, ...]:
        address = urljoin(index.base, child.url)
        answer = await self._asker.ask(address, is_sitemap=True)
        if answer.status != 200 or answer.reason:
            return ()
        return absolute(self.read("sitemap", answer))


def _add(seen: dict[str, Entry], entry: Entry, source: Source | None) -> None:
    with suppress(ValueError):
        if source is None or source.is_article(entry.url):
            seen.setdefault(url_key(entry.url), entry)


def _age(entry: Entry) -> datetime:
    assert entry.dated_at is not None  # noqa: S101 - only dated ones are compared
    return entry.dated_at
