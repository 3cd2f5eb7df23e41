"""How a crawl goes, as a person sees it: in sum, and host by host on a terminal."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from babelwire.balance import plain_reason
from babelwire.terminal import err, one_line, say

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID
    from rich.table import Table

SHOWN_HOSTS = 8
"""Lines below the bar: what fits on a small terminal, with what was said before."""


class CrawlProgress:
    """A bar and the busiest hosts on a terminal; elsewhere a line now and then."""

    def __init__(self, bar: HostBar | None) -> None:
        self._bar = bar
        self._task: TaskID | None = (
            bar.progress.add_task("Crawling", total=None) if bar else None
        )
        self._told = 0

    @property
    def shows_hosts(self) -> bool:
        """Whether anybody sees how each host stands."""
        return self._bar is not None

    def update(
        self,
        sources: Mapping[str, Mapping[str, Any]],
        hosts: Sequence[Mapping[str, Any]] = (),
    ) -> None:
        """Shows the sums over all sources, and the hosts."""
        fetched = sum(counts["fetched"] for counts in sources.values())
        pending = sum(counts["pending"] for counts in sources.values())
        text = f"Crawling: {fetched:,} fetched, {pending:,} to go"
        if self._bar is not None and self._task is not None:
            self._bar.hosts = hosts
            self._bar.progress.update(
                self._task,
                description=text,
                completed=fetched,
                total=fetched + pending or None,
            )
        elif fetched >= self._told + 100:
            self._told = fetched
            say(text)

    @contextlib.contextmanager
    def paused(self) -> Iterator[None]:
        """Leaves the terminal alone for the time of the block."""
        if self._bar is None:
            yield
            return
        self._bar.progress.stop()
        try:
            yield
        finally:
            self._bar.progress.start()


class HostBar:
    """rich's progress bar with the hosts below it.

    Attributes:
        hosts: As `Dispatcher.hosts` tells them.
    """

    def __init__(self) -> None:
        self.hosts: Sequence[Mapping[str, Any]] = ()
        self.progress = _progress(self)


@contextlib.contextmanager
def crawl_progress() -> Iterator[CrawlProgress]:
    """Progress for the time of the block."""
    if not err().is_terminal:
        yield CrawlProgress(None)
        return
    bar = HostBar()
    with bar.progress:
        yield CrawlProgress(bar)


def host_state(host: Mapping[str, Any]) -> str:
    """What a host is doing, in a few words.

    >>> idle = {"in_flight": 0, "is_held": False, "wait_seconds": 2, "reason": ""}
    >>> host_state(idle), host_state({**idle, "in_flight": 1})
    ('next in 2 s', 'answering')
    >>> host_state({**idle, "is_held": True, "reason": "http_429"})
    'left alone for 2 s: HTTP status 429'
    """
    if host["in_flight"]:
        return "answering"
    seconds = f"{host['wait_seconds']:,} s"
    if host["is_held"]:
        reason = plain_reason(host["reason"].rpartition(": ")[2])
        return f"left alone for {seconds}" + (f": {reason}" if reason else "")
    return f"next in {seconds}" if host["wait_seconds"] else "next"


def _progress(bar: HostBar) -> Progress:
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    class WithHosts(Progress):
        def get_renderables(self) -> Iterator[Any]:
            yield self.make_tasks_table(self.tasks)
            if bar.hosts:
                yield _host_table(bar.hosts)

    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    return WithHosts(*columns, console=err(), transient=True)


def _host_table(hosts: Sequence[Mapping[str, Any]]) -> Table:
    from rich.table import Table
    from rich.text import Text

    table = Table.grid(padding=(0, 2))
    for host in hosts[:SHOWN_HOSTS]:
        table.add_row(
            Text(f"  {one_line(host['host'])}"),
            Text(f"{host['fetched']:,}", justify="right"),
            Text(one_line(host_state(host)), style="dim"),
        )
    if len(hosts) > SHOWN_HOSTS:
        table.add_row(Text("  …", style="dim"), Text(""), Text(""))
    return table
