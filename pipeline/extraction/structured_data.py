"""What a page says of itself for machines: JSON-LD and microdata, sound or broken.

Everything is bounded and nothing raises: a page may hold anything in these places.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any

from lxml import etree
from lxml.html import HtmlElement

from pipeline.extraction.cleaning import clean

Node = Mapping[str, Any]
"""A thing of schema.org with its properties, as JSON has it."""

ARTICLE_TYPES = frozenset(
    "Article NewsArticle ReportageNewsArticle AnalysisNewsArticle BlogPosting "
    "OpinionNewsArticle BackgroundNewsArticle LiveBlogPosting Report Review "
    "ReviewNewsArticle AskPublicNewsArticle SatiricalArticle ScholarlyArticle "
    "TechArticle AdvertiserContentArticle SocialMediaPosting PressRelease "
    "SpecialAnnouncement".split()
)
"""schema.org types whose properties describe an article."""

PAGE_TYPES = frozenset({"WebPage", "ItemPage", "MedicalWebPage", "VideoObject"})
"""Types whose properties serve where no article is described."""

MAX_SCRIPT_CHARACTERS = 1_000_000
MAX_SCRIPTS = 40
MAX_NODES = 2_000
MAX_DEPTH = 12
MAX_PROPERTIES = 500
"""More than any page has that describes one article."""

SHARED_WORDS = 0.2
"""Of a headline's words a page's heading has so many, however it is shortened."""

_WRAPPING = re.compile(
    r"^\s*(?:(?://|/\*)?\s*(?:<!--|<!\[CDATA\[)\s*(?:\*/)?)+"
    r"|(?:(?://|/\*)?\s*(?:-->|\]\]>)\s*(?:\*/)?)+\s*$"
)
# Compiled, because lxml's own paths make an object of every element on the way.
_WITH_PROPERTY = etree.XPath("descendant::*[@itemprop]")
_WITH_TYPE = etree.XPath("descendant-or-self::*[@itemtype]")
_TRAILING_COMMA = re.compile(r",(?=\s*[}\]])")
_BAD_ESCAPE = re.compile(r'\\(?![\\/"bfnrtu])')
_LOST_PROPERTY = re.compile(
    r'"(headline|datePublished|dateModified|articleSection)"\s*:\s*"((?:[^"\\]|\\.)*)"'
)
_LISTED = frozenset("itemListElement hasPart relatedLink mentions citation".split())
"""Properties whose things are other articles than the page's."""


def json_ld(tree: HtmlElement) -> list[Node]:
    """Every thing that the page describes, in order; those named in lists last."""
    scripts = islice(tree.iter("script"), 500)
    texts = [s.text for s in scripts if s.text and _is_json_ld(s.get("type") or "")]
    found: list[Node] = []
    listed: list[Node] = []
    for text in texts[:MAX_SCRIPTS]:
        for node, is_listed in _nodes(_parsed(text)):
            (listed if is_listed else found).append(node)
    return [*found, *listed][:MAX_NODES]


def _is_json_ld(kind: str) -> bool:
    return kind.strip().lower().startswith("application/ld+json")


def _parsed(text: str) -> list[Any]:
    if len(text) > MAX_SCRIPT_CHARACTERS:
        return []
    text = _WRAPPING.sub("", text.strip("\ufeff \t\r\n;")).strip("; \r\n\t")
    for attempt in (_unchanged, _mended):
        try:
            return [json.loads(attempt(text), strict=False)]
        except (ValueError, RecursionError):
            continue
    return _in_sequence(_mended(text)) or _remains(text)


def _unchanged(text: str) -> str:
    return text


def _mended(text: str) -> str:
    """Without trailing commas and wrong escapes; escaped quotes as they were."""
    if '"' not in text and "&quot;" in text:
        text = text.replace("&quot;", '"').replace("&amp;", "&")
    return _BAD_ESCAPE.sub("", _TRAILING_COMMA.sub("", text))


def _in_sequence(text: str) -> list[Any]:
    """Several values one after another, up to the first that is broken."""
    decoder, place = json.JSONDecoder(strict=False), 0
    found: list[Any] = []
    while place < len(text) and len(found) < MAX_SCRIPTS:
        try:
            value, place = decoder.raw_decode(text, place)
        except (ValueError, RecursionError):
            break
        found.append(value)
        while place < len(text) and text[place] in " \t\r\n,;":
            place += 1
    return found


