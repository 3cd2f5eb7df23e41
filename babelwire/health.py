"""How a source is: what is known of its visits, and what that means.

`judge` is pure and says what is wrong, the worst first; `load_health` gathers what it
judges by. Days are UTC's.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from itertools import groupby
from statistics import median
from typing import TYPE_CHECKING, Literal

from pipeline.revisits import rest

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from pipeline.sources import Source
    from pipeline.store.frontier import Outcome
    from pipeline.store.source_history import EndpointRow

DAYS = 14
"""That are shown, and before them as many that tell what is usual: two of each weekday,
for offices rest at weekends."""

WEEK = 7
ENOUGH_DAYS = WEEK
"""Known days before anything is called usual: one of each weekday."""

SILENT_AFTER = timedelta(days=7)
"""A source without a new article for so long is called silent: weekly papers
are the slowest that are followed."""

LEAST_SILENCE = timedelta(days=2)
"""A daily paper rests on a holiday."""

HALF = 0.5
"""Of the usual volume: below, somebody should look (O2)."""

ENOUGH_DOCUMENTS = 28
"""In a week, before half of it says anything: where 28 are expected, fewer than 14 come
by chance alone in one week of 777 (Poisson)."""

ENOUGH_ARTICLES = 10
"""Of a week, before the share of those that were lost says anything: where a tenth is
lost as usual (sections, videos), half of ten are in one week of 600 (binomial)."""

OVERDUE_AFTER = timedelta(days=1)
"""Who crawls by hand does so daily; later nothing is known of a source …"""
OVERDUE_VISITS = 3
"""… and so many visits may fall out where they are rarer than daily."""

BLOCKING = frozenset({"http_401", "http_403", "http_429", "http_451", "blocked"})
"""Answers to somebody who is not wanted (RFC 9110 §15.5.2, §15.5.4; RFC 6585 §4;
RFC 7725), and pages that say so."""

WANTS_BROWSER = "no_browser"
"""Reason of an article that waits for a browser (`crawler.fetching`)."""

MAX_HOPS = 5
"""Of redirects (RFC 9309 §2.3.1.2 has as many)."""

Code = Literal[
    "new",
    "blocked",
    "failing",
    "silent",
    "overdue",
    "lost",
    "fewer",
    "endpoint",
    "capped",
]


@dataclass(frozen=True, kw_only=True)
class EndpointState:
    """A feed, sitemap or listing page of a source, and how its latest visit went.

    Attributes:
        url: As the source's file has it.
        outcome: Of the latest visit, there or where it redirects to; "" before it.
        reason: Why it could not be read, or "".
        visited_at: Of the latest visit.
        read_at: Of the latest one that gave something; None where none is known.
        new_per_day: Articles a day, as learned; None: not known yet.
    """

    kind: str
    url: str
    outcome: Outcome | Literal[""]
    reason: str
    visited_at: datetime | None
    read_at: datetime | None
    new_per_day: float | None = None

    @property
    def is_in_trouble(self) -> bool:
        """Whether its latest visit gave nothing; one that is put off counts."""
        is_put_off = self.outcome == "pending" and bool(self.reason)
        return self.outcome in {"failed", "rejected"} or is_put_off


@dataclass(frozen=True, kw_only=True)
class Signs:
    """What a source is judged by.

    Attributes:
        every: Shortest and longest time between two visits, in seconds.
        first_visit_at: None: never visited.
        last_visit_at: Start of its latest run.
        last_read_at: When something that announces articles was last read.
        newest_article_at: When its newest article address was discovered.
        counts: New documents of `2 * DAYS` days, today's last.
        outcomes: Of the articles that the last week brought.
        endpoints: Those of its file.
        is_capped: Its last run left articles because it reached its limit.
    """

    every: tuple[int, int]
    first_visit_at: datetime | None = None
    last_visit_at: datetime | None = None
    last_read_at: datetime | None = None
    newest_article_at: datetime | None = None
    counts: tuple[int, ...] = (0,) * (2 * DAYS)
    outcomes: Mapping[tuple[Outcome, str], int] = field(default_factory=dict)
    endpoints: tuple[EndpointState, ...] = ()
    is_capped: bool = False


@dataclass(frozen=True, kw_only=True)
class Finding:
    """Something to know of a source.

    Attributes:
        code: What it is.
        since: Since when, where that is known.
        reason: Of a visit that failed.
        url: Of an endpoint.
        number: Documents, or articles.
        usual: Documents that are usual in the same time; None: not known.
    """

    code: Code
    since: datetime | None = None
    reason: str = ""
    url: str = ""
    number: int = 0
    usual: int | None = None


@dataclass(frozen=True, kw_only=True)
class SourceHealth:
    """How a source is.

    Attributes:
        enabled: False: it is not visited, and nothing is wrong with that.
        last_visit_at: Start of its latest run.
        last_read_at: Of its latest successful visit.
        newest_article_at: When its newest article was found.
        next_visit_at: When `--due` visits it next; None where it does not.
        counts: New documents of `DAYS` days, today's last.
        usual: Median of as many days before; None: not known yet.
        endpoints: Those of its file.
        findings: The worst first; none: it is well.
    """

    enabled: bool
    last_visit_at: datetime | None
    last_read_at: datetime | None
    newest_article_at: datetime | None
    next_visit_at: datetime | None
    counts: tuple[int, ...]
    usual: float | None
    endpoints: tuple[EndpointState, ...]
    findings: tuple[Finding, ...]

    @property
    def is_in_trouble(self) -> bool:
        """Whether somebody should look at it."""
        return self.enabled and any(f.code != "new" for f in self.findings)


def judge(signs: Signs, at: datetime) -> tuple[Finding, ...]:
    """What is to be known of a source, the worst first; nothing where it is well."""
    if signs.last_visit_at is None:
        return (Finding(code="new"),)
    nothing_came = (
        *_out_of_reach(signs),
        *_silence(signs, at),
        *_missed_visits(signs, at),
    )
    return (
        *nothing_came,
        *_losses(signs),
        *(() if nothing_came else _volume(signs, at)),
        *_some_endpoints(signs),
        *([Finding(code="capped")] if signs.is_capped else ()),
    )


def usual_per_day(
    counts: Sequence[int], first_visit_at: datetime | None, at: datetime
) -> float | None:
    """Documents a day in the days before those that are shown: their median.

    The first day of a source brings all that its feed holds, so it is none of them.
    None where fewer than `ENOUGH_DAYS` are known.
    """
    known = _days_before(counts, first_visit_at, at)
    return median(known) if len(known) >= ENOUGH_DAYS else None


def patience(known: Sequence[int]) -> timedelta:
    """How long a source may bring nothing before it is called silent.

    A day longer than it did in the days before, between `LEAST_SILENCE` and
    `SILENT_AFTER`: an office that rests at weekends may do so.

    >>> patience([9, 8, 0, 0, 7, 9, 9]).days, patience([5] * 7).days
    (3, 2)
    """
    if len(known) < ENOUGH_DAYS:
        return SILENT_AFTER
    gaps = (len(list(days)) for is_empty, days in groupby(known, _is_none) if is_empty)
    longest = timedelta(days=max(gaps, default=0) + 1)
    return min(SILENT_AFTER, max(LEAST_SILENCE, longest))


def endpoint_states(
    source: Source, rows: Iterable[EndpointRow]
) -> tuple[EndpointState, ...]:
    """How each endpoint of a source's file is; redirects are followed."""
    from pipeline.urls import url_key

    known = {row.url_key: row for row in rows if row.source == source.name}
    found = []
    for url, kind in source.endpoint_kinds.items():
        seed = known.get(url_key(url))
        state = _state(kind, url, _end_of(known, url_key(url)))
        rate = seed.new_per_day if seed else None  # learned where the file points
        found.append(replace(state, new_per_day=rate))
    return tuple(found)


