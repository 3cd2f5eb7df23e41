"""What is asked and what is answered: the contract of the search.

No I/O. The contract of the engines that answer is `search_index/engines/contract.py`.
`search_index/parser.py` reads a query into the tree below and prints
it back; `search_index/answer.py` gives `Results` for a `SearchRequest`.
Offsets count code points.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from pipeline.documents import Kind, Precision, Side, TranslatedBy, TranslationStatus
from pipeline.errors import QueryError
from search_index.engines.contract import ClusterCounts, IndexEngine, Timeline

__all__ = [
    "DEFAULT_LIMIT",
    "FILTERS",
    "MAX_LIMIT",
    "MAX_OFFSET",
    "QUOTATIONS",
    "And",
    "Everything",
    "Facet",
    "Filter",
    "Group",
    "Hit",
    "IndexEngine",
    "Leaf",
    "Near",
    "Not",
    "Notice",
    "Oldest",
    "Or",
    "Passage",
    "Phrase",
    "Prefix",
    "Results",
    "SearchRequest",
    "Sort",
    "Timeline",
    "Tree",
    "Word",
    "hit_json",
    "quoted",
    "to_json",
]

DEFAULT_LIMIT = 10
MAX_LIMIT = 100
MAX_OFFSET = 100_000
"""Deeper pages are an export's work; at 100,000 a page still takes under 1 s."""

FILTERS = (
    "lang",
    "source",
    "kind",
    "country",
    "audience",
    "owner",
    "publisher",
    "title",
    "name",
    "from",
    "to",
    "seen",
    "id",
)
"""What may stand before a colon; any other `x:` is plain text."""

Sort = Literal["relevance", "time"]


@dataclass(frozen=True, kw_only=True)
class Word:
    """One word as typed; may be relaxed on an interactive page."""

    text: str

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True, kw_only=True)
class Phrase:
    """Words in order; accents and case do not count."""

    text: str

    def __str__(self) -> str:
        return quoted(self.text)


@dataclass(frozen=True, kw_only=True)
class Prefix:
    """Any word that begins so."""

    text: str

    def __str__(self) -> str:
        return f"{self.text}*"


@dataclass(frozen=True, kw_only=True)
class Near:
    """Two words at most `distance` places apart, in any order, on one side."""

    left: Word | Phrase
    right: Word | Phrase
    distance: int

    def __str__(self) -> str:
        return f"{self.left} NEAR/{self.distance} {self.right}"


@dataclass(frozen=True, kw_only=True)
class Filter:
    """A field and the values of which a document must have one."""

    field: str
    values: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.field}:{','.join(_filter_value(v) for v in self.values)}"


@dataclass(frozen=True, kw_only=True)
class Everything:
    """Every document."""

    def __str__(self) -> str:
        return "*"


@dataclass(frozen=True, kw_only=True)
class Group:
    """Parentheses: never relaxed. Around an `Or` they are implied."""

    operand: And | Not | Leaf

    def __str__(self) -> str:
        return f"({self.operand})"


@dataclass(frozen=True, kw_only=True)
class Not:
    """Documents without it, on either side."""

    operand: Leaf | Group | Or

    def __str__(self) -> str:
        return f"-{_in_parentheses(self.operand)}"


@dataclass(frozen=True, kw_only=True)
class And:
    """All of it (two or more)."""

    operands: tuple[Leaf | Group | Not | Or, ...]

    def __str__(self) -> str:
        return " ".join(_in_parentheses(operand) for operand in self.operands)


@dataclass(frozen=True, kw_only=True)
class Or:
    """At least one (of two or more)."""

    operands: tuple[Leaf | Group | Not | And, ...]

    def __str__(self) -> str:
        return " OR ".join(str(operand) for operand in self.operands)


Leaf = Word | Phrase | Prefix | Near | Filter | Everything
Tree = Leaf | Group | Not | And | Or

QUOTATIONS = {
    '"': '"“”„‟',
    "“": '"“”„‟',
    "”": '"“”„‟',
    "„": '"“”„‟',
    "‟": '"“”„‟',
    "«": "»",
    "「": "」",
    "『": "』",
}
"""What ends a quotation that begins so; keyboards mix the double ones."""


def quoted(text: str) -> str:
    """`text` between quotation marks that do not occur in it."""
    for opening, closing in QUOTATIONS.items():
        if not any(mark in text for mark in closing):
            return f"{opening}{text}{closing[0]}"
    raise ValueError(f"every quotation mark occurs in {text!r}")


def _filter_value(value: str) -> str:
    special = {*QUOTATIONS, ",", "(", ")"}
    is_bare = value and not any(c.isspace() or c in special for c in value)
    return value if is_bare else quoted(value)


def _in_parentheses(operand: Tree) -> str:
    return f"({operand})" if isinstance(operand, Or) else str(operand)


