"""How well texts were grouped: precision of pairs, recall of edited copies."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations

from benchmarks.edited_articles import Text


@dataclass(kw_only=True)
class Counts:
    """Of one language or one kind of edit.

    Attributes:
        right: Pairs in one group that tell one story.
        wrong: Pairs in one group that do not.
        found: Copies in their original's group.
        copies: All copies.
    """

    right: int = 0
    wrong: int = 0
    found: int = 0
    copies: int = 0

    @property
    def precision(self) -> float:
        """The share of the pairs that tell one story; 1 where there is none."""
        pairs = self.right + self.wrong
        return self.right / pairs if pairs else 1.0

    @property
    def recall(self) -> float:
        """The share of the copies that were found; 1 where there is none."""
        return self.found / self.copies if self.copies else 1.0


@dataclass(kw_only=True)
class Scores:
    """Of everything, of each language and of each kind of edit.

    A wrong pair counts for the language and the edit of either text.
    """

    every: Counts = field(default_factory=Counts)
    languages: dict[str, Counts] = field(default_factory=lambda: defaultdict(Counts))
    edits: dict[str, Counts] = field(default_factory=lambda: defaultdict(Counts))

    def table(self) -> str:
        """One line each."""
        rows = [("all", self.every), *self.languages.items(), *self.edits.items()]
        head = f"{'':24}{'precision':>10}{'recall':>10}{'wrong':>8}{'copies':>8}"
        lines = [
            f"{name:24}{c.precision:10.4f}{c.recall:10.3f}{c.wrong:8}{c.copies:8}"
            for name, c in rows
        ]
        return "\n".join([head, *lines])


def score(texts: Sequence[Text], groups: Mapping[int, str]) -> Scores:
    """Compares groups with stories.

    Args:
        texts: All of them; the first of a story is the original.
        groups: The name of each text's group by its place; no name: in none.
    """
    scores = Scores()
    originals: dict[str, int] = {}
    for place, text in enumerate(texts):
        original = originals.setdefault(text.story, place)
        if original != place:
            is_found = bool(groups[place]) and groups[place] == groups[original]
            for counts in _of(scores, text):
                counts.copies += 1
                counts.found += is_found
    members: dict[str, list[int]] = defaultdict(list)
    for place, name in groups.items():
        if name:
            members[name].append(place)
    for places in members.values():
        for one, other in combinations(places, 2):
            _count(scores, texts[one], texts[other])
    return scores


def wrong_pairs(texts: Sequence[Text], groups: Mapping[int, str]) -> Counter[str]:
    """How many pairs of each kind were grouped though they tell two stories."""
    members: dict[str, list[Text]] = defaultdict(list)
    for place, name in groups.items():
        if name:
            members[name].append(texts[place])
    return Counter(
        " and ".join(sorted((one.edit, other.edit)))
        for of_one in members.values()
        for one, other in combinations(of_one, 2)
        if one.story != other.story
    )


def _of(scores: Scores, text: Text) -> tuple[Counts, Counts, Counts]:
    return scores.every, scores.languages[text.language], scores.edits[text.edit]


def _count(scores: Scores, one: Text, other: Text) -> None:
    concerned = {id(c): c for text in (one, other) for c in _of(scores, text)}
    for counts in concerned.values():
        if one.story == other.story:
            counts.right += 1
        else:
            counts.wrong += 1
