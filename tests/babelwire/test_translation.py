"""Documents with a real model, from "needs a model" to a correction that is undone."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from sacrebleu.metrics import BLEU

from babelwire.demo.world import World
from babelwire.workspace import make_workspace
from pipeline.translation.tmx import read_tmx
from tests.babelwire.conftest import Ran, babelwire
from tests.model_stores import Registry
from tests.site import Site
from tests.trained import needs_torch
from tests.trained.firefox import trained_firefox

pytestmark = needs_torch

MEMORY = Path(__file__).parents[2] / "babelwire" / "demo" / "memory.tmx"
MODEL = "firefox-vi-en-tiny"


@pytest.fixture(scope="module")
def registry() -> Iterator[Registry]:
    """A mirror that offers the trained Vietnamese model."""
    trained = trained_firefox("vi")
    with Site() as site:
        made = Registry(site)
        made.offer("vi-en", _parts(Path(trained.folder)))
        yield made


def _parts(folder: Path) -> dict[str, tuple[str, bytes]]:
    files = sorted(path for path in folder.iterdir() if path.is_file())
    return {
        "model" if path.name.startswith("model") else "vocab": (
            path.name,
            path.read_bytes(),
        )
        for path in files
        if path.name.startswith(("model", "vocab"))
    }


def vietnamese_articles() -> list[dict[str, str]]:
    return [
        {
            "url": f"https://vi.example.org/{article.id}",
            "title": article.title,
            "text": "\n".join(" ".join(p) for p in article.paragraphs),
        }
        for article in World.load().articles
        if article.language == "vi"
    ]


def known_pairs() -> dict[str, str]:
    return {
        pair.source_text: pair.target_text
        for pair in read_tmx(MEMORY)
        if pair.source_language == "vi"
    }


@pytest.fixture(scope="module")
def folder(registry: Registry, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with the demo's Vietnamese articles imported."""
    root = tmp_path_factory.mktemp("translation")
    workspace = make_workspace(root / "desk")
    config = workspace.root / "babelwire.toml"
    text = config.read_text("utf-8")
    mirror = f'firefox_mirror = "{registry.root}"'
    config.write_text(text.replace('firefox_mirror = ""', mirror), "utf-8")
    lines = root / "articles.jsonl"
    lines.write_text("\n".join(json.dumps(a) for a in vietnamese_articles()), "utf-8")
    assert babelwire("import", lines, workspace=workspace.root).status == 0
    return workspace.root


@pytest.fixture(scope="module")
def first(folder: Path) -> Ran:
    """Processed without a model."""
    ran = babelwire("process", workspace=folder)
    assert babelwire("index", workspace=folder).status == 0
    return ran


@pytest.fixture(scope="module")
def pulled(first: Ran, folder: Path) -> Ran:
    return babelwire("models", "pull", "vi-en", workspace=folder)


@pytest.fixture(scope="module")
def translated(pulled: Ran, folder: Path) -> Path:
    """Processed again, with the model there."""
    assert pulled.status == 0, pulled.err
    assert babelwire("process", workspace=folder).status == 0
    assert babelwire("index", workspace=folder).status == 0
    return folder


def shown(folder: Path, number: int = 0) -> dict[str, object]:
    found = babelwire("search", "*", "--json", workspace=folder).json["hits"]
    ids = sorted(hit["id"] for hit in found)
    shown: dict[str, object] = babelwire(
        "show", ids[number], "--json", workspace=folder
    ).json
    return shown


def test_without_a_model_it_says_once_which_command_gets_it(first: Ran, folder) -> None:
    """P10"""
    assert first.status == 0
    line = 'Vietnamese needs a 17 MB model (MPL-2.0): "babelwire models pull vi-en"'
    assert first.err.count(line) == 1
    status = babelwire("status", "--json", workspace=folder).json
    waiting = status["stages"]["translate"]["waiting"]
    assert waiting == {"no_model": len(vietnamese_articles())}
    assert status["translation"]["needs"][0]["model"] == MODEL


