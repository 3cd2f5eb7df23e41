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

from lxml import etree
from lxml.html import HtmlElement

from pipeline.extraction.tree_text import BLOCK_TAGS, is_unseen, normalise

_UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff"
)
_WORD = re.compile(rf"[{_UNSPACED}]|[^\W_{_UNSPACED}]+")
"""Words; characters in scripts without spaces."""

_FURNITURE = re.compile(
    "comment|disqus|related|recommend|share|social|sidebar|promo|advert|banner|footer"
    r"|breadcrumb|menu|navbar|newsletter|subscribe|popular|widget|cookie|copyright"
    r"|tags?\b|byline|author|caption|meta|date|reply|signup|login",
    re.IGNORECASE,
)
_CONTENT = re.compile("article|content|body|entry|post|story|text|main", re.IGNORECASE)

_SENTENCE_ENDS = ".!?。！？…»”\"'؟।։።၊។;:）)"
_PAUSES = ",،，、;。.।"

ANCESTORS_NAMED = 8
"""So many elements around a line are asked for their class and id."""
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
        furniture: How many of these are named like furniture (`comments`, `share`).
        content: How many are named like an article (`story-body`).
        parent: Tells the innermost element from others.
    """

    text: str
    words: tuple[str, ...]
    linked: float
    elements: tuple[str, ...]
    furniture: int
    content: int
    parent: int


def words(text: str) -> tuple[str, ...]:
    """Lower-case words; single characters where a script has no spaces.

    >>> words("Kazan 2024, 喀山")
    ('kazan', '2024', '喀', '山')
    """
    return tuple(_WORD.findall(text.lower()))


def page_blocks(tree: HtmlElement) -> list[Block]:
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
    furniture: bool
    content: bool


@dataclass
class _Walk:
    found: list[Block] = field(default_factory=list)
    unseen: HtmlElement | None = None
    _open: list[_Around] = field(default_factory=list)
    _entered: int = 0
    _links: int = 0
    _parts: list[str] = field(default_factory=list)
    _linked: int = 0

    def enter(self, node: HtmlElement) -> None:
        if node.tag in BLOCK_TAGS:
            self.flush()
        self._entered += 1
        furniture, content = _named(node.get("class") or "", node.get("id") or "")
        self._open.append(
            _Around(
                self._entered,
                node.tag,
                furniture,
                content,
            )
        )
        self._links += node.tag == "a"
        self.add(node.text)

    def leave(self, node: HtmlElement) -> None:
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
            text = text if text.isascii() else normalise(text)
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
            furniture=sum(each.furniture for each in around),
            content=sum(each.content for each in around),
            parent=around[0].number if around else 0,
        )


@lru_cache(maxsize=4096)
def _named(class_name: str, identity: str) -> tuple[bool, bool]:
    """Whether an element is named like furniture, and whether like an article."""
    names = f"{class_name} {identity}"
    return _FURNITURE.search(names) is not None, _CONTENT.search(names) is not None


FEATURES = (
    "words", "linked", "ends_sentence", "pauses", "of_the_densest", "paragraph",
    "list", "heading", "cell", "caption", "quotation", "article", "navigation",
    "aside", "furniture", "content", "depth", "digits", "capitals",
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
    total = math.log1p(sum(len(block.words) for block in blocks)) / 10
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
        float(text[-1] in _SENTENCE_ENDS),
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
        min(block.furniture, 3) / 3,
        min(block.content, 3) / 3,
        len(block.elements) / 20,
        sum(map(str.isdigit, text)) / length,
        sum(map(str.isupper, text)) / length,
    ]
