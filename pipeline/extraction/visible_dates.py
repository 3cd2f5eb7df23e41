"""The dates that a reader sees beside a headline, where a page declares none.

Every short text near the headline is read; the one that looks most like the article's
own date wins. What counts for and against is in `_score`; the weights were chosen on
pages whose declared dates were hidden (tests/quality/test_dates.py).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import islice
from typing import Any

from lxml import etree
from lxml.html import HtmlElement

from pipeline.dates.scanning import MAX_CHARACTERS, DateReader, WrittenTime
from pipeline.extraction.cleaning import clean
from pipeline.extraction.structured_data import alike

MAX_TEXTS = 150
"""Texts on either side of the headline; without one, the page's first 4,000."""
MAX_DISTANCE = 3_000
"""Characters between the headline and its date."""
MAX_LEVELS = 4
"""From a text up to the line that holds it with its time of day and its label."""
MAX_CONTAINERS = 60
"""Lines that are read; each costs some 100 microseconds."""
THRESHOLD = 4.0
"""Less is any date of the page."""

RIVALS = 4
"""So many days that look alike, beside no headline, are a list's."""
SURE = 11.0
"""A date after the headline that no date before it needs to be compared with."""

_DIGIT = re.compile(r"\d")
_DATED = re.compile(
    r"date|time|publi|posted|byline|meta|stamp|author|info|datum|data|fecha|created"
    r"|entry|article|credit|source|ngay|tarih|tanggal|details",
    re.IGNORECASE,
)
_ELSEWHERE = re.compile(
    r"comment|related|sidebar|widget|menu|promo|teaser|weather|footer|copyright|recent"
    r"|popular|most|latest|archive|calendar|ticker|carousel|recommend|trending|newsfeed"
    r"|more-|read-?also|similar|banner|\bnav",
    re.IGNORECASE,
)
_ELSEWHERE_TAGS = frozenset({"nav", "aside", "footer", "form", "select", "option"})
_UNSEEN_TAGS = frozenset({"option", "script", "style", "title", "noscript", "template"})
_NO_TEXT = "not(parent::script or parent::style or parent::noscript or parent::title)"
_AFTER = etree.XPath(
    f"(following::text()[normalize-space()][{_NO_TEXT}])[position() <= {MAX_TEXTS}]"
)
_BEFORE = etree.XPath(
    f"preceding::text()[normalize-space()][{_NO_TEXT}][position() <= {MAX_TEXTS}]"
)
_ANYWHERE = etree.XPath(
    f"(//body//text()[normalize-space()][{_NO_TEXT}])[position() <= 4000]"
)


@dataclass(frozen=True, kw_only=True)
class VisibleDate:
    """A date of the page with how much it looks like the article's own."""

    written: WrittenTime
    score: float


