"""The world's HTML pages: articles, listings and the pages around them."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from html import escape
from string import Template

from babelwire.demo.model import (
    DATA,
    RIGHT_TO_LEFT,
    DemoArticle,
    DemoPage,
    DemoSite,
)

DISCLAIMER = (
    "A demonstration: this publication does not exist, its texts were written "
    "for this program."
)


@dataclass(frozen=True, kw_only=True)
class View:
    """What a page is rendered from.

    Attributes:
        site: The page's site.
        base_url: The site's address without a trailing slash.
        articles: The site's articles, the newest first.
        edition: The world's edition.
    """

    site: DemoSite
    base_url: str
    articles: tuple[DemoArticle, ...]
    edition: int

    def url(self, path: str) -> str:
        """The absolute address of a path on this site."""
        return self.base_url + path


def article_page(view: View, article: DemoArticle) -> str:
    """An article in its site's template, with all the furniture."""
    fields = {
        "title": escape(article.title),
        "standfirst": escape(article.description),
        "section": escape(article.section),
        "home": _link("/", view.site.labels.home),
        "byline": _byline(view.site, article),
        "date": _date(view.site, article),
        "body": _body(article, view.edition),
        "share": _share(view.site),
        "related": _related(view, article),
        "comments": _comments(view.site),
        "newsletter": _newsletter(view.site),
    }
    main = _template(f"{view.site.template}-article").substitute(fields)
    language = article.declared_language or article.language
    return _frame(view, main, article.title, language, _article_head(view, article))


def static_page(view: View, page: DemoPage) -> str:
    """A page that is no article, in the site's frame."""
    main = (
        f'<main class="page"><h1>{escape(page.title)}</h1>'
        f"<p>{escape(page.text)}</p></main>"
    )
    return _frame(view, main, page.title, view.site.language, "")


def not_found_page(view: View) -> str:
    """What a missing path shows beside its status of 404."""
    main = f'<main class="page"><h1>404</h1><p>{view.site.labels.home}</p></main>'
    return _frame(view, main, "404", view.site.language, "")


