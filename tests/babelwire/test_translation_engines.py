"""The demo's Vietnamese documents go the whole way through every other engine."""

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sacrebleu.metrics import BLEU

from babelwire.workspace import make_workspace
from pipeline.translation.engine import InstalledModel
from tests.babelwire.conftest import babelwire
from tests.babelwire.test_translation import known_pairs, vietnamese_articles
from tests.pipeline.test_servers import APIS, Stub
from tests.site import Site
from tests.trained import needs
from tests.trained.marian import converted_marian, trained_marian

MODELS: dict[str, Callable[[], InstalledModel]] = {
    "ctranslate2": lambda: converted_marian("int8"),
    "transformers": trained_marian,
}
OWN = """
[[model]]
name = "trained"
engine = "{engine}"
architecture = "marian"
sources = ["vi"]
targets = ["en"]
size_mb = 1
licence = "CC0-1.0"
location = "hub"
repository = "nobody/nothing"
files = ["model.bin"]
"""


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    root = make_workspace(tmp_path / "desk").root
    lines = tmp_path / "articles.jsonl"
    lines.write_text("\n".join(json.dumps(a) for a in vietnamese_articles()), "utf-8")
    assert babelwire("import", lines, workspace=root).status == 0
    return root


@pytest.fixture
def site() -> Iterator[Site]:
    with Site() as running:
        yield running


def configure(root: Path, old: str, new: str, more: str = "") -> None:
    path = root / "babelwire.toml"
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1) + more, "utf-8")


def score(root: Path) -> float:
    """BLEU of what the documents say now, against the translations known."""
    known, outputs, references = known_pairs(), [], []
    assert babelwire("index", workspace=root).status == 0
    for hit in babelwire("search", "*", "--json", workspace=root).json["hits"]:
        document = babelwire("show", hit["id"], "--json", workspace=root).json
        for segment in document["segments"]:
            if segment["original"] in known and segment["translation"]:
                outputs.append(segment["translation"])
                references.append(known[segment["original"]])
    assert len(outputs) > 40
    result: float = BLEU().corpus_score(outputs, [references]).score
    return result


@needs("torch", "transformers")
@pytest.mark.parametrize("engine", MODELS)
def test_documents_go_through_a_model_of_marians(desk, tmp_path, engine) -> None:
    model = MODELS[engine]()
    folder = tmp_path / "files"
    folder.mkdir()
    for path in model.files:
        shutil.copy(Path(model.folder, path), folder / path)
    (desk / "models").mkdir()
    (desk / "models" / "catalogue.toml").write_text(OWN.format(engine=engine))
    configure(desk, '"firefox", "ctranslate2"]', f'"{engine}"]')
    taken = babelwire("models", "import", folder, "--as", "trained", workspace=desk)
    assert taken.status == 0, taken.err
    ran = babelwire("process", workspace=desk)
    assert ran.status == 0, ran.err
    status = babelwire("status", "--json", workspace=desk).json
    assert status["stages"]["translate"]["waiting"] == {}
    assert score(desk) >= 80


@needs("torch", "transformers")
def test_an_own_model_is_converted_and_used(desk) -> None:
    trained = trained_marian().folder
    arguments = ("--as", "mine", "--from", "vi", "--to", "en", "--licence", "CC0-1.0")
    ran = babelwire("models", "convert", trained, *arguments, workspace=desk)
    assert (ran.status, "mine is here now" in ran.err) == (0, True), ran.err
    original, known = next(iter(known_pairs().items()))
    answer = babelwire(
        "translate", "--from", "vi", stdin=f"{original}\n", workspace=desk
    ).rows[0]
    assert BLEU(effective_order=True).sentence_score(answer["text"], [known]).score > 70
    assert {k: answer[k] for k in ("engine", "model", "licence")} == {
        "engine": "ctranslate2",
        "model": "mine",
        "licence": "CC0-1.0",
    }
    nothing = babelwire(
        "models", "convert", desk / "sources", *arguments, workspace=desk
    )
    assert (nothing.status, "sources" in nothing.err) == (2, True)
    listed = babelwire("models", "list", "--installed", workspace=desk)
    assert "mine" in listed.out


@pytest.mark.parametrize("name", APIS)
def test_documents_go_through_a_server(desk, site, name) -> None:
    api, known = APIS[name], known_pairs()
    stub = Stub(site, api)
    stub.says(lambda texts: api.wrap([known.get(t, f"({t[:9]})") for t in texts]))
    section = (
        f'\n[translation.engines.mine]\nkind = "{name}"\nurl = "{site.base_url}"\n'
    )
    section += 'model = "big"\n' if name == "openai" else ""
    configure(desk, '"firefox", "ctranslate2"]', '"mine"]', section)
    ran = babelwire("process", workspace=desk)
    assert ran.status == 0, ran.err
    assert score(desk) >= 80
    used = babelwire("status", "--json", workspace=desk).json["translation"]["usage"]
    assert used["mine"]["requests"] == stub.calls
    assert used["mine"]["characters"] > 1000


def test_a_server_elsewhere_must_be_named_under_privacy(desk) -> None:
    section = (
        '\n[translation.engines.mine]\nkind = "libretranslate"\n'
        'url = "https://translate.example.org"\n'
    )
    configure(desk, '"firefox", "ctranslate2"]', '"mine"]', section)
    refused = babelwire("process", workspace=desk)
    assert refused.status == 2
    assert "translate.example.org" in refused.err
    assert "[privacy]" in refused.err
    configure(desk, "hosts = []", 'hosts = ["translate.example.org"]')
    assert babelwire("config", "check", workspace=desk).status == 0


@pytest.mark.parametrize(
    ("section", "text"),
    [
        ('kind = "libretranslate"', "url: missing"),
        ('kind = "openai"\nurl = "http://127.0.0.1:1"', "model: missing"),
        (
            'kind = "firefox"\ndevice = "cuda"',
            'device: does nothing for kind = "firefox"',
        ),
        ('kind = "argos"', "kind: found 'argos'"),
    ],
)
def test_a_key_that_would_do_nothing_is_an_error(desk, section, text) -> None:
    configure(desk, "[index]", f"[translation.engines.mine]\n{section}\n\n[index]")
    checked = babelwire("config", "check", workspace=desk)
    assert (checked.status, text in checked.err) == (2, True), checked.err
