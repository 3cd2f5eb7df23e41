"""What the search page shows, in plain records."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from babelwire.web.addresses import FILTERS, LAST_PAGE, PER_PAGE, Address
from babelwire.web.timeline import Timeline, Zero, timeline, why_nothing

if TYPE_CHECKING:
    from babelwire.web.services import Services
    from search_index.coverage import Coverage
    from search_index.query import Hit, Results

FACETS = {
    "language": "lang",
    "kind": "kind",
    "country": "country",
    "audience": "audience",
    "publisher": "publisher",
    "owner": "owner",
    "source": "source",
}
"""Facets of an answer in the order of the page, and the filter each one sets."""

MAX_VALUES = 12
"""Values of a facet that are shown; the chosen ones always are."""


@dataclass(frozen=True, kw_only=True)
class Choice:
    """A value of a facet, and where choosing it (or letting go of it) leads."""

    value: str
    count: int
    is_chosen: bool
    url: str


@dataclass(frozen=True, kw_only=True)
class Chip:
    """A filter that holds, and the address without it."""

    key: str
    value: str
    url: str


@dataclass(frozen=True, kw_only=True)
class SearchPage:
    """One page of an answer.

    Attributes:
        address: The search.
        results: The answer.
        facets: Choices by facet; only those that would narrow anything.
        chips: The filters that hold.
        timeline: None where there is nothing to show.
        coverage: What there is, whatever the words.
        suggestion: The query with a better spelling, or "".
        previous: Address of the page before, or "".
        following: Address of the page behind, or "".
        timezone: Of the times and days.
    """

    address: Address
    results: Results
    facets: Mapping[str, tuple[Choice, ...]]
    chips: tuple[Chip, ...]
    timeline: Timeline | None
    coverage: Coverage
    suggestion: str
    previous: str
    following: str
    timezone: str

    @property
    def first(self) -> int:
        """The number of the first hit."""
        return (self.address.page - 1) * PER_PAGE + 1

    @property
    def zero(self) -> Zero:
        """What it means that nothing matches."""
        if self.results.total:
            return ""
        return why_nothing(self.coverage.documents, self.coverage.untranslated)

    @property
    def full(self) -> tuple[Hit, ...]:
        """Hits with all of the words."""
        return tuple(hit for hit in self.results.hits if hit.match == "all")

    @property
    def some(self) -> tuple[Hit, ...]:
        """Hits with some of the words."""
        return tuple(hit for hit in self.results.hits if hit.match == "some")


def search_page(services: Services, address: Address, timezone: str) -> SearchPage:
    """The page that an address asks for.

    Args:
        services: The workspace.
        address: The search.
        timezone: The reader's, where the address names none.

    Raises:
        QueryError: The search has no meaning; with the position.
        InputError: It asks for what is like a document that is not there.
        UnavailableError: There is no index, or its server does not answer.
    """
    from search_index.answer import answer
    from search_index.coverage import coverage

    request = address.request(timezone)
    context = services.context()
    results = answer(request, context, index=services.index)
    there = coverage(replace(request, like=""), context, index=services.index)
    return SearchPage(
        address=address,
        results=results,
        facets=dict(_facets(address, results)),
        chips=tuple(_chips(address)),
        timeline=timeline(
            results.facets[request.timeline], there, address.since, address.until
        ),
        coverage=there,
        suggestion=_suggestion(results),
        previous=address.url(page=address.page - 1) if address.page > 1 else "",
        following=_following(address, results),
        timezone=request.timezone,
    )


def _facets(
    address: Address, results: Results
) -> Iterator[tuple[str, tuple[Choice, ...]]]:
    for facet, key in FACETS.items():
        chosen = address.filters.get(key, ())
        counts = {part.value: part.count for part in results.facets.get(facet, ())}
        values = [*counts][:MAX_VALUES]
        values += [value for value in chosen if value not in values]
        if len(values) > 1 or chosen:
            yield (
                facet,
                tuple(
                    Choice(
                        value=value,
                        count=counts.get(value, 0),
                        is_chosen=value in chosen,
                        url=address.with_filter(key, value),
                    )
                    for value in values
                    if value
                ),
            )


def _chips(address: Address) -> Iterator[Chip]:
    for key in FILTERS:
        for value in address.filters.get(key, ()):
            yield Chip(key=key, value=value, url=address.with_filter(key, value))
    if address.since:
        yield Chip(key="from", value=address.since, url=address.url(since=""))
    if address.until:
        yield Chip(key="to", value=address.until, url=address.url(until=""))
    if address.like:
        yield Chip(key="like", value=address.like, url=address.url(like=""))


def _following(address: Address, results: Results) -> str:
    is_full = len(results.hits) == PER_PAGE
    if not is_full or address.page == LAST_PAGE:
        return ""
    return address.url(page=address.page + 1)


def _suggestion(results: Results) -> str:
    for notice in results.notices:
        if notice.code == "did_you_mean":
            return str(notice.values["query"])
    return ""
