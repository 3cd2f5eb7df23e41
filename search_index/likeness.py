"""More like this: documents that share the most telling words of one, in any language.

The words are made a query, so that every engine ranks it, the highlighter shows the
shared words, and `--explain` accounts for them.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from pipeline.errors import InputError
from search_index import query as tree_of
from search_index.analysis import Analyzer, analyzer_for, primary
from search_index.analysis.small_words import is_small_word
from search_index.analysis.words import WORD, is_unspaced
from search_index.display import translation_of
from search_index.engines.contract import Snapshot
from search_index.planning import Interpretation
from search_index.query import Tree

TELLING_WORDS = 25
"""Of each side: more add little (Lucene's MoreLikeThis takes as many)."""

TITLE_WEIGHT = 2
"""Times a word of the headline counts: it says what a text is about."""

LOOKED_AT = 400
"""Different words of a text whose rarity is asked for: the most frequent ones."""


def like(asked: Interpretation, document_id: str, snapshot: Snapshot) -> Interpretation:
    """The interpretation that finds what is like a document.

    Args:
        asked: What else is asked for: filters, and words that must be there too.
        document_id: May end in `@REVISION`; the newest one is compared.
        snapshot: Of the index that holds it.

    Raises:
        InputError: The index has no such document, or it has no words.
    """
    key = document_id.partition("@")[0]
    stored = snapshot.stored([key]).get(key)
    if stored is None:
        raise InputError(f"like: there is no document {document_id} in the index")
    display = json.loads(stored.display)
    others = snapshot.summary().documents
    own = _telling(display, "original", snapshot, others)
    target = _telling(display, "translation", snapshot, others)
    if not own and not target:
        raise InputError(f"like: document {document_id} has no words")
    language = primary(display["language"])
    return replace(
        asked,
        tree=_tree(asked.tree, own or target, key),
        translated=_tree(asked.tree, target or own, key),
        languages=(language,),
        like=key,
    )


def _telling(
    display: Mapping[str, Any], side: str, snapshot: Snapshot, documents: int
) -> list[str]:
    """A side's words by tf·idf, most telling first."""
    language = display["language"] if side == "original" else display["target"]
    title, text = _texts(display, side)
    words = [*WORD.findall(title) * TITLE_WEIGHT, *WORD.findall(text)]
    analyzer = analyzer_for(language)
    counts: Counter[str] = Counter()
    written: dict[str, str] = {}
    for word, token in _words(words, analyzer):
        if not is_small_word(word, language):
            counts[token] += 1
            written.setdefault(token, word)
    known = [token for token, _ in counts.most_common(LOOKED_AT)]
    frequencies = snapshot.frequencies([(f"{side}_f1", token) for token in known])
    weights = {
        token: counts[token] * math.log(1 + documents / max(1, frequency))
        for token, frequency in zip(known, frequencies, strict=True)
    }
    best = sorted(weights, key=lambda token: (-weights[token], token))
    return [written[token] for token in best[:TELLING_WORDS]]


def _words(runs: list[str], analyzer: Analyzer) -> Iterator[tuple[str, str]]:
    """Words as written and their tokens; of letters without spaces, their words."""
    for run in runs:
        tokens = analyzer.tokens(run)
        if is_unspaced(run):
            yield from ((token, token) for token in tokens)
        elif tokens:
            yield run, tokens[0]


def _texts(display: Mapping[str, Any], side: str) -> tuple[str, str]:
    if side == "original" or display["translation_status"] == "none_needed":
        return display["title"], display["text"]
    return display["translated_title"], translation_of(display)


def _tree(tree: Tree, words: list[str], document_id: str) -> Tree:
    """Any of the words, and all else that was asked for, but not itself."""
    leaves = tuple(tree_of.Word(text=word) for word in words)
    itself = tree_of.Filter(field="id", values=(document_id,))
    parts = tree.operands if isinstance(tree, tree_of.And) else (tree,)
    others = [part for part in parts if not isinstance(part, tree_of.Everything)]
    any_word: Any = leaves[0] if len(leaves) == 1 else tree_of.Or(operands=leaves)
    return tree_of.And(operands=(any_word, *others, tree_of.Not(operand=itself)))