@dataclass(frozen=True, kw_only=True)
class SearchRequest:
    """One search.

    Attributes:
        text: In the query language.
        limit: Hits on the page, 1 to 100.
        offset: Hits before it, 0 to 100,000.
        sort: By score, or newest first.
        timezone: IANA name; days are this zone's.
        timeline: Parts of the timeline among the facets.
        recent: Newer documents gain score (`search_index/recency.py`).
        group: One hit a cluster; limit and offset count those. Totals stay documents.
        like: Id of a document: only what shares its most telling words, best first.
        query_language: BCP 47 tag of the words; None lets it be identified.
        filters: Beside those in the text, e.g. from flags.
    """

    text: str
    limit: int = DEFAULT_LIMIT
    offset: int = 0
    sort: Sort = "relevance"
    timezone: str = "UTC"
    timeline: Timeline = "day"
    recent: bool = False
    group: bool = False
    like: str = ""
    query_language: str | None = None
    filters: tuple[Filter, ...] = ()

    def __post_init__(self) -> None:
        """Refuses what is out of range.

        Raises:
            QueryError: What was found and what was expected.
        """
        if not 1 <= self.limit <= MAX_LIMIT:
            raise QueryError(f"limit: found {self.limit}, expected 1 to {MAX_LIMIT}", 0)
        if not 0 <= self.offset <= MAX_OFFSET:
            raise QueryError(
                f"offset: found {self.offset}, expected 0 to {MAX_OFFSET:,}; "
                "export gives all of a long answer",
                0,
            )
        if self.sort not in {"relevance", "time"}:
            raise QueryError(
                f'sort: found "{self.sort}", expected "relevance" or "time"', 0
            )


@dataclass(frozen=True, kw_only=True)
class Passage:
    """Whole sentences of one side, with the matched words in them.

    Attributes:
        side: Original or translation.
        field: `title` or `text`.
        text: To show.
        highlights: Pairs of offsets into `text`, in order, not overlapping.
    """

    side: Side
    field: str
    text: str
    highlights: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, kw_only=True)
class Oldest:
    """The document of a cluster that was seen first; the cluster has its id."""

    id: str
    publisher: str
    country: str
    first_seen_at: datetime


@dataclass(frozen=True, kw_only=True)
class Hit:
    """One document of an answer.

    Attributes:
        score: None when sorted by time.
        group: Where clusters are grouped, what this answer has of the hit's.
        oldest: Where clusters are grouped, the hit's document that was seen first; None
            where the index does not have it.
    """

    id: str
    revision: int
    url: str
    source: str
    publisher: str
    country: str
    kind: Kind
    language: str
    published_at: datetime | None
    published_precision: Precision
    first_seen_at: datetime
    title: str
    translated_title: str
    translation_status: TranslationStatus
    translated_by: TranslatedBy
    score: float | None
    match: Literal["all", "some"]
    cluster: str
    duplicates: int
    passages: tuple[Passage, ...] = ()
    group: ClusterCounts | None = None
    oldest: Oldest | None = None


@dataclass(frozen=True, kw_only=True)
class Facet:
    """A value and how many documents of the whole answer have it."""

    value: str
    count: int


@dataclass(frozen=True, kw_only=True)
class Notice:
    """What the answer could not see, or did on its own.

    Attributes:
        code: Says what it is.
        text: In English.
        values: What the text says, for other languages: `documents`, `language`, …
    """

    code: str
    text: str
    values: Mapping[str, str | int] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Results:
    """An answer. `total` and `facets` count full matches only."""

    query: str
    total: int
    took_ms: float
    hits: tuple[Hit, ...]
    facets: Mapping[str, tuple[Facet, ...]]
    notices: tuple[Notice, ...] = ()


def to_json(results: Results) -> dict[str, Any]:
    """The JSON document of a search, with every field of the contract."""
    return {
        "schema": 1,
        "query": results.query,
        "total": results.total,
        "unit": "documents",
        "took_ms": round(results.took_ms, 1),
        "hits": [hit_json(hit) for hit in results.hits],
        "facets": {
            name: [{"value": facet.value, "count": facet.count} for facet in facets]
            for name, facets in results.facets.items()
        },
        "notices": [{"code": n.code, "text": n.text} for n in results.notices],
    }


def hit_json(hit: Hit) -> dict[str, Any]:
    """One hit of the JSON document."""
    return {
        "id": hit.id,
        "revision": hit.revision,
        "url": hit.url,
        "source": hit.source,
        "publisher": hit.publisher,
        "country": hit.country,
        "kind": hit.kind,
        "language": hit.language,
        "published_at": _moment(hit.published_at),
        "published_precision": hit.published_precision,
        "first_seen_at": _moment(hit.first_seen_at),
        "title": hit.title,
        "translated_title": hit.translated_title,
        "translation_status": hit.translation_status,
        "translated_by": hit.translated_by,
        "score": hit.score,
        "match": hit.match,
        "cluster": hit.cluster,
        "duplicates": hit.duplicates,
        "passages": [
            {
                "side": passage.side,
                "field": passage.field,
                "text": passage.text,
                "highlights": [list(pair) for pair in passage.highlights],
            }
            for passage in hit.passages
        ],
    } | ({"group": _group_json(hit.group, hit.oldest)} if hit.group else {})


NAMED = 20
"""Publishers, countries and owners of a group that are named; all are counted."""


def _group_json(group: ClusterCounts, oldest: Oldest | None) -> dict[str, Any]:
    return {
        "documents": group.documents,
        "publishers": len(group.publishers),
        "countries": len(group.countries),
        "owners": len(group.owners),
        "owner_unknown": group.owner_unknown,
        "publisher_names": list(group.publishers[:NAMED]),
        "country_codes": list(group.countries[:NAMED]),
        "owner_names": list(group.owners[:NAMED]),
        "oldest": None
        if oldest is None
        else {
            "id": oldest.id,
            "publisher": oldest.publisher,
            "country": oldest.country,
            "first_seen_at": _moment(oldest.first_seen_at),
        },
    }


def _moment(value: datetime | None) -> str | None:
    return None if value is None else value.isoformat().replace("+00:00", "Z")
