"""`source add`, `test`, `remove` on sites of the demo's world."""

import json
import os
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from babelwire.demo.server import WorldServer, serve
from babelwire.demo.world import World
from babelwire.sourcefile import write_source
from pipeline.errors import SourceError
from tests.babelwire.conftest import babelwire, environment
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


def test_add_asks_nobody_in_a_script_without_yes(workspace: Path) -> None:
    with Site() as site:
        ran = babelwire("source", "add", site.url("/"), workspace=workspace)
        assert site.requests == []
    assert ran.status == 2
    assert "add --yes" in ran.err


PATHS = [f"/news/2024/06/{day}/story-number-{day}" for day in range(10, 22)]


@pytest.fixture
def newspaper() -> Iterator[Site]:
    """A feed of twelve stories, a sitemap that goes back to 2019, two editions."""
    with Site() as site:
        site.add(
            "/",
            body="""<html lang="en"><head><title>The Lantern</title>
            <link rel="alternate" type="application/rss+xml" href="/feed">
            <link rel="alternate" hreflang="ar" href="/ar/"></head>
            <body><a href="/vi/">Tiếng Việt</a></body></html>""",
        )
        items = "".join(
            f"<item><title>Story {path[-2:]}</title><link>{site.url(path)}</link>"
            f"<pubDate>{path[-2:]} Jun 2024 10:00:00 GMT</pubDate></item>"
            for path in PATHS
        )
        site.add("/feed", body=f"<rss version='2.0'><channel>{items}</channel></rss>")
        old = [f"/news/2019/03/{day:02}/old-story-{day}" for day in range(1, 9)]
        locations = "".join(f"<url><loc>{site.url(p)}</loc></url>" for p in old)
        site.add("/sitemap.xml", body=f"<urlset>{locations}</urlset>")
        words = "The tram to the harbour runs again since Monday. " * 30
        for path in (*PATHS, *old):
            site.add(
                path,
                body=f"<html><body><h1 class='brand'>The Lantern</h1>"
                f"<h2 class='headline'>Story of {path}</h2>"
                f"<article><p>{words} {path}</p></article></body></html>",
            )
        yield site


def on_a_terminal(typed: str, *arguments: str, workspace: Path) -> tuple[int, str]:
    """Runs the command line where a person sits; what it said on stderr."""
    ours, theirs = os.openpty()
    try:
        child = subprocess.Popen(
            [sys.executable, "-m", "babelwire", "--workspace", workspace, *arguments],
            stdin=theirs,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment(),
        )
        os.write(ours, typed.encode())
        out, err = child.communicate(timeout=120)
    finally:
        os.close(ours)
        os.close(theirs)
    return child.returncode, (out + err).decode()


def test_add_shows_headlines_and_writes_nothing_after_a_no(
    workspace: Path, newspaper: Site
) -> None:
    url = newspaper.url("/")
    status, said = on_a_terminal("n\n", "source", "add", url, workspace=workspace)
    assert status == 0, said
    assert sum(f"Story {day}" in said for day in range(10, 22)) == 10
    assert "Write this source?" in said
    assert "Nothing was written." in said
    assert list((workspace / "sources").iterdir()) == []


def test_add_proposes_what_it_learned_and_writes_it_after_a_yes(
    workspace: Path, newspaper: Site
) -> None:
    arguments = ("source", "add", newspaper.url("/"), "--name", "lantern")
    status, said = on_a_terminal("y\n", *arguments, workspace=workspace)
    assert status == 0, said
    assert "12 of 12 look like /news/YEAR/…" in said
    assert "delay: 2 s between two requests" in said
    ar, vi = newspaper.url("/ar/"), newspaper.url("/vi/")
    assert f"ar: babelwire source add {ar} --name lantern-ar" in said
    assert f"vi: babelwire source add {vi} --name lantern-vi" in said
    assert (
        "The site's archive goes back to 2019-03-01; to fetch it: "
        "babelwire crawl lantern --since 2019-03-01"
    ) in said
    source = read(workspace, "lantern")
    assert source["sitemaps"] == []
    assert source["archives"] == [newspaper.url("/sitemap.xml")]
    assert source["allow"] == [r"^/news/\d{4}/"]
    assert source["selectors"] == {"title": "h2.headline"}
    text = (workspace / "sources" / "lantern.toml").read_text("utf-8")
    assert "# This one goes back to 2019-03-01.\n" in text
    assert "# Regular expressions on the path: what is an article." in text


def test_what_add_said_of_the_archive_fetches_it(
    workspace: Path, newspaper: Site
) -> None:
    url = newspaper.url("/")
    name = ("--name", "lantern")
    babelwire("source", "add", url, "--yes", *name, workspace=workspace)
    path = workspace / "sources" / "lantern.toml"
    quick = path.read_text("utf-8").replace("delay_seconds = 2", "delay_seconds = 0")
    path.write_text(quick, "utf-8")
    for since, number in (((), 12), (("--since", "2019-03-01"), 20)):
        ran = babelwire("crawl", "lantern", *since, workspace=workspace)
        assert ran.status == 0, ran.err
        status = babelwire("status", "--json", workspace=workspace).json
        assert status["sources"]["lantern"]["discovered"] == number


def test_the_contact_is_asked_for_once(workspace: Path) -> None:
    """And kept, even where the site then cannot be reached."""
    config = workspace / "babelwire.toml"
    arguments = ("source", "add", "https://news.invalid/")
    _, said = on_a_terminal("me@example.org\n", *arguments, workspace=workspace)
    assert "Your address or page for site owners" in said
    assert tomllib.loads(config.read_text("utf-8"))["crawl"]["contact"] == (
        "me@example.org"
    )
    _, again = on_a_terminal("", *arguments, workspace=workspace)
    assert "Your address" not in again


HOSTILE = "The \x1b[31mEvil\x1b[0m\"\n[rights]\nshow = 'full' \u202egnp"


def test_what_a_site_says_of_itself_stays_text(workspace: Path) -> None:
    """W3, W8"""
    with Site() as site:
        site.add(
            "/",
            body=f"""<html lang="en\"]"><head><meta property="og:site_name"
            content='{HOSTILE.replace("'", "&#39;")}'>
            <link rel="alternate" type="application/rss+xml" href="/feed"></head>""",
        )
        title = f"<![CDATA[{HOSTILE}]]>"
        item = f"<item><title>{title}</title><link>{site.url('/a')}</link></item>"
        site.add("/feed", body=f"<rss version='2.0'><channel>{item}</channel></rss>")
        arguments = ("source", "add", site.url("/"), "--yes", "--name", "evil")
        ran = babelwire(*arguments, workspace=workspace)
    assert ran.status == 0, ran.err
    assert "\x1b" not in ran.out + ran.err
    assert "\u202e" not in ran.out + ran.err
    source = read(workspace, "evil")
    assert source["rights"]["show"] == "excerpt"  # type: ignore[index]
    assert source["publisher"].startswith('The [31mEvil[0m" [rights]')  # type: ignore[attr-defined]


def test_add_needs_a_contact_outside_ones_own_networks(workspace: Path) -> None:
    ran = babelwire(
        "source", "add", "https://news.example/", "--yes", workspace=workspace
    )
    assert ran.status == 2
    assert "contact" in ran.err


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
