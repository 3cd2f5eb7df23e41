"""Where an article stands on its site: section, tags, lead image."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from html import unescape
from itertools import islice
from typing import Any

from lxml.html import HtmlElement

from pipeline.extraction.cleaning import clean
from pipeline.extraction.structured_data import (
    Node,
    StructuredData,
    alike,
    listed,
    text_of,
)

MAX_TAGS = 30
"""More is a list for search engines."""
MAX_TAG = 80
"""Characters."""
MAX_SECTION = 100
MAX_ADDRESS = 2_000

_SECTION_META = (
    "article:section",
    "section",
    "parsely-section",
    "sailthru.section",
    "cxenseparse:recs:category",
    "article.section",
    "dc.subject",
    "category",
)
_TAG_META = ("news_keywords", "parsely-tags", "sailthru.tags", "keywords")
_IMAGE_META = (
    "og:image:secure_url",
    "og:image",
    "og:image:url",
    "twitter:image",
    "twitter:image:src",
    "parsely-image-url",
    "image",
    "thumbnail",
)
_LISTED = re.compile(r",(?=\S)")
"""Between sections in one string, of which the first is the nearest."""
_COMMAS = re.compile(r"\s*[,;،、，；|]\s*")
_MACHINE_TAG = re.compile(r"(?:section|category|type|topic|tag)\s*:|\W", re.IGNORECASE)
"""What some systems put among the tags for themselves: "@river", "Section: News"."""
_NO_PICTURE = re.compile(
    r"(?:[_-]default\.\w+|(?:^|[/_.-])(?:logo|placeholder|blank|spacer|pixel|favicon|no-?image|default-?(?:image"
    r"|share|og|thumb)|1x1|transparent)[^/]*)$",
    re.IGNORECASE,
)


def section(meta: Mapping[str, str], data: StructuredData, title: str) -> str:
    """As the site names it: declared, else the last breadcrumb but the article."""
    declared = (text_of(v) for v in data.values("articleSection"))
    named = (meta.get(key, "") for key in _SECTION_META)
    in_page = (text_of(v) for v in data.microdata("articleSection"))
    for text in (*declared, *named, *in_page):
        found = _LISTED.split(clean(text))[0]
        if 0 < len(found) <= MAX_SECTION and not found.startswith("http"):
            return found
    crumbs = [c for c in _breadcrumbs(data) if alike(c) != alike(title)]
    # The first is the site's front page; the last is the article where it is named.
    return crumbs[-1] if len(crumbs) > 1 else ""


def _breadcrumbs(data: StructuredData) -> list[str]:
    for node in data.of_type("BreadcrumbList"):
        items = [i for i in listed(node.get("itemListElement")) if isinstance(i, dict)]
        names = [clean(_crumb(item)) for item in sorted(items[:20], key=_position)]
        return [name for name in names if 0 < len(name) <= MAX_SECTION]
    return []


def _position(item: Node) -> float:
    try:
        return float(item.get("position", 0))
    except (TypeError, ValueError):
        return 0.0


def _crumb(item: Node) -> str:
    return text_of(item.get("name")) or text_of(item.get("item"))


def tags(
    tree: HtmlElement, meta: Mapping[str, str], data: StructuredData
) -> tuple[str, ...]:
    """Keywords in order, each once: declared for readers, else for search engines."""
    declared = [t for v in data.values("keywords") for t in _parted(v)]
    marked = [
        node.get("content") or ""
        for node in islice(tree.iter("meta"), 500)
        if (node.get("property") or node.get("name") or "").lower() == "article:tag"
    ]
    marked = [t for text in marked for t in _parted(text)]
    found = _bounded([*declared, *marked])
    if found:
        return found
    in_page = [t for v in data.microdata("keywords") for t in _parted(v)]
    for texts in (in_page, *(_parted(meta.get(key, "")) for key in _TAG_META)):
        found = _bounded(texts)
        if found:
            return found
    return ()


def _parted(value: Any) -> list[str]:
    return _COMMAS.split(unescape(text_of(value)[:5_000]))


def _bounded(texts: Iterable[str]) -> tuple[str, ...]:
    found: dict[str, str] = {}
    for text in texts:
        tag = clean(text).strip("#\"'“”[] ")
        if 0 < len(tag) <= MAX_TAG and not _MACHINE_TAG.match(tag):
            found.setdefault(tag.casefold(), tag)
    return tuple(found.values())[:MAX_TAGS]


def image_candidates(meta: Mapping[str, str], data: StructuredData) -> Iterator[str]:
    """Addresses of the lead image as they are written, the likeliest first.

    Logos and placeholders are left out: by the publisher's own logo, and by name.
    """
    logos = {a for v in data.values("publisher") for a in _logos(v)}
    declared = [a for v in data.values("image") for a in _addresses(v)]
    declared += [a for v in data.values("thumbnailUrl") for a in _addresses(v)]
    named = [meta[key] for key in _IMAGE_META if key in meta]
    in_page = [a for v in data.microdata("image") for a in _addresses(v)]
    for address in (*declared, *named, *in_page):
        text = address.strip()
        is_picture = not _NO_PICTURE.search(re.split("[?#]", text)[0])
        if 0 < len(text) <= MAX_ADDRESS and text not in logos and is_picture:
            yield text


def _addresses(value: Any) -> Iterator[str]:
    for one in listed(value)[:5]:
        if isinstance(one, dict):
            one_address = one.get("url") or one.get("contentUrl") or one.get("@id")
            yield from (a for a in listed(one_address)[:1] if isinstance(a, str))
        elif isinstance(one, str):
            yield one


def _logos(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        yield from _addresses(value.get("logo"))
