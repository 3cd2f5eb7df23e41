"""Lists that a "load more" button asks for: a site's JSON instead of a page.

No I/O. A source's file has a small rule for each; `crawler.json_listings` reads them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated

from annotated_types import Ge, Le, MinLen

from pipeline.errors import ConfigError
from pipeline.urls import host_of

PAGE = "{page}"

_PATH = re.compile(r"[^.{}\s]+(\.[^.{}\s]+)*")
_TEMPLATE = re.compile(r"https?://[^/{}]+/")
_FIELD = re.compile(r"\{([^{}]+)\}")


@dataclass(frozen=True, kw_only=True)
class JsonListing:
    """One list, page by page.

    Attributes:
        url: Address of a page; `{page}` in it stands for the page's number. Without it
            there is one page.
        items: Path to the list inside the document, names joined by dots; "" where the
            document is the list.
        link: Path to the article's address inside an item, relative or not; or an
            address with paths in braces: `https://e.org/news/{slug}`.
        title: Path to the headline; "" for none. Likewise `published`, a moment as ISO
            8601 or as seconds or milliseconds since 1970.
        first_page: What the first page is called: 1, 0, or an offset.
        step: From one page's number to the next: more than 1 for offsets.
        pages: So many are read in a run at most; with `crawl --since` as many as it
            takes.
    """

    url: Annotated[str, MinLen(1)]
    link: Annotated[str, MinLen(1)]
    items: str = ""
    title: str = ""
    published: str = ""
    first_page: Annotated[int, Ge(0), Le(1_000_000)] = 1
    step: Annotated[int, Ge(1), Le(1_000)] = 1
    pages: Annotated[int, Ge(1), Le(100)] = 1

    def __post_init__(self) -> None:
        """Refuses what no page could be asked for with.

        Raises:
            ConfigError: Names the key and what was expected.
        """
        try:
            host_of(self.first_url)
        except ValueError as error:
            raise ConfigError(
                f'json_listings.url: found "{self.url}", {error}; expected e.g. '
                '"https://example.org/api/news?page={page}"'
            ) from error
        if self.pages > 1 and PAGE not in self.url:
            raise ConfigError(
                f"json_listings.pages: does nothing, the url has no {PAGE} in it"
            )
        for key in ("items", "title", "published"):
            _check_path(key, getattr(self, key))
        if "{" not in self.link:
            _check_path("link", self.link)
        elif not _TEMPLATE.match(self.link):
            raise ConfigError(
                f'json_listings.link: found "{self.link}", expected a path, or an '
                'address such as "https://example.org/news/{slug}"'
            )

    @property
    def first_url(self) -> str:
        """Of the page that every run begins with."""
        return self.page_url(self.first_page)

    def page_url(self, number: int) -> str:
        """Of the page with this number.

        >>> JsonListing(url="https://e.org/a?p={page}", link="url").page_url(3)
        'https://e.org/a?p=3'
        """
        return self.url.replace(PAGE, str(number))

    def page_number(self, url: str) -> int | None:
        """Which page an address is; None where it is none of this list.

        >>> JsonListing(url="https://e.org/a?p={page}", link="u").page_number(
        ...     "https://e.org/a?p=3")
        3
        """
        head, found, tail = self.url.partition(PAGE)
        if not found:
            return self.first_page if url == self.url else None
        number = url.removeprefix(head).removesuffix(tail)
        if url != f"{head}{number}{tail}" or not re.fullmatch(r"\d{1,9}", number):
            return None
        return int(number)

    def next_url(self, url: str) -> str:
        """Of the page after this one; "" where there is none."""
        number = self.page_number(url)
        if number is None or PAGE not in self.url:
            return ""
        return self.page_url(number + self.step)

    def link_fields(self) -> Iterable[str]:
        """The paths inside `link`, where it is an address with braces.

        >>> JsonListing(url="https://e.org/a", link="https://e.org/{id}").link_fields()
        ['id']
        """
        return _FIELD.findall(self.link)


def listing_of(rules: Iterable[JsonListing], url: str) -> JsonListing | None:
    """The rule that an address is a page of."""
    return next((rule for rule in rules if rule.page_number(url) is not None), None)


def _check_path(key: str, path: str) -> None:
    if path and not _PATH.fullmatch(path):
        raise ConfigError(
            f'json_listings.{key}: found "{path}", expected names joined by dots, such '
            'as "data.items"'
        )
