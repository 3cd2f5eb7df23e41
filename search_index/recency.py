"""Newer documents gain score, where somebody asks for it.

Off by default: a researcher's best match is as good when it is old. Constant steps,
which every engine adds alike; a decay function would be each engine's own.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from search_index.clauses import Between, Plan, Weighted, any_of

STEPS = ((timedelta(days=1), 2.0), (timedelta(days=7), 2.0), (timedelta(days=30), 1.0))
"""Younger than so long: so much more score. A word that a tenth of the documents have
adds some 2, a rare one 6 to 10: what is of today passes what has one more common word,
not one more rare one."""


def favouring_recent(planned: Plan, now: datetime) -> Plan:
    """The plan with a bonus for what was published (or first seen) lately."""
    if planned.score is None:
        return planned
    steps = [
        Weighted(
            clause=Between(
                field="published", low=round((now - age).timestamp() * 1000)
            ),
            weight=bonus,
        )
        for age, bonus in STEPS
    ]
    return replace(planned, score=any_of(planned.score, *steps))
