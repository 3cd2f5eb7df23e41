"""How well the right document is found; metrics as in the data's README.

Floors: measured on these halves with the recipes of this version, less .005.
Beside them, printed, what plain stemming gives: the recipe's Snowball stemmer
or, without one, the lower-case words, in one field.
"""

import contextlib
import gzip
import json
import re
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from pipeline.documents import Document
from search_index.analysis import analyzer_for, recipe_for
from search_index.analysis.analyzer import Analyzer
from search_index.analysis.normalise import fold
from search_index.analysis.words import WORD
from search_index.clauses import AnyOf, Plan, Term
from search_index.engines.contract import Ranked, Snapshot
from search_index.interpretation import SearchContext, interpret
from search_index.planning import Interpretation, plan
from search_index.query import And, SearchRequest, Tree, Word
from tests import elasticsearch
from tests.search_index.samples import NOW, document, document_id, write

LIMIT = 10

FLOORS = {
    "ar": 0.946,
    "de": 0.961,
    "el": 0.963,
    "en": 0.965,
    "es": 0.964,
    "hi": 0.959,
    "ro": 0.973,
    "ru": 0.956,
    "th": 0.964,
    "tr": 0.955,
    "vi": 0.963,
    "zh": 0.965,
}
"""MRR@10 of XQuAD's questions."""

BARE_FLOORS = {"vi": 0.961, "tr": 0.951, "ar": 0.946}
"""The same, questions typed without marks (required: .94, .93, .93)."""

SYSTEMS = {"vi": "nllb", "ar": "nllb", "ru": "google"}
HALF_FLOOR, RARE_FLOOR, OTHER_FLOOR = 0.970, 0.931, 0.953
"""Of R@10 (required: .97, .93, .95)."""

ARABIC_TYPED = str.maketrans({"أ": "ا", "إ": "ا", "آ": "ا", "ى": "ي", "ة": "ه"})


@dataclass(frozen=True)
class Question:
    """A text and the name of the one right document."""

    text: str
    answer: str


class Indices:
    """One index a set of documents and engine, made when it is first asked for."""

    def __init__(self, folder: Path, opened: contextlib.ExitStack) -> None:
        self._folder = folder
        self._opened = opened
        self._made: dict[tuple[str, str], Snapshot] = {}

    def get(self, engine: str, name: str, documents: Iterable[Document]) -> Snapshot:
        if (engine, name) not in self._made:
            place = self._folder / engine / name
            index = self._opened.enter_context(elasticsearch.opened(engine, place))
            write(index, documents)
            self._made[engine, name] = index.snapshot()
        return self._made[engine, name]


@pytest.fixture(scope="module")
def indices() -> Iterator[Indices]:
    with tempfile.TemporaryDirectory() as path, contextlib.ExitStack() as opened:
        yield Indices(Path(path), opened)


