"""The URL is the search: what an address asks for, and addresses of what is near."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlencode

from pipeline.errors import QueryError

if TYPE_CHECKING:
    from search_index.query import Filter, SearchRequest, Sort

FILTERS = (
    "lang",
    "source",
    "kind",
    "country",
    "audience",
    "publisher",
    "owner",
    "name",
)
"""Parameters that may be given several times; values of one widen, others narrow."""

PER_PAGE = 20
LAST_PAGE = 51
"""Grouped hits are read from the first one on, so far and no further
(`search_index.grouping.MAX_GROUP_OFFSET`); an export gives all of a long answer."""

EVERYTHING = "*"


@dataclass(frozen=True, kw_only=True)
class Address:
    """One search, as its URL says it.

    Attributes:
        text: In the query language; "" is everything, newest first.
        filters: Values by parameter.
        since: First day, or "".
        until: Last day, or "".
        sort: `relevance` or `time`; "" chooses by whether there are words.
        is_grouped: Nearly the same text is shown once.
        page: From 1.
        like: Id of a document, or "".
        query_language: Of the words; "" lets it be identified.
        timezone: The reader's, or "".
    """

    text: str = ""
    filters: Mapping[str, tuple[str, ...]]
    since: str = ""
    until: str = ""
    sort: str = ""
    is_grouped: bool = True
    page: int = 1
    like: str = ""
    query_language: str = ""
    timezone: str = ""

    @property
    def has_words(self) -> bool:
        """Whether there is anything to rank by."""
        return self.text not in {"", EVERYTHING} or bool(self.like)

    @property
    def order(self) -> str:
        """`relevance` or `time`."""
        return self.sort or ("relevance" if self.has_words else "time")

    def url(self, path: str = "/", **changes: Any) -> str:
        """The address with changes; back on the first page unless told otherwise."""
        changed = replace(self, **{"page": 1, **changes})
        return f"{path}?{query}" if (query := changed.query) else path

    @property
    def query(self) -> str:
        """Its parameters in a fixed order: equal searches have equal addresses."""
        pairs = [("q", self.text)]
        pairs += [(key, v) for key in FILTERS for v in self.filters.get(key, ())]
        pairs += [
            ("from", self.since),
            ("to", self.until),
            ("like", self.like),
            ("words", self.query_language),
            ("sort", self.sort),
            ("group", "" if self.is_grouped else "0"),
            ("tz", self.timezone),
            ("page", str(self.page) if self.page > 1 else ""),
        ]
        return "&".join(_encoded(*pair) for pair in pairs if pair[1])

    def with_filter(self, key: str, value: str) -> str:
        """The address with one more value of a filter, or without it if it is there."""
        there = self.filters.get(key, ())
        kept = tuple(v for v in there if v != value)
        changed = kept if value in there else (*there, value)
        return self.url(filters={**self.filters, key: changed})

    def only(self, key: str, value: str) -> dict[str, tuple[str, ...]]:
        """The filters with one value of a filter instead of any others."""
        return {**self.filters, key: (value,)}

    def request(self, timezone: str) -> SearchRequest:
        """What the index is asked.

        Args:
            timezone: The reader's, where the address names none.

        Raises:
            QueryError: A value is out of range, or no value of its filter.
        """
        from babelwire.searching import checked_id
        from search_index.query import SearchRequest

        if not 1 <= self.page <= LAST_PAGE:
            raise QueryError(
                f"page: found {self.page}, expected 1 to {LAST_PAGE}; "
                "an export gives all of a long answer",
                0,
            )
        return SearchRequest(
            text=self.text or EVERYTHING,
            limit=PER_PAGE,
            offset=(self.page - 1) * PER_PAGE,
            sort=cast("Sort", self.order),  # anything else is refused there
            timezone=self.timezone or timezone,
            group=self.is_grouped,
            like=checked_id(self.like),
            query_language=self.query_language or None,
            filters=self._filters(),
        )

    def _filters(self) -> tuple[Filter, ...]:
        from search_index.parser import check_filter
        from search_index.query import Filter

        days = {"from": (self.since,), "to": (self.until,)}
        given = {**self.filters, **{key: v for key, v in days.items() if v != ("",)}}
        return tuple(
            Filter(field=key, values=tuple(check_filter(key, v) for v in values))
            for key, values in given.items()
            if values
        )


@lru_cache(4096)  # a page has a hundred addresses that differ in one or two of these
def _encoded(key: str, value: str) -> str:
    return urlencode([(key, value)])


def read_address(parameters: Iterable[tuple[str, str]]) -> Address:
    """The search that a URL's parameters name; others are passed over.

    Raises:
        QueryError: A page that is no number.
    """
    given: dict[str, list[str]] = {}
    for key, value in parameters:
        given.setdefault(key, []).append(value.strip())

    def one(key: str) -> str:
        return given.get(key, [""])[-1]

    page = one("page") or "1"
    if not page.isascii() or not page.isdigit() or len(page) > 9:
        raise QueryError(f'page: found "{page}", expected a number from 1', 0)
    return Address(
        text=one("q"),
        filters={
            key: values
            for key in FILTERS
            if (values := tuple(dict.fromkeys(filter(None, given.get(key, ())))))
        },
        since=one("from"),
        until=one("to"),
        sort=one("sort"),
        is_grouped=one("group") != "0",
        page=int(page),
        like=one("like"),
        query_language=one("words"),
        timezone=one("tz"),
    )
