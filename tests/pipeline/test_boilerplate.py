"""Lines that recur from page to page: told from texts, learned and used by source."""

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from pipeline.boilerplate import FIRST_LEARNED_AT, MIN_DOCUMENTS, recurring_lines
from pipeline.documents import Extraction
from pipeline.errors import StageError
from pipeline.extraction import EXTRACTOR_VERSION
from pipeline.sources import Source
from pipeline.stages.extract import Extractions, ExtractJob, ExtractStage
from pipeline.store import Database
from pipeline.store.boilerplate import learn_boilerplate, load_boilerplate
from pipeline.store.documents import load_documents, load_revisions
from pipeline.store.readings import Extracted, read_by_lines_alone
from pipeline.store.tables import documents, work
from tests.pipeline.builders import (
    NOW,
    SITE,
    WORDS,
    add_source,
    make_extraction,
    make_page,
    record_page,
)

FOLLOW = "Follow The Lantern on every network that you like."
RIGHTS = "All rights belong to The Lantern and to its correspondents."


def sentence(seed: int, size: int = 12) -> str:
    """Words that no sentence of another seed has in this order."""
    words = (WORDS[(seed * 31 + n * (seed % 97 + 3)) % len(WORDS)] for n in range(size))
    return " ".join(words)


def article(number: int, *, lines: tuple[str, ...] = (FOLLOW,)) -> str:
    """Ten paragraphs like no other article's, and then the given lines."""
    paragraphs = [sentence(number * 10 + n) for n in range(10)]
    return "\n".join([*paragraphs, *lines])


# --- Told from texts -------------------------------------------------------------


def test_a_line_at_the_end_of_many_texts_is_boilerplate() -> None:
    texts = [article(n) for n in range(20)]
    assert recurring_lines(texts) == {FOLLOW}


def test_a_line_of_few_texts_is_not() -> None:
    texts = [
        article(n, lines=(FOLLOW,) if n < MIN_DOCUMENTS - 1 else ()) for n in range(20)
    ]
    assert recurring_lines(texts) == frozenset()


def test_a_paragraph_of_background_that_a_tenth_of_the_reports_repeat_is_not() -> None:
    texts = [article(n, lines=(RIGHTS,) if n % 10 == 0 else ()) for n in range(60)]
    assert recurring_lines(texts) == frozenset()


def test_what_stands_in_the_middle_of_texts_is_not() -> None:
    texts = [
        "\n".join([article(n, lines=()), FOLLOW, article(n + 50, lines=())])
        for n in range(20)
    ]
    assert recurring_lines(texts) == frozenset()


def test_the_template_of_a_series_is_its_text() -> None:
    """Bulletins: all of a text but its numbers is in common."""
    labels = [sentence(n, size=9) for n in range(8)]
    texts = ["\n".join([*labels, f"Level: {n} cm"]) for n in range(20)]
    assert recurring_lines(texts) == frozenset()


# --- Learned and used ------------------------------------------------------------


@pytest.fixture(autouse=True)
def source(database: Database) -> None:
    with database.write() as connection:
        add_source(connection)


def add_articles(database: Database, number: int, first: int = 0) -> None:
    with database.write() as connection:
        for n in range(first, first + number):
            at = NOW + timedelta(minutes=n)
            page = make_page(connection, f"{SITE}/{n}", at=at)
            record_page(connection, page, article(n))


def learn(database: Database) -> frozenset[str]:
    with database.write() as connection:
        found = learn_boilerplate(connection, ["lantern"], now=NOW)
    return found.get("lantern", frozenset())


def test_nothing_is_learned_from_a_handful_of_documents(database) -> None:
    add_articles(database, FIRST_LEARNED_AT - 1)
    assert learn(database) == frozenset()
    with database.read() as connection:
        assert load_boilerplate(connection, ["lantern"]) == {}


