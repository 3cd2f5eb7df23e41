"""`doctor` says what is wrong; `doctor --outside` says whom a workspace contacted."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from babelwire.checkup import Check, examine, permissions
from babelwire.workspace import Workspace, find_workspace
from pipeline.store.contacts import add
from tests.babelwire.conftest import Demo, babelwire, copied
from tests.babelwire.test_translation import vietnamese_articles
from tests.crawler.workspace import feed
from tests.model_stores import FILES, Registry
from tests.pipeline.test_servers import APIS, Stub
from tests.site import Site

NOW = datetime.now(UTC)
"""The machine's: what is looked at was stored by commands just now."""


def host(site: Site) -> str:
    return f"127.0.0.1:{site.port}"


def contacts(root: Path) -> dict[str, dict[str, int]]:
    """Requests by host and purpose, as `doctor --outside` says."""
    ran = babelwire("doctor", "--outside", "--json", workspace=root)
    assert (ran.status, ran.err) == (0, "")
    return {
        each["host"]: {row["purpose"]: row["times"] for row in each["contacts"]}
        for each in ran.json["hosts"]
    }


def configure(root: Path, **changes: str) -> None:
    path = root / "babelwire.toml"
    text = path.read_text("utf-8")
    for old, new in changes.values():
        assert old in text
        text = text.replace(old, new, 1)
    path.write_text(text, "utf-8")


def use_server(root: Path, url: str) -> None:
    """Translates with a LibreTranslate server alone."""
    configure(root, chain=('"firefox", "ctranslate2"]', '"lt"]'))
    with (root / "babelwire.toml").open("a", encoding="utf-8") as file:
        file.write(
            f'\n[translation.engines.lt]\nkind = "libretranslate"\nurl = "{url}"\n'
        )


def follow(root: Path, site: Site, name: str) -> None:
    (root / "sources" / f"{name}.toml").write_text(
        f'name = "{name}"\nkind = "news"\npublisher = "P"\nlanguages = ["vi"]\n'
        f'feeds = ["{site.url("/feed")}"]\nallow = ["^/a/"]\ndelay_seconds = 0\n',
        "utf-8",
    )


@pytest.fixture
def site() -> Iterator[Site]:
    with Site() as running:
        yield running


@pytest.fixture
def translator() -> Iterator[Site]:
    with Site() as running:
        api = APIS["libretranslate"]
        Stub(running, api).says(
            lambda texts: api.wrap([f"The words number {len(t)}" for t in texts])
        )
        yield running


def publish(site: Site) -> None:
    for number, article in enumerate(vietnamese_articles()[:2]):
        paragraphs = "".join(f"<p>{p}</p>" for p in article["text"].split("\n"))
        site.add(
            f"/a/{number}",
            body=f"<html><head><title>{article['title']}</title></head><body><article>"
            f"<h1>{article['title']}</h1>{paragraphs}</article></body></html>",
        )
    feed(site, ["/a/0", "/a/1"])


# --- Whom it contacted -----------------------------------------------------------


def test_each_host_that_was_asked_is_named_with_why_and_no_other(
    workspace, site, translator
) -> None:
    publish(site)
    follow(workspace, site, "hanoi")
    use_server(workspace, translator.base_url)
    before = babelwire("doctor", "--outside", workspace=workspace)
    assert before.out.count("not yet") == 3
    assert "[translation.engines.lt]" in before.out
    assert contacts(workspace)[host(translator)] == {"translate": 0, "query": 0}
    assert babelwire("run", workspace=workspace).status == 0
    told = contacts(workspace)
    assert told == {
        host(site): {"visit": len(site.requests)},
        host(translator): {"translate": len(translator.requests), "query": 0},
    }
    translated = len(translator.requests)
    assert translated > 0
    babelwire("search", "thành phố", "--query-lang", "vi", workspace=workspace)
    asked = len(translator.requests) - translated
    assert asked > 0
    assert contacts(workspace) == {
        host(site): {"visit": len(site.requests)},
        host(translator): {"translate": translated, "query": asked},
    }


def test_trying_a_source_and_looking_at_a_site_are_noted(workspace, site) -> None:
    publish(site)
    follow(workspace, site, "hanoi")
    assert babelwire("source", "test", "hanoi", workspace=workspace).status == 0
    assert contacts(workspace) == {
        host(site): {"visit": 0, "probe": len(site.requests)}
    }
    url = site.url("/feed")
    babelwire("source", "add", url, "--name", "b", "--yes", workspace=workspace)
    assert contacts(workspace)[host(site)]["probe"] == len(site.requests)


def test_fetching_a_model_is_noted(workspace, site) -> None:
    made = Registry(site)
    made.offer("vi-en", FILES)
    configure(
        workspace, mirror=('firefox_mirror = ""', f'firefox_mirror = "{site.base_url}"')
    )
    assert contacts(workspace) == {host(site): {"models": 0}}
    pulled = babelwire("models", "pull", "vi-en", workspace=workspace)
    assert (pulled.status, pulled.err.count("is here now")) == (0, 1), pulled.err
    assert contacts(workspace) == {host(site): {"models": len(site.requests)}}


def test_translating_lines_is_noted(workspace, translator) -> None:
    use_server(workspace, translator.base_url)
    babelwire("translate", "--from", "vi", stdin="Xin chào\n", workspace=workspace)
    assert contacts(workspace)[host(translator)]["translate"] == len(
        translator.requests
    )


