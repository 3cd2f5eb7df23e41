"""`source test`: against the network and against stored pages, one source or all."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from babelwire.demo.server import WorldServer, serve
from babelwire.demo.world import World
from babelwire.trial import Trial, TriedArticle
from babelwire.trial_report import trials_json
from tests.babelwire.conftest import babelwire
from tests.site import Site

NAME = "vestnik-kazanki"


@pytest.fixture(scope="module")
def server() -> Iterator[WorldServer]:
    with serve(World.load()) as running:
        yield running


@pytest.fixture
def site() -> Iterator[Site]:
    with Site() as running:
        yield running


def follow(workspace: Path, server: WorldServer, *names: str) -> None:
    for name in names:
        text = World.load().source_toml(name, server.urls[name])
        (workspace / "sources" / f"{name}.toml").write_text(text, "utf-8")


def write(workspace: Path, site: Site, name: str, **keys: object) -> None:
    told = {
        "name": name,
        "kind": "news",
        "publisher": name,
        "feeds": [site.url("/feed")],
        "delay_seconds": 0.0,
        **keys,
    }
    lines = "".join(f"{key} = {json.dumps(value)}\n" for key, value in told.items())
    (workspace / "sources" / f"{name}.toml").write_text(lines, "utf-8")


def page(title: str, words: int) -> str:
    text = "The tram to the harbour runs again since Monday. " * (words // 9)
    return f"<html><body><article><h1>{title}</h1><p>{text}</p></article></body></html>"


def publish(site: Site, *paths: str) -> None:
    links = "".join(
        f"<item><title>T</title><link>{path if '//' in path else site.url(path)}</link>"
        "</item>"
        for path in paths
    )
    site.add("/feed", body=f"<rss version='2.0'><channel>{links}</channel></rss>")


# --- The network -------------------------------------------------------------


def test_a_trial_tells_what_is_found_read_and_rejected_and_stores_nothing(
    workspace: Path, site: Site
) -> None:
    publish(site, "/a/good", "/a/short", "/a/gone", "/b/other", "https://x.example/a")
    site.add("/a/good", body=page("The tram", 300))
    site.add("/a/short", body=page("Soon", 9))
    write(workspace, site, "tram", allow=["^/a/"])
    ran = babelwire("source", "test", "tram", workspace=workspace)
    assert ran.status == 0, ran.err
    assert "5 entries, 3 in scope, 1 that `allow` leaves out" in ran.out
    assert "1 on other hosts (x.example)" in ran.out
    assert "3 article addresses in scope" in ran.out
    assert "  The tram\n  English, undated, 297 words" in ran.out
    assert "would be rejected: text too short" in ran.out
    assert "not read: HTTP status 404" in ran.out
    status = babelwire("status", "--json", workspace=workspace).json
    assert status["sources"].get("tram", {}).get("discovered", 0) == 0
    assert list((workspace / "archive").iterdir()) == []


def test_a_source_that_fails_is_named_and_stops_no_other(
    workspace: Path, server: WorldServer, site: Site
) -> None:
    site.add("/feed", status=500)
    write(workspace, site, "broken")
    write(workspace, site, "sleeping", enabled=False)
    follow(workspace, server, NAME)
    ran = babelwire("source", "test", "--all", "--articles", "1", workspace=workspace)
    assert ran.status == 1
    assert f"broken: feed {site.url('/feed')}: HTTP status 500" in ran.out
    rows = {line.split()[0]: line.split() for line in ran.out.splitlines() if line}
    assert rows["broken"][-1] == "fails"
    assert rows[NAME][-1] == "good"
    assert "sleeping" not in ran.out


def test_the_report_is_one_json_document(workspace: Path, server: WorldServer) -> None:
    follow(workspace, server, NAME)
    arguments = ("source", "test", NAME, "--articles", "1", "--json")
    told = babelwire(*arguments, workspace=workspace).json
    assert (told["schema"], told["failed"]) == (1, [])
    (source,) = told["sources"]
    assert source["source"] == NAME
    assert source["good"]
    assert source["endpoints"][0]["works"]
    assert source["in_scope"] >= 1
    (article,) = source["articles"]
    assert (article["language"], article["good"]) == ("ru", True)
    assert article["published_at"].startswith("2024-06-")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "name some sources, or --all"),
        (("broken", "--all"), "name some sources, or --all"),
        (("nobody",), 'no source "nobody"'),
        (("broken", "--articles", "-1"), "--articles"),
    ],
)
def test_wrong_use_is_told(
    workspace: Path, site: Site, arguments: tuple[str, ...], said: str
) -> None:
    write(workspace, site, "broken")
    ran = babelwire("source", "test", *arguments, workspace=workspace)
    assert ran.status == 2
    assert said in ran.err


def test_a_missing_contact_is_wrong_configuration(workspace: Path, site: Site) -> None:
    write(workspace, site, "far", feeds=["https://news.example/feed"])
    ran = babelwire("source", "test", "far", workspace=workspace)
    assert ran.status == 2
    assert "[crawl] contact: missing" in ran.err


# --- Stored pages ------------------------------------------------------------


def test_stored_pages_are_read_again_and_nobody_is_contacted(
    workspace: Path, site: Site
) -> None:
    paths = [f"/a/{n}" for n in range(4)]
    publish(site, *paths)
    for path in paths:
        site.add(path, body=page(f"Tram {path[-1]}", 300))
    write(workspace, site, "tram")
    assert babelwire("crawl", workspace=workspace).status == 0
    before = len(site.requests)
    arguments = ("source", "test", "tram", "--stored", "--articles", "2")
    ran = babelwire(*arguments, workspace=workspace)
    assert ran.status == 0, ran.out + ran.err
    assert "4 entries, 4 in scope" in ran.out
    assert ran.out.count("  Tram ") == 2
    # The source's file as it is now.
    write(workspace, site, "tram", allow=["^/b/"])
    told = babelwire(*arguments, "--json", workspace=workspace)
    assert told.status == 1
    (source,) = told.json["sources"]
    assert source["failures"] == ["no article address in scope"]
    assert {one["problem"] for one in source["articles"]} == {"path_not_allowed"}
    assert len(site.requests) == before


def test_a_source_that_was_never_crawled_has_nothing_stored(
    workspace: Path, site: Site
) -> None:
    write(workspace, site, "tram")
    ran = babelwire("source", "test", "tram", "--stored", workspace=workspace)
    assert ran.status == 1
    assert f"feed {site.url('/feed')}: not stored" in ran.out
    assert site.requests == []


def test_an_index_is_told_by_its_stored_sitemaps(
    workspace: Path, server: WorldServer
) -> None:
    follow(workspace, server, "hafenblick")
    babelwire("crawl", workspace=workspace)
    ran = babelwire(
        "source", "test", "hafenblick", "--stored", "--json", workspace=workspace
    )
    assert ran.status == 0, ran.out
    (endpoint,) = ran.json["sources"][0]["endpoints"]
    assert endpoint["children"] == 2
    assert endpoint["in_scope"] == 3


# --- What makes a source fail ------------------------------------------------

WORKS = {"kind": "feed", "url": "u", "entries": 3, "children": 0, "problem": ""}
GOOD = TriedArticle(url="a", title="T", words=9)
BAD = TriedArticle(url="b", rejected="too_short")


@pytest.mark.parametrize(
    ("fields", "failures"),
    [
        ({"in_scope": 3, "articles": [GOOD, BAD]}, []),
        ({"in_scope": 3, "articles": [], "wanted": 0}, []),
        (
            {"in_scope": 3, "articles": [BAD]},
            ["none of 1 sample articles could be read"],
        ),
        ({"in_scope": 3, "articles": []}, ["no sample article was looked at"]),
        ({"in_scope": 0}, ["no article address in scope"]),
        ({"endpoints": []}, ["it has no feed, sitemap or list"]),
        ({"problem": "the network is down"}, ["the network is down"]),
        (
            {
                "in_scope": 3,
                "articles": [GOOD],
                "endpoints": [WORKS, {**WORKS, "entries": 0, "problem": "timeout"}],
            },
            ["feed u: no answer in time"],
        ),
        (
            {
                "in_scope": 3,
                "articles": [GOOD],
                "endpoints": [{**WORKS, "problem": "broken_feed"}],
            },
            [],
        ),
    ],
)
def test_a_source_fails_for_a_reason(
    fields: dict[str, object], failures: list[str]
) -> None:
    trial = Trial(**{"source": "s", "endpoints": [WORKS], "wanted": 3, **fields})  # type: ignore[arg-type]
    assert trial.failures == failures
    assert trials_json([trial])["failed"] == (["s"] if failures else [])
