"""`source add`: a site's feeds and sitemaps become a source's file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

from babelwire.asking import agreed, check_can_ask
from babelwire.balance import plain_reason
from babelwire.network import egress_of
from babelwire.probing import probe_events
from babelwire.sourcefile import (
    ProposedSelector,
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
    from pipeline.sources import Selectors

LOOK_SECONDS = 60.0
LOOK_REQUESTS = 30
"""For a person who waits, and a site that answers in a second: robots.txt, six feeds,
three sitemaps with what is in them, a page of last year, three articles."""

SAMPLE_ARTICLES = 3
"""Fetched to see whether the extractor reads them."""


@dataclass(frozen=True, kw_only=True)
class Wishes:
    """What was asked for on the command line."""

    name: str | None
    kind: str
    publisher: str | None
    country: str
    ask: bool


@dataclass(frozen=True, kw_only=True)
class Looked:
    """What a look at a site found.

    Attributes:
        found: The probe's result.
        articles: Sample articles, as the probe fetched them.
    """

    found: dict[str, Any]
    articles: Sequence[Mapping[str, Any]]


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
        ConfigError: The contact is missing, or nobody is there to be asked.
        SourceError: There is a source of that name already.
    """
    try:
        host_of(url)
        name = wishes.name or name_from(url)
    except ValueError as error:
        raise InputError(f'found "{url}", {error}') from error
    _refuse_existing(workspace, name)
    check_can_ask(ask=wishes.ask)
    looked = _look(workspace, url, _contact(workspace, url, contact, wishes))
    found = looked.found
    if not found["endpoints"]:
        _say_nothing_found(url, found)
        return 1
    draft = draft_source(name, wishes, found)
    draft = replace(draft, selectors=_proposed(looked.articles))
    _show(draft, found)
    if not agreed("Write this source?", ask=wishes.ask):
        say("Nothing was written.")
        return 0
    path = write_source(workspace.sources_folder, name, draft_text(draft))
    say(f"Wrote {path}")
    _say_what_is_next(draft, found)
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
    if is_missing and not known and wishes.ask:
        known = click.prompt("Your address or page for site owners", err=True)
    problem = contact_problem([url], known, config.allow_networks)
    if problem:
        raise ConfigError(f"{workspace.root / 'babelwire.toml'}: {problem}")
    if known != config.contact:
        set_value(workspace.root / "babelwire.toml", "crawl.contact", known)
    return known


def _look(workspace: Workspace, url: str, contact: str) -> Looked:
    from crawler.job import ProbeJob

    say(f"Looking at {url} …")
    job = ProbeJob(
        url=url,
        articles=SAMPLE_ARTICLES,
        contact=contact,
        allow_networks=workspace.config.crawl.allow_networks,
        egress=egress_of(workspace),
        max_requests=LOOK_REQUESTS,
        max_seconds=LOOK_SECONDS,
        database_url=workspace.database_url,
    )
    articles = []
    for event in probe_events(job):
        if event["event"] == "article":
            articles.append(event)
        elif event["event"] == "probe":
            return Looked(found=event, articles=articles)
    raise InputError(f"{url}: the look at the site ended without a result")


def _proposed(articles: Sequence[Mapping[str, Any]]) -> tuple[ProposedSelector, ...]:
    """Selectors for what the extractor does not read on the sample articles."""
    from babelwire.selector_proposals import propose, read_sample_page
    from babelwire.trial import page_input
    from pipeline.workers import Limits, Workers

    fetched = [one for one in articles if not one["reason"] and one["status"] == 200]
    if not fetched:
        return ()
    with Workers(read_sample_page, size=1, limits=Limits()) as workers:

        def read(selectors: Selectors) -> Sequence[Any]:
            return workers.run([page_input(one, selectors) for one in fetched])

        return propose(read)


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
    archive = found.get("archive") or {"url": "", "allow": []}
    is_usable = bool(archive["allow"])
    return SourceDraft(
        name=name,
        kind=wishes.kind,
        publisher=wishes.publisher or found["site"].get("name") or name,
        country=wishes.country.upper(),
        languages=(language.split("-")[0].lower(),) if language else (),
        feeds=chosen["feed"],
        sitemaps=sitemaps,
        listings=chosen["listing"],
        archives=(archive["url"],) if is_usable else (),
        archive_comment=_archive_comment(found.get("archive")),
        hosts=tuple(host for host in found["hosts"] if host not in own),
        # What a feed lists are articles; of other pages' links only some are.
        allow=tuple(archive["allow"] if chosen["feed"] else found["allow"]),
        delay_seconds=found["delay_seconds"],
    )


def _archive_comment(archive: Mapping[str, Any] | None) -> str:
    if archive is None:
        return ""
    oldest = archive["oldest"][:10]
    if archive["allow"]:
        return f"This one goes back to {oldest}."
    return (
        f"{archive['url']} goes back to {oldest}, but lists other pages, too: name it "
        "here once `allow` says what is an article."
    )


# --- What a person sees ----------------------------------------------------------


def _show(draft: SourceDraft, found: dict[str, Any]) -> None:
    say(f"{one_line(draft.publisher)}:")
    for endpoint in found["endpoints"]:
        newest = f", newest {endpoint['newest'][:10]}" if endpoint["newest"] else ""
        kept = "" if endpoint["url"] in _followed(draft) else "; not followed"
        _say(
            f"{endpoint['kind']}: {endpoint['url']} "
            f"({endpoint['entries']} entries{newest}{kept})"
        )
    _say(f"articles: {_articles_in_words(draft, found)}")
    _say(f"delay: {draft.delay_seconds:g} s between two requests")
    for selector in draft.selectors:
        mark = "" if selector.is_needed else " (as a comment)"
        _say(f"{selector.key}: {selector.css}{mark}: {selector.why}")
    table(
        ["published (UTC)", "headline"],
        [
            [_day(sample["published_at"]), one_line(sample["title"] or sample["url"])]
            for sample in found["samples"]
        ],
    )


def _say(text: str) -> None:
    """An indented line; what a site said is made harmless."""
    say(f"  {one_line(text)}")


def _followed(draft: SourceDraft) -> tuple[str, ...]:
    return draft.feeds + draft.sitemaps + draft.listings


def _articles_in_words(draft: SourceDraft, found: dict[str, Any]) -> str:
    from crawler.patterns import in_words

    learned = found["allow"]
    fits = f"{found['fitting']} of {found['in_scope']} look like "
    paths = " or ".join(map(in_words, draft.allow or learned))
    if draft.allow:
        return f"{fits if draft.allow == tuple(learned) else 'those like '}{paths}"
    every = "every entry is taken"
    return f"{every}; {fits}{paths}" if learned else every


def _say_what_is_next(draft: SourceDraft, found: dict[str, Any]) -> None:
    name = draft.name
    for edition in found["editions"]:
        language, url = edition["language"], edition["url"]
        command = f"babelwire source add {url} --name {name[:54]}-{language.lower()}"
        say(one_line(f"Other edition: {language}: {command}"))
    archive = found["archive"]
    if archive is not None and draft.archives:
        oldest = archive["oldest"][:10]
        say(
            f"The site's archive goes back to {oldest}; to fetch it: "
            f"babelwire crawl {name} --since {oldest}"
        )
    elif archive is not None:
        say(one_line(f"Its file says how to fetch what is older ({archive['url']})."))
    say(f"Next: babelwire source test {name}, then babelwire run {name}")


def _day(moment: str | None) -> str:
    return f"{datetime.fromisoformat(moment):%Y-%m-%d %H:%M}" if moment else ""