class VisibleDates:
    """The dates near the headline of one page, read when they are asked for."""

    def __init__(self, tree: HtmlElement, title: str, reader: DateReader) -> None:
        """Reads nothing yet.

        Args:
            tree: Of the page.
            title: Its headline, to be found again.
            reader: In the page's languages.
        """
        self._tree = tree
        self._title = alike(title)
        self._reader = reader
        self._texts: dict[HtmlElement, str] = {}

    def found(self, known: frozenset[date] = frozenset()) -> list[VisibleDate]:
        """The likeliest first; only those that are likely at all.

        Args:
            known: Days that the page's address or its feed names.
        """
        anchor = self._anchor()
        near = self._near(anchor) if anchor is not None else []
        found = near or list(self._scored(self._anywhere(), 3.0, 5_000))
        agreed = [_with_bonus(one, known) for one in found]
        likely = [one for one in agreed if one.score >= THRESHOLD]
        best = max((one.score for one in likely), default=0.0)
        rivals = {o.written.time.local.date() for o in likely if o.score >= best - 0.5}
        if not near and len(rivals) >= RIVALS:
            return []
        return sorted(likely, key=lambda one: -one.score)

    def _anchor(self) -> HtmlElement | None:
        """The element that shows the headline."""
        if not self._title:
            return None
        for tag in ("h1", "h2", "h3"):
            for node in islice(self._tree.iter(tag), 60):
                if self._title in alike(node.text_content()[:600]):
                    return node
        body = self._tree.find(".//body")
        for node in islice((self._tree if body is None else body).iter(), 20_000):
            text = node.text
            is_text = node.tag not in _UNSEEN_TAGS and text and len(text) < 600
            if is_text and self._title == (
                alike(text) if len(text) >= len(self._title) else ""
            ):
                return node
        return None

    def _near(self, anchor: HtmlElement) -> list[VisibleDate]:
        after = list(self._scored(_AFTER(anchor), 8.0, 400, anchor))
        if any(one.score >= SURE for one in after):
            return after
        before = self._scored(reversed(_BEFORE(anchor)), 6.0, 60, anchor)
        return [*after, *before]

    def _anywhere(self) -> Iterator[Any]:
        return iter(_ANYWHERE(self._tree))

    def _scored(
        self,
        texts: Any,
        start: float,
        fade: int,
        anchor: HtmlElement | None = None,
    ) -> Iterator[VisibleDate]:
        """Dates of texts in order of distance; each line of the page once."""
        distance = 0
        lines: set[HtmlElement] = set()
        for text in texts:
            if _DIGIT.search(text) or _is_phrase(text):
                line = self._line(text, anchor)
                if (
                    line is not None
                    and line not in lines
                    and len(lines) < MAX_CONTAINERS
                ):
                    lines.add(line)
                    yield from self._of_line(line, start - distance / fade)
            distance += len(text)
            if distance > MAX_DISTANCE:
                return

    def _of_line(self, line: HtmlElement, start: float) -> Iterator[VisibleDate]:
        text = self._text(line)
        written = self._reader.read(text)
        for one in written:
            score = start + _score(line, text, one)
            yield VisibleDate(written=one, score=score - 0.1 * (len(written) > 3))

    def _line(self, text: Any, anchor: HtmlElement | None) -> HtmlElement | None:
        """The largest element around a text that is still a line of its own."""
        node = text.getparent()
        if node is not None and text.is_tail:
            node = node.getparent()
        if node is None or len(text) > MAX_CHARACTERS:
            return None
        best = node
        for _ in range(MAX_LEVELS):
            if len(self._text(node)) > MAX_CHARACTERS // 2 or node.tag in {
                "body",
                "html",
            }:
                break
            if anchor is not None and _holds(node, anchor):
                break
            best, node = node, node.getparent()
            if node is None:
                break
        return best

    def _text(self, line: HtmlElement) -> str:
        """Of a line, with blanks between its elements."""
        if line not in self._texts:
            pieces = (t for t in islice(line.itertext(), 300) if not t.isspace())
            joined = " ".join(islice(pieces, 60))
            self._texts[line] = clean(joined[: MAX_CHARACTERS + 50])
        return self._texts[line]


def _is_phrase(text: str) -> bool:
    """Two hours have a word of their own in Arabic and Hebrew."""
    return len(text) < 40 and any("\u0590" <= c <= "\u06ff" for c in text)


def _holds(node: HtmlElement, inner: HtmlElement) -> bool:
    return any(above is node for above in inner.iterancestors())


def _score(line: HtmlElement, text: str, one: WrittenTime) -> float:
    score = 0.0
    around = list(islice(_upwards(line), 5))
    names = " ".join(f"{n.get('class', '')} {n.get('id', '')}" for n in around[:3])
    score += 2.0 * bool(_DATED.search(names))
    score += 1.5 * one.time.has_clock
    score += {"published": 4.0, "modified": 0.0}.get(one.label or "", 0.0)
    score += 1.0 * any(n.tag == "time" for n in line.iter())
    score -= 2.0 * one.is_relative
    score -= max(0, len(text) - 60) / 40
    score -= 4.0 * any(_is_elsewhere(node) for node in around)
    score -= 3.0 * any(n.tag == "a" and len(text) > 40 for n in around[:3])
    return score - 2.0 * any(n.tag == "li" for n in around[:3])


def _upwards(node: HtmlElement) -> Iterator[HtmlElement]:
    above: HtmlElement | None = node
    while above is not None and above.tag not in {"body", "html"}:
        yield above
        above = above.getparent()


def _is_elsewhere(node: HtmlElement) -> bool:
    if node.tag in _ELSEWHERE_TAGS:
        return True
    names = f"{node.get('class', '')} {node.get('id', '')}"
    return bool(_ELSEWHERE.search(names))


def _with_bonus(one: VisibleDate, known: frozenset[date]) -> VisibleDate:
    day = one.written.time.local.date()
    if any(abs(day - other) <= timedelta(days=1) for other in known):
        return VisibleDate(written=one.written, score=one.score + 5)
    return one
