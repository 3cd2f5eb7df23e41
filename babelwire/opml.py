"""Reads OPML, the lists of feeds that feed readers export (opml.org, 2.0). Pure."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from crawler.charsets import decode_text, without_declaration
from crawler.discover import clean
from pipeline.errors import InputError
from pipeline.urls import host_of, url_key

MAX_BYTES = 10 << 20
"""Of a file; the largest public lists of feeds have 1 MB."""

MAX_FEEDS = 2_000
"""Of one file: more than anybody follows. Others are counted and left out."""

MAX_TITLE = 200
"""Code points of a feed's or folder's name."""


@dataclass(frozen=True, kw_only=True)
class Feed:
    """One subscription.

    Attributes:
        url: Of the feed.
        site_url: Of the site, or "".
        title: As the reader named it, or "".
        language: Primary language subtag, or "".
        folders: In which it lies, from the outermost.
    """

    url: str
    site_url: str = ""
    title: str = ""
    language: str = ""
    folders: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Subscriptions:
    """What a file lists.

    Attributes:
        feeds: In their order, each once.
        skipped: How many outlines were left out, by reason in plain words.
    """

    feeds: tuple[Feed, ...]
    skipped: Mapping[str, int]


def read_opml(body: bytes) -> Subscriptions:
    """The feeds of an OPML file.

    Entities are neither expanded nor read, nothing is fetched (C8); a broken file
    gives what could be read.

    Raises:
        InputError: It is no OPML, declares entities, or is too large.
    """
    if len(body) > MAX_BYTES:
        raise InputError(f"larger than {MAX_BYTES >> 20} MiB: no list of feeds is")
    text = without_declaration(decode_text(body, "")).strip()
    if "<!entity" in text.lower():
        raise InputError("declares entities, which no OPML needs; take them out first")
    feeds: dict[str, Feed] = {}
    skipped: Counter[str] = Counter()
    for attributes, folders in _outlines(text):
        if "xmlurl" not in attributes and attributes.get("type") not in {"rss", "atom"}:
            continue  # a folder, or a link to a page
        feed = _feed(attributes, folders)
        if isinstance(feed, str):
            skipped[feed] += 1
        elif url_key(feed.url) in feeds:
            skipped["listed twice"] += 1
        elif len(feeds) >= MAX_FEEDS:
            skipped[f"beyond the {MAX_FEEDS:,} feeds that are taken"] += 1
        else:
            feeds[url_key(feed.url)] = feed
    return Subscriptions(feeds=tuple(feeds.values()), skipped=dict(skipped))


def _outlines(text: str) -> Iterator[tuple[dict[str, str], tuple[str, ...]]]:
    """Each outline's attributes, and the names of those around it."""
    around: list[str] = []
    is_opml = False
    for event, element in _events(text):
        name = _local(element)
        if event == "start" and name == "opml":
            is_opml = True
        elif name == "outline" and event == "start":
            attributes = {key.lower(): value for key, value in element.attrib.items()}
            if is_opml:
                yield attributes, tuple(title for title in around if title)
            around.append(_title(attributes))
        elif name == "outline":
            around.pop()
            element.clear()
    if not is_opml:
        raise InputError("is no OPML: expected a file that begins with <opml")


def _events(text: str) -> Iterator[tuple[str, Any]]:
    from lxml import etree

    events = etree.iterparse(
        io.BytesIO(text.encode("utf-8", "replace")),
        events=("start", "end"),
        recover=True,
        resolve_entities=False,
        load_dtd=False,
        no_network=True,
        remove_comments=True,
        remove_pis=True,
        huge_tree=False,
    )
    with suppress(etree.XMLSyntaxError):  # nothing of it can be read
        yield from events


def _local(element: Any) -> str:
    tag = element.tag
    return tag.rpartition("}")[2].lower() if isinstance(tag, str) else ""


def _feed(attributes: Mapping[str, str], folders: tuple[str, ...]) -> Feed | str:
    """The subscription, or why it is none."""
    url = _http(attributes.get("xmlurl", ""))
    if not url:
        return "without an address"
    problem = _problem(url)
    if problem:
        return problem
    site_url = _http(attributes.get("htmlurl", ""))
    language = attributes.get("language", "").split("-")[0].lower()
    categories = attributes.get("category", "").split(",")
    named = [clean(c.strip(" /").replace("/", " / ")) for c in categories]
    return Feed(
        url=url,
        site_url="" if _problem(site_url) else site_url,
        title=_title(attributes),
        language=language if language.isalpha() and len(language) in {2, 3} else "",
        folders=(*folders, *(name for name in named if name)),
    )


def _http(address: str) -> str:
    """An address without what feed readers put before it."""
    address = address.strip()
    if address.lower().startswith("feed://"):
        return f"http://{address[7:]}"
    return address[5:] if address.lower().startswith("feed:") else address


def _problem(url: str) -> str:
    try:
        host_of(url)
    except ValueError:
        return "with an address that is not http or https"
    parts = urlsplit(url)
    if parts.username is not None or parts.password is not None:
        return "with a password in the address"
    return ""


def _title(attributes: Mapping[str, str]) -> str:
    return clean(attributes.get("title") or attributes.get("text"))[:MAX_TITLE]
