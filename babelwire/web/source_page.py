"""What the page of one source shows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from babelwire.assembly import now
from babelwire.health import SourceHealth, load_health
from babelwire.web.volume import Volume, volume

if TYPE_CHECKING:
    from babelwire.wording import Wording
    from pipeline.sources import Source
    from pipeline.store import Database
    from pipeline.store.frontier import Balance
    from pipeline.store.runs import Run

RUNS_SHOWN = 10


@dataclass(frozen=True, kw_only=True)
class RunLine:
    """A crawl of the source; its counts are of this run alone."""

    run: Run
    discovered: int
    fetched: int
    rejected: int
    failed: int


@dataclass(frozen=True, kw_only=True)
class SourcePage:
    """One source.

    Attributes:
        source: As its file says.
        health: How it is.
        volume: Its last days.
        balance: What became of its article addresses.
        documents: That it gave so far.
        runs: The newest first.
    """

    source: Source
    health: SourceHealth
    volume: Volume
    balance: Balance
    documents: int
    runs: tuple[RunLine, ...]


def source_page(database: Database, source: Source) -> SourcePage:
    """What is known of a source."""
    from pipeline.store import documents
    from pipeline.store.frontier import Balance, balance
    from pipeline.store.runs import runs_of

    at, name = now(), source.name
    with database.read() as connection:
        health = load_health({name: source}, connection, at)[name]
        balances = balance(connection, name)
        counts = documents.count_by_source(connection)
        runs = runs_of(connection, name, limit=RUNS_SHOWN)
    return SourcePage(
        source=source,
        health=health,
        volume=volume(health.counts, health.usual, at.date()),
        balance=balances.get(name, Balance()),
        documents=counts.get(name, 0),
        runs=tuple(_line(run) for run in runs),
    )


def leaving_words(w: Wording, source: Source) -> list[str]:
    """What of a source's documents may leave the desk."""
    rights = source.rights
    limit = rights.excerpt_characters
    said = {
        "full": w.text("everything"),
        "excerpt": w.texts(
            "the headline and the first %(number)s character",
            "the headline and the first %(number)s characters",
            limit,
        ),
    }
    days = rights.pass_on_days
    later = w.texts(
        "after %(number)s day only the headline",
        "after %(number)s days only the headline",
        days,
    )
    shown = said.get(rights.show or "", w.text("only the headline"))
    return [shown, *([later] if days else []), *filter(None, [rights.notice])]


def _line(run: Run) -> RunLine:
    counts: dict[str, Any] = run.counts.get("run", {})
    return RunLine(
        run=run,
        discovered=counts.get("discovered", 0),
        fetched=counts.get("fetched", 0),
        rejected=sum(counts.get("rejected", {}).values()),
        failed=sum(counts.get("failed", {}).values()),
    )
