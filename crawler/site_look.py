"""Looks at a site that nobody has described yet: what it offers to be followed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, replace
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urljoin, urlsplit

from crawler.asking import Asker
from crawler.clock import Clock
from crawler.discover import Entry, clean
from crawler.editions import Edition, find_editions
from crawler.endpoint_trial import EndpointTrial
from crawler.fetching import Answer
from crawler.listings import parse_html, urljoin_safely
from crawler.patterns import fitting, learn_patterns
from crawler.robots import origin_of
from crawler.tried import Tried
from pipeline.archives import archive_pages, template_of
from pipeline.urls import host_of, url_key

FEED_PATHS = ("/rss", "/feed", "/rss.xml", "/feed.xml", "/atom.xml", "/index.xml")
SITEMAP_PATHS = ("/sitemap.xml", "/news-sitemap.xml", "/sitemap_index.xml")
"""Where sites without a link to them most often have them."""

FEED_TYPES = ("rss", "atom", "feed+json")
"""In the `type` of `<link rel=alternate>`."""

MAX_CANDIDATES = 6
MAX_SITEMAPS = 3

OLDER_BY = timedelta(days=1)
"""An archive that goes back no further than that beyond the feed is the feed's."""

LOOK_BACK = timedelta(days=365)
"""How far back a page of an archive by date is asked for, to see whether it exists."""

MIN_ARCHIVE_LINKS = 3
"""Articles that such a page must have; fewer are a page's "most read"."""