def test_a_document_that_waits_is_found_in_its_original(first, folder) -> None:
    """P10"""
    hits = babelwire("search", "Kazan lang:vi", "--json", workspace=folder).json
    assert hits["total"] > 0
    assert {hit["translation_status"] for hit in hits["hits"]} <= {"waiting", "done"}


def test_a_pulled_model_says_licence_and_revision(pulled: Ran, folder) -> None:
    assert (pulled.status, pulled.out) == (0, "")
    assert f"{MODEL} (MPL-2.0, revision " in pulled.err
    listed = babelwire("models", "list", "--installed", "--json", workspace=folder).json
    assert [m["name"] for m in listed["models"]] == [MODEL]
    assert babelwire("models", "verify", workspace=folder).status == 0


def test_documents_go_the_whole_way_through_a_real_model(translated) -> None:
    status = babelwire("status", "--json", workspace=translated).json
    assert status["stages"]["translate"]["waiting"] == {}
    assert status["stages"]["translate"]["dead"] == 0
    known, outputs, references = known_pairs(), [], []
    for number in range(len(vietnamese_articles())):
        document = shown(translated, number)
        for segment in document["segments"]:
            if segment["original"] in known:
                outputs.append(segment["translation"])
                references.append(known[segment["original"]])
    assert len(outputs) > 40
    assert BLEU().corpus_score(outputs, [references]).score >= 80


def test_every_sentence_says_who_translated_it(translated) -> None:
    document = shown(translated)
    origin = document["segments"][0]["origin"]
    assert origin["translated_at"]
    assert {k: origin[k] for k in ("engine", "by", "model", "licence")} == {
        "engine": "firefox",
        "by": "machine",
        "model": MODEL,
        "licence": "MPL-2.0",
    }
    assert origin["version"]
    assert "greedy" in origin["parameters"]
    assert document["translations"]["en"]["by"] == "machine"


def test_machine_translation_is_called_so_wherever_it_is_shown(translated) -> None:
    plain = babelwire("search", "Kazan", workspace=translated)
    assert "machine-translated" in plain.out
    assert "machine translation: " in plain.out
    document = shown(translated)
    page = babelwire("show", str(document["id"]), workspace=translated)
    assert "machine translation: firefox" in " ".join(page.out.split())
    csv = babelwire("export", "*", "--format", "csv", workspace=translated)
    assert ",machine," in csv.out


def test_an_english_query_finds_the_translation(translated) -> None:
    found = babelwire("search", "forum cities", "--json", workspace=translated).json
    assert found["total"] > 0
    assert {hit["translated_by"] for hit in found["hits"]} == {"machine"}


def test_status_counts_flags_by_pair_and_model(translated) -> None:
    (rate,) = babelwire("status", "--json", workspace=translated).json["translation"][
        "flag_rates"
    ]
    assert (rate["source"], rate["target"]) == ("vi", "en")
    assert rate["model"] == MODEL
    assert rate["segments"] > 40
    assert 0 <= rate["flagged"] < rate["segments"]
    assert "vi-en" in babelwire("status", workspace=translated).out


def test_a_correction_wins_is_listed_and_can_be_undone(translated) -> None:
    document = shown(translated)
    before = document["segments"][1]["translation"]
    ran = babelwire(
        "memory",
        "correct",
        str(document["id"]),
        "2",
        "As a person would say it.",
        "--author",
        "desk",
        workspace=translated,
    )
    assert ran.status == 0, ran.err
    assert "1 sentence in 1 document" in ran.err
    after = shown(translated)["segments"][1]
    assert after["translation"] == "As a person would say it."
    assert (after["origin"]["engine"], after["origin"]["by"]) == (
        "correction",
        "people",
    )
    (listed,) = babelwire("memory", "corrections", "--json", workspace=translated).json[
        "corrections"
    ]
    assert (listed["author"], listed["undone_at"]) == ("desk", None)
    # Neither processing again nor a model takes it away.
    again = babelwire(
        "process",
        "--again",
        "import-vi-example-org",
        "--stage",
        "translate",
        workspace=translated,
    )
    assert again.status == 0, again.err
    assert (
        shown(translated)["segments"][1]["translation"] == "As a person would say it."
    )
    number = str(listed["id"])
    assert babelwire("memory", "undo", number, workspace=translated).status == 0
    assert shown(translated)["segments"][1]["translation"] == before
    twice = babelwire("memory", "undo", number, workspace=translated)
    assert (twice.status, "undone already" in twice.err) == (2, True)


