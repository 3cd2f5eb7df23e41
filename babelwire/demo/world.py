"""The demonstration's news world: what each of its sites answers to a request."""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from urllib.parse import parse_qs, urlsplit

from babelwire.demo import feeds, pages
from babelwire.demo.model import (
    DemoArticle,
    DemoQuery,
    DemoSite,
    Request,
    Response,
    load_articles,
    load_queries,
    load_sites,
)

__all__ = ["DemoArticle", "DemoQuery", "DemoSite", "Request", "Response", "World"]

STATIC_MODIFIED_AT = datetime(2024, 6, 1, tzinfo=UTC)
"""The age of pages that are no articles; older than every article."""


class World:
    """All sites and articles, in one of two editions.

    Attributes:
        sites: The publications by name.
        articles: The articles, ordered by id.
        edition: 1 at first; 2 after `advance`, when an official text has changed.
    """

    def __init__(
        self, sites: Mapping[str, DemoSite], articles: Sequence[DemoArticle]
    ) -> None:
        self.sites = sites
        self.articles = tuple(articles)
        self.edition = 1
        self._by_path = {(item.site, item.path): item for item in self.articles}
        self._redirects = {
            (item.site, item.redirect_from): item.path
            for item in self.articles
            if item.redirect_from
        }

    @classmethod
    def load(cls) -> "World":
        """The world as packaged, in its first edition."""
        return cls(load_sites(), load_articles())

    def advance(self) -> None:
        """Publish the second edition."""
        self.edition = 2

    def article(self, article_id: str) -> DemoArticle:
        """The article with an id.

        Raises:
            KeyError: No article has this id.
        """
        for item in self.articles:
            if item.id == article_id:
                return item
        raise KeyError(article_id)

    def articles_of(self, site: str) -> tuple[DemoArticle, ...]:
        """A site's articles, the newest first."""
        own = [item for item in self.articles if item.site == site]
        return tuple(sorted(own, key=lambda item: item.published_at, reverse=True))

    @staticmethod
    def queries() -> tuple[DemoQuery, ...]:
        """The judged queries."""
        return load_queries()

    def respond(self, request: Request, base_urls: Mapping[str, str]) -> Response:
        """Answer a request as the site's host would.

        Args:
            request: What was asked; its site must be one of `sites`.
            base_urls: Each site's address without a trailing slash.
        """
        if request.method not in {"GET", "HEAD"}:
            return Response(status=405, headers={"Allow": "GET, HEAD"})
        site = self.sites[request.site]
        view = pages.View(
            site=site,
            base_url=base_urls[site.name],
            articles=self.articles_of(site.name),
            edition=self.edition,
        )
        return _conditional(request, self._answer(view, request.target))

    def _answer(self, view: pages.View, target: str) -> Response:
        path = urlsplit(target).path
        to = self._redirects.get((view.site.name, path))
        if to is not None:
            return Response(status=301, headers={"Location": view.base_url + to})
        article = self._by_path.get((view.site.name, path))
        if article is not None:
            body = pages.article_page(view, article)
            return _html(view.site, body, article.modified_at(view.edition))
        static = next((p for p in view.site.pages if p.path == path), None)
        if static is not None:
            body = pages.static_page(view, static)
            return _html(view.site, body, STATIC_MODIFIED_AT)
        return self._endpoint(view, path, target)

    def _endpoint(self, view: pages.View, path: str, target: str) -> Response:
        site = view.site
        newest = max(item.modified_at(view.edition) for item in view.articles)
        if path in {"/", site.listing}:
            number = _page_number(target) if path == site.listing else 0
            if number > pages.last_page(view):
                return _not_found(view)
            return _html(site, pages.listing_page(view, number), newest)
        documents: dict[str, tuple[Callable[[pages.View], bytes], str]] = {
            site.feed_rss: (feeds.rss, "application/rss+xml; charset=utf-8"),
            site.feed_atom: (feeds.atom, "application/atom+xml; charset=utf-8"),
            site.sitemap: (feeds.sitemap_index, "application/xml"),
            feeds.NEWS_SITEMAP if site.sitemap else "": (
                feeds.news_sitemap,
                "application/xml",
            ),
            feeds.PAGES_SITEMAP if site.sitemap else "": (
                feeds.pages_sitemap,
                "application/xml",
            ),
        }
        if path == "/robots.txt" and site.robots == "present":
            return _stamped(feeds.robots(view), "text/plain", STATIC_MODIFIED_AT)
        if path in documents:
            build, content_type = documents[path]
            return _stamped(build(view), content_type, newest)
        return _not_found(view)

    def source_toml(self, site: str, base_url: str) -> str:
        """The configuration with which a workspace follows a site.

        Args:
            site: A site's name.
            base_url: Its address without a trailing slash.
        """
        item = self.sites[site]
        feed_paths = [path for path in (item.feed_rss, item.feed_atom) if path]
        entries: dict[str, object] = {
            "name": item.name,
            "kind": item.kind,
            "publisher": item.publisher,
            "country": item.country,
            "audience": list(item.audience),
            "owner": item.owner,
            "languages": list(item.languages),
            "feeds": [base_url + path for path in feed_paths],
            "sitemaps": [base_url + item.sitemap] if item.sitemap else [],
            "listings": [base_url + item.listing] if item.listing else [],
            "allow": list(item.allow),
            "every": item.every,
            "delay_seconds": 0.0,
            "max_pages_per_run": 100,
        }
        lines = [f"{key} = {_toml(value)}" for key, value in entries.items()]
        return "\n".join([*lines, "", "[rights]", f"show = {_toml(item.show)}", ""])


