"""From a request to an answer: language, plan, page, passages, notices."""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pipeline.names import Name
from search_index import query as tree_of
from search_index.analysis import primary
from search_index.analysis.small_words import is_small_word
from search_index.analysis.words import WORD
from search_index.days import zone_of
from search_index.engines.contract import IndexEngine, Page, PageRequest, Ranked
from search_index.highlight import Highlighter
from search_index.notices import Unseen, notices_of
from search_index.parser import parse
from search_index.planning import Interpretation, plan, scored_text
from search_index.query import Filter, Hit, Results, SearchRequest, Tree
from search_index.query_language import Identify, languages_of

TranslateQuery = Callable[[str, str], str | None]
"""Words and their language to words of the target language, or None."""

NO_NAMES: Mapping[str, Name] = {}


@dataclass(frozen=True, kw_only=True)
class Exported:
    """One full match of an export: a hit and its texts."""

    hit: Hit
    text: str
    translation: str


def interpret(
    request: SearchRequest,
    *,
    now: datetime,
    target: str = "en",
    names: Mapping[str, Name] = NO_NAMES,
    identify_query: Identify | None = None,
    translate_query: TranslateQuery | None = None,
) -> Interpretation:
    """How a request is understood.

    Args:
        request: What is asked.
        now: For `today` and the like.
        target: Language of the translations that are searched.
        names: What `name:` may name.
        identify_query: Asked last for the words' language.
        translate_query: Translates the words where they are in another language.

    Raises:
        QueryError: With the position.
    """
    tree = _with_filters(parse(request.text), request.filters)
    languages = _languages(request, tree, target, identify_query)
    translated = None
    if translate_query is not None and languages[0] != primary(target):
        language = languages[0]
        translated = _translated(
            tree, lambda text: translate_query(text, language), target
        )
    return Interpretation(
        tree=tree,
        translated=translated,
        languages=languages,
        target=primary(target),
        zone=zone_of(request.timezone),
        now=now,
        names=names,
    )


def answer(
    request: SearchRequest,
    *,
    index: IndexEngine,
    now: datetime,
    target: str = "en",
    names: Mapping[str, Name] = NO_NAMES,
    identify_query: Identify | None = None,
    translate_query: TranslateQuery | None = None,
    timer: Callable[[], float] = time.perf_counter,
) -> Results:
    """The page that a request asks for.

    Arguments as of `interpret`, and:
        index: Answers it.
        timer: Seconds, for `took_ms`.

    Raises:
        QueryError: The query has no meaning; with the position.
        UnavailableError: There is no index yet.
        DamageError: The index's files are not what was written.
    """
    started = timer()
    asked = interpret(
        request,
        now=now,
        target=target,
        names=names,
        identify_query=identify_query,
        translate_query=translate_query,
    )
    planned = plan(asked)
    unseen = Unseen.of(request, asked, planned)
    with contextlib.closing(index.snapshot()) as snapshot:
        page = snapshot.page(
            PageRequest(
                plan=planned,
                limit=request.limit,
                offset=request.offset,
                sort=request.sort,
                timezone=request.timezone,
                timeline=request.timeline,
                counted=unseen.clauses,
            )
        )
    return Results(
        query=request.text,
        total=page.full.total,
        hits=_hits(request, asked, page),
        facets=page.facets,
        notices=notices_of(asked, page, unseen.counted(page.counts)),
        took_ms=(timer() - started) * 1000,
    )


def export(
    request: SearchRequest,
    *,
    index: IndexEngine,
    now: datetime,
    target: str = "en",
    names: Mapping[str, Name] = NO_NAMES,
    identify_query: Identify | None = None,
    translate_query: TranslateQuery | None = None,
) -> Iterator[Exported]:
    """Every full match, ordered by time and id: as many as `total` says.

    One view of the index answers all of it, whatever is written meanwhile.
    """
    asked = interpret(
        request,
        now=now,
        target=target,
        names=names,
        identify_query=identify_query,
        translate_query=translate_query,
    )
    highlighter = Highlighter(asked)
    with contextlib.closing(index.snapshot()) as snapshot:
        for ranked in snapshot.iterate(plan(asked).full):
            display = json.loads(ranked.display)
            yield Exported(
                hit=_hit(display, highlighter, score=None, match="all"),
                text=display["text"],
                translation=translation_of(display),
            )


