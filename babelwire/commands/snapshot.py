"""`babelwire snapshot create|list|show|diff`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from babelwire.commands.export import asking, sampling

if TYPE_CHECKING:
    from babelwire.snapshots.comparing import Difference
    from babelwire.snapshots.contract import Head
    from babelwire.snapshots.listing import Summary
    from babelwire.workspace import Workspace

CHANGED = "{} was changed after it was written: its checksum does not hold."

_json = click.option("--json", "as_json", is_flag=True, help="One JSON document.")


@click.group("snapshot")
def command() -> None:
    """Freeze an answer, to say years later what was found."""


@command.command("create")
@click.argument("name")
@click.argument("query", nargs=-1, required=True)
@asking
@sampling
@click.pass_obj
def create(
    root: Path,
    /,
    name: str,
    query: tuple[str, ...],
    document_kind: tuple[str, ...],
    sample_size: int | None,
    seed: int | None,
    stratify: str | None,
    **options: Any,
) -> None:
    """Freeze every full match of QUERY, or a sample, as snapshots/NAME.json.

    With the revisions, the checksums of their texts and archived pages, and what
    translated them. A snapshot is never overwritten.
    """
    from babelwire.assembly import now
    from babelwire.commands.export import make_sample, tell_sample
    from babelwire.commands.search import make_request
    from babelwire.searching import open_desk
    from babelwire.snapshots.asking import open_view
    from babelwire.snapshots.files import path_of, refuse_existing, write_snapshot
    from babelwire.snapshots.making import freeze
    from babelwire.terminal import counted, say
    from babelwire.workspace import find_workspace

    sample = make_sample(sample_size, seed, stratify)
    workspace = find_workspace(root)
    path = path_of(_folder(workspace), name)
    refuse_existing(path)
    request = make_request(" ".join(query), kind=document_kind, **options)
    database = workspace.open()
    try:
        with (
            open_desk(workspace, database) as desk,
            open_view(desk, request) as view,
        ):
            made = freeze(view, database, name=name, sample=sample, now=now())
            written = write_snapshot(path, made.head, made.records)
    finally:
        database.close()
    documents = counted(written.documents, "document")
    say(f"Froze {documents} in {written.path}, {written.checksum}.")
    if made.drawn is not None:
        tell_sample(made.drawn)


@command.command("list")
@_json
@click.pass_obj
def list_(root: Path, *, as_json: bool) -> int:
    """List the snapshots of this workspace."""
    from dataclasses import asdict

    from babelwire.snapshots.listing import list_snapshots
    from babelwire.terminal import note, one_line, print_json, say, table
    from babelwire.workspace import find_workspace

    found = list_snapshots(_folder(find_workspace(root)))
    for problem in found.problems:
        note(one_line(problem))
    if as_json:
        print_json({"schema": 1, "snapshots": [asdict(head) for head in found.heads]})
    elif found.heads:
        table(
            ["name", "made", "documents", "query"],
            [
                [head.name, _moment(head), _size(head), one_line(head.query.text)]
                for head in found.heads
            ],
            numbers=frozenset({2}),
        )
    elif not found.problems:
        say('No snapshots yet: "babelwire snapshot create NAME QUERY".')
    return 1 if found.problems else 0


@command.command("show")
@click.argument("reference", metavar="NAME|FILE")
@_json
@click.pass_obj
def show(root: Path, reference: str, *, as_json: bool) -> int:
    """Show what a snapshot has: counts, query, when.

    Exit status 1 where it was changed after it was written.
    """
    from babelwire.snapshots.listing import find_snapshot, summarise
    from babelwire.terminal import note, print_json
    from babelwire.workspace import find_workspace

    folder = _folder(find_workspace(root))
    found = summarise(find_snapshot(folder, reference))
    if as_json:
        print_json(found.to_json())
    else:
        _print_summary(found)
    if not found.checksums.hold:
        note(CHANGED.format(found.head.name))
    return 0 if found.checksums.hold else 1


@command.command("diff")
@click.argument("before", metavar="NAME|FILE")
@click.argument("after", metavar="[NAME|FILE]", required=False)
@_json
@click.pass_obj
def diff(root: Path, before: str, after: str | None, *, as_json: bool) -> int:
    """Say what differs between two snapshots.

    With one alone: between it and the same query asked now. Exit status: 0 equal,
    1 different.
    """
    from babelwire.snapshots.comparing import compare
    from babelwire.snapshots.files import read_head, read_records
    from babelwire.snapshots.listing import find_snapshot
    from babelwire.terminal import one_line, print_json, write
    from babelwire.workspace import find_workspace

    workspace = find_workspace(root)
    folder = _folder(workspace)
    old = find_snapshot(folder, before)
    _warn_of_changes(old)
    if after is None:
        found = _compare_with_now(workspace, old)
    else:
        new = find_snapshot(folder, after)
        _warn_of_changes(new)
        found = compare(
            (read_head(old), read_records(old)), (read_head(new), read_records(new))
        )
    if as_json:
        print_json(found.to_json())
    else:
        for line in found.lines():
            write(one_line(line))
    return 0 if found.is_equal else 1


def _warn_of_changes(path: Path) -> None:
    from babelwire.snapshots.files import read_checksums
    from babelwire.terminal import note, one_line

    if not read_checksums(path).hold:
        note(one_line(CHANGED.format(path)))


def _compare_with_now(workspace: Workspace, path: Path) -> Difference:
    from babelwire.assembly import now
    from babelwire.searching import open_desk
    from babelwire.snapshots.asking import open_view
    from babelwire.snapshots.comparing import compare
    from babelwire.snapshots.files import read_head, read_records
    from babelwire.snapshots.making import freeze, request_of, sample_of

    head = read_head(path)
    request, sample = request_of(head), sample_of(head)
    database = workspace.open()
    try:
        with (
            open_desk(workspace, database) as desk,
            open_view(desk, request) as view,
        ):
            made = freeze(view, database, name="now", sample=sample, now=now())
            return compare((head, read_records(path)), (made.head, made.records))
    finally:
        database.close()


def _print_summary(found: Summary) -> None:
    from babelwire.terminal import one_line, write

    head = found.head
    filters = "".join(f" {f.field}:{','.join(f.values)}" for f in head.query.filters)
    lines = [
        f"{head.name}: {_size(head)}, made {_moment(head)} by {head.program}",
        f"query: {head.query.text}{filters} ({head.query.timezone})",
        f"read as: {head.query.canonical}",
        f"language of the words: {', '.join(head.understood.languages)}",
    ]
    if head.understood.translated is not None:
        lines.append(f"translated: {head.understood.translated}")
    if head.sample is not None:
        by = f", by {', '.join(head.sample.by)}" if head.sample.by else ""
        lines.append(
            f"a sample of {found.documents:,} of {head.total:,} documents "
            f"(seed {head.sample.seed}{by})"
        )
    index = head.index
    lines.append(
        f"index: {index.engine}, generation {index.generation}, analysis "
        f"{index.analysis}, translations into {index.target}"
    )
    lines += [f"notice: {notice.text}" for notice in head.understood.notices]
    lines.append(f"sources: {_counts(found.sources)}")
    lines.append(f"translations: {_counts(found.translations)}")
    lines.append(f"checksum: {found.checksums.told}")
    for line in lines:
        write(one_line(line))


def _counts(counts: dict[str, int]) -> str:
    parts = (f"{name} {number:,}" for name, number in counts.items())
    return ", ".join(parts) or "none"


def _size(head: Head) -> str:
    """Documents in the file, of which a sample has fewer than were found."""
    from babelwire.terminal import counted

    if head.sample is None:
        return counted(head.total, "document")
    drawn = sum(share.drawn for share in head.sample.shares)
    return f"{drawn:,} of {counted(head.total, 'document')}"


def _moment(head: Head) -> str:
    """When it was made, in UTC to the minute."""
    return f"{head.created_at[:16].replace('T', ' ')} UTC"


def _folder(workspace: Workspace) -> Path:
    return workspace.root / "snapshots"
