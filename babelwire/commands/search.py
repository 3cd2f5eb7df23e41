"""`babelwire search QUERY`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from search_index.query import SearchRequest


@click.command("search")
@click.argument("query", nargs=-1)
@click.option("--lang", multiple=True, help="Language of the original: vi,ar.")
@click.option("--source", multiple=True, help="Source names.")
@click.option("--kind", multiple=True, help="news or official.")
@click.option("--since", help="Published on or after this day: 2024-06-01.")
@click.option("--until", help="Published on or before this day.")
@click.option("--limit", default=10, show_default=True, help="Hits on the page.")
@click.option("--offset", default=0, help="Hits before it.")
@click.option(
    "--sort",
    type=click.Choice(["relevance", "time"]),
    default="relevance",
    show_default=True,
)
@click.option("--timezone", help="IANA name; days are this zone's (default: local).")
@click.option("--recent", is_flag=True, help="Let newer pages gain rank.")
@click.option(
    "--group", is_flag=True, help="One hit for nearly the same text of several pages."
)
@click.option("--like", metavar="ID", help="What is like this document, best first.")
@click.option(
    "--timeline",
    type=click.Choice(["day", "week", "month"]),
    help="Show how many there are per day, week or month.",
)
@click.option("--query-lang", help="Language of the words, if it is guessed wrong.")
@click.option("--explain", is_flag=True, help="Say why each hit matched.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
@click.pass_obj
def command(root: Path, /, query: tuple[str, ...], **options: Any) -> None:
    """Search in any language.

    Words, "exact words", -not, OR, (…), begin*, a NEAR/5 b, and filters
    lang: source: kind: country: audience: owner: publisher: title: name: from:
    to: seen: id:. A single * is everything. With --like the words may be left out.
    """
    from babelwire.searching import open_desk
    from babelwire.terminal import print_json
    from babelwire.workspace import find_workspace
    from search_index.query import to_json

    if not query and not options["like"]:
        raise click.UsageError("Missing argument 'QUERY...'.")
    workspace = find_workspace(root)
    request = make_request(" ".join(query) or "*", **options)
    database = workspace.open()
    try:
        with open_desk(workspace, database) as desk:
            results = desk.ask(request)
            ids = [hit.id for hit in results.hits]
            explained = desk.explain(request, ids) if options["explain"] else {}
    finally:
        database.close()
    if options["as_json"]:
        document = to_json(results)
        for hit in document["hits"]:
            if hit["id"] in explained:
                hit["explanation"] = explained[hit["id"]]
        print_json(document)
        return
    from babelwire.answers import show_results

    show_results(results, request, explained, timeline=bool(options["timeline"]))


def make_request(text: str, **options: Any) -> SearchRequest:
    """The request that a command's options stand for."""
    from babelwire.searching import checked_id, flag_filters, local_zone
    from search_index.query import SearchRequest

    return SearchRequest(
        text=text,
        limit=options.get("limit") or 10,
        offset=options.get("offset") or 0,
        sort=options.get("sort") or "relevance",
        timezone=options.get("timezone") or local_zone(),
        timeline=options.get("timeline") or "day",
        recent=options.get("recent") or False,
        group=options.get("group") or False,
        like=checked_id(options.get("like")),
        query_language=options.get("query_lang"),
        filters=flag_filters(
            lang=options.get("lang"),
            source=options.get("source"),
            kind=options.get("kind"),
            **{"from": options.get("since"), "to": options.get("until")},
        ),
    )
