"""What the table of languages and days shows, in plain records."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from babelwire.web.timeline import Bar, Timeline, cell, timeline
from search_index.query import Facet

if TYPE_CHECKING:
    from babelwire.web.addresses import Address
    from babelwire.web.services import Services

MAX_COLUMNS = 31
"""Newest last: a month of days fits beside the languages."""


@dataclass(frozen=True, kw_only=True)
class Row:
    """One language.

    Attributes:
        language: BCP 47 tag.
        cells: One a column.
        total: Documents that match, of all days.
    """

    language: str
    cells: tuple[Bar, ...]
    total: int


@dataclass(frozen=True, kw_only=True)
class TablePage:
    """Languages by days, weeks or months.

    Attributes:
        address: The search.
        line: The columns; None where nothing was seen at all.
        rows: The languages with the most documents first.
    """

    address: Address
    line: Timeline | None
    rows: tuple[Row, ...]


def table_page(services: Services, address: Address, timezone: str) -> TablePage:
    """The table of a search.

    Errors as of `search_page`.
    """
    from search_index.coverage import Coverage, by_language

    request = replace(address.request(timezone), like="")
    rows = by_language(request, services.context(), index=services.index)
    found = _summed(row.found for row in rows)
    there = Coverage(
        seen=_summed(row.coverage.seen for row in rows),
        waiting=_summed(row.coverage.waiting for row in rows),
    )
    facets = [Facet(value=day, count=number) for day, number in found.items()]
    line = timeline(facets, there, address.since, address.until)
    if line is None:
        return TablePage(address=address, line=None, rows=())
    is_cut = line.is_cut or len(line.bars) > MAX_COLUMNS
    line = replace(line, bars=line.bars[-MAX_COLUMNS:], is_cut=is_cut)
    return TablePage(
        address=address,
        line=line,
        rows=tuple(
            Row(
                language=row.language,
                cells=tuple(cell(bar, row.found, row.coverage) for bar in line.bars),
                total=sum(row.found.values()),
            )
            for row in rows
        ),
    )


def _summed(several: Iterable[Mapping[str, int]]) -> dict[str, int]:
    total: Counter[str] = Counter()
    for each in several:
        total.update(each)
    return dict(sorted(total.items()))