def last_page(view: View) -> int:
    """The number of the listing's last page, from 1."""
    return -(-len(_listed(view)) // view.site.listing_size)


def listing_page(view: View, number: int) -> str:
    """Page `number` of the listing, or the front page (number 0) with all."""
    links = _listed(view)
    head = _alternates(view)
    more = ""
    if number:
        size = view.site.listing_size
        links = links[(number - 1) * size : number * size]
        if number < last_page(view):
            target = f"{view.site.listing}?page={number + 1}"
            head += f'<link rel="next" href="{escape(target)}">'
            label = view.site.labels.next_page
            more = f'<p class="pager"><a rel="next" href="{target}">{label}</a></p>'
    items = "".join(links)
    title = view.site.title
    main = (
        f'<main class="listing"><h1>{escape(title)}</h1>'
        f'<ul class="teasers">{items}</ul>{more}</main>'
    )
    return _frame(view, main, title, view.site.language, head)


def _listed(view: View) -> list[str]:
    teasers = [_teaser(view.site, article) for article in view.articles]
    others = [page for page in view.site.pages if page.listed]
    return teasers + [
        f'<li class="teaser">{_link(page.path, page.title)}</li>' for page in others
    ]


def _teaser(site: DemoSite, article: DemoArticle) -> str:
    return (
        f'<li class="teaser"><h2>{_link(article.linked_path, article.title)}</h2>'
        f"<p>{escape(article.description)}</p>{_date(site, article)}</li>"
    )


def _frame(view: View, main: str, title: str, language: str, head: str) -> str:
    site = view.site
    direction = "rtl" if site.language in RIGHT_TO_LEFT else "ltr"
    charset = ""
    if site.charset_declared in {"meta", "both"}:
        charset = f'<meta charset="{site.charset}">'
    menu = "".join(f"<li>{_link('/', name)}</li>" for name in site.labels.menu)
    legal = "".join(f"<p>{escape(line)}</p>" for line in site.labels.legal)
    return _template(site.template).substitute(
        language=language,
        direction=direction,
        charset=charset,
        page_title=escape(f"{title} | {site.title}" if title != site.title else title),
        head=head,
        site_title=_link("/", site.title),
        menu=menu,
        search=escape(site.labels.search),
        consent=escape(site.labels.consent),
        accept=escape(site.labels.accept),
        main=main,
        legal=f'{legal}<p lang="en" dir="ltr">{escape(DISCLAIMER)}</p>',
    )


def _body(article: DemoArticle, edition: int) -> str:
    return "\n".join(
        f"<p>{escape(paragraph, quote=False)}</p>"
        for paragraph in article.text_in(edition).split("\n")
    )


def _byline(site: DemoSite, article: DemoArticle) -> str:
    if not article.author:
        return ""
    name = escape(article.author)
    if site.template == "magazine":
        return (
            '<span class="byline" itemprop="author" itemscope '
            f'itemtype="https://schema.org/Person"><span itemprop="name">{name}'
            "</span></span>"
        )
    return f'<span class="byline author" rel="author">{name}</span>'


def _date(site: DemoSite, article: DemoArticle) -> str:
    if article.no_date:
        return ""
    at = article.published_at
    day = f"{at.day:02}.{at.month:02}.{at.year}"
    if site.date_precision == "day":
        return f'<time datetime="{at.date().isoformat()}">{day}</time>'
    prop = ' itemprop="datePublished"' if site.template == "magazine" else ""
    shown = f"{day} {at.hour:02}:{at.minute:02}"
    return f'<time{prop} datetime="{at.isoformat()}">{shown}</time>'


def _share(site: DemoSite) -> str:
    buttons = "".join(
        f'<li><a class="share-button" href="#" rel="nofollow">{name}</a></li>'
        for name in ("Facebook", "X", "Telegram")
    )
    label = escape(site.labels.share)
    return (
        f'<div class="share social-share"><span>{label}</span><ul>{buttons}</ul></div>'
    )


def _related(view: View, article: DemoArticle) -> str:
    others = [item for item in view.articles if item is not article][:3]
    links = "".join(
        f"<li>{_link(item.linked_path, item.title)}</li>" for item in others
    )
    heading = escape(view.site.labels.related)
    return f'<aside class="related"><h3>{heading}</h3><ul>{links}</ul></aside>'


def _comments(site: DemoSite) -> str:
    if not site.comments:
        return ""
    entries = "".join(
        f'<li class="comment"><b>{escape(item.author)}</b>'
        f'<p class="comment-text">{escape(item.text)}</p></li>'
        for item in site.comments
    )
    heading = escape(site.labels.comments)
    return (
        f'<section id="comments" class="comments"><h3>{heading} '
        f'({len(site.comments)})</h3><ol class="comment-list">{entries}</ol></section>'
    )


def _newsletter(site: DemoSite) -> str:
    labels = site.labels
    return (
        '<form class="newsletter" action="/" method="get"><label>'
        f'{escape(labels.newsletter)} <input type="email" name="email"></label>'
        f'<button type="submit">{escape(labels.subscribe)}</button></form>'
    )


def _article_head(view: View, article: DemoArticle) -> str:
    canonical = view.url(article.path)
    parts = [f'<link rel="canonical" href="{canonical}">']
    if view.site.template in {"broadsheet", "portal"}:
        parts += _open_graph(view, article, canonical)
    if view.site.template == "broadsheet":
        parts.append(_json_ld(view, article, canonical))
    if view.site.template != "office":
        parts.append(_meta("name", "description", article.description))
    return "\n".join(parts)


def _open_graph(view: View, article: DemoArticle, canonical: str) -> list[str]:
    values = {
        "og:type": "article",
        "og:site_name": view.site.title,
        "og:title": article.title,
        "og:description": article.description,
        "og:url": canonical,
    }
    if view.site.template == "portal" and not article.no_date:
        values["article:published_time"] = article.published_at.isoformat()
        values["article:section"] = article.section
    return [_meta("property", name, value) for name, value in values.items()]


def _json_ld(view: View, article: DemoArticle, canonical: str) -> str:
    data: dict[str, object] = {
        "@context": "https://schema.org",
        "@type": "NewsArticle",
        "headline": article.title,
        "mainEntityOfPage": canonical,
        "articleSection": article.section,
        "publisher": {"@type": "Organization", "name": view.site.publisher},
    }
    if article.author:
        data["author"] = [{"@type": "Person", "name": article.author}]
    if not article.no_date:
        data["datePublished"] = article.published_at.isoformat()
        data["dateModified"] = article.modified_at(view.edition).isoformat()
    # Inside <script>, "</" would end it: JSON allows the escaped form.
    text = json.dumps(data, ensure_ascii=False).replace("</", "<\\/")
    return f'<script type="application/ld+json">{text}</script>'


def _alternates(view: View) -> str:
    site = view.site
    found: Sequence[tuple[str, str]] = (
        (site.feed_rss, "application/rss+xml"),
        (site.feed_atom, "application/atom+xml"),
    )
    return "".join(
        f'<link rel="alternate" type="{kind}" title="{escape(site.title)}" '
        f'href="{path}">'
        for path, kind in found
        if path
    )


def _meta(attribute: str, name: str, value: str) -> str:
    return f'<meta {attribute}="{name}" content="{escape(value)}">'


def _link(path: str, text: str) -> str:
    return f'<a href="{escape(path)}">{escape(text)}</a>'


@cache
def _template(name: str) -> Template:
    return Template((DATA / "templates" / f"{name}.html").read_text(encoding="utf-8"))