def load_health(
    sources: Mapping[str, Source], connection: Connection, at: datetime
) -> dict[str, SourceHealth]:
    """How each of these sources is."""
    from pipeline.store import source_history as history
    from pipeline.store.frontier import newest_articles
    from pipeline.store.runs import latest_runs

    first = at.date() - timedelta(days=2 * DAYS - 1)
    runs = latest_runs(connection)
    newest = newest_articles(connection)
    began = history.first_visits(connection)
    reads = history.last_reads(connection)
    counts = history.documents_per_day(connection, first, 2 * DAYS)
    outcomes = history.outcomes_since(connection, at - timedelta(days=WEEK))
    rows: dict[str, list[EndpointRow]] = {}
    for row in history.endpoint_rows(connection):
        rows.setdefault(row.source, []).append(row)
    found = {}
    for name, source in sources.items():
        run = runs.get(name)
        signs = Signs(
            every=source.every_bounds,
            first_visit_at=began.get(name),
            last_visit_at=run.started_at if run else None,
            last_read_at=reads.get(name),
            newest_article_at=newest.get(name),
            counts=counts.get(name, (0,) * (2 * DAYS)),
            outcomes=outcomes.get(name, Counter()),
            endpoints=endpoint_states(source, rows.get(name, ())),
            is_capped=run is not None and run.capped,
        )
        found[name] = _health(source, signs, at)
    return found


def _health(source: Source, signs: Signs, at: datetime) -> SourceHealth:
    return SourceHealth(
        enabled=source.enabled,
        last_visit_at=signs.last_visit_at,
        last_read_at=signs.last_read_at,
        newest_article_at=signs.newest_article_at,
        next_visit_at=_next_visit(signs, at) if source.enabled else None,
        counts=signs.counts[-DAYS:],
        usual=usual_per_day(signs.counts, signs.first_visit_at, at),
        endpoints=signs.endpoints,
        findings=judge(signs, at),
    )


def _next_visit(signs: Signs, at: datetime) -> datetime | None:
    """As the crawler decides: each endpoint rests as it has learned to. Not past."""
    due = [
        at
        if state.visited_at is None
        else state.visited_at + rest(state.new_per_day, signs.every)
        for state in signs.endpoints
    ]
    return max(at, min(due)) if due else None


