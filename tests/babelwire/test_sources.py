"""`source add`, `test`, `remove` on sites of the demo's world."""

import json
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from babelwire.demo.server import WorldServer, serve
from babelwire.demo.world import World
from babelwire.sourcefile import write_source
from pipeline.errors import SourceError
from tests.babelwire.conftest import babelwire
from tests.site import Site


@pytest.fixture(scope="module")
def server() -> Iterator[WorldServer]:
    with serve(World.load()) as running:
        yield running


def read(workspace: Path, name: str) -> dict[str, object]:
    return tomllib.loads((workspace / "sources" / f"{name}.toml").read_text("utf-8"))


@pytest.mark.parametrize(
    ("site", "kind", "headline"),
    [
        ("song-hong-tin", "feeds", "Kazan sắp khai mạc Diễn đàn"),
        ("faro-austral", "feeds", ""),
        ("hafenblick", "sitemaps", "Stadtbienen"),
        ("quai-du-matin", "listings", "À Kazan"),
    ],
)
def test_add_finds_how_a_site_announces_its_articles(
    workspace: Path, server: WorldServer, site: str, kind: str, headline: str
) -> None:
    world = World.load()
    ran = babelwire(
        "source",
        "add",
        server.urls[site],
        "--name",
        "found",
        "--yes",
        workspace=workspace,
    )
    assert ran.status == 0, ran.err
    assert headline in ran.out
    source = read(workspace, "found")
    assert source[kind], source
    assert source["publisher"] == world.sites[site].title
    assert babelwire("config", "check", workspace=workspace).status == 0


def test_what_add_wrote_crawls_every_article_of_the_site(
    workspace: Path, server: WorldServer
) -> None:
    site = "jianghe-chenxun"
    babelwire(
        "source",
        "add",
        server.urls[site],
        "--name",
        "found",
        "--yes",
        workspace=workspace,
    )
    ran = babelwire("run", workspace=workspace)
    assert ran.status == 0, ran.err
    titles = {
        row["title"] for row in babelwire("export", "*", workspace=workspace).rows
    }
    assert {article.title for article in World.load().articles_of(site)} <= titles


def test_add_refuses_what_offers_nothing(workspace: Path) -> None:
    with Site() as site:
        site.add(
            "/",
            body="<html><body><p>Nothing here.</p></body></html>",
            headers={"Content-Type": "text/html"},
        )
        ran = babelwire("source", "add", site.url("/"), "--yes", workspace=workspace)
    assert ran.status == 1
    assert "no feed, sitemap or list of articles found" in ran.err
    assert list((workspace / "sources").glob("*.toml")) == []


def test_add_needs_a_contact_outside_ones_own_networks(workspace: Path) -> None:
    ran = babelwire(
        "source", "add", "https://news.example/", "--yes", workspace=workspace
    )
    assert ran.status == 2
    assert "contact" in ran.err


def test_test_reads_samples_and_stores_nothing(
    workspace: Path, server: WorldServer
) -> None:
    name = "vestnik-kazanki"
    text = World.load().source_toml(name, server.urls[name])
    (workspace / "sources" / f"{name}.toml").write_text(text, "utf-8")
    ran = babelwire("source", "test", name, "--articles", "2", workspace=workspace)
    assert ran.status == 0, ran.err
    assert "Russian" in ran.err
    status = babelwire("status", "--json", workspace=workspace).json
    assert status["sources"][name]["discovered"] == 0
    assert not list((workspace / "archive").iterdir())


def test_test_fails_when_the_feed_does(workspace: Path) -> None:
    with Site() as site:
        site.add("/feed", status=500)
        (workspace / "sources" / "broken.toml").write_text(
            'name = "broken"\nkind = "news"\npublisher = "B"\n'
            f"feeds = [{json.dumps(site.url('/feed'))}]\n",
            "utf-8",
        )
        ran = babelwire("source", "test", "broken", workspace=workspace)
    assert ran.status == 1
    assert "HTTP status 500" in ran.err


def test_documents_stay_after_remove(workspace: Path, server: WorldServer) -> None:
    name = "bogaz-sabahi"
    text = World.load().source_toml(name, server.urls[name])
    (workspace / "sources" / f"{name}.toml").write_text(text, "utf-8")
    assert babelwire("run", workspace=workspace).status == 0
    before = babelwire("export", "*", workspace=workspace).rows
    assert babelwire("source", "remove", name, workspace=workspace).status == 0
    assert not (workspace / "sources" / f"{name}.toml").exists()
    assert babelwire("export", "*", workspace=workspace).rows == before
    assert len(before) == 2


def test_an_address_that_redirects_later_leads_to_the_document(
    workspace: Path,
) -> None:
    """The document was there before the redirect to it was seen."""
    from pipeline.store import open_database, sqlite_url
    from pipeline.store.documents import find_document

    words = " ".join(["The tram to the harbour runs again since Monday."] * 12)
    with Site() as site:
        page = (
            f"<html><body><article><h1>Tram</h1><p>{words}</p></article></body></html>"
        )
        html = {"Content-Type": "text/html"}
        site.add("/tram", body=page, headers=html)
        site.add("/old", status=301, headers={"Location": "/tram"})
        for path in ("/tram", "/old"):
            link = f"<item><title>T</title><link>{site.url(path)}</link></item>"
            site.add("/feed", body=f"<rss><channel>{link}</channel></rss>")
            (workspace / "sources" / "tram.toml").write_text(
                'name = "tram"\nkind = "news"\npublisher = "T"\ndelay_seconds = 0.0\n'
                f"feeds = [{json.dumps(site.url('/feed'))}]\n",
                "utf-8",
            )
            assert babelwire("run", workspace=workspace).status == 0
        database = open_database(sqlite_url(workspace / "babelwire.db"))
        with database.read() as connection:
            first = find_document(connection, site.url("/tram"))
            assert first is not None
            assert find_document(connection, site.url("/old")) == first
        database.close()
    source = babelwire("status", "--json", workspace=workspace).json["sources"]["tram"]
    assert source["documents"] == 1
    assert source["duplicate"] == 1


@pytest.mark.parametrize("name", ["../x", "a/b", "", "A", "x.toml", "x\n"])
def test_a_name_that_leads_elsewhere_writes_nothing(tmp_path: Path, name: str) -> None:
    """W8"""
    folder = tmp_path / "sources"
    folder.mkdir()
    (tmp_path / "x.toml").write_text("kept", "utf-8")
    with pytest.raises(SourceError, match="name"):
        write_source(folder, name, "name = 1")
    assert (tmp_path / "x.toml").read_text("utf-8") == "kept"
    assert list(folder.iterdir()) == []