def test_a_sentence_is_not_sent_where_that_cannot_be_noted(
    workspace, translator
) -> None:
    """P4: the list would be incomplete otherwise."""
    from babelwire.outside import contact_log
    from pipeline.translation.libretranslate import (
        LibreTranslate,
        LibreTranslateSettings,
    )
    from pipeline.translation.server import Server, ServerSettings

    found = find_workspace(workspace)
    log = contact_log(found, patience_seconds=0.05)
    server = Server(
        ServerSettings(url=translator.base_url, purpose="query"), note_contact=log.note
    )
    engine = LibreTranslate(LibreTranslateSettings(name="lt"), server)
    database = found.open()
    with database.write():
        (refused,) = engine.translate(["Xin chào"], "vi", "en")
    assert refused.reason == "unavailable"
    assert "nothing was sent" in refused.detail
    assert translator.requests == []
    (answer,) = engine.translate(["Xin chào"], "vi", "en")
    assert isinstance(answer, str)
    engine.close()
    log.close()
    database.close()


def test_the_demo_contacted_its_own_sites_alone(demo: Demo) -> None:
    told = babelwire("doctor", "--outside", "--json", workspace=demo.workspace).json
    sources = Workspace(demo.workspace).sources.values()
    assert {each["host"] for each in told["hosts"]} == {
        host for source in sources for host in source.own_hosts
    }
    assert {row["purpose"] for each in told["hosts"] for row in each["contacts"]} == {
        "visit"
    }
    assert all(each["this_machine"] for each in told["hosts"])
    assert all(row["times"] > 0 for each in told["hosts"] for row in each["contacts"])


def test_a_host_elsewhere_is_told_apart_and_counted(workspace) -> None:
    database = find_workspace(workspace).open()
    with database.write() as connection:
        for name in ("news.example.org", "127.0.0.1:5000"):
            add(connection, name, "visit", at=NOW, requests=3)
    database.close()
    ran = babelwire("doctor", "--outside", workspace=workspace)
    assert "127.0.0.1:5000 (this machine)" in ran.out
    assert "news.example.org\n" in ran.out
    assert "who we are" in ran.out
    assert "3 requests" in ran.out
    assert "1 host elsewhere" in ran.err


# --- Whether all is well ---------------------------------------------------------


def looked_at(root: Path, now: datetime | None = None) -> dict[str, Check]:
    checks = examine(find_workspace(root), now or datetime.now(UTC))
    return {check.name.partition(" (")[0]: check for check in checks}


def test_a_sound_workspace_is_said_to_be_so(demo: Demo) -> None:
    ran = babelwire("doctor", workspace=demo.workspace)
    assert ran.status == 0, ran.out
    assert "All is well" in ran.err
    assert "attention" not in ran.out
    told = babelwire("doctor", "--json", workspace=demo.workspace).json
    assert (told["schema"], told["ok"]) == (1, True)
    assert {check["name"] for check in told["checks"]} >= {"store", "disk", "clock"}


def test_an_empty_workspace_is_told_what_to_do_first(workspace) -> None:
    ran = babelwire("doctor", workspace=workspace)
    assert ran.status == 1
    assert '"babelwire source add URL" adds one' in ran.out


def test_an_index_that_is_behind_and_documents_without_a_model_are_told(
    workspace, tmp_path
) -> None:
    lines = tmp_path / "articles.jsonl"
    lines.write_text(json.dumps(vietnamese_articles()[0]), "utf-8")
    assert babelwire("import", lines, workspace=workspace).status == 0
    assert babelwire("process", workspace=workspace).status == 0
    found = looked_at(workspace)
    assert not found["index"].ok
    assert "babelwire index" in found["index"].advice
    assert not found["translation models"].ok
    assert "babelwire models pull" in found["translation models"].advice
    assert babelwire("index", workspace=workspace).status == 0
    assert looked_at(workspace)["index"].ok


def test_a_clock_that_was_put_back_is_noticed(demo: Demo) -> None:
    """P7"""
    now = datetime.now(UTC)
    assert looked_at(demo.workspace, now)["clock"].ok
    assert not looked_at(demo.workspace, now - timedelta(days=1))["clock"].ok


def test_a_broken_file_of_a_source_is_told_and_the_rest_looked_at(
    demo: Demo, tmp_path
) -> None:
    root = copied(demo.workspace, tmp_path / "copy")
    (root / "sources" / "broken.toml").write_text("name = 1", "utf-8")
    found = looked_at(root)
    assert "broken.toml" in found["configuration"].found
    assert found["store"].ok
    assert not found["status"].ok


def test_files_that_anybody_may_change_are_told(demo: Demo, tmp_path) -> None:
    root = copied(demo.workspace, tmp_path / "copy")
    (root / "babelwire.toml").chmod(0o666)
    found = looked_at(root)["permissions"]
    assert (found.ok, "babelwire.toml" in found.found) == (False, True)
    assert "chmod" in found.advice


def test_files_that_cannot_be_written_are_told(demo: Demo) -> None:
    workspace = Workspace(demo.workspace)
    found = permissions(workspace, lambda path: path.name != "sources")
    assert not found.ok
    assert found.found == f"cannot be written: {workspace.sources_folder}"


def test_a_store_that_cannot_be_read_is_told(demo: Demo, tmp_path) -> None:
    """P9"""
    root = copied(demo.workspace, tmp_path / "copy")
    (root / "babelwire.db").write_bytes(b"no database, but long enough " * 200)
    found = looked_at(root)
    assert not found["store"].ok
    assert "damaged" in found["store"].found
    assert found["configuration"].ok
