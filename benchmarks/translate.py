"""Source tokens per CPU second of each engine; what the stage around it costs.

Random weights of the real shapes, one thread each, in one run. The stage reads,
segments, looks up, translates, checks and stores documents through supervised
children; the bare engine translates the same sentences in a loop. Its model is one
that takes as long over a sentence as the real shape would.
"""

import json
import tempfile
import time
from pathlib import Path

from babelwire.assembly import now, processor
from babelwire.workspace import Workspace, make_workspace
from benchmarks.measured import child, verdict
from benchmarks.random_models import (
    ENDS,
    GOES_ON,
    sentences,
    write_firefox,
    write_marian,
)
from pipeline.identification import make_identifier
from pipeline.importing import file_checksum, import_pages
from pipeline.incoming.files import read_file
from pipeline.stages.process import Processor
from pipeline.stages.translate import TranslateSettings, TranslateStage
from pipeline.store import Database, work
from pipeline.store.corrections import StoredCorrections
from pipeline.store.memory import StoredTranslations
from pipeline.store.segment_translations import StoredTranslationCache
from pipeline.translation import (
    Chain,
    CorrectionTranslator,
    Finish,
    MachineTranslator,
    MemoryTranslator,
)
from pipeline.translation.backends.backend import BackendOptions
from pipeline.translation.glossary import Glossary
from pipeline.translation.local import LocalEngine, LocalSettings
from pipeline.translation.models.catalogue import CatalogueModel
from pipeline.translation.models.exchange import import_plain
from pipeline.translation.models.shelf import Shelf

DOCUMENTS, SENTENCES_EACH = 1000, 5
REPEATED = 0.3


def main() -> None:
    """Prints engines, then the stage."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        engines(folder)
        stage(folder)


def engines(folder: Path) -> None:
    for shape in ("tiny", "base"):
        write_firefox(folder / shape, shape)
    kinds = ["tiny", "base"]
    try:
        write_marian(folder / "transformers")
    except ImportError:
        print('  transformers is not installed ("make transformers"): left out')
    else:
        from pipeline.translation.models.conversion import convert

        convert(folder / "transformers", folder / "ctranslate2")
        kinds += ["ctranslate2", "transformers"]
    found = {}
    for kind in kinds:
        ran = child(["-m", "benchmarks.translate_alone", str(folder / kind), kind])
        figures = found[kind] = json.loads(ran.out)
        print(
            f"  {kind}: {figures['rate']:.0f} source tokens per CPU second, "
            f"{figures['mib']:.0f} MiB, loaded in {figures['load']:.2f} s"
        )
    if "transformers" in found:
        last = found["transformers"]["rate"]
        for kind, goal in (("tiny", 8.0), ("ctranslate2", 8.0), ("base", 3.0)):
            times = found[kind]["rate"] / last
            verdict(f"{kind}, times transformers", times, goal, at_least=True)


def stage(folder: Path) -> None:
    write_firefox(folder / "small", "small", words=8000)
    (folder / "small" / ENDS).unlink()
    texts = sentences(DOCUMENTS * SENTENCES_EACH)
    alone = bare(folder / "small", texts)
    one = staged(folder / "one", folder / "small", texts, workers=1)
    two = staged(folder / "two", folder / "small", texts, workers=2)
    repeated = int(len(texts) * REPEATED)
    some = [*texts[:-repeated], *texts[:repeated]]
    fewer = staged(folder / "fewer", folder / "small", some, workers=1)
    print(
        f"  {len(texts)} sentences: bare engine {alone:.1f} s, stage {one:.1f} s, "
        f"two workers {two:.1f} s, with repeats {fewer:.1f} s"
    )
    verdict("stage, lost against its engine", one / alone - 1, 0.10, at_least=False)
    verdict("two workers, times one", one / two, 1.7, at_least=True)
    verdict("30 % repeats, share of the cost", fewer / one, 0.72, at_least=False)


def bare(folder: Path, texts: list[str]) -> float:
    from fxtranslate import Translator

    vocabulary = (folder / "vocab.ruen.spm").read_bytes()
    model = (folder / GOES_ON).read_bytes()
    engine = Translator(model, vocabulary, vocabulary)
    started = time.perf_counter()
    for text in texts:
        engine.translate(text)
    return time.perf_counter() - started


def staged(root: Path, model: Path, texts: list[str], *, workers: int) -> float:
    """Seconds of the translate stage alone over documents of these sentences."""
    workspace = make_workspace(root)
    _import(workspace, texts)
    database = workspace.open()
    engine = LocalEngine(
        "firefox",
        "firefox",
        Shelf(workspace.models),
        LocalSettings(workers=workers, options=BackendOptions(smoke=False)),
    )
    try:
        with processor(workspace, database) as stages:
            stages.renew()
            stages.run()  # everything before; there is no model yet
        import_plain(Shelf(workspace.models), _described(), model, now)
        engine.translate(["раз"] * workers * 32, "ru", "en")  # the children start
        stage = _stage(workspace, database, engine)
        again = Processor(database, [stage], now)
        with database.write() as connection:
            work.revive(connection, now=now(), states=("waiting", "dead"))
        started = time.perf_counter()
        tallies = again.run()
        spent = time.perf_counter() - started
        assert tallies["translate"].done == len(texts) // SENTENCES_EACH, tallies
    finally:
        engine.close()
        database.close()
    return spent


def _stage(
    workspace: Workspace, database: Database, engine: LocalEngine
) -> TranslateStage:
    finish = Finish(
        glossary=Glossary(workspace.names.values()),
        identify=make_identifier("fast").identify,
        cache=StoredTranslationCache(database),
    )
    chain = Chain(
        [
            MemoryTranslator(StoredTranslations(database)),
            MachineTranslator(engine, finish),
        ],
        first=[CorrectionTranslator(StoredCorrections(database))],
    )
    return TranslateStage(chain, TranslateSettings(targets=("en",)))


def _described() -> CatalogueModel:
    return CatalogueModel(
        name="random-ru-en",
        engine="firefox",
        architecture="bergamot",
        sources=("ru",),
        targets=("en",),
        size_mb=17,
        licence="CC0-1.0",
        location="firefox",
    )


def _import(workspace: Workspace, texts: list[str]) -> None:
    lines = workspace.root / "articles.jsonl"
    rows = []
    for number in range(len(texts) // SENTENCES_EACH):
        own = texts[number * SENTENCES_EACH : (number + 1) * SENTENCES_EACH]
        row = {
            "url": f"https://example.org/{number}",
            "title": own[0],
            "text": "\n".join(own[1:]),
        }
        rows.append(json.dumps(row))
    lines.write_text("\n".join(rows), "utf-8")
    database = workspace.open()
    import_pages(
        database,
        workspace.archive,
        read_file(lines, now=now()),
        sources={},
        chosen=None,
        evidence=file_checksum(lines),
        now=now(),
    )
    database.close()


if __name__ == "__main__":
    main()
