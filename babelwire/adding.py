"""`source add`: a site's feeds and sitemaps become a source's file."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

from babelwire.balance import plain_reason
from babelwire.probing import probe_events
from babelwire.sourcefile import (
    SourceDraft,
    draft_text,
    name_from,
    set_value,
    write_source,
)
from babelwire.terminal import note, one_line, say, table
from pipeline.errors import ConfigError, InputError, SourceError
from pipeline.urls import host_of

if TYPE_CHECKING:
    from babelwire.workspace import Workspace


@dataclass(frozen=True, kw_only=True)
class Wishes:
    """What was asked for on the command line."""

    name: str | None
    kind: str
    publisher: str | None
    country: str
    ask: bool


def add_from_catalogue(workspace: Workspace, name: str) -> None:
    """Copies a packaged source into the workspace.

    Raises:
        SourceError: There is none of that name, or the workspace has it.
    """
    from babelwire.catalogue import packaged_sources, packaged_text

    if name not in packaged_sources():
        raise SourceError(
            f'no source "{name}" in the catalogue; see "babelwire source catalogue", '
            "or give the site's URL"
        )
    _refuse_existing(workspace, name)
    path = write_source(workspace.sources_folder, name, packaged_text(name))
    say(f"Added {name}: {path}")


def add_site(
    workspace: Workspace, url: str, wishes: Wishes, contact: str | None
) -> int:
    """Looks at a site, shows what it found, and writes the source's file.

    Returns:
        0, or 1 when the site offers nothing to follow.

    Raises:
        InputError: Not a URL.
        ConfigError: The contact is missing.
        SourceError: There is a source of that name already.
    """
    try:
        host_of(url)
    except ValueError as error:
        raise InputError(f'found "{url}", {error}') from error
    name = wishes.name or name_from(url)
    _refuse_existing(workspace, name)
    found = _look(workspace, url, _contact(workspace, url, contact, wishes))
    if not found["endpoints"]:
        _say_nothing_found(url, found)
        return 1
    draft = draft_source(name, wishes, found)
    _show(draft, found)
    if wishes.ask and sys.stdin.isatty():
        click.confirm("Write this source?", default=True, abort=True)
    path = write_source(workspace.sources_folder, name, draft_text(draft))
    say(f"Wrote {path}")
    say(f"Next: babelwire source test {name}, then babelwire run {name}")
    return 0


def _refuse_existing(workspace: Workspace, name: str) -> None:
    if (workspace.sources_folder / f"{name}.toml").exists():
        raise SourceError(
            f"{workspace.sources_folder / name}.toml: there is such a source already; "
            "remove it, or choose another --name"
        )


def _contact(
    workspace: Workspace, url: str, contact: str | None, wishes: Wishes
) -> str:
    """The contact from the config; asked for once where it is missing."""
    from crawler.job import contact_problem

    config = workspace.config.crawl
    known = contact or config.contact
    is_missing = bool(contact_problem([url], known, config.allow_networks))
    if is_missing and not known and wishes.ask and sys.stdin.isatty():
        known = click.prompt("Your address or page for site owners")
    problem = contact_problem([url], known, config.allow_networks)
    if problem:
        raise ConfigError(f"{workspace.root / 'babelwire.toml'}: {problem}")
    if known != config.contact:
        set_value(workspace.root / "babelwire.toml", "crawl.contact", known)
    return known


def _look(workspace: Workspace, url: str, contact: str) -> dict[str, Any]:
    from crawler.job import ProbeJob

    say(f"Looking at {url} …")
    job = ProbeJob(
        url=url,
        contact=contact,
        allow_networks=workspace.config.crawl.allow_networks,
        database_url=workspace.database_url,
    )
    for event in probe_events(job):
        if event["event"] == "probe":
            return event
    raise InputError(f"{url}: the look at the site ended without a result")


def _say_nothing_found(url: str, found: dict[str, Any]) -> None:
    reason = found["site"].get("reason")
    if reason:
        note(f"{url}: {plain_reason(reason)}")
    note(
        f"{url}: no feed, sitemap or list of articles found; give the address of a "
        "feed itself, or write the source's file by hand"
    )


def draft_source(name: str, wishes: Wishes, found: dict[str, Any]) -> SourceDraft:
    """The settings that are proposed for what was found at an address."""
    endpoints = found["endpoints"]
    chosen = {
        kind: tuple(e["url"] for e in endpoints if e["kind"] == kind)
        for kind in ("feed", "sitemap", "listing")
    }
    # A feed has the news; a sitemap beside it mostly the whole archive.
    sitemaps = chosen["sitemap"] if not chosen["feed"] else ()
    urls = chosen["feed"] + sitemaps + chosen["listing"]
    own = {host_of(url) for url in urls}
    language = found["site"].get("language", "")
    return SourceDraft(
        name=name,
        kind=wishes.kind,
        publisher=wishes.publisher or found["site"].get("name") or name,
        country=wishes.country.upper(),
        languages=(language.split("-")[0].lower(),) if language else (),
        feeds=chosen["feed"],
        sitemaps=sitemaps,
        listings=chosen["listing"],
        hosts=tuple(host for host in found["hosts"] if host not in own),
        # What a feed lists are articles; of a page's links only some are.
        allow=() if chosen["feed"] else tuple(found["allow"]),
        delay_seconds=found["delay_seconds"],
    )


def _show(draft: SourceDraft, found: dict[str, Any]) -> None:
    say(f"{one_line(draft.publisher)}:")
    for endpoint in found["endpoints"]:
        newest = f", newest {endpoint['newest'][:10]}" if endpoint["newest"] else ""
        say(
            one_line(
                f"  {endpoint['kind']}: {endpoint['url']} "
                f"({endpoint['entries']} entries{newest})"
            )
        )
    if draft.allow:
        say(one_line(f"  articles: paths like {', '.join(draft.allow)}"))
    table(
        ["published (UTC)", "headline"],
        [
            [_day(sample["published_at"]), one_line(sample["title"] or sample["url"])]
            for sample in found["samples"]
        ],
    )


def _day(moment: str | None) -> str:
    return f"{datetime.fromisoformat(moment):%Y-%m-%d %H:%M}" if moment else ""
