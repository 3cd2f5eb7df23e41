"""Snapshots of answers: frozen, told apart, and proven later; samples of exports."""

import contextlib
import hashlib
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import delete, update

from babelwire.sampling import Drawn, Sample, draw, stratum_of
from babelwire.searching import open_desk
from babelwire.snapshots.asking import only, open_view
from babelwire.snapshots.comparing import compare
from babelwire.snapshots.contract import (
    FilterRecord,
    Head,
    IndexRecord,
    NoticeRecord,
    OriginRecord,
    QueryRecord,
    Record,
    SampleRecord,
    TranslationRecord,
    UnderstoodRecord,
)
from babelwire.snapshots.files import (
    checked_name,
    is_snapshot,
    read_checksums,
    read_head,
    read_records,
    write_snapshot,
)
from babelwire.snapshots.making import freeze, request_of, sample_of
from babelwire.workspace import find_workspace
from pipeline.errors import InputError, UnavailableError
from pipeline.store.tables import documents, revisions
from search_index.clauses import Clause
from search_index.engines.contract import Ranked, Snapshot
from search_index.query import SearchRequest
from tests.babelwire.conftest import Demo, Ran, copied, environment
from tests.babelwire.test_exports import exported
from tests.pipeline.builders import NOW

RUN = """
from babelwire import cli
cli.COMMANDS.setdefault("snapshot", "")
cli.main()
"""
TEXT = "The mayors of many cities met in Kazan to found an association of cities. "


