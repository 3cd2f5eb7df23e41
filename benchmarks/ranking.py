"""Ways to rank, tried side by side: what `RANKING.md` records.

Needs the evaluation data that `BABELWIRE_QUALITY_DATA` names; not part of a plain
`make bench`. Each variant changes the score of a plan, never what matches.
"""

import contextlib
import gzip
import json
import os
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

from benchmarks.articles import START
from pipeline.documents import Document, Segment, TranslatedSegment, Translation
from search_index import open_index
from search_index.analysis import ANALYSIS_VERSION, analyzer_for
from search_index.analysis.words import WORD
from search_index.clauses import (
    AnyOf,
    Best,
    Clause,
    Plan,
    Term,
    Weighted,
    any_of,
    sequence,
)
from search_index.engines.contract import Snapshot
from search_index.entry import build_entry
from search_index.interpretation import SearchContext, interpret
from search_index.planning import TIE, plan
from search_index.query import SearchRequest

LIMIT = 10
SYSTEMS = {"vi": "nllb", "ar": "nllb", "ru": "google"}


@dataclass(frozen=True)
class Question:
    """Words, their language, and the ids of the right documents."""

    text: str
    language: str
    right: frozenset[str]


@dataclass(frozen=True)
class Set:
    """Questions to one index."""

    name: str
    snapshot: Snapshot
    questions: Sequence[Question]


Variant = Callable[[Plan, Question], Plan]


def main() -> None:
    """Prints a line per variant: mean reciprocal rank at 10, per set."""
    data = Path(os.environ["BABELWIRE_QUALITY_DATA"])
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
        sets = list(_sets(data, Path(folder), stack))
        print("| variant | " + " | ".join(each.name for each in sets) + " | mean |")
        print("| --- |" + " --- |" * (len(sets) + 1))
        for name, variant in VARIANTS.items():
            found = [mean_reciprocal_rank(each, variant) for each in sets]
            figures = " | ".join(f"{value:.4f}" for value in found)
            mean = sum(found) / len(found)
            print(f"| {name} | {figures} | {mean:.4f} |", flush=True)


def mean_reciprocal_rank(asked: Set, variant: Variant) -> float:
    """Of the first right document among the first `LIMIT`; 0 where there is none."""
    total = 0.0
    for question in asked.questions:
        found = _ranked(asked.snapshot, variant(_plan(question), question))
        places = [n for n, each in enumerate(found, 1) if each in question.right]
        total += sum(1 / n for n in places[:1])
    return total / len(asked.questions)


def _plan(question: Question) -> Plan:
    words = " ".join(WORD.findall(question.text)).replace("OR", "or")
    request = SearchRequest(text=words, query_language=question.language)
    return plan(interpret(request, SearchContext(now=START)))


def _ranked(snapshot: Snapshot, planned: Plan) -> list[str]:
    hits = list(snapshot.search(planned, limit=LIMIT).hits)
    if len(hits) < LIMIT:
        hits += snapshot.search(planned, partial=True, limit=LIMIT - len(hits)).hits
    return [hit.id for hit in hits]


# --- variants


def as_it_is(planned: Plan, _question: Question) -> Plan:
    """No change."""
    return planned


def neighbours(weight: float) -> Variant:
    """Words that stand in a row as they were typed count once more."""

    def change(planned: Plan, question: Question) -> Plan:
        plain = analyzer_for("und").plain
        tokens = [t for word in WORD.findall(question.text) for t in plain(word)]
        rows = [
            Weighted(clause=sequence(f"{side}_f3", pair), weight=weight)
            for side in ("original", "translation")
            for pair in dict.fromkeys(pairwise(tokens))
        ]
        return _with(planned, rows)

    return change


def headline(weight: float) -> Variant:
    """Words of the headline count once more."""

    def change(planned: Plan, question: Question) -> Plan:
        words = [
            Weighted(clause=Term(field=f"{side}_title_f1", token=token), weight=weight)
            for side, language in (
                ("original", question.language),
                ("translation", "en"),
            )
            for word in WORD.findall(question.text)
            for token in analyzer_for(language).tokens(word)
        ]
        return _with(planned, words)

    return change


def grams(factor: float) -> Variant:
    """Another weight of the second field."""

    def scale(clause: Clause) -> Clause:
        if (
            isinstance(clause, Weighted)
            and isinstance(clause.clause, Term)
            and clause.clause.field.endswith("_f2")
        ):
            return replace(clause, weight=clause.weight * factor)
        return clause

    return lambda planned, _question: _mapped(planned, scale)


def tie(share: float) -> Variant:
    """Another share of the worse side."""

    def change(clause: Clause) -> Clause:
        is_sides = isinstance(clause, Best) and clause.tie == TIE
        return replace(clause, tie=share) if is_sides else clause

    return lambda planned, _question: _mapped(planned, change)


def _with(planned: Plan, more: Sequence[Clause]) -> Plan:
    score = [planned.score] if planned.score is not None else []
    return replace(planned, score=any_of(*score, *more))