def _toml(value: object) -> str:
    """A string, number or list of strings as TOML (JSON's form is valid there)."""
    return json.dumps(value, ensure_ascii=False)


def _page_number(target: str) -> int:
    value = parse_qs(urlsplit(target).query).get("page", ["1"])[0]
    return int(value) if value.isdecimal() and int(value) > 0 else 1


def _html(site: DemoSite, text: str, modified_at: datetime) -> Response:
    content_type = "text/html"
    if site.charset_declared in {"header", "both"}:
        content_type += f"; charset={site.charset}"
    return _stamped(text.encode(site.charset), content_type, modified_at)


def _stamped(body: bytes, content_type: str, modified_at: datetime) -> Response:
    tag = hashlib.sha256(body).hexdigest()[:16]
    return Response(
        headers={
            "Content-Type": content_type,
            "ETag": f'"{tag}"',
            "Last-Modified": _http_date(modified_at),
            "Cache-Control": "max-age=0, must-revalidate",
        },
        body=body,
    )


def _http_date(moment: datetime) -> str:
    return format_datetime(moment.astimezone(UTC), usegmt=True)


def _not_found(view: pages.View) -> Response:
    answer = _html(view.site, pages.not_found_page(view), STATIC_MODIFIED_AT)
    kept = {"Content-Type": answer.headers["Content-Type"]}
    return Response(status=404, headers=kept, body=answer.body)


def _conditional(request: Request, answer: Response) -> Response:
    """304 where the client's copy is current (RFC 9110 §13.2.2)."""
    tag = answer.headers.get("ETag")
    if answer.status != 200 or tag is None:
        return answer
    if not _is_current(request.headers, tag, answer.headers["Last-Modified"]):
        return answer
    kept = {k: v for k, v in answer.headers.items() if k != "Content-Type"}
    return Response(status=304, headers=kept)


def _is_current(headers: Mapping[str, str], tag: str, modified: str) -> bool:
    wanted = headers.get("if-none-match")
    if wanted is not None:
        tags = [item.strip().removeprefix("W/") for item in wanted.split(",")]
        return tag in tags or "*" in tags
    since = headers.get("if-modified-since")
    if since is None:
        return False
    try:
        known_at = parsedate_to_datetime(since)
    except ValueError:
        return False
    if known_at.tzinfo is None:
        known_at = known_at.replace(tzinfo=UTC)
    return parsedate_to_datetime(modified) <= known_at