def run(workspace: Path, *arguments: str | Path | int) -> Ran:
    done = subprocess.run(
        [sys.executable, "-c", RUN, "--workspace", workspace, *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=120,
        env=environment(),
        check=False,
    )
    return Ran(done.returncode, done.stdout, done.stderr)


def done(workspace: Path, *arguments: str | Path | int) -> Ran:
    ran = run(workspace, *arguments)
    assert ran.status == 0, ran.err
    return ran


@pytest.fixture
def world(demo: Demo, tmp_path: Path) -> Path:
    """A copy of the demo's workspace, to be changed."""
    return copied(demo.workspace, tmp_path / "world")


HEAD = Head(
    schema=1,
    kind="snapshot",
    name="kazan",
    program="babelwire 0",
    created_at="2024-06-21T12:00:00+00:00",
    query=QueryRecord(
        text="Kazan",
        canonical="Kazan",
        filters=(FilterRecord(field="lang", values=("vi", "ar")),),
        timezone="Europe/Moscow",
        language=None,
    ),
    understood=UnderstoodRecord(
        languages=("en",),
        translated=None,
        names=(),
        notices=(NoticeRecord(code="undated", text="1 of these"),),
    ),
    index=IndexRecord(engine="tantivy", generation="g-1", analysis="2", target="en"),
    total=2,
    unit="documents",
    sample=None,
)
BY_FIREFOX = OriginRecord(engine="firefox", model="vi-en", version="1.0")


def record(number: int = 1, **fields: Any) -> Record:
    known: dict[str, Any] = {
        "id": f"d{number:016}",
        "revision": 1,
        "text_checksum": "sha256:aa",
        "page_checksum": "sha256:bb",
        "source": "lantern",
        "published_at": None,
        "first_seen_at": "2024-06-21T12:00:00+00:00",
        "translation": TranslationRecord(
            status="done", origins=(BY_FIREFOX,), checksum="sha256:cc"
        ),
    }
    return Record(**{**known, **fields})


# --- The file --------------------------------------------------------------------


@given(
    texts=st.lists(st.text(st.characters(exclude_categories=["Cs"]))),
    query=st.text(st.characters(exclude_categories=["Cs"])),
)
def test_what_is_written_is_read_back(
    tmp_path_factory: pytest.TempPathFactory, texts: list[str], query: str
) -> None:
    path = tmp_path_factory.mktemp("written") / "kazan.json"
    head = replace(HEAD, query=replace(HEAD.query, text=query))
    records = [record(n, source=text) for n, text in enumerate(texts)]
    written = write_snapshot(path, head, records)
    assert read_head(path) == head
    assert list(read_records(path)) == records
    sums = read_checksums(path)
    assert sums.told == sums.content == written.checksum
    assert written.documents == len(json.loads(path.read_bytes())["documents"])
    assert len(path.read_bytes().split(b"\n")) == len(texts) + 4


def test_the_checksum_is_of_all_bytes_before_the_last_line(tmp_path: Path) -> None:
    """As `sed '$d' NAME.json | sha256sum` reckons it."""
    path = tmp_path / "kazan.json"
    checksum = write_snapshot(path, HEAD, [record(1), record(2)]).checksum
    *lines, last, _ = path.read_bytes().split(b"\n")
    content = b"".join(line + b"\n" for line in lines)
    assert checksum == "sha256:" + hashlib.sha256(content).hexdigest()
    assert last == b'"checksum":"' + checksum.encode() + b'"}'


def test_documents_are_written_while_they_are_read(tmp_path: Path) -> None:
    """Flat memory: nothing keeps a document that was written."""
    import gc
    import weakref

    alive: list[weakref.ref[Record]] = []

    def found() -> Iterator[Record]:
        for number in range(6):
            gc.collect()
            assert sum(one() is not None for one in alive) <= 1
            one = record(number)
            alive.append(weakref.ref(one))
            yield one
            del one

    assert write_snapshot(tmp_path / "a.json", HEAD, found()).documents == 6


def test_a_snapshot_is_never_overwritten(tmp_path: Path) -> None:
    """Not even by one that was begun before the other one was there."""
    path = tmp_path / "snapshots" / "kazan.json"

    def found() -> Iterator[Record]:
        path.write_text("first")
        yield record()

    with pytest.raises(InputError, match="never overwritten"):
        write_snapshot(path, HEAD, found())
    assert path.read_text() == "first"
    assert [one.name for one in path.parent.iterdir()] == ["kazan.json"]


def test_a_snapshot_that_fails_leaves_nothing(tmp_path: Path) -> None:
    """P3: the disk is full while it is written."""

    def found() -> Iterator[Record]:
        yield record()
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space left"):
        write_snapshot(tmp_path / "a.json", HEAD, found())
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "name", ["", "../a", "a/b", "A", "-a", "a-", ".a", "a.json", "ä", "a\n", "a" * 101]
)
def test_a_name_names_nothing_outside_its_folder(name: str) -> None:
    """W8"""
    with pytest.raises(InputError, match="no name of a snapshot"):
        checked_name(name)
    assert checked_name("kazan-2024-06") == "kazan-2024-06"


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: data[:-20],
        lambda data: data.replace(b'"total":2', b'"total":"2"'),
        lambda data: data.replace(b'"total":2', b'"total":2,"more":1')[:-1],
        lambda data: json.dumps(json.loads(data), indent=1).encode(),
        lambda data: data + b"\n",
        lambda data: data.replace(b'"revision":1', b'"revision":0'),
        lambda data: b"",
    ],
)
def test_what_is_not_as_it_was_written_is_refused(tmp_path: Path, damage) -> None:
    path = tmp_path / "a.json"
    write_snapshot(path, HEAD, [record(1), record(2)])
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(InputError, match="not a snapshot of schema 1"):
        _ = read_head(path), list(read_records(path)), read_checksums(path)