def test_what_was_learned_stays_and_counts_its_versions(database) -> None:
    add_articles(database, FIRST_LEARNED_AT)
    assert learn(database) == {FOLLOW}
    assert learn(database) == frozenset()
    add_articles(database, FIRST_LEARNED_AT, first=FIRST_LEARNED_AT)
    assert learn(database) == frozenset()
    with database.read() as connection:
        known = load_boilerplate(connection, ["lantern"])["lantern"]
    assert (known.version, known.lines) == (1, {FOLLOW})
    assert known.documents == 2 * FIRST_LEARNED_AT


def test_documents_with_a_new_line_are_read_again(database) -> None:
    add_articles(database, FIRST_LEARNED_AT)
    learn(database)
    with database.read() as connection:
        due = list(
            connection.scalars(select(work.c.item).where(work.c.stage == "extract"))
        )
    assert len(due) == FIRST_LEARNED_AT


class Reads:
    """Children that find the article's text, without boilerplate that is known."""

    def run(self, jobs: list[ExtractJob]) -> list[Extractions | StageError]:
        return [(self.read(job, job.page.url), None) for job in jobs]

    def read(self, job: ExtractJob, url: str) -> Extraction:
        lines = article(int(url.rsplit("/", 1)[1])).split("\n")
        kept = [line for line in lines if line not in job.boilerplate]
        return make_extraction("\n".join(kept), reader=job.reader)


def test_reading_again_without_boilerplate_is_no_revision(
    database: Database, tmp_path: Path
) -> None:
    add_articles(database, FIRST_LEARNED_AT)
    learn(database)
    stage = ExtractStage(tmp_path, dict[str, Source](), Reads())  # type: ignore[arg-type]
    with database.write() as connection:
        items = list(
            connection.scalars(select(work.c.item).where(work.c.stage == "extract"))
        )
        results = stage.run(stage.load(connection, items))
        good = {i: r for i, r in results.items() if isinstance(r, Extracted)}
        stage.save(connection, good, NOW)
        ids = list(connection.scalars(select(documents.c.id)))
        texts = [document.text for document in load_documents(connection, ids)]
        numbers = {len(load_revisions(connection, i)) for i in ids}
    assert not any(FOLLOW in text for text in texts)
    assert numbers == {1}
    assert good[items[0]].extraction.reader == f"{EXTRACTOR_VERSION} 1"


# --- Pages that stop the extractors ----------------------------------------------


class Stops(Reads):
    """Children that are killed by every page, unless it is read by its lines alone."""

    def run(self, jobs: list[ExtractJob]) -> list[Extractions | StageError]:
        return [
            (self.read(job, job.page.url), None)
            if job.stopped
            else StageError(reason="timeout")
            for job in jobs
        ]


def test_a_page_that_kills_its_child_is_read_by_its_lines_alone(
    database: Database, tmp_path: Path
) -> None:
    """P5: none is lost because an extractor cannot stand it."""
    with database.write() as connection:
        page = make_page(connection, f"{SITE}/1")
        stage = ExtractStage(tmp_path, dict[str, Source](), Stops())  # type: ignore[arg-type]
        (result,) = stage.run(stage.load(connection, [page.id])).values()
        assert isinstance(result, Extracted)
        assert read_by_lines_alone(connection) == 0
        stage.save(connection, {page.id: result}, NOW)
        assert read_by_lines_alone(connection) == 1
    assert result.extraction.reader == f"{EXTRACTOR_VERSION} lines"


def test_a_page_that_kills_its_child_twice_fails(database, tmp_path) -> None:
    """P5"""

    class Kills(Stops):
        def run(self, jobs: list[ExtractJob]) -> list[Extractions | StageError]:
            return [StageError(reason="timeout") for _ in jobs]

    with database.write() as connection:
        page = make_page(connection, f"{SITE}/1")
        stage = ExtractStage(tmp_path, dict[str, Source](), Kills())  # type: ignore[arg-type]
        (result,) = stage.run(stage.load(connection, [page.id])).values()
    assert result == StageError(reason="timeout")
