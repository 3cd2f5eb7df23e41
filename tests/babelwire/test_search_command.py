"""`babelwire search` on the demo's world and with a translation server."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from babelwire.workspace import make_workspace
from tests.babelwire.conftest import Demo, babelwire
from tests.babelwire.test_translation_engines import configure
from tests.pipeline.test_servers import APIS, Stub
from tests.site import Response, Site


@pytest.fixture
def site() -> Iterator[Site]:
    with Site() as running:
        yield running


@pytest.fixture
def stub(site: Site) -> Stub:
    return Stub(site, APIS["libretranslate"])


@pytest.fixture
def desk(tmp_path: Path, site: Site) -> Path:
    """Two English pages, and a translation server."""
    root = make_workspace(tmp_path / "desk").root
    lines = tmp_path / "pages.jsonl"
    text = "The mayors of many cities met in Kazan to found an association of cities. "
    pages = [
        {"url": f"https://example.org/{n}", "title": title, "text": text * 4 + title}
        for n, title in enumerate(["Mayors meet in Kazan", "Robusta coffee is dear"])
    ]
    lines.write_text("\n".join(map(json.dumps, pages)), "utf-8")
    assert babelwire("import", lines, workspace=root).status == 0
    assert babelwire("process", workspace=root).status == 0
    assert babelwire("index", workspace=root).status == 0
    section = (
        '\n[translation.engines.mine]\nkind = "libretranslate"\n'
        f'url = "{site.base_url}"\n'
    )
    configure(root, '"firefox", "ctranslate2"]', '"mine"]', section)
    return root


def test_a_querys_translation_is_kept_for_the_next_search(
    desk: Path, stub: Stub
) -> None:
    """Another process asks nobody; the sentence counts in no flag rate."""
    stub.says(lambda texts: stub.api.wrap(["coffee dear"] * len(texts)))
    for _ in range(2):
        ran = babelwire("search", "дорогой кофе", "--json", workspace=desk)
        assert ran.json["hits"][0]["title"] == "Robusta coffee is dear"
        (notice,) = [n for n in ran.json["notices"] if n["code"] == "query_translated"]
        assert "Russian" in notice["text"]
    assert stub.calls == 1
    status = babelwire("status", "--json", workspace=desk).json
    assert status["translation"]["usage"]["mine"]["requests"] == 1
    assert not status["translation"].get("rates")


def test_a_server_that_fails_costs_a_notice_not_the_search(
    desk: Path, stub: Stub
) -> None:
    stub.answers(Response(status=500))
    ran = babelwire("search", "дорогой кофе", "--json", workspace=desk)
    assert ran.status == 0
    assert "query_not_translated" in {n["code"] for n in ran.json["notices"]}


def test_grouped_hits_say_how_widely_they_are_spread(demo: Demo) -> None:
    plain = babelwire(
        "search", "*", "--limit", "100", "--json", workspace=demo.workspace
    )
    grouped = babelwire(
        "search", "*", "--limit", "100", "--group", "--json", workspace=demo.workspace
    )
    assert grouped.json["total"] == plain.json["total"]
    assert len(grouped.json["hits"]) < len(plain.json["hits"])
    sizes = [
        hit["group"]["documents"] for hit in grouped.json["hits"] if "group" in hit
    ]
    assert max(sizes) > 1
    shown = babelwire(
        "search", "*", "--group", "--limit", "100", workspace=demo.workspace
    )
    line = next(one for one in shown.out.splitlines() if "with nearly this" in one)
    assert re.search(r"\d with nearly this text: \d publishers? \(", line)
    assert "countr" in line
    assert "owner" in line
    assert "seen first: " in shown.out


def test_what_is_like_a_page_is_found_in_other_languages(demo: Demo) -> None:
    (first, *_) = babelwire(
        "search", "Metshin lang:vi", "--json", workspace=demo.workspace
    ).json["hits"]
    ran = babelwire(
        "search", "--like", first["id"], "--json", workspace=demo.workspace
    ).json
    languages = {hit["language"] for hit in ran["hits"]}
    assert {"ar", "ru"} & languages
    assert first["id"] not in {hit["id"] for hit in ran["hits"]}


def test_a_timeline_has_a_bar_a_week(demo: Demo) -> None:
    ran = babelwire("search", "*", "--timeline", "week", workspace=demo.workspace)
    bars = [line for line in ran.out.splitlines() if "█" in line]
    assert bars
    counted = sum(int(line.split()[1].replace(",", "")) for line in bars)
    total = babelwire("search", "*", "--json", workspace=demo.workspace).json["total"]
    assert counted == total


def test_a_misspelt_word_gets_a_suggestion(demo: Demo) -> None:
    ran = babelwire("search", "Kazna", "mayors", workspace=demo.workspace)
    assert "Did you mean: Kazan mayors" in ran.err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "Missing argument"),
        (["--like", "nonsense"], "expected a document's id"),
        (["--like", "daaaaaaaaaaaaaaaa"], "no document"),
    ],
)
def test_wrong_use_is_said(demo: Demo, arguments: list[str], message: str) -> None:
    ran = babelwire("search", *arguments, workspace=demo.workspace)
    assert ran.status == 2
    assert message in ran.err