def test_a_snapshot_is_told_from_a_manifest(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    write_snapshot(path, HEAD, [])
    assert is_snapshot(path)
    path.write_text(json.dumps(json.loads(path.read_bytes()), indent=2))
    assert is_snapshot(path)
    path.write_text('{"schema": 1, "kind": "review"}')
    assert not is_snapshot(path)


def test_a_frozen_question_is_asked_again_as_it_was() -> None:
    request = request_of(HEAD)
    assert (request.text, request.timezone) == ("Kazan", "Europe/Moscow")
    assert [str(one) for one in request.filters] == ["lang:vi,ar"]
    told = SampleRecord(size=5, seed=7, by=("source",), shares=())
    assert sample_of(replace(HEAD, sample=told)) == Sample(
        size=5, seed=7, by=("source",)
    )
    assert sample_of(HEAD) is None
    with pytest.raises(InputError, match="stratified by"):
        sample_of(replace(HEAD, sample=replace(told, by=("nothing",))))
    unknown = (FilterRecord(field="colour", values=("red",)),)
    with pytest.raises(InputError, match='no filter "colour"'):
        request_of(replace(HEAD, query=replace(HEAD.query, filters=unknown)))


# --- What differs ----------------------------------------------------------------


def test_each_difference_is_named_with_counts_first() -> None:
    by_opus = OriginRecord(engine="ctranslate2", model="opus", version="2")
    waits = TranslationRecord(status="waiting", origins=(), checksum="")
    done_ = TranslationRecord(status="done", origins=(by_opus,), checksum="sha256:dd")
    other = replace(record().translation, checksum="sha256:ee")
    before = [record(n) for n in range(1, 9)]
    after = [
        record(1),
        record(3, revision=2, text_checksum="sha256:ff"),
        record(4, translation=done_),
        record(5, translation=waits),
        record(6, translation=other),
        record(7, text_checksum="sha256:ff"),
        record(8, page_checksum="sha256:ff", published_at="2024-06-01T00:00:00+00:00"),
        record(9),
    ]
    head = replace(
        HEAD,
        query=replace(HEAD.query, text="Kazan city"),
        understood=replace(
            HEAD.understood, notices=(NoticeRecord(code="undated", text="2 of these"),)
        ),
        index=replace(HEAD.index, generation="g-2"),
    )
    found = compare((HEAD, before), (head, after))
    assert list(found.lines()) == [
        (
            "Documents: 1 the same, 1 added, 1 gone, 1 with another revision, "
            "1 with another text of the same revision, 1 with another page, "
            "3 with another translation, 1 with another source or time."
        ),
        'query: "Kazan" before, "Kazan city" after',
        'generation of the index: "g-1" before, "g-2" after',
        "notice, before only: 1 of these",
        "notice, after only: 2 of these",
        "d0000000000000009@1: added (lantern)",
        "d0000000000000002@1: gone (lantern)",
        "d0000000000000003: revision 1 before, 2 after",
        "d0000000000000007@1: the revision's text was extracted anew",
        "d0000000000000008@1: another page stands behind the revision",
        (
            "d0000000000000004@1: translation done by firefox vi-en 1.0 before, done "
            "by ctranslate2 opus 2 after"
        ),
        (
            "d0000000000000005@1: translation done by firefox vi-en 1.0 before, "
            "waiting after"
        ),
        (
            "d0000000000000006@1: other words in the translation, by firefox vi-en 1.0 "
            "before and after"
        ),
        (
            "d0000000000000008@1: published at none before, 2024-06-01T00:00:00+00:00 "
            "after"
        ),
    ]
    told = json.loads(json.dumps(found.to_json()))
    assert not told["equal"]
    assert told["counts"]["retranslated"] == 3
    assert told["retranslated"][0]["after"]["translation"]["origins"] == [
        {"engine": "ctranslate2", "model": "opus", "version": "2"}
    ]
    assert told["notices"]["added"] == [{"code": "undated", "text": "2 of these"}]


def test_names_times_and_programs_are_not_compared() -> None:
    head = replace(HEAD, name="later", created_at="2026-01-01", program="babelwire 9")
    found = compare((HEAD, [record()]), (head, [record()]))
    assert found.is_equal
    assert list(found.lines()) == [
        "Equal: the same query found the same 1 document in the same way."
    ]


@pytest.mark.parametrize(
    ("field", "value", "line"),
    [
        ("filters", (), 'filters: "lang:vi,ar" before, "none" after'),
        ("timezone", "UTC", 'time zone: "Europe/Moscow" before, "UTC" after'),
        (
            "language",
            "vi",
            'language that was set for the words: "none" before, "vi" after',
        ),
    ],
)
def test_what_was_asked_is_compared(field: str, value: Any, line: str) -> None:
    head = replace(HEAD, query=replace(HEAD.query, **{field: value}))
    found = compare((HEAD, []), (head, []))
    assert not found.is_equal
    assert list(found.lines())[1:] == [line]


# --- The commands ----------------------------------------------------------------


@pytest.mark.slow
def test_an_answer_is_frozen_with_all_that_proves_it(world: Path) -> None:
    """I9: full matches alone, as many as the search counts."""
    zone = ("--timezone", "Asia/Ho_Chi_Minh")
    query = ("chủ tịch OR Kazan", "--lang", "vi,ar", *zone)
    made = done(world, "snapshot", "create", "kazan-1", *query)
    path = world / "snapshots" / "kazan-1.json"
    frozen = json.loads(path.read_bytes())
    rows = done(world, "export", *query).rows
    searched = done(world, "search", *query, "--json").json
    assert f"Froze {len(rows)} documents in {path}, {frozen['checksum']}" in made.err
    assert frozen["total"] == searched["total"] == len(rows) > 0
    assert frozen["unit"] == "documents"
    notices = [n for n in searched["notices"] if n["code"] != "partial_matches"]
    assert frozen["understood"]["notices"] == notices
    assert frozen["query"] == {
        "text": query[0],
        "canonical": query[0],
        "filters": [{"field": "lang", "values": ["vi", "ar"]}],
        "timezone": "Asia/Ho_Chi_Minh",
        "language": None,
    }
    assert frozen["index"]["engine"] == "tantivy"
    assert [d["id"] for d in frozen["documents"]] == [row["id"] for row in rows]
    for document, row in zip(frozen["documents"], rows, strict=True):
        shown = done(world, "show", f"{row['id']}@{row['revision']}", "--json").json
        revision = shown["revisions"][document["revision"] - 1]
        assert document["revision"] == row["revision"]
        assert document["text_checksum"] == revision["text_checksum"]
        assert document["page_checksum"] == shown["evidence"]["checksum"]
        assert document["source"] == row["source"]
        assert document["published_at"] == shown["published_at"]
        assert document["first_seen_at"] == shown["first_seen_at"]
        translation = document["translation"]
        assert translation["status"] == row["translation_status"]
        engines = {origin["engine"] for origin in translation["origins"]}
        assert engines == set(shown["translations"]["en"]["engine"].split(", "))


@pytest.mark.slow
def test_snapshots_are_listed_shown_and_kept(world: Path) -> None:
    assert "No snapshots yet" in done(world, "snapshot", "list").err
    done(world, "snapshot", "create", "all", "*")
    again = run(world, "snapshot", "create", "all", "Kazan")
    assert (again.status, again.out) == (2, "")
    assert "never overwritten" in again.err
    outside = run(world, "snapshot", "create", "../all", "*")
    assert outside.status == 2
    (listed,) = done(world, "snapshot", "list", "--json").json["snapshots"]
    shown = done(world, "snapshot", "show", "all", "--json").json
    assert (listed["name"], listed["total"]) == ("all", shown["documents"])
    assert sum(shown["sources"].values()) == shown["total"]
    assert shown["intact"]
    assert "read as: *" in done(world, "snapshot", "show", "all").out
    path = world / "snapshots" / "all.json"
    path.write_bytes(path.read_bytes().replace(b'"text":"*"', b'"text":"?"'))
    changed = run(world, "snapshot", "show", path)
    assert changed.status == 1
    assert "was changed after it was written" in changed.err
    (world / "snapshots" / "broken.json").write_text("{")
    listing = run(world, "snapshot", "list")
    assert listing.status == 1
    assert "all" in listing.out
    assert "broken.json: not a snapshot" in listing.err
    assert run(world, "snapshot", "show", "nothing").status == 2


@pytest.mark.slow
def test_what_changed_since_is_told(world: Path, tmp_path: Path) -> None:
    """A page more, an edited page, a corrected translation."""
    lines = tmp_path / "pages.jsonl"

    def take_in(*pages: tuple[int, str]) -> None:
        rows = [
            {
                "url": f"https://paper.example/{number}",
                "title": f"Mayors meet {number}",
                "text": text,
            }
            for number, text in pages
        ]
        lines.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
        for command in (("import", lines), ("process",)):
            done(world, *command)

    take_in((1, TEXT * 9))
    done(world, "index")
    done(world, "snapshot", "create", "before", "Kazan")
    assert done(world, "snapshot", "diff", "before").out.startswith("Equal")
    take_in((1, TEXT * 9 + "And that was all of it."), (2, "Kazan. " + TEXT * 7))
    row = done(world, "export", "Kazan", "--lang", "vi").rows[0]
    correction = ("memory", "correct", row["id"], "1", "Another headline of Kazan")
    done(world, *correction, "--author", "Lan", "--yes")
    done(world, "index")
    told = run(world, "snapshot", "diff", "before", "--json")
    assert told.status == 1
    found = told.json
    assert found["counts"]["added"] == found["counts"]["revised"] == 1
    assert found["counts"]["gone"] == 0
    (retranslated,) = found["retranslated"]
    assert retranslated["after"]["id"] == row["id"]
    before, after = (
        {o["engine"] for o in retranslated[side]["translation"]["origins"]}
        for side in ("before", "after")
    )
    assert after - before == {"correction"}
    assert found["settings"] == []
    done(world, "snapshot", "create", "after", "Kazan")
    both = run(world, "snapshot", "diff", "before", "after")
    assert both.status == 1
    assert both.out.startswith("Documents: ")
    assert ": revision 1 before, 2 after" in both.out
    after_path = world / "snapshots" / "after.json"
    same = done(world, "snapshot", "diff", after_path, "after", "--json")
    assert same.json["equal"]


@pytest.mark.slow
def test_a_snapshot_is_proven_against_store_and_archive(world: Path) -> None:
    """P9: a flipped byte in the archive, another text, a document that is gone."""
    done(world, "snapshot", "create", "all", "*")
    path = world / "snapshots" / "all.json"
    assert "what the snapshot says" in done(world, "verify", path).err
    frozen = json.loads(path.read_bytes())["documents"]
    gone, unrevised, changed, flipped = (frozen[n]["id"] for n in (0, 1, 2, 3))
    evidence = done(world, "show", flipped, "--json").json["evidence"]
    database = find_workspace(world).open()
    revision = revisions.c.document_id
    with database.write() as connection:
        at = connection.execute(documents.select()).first().first_seen_at
        connection.execute(
            update(documents).where(documents.c.id == gone).values(deleted_at=at)
        )
        connection.execute(delete(revisions).where(revision == unrevised))
        connection.execute(
            update(revisions)
            .where(revision == changed)
            .values(text_checksum="sha256:00")
        )
    database.close()
    archived = world / "archive" / evidence["warc_file"]
    data = bytearray(archived.read_bytes())
    data[evidence["offset"] + evidence["length"] // 2] ^= 0xFF
    archived.write_bytes(data)
    proof = run(world, "verify", path, "--json")
    assert (proof.status, proof.json["equal"]) == (1, False)
    told = proof.json["differences"]
    assert {line.split("@")[0] for line in told} == {gone, unrevised, changed, flipped}
    for line in told:
        expected = {
            gone: "is gone from this workspace",
            unrevised: "has no revision 1 here",
            changed: "text",
            flipped: "archived page cannot be read",
        }[line.split("@")[0]]
        assert expected in line
    key = '"page_checksum":"sha256:'
    text = path.read_text("utf-8").replace(key, key + "x")
    path.write_text(text, "utf-8")
    told = run(world, "verify", path).out
    assert "the file itself: its checksum is sha256:" in told
    assert "its archived page differs: sha256:x" in told
    path.write_text(json.dumps(json.loads(text), indent=1), "utf-8")
    assert run(world, "verify", path).status == 2


class Altered:
    """A view of the index that is not what it was when it was counted."""

    def __init__(self, index: Snapshot, alter: Callable[[list[Ranked]], None]) -> None:
        self._index = index
        self._alter = alter

    def iterate(self, clause: Clause) -> Iterator[Ranked]:
        found = list(self._index.iterate(clause))
        self._alter(found)
        return iter(found)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._index, name)


def unknown_revision(found: list[Ranked]) -> None:
    shown = {**json.loads(found[-1].display), "revision": 99}
    found[-1] = replace(found[-1], display=json.dumps(shown))


@pytest.mark.parametrize(
    ("alter", "sample", "message"),
    [
        (list.pop, None, "changed while its answer was frozen; ask again"),
        (list.pop, Sample(size=9, seed=7), "changed while its answer was frozen"),
        (unknown_revision, None, "@99 is in the index and not in the store"),
    ],
)
def test_what_does_not_hold_together_is_not_frozen(
    demo: Demo, alter: Any, sample: Sample | None, message: str
) -> None:
    workspace = find_workspace(demo.workspace)
    database = workspace.open()
    request = SearchRequest(text="*")
    with (
        contextlib.closing(database),
        open_desk(workspace, database) as desk,
        open_view(desk, request) as view,
    ):
        altered: Any = Altered(view.index, alter)
        view = replace(view, index=altered)
        made = freeze(view, database, name="a", sample=sample, now=NOW)
        with pytest.raises(UnavailableError, match=message):
            list(made.records)


# --- Samples ---------------------------------------------------------------------


@pytest.mark.slow
def test_a_sample_is_written_in_the_exports_order(demo: Demo) -> None:
    rows = done(demo.workspace, "export", "*").rows
    options = ("export", "*", "--sample", 9, "--seed", 7)
    ran = done(demo.workspace, *options)
    assert ran.rows == done(demo.workspace, *options).rows
    kept = {row["id"] for row in ran.rows}
    assert ran.rows == [row for row in rows if row["id"] in kept]
    expected = draw(
        lambda: [(row["id"], ()) for row in reversed(rows)], Sample(size=9, seed=7)
    )
    assert kept == expected.ids
    last = ran.err.splitlines()[-1]
    assert last == f"This is a sample of 9 of {len(rows)} documents (seed 7)."
    whole = done(demo.workspace, "export", "*", "--sample", 999, "--seed", 7)
    assert whole.rows == rows


def test_a_stratified_sample_tells_its_allocation(demo: Demo) -> None:
    rows = done(demo.workspace, "export", "*").rows
    options = ("--sample", 20, "--seed", 7, "--stratify", "kind,language")
    ran = done(demo.workspace, "export", "*", *options)
    sample = Sample(size=20, seed=7, by=("kind", "language"))
    expected = draw(
        lambda: [(row["id"], stratum_of(row, sample.by)) for row in rows], sample
    )
    assert {row["id"] for row in ran.rows} == expected.ids
    told = ran.err.splitlines()
    for share in expected.shares:
        noun = "document" if share.documents == 1 else "documents"
        line = f"{', '.join(share.stratum)}: {share.drawn} of {share.documents} {noun}"
        assert line in told
    assert told[-1] == f"This is a sample of 20 of {len(rows)} documents (seed 7)."


def test_a_sample_smaller_than_its_strata_says_so(demo: Demo) -> None:
    options = ("--sample", 2, "--seed", 7, "--stratify", "source")
    ran = done(demo.workspace, "export", "*", *options)
    assert len(ran.rows) == 2
    assert "smaller than the number of strata" in ran.err


@pytest.mark.slow
def test_a_sample_is_frozen_and_drawn_again(world: Path) -> None:
    options = ("--sample", 5, "--seed", 7, "--stratify", "language")
    made = done(world, "snapshot", "create", "five", "*", *options)
    rows = done(world, "export", "*", *options).rows
    frozen = json.loads((world / "snapshots" / "five.json").read_bytes())
    assert [d["id"] for d in frozen["documents"]] == [row["id"] for row in rows]
    told = made.err.splitlines()[-1]
    assert told == f"This is a sample of 5 of {frozen['total']} documents (seed 7)."
    assert (frozen["sample"]["size"], frozen["sample"]["seed"]) == (5, 7)
    drawn = sum(share["drawn"] for share in frozen["sample"]["shares"])
    assert drawn == len(frozen["documents"]) == 5
    assert done(world, "snapshot", "diff", "five").out.startswith("Equal")
    assert f"5 of {frozen['total']} documents" in done(world, "snapshot", "list").out


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (("--sample", 5), "--seed NUMBER"),
        (("--seed", 5), "go with --sample N"),
        (("--stratify", "kind"), "go with --sample N"),
        (("--sample", 5, "--seed", 1, "--stratify", "kind,colour"), '"colour"'),
        (("--sample", 0, "--seed", 1), "0 is not in the range"),
    ],
)
def test_options_of_a_sample_go_together(
    demo: Demo, options: tuple[str | int, ...], expected: str
) -> None:
    ran = run(demo.workspace, "export", "*", *options)
    assert (ran.status, ran.out) == (2, "")
    assert expected in ran.err


def test_a_document_that_left_the_index_meanwhile_stops_the_sample() -> None:
    drawn = Drawn(ids=frozenset({"d1", "d9"}), total=9, shares=(), seed=7)
    found = only((exported(n) for n in range(5)), drawn)
    assert next(found).hit.id == "d1"
    with pytest.raises(UnavailableError, match="ask again"):
        next(found)


def test_a_sample_is_read_no_further_than_its_last_document() -> None:
    asked = []

    def found() -> Iterator[Any]:
        for number in range(9):
            asked.append(number)
            yield exported(number)

    drawn = Drawn(ids=frozenset({"d1", "d3"}), total=9, shares=(), seed=7)
    assert [one.hit.id for one in only(found(), drawn)] == ["d1", "d3"]
    assert asked == [0, 1, 2, 3]
