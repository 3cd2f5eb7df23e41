"""The headline: what is shown as such and confirmed by what the page declares.

Neither alone is right: declared titles carry the site's name and are cut short; the
first `h1` may be the logo. Measured order where they disagree (FACTS, Extraction):
JSON-LD, `og:title`, `h1`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from urllib.parse import urlsplit

from lxml import etree
from lxml.html import HtmlElement

from pipeline.extraction.cleaning import clean
from pipeline.extraction.structured_data import alike

MAX_HEADINGS = 30
MAX_LINKS = 150
"""Of a page, from its top: its logo is among them."""
MAX_SEGMENTS = 12
MAX_TEXTS = 4_000
"""Texts of a page among which a title is looked for."""

_JOINT = re.compile(
    r"\s+[-–—−|·•»›>:/~]{1,3}\s+"  # of words
    r"|\s*(?:[|｜¦‖»›〉＞]|::|－|―)\s*"  # signs that stand in no headline
    r"|(?<=[\u3000-\ud7a3])\s*[-–—_:：]+\s*(?=\w)"  # East Asian sites set no blanks
    r"|_+\|?>?<?\|?_*"
)
_HARD = re.compile(r"[|｜¦_]|::")
"""Signs that stand in no headline."""
_EDGES = " -–—−|·•»›>:/~_｜〉》＞"
_CUT = re.compile(r"(?:\.\.\.?|…)\s*$")
_LONG_HEADLINE = 90
"""Characters; JSON-LD's headline is often cut at 110, Google's old limit, or before."""
_FEW_LETTERS = 12
"""Shorter headings name a section rather than a story; of East Asian ones, half."""
_SHOWN = etree.XPath(
    "//body//text()[string-length() > 5][not(parent::script or parent::style)]",
    smart_strings=False,
)


@dataclass(frozen=True, kw_only=True)
class TitleSources:
    """What a page says of its headline.

    Attributes:
        headlines: By JSON-LD or microdata, the likeliest first.
        titles: `og:title`, `twitter:title` and the like, the likeliest first.
        tab: The text of `<title>`.
        site_names: Of the site and its publisher, in any spelling.
        url: Whose host is a name of the site, too.
    """

    headlines: tuple[str, ...] = ()
    titles: tuple[str, ...] = ()
    tab: str = ""
    site_names: tuple[str, ...] = ()
    url: str = ""


def headings_of(tree: HtmlElement, tag: str = "h1") -> list[tuple[str, ...]]:
    """The texts of each heading: the whole, and its parts if it has several."""
    found = []
    for node in islice(tree.iter(tag), MAX_HEADINGS):
        whole = clean(node.text_content())
        parts = [node.text or ""]
        for child in node[:8]:
            parts += [child.text_content(), child.tail or ""]
        texts = dict.fromkeys(t for t in (whole, *map(clean, parts)) if t)
        if texts:
            found.append(tuple(texts))
    return found


def headline(tree: HtmlElement, sources: TitleSources) -> str:
    """The page's headline without the site's name; "" where it has none."""
    return _Choice(tree, sources).made()


class _Choice:
    def __init__(self, tree: HtmlElement, sources: TitleSources) -> None:
        self._tree = tree
        names = (
            *sources.site_names,
            *host_names(sources.url),
            *_home_links(tree, sources.url),
        )
        self._sites = {alike(name) for name in names} - {""}
        self._headlines = self._kept(map(clean, sources.headlines))
        self._titles = self._kept(map(clean, sources.titles))
        self._tab = clean(sources.tab)

    def made(self) -> str:
        headings = headings_of(self._tree)
        found = self._confirmed(headings) or self._confirmed(
            headings_of(self._tree, "h2")
        )
        if found:
            return found
        if self._headlines:
            return self._without_site(self._headlines[0])
        found, alone = self._shown(), self._unconfirmed(headings)
        is_only = len(headings) == 1 and len(alone) > max(len(found), 2 * _FEW_LETTERS)
        is_only = is_only and alike(found) not in alike(alone)
        if found and not (is_only and not self._titles):
            return found
        if self._titles:
            return self._without_site(self._titles[0])
        if alone or not self._is_site(self._tab):
            return alone or self._without_site(self._tab)
        return self._unconfirmed(headings_of(self._tree, "h2")) or self._tab

    def _kept(self, texts: Iterable[str]) -> list[str]:
        """Without what is only the site's name."""
        return [t for t in dict.fromkeys(texts) if t and alike(t) not in self._sites]

    def _confirmed(self, headings: list[tuple[str, ...]]) -> str:
        """The first heading that a declared title is, or has as a part."""
        declared = self._declared()
        for texts in headings:
            found = (t.strip(_EDGES) for text in texts for t in (*_runs(text), text))
            keyed = {alike(text): text for text in found}
            keys = [k for k in keyed if k in declared and k not in self._sites]
            key = max(keys, key=len, default="")
            if key and (self._is_main(key) or self._is_first(key)):
                shown = _best_case(keyed[key], declared[key])
                return self._shorter(key) or shown
        return self._continued(headings)

    def _shorter(self, key: str) -> str:
        """A declared title that a tab's text only adds to: "(From the Daily E)"."""
        for text in (*self._headlines, *self._titles):
            start = alike(text)
            is_cut = _CUT.search(text) or len(text) >= _LONG_HEADLINE
            adds = key == alike(self._tab) and key != start and key.startswith(start)
            if adds and len(start) >= _FEW_LETTERS and not is_cut:
                return text
        return ""

    def _is_first(self, key: str) -> bool:
        """What a title begins with is short, but no section."""
        titles = [*self._titles, self._tab]
        return any(alike(parts[0][0]) == key for t in titles if (parts := _segments(t)))

    def _declared(self) -> dict[str, str]:
        """Keys of all declared titles and of the runs of their parts, to their text."""
        found: dict[str, str] = {}
        for text in (*self._headlines, *self._titles, self._tab):
            for run in (text, *_runs(text)):
                found.setdefault(alike(run), run)
        found.pop("", None)
        return found

    def _is_main(self, key: str) -> bool:
        """Not a section's name, which is the smaller part of the title."""
        shortest = min(
            (len(alike(t)) for t in (*self._headlines, *self._titles)), default=0
        )
        whole = shortest or len(alike(self._tab))
        return len(key) * 3 >= whole or len(key) >= 3 * _FEW_LETTERS

    def _continued(self, headings: list[tuple[str, ...]]) -> str:
        """A heading that goes on where a declared title was cut."""
        for text in (*self._headlines, *self._titles, self._tab):
            key = alike(_CUT.sub("", text))
            is_cut = bool(_CUT.search(text)) or len(text) >= _LONG_HEADLINE
            if not is_cut or len(key) < _FEW_LETTERS:
                continue
            for texts in headings:
                if alike(texts[0]).startswith(key) and len(texts[0]) <= 3 * len(text):
                    return texts[0]
        return ""

    def _shown(self) -> str:
        """The longest part of a declared title that the page shows as a text."""
        sources = [text for text in (*self._titles, self._tab) if text]
        runs = {alike(r): r for text in sources for r in (*_runs(text), text)}
        wanted = [k for k in runs if len(k) >= 6 and k not in self._sites]
        if not wanted:
            return ""
        shown = {key for key in map(alike, _texts(self._tree)) if key in runs}
        found = [k for k in wanted if k in shown and self._is_main(k)]
        return runs[max(found, key=len)] if found else ""

    def _unconfirmed(self, headings: list[tuple[str, ...]]) -> str:
        """The first heading that is long enough for a headline, and not the site's."""
        for texts in headings:
            key = alike(texts[0])
            few = _FEW_LETTERS // 2 if _is_east_asian(texts[0]) else _FEW_LETTERS
            if len(key) >= few and not any(s in key for s in self._sites if len(s) > 3):
                return texts[0]
        if self._tab and alike(self._tab) not in self._sites:
            return ""
        return next((texts[0] for texts in headings), "")

    def _without_site(self, title: str) -> str:
        """Without the parts that name the site, and the sections between."""
        rows = [row.strip() for row in _HARD.split(title) if row.strip()]
        if len(rows) > 2:  # headline, section, site: the headline is the longest
            return max(rows, key=lambda row: len(alike(row)))
        parts = _segments(title)
        if len(parts) < 2:
            return self._without_label(title)
        own = [n for n, (text, _) in enumerate(parts) if not self._is_site(text)]
        if not own or len(own) == len(parts):
            return title if own else parts[0][0]
        first, last = own[0], own[-1]
        if last < len(parts) - 1 and first == 0:
            last = self._last_of_headline(parts, last)
        start, end = parts[first][1], parts[last][1] + len(parts[last][0])
        return title[start:end].strip(_EDGES)

    def _last_of_headline(self, parts: list[tuple[str, int]], last: int) -> int:
        """Sections stand between headline and site: short parts after a long one."""
        while last > 0 and len(alike(parts[last][0])) * 3 <= len(alike(parts[0][0])):
            last -= 1
        return last

    def _without_label(self, title: str) -> str:
        """Without the site's name before or after a colon."""
        head, colon, tail = (
            re.split("([:：])", title, maxsplit=1)
            if re.search("[:：]", title)
            else (title, "", "")
        )
        if colon and alike(head) in self._sites:
            return tail.strip()
        head, colon, tail = title.rpartition(":")
        return head.strip() if colon and alike(tail) in self._sites else title

    def _is_site(self, text: str) -> bool:
        key = alike(text)
        if not key or key in self._sites:
            return True
        # "Express.gr online", "ИА REGNUM": the name and little else.
        return any(
            len(s) > 3 and s in key and len(s) * 2 >= len(key) for s in self._sites
        )


