"""The demonstration world's records, read from TOML; nothing here serves anything."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

DATA = Path(__file__).parent
RIGHT_TO_LEFT = frozenset({"ar", "fa"})
UNSPACED = frozenset({"zh"})


@dataclass(frozen=True, kw_only=True)
class Request:
    """What a client asked for."""

    method: str = "GET"
    site: str
    target: str
    """The path with its query."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """Header names in lower case."""
    body: bytes = b""


@dataclass(frozen=True, kw_only=True)
class Response:
    """What it is answered; `Content-Length` is added when it is sent."""

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


@dataclass(frozen=True, kw_only=True)
class DemoLabels:
    """The furniture of a site's pages, in the site's language."""

    menu: tuple[str, ...]
    home: str
    related: str
    share: str
    comments: str
    consent: str
    accept: str
    newsletter: str
    subscribe: str
    search: str
    next_page: str
    legal: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class DemoComment:
    """A reader's comment below an article."""

    author: str
    text: str


@dataclass(frozen=True, kw_only=True)
class DemoPage:
    """A page that is no article: about, missing (with status 200) or private."""

    path: str
    title: str
    text: str
    role: str = "about"
    """`about`, `missing` (a soft 404) or `private` (disallowed by robots.txt)."""
    listed: bool = False
    """Whether the site's listing links to it as if it were an article."""


@dataclass(frozen=True, kw_only=True)
class DemoSite:
    """A publication: who publishes it and how its host behaves."""

    name: str
    title: str
    kind: str
    publisher: str
    country: str
    owner: str
    languages: tuple[str, ...]
    template: str
    allow: tuple[str, ...]
    labels: DemoLabels
    audience: tuple[str, ...] = ()
    charset: str = "utf-8"
    charset_declared: str = "both"
    """Where the charset is declared: `header`, `meta` or `both`."""
    date_precision: str = "minute"
    """`minute`, or `day` where the pages show a date alone."""
    feed_rss: str = ""
    feed_atom: str = ""
    sitemap: str = ""
    listing: str = ""
    listing_size: int = 2
    every: str = "15m"
    robots: str = "present"
    """`present`, or `missing` (robots.txt answers 404)."""
    disallow: tuple[str, ...] = ()
    crawl_delay: float | None = None
    show: str = "full"
    comments: tuple[DemoComment, ...] = ()
    pages: tuple[DemoPage, ...] = ()

    @property
    def language(self) -> str:
        """The language of the site's furniture."""
        return self.languages[0]


@dataclass(frozen=True, kw_only=True)
class DemoChange:
    """One paragraph's text from the second edition on."""

    updated_at: datetime
    paragraph: int
    sentences: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class DemoArticle:
    """An article: its true text and the peculiarities of its page."""

    site: str
    slug: str
    path: str
    language: str
    title: str
    description: str
    section: str
    author: str
    published_at: datetime
    paragraphs: tuple[tuple[str, ...], ...]
    updated_at: datetime | None = None
    forum: bool = False
    no_date: bool = False
    """Nothing on the page tells when it was published (its feed does)."""
    declared_language: str = ""
    """A wrong language that the page declares, or empty."""
    redirect_from: str = ""
    """The path that the endpoints link to; it redirects to `path`."""
    tracking: str = ""
    """Parameters that the feed appends to the address."""
    wire: str = ""
    """The name of an agency text that several sites carry with small edits."""
    quoted_paragraph: int | None = None
    """The paragraph that is in another language than the rest."""
    change: DemoChange | None = None

    @property
    def id(self) -> str:
        """`site/slug`, unique in the world."""
        return f"{self.site}/{self.slug}"

    @property
    def special(self) -> frozenset[str]:
        """Names of the peculiarities that this article has."""
        found = {
            "no_date": self.no_date,
            "wrong_language": bool(self.declared_language),
            "mixed": self.quoted_paragraph is not None,
            "redirect": bool(self.redirect_from),
            "tracking": bool(self.tracking),
            "wire": bool(self.wire),
            "changes": self.change is not None,
        }
        return frozenset(name for name, holds in found.items() if holds)

    @property
    def linked_path(self) -> str:
        """The path under which the site's endpoints list the article."""
        return self.redirect_from or self.path

    def paragraphs_in(self, edition: int) -> tuple[tuple[str, ...], ...]:
        """The paragraphs, each a tuple of sentences, as of an edition."""
        if self.change is None or edition < 2:
            return self.paragraphs
        texts = list(self.paragraphs)
        texts[self.change.paragraph] = self.change.sentences
        return tuple(texts)

    def text_in(self, edition: int) -> str:
        """The article's text, a line for each paragraph."""
        space = "" if self.language.split("-")[0] in UNSPACED else " "
        return "\n".join(space.join(p) for p in self.paragraphs_in(edition))

    def modified_at(self, edition: int) -> datetime:
        """When the page last changed, as of an edition."""
        if self.change is not None and edition >= 2:
            return self.change.updated_at
        return self.updated_at or self.published_at


@dataclass(frozen=True, kw_only=True)
class DemoQuery:
    """A query with the ids of the articles that answer it."""

    text: str
    language: str
    right: tuple[str, ...]
    note: str = ""


def load_sites() -> dict[str, DemoSite]:
    """All publications by name, in alphabetical order."""
    files = sorted((DATA / "sites").glob("*.toml"))
    return {site.name: site for site in map(_site, files)}


def load_articles() -> tuple[DemoArticle, ...]:
    """All articles, ordered by id."""
    files = (DATA / "articles").glob("*/*.toml")
    return tuple(sorted(map(_article, files), key=lambda article: article.id))


def load_queries() -> tuple[DemoQuery, ...]:
    """The judged queries, in the file's order."""
    table = _read(DATA / "queries.toml")
    return tuple(DemoQuery(**_tuples(row)) for row in table["query"])


def _read(path: Path) -> dict[str, Any]:
    return tomllib.loads(path.read_text(encoding="utf-8"))


def _site(path: Path) -> DemoSite:
    table = _read(path)
    table["labels"] = DemoLabels(**_tuples(table["labels"]))
    table["comments"] = [DemoComment(**row) for row in table.get("comments", [])]
    table["pages"] = [DemoPage(**row) for row in table.get("pages", [])]
    return DemoSite(**_tuples(table))


def _article(path: Path) -> DemoArticle:
    table = _read(path)
    table["published_at"] = table.pop("published")
    table["updated_at"] = table.pop("updated", None)
    table["paragraphs"] = [tuple(sentences) for sentences in table["paragraphs"]]
    if "change" in table:
        change = table["change"]
        change["updated_at"] = change.pop("updated")
        table["change"] = DemoChange(**_tuples(change))
    return DemoArticle(**_tuples(table))


def _tuples(table: Mapping[str, Any]) -> dict[str, Any]:
    return {
        key: tuple(value) if isinstance(value, list) else value
        for key, value in table.items()
    }
