"""The machine-readable pages of the world: feeds, sitemaps, robots.txt."""

import xml.etree.ElementTree as ET
from email.utils import format_datetime

from babelwire.demo.model import DemoArticle
from babelwire.demo.pages import View

NEWS_SITEMAP = "/sitemap-news.xml"
PAGES_SITEMAP = "/sitemap-pages.xml"

_ATOM = "http://www.w3.org/2005/Atom"
_DC = "http://purl.org/dc/elements/1.1/"
_SITEMAP = "http://www.sitemaps.org/schemas/sitemap/0.9"
_NEWS = "http://www.google.com/schemas/sitemap-news/0.9"
_XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"

ET.register_namespace("dc", _DC)
ET.register_namespace("news", _NEWS)


def rss(view: View) -> bytes:
    """The site's articles as RSS 2.0."""
    root = ET.Element("rss", {"version": "2.0"})
    channel = ET.SubElement(root, "channel")
    _texts(
        channel,
        {
            "title": view.site.title,
            "link": view.base_url + "/",
            "description": view.site.publisher,
            "language": view.site.language,
        },
    )
    for article in view.articles:
        _rss_item(channel, view, article)
    return _document(root)


def _rss_item(channel: ET.Element, view: View, article: DemoArticle) -> None:
    item = ET.SubElement(channel, "item")
    _texts(
        item,
        {
            "title": article.title,
            "link": _feed_url(view, article),
            "description": article.description,
            "category": article.section,
            "pubDate": format_datetime(article.published_at),
        },
    )
    guid = ET.SubElement(item, "guid", {"isPermaLink": "false"})
    guid.text = article.id
    if article.author:
        ET.SubElement(item, f"{{{_DC}}}creator").text = article.author


def atom(view: View) -> bytes:
    """The site's articles as Atom (RFC 4287)."""
    root = ET.Element("feed", {"xmlns": _ATOM, _XML_LANG: view.site.language})
    newest = max(item.modified_at(view.edition) for item in view.articles)
    _texts(
        root,
        {
            "title": view.site.title,
            "id": view.base_url + "/",
            "updated": newest.isoformat(),
        },
    )
    ET.SubElement(root, "link", {"rel": "self", "href": view.url(view.site.feed_atom)})
    ET.SubElement(root, "link", {"rel": "alternate", "href": view.base_url + "/"})
    for article in view.articles:
        _atom_entry(root, view, article)
    return _document(root)


def _atom_entry(root: ET.Element, view: View, article: DemoArticle) -> None:
    entry = ET.SubElement(root, "entry", {_XML_LANG: article.language})
    _texts(
        entry,
        {
            "title": article.title,
            "id": view.url(article.path),
            "published": article.published_at.isoformat(),
            "updated": article.modified_at(view.edition).isoformat(),
            "summary": article.description,
        },
    )
    link = {"rel": "alternate", "type": "text/html", "href": _feed_url(view, article)}
    ET.SubElement(entry, "link", link)
    author = ET.SubElement(entry, "author")
    ET.SubElement(author, "name").text = article.author or view.site.publisher


def sitemap_index(view: View) -> bytes:
    """The index that names the two sitemaps below."""
    root = ET.Element("sitemapindex", {"xmlns": _SITEMAP})
    for path in (NEWS_SITEMAP, PAGES_SITEMAP):
        entry = ET.SubElement(root, "sitemap")
        ET.SubElement(entry, "loc").text = view.url(path)
    return _document(root)


def news_sitemap(view: View) -> bytes:
    """The articles with title, language and time of publication."""
    root = ET.Element("urlset", {"xmlns": _SITEMAP})
    for article in view.articles:
        _news_entry(root, view, article)
    return _document(root)


def _news_entry(root: ET.Element, view: View, article: DemoArticle) -> None:
    entry = ET.SubElement(root, "url")
    modified = article.modified_at(view.edition).isoformat()
    _texts(entry, {"loc": view.url(article.linked_path), "lastmod": modified})
    news = ET.SubElement(entry, f"{{{_NEWS}}}news")
    publication = ET.SubElement(news, f"{{{_NEWS}}}publication")
    ET.SubElement(publication, f"{{{_NEWS}}}name").text = view.site.title
    language = ET.SubElement(publication, f"{{{_NEWS}}}language")
    language.text = article.language.split("-")[0]
    date = ET.SubElement(news, f"{{{_NEWS}}}publication_date")
    date.text = article.published_at.isoformat()
    ET.SubElement(news, f"{{{_NEWS}}}title").text = article.title


def pages_sitemap(view: View) -> bytes:
    """The front page and the pages that are no articles."""
    root = ET.Element("urlset", {"xmlns": _SITEMAP})
    about = [page.path for page in view.site.pages if page.role == "about"]
    for path in ["/", *about]:
        entry = ET.SubElement(root, "url")
        ET.SubElement(entry, "loc").text = view.url(path)
    return _document(root)


def robots(view: View) -> bytes:
    """The site's robots.txt (RFC 9309, with the usual extensions)."""
    lines = ["User-agent: *"]
    lines += [f"Disallow: {path}" for path in view.site.disallow] or ["Disallow:"]
    if view.site.crawl_delay is not None:
        lines.append(f"Crawl-delay: {view.site.crawl_delay:g}")
    if view.site.sitemap:
        lines += ["", f"Sitemap: {view.url(view.site.sitemap)}"]
    return ("\n".join(lines) + "\n").encode()


def _feed_url(view: View, article: DemoArticle) -> str:
    query = f"?{article.tracking}" if article.tracking else ""
    return view.url(article.linked_path) + query


def _texts(parent: ET.Element, values: dict[str, str]) -> None:
    for name, text in values.items():
        ET.SubElement(parent, name).text = text


def _document(root: ET.Element) -> bytes:
    text: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return text