# --- Endpoints -----------------------------------------------------------------


def _end_of(known: Mapping[str, EndpointRow], key: str) -> EndpointRow | None:
    row = known.get(key)
    for _ in range(MAX_HOPS):
        if row is None or row.outcome != "duplicate" or row.alias_of_key not in known:
            break
        row = known[row.alias_of_key]
    return row


def _state(kind: str, url: str, row: EndpointRow | None) -> EndpointState:
    if row is None or row.visited_at is None:
        return EndpointState(
            kind=kind, url=url, outcome="", reason="", visited_at=None, read_at=None
        )
    # An answer that could not be read has a body, too.
    is_bad = row.outcome == "failed" and row.fetched_at == row.visited_at
    return EndpointState(
        kind=kind,
        url=url,
        outcome=row.outcome,
        reason=row.reason,
        visited_at=row.visited_at,
        read_at=None if is_bad else row.fetched_at,
    )


# --- What is wrong -------------------------------------------------------------


def _out_of_reach(signs: Signs) -> Iterator[Finding]:
    """None of its endpoints can be read."""
    endpoints = signs.endpoints
    if not endpoints or not all(state.is_in_trouble for state in endpoints):
        return
    reasons = [state.reason for state in endpoints]
    blocking = next((reason for reason in reasons if reason in BLOCKING), "")
    reads = [state.read_at for state in endpoints if state.read_at is not None]
    yield Finding(
        code="blocked" if blocking else "failing",
        since=max(reads, default=None),
        reason=blocking or reasons[0],
    )


def _silence(signs: Signs, at: datetime) -> Iterator[Finding]:
    """It can be read, and brings nothing new.

    Of the time after it was last read nothing is known.
    """
    read_at, newest = signs.last_read_at, signs.newest_article_at
    if read_at is None:
        return
    known = _days_before(signs.counts, signs.first_visit_at, at)
    if newest is None or read_at - newest > patience(known):
        usual = usual_per_day(signs.counts, signs.first_visit_at, at)
        rounded = None if usual is None else round(usual)
        yield Finding(code="silent", since=newest, usual=rounded)


def _losses(signs: Signs) -> Iterator[Finding]:
    """It announces articles, and most of them cannot be had or are none.

    Those that wait for a browser wait until somebody installs one: any is too many.
    """
    waiting = signs.outcomes.get(("pending", WANTS_BROWSER), 0)
    if waiting:
        yield Finding(code="lost", number=waiting, reason=WANTS_BROWSER)
    settled = sum(n for (out, _), n in signs.outcomes.items() if out != "pending")
    lost: Counter[str] = Counter()
    for (outcome, reason), number in signs.outcomes.items():
        if outcome in {"rejected", "failed"}:
            lost[reason] += number
    if settled >= ENOUGH_ARTICLES and lost.total() >= HALF * settled:
        reason = lost.most_common(1)[0][0]
        yield Finding(code="lost", number=lost.total(), reason=reason)


def _volume(signs: Signs, at: datetime) -> Iterator[Finding]:
    """The last seven whole days against the emptier one of two weeks before.

    The emptier one: an archive that was found brings a full one once.
    """
    known = _days_before(signs.counts, signs.first_visit_at, at)
    if len(known) < DAYS:
        return
    usual = min(sum(known[:WEEK]), sum(known[WEEK:]))
    recent = sum(signs.counts[-WEEK - 1 : -1])
    if usual >= ENOUGH_DOCUMENTS and recent < HALF * usual:
        yield Finding(code="fewer", number=recent, usual=usual)


def _missed_visits(signs: Signs, at: datetime) -> Iterator[Finding]:
    longest = timedelta(seconds=signs.every[1])
    limit = max(OVERDUE_AFTER, OVERDUE_VISITS * longest)
    if signs.last_visit_at is not None and at - signs.last_visit_at > limit:
        yield Finding(code="overdue", since=signs.last_visit_at)


def _some_endpoints(signs: Signs) -> Iterator[Finding]:
    """Some of its endpoints cannot be read; where all cannot, that is said already."""
    trouble = [state for state in signs.endpoints if state.is_in_trouble]
    if len(trouble) < len(signs.endpoints):
        for state in trouble:
            yield Finding(
                code="endpoint",
                url=state.url,
                reason=state.reason,
                since=state.read_at,
            )


def _days_before(
    counts: Sequence[int], first_visit_at: datetime | None, at: datetime
) -> list[int]:
    """Of the days before those that are shown, those after the first visit."""
    if first_visit_at is None:
        return []
    first = _first_day(at)
    skipped = max(0, (first_visit_at.date() - first).days + 1)
    return list(counts[skipped:DAYS]) if skipped < DAYS else []


def _first_day(at: datetime) -> date:
    return at.date() - timedelta(days=2 * DAYS - 1)


def _is_none(count: int) -> bool:
    return count == 0
