"""Writes and edits a source's TOML file, comments and all."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import tomlkit

from pipeline.errors import SourceError
from pipeline.settings import read_toml
from pipeline.sources import NAME_PATTERN, SHOW_BY_KIND, read_source

_TEMPLATE = """\
{comments}{verified}name = {name}
kind = {kind}  # news | official
publisher = {publisher}
country = {country}  # where the publisher is, e.g. "VN"
audience = []  # countries it addresses, e.g. of an edition for abroad
owner = ""  # who stands behind it
languages = {languages}  # a hint only

# Where new articles are announced.
feeds = {feeds}
sitemaps = {sitemaps}
listings = {listings}

# What is older, read only by "babelwire crawl {plain_name} --since 2024-06-01": further
# sitemaps and lists; or pages by date, each once, with {{year}}, {{month:02}} and
# {{day:02}}, or {{date}}, in the address.
{archive_comment}archives = {archives}

# Further hosts of the site; those of the addresses above belong to it anyway.
hosts = {hosts}
# Regular expressions on the path: what is an article. Empty: every entry.
allow = {allow}

# How often it is visited: "30m" always, "10m..2h" between the two, as often as each
# address was seen to bring something new.
every = "10m..2h"
delay_seconds = {delay_seconds}  # between two requests to one host
max_pages_per_run = 500

# Zone of times on its pages that name none, e.g. "Asia/Ho_Chi_Minh"; "" is UTC.
# timezone = ""

# By which way out: "direct" without a proxy, or a name of [network.egress].
# egress = "direct"
# Hosts whose certificate is not checked: expired for good, or of another host. Anybody
# on the way can then change what they say.
# unverified_hosts = ["www.example.org"]
# Its pages show their text only where scripts run: a browser fetches articles and
# listings (pip install "babelwire[browser]", and Chromium).
# browser = true

# A list that only a "load more" button asks for, as JSON; paths are joined by dots.
# [[json_listings]]
# url = "https://www.example.org/api/news?page={{page}}"
# items = "data.items"  # where the list is; "" where the answer is the list
# link = "url"  # of an item; or "https://www.example.org/news/{{slug}}"
# title = "title"
# published = "published_at"
# pages = 3  # in one visit; "crawl --since" reads on

{selectors}
[rights]  # what may leave the desk; the link always does
show = {show}  # full | excerpt | headline
excerpt_characters = 300  # of the text, and of its translation (50 to 5000)
notice = ""  # goes with whatever leaves, e.g. "© Example News"
pass_on_days = 0  # after so many days only headlines leave; 0: no limit
"""


_NO_SELECTORS = """\
# CSS selectors that win over the extractor, where it fails on this site.
# [selectors]
# title = "h1.headline"
# text = "div.article-body"
# published = "time.published"
"""

_NOT_VERIFIED = """\
# Nobody has looked at this site yet: "babelwire source test {name}".
verified = false

