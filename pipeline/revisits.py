"""When a page is visited again. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

FIRST_REVISIT = timedelta(hours=1)
"""A text is edited most in its first hours; after that a page is visited again
whenever its age has doubled."""

WANTED_NEW = 0.5
"""New articles that one visit of an endpoint should find. At half of one, a Poisson
process leaves the median article waiting for half an interval; `python -m benchmarks
freshness` shows what other values cost."""

MEMORY = timedelta(hours=12)
"""After so long without news the learned rate has fallen to 1/e: a newsroom's night
must not make it forget the day (measured likewise)."""

UNKNOWN_PER_DAY = 48.0
"""Of an endpoint that was read only once: taken to be lively until it is quiet."""

MOST_PER_DAY = 500.0
"""A rate beyond says nothing more: every interval is the shortest already. An archive
that was found at once would be remembered for days."""

NEWS_AGE = timedelta(days=2)
"""What is dated earlier is an archive's, no news of its endpoint."""

RETIRED_AFTER_READS = 3
"""Readings of a sitemap without a new article, and it is read ever more rarely."""

RETIRED_REST = timedelta(hours=1)
LONGEST_RETIRED_REST = timedelta(days=30)


def learned_rate(known: float | None, new: int, elapsed: timedelta) -> float | None:
    """How many new articles a day an endpoint brings, after one more visit.

    An exponentially weighted average over time: what came before counts e times less
    after `MEMORY`.

    Args:
        known: Learned before; None where nothing is known.
        new: Articles that it showed since the visit before this one.
        elapsed: Since that visit; nothing is learned of none or a negative one, of a
            clock that was set back.

    Returns:
        Articles a day, at most `MOST_PER_DAY`.

    >>> round(learned_rate(None, 0, timedelta(hours=12)), 1)
    17.7
    """
    if elapsed <= timedelta(0):
        return known
    kept = math.exp(-elapsed / MEMORY)
    seen = new / (elapsed / timedelta(days=1))
    before = UNKNOWN_PER_DAY if known is None else known
    return min(MOST_PER_DAY, kept * before + (1 - kept) * seen)


def rest(rate: float | None, bounds: tuple[int, int]) -> timedelta:
    """How long an endpoint is left alone after a visit.

    Args:
        rate: New articles a day, as learned.
        bounds: Shortest and longest, in seconds (`Source.every_bounds`).

    >>> rest(24.0, (600, 7200)), rest(0.01, (600, 7200)), rest(None, (600, 7200))
    (datetime.timedelta(seconds=1800), datetime.timedelta(seconds=7200), \
datetime.timedelta(seconds=900))
    """
    shortest, longest = bounds
    per_day = UNKNOWN_PER_DAY if rate is None else rate
    wanted = 86_400 * WANTED_NEW / per_day if per_day > 0 else math.inf
    return timedelta(seconds=min(longest, max(shortest, wanted)))


def retired_rest(idle_reads: int) -> timedelta:
    """How long a sitemap that an index lists is left alone, whatever the index says.

    None at first; then twice as long after each reading that brought nothing.

    >>> [str(retired_rest(n)) for n in (2, 3, 4, 60)]
    ['0:00:00', '1:00:00', '2:00:00', '30 days, 0:00:00']
    """
    if idle_reads < RETIRED_AFTER_READS:
        return timedelta(0)
    doublings: int = min(idle_reads - RETIRED_AFTER_READS, 20)
    return min(LONGEST_RETIRED_REST, RETIRED_REST * (1 << doublings))


def next_revisit(appeared_at: datetime, now: datetime, days: int) -> datetime | None:
    """When an article is to be visited again: as its age doubles; None: never.

    Args:
        appeared_at: When it was published, or else when its URL was first seen.
        now: Of the visit just made.
        days: No revisit after so many since `appeared_at`.
    """
    due_at = now + max(FIRST_REVISIT, now - appeared_at)
    return due_at if due_at <= appeared_at + timedelta(days=days) else None


def appeared(hints: Mapping[str, str], discovered_at: datetime) -> datetime:
    """When an article came out: as its feed says, but not after it was found.

    An archive's article is not new because somebody found it today.
    """
    try:
        published = datetime.fromisoformat(hints.get("published_at", ""))
    except ValueError:
        return discovered_at
    if published.tzinfo is None:
        published = published.replace(tzinfo=UTC)
    return min(published, discovered_at)
