"""Names in a query that nothing translates: their other spellings are looked for.

A word that is a spelling of a name in `names/*.toml`, in any language and inflected as
the query's language does, finds that name in the originals of every language and in
the translations, too. Countries that no such file has are left to `name:`
(`SearchContext.countries`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from pipeline.names import Name
from search_index import query as tree_of
from search_index.analysis import analyzer_for
from search_index.analysis.words import WORD
from search_index.planning import Interpretation
from search_index.query import Tree

Key = tuple[str, ...]

MAX_SPELLINGS = 12
"""Of a name that are scored beside the typed one; all of them match."""


def with_names(asked: Interpretation, names: Mapping[str, Name]) -> Interpretation:
    """The interpretation with these names in it spelt in every language."""
    parts = (
        asked.tree.operands if isinstance(asked.tree, tree_of.And) else (asked.tree,)
    )
    spelt = _spellings(names, asked.languages)
    longest = max((len(key) for key in spelt), default=0)
    made: list[Any] = []
    used: dict[str, Name] = {}
    place = 0
    while place < len(parts):
        words, name = _name_at(parts[place : place + longest], spelt, asked.languages)
        if name is None:
            made.append(parts[place])
            place += 1
            continue
        used[name.id] = name
        made.append(_any_spelling(parts[place : place + words], name))
        place += words
    if not used:
        return asked
    tree: Tree = made[0] if len(made) == 1 else tree_of.And(operands=tuple(made))
    return replace(asked, tree=tree, named=tuple(used.values()))


def _name_at(
    parts: Sequence[Tree], spelt: Mapping[Key, Name], languages: Sequence[str]
) -> tuple[int, Name | None]:
    """The longest name that begins here, and of how many words."""
    words = []
    for part in parts:
        if not isinstance(part, tree_of.Word):
            break
        words.append(part.text)
    for size in range(len(words), 0, -1):
        for key in _keys(words[:size], languages):
            if key in spelt:
                return size, spelt[key]
    return 0, None


def _any_spelling(words: Sequence[Any], name: Name) -> tree_of.Or:
    """As typed, by its spellings, or as `name:` finds it in its inflections."""
    typed = words[0] if len(words) == 1 else tree_of.And(operands=tuple(words))
    written = dict.fromkeys(
        text for texts in name.spellings.values() for text in texts[:1]
    )
    spellings = [
        tree_of.Word(text=text)
        if len(WORD.findall(text)) == 1
        else tree_of.Phrase(text=text)
        for text in list(written)[:MAX_SPELLINGS]
    ]
    found = tree_of.Filter(field="name", values=(name.id,))
    return tree_of.Or(operands=(typed, *spellings, found))


def _spellings(names: Mapping[str, Name], languages: Sequence[str]) -> dict[Key, Name]:
    """Names by every key of every spelling; of two alike, the first."""
    found: dict[Key, Name] = {}
    for name in names.values():
        for texts in name.spellings.values():
            for text in texts:
                for key in _keys(WORD.findall(text), languages):
                    found.setdefault(key, name)
    return found


def _keys(words: Sequence[str], languages: Sequence[str]) -> Iterator[Key]:
    """What equal spellings share: plain letters, and the stems of a single word."""
    plain = analyzer_for("und").plain
    yield tuple(token for word in words for token in plain(word))
    for language in languages if len(words) == 1 else ():
        for token in analyzer_for(language).tokens(words[0]):
            yield (f"{language}:{token}",)