@pytest.fixture(scope="module", params=elasticsearch.ENGINES)
def engine(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def words(text: str) -> Tree:
    """A question as plain words: none of its signs is an operator."""
    found = tuple(Word(text=word) for word in WORD.findall(text))
    return found[0] if len(found) == 1 else And(operands=found)


def hits(snapshot: Snapshot, planned: Plan) -> list[Ranked]:
    """The first ten: full matches, partial ones below."""
    found = list(snapshot.search(planned, limit=LIMIT).hits)
    room = LIMIT - len(found)
    if room:
        found += snapshot.search(planned, partial=True, limit=room).hits
    return found


def ranked(snapshot: Snapshot, planned: Plan) -> list[str]:
    return [hit.id for hit in hits(snapshot, planned)]


def asked(tree: Tree, *languages: str, translated: Tree | None = None) -> Plan:
    return plan(
        Interpretation(
            tree=tree,
            translated=translated,
            languages=languages,
            target="en",
            zone=ZoneInfo("UTC"),
            now=NOW,
        )
    )


def mean_reciprocal_rank(
    snapshot: Snapshot, questions: Sequence[Question], read: Callable[[str], Plan]
) -> float:
    total = 0.0
    for question in questions:
        found = ranked(snapshot, read(question.text))
        right = document_id(question.answer)
        total += 1 / (found.index(right) + 1) if right in found else 0
    return total / len(questions)


def paragraphs(data: Path, language: str) -> tuple[list[Document], list[Question]]:
    path = data / "xquad-dev" / f"{language}.json"
    found = json.loads(path.read_text(encoding="utf-8"))["paragraphs"]
    documents = [document(each["id"], each["text"], language) for each in found]
    questions = [
        Question(text=question["text"], answer=each["id"])
        for each in found
        for question in each["questions"]
    ]
    return documents, questions


class TestXquad:
    """One language at a time: the question is the query."""

    @pytest.mark.parametrize("language", FLOORS)
    def test_the_right_paragraph_is_found(
        self,
        quality_data: Path,
        indices: Indices,
        engine: str,
        language: str,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        documents, questions = paragraphs(quality_data, language)
        snapshot = indices.get(engine, language, documents)
        found = mean_reciprocal_rank(
            snapshot, questions, lambda text: asked(words(text), language)
        )
        identified = mean_reciprocal_rank(snapshot, questions, read_unaided)
        line = (
            f"\n{engine}, {language}: MRR@10 {found:.4f}, language identified "
            f"{identified:.4f}"
        )
        if engine == "tantivy":  # the other one ranks equally (TestEnginesAgree)
            stemmed = plain_stemming(indices, engine, language, documents, questions)
            line += f", plain stemming {stemmed:.4f}"
        with capsys.disabled():
            print(line, end="")
        assert found >= FLOORS[language]
        assert identified >= FLOORS[language] - 0.005

    @pytest.mark.parametrize("language", BARE_FLOORS)
    def test_it_is_found_without_marks_too(
        self,
        quality_data: Path,
        indices: Indices,
        engine: str,
        language: str,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        documents, questions = paragraphs(quality_data, language)
        snapshot = indices.get(engine, language, documents)
        found = mean_reciprocal_rank(
            snapshot,
            questions,
            lambda text: asked(words(bare(text, language)), language),
        )
        with capsys.disabled():
            print(
                f"\n{engine}, {language} typed without marks: MRR@10 {found:.4f}",
                end="",
            )
        assert found >= BARE_FLOORS[language]


def read_unaided(text: str) -> Plan:
    """As the command line does, without the big identifier."""
    plain_words = " ".join(WORD.findall(text)).replace("OR", "or")
    return plan(interpret(SearchRequest(text=plain_words), SearchContext(now=NOW)))


def bare(text: str, language: str) -> str:
    if language == "ar":
        return text.translate(ARABIC_TYPED)
    return fold(text.replace("İ", "i").lower())


def plain_stemming(
    indices: Indices,
    engine: str,
    language: str,
    documents: Sequence[Document],
    questions: Sequence[Question],
) -> float:
    recipe = replace(recipe_for(language), words="spaces", letters="", stop_words=False)
    analyzer = Analyzer(recipe)
    plain = [replace(each, language="und", segments=()) for each in documents]
    documents = [stemmed(analyzer, each) for each in plain]
    snapshot = indices.get(engine, f"{language}-stemmed", documents)

    def read(text: str) -> Plan:
        tokens = dict.fromkeys(stems(analyzer, text))
        any_word = AnyOf(
            clauses=tuple(Term(field="original_f3", token=t) for t in tokens)
        )
        return Plan(full=any_word, score=any_word)

    return mean_reciprocal_rank(snapshot, questions, read)


def stemmed(analyzer: Analyzer, each: Document) -> Document:
    return replace(each, text=" ".join(stems(analyzer, each.text)))


def stems(analyzer: Analyzer, text: str) -> list[str]:
    """Tokens that the third field leaves as they are."""
    every = analyzer_for("und")
    return [
        "".join(every.plain(token))
        for word in WORD.findall(text)
        for token in analyzer.tokens(word)
    ]


@pytest.fixture(scope="module")
def lines(quality_data: Path) -> Mapping[str, list[str]]:
    texts = quality_data / "flores-dev" / "text"
    return {each: read_lines(texts / f"{each}.txt.gz") for each in ("en", *SYSTEMS)}


@pytest.fixture(scope="module")
def snapshot(
    quality_data: Path, indices: Indices, engine: str, lines: Mapping[str, list[str]]
) -> Snapshot:
    return flores(quality_data, indices, engine, lines)


def flores(
    quality_data: Path, indices: Indices, engine: str, lines: Mapping[str, list[str]]
) -> Snapshot:
    recorded = quality_data / "flores-dev" / "mt"
    translations = {
        language: read_lines(recorded / f"{language}-en.{system}.txt.gz")
        for language, system in SYSTEMS.items()
    }
    return indices.get(
        engine,
        "flores",
        (
            document(f"{language}-{n}", text, language, english=english)
            for language in SYSTEMS
            for n, (text, english) in enumerate(
                zip(lines[language], translations[language], strict=True)
            )
        ),
    )


class TestFlores:
    """Vietnamese, Arabic and Russian documents with recorded translations."""

    @pytest.mark.parametrize("kind", ["half", "rare"])
    def test_an_english_query_finds_them_by_their_translations(
        self,
        snapshot: Snapshot,
        engine: str,
        lines: Mapping[str, list[str]],
        kind: str,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        frequency = Counter(w for line in lines["en"] for w in set(simple(line)))
        cut, floor = {
            "half": (second_half, HALF_FLOOR),
            "rare": (partial(rarest, frequency), RARE_FLOOR),
        }[kind]
        plans = [asked(words(cut(line)), "en") for line in lines["en"]]
        recall = recalls(snapshot, plans, tuple(SYSTEMS))
        with capsys.disabled():
            print(f"\n{engine}, cross-language, {kind}: R@10 {shown(recall)}", end="")
        assert sum(recall.values()) / len(recall) >= floor

    def test_a_query_in_one_of_them_finds_the_others(
        self,
        snapshot: Snapshot,
        engine: str,
        lines: Mapping[str, list[str]],
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        found = {}
        for language in SYSTEMS:
            plans = [
                asked(
                    words(second_half(line)),
                    language,
                    translated=words(second_half(english)),
                )
                for line, english in zip(lines[language], lines["en"], strict=True)
            ]
            others = tuple(each for each in SYSTEMS if each != language)
            recall = recalls(snapshot, plans, others)
            found[language] = sum(recall.values()) / len(recall)
        with capsys.disabled():
            print(
                f"\n{engine}, cross-language, from one to the others: {shown(found)}",
                end="",
            )
        assert sum(found.values()) / len(found) >= OTHER_FLOOR


class TestNames:
    """Names typed in Latin letters, originals in other scripts, no translation."""

    def test_they_are_found_by_what_they_sound_like(
        self,
        quality_data: Path,
        indices: Indices,
        engine: str,
        lines: Mapping[str, list[str]],
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        names = names_in(lines["en"])
        found, written = {}, {}
        for language in SOUNDING:
            texts = read_lines(quality_data / f"flores-dev/text/{language}.txt.gz")
            snapshot = indices.get(
                engine,
                f"{language}-untranslated",
                (document(f"{language}-{n}", t, language) for n, t in enumerate(texts)),
            )
            right = {
                name: {document_id(f"{language}-{n}") for n in places}
                for name, places in names.items()
            }
            plans = {name: asked(Word(text=name), "en") for name in names}
            found[language] = share(
                bool(right[name] & set(ranked(snapshot, plans[name]))) for name in names
            )
            written[language] = share(
                any(hit.id in right[name] for hit in full_hits(snapshot, plans[name]))
                for name in names
            )
        with capsys.disabled():
            print(
                f"\n{engine}, {len(names)} names: R@10 {shown(found)}; "
                f"as they are written: {shown(written)}",
                end="",
            )
        assert sum(found.values()) / len(found) >= SOUND_FLOOR


SOUNDING = ("ru", "uk", "bg", "sr", "ar", "fa", "he", "el", "hy")
SOUND_FLOOR = 0.395
"""Mean of R@10 as measured, less .01; as they are written it is .07."""

MOST_LINES = 5
"""A name that more lines have says little."""


def names_in(lines: Sequence[str]) -> dict[str, set[int]]:
    """Words that have a capital wherever they stand, and their lines."""
    small = {word for line in lines for word in WORD.findall(line) if word.islower()}
    found: dict[str, set[int]] = {}
    for number, line in enumerate(lines):
        for word in WORD.findall(line)[1:]:
            is_name = word[0].isupper() and word.isalpha() and len(word) > 3
            if is_name and word.lower() not in small:
                found.setdefault(word, set()).add(number)
    return {name: places for name, places in found.items() if len(places) <= MOST_LINES}


def full_hits(snapshot: Snapshot, planned: Plan) -> Sequence[Ranked]:
    return snapshot.search(planned, limit=LIMIT).hits


def share(found: Iterable[bool]) -> float:
    counts = Counter(found)
    return counts[True] / counts.total()


@pytest.mark.elasticsearch
class TestEnginesAgree:
    """The same first ten, in the same order, on both engines."""

    @pytest.mark.parametrize("language", FLOORS)
    def test_on_questions_of_one_language(
        self,
        quality_data: Path,
        indices: Indices,
        language: str,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        documents, questions = paragraphs(quality_data, language)
        both = [indices.get(each, language, documents) for each in BOTH]
        plans = [asked(words(question.text), language) for question in questions]
        assert_alike(both, plans, language, capsys)

    def test_across_languages(
        self,
        quality_data: Path,
        indices: Indices,
        lines: Mapping[str, list[str]],
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        both = [flores(quality_data, indices, each, lines) for each in BOTH]
        plans = [asked(words(second_half(line)), "en") for line in lines["en"]]
        assert_alike(both, plans, "across languages", capsys)


BOTH = ("tantivy", "elasticsearch")
ALIKE_FLOOR = 0.99
TIE = 1e-3
"""Scores closer than this are equal: the engines add floats in another order."""


def assert_alike(
    both: Sequence[Snapshot],
    plans: Sequence[Plan],
    what: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    left, right = both
    alike = sum(are_alike(hits(left, each), hits(right, each)) for each in plans)
    with capsys.disabled():
        print(f"\nequal order, {what}: {alike} of {len(plans)}", end="")
    assert alike / len(plans) >= ALIKE_FLOOR


def are_alike(one: Sequence[Ranked], other: Sequence[Ranked]) -> bool:
    """Whether each place has the same document, or scores that are tied."""
    return len(one) == len(other) and all(
        left.id == right.id or abs(left.score - right.score) < TIE
        for left, right in zip(one, other, strict=True)
    )


def recalls(
    snapshot: Snapshot, plans: Sequence[Plan], languages: Sequence[str]
) -> dict[str, float]:
    """The share of lines whose document of a language is among the first ten."""
    counts: Counter[str] = Counter()
    for number, planned in enumerate(plans):
        found = ranked(snapshot, planned)
        for language in languages:
            counts[language] += document_id(f"{language}-{number}") in found
    return {language: counts[language] / len(plans) for language in languages}


def read_lines(path: Path) -> list[str]:
    with gzip.open(path, "rt", encoding="utf-8") as file:
        return file.read().splitlines()


def simple(line: str) -> list[str]:
    return re.findall(r"\w+", line.lower())


def second_half(line: str) -> str:
    found = line.split()
    return " ".join(found[len(found) // 2 :])


def rarest(frequency: Mapping[str, int], line: str) -> str:
    found = dict.fromkeys(simple(line))
    return " ".join(sorted(found, key=lambda word: (frequency[word], word))[:4])


def shown(figures: Mapping[str, float]) -> str:
    return ", ".join(f"{name} {value:.4f}" for name, value in figures.items())