def _remains(text: str) -> list[Any]:
    """The properties that can be read in what is broken beyond repair."""
    if not any(name in text for name in ARTICLE_TYPES):
        return []
    found: dict[str, str] = {}
    for match in _LOST_PROPERTY.finditer(text):
        try:
            value = json.loads(f'"{_BAD_ESCAPE.sub("", match[2])}"', strict=False)
        except ValueError:
            continue
        found.setdefault(match[1], value)
    return [{"@type": "Article", **found}] if found else []


def _nodes(values: Iterable[Any]) -> Iterator[tuple[Node, bool]]:
    """Breadth first, so that the page's own article comes before what it mentions."""
    waiting = deque((value, 0, False) for value in values)
    seen = 0
    while waiting and seen < MAX_NODES:
        value, depth, is_listed = waiting.popleft()
        seen += 1
        if isinstance(value, list):
            if depth <= MAX_DEPTH:
                waiting.extend((v, depth + 1, is_listed) for v in value[:MAX_NODES])
        elif isinstance(value, dict):
            if "@type" in value or "@id" in value:
                yield value, is_listed
            if depth <= MAX_DEPTH:
                waiting.extend(
                    (v, depth + 1, is_listed or name in _LISTED)
                    for name, v in value.items()
                    if isinstance(v, dict | list)
                )


def types_of(node: Node) -> set[str]:
    """Names of its types, without schema.org's address.

    >>> types_of({"@type": ["https://schema.org/NewsArticle"]})
    {'NewsArticle'}
    """
    types = node.get("@type", "")
    names = types if isinstance(types, list) else [types]
    return {re.split(r"[/:#]", str(name))[-1] for name in names[:20]}


def text_of(value: Any) -> str:
    """A value as text: a string, a number, or a thing's name; "" for others."""
    for _ in range(3):
        if isinstance(value, list):
            value = value[0] if value else ""
        elif isinstance(value, dict):
            value = value.get("name") or value.get("@value") or ""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    return value if isinstance(value, str) else ""


def listed(value: Any) -> list[Any]:
    """A value as a list: of itself, where it is none; a few hundred at most."""
    if value is None or value == "":
        return []
    return value[:MAX_PROPERTIES] if isinstance(value, list) else [value]


class StructuredData:
    """The page's own article among all that it describes."""

    def __init__(
        self,
        tree: HtmlElement,
        addresses: Iterable[str],
        headings: Iterable[str] = (),
    ) -> None:
        """Reads JSON-LD; microdata only when asked.

        Args:
            tree: Of the page.
            addresses: Its own: as fetched, and the canonical one.
            headings: What the page shows as its headline.
        """
        self._shown = [text for text in headings if text]
        self._headings = {alike(text) for text in self._shown} - {""}
        self._tree = tree
        self._nodes = json_ld(tree)
        self._by_id: dict[str, Node] = {}
        for node in self._nodes:
            if isinstance(node.get("@id"), str) and len(node) > 1:
                self._by_id.setdefault(node["@id"], node)
        self._addresses = {bare(address) for address in addresses if address}
        self.article = self._chosen()
        self._microdata: dict[str, list[Any]] | None = None

    def of_type(self, *names: str) -> Iterator[Node]:
        """The things of these types."""
        wanted = set(names)
        return (node for node in self._nodes if wanted & types_of(node))

    def resolved(self, value: Any) -> Any:
        """The thing itself, where only its `@id` is given."""
        is_reference = isinstance(value, dict) and "name" not in value
        if is_reference and isinstance(value.get("@id"), str):
            return self._by_id.get(value["@id"], value)
        return value

    def values(self, name: str) -> list[Any]:
        """Those of a property of the article: JSON-LD's."""
        return [self.resolved(v) for v in listed(self.article.get(name))]

    def microdata(self, name: str) -> list[Any]:
        """The same as HTML attributes declare it."""
        if self._microdata is None:
            self._microdata = microdata(self._tree)
        return self._microdata.get(name, [])

    def _chosen(self) -> Node:
        """By the page's address, else its heading, else the first; twins fill gaps."""
        articles = list(self.of_type(*ARTICLE_TYPES))
        own = [node for node in articles if self._is_own(node)]
        own = own or [node for node in articles if self._has_heading(node)]
        ranked = own or [n for n in articles[:1] if not self._is_of_another(n)]
        pages = [n for n in self.of_type(*PAGE_TYPES) if n.get("datePublished")]
        if not ranked:
            ranked = [n for n in pages if self._is_own(n)] or pages[:1]
        merged: dict[str, Any] = {}
        for node in ranked[:10]:
            for name, value in node.items():
                merged.setdefault(name, value)
        return merged

    def _is_of_another(self, node: Node) -> bool:
        """It names another page, and a headline of which nothing is shown here."""
        headline = set(clean(text_of(node.get("headline"))).lower().split())
        if not headline or not self._shown or not any(_addresses(node)):
            return False
        shared = max(len(headline & set(h.lower().split())) for h in self._shown)
        return shared < SHARED_WORDS * len(headline)

    def _has_heading(self, node: Node) -> bool:
        return alike(text_of(node.get("headline"))) in self._headings

    def _is_own(self, node: Node) -> bool:
        return any(bare(address) in self._addresses for address in _addresses(node))


