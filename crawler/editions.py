"""A site's editions in other languages, as its front page leads to them. Pure."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from crawler.discover import clean
from crawler.listings import urljoin_safely
from pipeline.urls import url_key

MAX_EDITIONS = 60
"""The largest broadcasters have some fifty; a page that lists more lists countries."""

MAX_NAME_CHARACTERS = 30

_TAG = re.compile(r"(?!x-)[A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8}){0,2}")
_CODE = re.compile(r"[A-Za-z]{2,3}")


@dataclass(frozen=True, kw_only=True)
class Edition:
    """An edition.

    Attributes:
        language: BCP 47, as the site names it.
        url: Of its front page.
    """

    language: str
    url: str


def find_editions(tree: Any, url: str, language: str) -> tuple[Edition, ...]:
    """Editions that a front page declares (`hreflang`) or has links to.

    Args:
        tree: Of the page.
        url: Of the page.
        language: Of the page, which is left out; "" where it is not known.
    """
    own = {_key(url)}
    found: dict[str, Edition] = {}
    for tag, href in (*_declared(tree), *_linked(tree)):
        address = urljoin_safely(url, href).split("#")[0]
        key = _key(address)
        if not key or key in own or _base(tag) == _base(language):
            continue
        if tag not in {edition.language for edition in found.values()}:
            found.setdefault(key, Edition(language=tag, url=address))
    return tuple(found.values())[:MAX_EDITIONS]


def _declared(tree: Any) -> Iterator[tuple[str, str]]:
    for link in tree.iterfind(".//link[@hreflang]"):
        tag = (link.get("hreflang") or "").strip().replace("_", "-")
        is_other = "alternate" in (link.get("rel") or "").lower().split()
        if is_other and _TAG.fullmatch(tag):
            yield tag, link.get("href") or ""


def _linked(tree: Any) -> Iterator[tuple[str, str]]:
    for link in tree.iter("a"):
        href = link.get("href") or ""
        tag = _called(link, href) if href else ""
        if tag:
            yield tag, href


def _called(link: Any, href: str) -> str:
    """The language that a link names: by its own name, or by a code in both places."""
    names, codes = _names()
    told = (clean(link.text_content()), clean(link.get("title")))
    for text in told:
        if len(text) <= MAX_NAME_CHARACTERS and text.casefold() in names:
            return names[text.casefold()]
    text = told[0].casefold()
    if _CODE.fullmatch(text) and text in _codes_in(href):
        return codes.get(text, text if text in set(names.values()) else "")
    return ""


def _codes_in(href: str) -> set[str]:
    """What an address may name a language by: `ar.e.org`, `/ar/`, `?lang=ar`."""
    try:
        parts = urlsplit(href)
        host = parts.hostname or ""
    except ValueError:
        return set()
    values = [value for _, value in parse_qsl(parts.query)]
    named = [*host.split(".")[:-1], *parts.path.split("/"), *values]
    return {name.casefold() for name in named}


def _key(url: str) -> str:
    try:
        return url_key(url)
    except ValueError:
        return ""


def _base(tag: str) -> str:
    return tag.split("-")[0].lower() if tag else "und"


@cache
def _names() -> tuple[Mapping[str, str], Mapping[str, str]]:
    text = files("crawler").joinpath("language_names.toml").read_text("utf-8")
    found = tomllib.loads(text)
    by_tag = found["names"].items()
    names = {name.casefold(): tag for tag, listed in by_tag for name in listed}
    return names, found["codes"]
