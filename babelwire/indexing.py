"""Brings the index up to date, builds it anew, proves it."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from babelwire.assembly import open_engine
from babelwire.terminal import counted, err, note, one_line, say

if TYPE_CHECKING:
    from babelwire.workspace import Workspace
    from pipeline.store import Database
    from search_index.query import IndexEngine
    from search_index.sync import SyncReport


class Indexing:
    """What can be done to the index of a workspace.

    Args:
        workspace: Its configuration names the engine.
        database: The store.
        engine: Instead of the configured one.
    """

    def __init__(
        self, workspace: Workspace, database: Database, *, engine: str = ""
    ) -> None:
        self._workspace = workspace
        self._database = database
        self._engine = engine

    def bring_up_to_date(self) -> SyncReport:
        """Syncs and says what was done."""
        report = self.sync()
        if report.rebuilt:
            say(f"A new index was built: {one_line(report.rebuilt)}.")
        if report.written or report.removed:
            removed = f", {report.removed:,} removed" if report.removed else ""
            say(f"Indexed {counted(report.written, 'document')}{removed}.")
        elif not report.refused:
            say("The index is up to date.")
        _say_refused(report)
        return report

    def sync(self) -> SyncReport:
        """Syncs, with progress on a terminal and no word.

        Raises:
            UnavailableError: The index is locked, or its server does not answer.
        """
        from search_index.sync import sync

        return self._do(sync)

    def build_anew(self) -> None:
        """Builds a new index beside the living one, then swaps."""
        from search_index.sync import rebuild

        report = self._do(rebuild)
        say(f"Built a new index of {counted(report.written, 'document')}.")
        _say_refused(report)
        with self._opened() as index:
            if index.keeps_old:
                say('The old one is kept; "babelwire index --prune" removes it.')

    def remove_old(self) -> None:
        """Removes every generation but the living one."""
        with self._opened() as index:
            names = index.prune()
        say(f"Removed: {', '.join(names)}." if names else "There was no old index.")

    def prove(self) -> int:
        """Compares index and store; 1 when they differ."""
        from search_index.verification import verify

        with self._opened() as index:
            report = verify(self._database, index, target=self._workspace.config.target)
        for damaged in report.damage:
            note(one_line(damaged))
        for difference in report.differences:
            note(
                one_line(
                    f"{difference.document_id}: found {difference.found}, "
                    f"expected {difference.expected}"
                )
            )
        if not report.is_equal:
            say(
                'The index differs from the store; "babelwire index --rebuild" mends '
                "it."
            )
            return 1
        say(
            f"The index holds all {report.documents:,} documents, ids and checksums "
            "equal."
        )
        return 0

    def _do(self, work: Callable[..., SyncReport]) -> SyncReport:
        with self._opened() as index, _progress() as on_progress:
            return work(
                self._database,
                index,
                target=self._workspace.config.target,
                on_progress=on_progress,
            )

    @contextlib.contextmanager
    def _opened(self) -> Iterator[IndexEngine]:
        index = open_engine(self._workspace, self._engine)
        try:
            yield index
        finally:
            index.close()


def _say_refused(report: SyncReport) -> None:
    if report.refused:
        note(
            f"the index refused {counted(report.refused, 'document')}; "
            'see "babelwire status", try again with "babelwire retry --stage index"'
        )


@contextlib.contextmanager
def _progress() -> Iterator[Callable[[int, int], None]]:
    console = err()
    if not console.is_terminal:
        yield lambda _done, _total: None
        return
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("Indexing"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("Indexing", total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)
