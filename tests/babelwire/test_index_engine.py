"""Elasticsearch in the configuration of a workspace: filled, down, and back (I2)."""

from pathlib import Path

import pytest

from tests import elasticsearch
from tests.babelwire.conftest import babelwire
from tests.babelwire.test_faults import feed, page, source_file
from tests.babelwire.test_translation_engines import configure
from tests.site import Site

DOWN = "http://127.0.0.1:1"


@pytest.fixture
def site():
    with Site() as running:
        yield running


def choose(root: Path, url: str, name: str = "babelwire") -> None:
    configure(root, 'engine = "tantivy"', 'engine = "elasticsearch"')
    configure(root, 'url = "http://127.0.0.1:9200"', f'url = "{url}"')
    configure(root, 'name = "babelwire"', f'name = "{name}"')
    configure(root, "patience_seconds = 60.0", "patience_seconds = 0.0")


def publish(site: Site, workspace: Path) -> None:
    site.add("/feed.xml", body=feed(site, ["/1", "/2"]))
    for number in (1, 2):
        headers = {"Content-Type": "text/html"}
        site.add(f"/{number}", body=page(number), headers=headers)
    source_file(workspace, site)


def test_a_server_that_is_down_stops_neither_crawl_nor_pipeline(
    workspace: Path, site: Site
) -> None:
    """I2"""
    publish(site, workspace)
    choose(workspace, DOWN)
    ran = babelwire("run", workspace=workspace)
    assert ran.status == 3
    assert ran.err.count("documents wait for the index") == 2  # once, and at the end
    assert "Traceback" not in ran.err
    status = babelwire("status", "--json", workspace=workspace)
    assert status.status == 0
    assert status.json["sources"]["site"]["documents"] == 2
    assert status.json["stages"]["translate"]["due"] == 0
    index = status.json["index"]
    assert (index["documents"], index["backlog"]) == (0, 2)
    assert "127.0.0.1:1" in index["unavailable"]
    assert babelwire("search", "*", workspace=workspace).status == 3
    assert "is it running" in babelwire("status", workspace=workspace).err


@pytest.mark.elasticsearch
def test_when_it_is_back_the_backlog_drains(workspace: Path, site: Site) -> None:
    """I2, and the rest of the commands on a real server."""
    publish(site, workspace)
    chosen = elasticsearch.settings()
    choose(workspace, DOWN, chosen.name)
    assert babelwire("run", workspace=workspace).status == 3
    configure(workspace, f'url = "{DOWN}"', f'url = "{elasticsearch.URLS[0]}"')
    try:
        done = babelwire("index", workspace=workspace)
        assert "Indexed 2 documents." in done.out + done.err
        assert (
            babelwire("search", "*", "--json", workspace=workspace).json["total"] == 2
        )
        rebuilt = babelwire("index", "--rebuild", workspace=workspace)
        assert "--prune" in rebuilt.out + rebuilt.err
        proven = babelwire("index", "--verify", workspace=workspace)
        assert proven.status == 0, proven.err
        pruned = babelwire("index", "--prune", workspace=workspace)
        assert "Removed: g-" in pruned.out + pruned.err
        again = babelwire("index", "--prune", workspace=workspace)
        assert "no old index" in again.out + again.err
    finally:
        elasticsearch.remove(chosen)


@pytest.mark.elasticsearch
def test_another_engine_is_filled_while_the_configured_one_answers(
    workspace: Path, site: Site
) -> None:
    publish(site, workspace)
    assert babelwire("run", workspace=workspace).status == 0
    chosen = elasticsearch.settings()
    configure(
        workspace,
        'url = "http://127.0.0.1:9200"',
        f'url = "{elasticsearch.URLS[0]}"',
    )
    configure(workspace, 'name = "babelwire"', f'name = "{chosen.name}"')
    try:
        for flag in ("--rebuild", "--verify"):
            ran = babelwire(
                "index", "--engine", "elasticsearch", flag, workspace=workspace
            )
            assert ran.status == 0, ran.err
        status = babelwire("status", "--json", workspace=workspace).json["index"]
        assert (status["engine"], status["documents"]) == ("tantivy", 2)
    finally:
        elasticsearch.remove(chosen)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('url = "http://127.0.0.1:9200"', 'url = "search:9200"', "index.url"),
        (
            'url = "http://127.0.0.1:9200"',
            'url = "https://me:secret@127.0.0.1:9200"',
            "password_variable",
        ),
        (
            'url = "http://127.0.0.1:9200"',
            'url = "https://search.example.org"',
            "[privacy]",
        ),
        ('name = "babelwire"', 'name = "Babel Wire"', "small letters"),
        ('\nuser = ""', '\nuser = "me"', "needs the other"),
        ("shards = 1", "shards = 0", "index.shards"),
    ],
)
def test_what_reaches_no_cluster_is_refused(
    workspace: Path, old: str, new: str, message: str
) -> None:
    configure(workspace, old, new)
    ran = babelwire("config", "check", workspace=workspace)
    assert ran.status == 2
    assert message in ran.err
    assert "secret" not in ran.err


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            'api_key_variable = ""\nuser',
            'api_key_variable = "MISSING"\nuser',
            "MISSING",
        ),
        (
            'ca_file = ""\n# For one request',
            'ca_file = "nowhere.pem"\n# For one request',
            "nowhere.pem",
        ),
    ],
)
def test_a_missing_secret_or_file_is_named(
    workspace: Path, old: str, new: str, message: str
) -> None:
    choose(workspace, DOWN)
    configure(workspace, old, new)
    ran = babelwire("index", workspace=workspace)
    assert ran.status == 2
    assert message in ran.err
