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
    from search_index.sync import SyncReport


def bring_up_to_date(workspace: Workspace, database: Database) -> SyncReport:
    """Syncs and says what was done."""
    from search_index.sync import sync

    report = quietly(workspace, database, sync)
    if report.rebuilt:
        say(f"A new index was built: {one_line(report.rebuilt)}.")
    changed = report.written + report.removed
    if changed:
        removed = f", {report.removed:,} removed" if report.removed else ""
        say(f"Indexed {counted(report.written, 'document')}{removed}.")
    else:
        say("The index is up to date.")
    return report


def build_anew(workspace: Workspace, database: Database) -> None:
    """Builds a new index beside the living one, then swaps."""
    from search_index.sync import rebuild

    report = quietly(workspace, database, rebuild)
    say(f"Built a new index of {counted(report.written, 'document')}.")


def prove(workspace: Workspace, database: Database) -> int:
    """Compares index and store; 1 when they differ."""
    from search_index.verification import verify

    engine = open_engine(workspace)
    try:
        report = verify(database, engine, target=workspace.config.target)
    finally:
        engine.close()
    for damaged in report.damage:
        note(one_line(damaged))
    for difference in report.differences:
        note(
            one_line(
                f"{difference.document_id}: found {difference.found}, "
                f"expected {difference.expected}"
            )
        )
    if report.differences or report.damage:
        say('The index differs from the store; "babelwire index --rebuild" mends it.')
        return 1
    say(f"The index holds all {report.documents:,} documents, ids and checksums equal.")
    return 0


def quietly(
    workspace: Workspace, database: Database, work: Callable[..., SyncReport]
) -> SyncReport:
    """Runs `sync` or `rebuild` with progress."""
    engine = open_engine(workspace)
    try:
        with _progress() as on_progress:
            return work(
                database,
                engine,
                target=workspace.config.target,
                on_progress=on_progress,
            )
    finally:
        engine.close()


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
