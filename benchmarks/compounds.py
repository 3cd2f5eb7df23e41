"""German compounds split into their words, tried: what `RANKING.md` records of it.

Needs the evaluation data that `BABELWIRE_QUALITY_DATA` names; not part of a plain
`make bench`. The words of the questions' own set serve as the dictionary: a bundled one
would know less.
"""

import contextlib
import os
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import product
from pathlib import Path
from unittest import mock

from benchmarks.ranking import as_it_is, mean_reciprocal_rank, xquad
from search_index.analysis.analyzer import Analyzer
from search_index.analysis.words import WORD

LINKS = ("", "s", "es", "n", "en", "e")
"""What may stand between two words of a German compound."""

SHORTEST = 4
"""Letters of a part: shorter ones are endings as often as words."""


def main() -> None:
    """Prints the mean reciprocal rank at 10 of German questions, without and with."""
    path = Path(os.environ["BABELWIRE_QUALITY_DATA"]) / "xquad-dev" / "de.json"
    known = Counter(word.lower() for word in WORD.findall(path.read_text("utf-8")))
    print(f"as it is: {_measured(path):.4f}")
    with mock.patch.object(Analyzer, "_spaced", _splitting(known)):
        print(f"compounds split: {_measured(path):.4f}")


def _measured(path: Path) -> float:
    from search_index.analysis import analyzer

    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
        # What an analyzer remembers of words is of one way to make tokens.
        stack.enter_context(mock.patch.dict(analyzer._by_tag, clear=True))
        stack.enter_context(mock.patch.dict(analyzer._by_recipe, clear=True))
        return mean_reciprocal_rank(xquad(path, Path(folder), stack), as_it_is)


def _splitting(known: Counter[str]) -> Callable[[Analyzer, str], tuple[str, ...]]:
    whole = Analyzer._spaced

    def tokens(self: Analyzer, word: str) -> tuple[str, ...]:
        made = whole(self, word)
        if self.recipe.language != "de":
            return made
        splits = list(_splits(word.lower(), known))
        best = max(splits, key=lambda parts: min(known[p] for p in parts), default=())
        return (*made, *(token for part in best for token in whole(self, part)))

    return tokens


def _splits(word: str, known: Counter[str]) -> Iterator[tuple[str, str]]:
    for end, link in product(range(SHORTEST, len(word) - SHORTEST + 1), LINKS):
        head, tail = word[:end], word[end:].removeprefix(link)
        is_linked = word[end:].startswith(link) and len(tail) >= SHORTEST
        if is_linked and head in known and tail in known:
            yield head, tail


if __name__ == "__main__":
    main()
