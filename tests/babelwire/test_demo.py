"""`babelwire demo` and what a stranger tries next."""

import csv
import io
from dataclasses import replace
from pathlib import Path

import pytest

from babelwire.demo.world import World
from tests import elasticsearch
from tests.babelwire.conftest import Demo, babelwire


def test_demo_ends_well_and_shows_the_balance(demo: Demo) -> None:
    assert demo.ran.status == 0, demo.ran.err
    world = World.load()
    status = babelwire("status", "--json", workspace=demo.workspace).json
    sources = status["sources"].values()
    assert sum(source["documents"] for source in sources) == len(world.articles)
    assert sum(source["pending"] for source in sources) == 0
    outcomes = ("pending", "stored", "unchanged", "duplicate")
    for source in sources:
        lost = sum(source["rejected"].values()) + sum(source["failed"].values())
        assert source["discovered"] == sum(source[key] for key in outcomes) + lost
    total = next(line for line in demo.ran.out.splitlines() if line.startswith("all"))
    assert str(sum(source["discovered"] for source in sources)) in total.split()


def test_demo_answers_an_english_query_from_three_other_languages(demo: Demo) -> None:
    part = demo.ran.out.split("3. An English")[1].split("4. Vietnamese typed")[0]
    assert {"vi: ", "ar: ", "ru: "} <= {
        word for word in ("vi: ", "ar: ", "ru: ") if word in part
    }
    assert part.count("translation: ") >= 3


def test_demo_finds_vietnamese_without_accents(demo: Demo) -> None:
    part = demo.ran.out.split("4. Vietnamese typed")[1]
    assert "Diễn đàn các Thành phố" in part.split("\n  2. ")[0]


def test_demo_shows_a_statement_beside_its_translation(demo: Demo) -> None:
    part = demo.ran.out.split("5. An official")[1]
    assert "saved translations" in part
    assert "Приветствие" in part
    assert "Greetings" in part


def test_every_command_that_the_demo_names_works(demo: Demo) -> None:
    import shlex

    named = [
        line.strip()
        for line in demo.ran.err.split("Try next:")[1].splitlines()
        if "--workspace" in line
    ]
    assert len(named) >= 4
    for line in named:
        words = shlex.split(line, comments=True)
        if words[-1] == "serve":  # goes on until it is told to end
            continue
        arguments = words[words.index("--workspace") + 2 :]
        ran = babelwire(*arguments, workspace=demo.workspace)
        assert ran.status == 0, (line, ran.err)
        assert ran.out, line


def test_every_document_is_translated_by_memory_alone(demo: Demo) -> None:
    status = babelwire("status", "--json", workspace=demo.workspace).json
    assert status["stages"]["translate"]["waiting"] == {}
    found = babelwire("export", "*", workspace=demo.workspace).rows
    assert {row["translation_status"] for row in found} == {"none_needed", "done"}
    shown = babelwire(
        "show",
        next(r["id"] for r in found if r["language"] == "ar"),
        "--json",
        workspace=demo.workspace,
    ).json
    assert shown["translations"]["en"]["engine"] == "memory"
    assert all(s["translation"] for s in shown["segments"])


def test_the_quiet_edit_is_a_second_revision(demo: Demo) -> None:
    """C14: a statement edited in silence."""
    found = babelwire(
        "search",
        "17 cooperation agreements",
        "source:kazan-cityhall",
        "--json",
        workspace=demo.workspace,
    ).json
    document = found["hits"][0]
    assert document["revision"] == 2
    diff = babelwire("show", "--diff", document["id"], workspace=demo.workspace)
    assert "[-14-]{+17+}" in diff.out
    first = babelwire(
        "show", f"{document['id']}@1", "--json", workspace=demo.workspace
    ).json
    assert first["revision"] == 1
    assert "14" in first["text"]
    assert [r["number"] for r in first["revisions"]] == [1, 2]


def test_the_wire_text_on_three_sites_is_one_group(demo: Demo) -> None:
    found = babelwire("search", "seamount survey", "--json", workspace=demo.workspace)
    grouped = [hit for hit in found.json["hits"] if hit["duplicates"] == 2]
    assert len(grouped) == 3
    assert len({hit["cluster"] for hit in grouped}) == 1


def test_export_has_as_many_documents_as_the_search_counts(demo: Demo) -> None:
    counted = babelwire("search", "forum", "--json", workspace=demo.workspace).json
    rows = babelwire("export", "forum", workspace=demo.workspace).rows
    assert len(rows) == counted["total"] > 5
    table = babelwire("export", "forum", "--format", "csv", workspace=demo.workspace)
    assert len(list(csv.DictReader(io.StringIO(table.out)))) == counted["total"]


def test_index_and_archive_prove_themselves(demo: Demo) -> None:
    proved = babelwire("index", "--verify", workspace=demo.workspace)
    assert proved.status == 0, proved.err
    assert babelwire("archive", "verify", workspace=demo.workspace).status == 0


def test_a_second_demo_in_the_same_folder_starts_anew(demo: Demo) -> None:
    """The folder of something else is refused instead."""
    other = demo.workspace.parent / "other"
    other.mkdir()
    (other / "thesis.txt").write_text("mine", "utf-8")
    refused = babelwire("demo", "--folder", other)
    assert refused.status == 2
    assert "was not made by the demo" in refused.err
    assert (other / "thesis.txt").exists()


@pytest.mark.parametrize("engine", elasticsearch.ENGINES)
def test_right_documents_of_the_worlds_queries_come_first(
    demo: Demo, engine: str, tmp_path: Path
) -> None:
    """All of them are among the first five hits; where there are more, only they."""
    from babelwire.searching import open_desk
    from babelwire.workspace import find_workspace
    from search_index.query import SearchRequest
    from search_index.sync import sync

    workspace = find_workspace(demo.workspace)
    database = workspace.open()
    paths = {
        article.id: (article.site, article.path) for article in World.load().articles
    }
    wrong = []
    with (
        elasticsearch.opened(engine, tmp_path / "index") as index,
        open_desk(workspace, database) as desk,
    ):
        asking = desk
        if engine != desk.index.name:
            sync(database, index, target="en")
            asking = replace(desk, index=index)
        for query in World.queries():
            page = asking.ask(SearchRequest(text=query.text, limit=5))
            right = {paths[r] for r in query.right}
            found = {
                (hit.source, "/" + hit.url.split("/", 3)[3].split("?")[0])
                for hit in page.hits
            }
            if not (right <= found or (len(right) > 5 and found <= right)):
                wrong.append(query.text)
    database.close()
    assert wrong == []


def test_addresses_are_shown_without_tracking(demo: Demo) -> None:
    """C13: the feed's `utm_source` is fetched as found and not shown."""
    rows = babelwire("export", "*", workspace=demo.workspace).rows
    assert len(rows) == len(World.load().articles)
    assert not [row["url"] for row in rows if "utm_" in row["url"]]