"""


@dataclass(frozen=True, kw_only=True)
class ProposedSelector:
    """A selector that was tried on sample articles.

    Attributes:
        key: Of `[selectors]`.
        css: The selector.
        why: What it was seen to do, in one line.
        is_needed: Without it the extractor fails; otherwise it is written as a
            comment, for people to judge.
    """

    key: str
    css: str
    why: str
    is_needed: bool


@dataclass(frozen=True, kw_only=True)
class SourceDraft:
    """What was found out of a site, before it is written.

    Attributes:
        archives: Read only back to a date.
        archive_comment: What is known of them, in one line.
        selectors: Proposed, needed or not.
        comments: Lines at the top of the file.
        verified: Whether anybody has looked at the site.
    """

    name: str
    kind: str
    publisher: str
    country: str
    languages: tuple[str, ...]
    feeds: tuple[str, ...]
    sitemaps: tuple[str, ...]
    listings: tuple[str, ...]
    hosts: tuple[str, ...]
    allow: tuple[str, ...]
    delay_seconds: float
    archives: tuple[str, ...] = ()
    archive_comment: str = ""
    selectors: tuple[ProposedSelector, ...] = ()
    comments: tuple[str, ...] = ()
    verified: bool = True


def name_from(url: str) -> str:
    """A source's name from its address.

    >>> name_from("https://www.example.co.uk/news"), name_from("http://127.0.0.1:80")
    ('example-co-uk', '127-0-0-1')
    """
    host = (urlsplit(url).hostname or "source").removeprefix("www.")
    slug = re.sub(r"[^a-z0-9]+", "-", host.encode("idna").decode().lower())
    return slug.strip("-")[:64] or "source"


def draft_text(draft: SourceDraft) -> str:
    """The annotated TOML of a draft."""
    return _TEMPLATE.format(
        comments=_comments(draft.comments),
        verified="" if draft.verified else _NOT_VERIFIED.format(name=draft.name),
        plain_name=draft.name,
        archive_comment=_comments([draft.archive_comment]),
        archives=_list(draft.archives),
        selectors=_selectors(draft.selectors),
        name=_quoted(draft.name),
        kind=_quoted(draft.kind),
        publisher=_quoted(draft.publisher),
        country=_quoted(draft.country),
        languages=_list(draft.languages),
        feeds=_list(draft.feeds),
        sitemaps=_list(draft.sitemaps),
        listings=_list(draft.listings),
        hosts=_list(draft.hosts),
        allow=_list(draft.allow),
        delay_seconds=f"{draft.delay_seconds:g}",
        show=_quoted(SHOW_BY_KIND[draft.kind]),
    )


def _comments(lines: Iterable[str]) -> str:
    # A line break in one would begin a line of the file's own.
    shown = (" ".join(line.split()) for line in lines)
    safe = ("".join(c for c in line if c.isprintable()) for line in shown)
    return "".join(f"# {line}\n" for line in safe if line)


def _selectors(proposed: Sequence[ProposedSelector]) -> str:
    if not proposed:
        return _NO_SELECTORS
    is_needed = any(one.is_needed for one in proposed)
    lines = ["# CSS selectors that win over the extractor.\n"]
    lines.append("[selectors]\n" if is_needed else "# [selectors]\n")
    for one in proposed:
        why = " ".join(one.why.split())
        mark = "" if one.is_needed else "# "
        lines.append(f"{mark}{one.key} = {_quoted(one.css)}  # {why}\n")
    return "".join(lines)


def write_source(folder: Path, name: str, text: str) -> Path:
    """Writes a source's file and checks that it is valid.

    Raises:
        SourceError: The name could lead elsewhere (W8), or the text is no valid
            source; nothing is left behind.
    """
    if NAME_PATTERN.fullmatch(name) is None:
        raise SourceError(
            f'name: found "{name}", expected lower-case letters, digits and hyphens'
        )
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.toml"
    path.write_text(text, encoding="utf-8")
    try:
        read_source(path)
    except BaseException:
        path.unlink()
        raise
    return path


def set_value(path: Path, key: str, value: bool | str) -> None:
    """Sets one key of a TOML file; comments and order stay.

    Args:
        path: Of the file.
        key: At the top, or `table.key`.
        value: The new one.
    """
    read_toml(path)  # says what is wrong with a broken file
    document = tomlkit.parse(path.read_text(encoding="utf-8"))
    table, _, name = key.rpartition(".")
    if table:
        document.setdefault(table, tomlkit.table())[name] = value
    else:
        _set_at_top(document, name, value)
    part = path.with_name(f".{path.name}.part")
    part.write_text(tomlkit.dumps(document), encoding="utf-8")
    part.replace(path)


def _set_at_top(document: tomlkit.TOMLDocument, key: str, value: bool | str) -> None:
    """A new key must stand before the first table."""
    if key in document:
        document[key] = value
    else:
        document.body.insert(0, (tomlkit.key(key), tomlkit.item(value)))


def _quoted(text: str) -> str:
    return tomlkit.string(text).as_string()


def _list(values: Sequence[str]) -> str:
    if not values:
        return "[]"
    if len(values) == 1:
        return f"[{_quoted(values[0])}]"
    return "[\n" + "".join(f"    {_quoted(value)},\n" for value in values) + "]"
