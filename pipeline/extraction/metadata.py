"""What a page says of itself: headline, times, byline, section, canonical.

One object a page; each part has its own module: `titles`, `times`, `bylines`,
`topics`, over what `structured_data` and the `meta` elements declare.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from functools import cached_property
from itertools import islice
from urllib.parse import urljoin

from lxml.html import HtmlElement

from pipeline.extraction.bylines import authors
from pipeline.extraction.cleaning import clean, storable
from pipeline.extraction.structured_data import ARTICLE_TYPES, StructuredData, text_of
from pipeline.extraction.times import Circumstances, PageTimes, read_times
from pipeline.extraction.titles import TitleSources, headings_of, headline, host_names
from pipeline.extraction.topics import image_candidates, section, tags

MAX_ALTERNATES = 100
"""More than the largest broadcasters have languages; the rest of a page that lists more
is no list of editions."""
MAX_META = 1_000
MAX_CONTENT = 5_000
"""Characters of a `meta` element that are kept."""

_TITLE_META = ("og:title", "twitter:title", "dc.title", "dcterms.title", "title")
_HEADLINE_META = ("parsely-title", "sailthru.title", "headline")
_SITE_META = (
    "og:site_name",
    "application-name",
    "apple-mobile-web-app-title",
    "twitter:site",
    "dc.publisher",
    "publisher",
    "copyright",
)
_LANGUAGE_TAG = re.compile(r"(?!x-)[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}")
_WEB = re.compile(r"https?://", re.IGNORECASE)


class PageMetadata:
    """Reads the declarations of one parsed page; each is looked up once."""

    def __init__(self, tree: HtmlElement, url: str) -> None:
        self._tree = tree
        self._url = url
        self._meta = _meta(tree)

    @cached_property
    def _data(self) -> StructuredData:
        addresses = (self._url, self.canonical_url(), self._meta.get("og:url", ""))
        shown = [texts[0] for texts in headings_of(self._tree)]
        titles = [clean(self._meta.get(key, "")) for key in _TITLE_META[:2]]
        return StructuredData(self._tree, addresses, [*shown, *titles])

    @cached_property
    def _site_names(self) -> tuple[str, ...]:
        names = [self._meta.get(key, "") for key in _SITE_META]
        names += [text_of(v) for v in self._data.values("publisher")]
        names += [text_of(n) for n in islice(self._data.of_type("WebSite"), 3)]
        return tuple(clean(name).lstrip("@") for name in names if name)

    @cached_property
    def _headline(self) -> str:
        node = self._tree.find(".//title")
        declared = [text_of(v) for v in self._data.values("headline")]
        declared += [text_of(v) for v in self._data.microdata("headline")]
        declared += [self._meta.get(key, "") for key in _HEADLINE_META]
        titles = (self._meta.get(key, "") for key in _TITLE_META)
        sources = TitleSources(
            headlines=tuple(text for text in declared if text),
            titles=tuple(text for text in titles if text),
            tab="" if node is None else node.text_content(),
            site_names=self._site_names,
            url=self._url,
        )
        return headline(self._tree, sources)

    def headline(self) -> str:
        """Without the site's name; "" where the page has none."""
        return self._headline

    def times(self, about: Circumstances) -> PageTimes:
        """When the article was published and changed.

        Args:
            about: With the languages that the feed or the source tells; the page's
                own come first.
        """
        languages = (*self.languages(), *about.languages)
        title = about.title or self._headline
        about = replace(about, languages=languages, title=title)
        return read_times(self._tree, self._url, self._meta, self._data, about)

    def languages(self) -> tuple[str, ...]:
        """Every tag by which the page names its language, the likeliest first."""
        declared = (
            text_of(self._data.article.get("inLanguage")),
            self.declared_language(),
            self._meta.get("og:locale", ""),
            self._meta.get("content-language", ""),
        )
        tags = dict.fromkeys(t.strip().replace("_", "-") for t in declared if t.strip())
        found = [tag for tag in tags if _LANGUAGE_TAG.fullmatch(tag)]
        # "en-US" says more than "en", wherever it stands.
        first = found[0] + "-" if found else ""
        return tuple(sorted(found, key=lambda t: not t.startswith(first)))

    def authors(self) -> tuple[str, ...]:
        """As declared, else as printed, in order, without doubles."""
        sites = (*self._site_names, *host_names(self._url))
        return authors(self._tree, self._meta, self._data, sites)

    def section(self) -> str:
        """As the site names it, or ""."""
        return section(self._meta, self._data, self._headline)

    def tags(self) -> tuple[str, ...]:
        """Keywords of the article, as the site names them, in order."""
        return tags(self._tree, self._meta, self._data)

    def image_url(self) -> str:
        """Absolute address of the lead image, or ""."""
        found = map(self._absolute, image_candidates(self._meta, self._data))
        return next((address for address in found if _WEB.match(address)), "")

    def canonical_url(self) -> str:
        """Absolute, or ""."""
        for link in self._tree.iterfind(".//link[@rel='canonical']"):
            href = (link.get("href") or "").strip()
            if href:
                return self._absolute(href)
        return ""

    def _absolute(self, href: str) -> str:
        """An address in the page, absolute; "" for what is none."""
        try:
            return storable(str(urljoin(self._url, href.strip())))
        except ValueError:
            return ""

    def alternates(self) -> tuple[tuple[str, str], ...]:
        """Language tags and addresses of the page's editions in other languages.

        As `<link rel="alternate" hreflang>` declares them, in order, each address once;
        `x-default` is no language.
        """
        found: dict[str, str] = {}
        for link in self._tree.iterfind(".//link[@hreflang]"):
            tag = (link.get("hreflang") or "").strip().replace("_", "-")
            url = self._absolute(link.get("href") or "")
            if "alternate" not in (link.get("rel") or "").lower().split():
                continue
            if _LANGUAGE_TAG.fullmatch(tag) and _WEB.match(url) and url != self._url:
                found.setdefault(url, tag)
        return tuple((tag, url) for url, tag in found.items())[:MAX_ALTERNATES]

    def declared_language(self) -> str:
        """The page's `lang`, or ""; a hint only, often wrong."""
        root = self._tree.getroottree().getroot()
        declared: str = root.get("lang") or root.get("xml:lang") or ""
        return declared.strip()[:35]

    def article_body(self) -> str:
        """The whole text as JSON-LD has it, or ""; often a teaser."""
        return text_of(self._data.article.get("articleBody"))

    def is_free(self) -> bool:
        """False where JSON-LD says the text is behind a paywall."""
        value = self._data.article.get("isAccessibleForFree", True)
        return str(value).lower() != "false"

    def is_article(self) -> bool:
        """Whether it says that it is an article (schema.org, Open Graph)."""
        declared = self._meta.get("og:type", "").lower()
        return declared == "article" or any(self._data.of_type(*ARTICLE_TYPES))

    def is_video(self) -> bool:
        """Whether it says that it is a video, and not that it is an article."""
        declared = self._meta.get("og:type", "").lower()
        is_video = declared.startswith("video") or any(
            self._data.of_type("VideoObject")
        )
        return is_video and not self.is_article()


def _meta(tree: HtmlElement) -> Mapping[str, str]:
    """`name`, `property` or `itemprop` to content; the first of each wins."""
    found: dict[str, str] = {}
    for node in islice(tree.iter("meta"), MAX_META):
        key = node.get("property") or node.get("name") or node.get("itemprop")
        key = key or node.get("http-equiv")
        content = (node.get("content") or "").strip()[:MAX_CONTENT]
        if key and content:
            found.setdefault(key.strip().lower(), content)
    return found