def _addresses(node: Node) -> Iterator[str]:
    for name in ("mainEntityOfPage", "url", "@id"):
        for value in listed(node.get(name))[:5]:
            is_thing = isinstance(value, dict)
            address = value.get("@id") or value.get("url") if is_thing else value
            if isinstance(address, str):
                yield address


def alike(text: str) -> str:
    """Letters and numbers only, in lower case: equal for spellings of one headline.

    >>> alike("“Harbour” – open!") == alike("harbour open")
    True
    """
    return "".join(filter(str.isalnum, unicodedata.normalize("NFKC", text))).lower()


def bare(address: str) -> str:
    """What tells one page from another: no scheme, "www.", query or fragment.

    >>> bare("https://www.e.org/a/?x=1#y")
    'e.org/a'
    """
    rest = re.sub(
        r"^(?:https?:)?//(?:www\.)?", "", address.strip(), flags=re.IGNORECASE
    )
    return re.split(r"[?#]", rest, maxsplit=1)[0].rstrip("/").lower()


def microdata(tree: HtmlElement) -> dict[str, list[Any]]:
    """Values of the properties of the page's article, each list in order.

    Without a thing that is an article: those of no thing at all.
    """
    scope = _article_scope(tree)
    within = tree if scope is None else scope
    found: dict[str, list[Any]] = {}
    for node in _WITH_PROPERTY(within)[:MAX_PROPERTIES]:
        if _scope_of(node) is not scope and scope is not None:
            continue
        if node.get("itemscope") is not None:
            value: Any = {"name": _name_in(node)}
        else:
            value = _value(node)
        for name in (node.get("itemprop") or "").split():
            if value:
                found.setdefault(name, []).append(value)
    return found


def _article_scope(tree: HtmlElement) -> HtmlElement | None:
    scopes = [
        node
        for node in _WITH_TYPE(tree)[:MAX_PROPERTIES]
        if (node.get("itemtype") or "").rsplit("/", 1)[-1].strip() in ARTICLE_TYPES
    ]
    with_heading = (node for node in scopes if node.find(".//h1") is not None)
    return next(with_heading, scopes[0] if scopes else None)


def _scope_of(node: HtmlElement) -> HtmlElement | None:
    """The thing that a property belongs to."""
    above = node.getparent()
    while above is not None and above.get("itemscope") is None:
        above = above.getparent()
    return above


def _name_in(node: HtmlElement) -> str:
    named = node.find(".//*[@itemprop='name']")
    return _value(named if named is not None else node)


def _value(node: HtmlElement) -> str:
    for attribute in ("content", "datetime"):
        value: str | None = node.get(attribute)
        if value and value.strip():
            return value.strip()
    if node.tag in {"img", "source"}:
        return str(node.get("src") or "").strip()
    if node.tag == "link":
        return str(node.get("href") or "").strip()
    return " ".join(str(node.text_content()).split())[:1000]
