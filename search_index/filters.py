"""Filters of the query language as clauses."""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping
from datetime import datetime
from difflib import get_close_matches
from functools import lru_cache
from zoneinfo import ZoneInfo

from pipeline.documents import Side
from pipeline.errors import QueryError
from pipeline.names import Name
from search_index.analysis import analyzer_for, primary
from search_index.analysis.analyzer import FOLDED_MARK
from search_index.clauses import (
    SIDES,
    Between,
    Clause,
    Term,
    Terms,
    Without,
    all_of,
    any_of,
    sequence,
)
from search_index.days import Span, span_of
from search_index.query import Filter

_EXACT = {
    "lang": "languages",
    "source": "source",
    "kind": "kind",
    "country": "country",
    "audience": "audience",
}

NEAREST = 10
"""Names that a mistaken one is answered with."""


def filter_clause(
    node: Filter,
    *,
    zone: ZoneInfo,
    now: datetime,
    names: Mapping[str, Name],
    target: str,
    in_title: Callable[[str], Clause],
) -> Clause:
    """What a filter asks of a document.

    Raises:
        QueryError: No such name.
    """
    if node.field in _EXACT:
        return Terms(field=_EXACT[node.field], tokens=_exact(node))
    if node.field == "id":
        tokens = tuple(value.partition("@")[0] for value in node.values)
        return Terms(field="id", tokens=tokens)
    if node.field == "title":
        return any_of(*(in_title(value) for value in node.values))
    if node.field == "name":
        return any_of(
            *(name_clause(_known(value, names), target) for value in node.values)
        )
    if node.field in {"owner", "publisher"}:
        return any_of(*(_words(node.field, value) for value in node.values))
    spans = [span_of(value, zone=zone, now=now) for value in node.values]
    return any_of(*(_time(node.field, span) for span in spans))


def _exact(node: Filter) -> tuple[str, ...]:
    lower = node.field in {"lang", "source"}
    return tuple(value.lower() if lower else value for value in node.values)


def _words(field: str, value: str) -> Clause:
    return sequence(field, analyzer_for("und").fields(value).f3)


def _time(field: str, span: Span) -> Clause:
    if field == "from":
        return Between(field="published", low=span.start)
    if field == "to":
        return Between(field="published", high=span.end - 1)
    return Between(field="seen", low=span.start, high=span.end - 1)


def _known(value: str, names: Mapping[str, Name]) -> Name:
    if value.lower() in names:
        return names[value.lower()]
    near = get_close_matches(value.lower(), names, n=NEAREST) or sorted(names)[:NEAREST]
    known = ", ".join(near) or "none is configured"
    raise QueryError(f'name: found "{value}", expected one of the names: {known}', 0)


def name_clause(
    name: Name, target: str, languages: Container[str] | None = None
) -> Clause:
    """What a document has that mentions a name.

    Any spelling on either side; single words also in their inflections. A country is
    looked for as it is written in the original's own language and in the translation's,
    and in nothing that only looks alike: Vietnamese `Ý` is Italy, Spanish `y` is *and*.

    Args:
        name: Which one.
        target: Language of the translations.
        languages: Primary subtags of all originals that there are; None for any.
    """
    if name.type != "country":
        return _spelt_anywhere(name)
    found = [
        all_of(
            _written("original", language, spellings, _apart(name, language)),
            Terms(field="languages", tokens=(language.lower(),)),
        )
        for language, spellings in name.spellings.items()
        if language != target and (languages is None or primary(language) in languages)
    ]
    # An original in the target language is its own translation.
    spellings = name.spellings.get(target, ())
    found.append(_written("translation", target, spellings, _apart(name, target)))
    return any_of(*found)


def _apart(name: Name, language: str) -> tuple[str, ...]:
    return tuple(name.apart.get(language, ()))


def _spelt_anywhere(name: Name) -> Clause:
    found: list[Clause] = []
    for language, spellings in name.spellings.items():
        analyzer = analyzer_for(language)
        for spelling in spellings:
            fields = analyzer.fields(spelling)
            found += (sequence(f"{side}_f3", fields.f3) for side in SIDES)
            if len(fields.f3) == 1 and len(fields.f1) == 1:
                stem = Term(field="original_f1", token=fields.f1[0])
                tongue = Terms(field="languages", tokens=(language.lower(),))
                found.append(all_of(stem, tongue))
    return any_of(*found)


@lru_cache(maxsize=20_000)  # all countries in all their languages, some 8,000
def _written(
    side: Side, language: str, spellings: tuple[str, ...], apart: tuple[str, ...]
) -> Clause:
    """Any of the spellings, and none of the wordings that mean something else."""
    found = any_of(*(_exactly(side, language, each) for each in spellings))
    if not apart:
        return found
    others = any_of(*(_exactly(side, language, each) for each in apart))
    return all_of(found, Without(clause=others))


def _exactly(side: Side, language: str, spelling: str) -> Clause:
    """A spelling as it is written.

    Letters in a row are not enough where words have no spaces between them (`印度`,
    India, begins `印度尼西亚`, Indonesia) and where accents make other words (`Lào`,
    Laos, and `lao`): there the recipe's own words must be in the document, too.
    """
    analyzer = analyzer_for(language)
    fields = analyzer.fields(spelling)
    row = sequence(f"{side}_f3", fields.f3)
    if analyzer.recipe.words not in {"icu", "syllables"}:
        return row
    words = (token for token in fields.f1 if not token.startswith(FOLDED_MARK))
    return all_of(row, *(Term(field=f"{side}_f1", token=word) for word in words))
