"""What an endpoint that was tried shows. Pure, and without scrapy."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from crawler.discover import Entry, Reading
from crawler.listings import urljoin_safely
from pipeline.sources import Source
from pipeline.urls import host_of

_OF_NEWS = re.compile(r"news|article|post|stor(y|ies)")
_OF_OTHERS = re.compile(r"page|categor|tag|author|section|image|video|static|topic")

SHOWN_HOSTS = 3
"""Other hosts of an endpoint's entries that are told."""


@dataclass(frozen=True, kw_only=True)
class Tried:
    """An endpoint that was tried.

    Attributes:
        kind: `feed`, `sitemap` or `listing`.
        entries: Of an index: those of its newest sitemap.
        older: Of an index: those of its oldest sitemap, where that was read.
        children: Sitemaps of an index.
        problem: "" where it works; or what was wrong with it all the same.
    """

    kind: str
    url: str
    title: str = ""
    language: str = ""
    entries: tuple[Entry, ...] = ()
    older: tuple[Entry, ...] = ()
    children: int = 0
    problem: str = ""

    @property
    def works(self) -> bool:
        """Whether anything can be found there."""
        return bool(self.entries) or (bool(self.children) and not self.problem)

    def moments(self) -> list[datetime]:
        """When its entries were published, as far as it says."""
        entries = (*self.entries, *self.older)
        return [e.dated_at for e in entries if e.dated_at is not None]

    def as_mapping(self, source: Source | None = None) -> dict[str, Any]:
        """For the event; with what is in a source's scope, where there is one."""
        moments = self.moments()
        told = {
            "kind": self.kind,
            "url": self.url,
            "title": self.title,
            "entries": len(self.entries),
            "children": self.children,
            "newest": max(moments).isoformat() if moments else None,
            "oldest": min(moments).isoformat() if moments else None,
            "problem": self.problem,
        }
        return told if source is None else {**told, **scope_of(self.entries, source)}


def likeliest(children: Sequence[Entry]) -> list[Entry]:
    """Sitemaps of an index, those first that are likeliest to have the newest articles.

    By their names (as the common systems give them), then by when they changed.
    """
    oldest = datetime.min.replace(tzinfo=UTC)

    def order(child: Entry) -> tuple[bool, bool, float]:
        name = child.url.rpartition("/")[2].lower()
        age = (child.dated_at or oldest).timestamp()
        return not _OF_NEWS.search(name), bool(_OF_OTHERS.search(name)), -age

    return sorted(children, key=order)


def scope_of(entries: Sequence[Entry], source: Source) -> dict[str, Any]:
    """How many entries are articles of a source, and why others are not."""
    out: Counter[str] = Counter()
    hosts: Counter[str] = Counter()
    for entry in entries:
        try:
            reason: str = source.out_of_scope(entry.url)
        except ValueError:
            reason = "no_address"
        if reason == "other_host":
            hosts[host_of(entry.url)] += 1
        if reason:
            out[reason] += 1
    return {
        "in_scope": len(entries) - sum(out.values()),
        "out_of_scope": dict(out),
        "other_hosts": [host for host, _ in hosts.most_common(SHOWN_HOSTS)],
    }


def absolute(reading: Reading) -> tuple[Entry, ...]:
    """Its entries, with whole addresses."""
    found = ((urljoin_safely(reading.base, e.url), e) for e in reading.entries)
    return tuple(replace(entry, url=url) for url, entry in found if url)


def endpoints_of(source: Source) -> Iterator[tuple[str, str]]:
    """Kind and address of each of a source's endpoints, each address once."""
    for url, kind in source.endpoint_kinds.items():
        yield kind, url
