"""Who wrote an article: as declared, else as printed; names only."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from importlib.resources import files
from itertools import islice
from typing import Any

from lxml import etree
from lxml.html import HtmlElement

from pipeline.dates.vocabulary import fold
from pipeline.extraction.cleaning import clean
from pipeline.extraction.structured_data import StructuredData, alike, listed, text_of

MAX_AUTHORS = 20
MAX_NAME = 100
"""Characters; a longer name is a sentence."""
MAX_BYLINE = 200
MAX_TEXTS = 1_500
"""Short texts of a page among which "Author:" is looked for."""

_META = (
    "author",
    "article:author",
    "parsely-author",
    "sailthru.author",
    "dc.creator",
    "dcterms.creator",
    "byl",
    "article:author_name",
    "citation_author",
)
_MARKED = etree.XPath(
    "//*[@rel='author' or contains(@class, 'author') or contains(@class, 'byline')"
    " or contains(@class, 'reporter')]"
)
_SHORT = etree.XPath(
    "//body//text()[normalize-space()][string-length() < 150]"
    "[not(parent::script or parent::style)]",
    smart_strings=False,
)
_MARKS = re.compile(
    r"(?:^|[\s_-])(?:p-author|byline|reporter|(?:article|post|entry|story)?[-_]*author"
    r"(?:[-_]+name)?)(?:$|\s)",
    re.IGNORECASE,
)
_ADDRESS = re.compile(r"https?://\S*|www\.\S+|\S+@\S+\.\S+|(?<!\w)@\w+", re.IGNORECASE)
_DIGITS = re.compile(r"\d")
_BETWEEN = re.compile(r"\s*(?:[,;|/،、•·]|\s+[–—-]\s+|\s&\s)\s*")
_CHINESE = re.compile(
    r"(?:記者|记者|作者|撰文|通讯员)\s?[:：／/]?\s?([\u4e00-\u9fff]{2,4})(?=[\s／/╱、，,）)】]|$)"
)
"""Names have two to four characters, and no sign parts them from the word before."""
_KOREAN_ROLE = re.compile(
    r"(?<=[가-힣])\s+(?:선임|인턴|객원|수습|전문)?\s?(?:기자|특파원|논설위원|통신원)$"
)
"""Korean puts what a person is behind the name."""
_EDGES = " \t,;:|/–—-•·.()[]،、【】："
_ELSEWHERE = re.compile(
    r"comment|related|sidebar|footer|recommend|widget", re.IGNORECASE
)


def authors(
    tree: HtmlElement,
    meta: Mapping[str, str],
    data: StructuredData,
    site_names: Iterable[str] = (),
) -> tuple[str, ...]:
    """Names as declared, in order, each once; printed ones where none is declared.

    The site's own name is kept only where there is no other.
    """
    sites = {alike(name) for name in site_names} - {""}
    of_site: tuple[str, ...] = ()
    for texts, is_printed in _places(tree, meta, data):
        found = _names(texts, is_printed=is_printed)
        people = tuple(n for n in found if alike(n) not in sites)
        if people:
            return people[:MAX_AUTHORS]
        of_site = of_site or found[:1]
    return of_site


def _places(
    tree: HtmlElement, meta: Mapping[str, str], data: StructuredData
) -> Iterator[tuple[Iterable[str], bool]]:
    yield _in_data(data.values("author") or data.values("creator")), False
    yield (meta[key] for key in _META if key in meta), False
    yield _in_data(data.microdata("author")), False
    yield _printed(tree), True
    yield _labelled(tree), True


def _in_data(values: Iterable[Any]) -> Iterator[str]:
    for value in values:
        for one in listed(value):
            yield text_of(one)


def _printed(tree: HtmlElement) -> Iterator[str]:
    """The first byline of the page that is not a comment's or a teaser's."""
    for node in _MARKED(tree)[:30]:
        text = clean(" ".join(node.itertext())[: MAX_BYLINE + 1])
        around = [node, *islice(node.iterancestors(), 4)]
        names = node.get("class") or ""
        is_marked = node.get("rel") == "author" or _MARKS.search(names)
        if not is_marked or any(
            _ELSEWHERE.search(n.get("class") or "") for n in around
        ):
            continue
        if 1 < len(text) <= MAX_BYLINE and any(c.isalpha() for c in text):
            yield text
            return


def _labelled(tree: HtmlElement) -> Iterator[str]:
    """What stands behind the first "Author:" of the page, in it or in the next text."""
    texts = iter(_SHORT(tree)[:MAX_TEXTS])
    for text in texts:
        head, colon, tail = text.replace("：", ":").partition(":")
        if colon and fold(head).strip() in _words()["by"]:
            line = clean(tail) or clean(next(texts, ""))
            if 1 < len(line) <= MAX_NAME:
                yield line
                return


def _names(texts: Iterable[str], *, is_printed: bool) -> tuple[str, ...]:
    found: dict[str, str] = {}
    for text in islice(texts, 50):
        for name in _split(text, is_printed=is_printed):
            found.setdefault(alike(name), name)
    found.pop("", None)
    return tuple(found.values())


def _split(text: str, *, is_printed: bool) -> Iterator[str]:
    """The names in a byline."""
    line = clean(text)
    if len(line) > MAX_BYLINE:
        return
    yield from (chinese := _CHINESE.findall(line))
    line = "" if chinese else _without_words(_ADDRESS.sub(" ", line))
    if is_printed:
        line = _without_preposition(line)
    parts = [p for part in _BETWEEN.split(line) for p in _at_and(part)]
    for number, part in enumerate(parts):
        name = _without_words(part.strip(_EDGES)).strip(_EDGES)
        name = _KOREAN_ROLE.sub("", name)
        if _is_name(name) and not (number and _is_role(name)):
            yield name


def _is_role(text: str) -> bool:
    """What stands behind a name: "AP Sports Writer", "MD"."""
    if len(text) <= 4 and text.isascii() and text.isupper():
        return True
    return not _words()["roles"].isdisjoint(fold(text).split())


def _at_and(text: str) -> list[str]:
    """Parted at "and" where names of two words or more stand on both sides."""
    words = text.split(" ")
    for place, word in enumerate(words):
        if fold(word) in _words()["and"] and min(place, len(words) - place - 1) >= 2:
            rest = _at_and(" ".join(words[place + 1 :]))
            return [" ".join(words[:place]), *rest]
    # In Arabic "and" is written together with the name after it.
    return re.split(r"\s+و(?=\S{2,}\s\S)", text) if _is_arabic(text) else [text]


def _is_arabic(text: str) -> bool:
    return any("\u0600" <= c <= "\u06ff" for c in text) and len(text.split()) >= 4


def _without_words(text: str) -> str:
    """Without "By", "Автор:" and the like in front."""
    words = _words()["by"]
    for _ in range(2):
        parts = text.strip(_EDGES).split(" ")
        for length in (3, 2, 1):
            start = fold(" ".join(parts[:length])).strip(_EDGES)
            if start in words and len(parts) > length:
                text = " ".join(parts[length:])
                break
        else:
            head, _, tail = text.replace("：", ":").partition(":")
            text = tail.strip() if tail and fold(head).strip() in words else text
    return text


def _without_preposition(text: str) -> str:
    """Without "von" and the like, which a name may begin with, too."""
    first, _, rest = text.strip(_EDGES).partition(" ")
    is_one = fold(first) in _words()["prepositions"] and " " in rest.strip()
    return rest if is_one else text


def _is_name(text: str) -> bool:
    if not 1 < len(text) <= MAX_NAME or _DIGITS.search(text):
        return False
    folded = fold(text)
    if not any(c.isalpha() for c in text) or folded in _words()["no_name"]:
        return False
    return len(text.split()) <= 8 and not text.lower().startswith("http")


@cache
def _words() -> dict[str, frozenset[str]]:
    """Folded, from `bylines.toml`."""
    text = files("pipeline.extraction").joinpath("bylines.toml").read_text("utf-8")
    found = tomllib.loads(text)
    return {name: frozenset(map(fold, words)) for name, words in found.items()}
