"""Where pages declare their times beside JSON-LD: names of `meta`, `<time>`, RDFa."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice

from lxml import etree
from lxml.html import HtmlElement

PUBLISHED_META = (
    "article:published_time",
    "og:published_time",
    "og:article:published_time",
    "datepublished",
    "publishdate",
    "publish-date",
    "publish_date",
    "published_date",
    "publication_date",
    "publicationdate",
    "pubdate",
    "pub_date",
    "parsely-pub-date",
    "sailthru.date",
    "cxenseparse:recs:publishtime",
    "article.published",
    "article_date_original",
    "article:published",
    "published_at",
    "dc.date.issued",
    "dcterms.issued",
    "dc.date.created",
    "dcterms.created",
    "dc.created",
    "dc.date",
    "dcterms.date",
    "citation_publication_date",
    "citation_date",
    "ptime",
    "date",
    "datecreated",
    "created",
)
"""Names, folded, of `meta` elements that date a publication, the surest first."""
MODIFIED_META = (
    "article:modified_time",
    "og:updated_time",
    "article:updated_time",
    "datemodified",
    "dcterms.modified",
    "dc.date.modified",
    "last-modified",
    "lastmod",
    "last_updated",
    "sailthru.modified",
    "revised",
    "updated",
)
"""Likewise of a change."""

_PUBLISHED_CLASS = re.compile(
    r"\b(dt-published|entry-date|published|publish(?:ed)?[-_]?(?:date|time|at)|pubdate"
    r"|post-date|article[-_]date)\b",
    re.IGNORECASE,
)
_MODIFIED_CLASS = re.compile(r"updat|modif|revis|edited", re.IGNORECASE)
_WITH_PROPERTY = etree.XPath("//*[@property and @content and not(self::meta)]")


def rdfa_dates(tree: HtmlElement) -> Iterator[str]:
    """RDFa's, as content systems write them on elements of the page."""
    wanted = {"datepublished", "date", "created", "issued", "pubdate"}
    for node in _WITH_PROPERTY(tree)[:200]:
        names = (node.get("property") or "").lower().split()
        if wanted & {re.split("[:/#]", n)[-1] for n in names}:
            yield node.get("content") or ""


def time_elements(tree: HtmlElement) -> Iterator[str]:
    """Those that are marked as the publication's; then the one by the headline."""
    times = [n for n in islice(tree.iter("time"), 200) if n.get("datetime")]
    marked = [n for n in times if n.get("pubdate") is not None or _is_marked(n)]
    marked += islice(tree.iterfind(".//abbr[@class='published'][@title]"), 1)
    for node in marked[:1]:
        yield node.get("datetime") or node.get("title") or ""
    heading = tree.find(".//h1")
    near = _near(times, heading)
    if near is not None:
        yield near.get("datetime") or ""


def _is_marked(node: HtmlElement) -> bool:
    names = f"{node.get('class', '')} {node.get('itemprop', '')}"
    return bool(_PUBLISHED_CLASS.search(names)) and not _MODIFIED_CLASS.search(names)


def _near(times: list[HtmlElement], heading: HtmlElement | None) -> HtmlElement | None:
    """The time of the smallest of the few elements around the headline that has one."""
    times = [n for n in times if not _MODIFIED_CLASS.search(n.get("class") or "")]
    if heading is None:
        return times[0] if len(times) == 1 else None
    above = [heading, *islice(heading.iterancestors(), 4)]
    for node in above:
        if node.tag in {"body", "html"}:
            break
        within = next(node.iter("time"), None)
        if within is not None and within in times:
            return within
    return times[0] if times and len(times) <= 3 else None


def changed_elements(tree: HtmlElement) -> Iterator[str]:
    """The first `<time>` that is marked as a change's."""
    for node in islice(tree.iter("time"), 50):
        names = f"{node.get('class', '')} {node.get('itemprop', '')}"
        if _MODIFIED_CLASS.search(names) or "dt-updated" in names:
            yield node.get("datetime") or ""
            return
