"""How a request is understood: its tree, its language, its words in the target's."""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from pipeline.names import Name
from search_index import query as tree_of
from search_index.analysis import primary
from search_index.analysis.small_words import is_small_word
from search_index.analysis.words import WORD
from search_index.days import zone_of
from search_index.engines.contract import Snapshot
from search_index.likeness import like
from search_index.naming import with_names
from search_index.parser import parse
from search_index.planning import Interpretation, scored_text
from search_index.query import Filter, SearchRequest, Tree
from search_index.query_language import Identify, languages_of

TranslateQuery = Callable[[str, str], str | None]
"""Words and their language to words of the target language, or None."""


@dataclass(frozen=True, kw_only=True)
class SearchContext:
    """What questions need besides their words.

    Attributes:
        now: For `today` and the like.
        target: Language of the translations that are searched.
        names: What `name:` may name, and how it is spelt elsewhere.
        countries: What `name:` may name besides, read when it does; a name of the same
            id wins. Words are not looked for in their spellings: a country that is
            meant can be named, and as words many are something else, too.
        identify_query: Asked last for the words' language.
        translate_query: Translates the words where they are in another language.
    """

    now: datetime
    target: str = "en"
    names: Mapping[str, Name] = field(default_factory=dict)
    countries: Mapping[str, Name] = field(default_factory=dict)
    identify_query: Identify | None = None
    translate_query: TranslateQuery | None = None

    @property
    def all_names(self) -> Mapping[str, Name]:
        """Every name that `name:` may name, by id."""
        read: Any = (self.names, self.countries)
        return ChainMap(*read)


def interpret(request: SearchRequest, context: SearchContext) -> Interpretation:
    """How a request is understood, without looking into an index.

    Raises:
        QueryError: With the position.
    """
    typed = as_typed(request, context)
    languages = _languages(request, typed.tree, typed.target, context.identify_query)
    asked = replace(typed, languages=languages)
    if request.like:  # its words are yet to come
        return asked
    return _in_other_words(asked, context)


def as_typed(request: SearchRequest, context: SearchContext) -> Interpretation:
    """A request whose words are taken for the target's: enough for its filters.

    Raises:
        QueryError: With the position.
    """
    target = primary(context.target)
    return Interpretation(
        tree=_with_filters(parse(request.text), request.filters),
        languages=(target,),
        target=target,
        zone=zone_of(request.timezone),
        now=context.now,
        names=context.all_names,
    )


def complete(
    asked: Interpretation, request: SearchRequest, snapshot: Snapshot
) -> Interpretation:
    """The same with the words of the document that a request wants others like.

    Raises:
        InputError: The index has no such document.
    """
    return like(asked, request.like, snapshot) if request.like else asked


def _in_other_words(asked: Interpretation, context: SearchContext) -> Interpretation:
    """With the words in the target language; without a translator, with its names."""
    language = asked.languages[0]
    if language == asked.target or not any(scored_text(asked.tree)):
        return asked
    translated, translate = None, context.translate_query
    if translate is not None:
        translated = _translated(
            asked.tree, lambda text: translate(text, language), asked.target
        )
    if translated is not None:
        return replace(asked, translated=translated)
    return with_names(asked, context.names)


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
