"""Runs the stages with progress."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING

from babelwire.balance import plain_reason
from babelwire.terminal import err, say

if TYPE_CHECKING:
    from pipeline.stages.process import Processor, Tally
    from pipeline.stages.stage import BatchReport

DONE_WORDS = {
    "extract": "pages read",
    "identify": "languages identified",
    "cluster": "compared for duplicates",
    "segment": "split into sentences",
    "translate": "translated or in the target language",
}


def process_all(processor: Processor) -> Mapping[str, Tally]:
    """Runs everything that is due, with progress."""
    with _progress() as on_batch:
        return processor.run(on_batch=on_batch)


def say_tallies(tallies: Mapping[str, Tally]) -> None:
    """What each stage did, in a reader's words."""
    for stage, tally in tallies.items():
        if not (tally.done or tally.waiting or tally.failed):
            continue
        parts = [f"{tally.done:,} {DONE_WORDS[stage]}"]
        if tally.waiting:
            parts.append(f"{tally.waiting:,} waiting ({_reasons(tally)})")
        elif tally.failed:
            parts.append(f"{tally.failed:,} failed attempts ({_reasons(tally)})")
        say(f"  {', '.join(parts)}")


def _reasons(tally: Tally) -> str:
    return ", ".join(plain_reason(reason) for reason in sorted(tally.reasons))


@contextlib.contextmanager
def _progress() -> Iterator[Callable[[BatchReport], None]]:
    console = err()
    if not console.is_terminal:
        yield lambda _report: None
        return
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        task, counts = bar.add_task("Processing", total=None), dict[str, int]()

        def show(report: BatchReport) -> None:
            counts[report.stage] = counts.get(report.stage, 0) + report.claimed
            done = ", ".join(f"{n:,} {stage}" for stage, n in counts.items())
            bar.update(task, description=f"Processing: {done}")

        yield show