class SiteLook:
    """One look at one site."""

    def __init__(
        self, asker: Asker, endpoints: EndpointTrial, clock: Clock, url: str
    ) -> None:
        """Takes its parts.

        Args:
            asker: Makes the requests.
            endpoints: Tries feeds, sitemaps and lists.
            clock: Says what a year ago is.
            url: Of the site, or of one of its feeds.
        """
        self._asker = asker
        self._endpoints = endpoints
        self._clock = clock
        self._site: dict[str, str] = {"url": url, "name": "", "language": ""}
        self._editions: tuple[Edition, ...] = ()
        self._dated: list[str] = []
        self._archive: dict[str, Any] | None = None

    async def run(self) -> None:
        """Looks around; what is found is kept as it is found."""
        answer = await self._asker.ask(self._site["url"])
        self._site |= {"url": answer.url, "reason": answer.reason}
        if answer.reason or answer.status != 200:
            self._site["reason"] = answer.reason or f"http_{answer.status}"
            return
        if self._is_endpoint(answer):
            return
        tree = parse_html(answer.body, answer.content_type)
        feeds = [] if tree is None else self._describe(tree, answer.url)
        await self._try_feeds(feeds, answer.url)
        await self._try_sitemaps(answer.url)
        self._try_listing(answer)
        await self._try_dates()

    def articles(self) -> list[Entry]:
        """What look like articles, the newest endpoints' first ones first."""
        samples = self.samples()
        learned = learn_patterns(entry.url for entry in samples)
        return [e for e in samples if not learned or fitting([e.url], learned)]

    def samples(self) -> list[Entry]:
        """What the site announces; of a page's links those that look like articles."""
        kinds = {tried.kind for tried in self._working()}
        if "feed" in kinds:  # the others are not followed beside it
            return self._endpoints.samples(None, ("feed",))
        samples = self._endpoints.samples(None)
        if kinds <= {"listing"}:
            return [entry for entry in samples if _looks_like_article(entry.url)]
        return samples

    def result(self) -> dict[str, Any]:
        """For the event."""
        tried = list(self._endpoints.tried.values())
        working = self._working()
        samples = self.samples()
        learned = learn_patterns(entry.url for entry in samples)
        self._site["name"] = self._site["name"] or _first(t.title for t in tried)
        self._site["language"] = self._site["language"] or _first(
            t.language for t in tried
        )
        return {
            "site": self._site,
            "endpoints": [t.as_mapping() for t in working],
            "failed": [t.as_mapping() for t in tried if t not in working],
            "in_scope": len(samples),
            "hosts": sorted({host_of(entry.url) for entry in samples}),
            "allow": list(learned),
            "fitting": fitting([entry.url for entry in samples], learned),
            "archive": self._older(working),
            "editions": [asdict(edition) for edition in self._editions],
        }

    # --- What the front page says --------------------------------------------

    def _is_endpoint(self, answer: Answer) -> bool:
        for kind in ("feed", "sitemap"):
            reading = self._endpoints.read(kind, answer)
            if reading.entries or reading.children:
                self._endpoints.keep(kind, answer.url, reading)
                return True
        return False

    def _describe(self, tree: Any, url: str) -> list[str]:
        named = tree.xpath("string(//meta[@property='og:site_name']/@content)")
        language = clean(tree.get("lang") or "")[:35]
        self._site |= {
            "name": clean(named or tree.findtext(".//title") or ""),
            "language": language,
        }
        self._editions = find_editions(tree, url, language)
        links = [urljoin_safely(url, a.get("href") or "") for a in tree.iter("a")]
        self._dated = _distinct(template_of(link) for link in links)
        declared = [
            urljoin_safely(url, link.get("href") or "")
            for link in tree.iter("link")
            if "alternate" in (link.get("rel") or "").lower().split()
            and any(t in (link.get("type") or "").lower() for t in FEED_TYPES)
        ]
        feeds = [*declared, *(link for link in links if _looks_like_feed(link))]
        return [feed for feed in _distinct(feeds) if not _is_of_comments(feed)][
            :MAX_CANDIDATES
        ]

    # --- What it leads to ----------------------------------------------------

    async def _try_feeds(self, feeds: Sequence[str], url: str) -> None:
        for feed in feeds or [urljoin(url, path) for path in FEED_PATHS]:
            tried = await self._endpoints.attempt("feed", feed)
            if not feeds and tried is not None and not tried.problem:
                return  # one guess that is right is enough
        self._leave_doubles()

    def _leave_doubles(self) -> None:
        """RSS and Atom of the same articles: the first will do."""
        seen: list[frozenset[str]] = []
        for url, tried in self._endpoints.tried.items():
            keys = frozenset(_keys(tried.entries))
            if keys and any(keys <= other for other in seen):
                problem = "lists_nothing_that_another_does_not"
                double = replace(tried, entries=(), problem=problem)
                self._endpoints.tried[url] = double
            elif keys:
                seen.append(keys)

    async def _try_sitemaps(self, url: str) -> None:
        policy = self._asker.policies.get(origin_of(url))
        named = list(policy.sitemaps)[:MAX_SITEMAPS] if policy else []
        for sitemap in named or [urljoin(url, path) for path in SITEMAP_PATHS]:
            address = urljoin(url, sitemap)
            tried = await self._endpoints.attempt("sitemap", address, back=True)
            if not named and tried is not None and not tried.problem:
                return

    def _try_listing(self, answer: Answer) -> None:
        if not any(not tried.problem for tried in self._endpoints.tried.values()):
            reading = self._endpoints.read("listing", answer)
            self._endpoints.keep("listing", answer.url, reading)

    # --- What is older -------------------------------------------------------

    async def _try_dates(self) -> None:
        """Asks for one page of an archive by date, a year ago."""
        past = self._clock.now() - LOOK_BACK
        for template in self._dated[:1]:
            (page, *_) = archive_pages(template, past.date(), past.date())
            answer = await self._asker.ask(page.url)
            if answer.status != 200 or answer.reason or answer.url != page.url:
                return
            reading = self._endpoints.read("listing", answer)
            links = {e.url for e in reading.entries if _looks_like_article(e.url)}
            if len(links) >= MIN_ARCHIVE_LINKS:
                at = datetime.combine(past.date(), datetime.min.time(), past.tzinfo)
                self._archive = self._told("listing", template, at, sorted(links))

    def _older(self, working: Sequence[Tried]) -> dict[str, Any] | None:
        """What goes back further than the feeds, so that it can be fetched."""
        feeds = [tried for tried in working if tried.kind == "feed"]
        if not feeds:
            return None  # then what there is is visited anyway
        known = sorted(moment for feed in feeds for moment in feed.moments())
        found = [self._sitemap(t) for t in working if t.kind == "sitemap"]
        if self._archive is not None:
            found.append(self._archive)
        told = [one for one in found if one is not None]
        first = min(told, key=lambda one: one["oldest"], default=None)
        if first is None or not known:
            return first
        # Some feeds keep an old item or two on top.
        limit = (known[len(known) // 10] - OLDER_BY).isoformat()
        return first if first["oldest"] < limit else None

    def _sitemap(self, tried: Tried) -> dict[str, Any] | None:
        entries = (*tried.entries, *tried.older)
        urls = [entry.url for entry in entries]
        learned = learn_patterns([*self._announced(), *urls])
        moments = [
            entry.dated_at
            for entry in entries
            if entry.dated_at is not None
            and (not learned or fitting([entry.url], learned))
        ]
        return self._told("sitemap", tried.url, min(moments), urls) if moments else None

    def _told(
        self, kind: str, url: str, oldest: datetime, urls: Sequence[str]
    ) -> dict[str, Any]:
        """An archive, and which of its addresses would be articles.

        By patterns that leave out nothing that the feeds announce; none where there are
        no such.
        """
        announced = self._announced()
        learned = learn_patterns([*announced, *urls])
        fits = fitting(announced, learned) == len(announced)
        return {
            "kind": kind,
            "url": url,
            "oldest": oldest.isoformat(),
            "allow": list(learned) if fits else [],
        }

    def _announced(self) -> list[str]:
        return [entry.url for entry in self._endpoints.samples(None, ("feed",))]

    def _working(self) -> list[Tried]:
        return [tried for tried in self._endpoints.tried.values() if tried.works]


def _keys(entries: Iterable[Entry]) -> Iterable[str]:
    for entry in entries:
        try:
            yield url_key(entry.url)
        except ValueError:
            continue


def _looks_like_feed(url: str) -> bool:
    path = urlsplit(url).path.lower()
    return path.endswith((".rss", ".atom", "/rss", "/feed", "/feed/", "/rss.xml"))


def _is_of_comments(url: str) -> bool:
    return "/comments/" in urlsplit(url).path.lower()


def _looks_like_article(url: str) -> bool:
    """Of a link on a listing page: sections have short names, articles do not."""
    last = urlsplit(url).path.rstrip("/").rpartition("/")[2]
    return len(last) >= 8 and ("-" in last or any(c.isdigit() for c in last))


def _distinct(urls: Iterable[str]) -> list[str]:
    return [url for url in dict.fromkeys(urls) if url]


def _first(texts: Iterable[str]) -> str:
    return next((text for text in texts if text), "")
