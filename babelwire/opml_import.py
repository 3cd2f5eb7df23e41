"""`source import`: the feeds of an OPML file become sources' files."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from babelwire.asking import agreed, check_can_ask
from babelwire.opml import MAX_BYTES, Feed, Subscriptions, read_opml
from babelwire.sourcefile import SourceDraft, draft_text, name_from, write_source
from babelwire.terminal import counted, note, one_line, say, table
from pipeline.errors import ConfigError, InputError
from pipeline.urls import host_of, url_key

if TYPE_CHECKING:
    from babelwire.workspace import Workspace

SHOWN = 40
"""Sources in the table; a longer one scrolls the question's meaning away."""

DELAY_SECONDS = 2.0
"""Nobody has looked at the sites: the default of a source."""


@dataclass(kw_only=True)
class Plan:
    """What an import would do.

    Attributes:
        drafts: Sources to write.
        feeds: How many feeds these have.
        present: Lines on what is followed already.
    """

    drafts: list[SourceDraft] = field(default_factory=list)
    feeds: int = 0
    present: list[str] = field(default_factory=list)


def import_opml(workspace: Workspace, path: Path, kind: str, *, ask: bool) -> int:
    """Shows what a file lists, and writes a source for each site.

    Returns:
        0, or 1 where a source could not be written.

    Raises:
        InputError: The file is no OPML, or lists nothing.
        ConfigError: Nobody is there to be asked.
    """
    check_can_ask(ask=ask)
    listed = _read(path)
    plan = planned(workspace, listed.feeds, kind)
    for line in plan.present:
        note(one_line(line))
    for reason, number in listed.skipped.items():
        note(f"left out: {counted(number, 'feed')} {reason}")
    if not plan.drafts:
        say("Nothing new to write.")
        return 0
    _show(plan)
    question = f"Write {counted(len(plan.drafts), 'source')}?"
    if not agreed(question, ask=ask):
        say("Nothing was written.")
        return 0
    return _write(workspace, plan)


def planned(workspace: Workspace, feeds: Iterable[Feed], kind: str) -> Plan:
    """Which sources would be written; feeds of one site become one.

    Args:
        workspace: Says what is followed already.
        feeds: To follow.
        kind: Of the sources.
    """
    plan = Plan()
    followed = {
        url_key(url): source.name
        for source in workspace.sources.values()
        for url in source.endpoints
    }
    taken = set(workspace.sources)
    for site, group in _by_site(feeds).items():
        new = [feed for feed in group if url_key(feed.url) not in followed]
        for feed in group:
            if url_key(feed.url) in followed:
                name = followed[url_key(feed.url)]
                plan.present.append(f"{name}: follows {feed.url} already")
        name = _name(site)
        if new and name in taken and name in workspace.sources:
            urls = ", ".join(feed.url for feed in new)
            plan.present.append(
                f"{name}: there is such a source already; to follow {urls} as well, "
                f"add it to {workspace.sources_folder / name}.toml"
            )
        elif new:
            free = _free(name, taken)
            taken.add(free)
            plan.drafts.append(_draft(free, site, new, kind))
            plan.feeds += len(new)
    return plan


def _read(path: Path) -> Subscriptions:
    try:
        if path.stat().st_size > MAX_BYTES:
            raise InputError(f"larger than {MAX_BYTES >> 20} MiB")
        listed = read_opml(path.read_bytes())
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from error
    except InputError as error:
        raise InputError(f"{path}: {error}") from error
    if not listed.feeds and not listed.skipped:
        raise InputError(f"{path}: lists no feed: expected outlines with xmlUrl")
    return listed


def _by_site(feeds: Iterable[Feed]) -> dict[str, list[Feed]]:
    """By the site's host; feeds of a feed service belong to their own sites."""
    groups: dict[str, list[Feed]] = {}
    for feed in feeds:
        host = host_of(feed.site_url or feed.url)
        groups.setdefault(host.removeprefix("www."), []).append(feed)
    return groups


def _name(site: str) -> str:
    try:
        return name_from(f"http://{site}")
    except ValueError:  # a label that is too long: no host has it
        return "source"


def _free(name: str, taken: set[str]) -> str:
    number, free = 1, name
    while free in taken:
        number += 1
        free = f"{name[:60]}-{number}"
    return free


def _draft(name: str, site: str, feeds: Sequence[Feed], kind: str) -> SourceDraft:
    languages = dict.fromkeys(feed.language for feed in feeds if feed.language)
    only = feeds[0].title if len(feeds) == 1 else ""
    return SourceDraft(
        name=name,
        kind=kind,
        publisher=only or site,
        country="",
        languages=tuple(languages),
        feeds=tuple(feed.url for feed in feeds),
        sitemaps=(),
        listings=(),
        hosts=_hosts(feeds),
        allow=(),
        delay_seconds=DELAY_SECONDS,
        comments=tuple(map(_comment, feeds)),
        verified=False,
    )


def _hosts(feeds: Sequence[Feed]) -> tuple[str, ...]:
    """Where the articles lie: on the site, with www or without where it is not told."""
    of_feeds = {host_of(feed.url) for feed in feeds}
    found: dict[str, None] = {}
    for feed in feeds:
        host = host_of(feed.site_url) if feed.site_url else _twin(host_of(feed.url))
        if host and host not in of_feeds:
            found[host] = None
    return tuple(found)


def _twin(host: str) -> str:
    """A host with www where it has none, and without where it has."""
    if ":" in host or "." not in host or host.rpartition(".")[2].isdigit():
        return ""
    return host.removeprefix("www.") if host.startswith("www.") else f"www.{host}"


def _comment(feed: Feed) -> str:
    where = " / ".join(feed.folders)
    return f"{where}: {feed.title or feed.url}" if where else feed.title or feed.url


def _show(plan: Plan) -> None:
    table(
        ["source", "publisher", "feeds", "first"],
        [
            [
                draft.name,
                one_line(draft.publisher),
                len(draft.feeds),
                one_line(draft.feeds[0]),
            ]
            for draft in plan.drafts[:SHOWN]
        ],
        numbers=frozenset({2}),
    )
    if len(plan.drafts) > SHOWN:
        say(f"… and {len(plan.drafts) - SHOWN:,} more")


def _write(workspace: Workspace, plan: Plan) -> int:
    failed = feeds = 0
    for draft in plan.drafts:
        try:
            write_source(workspace.sources_folder, draft.name, draft_text(draft))
            feeds += len(draft.feeds)
        except ConfigError as error:
            failed += 1
            note(one_line(str(error)))
    written = len(plan.drafts) - failed
    say(f"Wrote {counted(written, 'source')} with {counted(feeds, 'feed')}.")
    if written:
        say('Nobody has looked at them yet: "babelwire source test --all".')
    return 1 if failed else 0
