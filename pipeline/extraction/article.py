"""The whole of extraction: bytes in, `Extraction` out; no I/O."""

from __future__ import annotations

from collections.abc import Callable
from importlib.metadata import version

from lxml.html import HtmlElement

from pipeline.dates.scanning import DateReader
from pipeline.dates.stated import stated
from pipeline.documents import Extraction
from pipeline.extraction.article_text import ArticleText, Known, article_text
from pipeline.extraction.deep_pages import parse_page
from pipeline.extraction.encoding import decode, is_binary
from pipeline.extraction.metadata import PageMetadata
from pipeline.extraction.other_formats import from_json, from_mail, from_pdf
from pipeline.extraction.page_input import ARTICLE_JSON, PageInput
from pipeline.extraction.rejection import Signs, rejection
from pipeline.extraction.times import Circumstances, PageTimes
from pipeline.extraction.tree_text import normalise
from pipeline.mails import MAIL_TYPE
from pipeline.media_types import is_pdf

EXTRACTOR_VERSION = (
    f"3 trafilatura-{version('trafilatura')} readability-{version('readability-lxml')}"
)
"""The number is raised with every change here that may change a text."""


def extract_page(page: PageInput) -> Extraction:
    """Reads the article out of a page; `rejected` says why there is none."""
    if page.content_type == ARTICLE_JSON:
        return from_json(page)
    if page.content_type == MAIL_TYPE:
        return from_mail(page, extract_page)
    if is_pdf(page.body):
        return from_pdf(page)
    if is_binary(page.body):
        return Extraction(title="", text="", rejected="not_text")
    tree, html = parse_page(decode(page.body, page.content_type))
    if tree is None:
        return Extraction(title="", text="", rejected="no_text")
    return _read(tree, html, page)


def _read(tree: HtmlElement, html: str, page: PageInput) -> Extraction:
    """A web page; what it says of itself first, for the tree loses parts later."""
    metadata = PageMetadata(tree, page.url)
    title = _selected(tree, page.selectors.title) or metadata.headline()
    title = normalise(title or page.hints.get("title", "")).replace("\n", " ")
    times = _times(metadata, tree, html, page)
    published, modified = times.published, times.modified
    canonical, language = metadata.canonical_url(), metadata.declared_language()
    authors = _authors(tree, page.selectors.author) or metadata.authors()
    section, tags = metadata.section(), metadata.tags()
    image_url = metadata.image_url()
    alternates = metadata.alternates()
    known = Known(
        headline=title,
        authors=authors,
        boilerplate=page.boilerplate,
        declared_body=metadata.article_body(),
        by_lines_alone=page.by_lines_alone,
        html=html,
        tells_time=_time_teller(metadata, page),
    )
    found = article_text(tree, page.url, page.selectors, known)
    return Extraction(
        title=title,
        text=found.text,
        authors=authors,
        published_at=published.at,
        published_precision=published.precision,
        published_from=published.found_in,
        published_zone=published.zone,
        modified_at=modified.at,
        modified_precision=modified.precision,
        modified_from=modified.found_in,
        modified_zone=modified.zone,
        date_flags=times.flags,
        section=section,
        tags=tags,
        image_url=image_url,
        canonical_url=canonical,
        declared_language=language,
        alternates=alternates,
        rejected=rejection(title, found.text, _signs(metadata, found)),
        choice=found.choice,
    )


def _time_teller(metadata: PageMetadata, page: PageInput) -> Callable[[str], bool]:
    languages = (*metadata.languages(), page.hints.get("language", ""))
    reader = DateReader(languages, now=page.fetched_at, zone=page.zone)
    return lambda line: any(found.time.has_clock for found in reader.read(line))


def _signs(metadata: PageMetadata, found: ArticleText) -> Signs:
    return Signs(
        is_article=metadata.is_article(),
        is_video=metadata.is_video(),
        is_free=metadata.is_free(),
        lines=found.lines,
        headlines=found.headlines,
    )


def _authors(tree: HtmlElement, selector: str) -> tuple[str, ...]:
    """What a source's selector finds, each name once; none without a selector."""
    found = tree.cssselect(selector) if selector else ()
    names = (normalise(node.text_content()).replace("\n", " ") for node in found)
    return tuple(dict.fromkeys(name for name in names if name))


def _times(
    metadata: PageMetadata, tree: HtmlElement, html: str, page: PageInput
) -> PageTimes:
    return metadata.times(
        Circumstances(
            fetched_at=page.fetched_at,
            hint=stated(page.hints.get("published_at", "")),
            zone=page.zone,
            zone_name=page.timezone,
            languages=(page.hints.get("language", ""),),
            html=html,
            chosen=_selected(tree, page.selectors.published, attribute="datetime"),
        )
    )


def _selected(tree: HtmlElement, selector: str, attribute: str = "") -> str:
    """The text (or an attribute) of the first node a source's selector finds."""
    if not selector:
        return ""
    for node in tree.cssselect(selector):
        value = (node.get(attribute) if attribute else "") or node.text_content()
        if value.strip():
            return str(value).strip()
    return ""
