"""A page as the lines that a browser shows, each with what the page's make-up tells.

Nothing of it depends on a language: lengths, links, punctuation, the elements around a
line and the English words that developers all over the world name their classes with.
"""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from unicodedata import is_normalized

from lxml import etree

from pipeline.extraction.tree_text import BLOCK_TAGS, is_unseen, normalise

_UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff"
)
_WORD = re.compile(rf"[{_UNSPACED}]|[^\W_{_UNSPACED}]+")
"""Words; characters in scripts without spaces."""

_KINDS = {
    "named_caption": "caption|credit|copyright|photo|legend",
    "named_share": "shar(?:e|ing)|social|follow|newsletter|subscri|sign-?up|print",
    "named_related": "relat|recommend|promo|teaser|popular|trending|also|most-?read",
    "named_comment": "comment|disqus|repl(?:y|ies)|discuss",
    "named_facts": r"byline|author|date|time|meta|tags?\b|breadcrumb|category",
    "named_frame": "menu|nav|footer|header|sidebar|widget|banner|advert|cookie|login",
    "named_article": "article|content|body|entry|post|story|text|main",
}
"""English words in which developers name elements of a kind."""
FURNITURE_KINDS = 4
"""The first so many are no part of an article."""
_NAMED = [re.compile(pattern, re.IGNORECASE) for pattern in _KINDS.values()]
NEAR = 2
"""The innermost so many elements around a line are its own …"""
FAR = 0.4
"""… and the names of the others count so much."""

SENTENCE_ENDS = ".!?。！？…»”\"'؟।։።၊។;:）)"
"""What a sentence ends with, in any script; a colon before a list too."""
_PAUSES = ",،，、;。.।"

ANCESTORS_NAMED = 8
"""So many elements around a line are asked for their class and id."""
IMAGE_AROUND = 2
"""A picture belongs to the innermost so many elements around it."""
MAX_PAGE_WORDS = 20_000
"""A larger page is judged as one of so many: nothing was learned of larger ones."""
MAX_BLOCKS = 20_000
"""Of a page; the longest in the development data has 3,100 lines."""


@dataclass(frozen=True, kw_only=True)
class Block:
    """A line of a page.

    Attributes:
        text: Normalised, without line feeds, not empty.
        words: In lower case, see `words`.
        linked: The share of its characters that is in links, 0 to 1.
        elements: Names of the elements around it, the innermost first.
        named: For each of `_KINDS` how much the elements are named so, 0 to 1.
        parent: Tells the innermost element from others.
        beside_image: Whether that element, or the one around it, has a picture.
    """

    text: str
    words: tuple[str, ...]
    linked: float
    elements: tuple[str, ...]
    named: tuple[float, ...]
    parent: int
    beside_image: bool


def words(text: str) -> tuple[str, ...]:
    """Lower-case words; single characters where a script has no spaces.

    >>> words("Kazan 2024, 喀山")
    ('kazan', '2024', '喀', '山')
    """
    return tuple(_WORD.findall(text.lower()))


def page_blocks(tree: etree._Element) -> list[Block]:
    """The lines of a page in the order of its source, at most `MAX_BLOCKS`."""
    walk = _Walk()
    events = etree.iterwalk(tree, events=("start", "end"))
    for event, node in events:
        if event == "start":
            if is_unseen(node):
                events.skip_subtree()
                walk.unseen = node
            else:
                walk.enter(node)
        elif node is walk.unseen:
            walk.unseen = None
            walk.add(node.tail)  # type: ignore[union-attr] # it is the node itself
        else:
            walk.leave(node)
        if len(walk.found) >= MAX_BLOCKS:
            break
    walk.flush()
    return walk.found


@dataclass(slots=True)
class _Around:
    """An element that is open, with what its class and id tell."""

    number: int
    tag: str
    named: tuple[bool, ...]
    has_image: bool = False