def _mapped(planned: Plan, change: Callable[[Clause], Clause]) -> Plan:
    def walk(clause: Clause) -> Clause:
        if isinstance(clause, AnyOf | Best):
            inner = tuple(map(walk, clause.clauses))
            clause = replace(clause, clauses=inner)
        return change(clause)

    return replace(planned, score=walk(planned.score) if planned.score else None)


VARIANTS: Mapping[str, Variant] = {
    "as it is": as_it_is,
    "neighbouring words x .1": neighbours(0.1),
    "neighbouring words x .25": neighbours(0.25),
    "neighbouring words x .5": neighbours(0.5),
    "headline x .25": headline(0.25),
    "headline x .5": headline(0.5),
    "grams x .5": grams(0.5),
    "grams x 1.5": grams(1.5),
    "grams x 2": grams(2.0),
    "tie .1": tie(0.1),
    "tie .5": tie(0.5),
    "tie .7": tie(0.7),
}


# --- sets


def _sets(data: Path, folder: Path, stack: contextlib.ExitStack) -> Iterator[Set]:
    for path in sorted((data / "xquad-dev").glob("*.json")):
        yield xquad(path, folder, stack)
    yield from _flores(data / "flores-dev", folder, stack)
    yield _demo(folder, stack)


def xquad(path: Path, folder: Path, stack: contextlib.ExitStack) -> Set:
    """The questions of one language to its own paragraphs."""
    language = path.stem
    found = json.loads(path.read_text("utf-8"))["paragraphs"]
    documents = {
        each["id"]: _document(n, each["text"], language) for n, each in enumerate(found)
    }
    questions = [
        Question(question["text"], language, frozenset({documents[each["id"]].id}))
        for each in found
        for question in each["questions"]
    ]
    snapshot = _indexed(folder / language, list(documents.values()), stack)
    return Set(language, snapshot, questions)


def _flores(data: Path, folder: Path, stack: contextlib.ExitStack) -> Iterator[Set]:
    english = _lines(data / "text" / "en.txt.gz")
    documents: list[Document] = []
    for number, (language, system) in enumerate(SYSTEMS.items()):
        texts = _lines(data / "text" / f"{language}.txt.gz")
        machine = _lines(data / "mt" / f"{language}-en.{system}.txt.gz")
        documents += [
            _document(number * len(texts) + n, text, language, translated)
            for n, (text, translated) in enumerate(zip(texts, machine, strict=True))
        ]
    size = len(english)
    snapshot = _indexed(folder / "flores", documents, stack)
    questions = [
        Question(
            " ".join(line.split()[len(line.split()) // 2 :]),
            "en",
            frozenset(documents[k * size + n].id for k in range(len(SYSTEMS))),
        )
        for n, line in enumerate(english)
    ]
    yield Set("flores half", snapshot, questions)


def _demo(folder: Path, stack: contextlib.ExitStack) -> Set:
    import subprocess
    import sys

    from babelwire.assembly import open_engine
    from babelwire.demo.world import World
    from babelwire.workspace import find_workspace
    from search_index.clauses import Everything

    place = folder / "demo"
    subprocess.run(
        [sys.executable, "-m", "babelwire", "demo", "--folder", place],
        check=True,
        capture_output=True,
    )
    index = open_engine(find_workspace(place))
    stack.callback(index.close)
    snapshot = index.snapshot()
    shown = [json.loads(each.display) for each in snapshot.iterate(Everything())]
    ids = {
        (each["source"], "/" + each["url"].split("/", 3)[3].split("?")[0]): each["id"]
        for each in shown
    }
    by_article = {
        article.id: ids[article.site, article.path] for article in World.load().articles
    }
    questions = [
        Question(query.text, "en", frozenset(by_article[one] for one in query.right))
        for query in World.queries()
        if query.right and query.text.isascii() and ":" not in query.text
    ]
    return Set("demo", snapshot, questions)


def _document(
    number: int, text: str, language: str, english: str | None = None
) -> Document:
    translated = (
        (TranslatedSegment(position=0, text=english, engine="memory"),)
        if english
        else ()
    )
    return Document(
        id=f"d{number:016}".translate(str.maketrans("0189", "abcd")),
        revision=1,
        version=number + 1,
        url=f"https://example.org/{number}",
        source="set",
        publisher="Set",
        country="",
        owner="",
        audience=(),
        kind="news",
        language=language,
        published_at=START,
        published_precision="minute",
        first_seen_at=START,
        title="",
        text=text,
        segments=(
            Segment(position=0, field="text", start=0, end=len(text), text=text),
        ),
        translations=(
            (Translation(target="en", status="done", segments=translated),)
            if translated
            else ()
        ),
    )


def _indexed(
    folder: Path, documents: Sequence[Document], stack: contextlib.ExitStack
) -> Snapshot:
    index = open_index(folder)
    stack.callback(index.close)
    index.create("g", analysis=ANALYSIS_VERSION, target="en")
    index.activate("g")
    with index.write("g") as writer:
        writer.put([build_entry(each, "en") for each in documents])
        writer.commit()
    return index.snapshot()


def _lines(path: Path) -> list[str]:
    with gzip.open(path, "rt", encoding="utf-8") as file:
        return file.read().splitlines()


if __name__ == "__main__":
    main()
