"""What belongs to each source of a run: as its file says, and as its site showed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from urllib.parse import urlsplit

from pipeline.sources import Source
from pipeline.store.moves import Move
from pipeline.urls import host_of


class Scope:
    """The sources, with the hosts that their endpoints or whole sites moved to.

    A host is learned from a site's own redirects, never from a link.
    """

    def __init__(self, sources: Iterable[Source]) -> None:
        """Begins with what their files say."""
        self._sources = {source.name: source for source in sources}
        self._secure: set[tuple[str, str]] = set()

    def __getitem__(self, name: str) -> Source:
        return self._sources[name]

    def __iter__(self) -> Iterator[Source]:
        return iter(self._sources.values())

    @property
    def names(self) -> list[str]:
        """Of the sources."""
        return list(self._sources)

    def learn_host(self, name: str, host: str) -> bool:
        """Takes a host in; whether it was new."""
        source = self._sources[name]
        if host in source.own_hosts:
            return False
        self._sources[name] = replace(source, hosts=(*source.hosts, host))
        return True

    def learn(self, move: Move) -> None:
        """Takes a move of a whole site in."""
        if move.from_host == move.to_host:
            self._secure.add((move.source, move.from_host))
        else:
            self.learn_host(move.source, move.to_host)

    def upgraded(self, name: str, url: str) -> str:
        """The URL to ask for: https where the site moved there.

        The URL key is the same; a redirect and its request in the clear are spared.
        """
        parts = urlsplit(url)
        if parts.scheme.lower() != "http" or (name, host_of(url)) not in self._secure:
            return url
        return parts._replace(scheme="https").geturl()