def translation_of(display: Mapping[str, Any]) -> str:
    """The translated text of a stored document, paragraphs as in the original."""
    parts: list[str] = []
    end = 0
    for field, start, stop, translation in display["segments"]:
        if field != "text" or not translation:
            continue
        if parts:
            parts.append("\n" if "\n" in display["text"][end:start] else " ")
        parts.append(translation)
        end = stop
    return "".join(parts)


def _hits(request: SearchRequest, asked: Interpretation, page: Page) -> tuple[Hit, ...]:
    highlighter = Highlighter(asked)

    def score(ranked: Ranked) -> float | None:
        return None if request.sort == "time" else round(ranked.score, 6)

    return tuple(
        _hit(json.loads(one.display), highlighter, score=score(one), match=match)
        for found, match in ((page.full, "all"), (page.some, "some"))
        for one in found.hits
    )


def _hit(
    display: Mapping[str, Any],
    highlighter: Highlighter,
    *,
    score: float | None,
    match: Any,
) -> Hit:
    published = display["published_at"]
    return Hit(
        id=display["id"],
        revision=display["revision"],
        url=display["url"],
        source=display["source"],
        publisher=display["publisher"],
        country=display["country"],
        kind=display["kind"],
        language=display["language"],
        published_at=datetime.fromisoformat(published) if published else None,
        published_precision=display["published_precision"],
        first_seen_at=datetime.fromisoformat(display["first_seen_at"]),
        title=display["title"],
        translated_title=display["translated_title"],
        translation_status=display["translation_status"],
        translated_by=display["translated_by"],
        score=score,
        match=match,
        cluster=display["cluster"],
        duplicates=display["duplicates"],
        passages=highlighter.passages(display),
    )


def _with_filters(tree: Tree, filters: tuple[Filter, ...]) -> Tree:
    if not filters:
        return tree
    parts = tree.operands if isinstance(tree, tree_of.And) else (tree,)
    return tree_of.And(operands=(*parts, *filters))


def _languages(
    request: SearchRequest,
    tree: Tree,
    target: str,
    identify: Identify | None,
) -> tuple[str, ...]:
    if request.query_language is not None:
        return (primary(request.query_language),)
    text = " ".join(scored_text(tree))
    return languages_of(text, target=target, identify=identify)


def _translated(
    tree: Tree, translate: Callable[[str], str | None], target: str
) -> Tree | None:
    """The tree in the target language; None where no translation came.

    The words of the top are translated together, as a sentence; quotations each
    for itself. What is excluded, begun or near stays as typed.
    """
    parts = tree.operands if isinstance(tree, tree_of.And) else (tree,)
    words = [part.text for part in parts if isinstance(part, tree_of.Word)]
    made: list[Any] = []
    if words:
        sentence = translate(" ".join(words))
        if sentence is None:
            return None
        made += _content_words(sentence, target)
    for part in parts:
        if isinstance(part, tree_of.Phrase):
            quotation = translate(part.text)
            if quotation is None:
                return None
            made.append(tree_of.Phrase(text=quotation))
        elif not isinstance(part, tree_of.Word):
            made.append(part)
    if not made or made == list(parts):
        return None
    return made[0] if len(made) == 1 else tree_of.And(operands=tuple(made))


def _content_words(sentence: str, target: str) -> list[tree_of.Word]:
    """A machine's small words are not what somebody asked for."""
    words = WORD.findall(sentence)
    language = primary(target)
    content = [word for word in words if not is_small_word(word, language)]
    return [tree_of.Word(text=word) for word in content or words]