@dataclass
class _Walk:
    found: list[Block] = field(default_factory=list)
    unseen: etree._Element | None = None
    _open: list[_Around] = field(default_factory=list)
    _entered: int = 0
    _links: int = 0
    _parts: list[str] = field(default_factory=list)
    _linked: int = 0

    def enter(self, node: etree._Element) -> None:
        if node.tag in BLOCK_TAGS:
            self.flush()
        self._entered += 1
        named = _named(node.get("class") or "", node.get("id") or "")
        self._open.append(_Around(self._entered, node.tag, named))
        if node.tag == "img":
            for around in self._open[-1 - IMAGE_AROUND : -1]:
                around.has_image = True
        self._links += node.tag == "a"
        self.add(node.text)

    def leave(self, node: etree._Element) -> None:
        if node.tag in BLOCK_TAGS:
            self.flush()
        self._open.pop()
        self._links -= node.tag == "a"
        self.add(node.tail)

    def add(self, text: str | None) -> None:
        if text:
            self._parts.append(text)
            self._linked += len(text.strip()) if self._links else 0

    def flush(self) -> None:
        if self._parts:
            text = " ".join("".join(self._parts).split())
            if not (text.isprintable() and is_normalized("NFC", text)):
                text = normalise(text)
            if text:
                self.found.append(self._block(text))
            self._parts.clear()
        self._linked = 0

    def _block(self, text: str) -> Block:
        around = self._open[: -ANCESTORS_NAMED - 1 : -1]
        return Block(
            text=text,
            words=words(text),
            linked=min(1.0, self._linked / len(text)),
            elements=tuple(each.tag for each in reversed(self._open[-20:])),
            named=_weighed_kinds(tuple(each.named for each in around)),
            parent=around[0].number if around else 0,
            beside_image=any(each.has_image for each in around[:NEAR]),
        )


@lru_cache(maxsize=4096)
def _named(class_name: str, identity: str) -> tuple[bool, ...]:
    """For each of `_KINDS` whether an element is named so."""
    names = f"{class_name} {identity}"
    return tuple(pattern.search(names) is not None for pattern in _NAMED)


@lru_cache(maxsize=4096)
def _weighed_kinds(around: tuple[tuple[bool, ...], ...]) -> tuple[float, ...]:
    return tuple(
        1.0 if any(near) else FAR if any(far) else 0.0
        for kind in zip(*around, strict=True)
        for near, far in [(kind[:NEAR], kind[NEAR:])]
    )


FEATURES = (
    "words", "linked", "ends_sentence", "pauses", "of_the_densest", "paragraph",
    "list", "heading", "cell", "caption", "quotation", "article", "navigation",
    "aside", *_KINDS, "beside_image", "depth", "digits", "capitals",
    "words_before", "linked_before", "words_after", "linked_after",
    "words_two_before", "linked_two_before", "words_two_after", "linked_two_after",
    "page_words",
)  # fmt: skip
"""Names of what `features` gives, in order."""


def features(blocks: Sequence[Block]) -> list[list[float]]:
    """For each line the numbers named in `FEATURES`, most of them 0 to 1."""
    weight: defaultdict[int, float] = defaultdict(float)
    for block in blocks:
        weight[block.parent] += len(block.words) * (1 - block.linked)
    densest = max([1.0, *weight.values()])
    size = min(MAX_PAGE_WORDS, sum(len(block.words) for block in blocks))
    total = math.log1p(size) / 10
    near = [(_size(block), block.linked) for block in blocks]
    padded = [(0.0, 0.0)] * 2 + near + [(0.0, 0.0)] * 2
    return [
        [
            *_own(block, weight[block.parent] / densest),
            *padded[n + 1],
            *padded[n + 3],
            *padded[n],
            *padded[n + 4],
            total,
        ]
        for n, block in enumerate(blocks)
    ]


def _size(block: Block) -> float:
    return min(1.0, math.log1p(len(block.words)) / 5)


def _own(block: Block, of_the_densest: float) -> list[float]:
    text, around = block.text, frozenset(block.elements)
    length = len(text)
    return [
        math.log1p(len(block.words)) / 5,
        block.linked,
        float(text[-1] in SENTENCE_ENDS),
        sum(map(text.count, _PAUSES)) / length * 20,
        of_the_densest,
        float("p" in block.elements[:2]),
        float("li" in around),
        float(block.elements[0][0] == "h" and block.elements[0][1:].isdigit()),
        float("td" in around or "th" in around),
        float("figcaption" in around),
        float("blockquote" in around),
        float("article" in around or "main" in around),
        float(not around.isdisjoint(("nav", "footer", "header"))),
        float("aside" in around),
        *block.named,
        float(block.beside_image),
        len(block.elements) / 20,
        sum(map(str.isdigit, text)) / length,
        sum(map(str.isupper, text)) / length,
    ]
