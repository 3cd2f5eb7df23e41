"""The demonstration: a news world on loopback goes the whole way."""

from __future__ import annotations

import shutil
import sys
import time
from importlib.resources import as_file, files
from pathlib import Path
from typing import TYPE_CHECKING

from babelwire.assembly import CrawlChoice, crawl_job, now
from babelwire.config import FILE
from babelwire.sourcefile import write_source
from babelwire.terminal import out, say
from babelwire.workspace import Workspace, make_workspace
from pipeline.errors import ConfigError

if TYPE_CHECKING:
    from babelwire.demo.server import WorldServer
    from babelwire.demo.world import World
    from pipeline.store import Database

MARK = ".babelwire-demo"
"""In a folder that the demo made, and may therefore make anew."""

BASE_PORT = 8771
"""Of the first site; free ports are taken where these are not."""

OFFICIAL_SITE = "kazan-cityhall"
CHANGED_TEXT = "kazan-cityhall/o-podpisannyh-soglasheniyah"
SIDE_BY_SIDE = "presidency-press/privetstvie-uchastnikam-foruma"

ENGLISH_QUERY = (
    "founding meeting of the Association of Cities and Municipalities BRICS"
    " lang:vi,ar,ru"
)
VIETNAMESE_QUERY = "dien dan thanh pho BRICS Kazan"
HITS_SHOWN = 4


def run_demo(folder: Path) -> int:
    """Serves, crawls, processes, indexes, searches; then says what to try next.

    Raises:
        ConfigError: The folder holds something else.
    """
    from babelwire.demo.world import World

    started = time.monotonic()
    world = World.load()
    languages = {article.language for article in world.articles}
    say(
        f"A news world of {len(world.sites)} sites in {len(languages)} languages, "
        "served on this machine only."
    )
    workspace = _fresh_workspace(folder)
    server = _serve(world)
    with server:
        _configure(workspace, world, server)
        database = workspace.open()
        try:
            status = _go_the_whole_way(workspace, database, world)
            addresses = _addresses(world, server)
            _show_searches(workspace, database, addresses)
            changed = _document_at(database, addresses[CHANGED_TEXT])
        finally:
            database.close()
    say("")
    say(f"That took {time.monotonic() - started:.0f} seconds. Try next:")
    for text in _next_steps(folder, changed):
        say(f"  {text}")
    return status


def _go_the_whole_way(workspace: Workspace, database: Database, world: World) -> int:
    from babelwire.balance import show_balance
    from babelwire.indexing import Indexing
    from babelwire.rounds import run_rounds

    _import_memory(database)
    _heading("1. Crawl, read, identify, translate, index")
    sources = list(workspace.sources.values())
    first = run_rounds(
        workspace, database, crawl_job(workspace, sources, CrawlChoice())
    )
    Indexing(workspace, database).bring_up_to_date()
    show_balance(database, [source.name for source in sources])
    world.advance()
    _heading(f"2. Later the same day, {OFFICIAL_SITE} quietly edits a statement")
    official = [workspace.sources[OFFICIAL_SITE]]
    second = run_rounds(
        workspace, database, crawl_job(workspace, official, CrawlChoice())
    )
    Indexing(workspace, database).bring_up_to_date()
    return max(first.exit_status, second.exit_status)


def _show_searches(
    workspace: Workspace, database: Database, addresses: dict[str, str]
) -> None:
    from babelwire.answers import show_results
    from babelwire.pages import print_document
    from babelwire.reading import load_shown
    from babelwire.searching import local_zone, open_desk
    from search_index.query import SearchRequest

    for heading, query in (
        (
            "3. An English query finds Vietnamese, Arabic and Russian pages",
            ENGLISH_QUERY,
        ),
        (
            "4. Vietnamese typed without accents finds Vietnamese originals",
            VIETNAMESE_QUERY,
        ),
    ):
        _heading(heading)
        request = SearchRequest(text=query, limit=HITS_SHOWN, timezone=local_zone())
        with open_desk(workspace, database) as desk:
            show_results(desk.ask(request), request)
    _heading("5. An official statement beside its translation")
    document = _document_at(database, addresses[SIDE_BY_SIDE])
    print_document(
        load_shown(database, document), workspace.config.target, local_zone()
    )


def _fresh_workspace(folder: Path) -> Workspace:
    if folder.exists() and any(folder.iterdir()):
        if not (folder / MARK).exists():
            raise ConfigError(
                f"{folder}: is not empty and was not made by the demo; "
                "choose another --folder"
            )
        shutil.rmtree(folder)
    workspace = make_workspace(folder)
    (folder / MARK).touch()
    return workspace


def _serve(world: World) -> WorldServer:
    from babelwire.demo.server import serve

    try:
        return serve(world, base_port=BASE_PORT)
    except OSError:
        return serve(world)


def _configure(workspace: Workspace, world: World, server: WorldServer) -> None:
    """The demo's sites lie on loopback, which a crawl refuses unless allowed."""
    path = workspace.root / FILE
    text = path.read_text("utf-8")
    allowed = 'allow_networks = ["127.0.0.1/32"]'
    path.write_text(text.replace("allow_networks = []", allowed, 1), "utf-8")
    for site in world.sites:
        text = world.source_toml(site, server.urls[site])
        write_source(workspace.sources_folder, site, text)


def _import_memory(database: Database) -> None:
    from pipeline.store import memory
    from pipeline.translation.tmx import read_tmx

    with as_file(files("babelwire.demo") / "memory.tmx") as path:
        number = memory.save(database, read_tmx(path), now=now())
    say(f"Imported {number:,} saved translations (memory.tmx); no model is needed.")


def _addresses(world: World, server: WorldServer) -> dict[str, str]:
    return {
        article.id: server.urls[article.site] + article.path
        for article in world.articles
    }


def _document_at(database: Database, url: str) -> str:
    from pipeline.store.documents import find_document

    with database.read() as connection:
        document = find_document(connection, url)
    if document is None:
        raise ConfigError(f"the demo's document {url} did not arrive")
    return document


def _next_steps(folder: Path, changed: str) -> list[str]:
    command = f"{_own_command()} --workspace {folder}"
    return [
        f"{command} serve    # the desk, in your browser",
        f'{command} search "sister cities agreement" --kind official',
        f"{command} show --diff {changed}",
        f'{command} search "мэры городов БРИКС"',
        f"{command} export 'forum lang:ar' --format csv",
        f"{command} status",
    ]


def _own_command() -> str:
    """How this program was called, so that the lines shown work when copied."""
    found = shutil.which("babelwire")
    called = Path(sys.argv[0])
    if called.name != "babelwire":
        return f"{Path(sys.executable).name} -m babelwire"
    if found and Path(found).resolve() == called.resolve():
        return "babelwire"
    return sys.argv[0]


def _heading(text: str) -> None:
    from rich.text import Text

    sys.stderr.flush()
    out().print()
    out().print(Text(text, style="bold blue"))