def host_names(url: str) -> Iterator[str]:
    """By which a site is known from its address: its host, and the labels of it.

    >>> list(host_names("https://www.news.e-paper.org/a"))
    ['news.e-paper.org', 'e-paper.org', 'news', 'e-paper']
    """
    try:
        host = (urlsplit(url).hostname or "").removeprefix("www.")
    except ValueError:
        return
    labels = host.split(".")
    yield host
    yield ".".join(labels[-2:])
    yield from (label for label in labels[:-1] if len(label) > 3)


def _home_links(tree: HtmlElement, url: str) -> Iterator[str]:
    """The texts of links to the site's first page: its name, or "Home"."""
    home = "/".join(url.split("/", 3)[:3]).lower()
    for link in islice(tree.iter("a"), MAX_LINKS):
        target = (link.get("href") or "").strip().lower().rstrip("/")
        if target in {"", home} and link.get("href", "#").strip() not in {"", "#"}:
            text = clean(link.text_content()[:100])
            if 0 < len(text) < 60:
                yield text


def _segments(title: str) -> list[tuple[str, int]]:
    """The parts of a title between its signs, with the place where each begins."""
    found, place = [], 0
    for match in _JOINT.finditer(title):
        found.append((title[place : match.start()], place))
        place = match.end()
    found.append((title[place:], place))
    return [(t, p) for t, p in found if t.strip()][:MAX_SEGMENTS]


def _runs(title: str) -> Iterator[str]:
    """Every part, and every row of parts, of a title in several parts."""
    parts = _segments(title)
    for first in range(len(parts) if len(parts) > 1 else 0):
        for last in range(len(parts) - 1, first - 1, -1):
            text, start = parts[last]
            yield title[parts[first][1] : start + len(text)].strip()


def _best_case(shown: str, declared: str) -> str:
    """As it is shown, unless it is shouted."""
    if shown.isupper() and not declared.isupper() and alike(shown) == alike(declared):
        return declared
    return shown


def _is_east_asian(text: str) -> bool:
    return any("\u3040" <= c <= "\ud7a3" for c in text)


def _texts(tree: HtmlElement) -> list[str]:
    return [text for text in _SHOWN(tree)[:MAX_TEXTS] if len(text) <= 400]
