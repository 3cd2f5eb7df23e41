"""`babelwire source add|import|catalogue|list|test|disable|enable|remove`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from pipeline.sources import Source


@click.group("source")
def command() -> None:
    """The sites to follow."""


@command.command("add")
@click.argument("wanted", nargs=-1, required=True, metavar="URL|NAME...")
@click.option("--name", help="The source's name (default: from its host).")
@click.option("--kind", type=click.Choice(["news", "official"]), default="news")
@click.option("--publisher", help="Who publishes (default: the site's own name).")
@click.option("--country", default="", help="ISO code of where the publisher is: VN.")
@click.option("--contact", help="Your address or page for site owners; kept.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.pass_obj
def add(
    root: Path,
    wanted: tuple[str, ...],
    name: str | None,
    kind: str,
    publisher: str | None,
    country: str,
    contact: str | None,
    yes: bool,
) -> int:
    """Find a site's feeds and sitemaps, or take sources from the catalogue.

    Shows ten headlines and writes the source's file, if you say yes. Scripts say --yes.
    """
    from babelwire.adding import Wishes, add_from_catalogue, add_site
    from babelwire.workspace import find_workspace

    workspace = find_workspace(root)
    wishes = Wishes(
        name=name, kind=kind, publisher=publisher, country=country, ask=not yes
    )
    status = 0
    for item in wanted:
        if "://" in item or "." in item:
            url = item if "://" in item else f"https://{item}"
            status = max(status, add_site(workspace, url, wishes, contact))
        else:
            add_from_catalogue(workspace, item)
    return status


@command.command("catalogue")
@click.option("--lang", help="Only sources in this language.")
@click.option("--country", help="Only sources of this country.")
@click.option("--kind", type=click.Choice(["news", "official"]))
@click.option("--audience", help="Only sources that address this country.")
def catalogue(**wanted: str | None) -> None:
    """List the sources that come with the program."""
    from babelwire.catalogue import Wanted, packaged_sources, summary
    from babelwire.terminal import say

    fits = Wanted(**wanted).fits
    found = [source for source in packaged_sources().values() if fits(source)]
    if not found:
        say('None is like that; "babelwire source catalogue" lists all.')
        return
    _print_sources(found)
    say(summary(found))
    say(
        'Take one with "babelwire source add NAME"; '
        'then try it with "babelwire source test NAME".'
    )


@command.command("list")
@click.pass_obj
def list_(root: Path) -> None:
    """List this workspace's sources."""
    from babelwire.catalogue import summary
    from babelwire.terminal import say
    from babelwire.workspace import find_workspace

    sources = find_workspace(root).sources
    if not sources:
        say('No sources yet: "babelwire source add URL".')
        return
    _print_sources(list(sources.values()))
    say(summary(sources.values()))


@command.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--kind", type=click.Choice(["news", "official"]), default="news")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.pass_obj
def import_(root: Path, file: Path, kind: str, yes: bool) -> int:
    """Follow the feeds of an OPML file, as feed readers export it.

    Feeds of one site become one source. Nothing is visited.
    """
    from babelwire.opml_import import import_opml
    from babelwire.workspace import find_workspace

    return import_opml(find_workspace(root), file, kind, ask=not yes)


@command.command("test")
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option("--all", "all_", is_flag=True, help="Every source that is not disabled.")
@click.option("--stored", is_flag=True, help="Read stored pages again; contact nobody.")
@click.option(
    "--articles",
    type=click.IntRange(0, 100),
    default=3,
    show_default=True,
    help="Articles to try of each source.",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
@click.pass_obj
def test(
    root: Path,
    names: tuple[str, ...],
    all_: bool,
    stored: bool,
    articles: int,
    as_json: bool,
) -> int:
    """Visit sources, read some articles of each, and store nothing.

    Tells what each feed, sitemap and list has, how much of it is in scope and why the
    rest is not, and what of the sample articles would be rejected and why. Of the
    others it tells whose text would be taken, and which lines would be left out: those
    that lead elsewhere, and those that many of the source's stored pages have.

    Exit status: 0 all are good, 1 some fail (they are named), 2 wrong use or
    configuration, 3 unavailable.
    """
    from babelwire.source_testing import Choice, try_all
    from babelwire.workspace import find_workspace

    if all_ == bool(names):
        raise click.UsageError("name some sources, or --all")
    workspace = find_workspace(root)
    choice = Choice(articles=articles, stored=stored, as_json=as_json)
    return try_all(workspace, workspace.chosen_sources(names), choice)


@command.command("disable")
@click.argument("name")
@click.pass_obj
def disable(root: Path, name: str) -> None:
    """Stop visiting a source; everything stays."""
    _set_enabled(root, name, enabled=False)


@command.command("enable")
@click.argument("name")
@click.pass_obj
def enable(root: Path, name: str) -> None:
    """Visit a disabled source again."""
    _set_enabled(root, name, enabled=True)


@command.command("remove")
@click.argument("name")
@click.pass_obj
def remove(root: Path, name: str) -> None:
    """Forget a source; its documents stay."""
    from babelwire.assembly import now
    from babelwire.terminal import say
    from babelwire.workspace import find_workspace
    from pipeline.store.sources import mark_removed

    workspace = find_workspace(root)
    workspace.chosen_sources((name,))
    database = workspace.open()
    try:
        with database.write() as connection:
            mark_removed(connection, name, now())
    finally:
        database.close()
    (workspace.sources_folder / f"{name}.toml").unlink()
    say(f"Removed {name}; its documents stay.")


def _set_enabled(root: Path, name: str, *, enabled: bool) -> None:
    from babelwire.sourcefile import set_value
    from babelwire.terminal import say
    from babelwire.workspace import find_workspace

    workspace = find_workspace(root)
    workspace.chosen_sources((name,))
    set_value(workspace.sources_folder / f"{name}.toml", "enabled", enabled)
    say(f"{name} is {'visited again' if enabled else 'not visited any more'}.")


def _print_sources(sources: list[Source]) -> None:
    from babelwire.terminal import one_line, table

    table(
        ["name", "publisher", "country", "kind", "languages", ""],
        [
            [
                source.name,
                one_line(source.publisher),
                source.country,
                source.kind,
                ", ".join(source.languages),
                ", ".join(
                    word
                    for word, applies in (
                        ("disabled", not source.enabled),
                        ("not verified", not source.verified),
                    )
                    if applies
                ),
            ]
            for source in sources
        ],
    )
