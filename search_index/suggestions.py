"""Did you mean: another spelling of a rare word, out of the index's own words.

Never searched unasked. A word is doubted where hardly any document has it, and a
suggestion is made only where the query with it finds more.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import islice
from typing import Any

from search_index import query as tree_of
from search_index.analysis import analyzer_for
from search_index.analysis.words import WORD, is_unspaced
from search_index.clauses import Plan, Term
from search_index.engines.contract import Snapshot
from search_index.planning import Interpretation, plan
from search_index.query import Tree

FEW_MATCHES = 3
"""Answers with more full matches raise no doubt."""

RARE = 2
"""Documents: a word that more have is no slip, or one that many make."""

SHORTEST = 4
"""Letters of a word that is doubted: one edit makes many other words of three."""

TIMES_MORE = 50
"""So many times more documents than the typed word must a suggested one have: a slip
made once in a text that is quoted often, against a rare word that is right. (In the
English FLORES sentences 1 of 1,000 words has a neighbour one edit away that is so much
more frequent.)"""

FIELDS = ("translation_f3", "original_f3")


def did_you_mean(
    tree: Tree, asked: Interpretation, snapshot: Snapshot, total: int
) -> str | None:
    """The query as it could be typed; None where nothing better is known.

    Args:
        tree: The query as typed, without filters from elsewhere.
        asked: How it was understood.
        snapshot: Of the index that answered.
        total: How many full matches it has; to be asked up to `FEW_MATCHES`.
    """
    better: dict[str, str] = {}
    for word, token, number in _rare(tree, snapshot):
        found = _suggestion(word, token, number, asked, snapshot)
        if found:
            better[word] = found
    if not better:
        return None
    suggested = _replaced(tree, better)
    whole = _replaced(asked.tree, better)
    planned = plan(replace(asked, tree=whole, translated=None))
    return str(suggested) if snapshot.count(planned.full) > total else None


def _doubtful_words(tree: Tree) -> Iterator[str]:
    """Words outside quotations, in scripts that put spaces between them."""
    if isinstance(tree, tree_of.Word):
        words = WORD.findall(tree.text)
        if len(words) == 1 and words[0] == tree.text and not is_unspaced(tree.text):
            yield tree.text
    elif isinstance(tree, tree_of.Group):
        yield from _doubtful_words(tree.operand)
    elif isinstance(tree, tree_of.And | tree_of.Or):
        for operand in tree.operands:
            yield from _doubtful_words(operand)


def _rare(tree: Tree, snapshot: Snapshot) -> Iterator[tuple[str, str, int]]:
    """Words that hardly any document has, their tokens, and how many have them."""
    tokens: dict[str, str] = {}
    for word in _doubtful_words(tree):
        plain = analyzer_for("und").plain(word)
        if len(plain) == 1 and len(plain[0]) >= SHORTEST and not plain[0].isdigit():
            tokens[word] = plain[0]
    if not tokens:
        return
    wanted = [(field, token) for token in tokens.values() for field in FIELDS]
    counts = iter(snapshot.frequencies(wanted))
    for word, token in tokens.items():
        number = max(islice(counts, len(FIELDS)))
        if number <= RARE:
            yield word, token, number


def _suggestion(
    word: str, token: str, own: int, asked: Interpretation, snapshot: Snapshot
) -> str | None:
    near: dict[str, dict[str, int]] = {}
    for field in FIELDS:
        for other, number in snapshot.similar(field, token).items():
            near.setdefault(other, {})[field] = number
    ranked = sorted(near, key=lambda other: (-max(near[other].values()), other))
    for other in ranked:
        if max(near[other].values()) < max(1, own * TIMES_MORE):
            return None
        if not _is_same_word(word, other, asked):
            field = max(near[other], key=lambda each: near[other][each])
            return _as_written(other, field, snapshot)
    return None


def _is_same_word(word: str, other: str, asked: Interpretation) -> bool:
    """Whether two forms have one stem, so that both are found anyway."""
    languages = {*asked.languages, asked.target}
    analyzers = [analyzer_for(language) for language in languages]
    return any(set(a.tokens(word)) & set(a.tokens(other)) for a in analyzers)


def _as_written(token: str, field: str, snapshot: Snapshot) -> str:
    """A token as a document writes it, with its marks; capitals only if all have."""
    found = snapshot.search(Plan(full=Term(field=field, token=token)), limit=3).hits
    written = [
        word
        for hit in found
        for text in _texts(json.loads(hit.display), field)
        for word in WORD.findall(text)
        if analyzer_for("und").plain(word) == (token,)
    ]
    small = [word for word in written if word == word.lower()]
    return next(iter([*small, *written]), token)


def _texts(display: Mapping[str, Any], field: str) -> Iterator[str]:
    yield display["title"]
    yield display["text"]
    if field.startswith("translation"):
        yield display["translated_title"]
        yield from (segment[3] or "" for segment in display["segments"])


def _replaced(tree: Tree, better: Mapping[str, str]) -> Any:
    if isinstance(tree, tree_of.Word):
        return tree_of.Word(text=better.get(tree.text, tree.text))
    if isinstance(tree, tree_of.Group):
        return tree_of.Group(operand=_replaced(tree.operand, better))
    if isinstance(tree, tree_of.And | tree_of.Or):
        operands = tuple(_replaced(operand, better) for operand in tree.operands)
        return type(tree)(operands=operands)
    return tree
