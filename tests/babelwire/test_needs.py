"""A person is asked once for each language, and the model comes meanwhile."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from babelwire.demo.server import serve
from babelwire.demo.world import World
from babelwire.modelling import need_text, needed_model
from babelwire.needs import ModelNeeds
from babelwire.sourcefile import write_source
from babelwire.workspace import Workspace, make_workspace
from pipeline.documents import Segment, Translation
from pipeline.stages.segment import SegmentedReading, SegmentStage
from pipeline.store import Database
from pipeline.store.tables import readings
from pipeline.store.translations import replace_translations
from tests.babelwire.conftest import babelwire
from tests.model_stores import Registry
from tests.pipeline.builders import NOW, SITE, add_document, add_source
from tests.site import Site

FILES = {"model": ("model.vien.bin", b"weights"), "vocab": ("vocab.vien.spm", b"words")}


@pytest.fixture
def registry() -> Iterator[Registry]:
    with Site() as site:
        made = Registry(site)
        made.offer("vi-en", FILES)
        yield made


@pytest.fixture
def workspace(tmp_path: Path, registry: Registry) -> Workspace:
    root = make_workspace(tmp_path / "desk").root
    config = root / "babelwire.toml"
    mirror = f'firefox_mirror = "{registry.root}"'
    config.write_text(config.read_text().replace('firefox_mirror = ""', mirror))
    return Workspace(root)


@pytest.fixture
def store(workspace: Workspace) -> Iterator[Database]:
    database = workspace.open()
    with database.write() as connection:
        add_source(connection)
    yield database
    database.close()


def wait_for_a_model(database: Database, language: str) -> None:
    """A document in a language waits for a model."""
    piece = Segment(position=0, field="title", start=0, end=6, text="Mayors")
    with database.write() as connection:
        _, reading = add_document(connection, f"{SITE}/{language}")
        connection.execute(readings.update().values(language=language))
        cut = SegmentedReading(segments=(piece,))
        SegmentStage().save(connection, {reading: cut}, NOW)
        waiting = Translation(target="en", status="waiting", reason="no_model")
        replace_translations(connection, {reading: [waiting]}, now=NOW)


class Person:
    def __init__(self, *, answer: bool) -> None:
        self.asked: list[str] = []
        self._answer = answer

    def __call__(self, question: str) -> bool:
        self.asked.append(question)
        return self._answer


def test_a_yes_gets_the_model_while_the_work_goes_on(workspace, store) -> None:
    wait_for_a_model(store, "vi")
    person = Person(answer=True)
    needs = ModelNeeds(workspace, store, person)
    needs.tell()
    needs.tell()
    assert person.asked == ["Vietnamese needs a 17 MB model (MPL-2.0). Get it now?"]
    assert needs.wait()
    assert not needs.wait()
    assert (workspace.models / "firefox-vi-en-tiny" / "vocab.vien.spm").exists()
    needs.close()


def test_a_no_leaves_the_command_on_the_screen(workspace, store, capsys) -> None:
    wait_for_a_model(store, "vi")
    needs = ModelNeeds(workspace, store, Person(answer=False))
    needs.tell()
    assert not needs.wait()
    assert '"babelwire models pull vi-en" gets it' in capsys.readouterr().err
    assert not workspace.models.exists()


def test_a_model_that_cannot_be_had_is_told_and_nothing_breaks(
    workspace, store, capsys
) -> None:
    wait_for_a_model(store, "ar")
    needs = ModelNeeds(workspace, store, Person(answer=True))
    needs.tell()
    assert needs.wait()
    assert "has no ar-en base" in capsys.readouterr().err


def test_a_language_of_no_model_is_told_as_such(workspace, store, capsys) -> None:
    wait_for_a_model(store, "tlh")
    person = Person(answer=True)
    ModelNeeds(workspace, store, person).tell()
    assert person.asked == []
    assert "No model is known" in capsys.readouterr().err


def test_the_line_names_size_licence_and_command(workspace) -> None:
    arabic = needed_model(workspace, "ar", "en")
    assert arabic is not None
    assert need_text(arabic, "ar") == (
        'Arabic needs a 43 MB model (MPL-2.0): "babelwire models pull ar-en" gets it'
    )
    thai = needed_model(workspace, "th", "en")
    assert thai is not None
    assert '"babelwire models pull m2m100-418m"' in need_text(thai, "th")


def test_run_says_once_which_command_gets_a_model(workspace: Workspace) -> None:
    """P10"""
    config = workspace.root / "babelwire.toml"
    allowed = 'allow_networks = ["127.0.0.1/32"]'
    config.write_text(config.read_text().replace("allow_networks = []", allowed))
    world, site = World.load(), "song-hong-tin"
    with serve(world) as server:
        text = world.source_toml(site, server.urls[site])
        write_source(workspace.sources_folder, site, text)
        ran = babelwire("run", workspace=workspace.root)
        again = babelwire("run", workspace=workspace.root)
    assert ran.status == 0, ran.err
    line = 'Vietnamese needs a 17 MB model (MPL-2.0): "babelwire models pull vi-en"'
    assert ran.err.count(line) == 1
    assert line not in again.err
    found = babelwire("search", "Kazan", "--json", workspace=workspace.root).json
    assert found["total"] > 0