def test_everywhere_needs_a_yes_and_lists_what_changes(translated) -> None:
    document = shown(translated)
    arguments = ("memory", "correct", str(document["id"]), "1", "A headline")
    asked = babelwire(*arguments, "--everywhere", workspace=translated)
    assert asked.status == 2
    assert "This changes 1 sentence in 1 document" in asked.err
    assert "--yes" in asked.err
    assert shown(translated)["segments"][0]["translation"] != "A headline"
    done = babelwire(*arguments, "--everywhere", "--yes", workspace=translated)
    assert done.status == 0, done.err
    assert shown(translated)["segments"][0]["translation"] == "A headline"
    listed = babelwire("memory", "corrections", "--json", workspace=translated).json
    number = str(listed["corrections"][0]["id"])
    assert babelwire("memory", "undo", number, workspace=translated).status == 0


def test_a_changed_model_file_is_refused_and_nothing_is_lost(translated) -> None:
    """O3, P10"""
    path = next((translated / "models" / MODEL).glob("model*"))
    whole = path.read_bytes()
    before = [s["translation"] for s in shown(translated)["segments"]]
    path.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    try:
        checked = babelwire("models", "verify", workspace=translated)
        assert (checked.status, path.name in checked.err) == (1, True)
        answer = babelwire(
            "translate",
            "--from",
            "vi",
            stdin="Câu hoàn toàn mới.\n",
            workspace=translated,
        ).rows[0]
        assert (answer["text"], answer["reason"]) == (None, "damaged_model")
        assert "models pull" in answer["detail"]
        again = ("process", "--again", "import-vi-example-org", "--stage", "translate")
        babelwire(*again, workspace=translated)
        assert [s["translation"] for s in shown(translated)["segments"]] == before
    finally:
        path.write_bytes(whole)


def test_a_removed_model_leaves_its_translations(translated, tmp_path) -> None:
    before = [s["translation"] for s in shown(translated)["segments"]]
    stick = tmp_path / "stick"
    assert babelwire("models", "export", MODEL, stick, workspace=translated).status == 0
    assert babelwire("models", "remove", MODEL, workspace=translated).status == 0
    again = ("process", "--again", "import-vi-example-org", "--stage", "translate")
    assert babelwire(*again, workspace=translated).status == 0
    assert [s["translation"] for s in shown(translated)["segments"]] == before
    taken = babelwire("models", "import", stick, workspace=translated)
    assert (taken.status, f"{MODEL} is here now" in taken.err) == (0, True)
    assert babelwire("models", "verify", workspace=translated).status == 0


@pytest.mark.parametrize(
    ("arguments", "status", "text"),
    [
        (("models", "pull", "xx-yy"), 2, 'no model "xx-yy"'),
        (("models", "pull", "nllb-200-distilled-600m"), 2, "--accept-licence"),
        (("models", "remove", "nothing"), 2, 'no model "nothing"'),
        (("models", "pull", "ar-en"), 3, "has no ar-en base"),
        (("memory", "undo", "999"), 2, "no correction 999"),
    ],
)
def test_wrong_use_is_a_line_with_what_to_do(folder, arguments, status, text) -> None:
    ran = babelwire(*arguments, workspace=folder)
    assert (ran.status, text in ran.err) == (status, True), ran.err
    assert len(ran.err.strip().splitlines()) <= 2


def test_the_list_shows_defaults_licences_and_sizes(folder) -> None:
    listed = babelwire("models", "list", "--lang", "ar", workspace=folder)
    assert "firefox-ar-en-base *" in listed.out
    assert "CC-BY-NC-4.0 (non-commercial)" in " ".join(listed.out.split())
    every = babelwire("models", "list", "--json", workspace=folder).json
    assert len(every["models"]) > 70
    arabic = [m for m in every["models"] if m["sources"] == ["ar"] and m["default"]]
    assert [m["name"] for m in arabic] == ["firefox-ar-en-base"]
