"""Press reviews: what is shown, in which file, and how it is proven later."""

import io
import json
import subprocess
import sys
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from email import message_from_bytes
from email.header import decode_header, make_header
from email.policy import default
from pathlib import Path
from typing import Any

import docx
import pytest
from docx.oxml.ns import qn
from hypothesis import given
from hypothesis import strategies as st
from lxml import html as lxml_html
from sqlalchemy import delete, update

from babelwire.reviews.contract import Loaded, ShownReview
from babelwire.reviews.editing import Addition, add_document, item_of, section_at
from babelwire.reviews.html import render_html
from babelwire.reviews.mail import mail_bytes, render_text
from babelwire.reviews.manifest import content_checksum, item_record, read_manifest
from babelwire.reviews.phrases import label_of
from babelwire.reviews.sending import export, send, write_file
from babelwire.reviews.showing import View, load_items, show_review
from babelwire.reviews.verifying import differences
from babelwire.reviews.word import render_word
from babelwire.reviews.wording import first_sentences, translated_headline
from babelwire.wording import Wording
from pipeline.documents import (
    Document,
    Page,
    Segment,
    TranslatedSegment,
    Translation,
    WarcPlace,
)
from pipeline.errors import InputError
from pipeline.reviews import (
    AlsoIn,
    Change,
    FrozenReviewError,
    Item,
    Review,
    Section,
    StaleReviewError,
)
from pipeline.sources import Rights
from pipeline.store import Database, review_contents, reviews
from pipeline.store.review_tables import review_files, review_items
from pipeline.store.tables import documents, pages, readings, revisions
from pipeline.translation.engine import Failure
from tests.babelwire.conftest import Demo, Ran, copied, environment
from tests.conftest import Clock
from tests.pipeline.builders import NOW, add_source, shown
from tests.pipeline.test_machine import Engine
from tests.pipeline.test_translate_stage import Desk

DAY = date(2024, 6, 21)
ARABIC = "رؤساء البلديات يجتمعون في قازان"
HOSTILE = '<script>alert(1)</script>\n=HYPERLINK("http://x")\x0b\u202egnp.exe'
HEALTH = {
    "lantern": {
        "last_visit_at": "2024-06-21T10:00:00+00:00",
        "newest_article_at": None,
        "problems": ["silent"],
    }
}

ENGLISH = Wording("en", "UTC")
VIEW = View(target="en", timezone="Europe/Moscow", now=NOW)


def make_document(
    sentences: Sequence[str] = ("Một.", "Hai."),
    translated: Sequence[str | None] = ("ONE.", "TWO."),
    *,
    title: str = "Tiêu đề",
    headline: str | None = "HEADLINE",
    engine: str = "firefox",
    **fields: Any,
) -> Document:
    """A document with a headline and sentences, and what is translated of them."""
    text = " ".join(sentences)
    segments = [Segment(position=0, field="title", start=0, end=len(title), text=title)]
    at = 0
    for position, sentence in enumerate(sentences, start=1):
        at = text.index(sentence, at)
        end = at + len(sentence)
        segments.append(
            Segment(position=position, field="text", start=at, end=end, text=sentence)
        )
    pieces = tuple(
        TranslatedSegment(
            position=position, text=piece, engine=engine, model="vi-en", version="1"
        )
        for position, piece in enumerate([headline, *translated])
        if piece is not None
    )
    known: dict[str, Any] = {
        "id": "dfxhautcqiqn7zt5j",
        "revision": 1,
        "version": 1,
        "url": "https://lantern.example/a",
        "source": "lantern",
        "publisher": "The Lantern",
        "country": "VN",
        "owner": "",
        "audience": (),
        "kind": "news",
        "language": "vi",
        "published_at": NOW,
        "published_precision": "minute",
        "first_seen_at": NOW,
        "title": title,
        "text": text,
        "segments": tuple(segments),
        "translations": (Translation(target="en", status="done", segments=pieces),),
    }
    return Document(**{**known, **fields})


def make_item(document: Document, **fields: Any) -> Item:
    words = first_sentences(document, "en", 600)
    known: dict[str, Any] = {
        "id": 1,
        "document_id": document.id,
        "revision": document.revision,
        "summary": words.text,
        "summary_language": words.language,
        "summary_by": words.by,
        "summary_positions": words.positions,
        "summary_origins": words.origins,
    }
    return Item(**{**known, **fields})


def loaded(document: Document, item: Item) -> Loaded:
    page = Page(
        id=1,
        url_id=1,
        url=document.url,
        source=document.source,
        fetched_at=NOW,
        status=200,
        content_type="text/html",
        body_checksum="sha256:0",
        place=WarcPlace(file="x.warc.gz", offset=0, length=1),
    )
    return Loaded(item=item, document=document, page=page, text_checksum="sha256:1")


def make_review(
    *found: Loaded, title: str = "Morning review", intro: str = "", view: View = VIEW
) -> ShownReview:
    """A review with one section that has these items, and one that is empty."""
    numbered = [
        replace(one, item=replace(one.item, id=number))
        for number, one in enumerate(found, start=1)
    ]
    review = Review(
        id=3,
        title=title,
        day=DAY,
        query="kazan",
        status="sent",
        version=4,
        created_at=NOW,
        updated_at=NOW,
        sent_at=NOW,
        sections=(
            Section(
                id=1, heading="Cities", intro="", items=tuple(n.item for n in numbered)
            ),
            Section(id=2, heading="Sea", intro=intro, items=()),
        ),
    )
    return show_review(review, {one.item.id: one for one in numbered}, view)


def one(view: View = VIEW, item: dict[str, Any] | None = None, **fields: Any):
    """A review of one document; its only shown item."""
    document = make_document(**fields)
    return make_review(loaded(document, make_item(document, **(item or {}))), view=view)


def html_of(review: ShownReview) -> Any:
    return lxml_html.document_fromstring(render_html(review).encode())


def docx_of(review: ShownReview) -> Any:
    return docx.Document(io.BytesIO(render_word(review)))


def all_text(review: ShownReview) -> dict[str, str]:
    """The words of a review in each of its files."""
    word = docx_of(review)
    return {
        "html": html_of(review).find("body").text_content(),
        "docx": "\n".join(p.text for p in word.paragraphs),
        "text": render_text(review),
    }


# --- What is shown ---------------------------------------------------------------


def test_an_item_shows_what_a_reader_wants_to_know_in_every_file() -> None:
    review = one(
        item={
            "note": "For the minister.",
            "tags": ("cities",),
            "also_in": (AlsoIn(publisher="The Bell", owner="Bell Group"),),
            "passage": (2,),
        }
    )
    for name, text in all_text(review).items():
        for wanted in (
            *("Morning review", "Friday, 21 June 2024", "HEADLINE", "Tiêu đề"),
            *("The Lantern", "Vietnam", "21 Jun 2024 13:30 UTC+03:00", "Vietnamese"),
            *("ONE. TWO.", "machine translation", "Hai.", "For the minister."),
            *("Also in: ", "The Bell", "Bell Group", "cities"),
            *("https://lantern.example/a", "dfxhautcqiqn7zt5j@1"),
        ):
            assert wanted.lower() in text.lower(), (name, wanted)


def test_a_section_without_items_says_so_or_has_words_of_its_own() -> None:
    for name, text in all_text(one()).items():
        assert "Nothing significant." in text, name
    own = make_review(intro="Nothing but fog.")
    for name, text in all_text(own).items():
        assert "Nothing but fog." in text, name
        assert text.count("Nothing significant.") == 1, name


@pytest.mark.parametrize(
    ("engine", "label"),
    [("firefox", "machine translation"), ("correction", "translation")],
)
def test_whose_translation_it_is_is_told(engine: str, label: str) -> None:
    item = one(engine=engine).items[0]
    labels = {label_of(ENGLISH, t) for t in (item.translated_headline, item.summary)}
    assert labels == {label}


def test_an_edited_machine_translation_is_called_so() -> None:
    for name, text in all_text(one(item={"summary_by": "edited"})).items():
        assert "machine translation, edited" in text, name


def test_a_document_in_the_target_language_is_shown_once() -> None:
    item = one(language="en").items[0]
    assert item.translated_headline is None
    assert item.summary.text == "Một. Hai."
    assert label_of(ENGLISH, item.summary) == ""


@pytest.mark.parametrize(
    ("fields", "when"),
    [
        ({"published_precision": "day"}, "21 Jun 2024"),
        ({"published_at": None}, "undated, first seen 21 Jun 2024 13:30 UTC+03:00"),
    ],
)
def test_a_time_is_as_exact_as_it_is_known(fields: dict[str, Any], when: str) -> None:
    review = one(**fields)
    for name, text in all_text(review).items():
        assert f" · {when} · " in text, name
    assert item_record(review.items[0], review.timezone).published == when


def test_only_the_headline_leaves_where_nothing_else_may() -> None:
    view = replace(VIEW, may_show=lambda item: "headline")
    secret = {"summary": "SECRET", "note": "SECRET", "passage": (1,)}
    review = one(view, item=secret)
    for name, text in all_text(review).items():
        assert "SECRET" not in text, name
        assert "ONE." not in text, name
        assert "Một." not in text, name
        for wanted in ("HEADLINE", "The Lantern", "https://lantern.example/a"):
            assert wanted in text, (name, wanted)


def test_of_an_excerpt_no_more_than_allowed_leaves() -> None:
    sentences = [f"Đây là câu số {n} của bài." for n in range(40)]
    translated = [f"This is sentence {n} of it." for n in range(40)]
    view = replace(
        VIEW,
        may_show=lambda item: "excerpt",
        rights_of=lambda source: Rights(
            show="excerpt", excerpt_characters=120, notice="© The Lantern"
        ),
    )
    for summary in ("machine", "desk"):
        item = one(
            view,
            item={"passage": tuple(range(1, 30)), "summary_by": summary},
            sentences=sentences,
            translated=translated,
        ).items[0]
        passage = item.passage.translation.text if item.passage else ""
        theirs = item.summary.text if summary == "machine" else ""
        assert 0 < len(theirs + passage) <= 120
        assert item.notice == "© The Lantern"


def test_a_document_that_is_gone_is_named_before_anything_is_rendered() -> None:
    document = make_document()
    shown_one = loaded(document, make_item(document))
    review = replace(
        Review(
            id=3,
            title="x",
            day=DAY,
            query="",
            status="draft",
            version=1,
            created_at=NOW,
            updated_at=NOW,
            sent_at=None,
        ),
        sections=(Section(id=1, heading="A", intro="", items=(shown_one.item,)),),
    )
    with pytest.raises(InputError, match=r"dfxhautcqiqn7zt5j@1; remove them"):
        show_review(review, {}, VIEW)


# --- The summary that is filled in -----------------------------------------------


def test_a_summary_begins_with_whole_sentences() -> None:
    document = make_document(
        sentences=["a"] * 3, translated=["Mayors met.", "They signed.", "They left."]
    )
    words = first_sentences(document, "en", 25)
    assert (words.text, words.positions) == ("Mayors met. They signed.", (1, 2))
    assert (words.by, words.language) == ("machine", "en")
    assert words.origins[0].model == "vi-en"


def test_a_summary_is_in_the_original_where_nothing_is_translated() -> None:
    words = first_sentences(make_document(translated=[None, "TWO."]), "en", 600)
    assert (words.text, words.by, words.language) == ("Một. Hai.", "original", "vi")


def test_a_summary_stops_where_the_translation_stops() -> None:
    document = make_document(translated=["ONE."])
    assert first_sentences(document, "en", 600).text == "ONE."


def test_sentences_of_a_script_without_spaces_are_joined_without() -> None:
    document = make_document(
        sentences=["今天天气很好。", "我们去公园。"], language="zh"
    )
    assert first_sentences(document, "de", 600).text == "今天天气很好。我们去公园。"


@given(st.lists(st.text(min_size=1).filter(str.strip), min_size=1), st.integers(5, 60))
def test_a_summary_is_never_longer_than_allowed(translated, limit) -> None:
    document = make_document(sentences=["x"] * len(translated), translated=translated)
    assert len(first_sentences(document, "en", limit).text) <= limit


def test_a_headline_that_is_not_wholly_translated_has_no_translation() -> None:
    assert translated_headline(make_document(headline=None), "en") is None


# --- HTML ------------------------------------------------------------------------


def hostile() -> ShownReview:
    return one(
        title=HOSTILE,
        headline=HOSTILE,
        publisher=f'">{HOSTILE}',
        url="javascript:alert(1)",
        item={
            "summary": HOSTILE,
            "note": HOSTILE,
            "tags": (HOSTILE,),
            "also_in": (AlsoIn(publisher=HOSTILE, owner=HOSTILE),),
            "passage": (1,),
        },
        sentences=[HOSTILE],
        translated=[HOSTILE],
    )


def test_no_script_runs_and_nothing_is_loaded_from_elsewhere() -> None:
    """W1"""
    page = html_of(hostile())
    names = {element.tag for element in page.iter() if isinstance(element.tag, str)}
    assert not names & {"script", "img", "iframe", "object", "link", "form", "base"}
    for element in page.iter():
        for name, value in element.attrib.items():
            assert not name.startswith("on"), name
            assert name not in {"src", "srcset", "style"}, name
            if name == "href":
                assert value.startswith("#"), value
    css = page.find(".//style").text
    assert "url(" not in css
    assert "@import" not in css
    assert "default-src 'none'" in page.find(".//meta[@http-equiv]").get("content")
    assert "<script>alert(1)</script>" in page.text_content()


def test_bidi_controls_and_forbidden_characters_leave_no_trace() -> None:
    """W3"""
    for name, text in all_text(hostile()).items():
        assert "gnp.exe" in text, name
        assert not set(text) & {"\u202e", "\x0b"}, name


def test_every_text_of_a_page_is_isolated_and_has_its_language() -> None:
    page = html_of(one(title=ARABIC, language="ar", headline="MAYORS MEET"))
    (original,) = page.find_class("original")
    assert (original.get("lang"), original.get("dir")) == ("ar", "rtl")
    (heading,) = page.xpath("//h3/bdi")
    assert (heading.get("lang"), heading.get("dir")) == ("en", "auto")
    for text in ("Tiêu đề", "The Lantern"):
        found = html_of(one()).xpath(f"//bdi[contains(., '{text}')]")
        assert found, text


def test_an_address_that_looks_like_another_is_shown_in_ascii() -> None:
    """W3"""
    page = html_of(one(url="https://www.раypal.example/a?b=<c>"))
    (link,) = page.xpath("//article//a")
    assert link.get("href") == link.text_content()
    assert link.get("href").startswith("https://www.xn--")
    assert link.get("rel") == "noreferrer noopener"


# --- Word ------------------------------------------------------------------------


def test_word_has_headings_header_and_page_numbers() -> None:
    document = docx_of(one())
    styles = {p.text: p.style.name for p in document.paragraphs}
    assert styles["Morning review"] == "Title"
    assert styles["Cities"] == styles["Sea"] == "Heading 1"
    assert styles["HEADLINE [machine translation]"] == "Heading 2"
    page = document.sections[0]
    assert page.header.paragraphs[0].text == "Morning review · Friday, 21 June 2024"
    fields = page.footer._element.iter(qn("w:fldSimple"))
    assert [f.get(qn("w:instr")) for f in fields] == ["PAGE", "NUMPAGES"]
    assert document.core_properties.title == "Morning review"


def test_arabic_runs_from_right_to_left_in_word() -> None:
    document = docx_of(one(title=ARABIC, language="ar", publisher="شرفة النيل"))
    (original,) = [p for p in document.paragraphs if p.text == ARABIC]
    assert original._p.pPr.find(qn("w:bidi")) is not None
    (run,) = original.runs
    assert run.font.rtl
    assert run._r.rPr.find(qn("w:lang")).get(qn("w:bidi")) == "ar"
    (about,) = [p for p in document.paragraphs if p.text.startswith("شرفة النيل")]
    assert [bool(r.font.rtl) for r in about.runs] == [True, False, False, False]
    (heading,) = [p for p in document.paragraphs if p.text.startswith("HEADLINE")]
    assert heading._p.pPr.find(qn("w:bidi")) is None


def test_word_elements_stand_in_the_order_of_the_schema() -> None:
    """ECMA-376, 17.3.1.26 and 17.3.2.28: Word refuses another."""
    order = "keepNext bidi spacing jc".split()
    within = "rStyle rFonts b i color sz u rtl lang".split()
    document = docx_of(one(title=ARABIC, language="ar"))
    for element, known in (("w:pPr", order), ("w:rPr", within)):
        for properties in document.element.iter(qn(element)):
            names = [child.tag.split("}")[1] for child in properties]
            places = [known.index(name) for name in names if name in known]
            assert places == sorted(places), names


def test_word_links_to_the_original() -> None:
    document = docx_of(one())
    (link,) = document.element.iter(qn("w:hyperlink"))
    relation = document.part.rels[link.get(qn("r:id"))]
    assert (relation.is_external, relation.target_ref) == (
        True,
        "https://lantern.example/a",
    )


def test_hostile_text_is_only_text_in_word() -> None:
    """W1, W6"""
    content = render_word(hostile())
    document = docx.Document(io.BytesIO(content))
    assert not list(document.element.iter(qn("w:hyperlink"), qn("w:instrText")))
    assert '=HYPERLINK("http://x")' in "\n".join(p.text for p in document.paragraphs)
    with zipfile.ZipFile(io.BytesIO(content)) as parts:
        assert not [n for n in parts.namelist() if "vba" in n or "embed" in n]


# --- Mail ------------------------------------------------------------------------


def test_a_mail_has_text_and_html_and_passes_any_server() -> None:
    review = one(title=ARABIC, language="ar")
    raw = mail_bytes(review)
    assert raw.isascii()
    assert max(map(len, raw.split(b"\r\n"))) <= 998  # RFC 5322, section 2.1.1
    message = message_from_bytes(raw, policy=default)
    assert message.get_content_type() == "multipart/alternative"
    text, page = message.iter_parts()
    assert text.get_content_type() == "text/plain"
    assert text.get_content().replace("\r\n", "\n") == render_text(review)
    assert page.get_content_type() == "text/html"
    assert page.get_content().replace("\r\n", "\n") == render_html(review)
    assert f"\u2068{ARABIC}\u2069" in text.get_content()


def test_a_subject_is_one_line() -> None:
    """W7"""
    long = "Обзор печати о городах, реках и морях " * 4
    message = message_from_bytes(mail_bytes(make_review(title=long)))
    subject = str(make_header(decode_header(message["Subject"])))
    assert subject == f"{long.strip()}, 2024-06-21"
    forged = replace(make_review(), title="Morning\r\nBcc: all@example.org")
    with pytest.raises(InputError, match="line break"):
        mail_bytes(forged)


def test_hostile_text_ends_no_part_of_a_mail() -> None:
    document = make_document()
    fake = "--=_review_3\r\nContent-Type: text/html\r\n\r\nx\r\n--=_review_3--\r\n"
    review = make_review(loaded(document, make_item(document, summary=fake)))
    message = message_from_bytes(mail_bytes(review), policy=default)
    assert len(list(message.iter_parts())) == 2
    assert not list(message.walk())[1].defects


# --- Sent, and proven ------------------------------------------------------------


class Newsroom:
    """A store with two translated documents and a review of them."""

    def __init__(self, database: Database, clock: Clock, folder: Path) -> None:
        self.database, self.folder = database, folder
        with database.write() as connection:
            add_source(connection)
        self.desk = Desk(database, clock)
        self.desk.add("a", "b")
        self.desk.process()
        self.a, self.b = (d.id for d in shown(database))
        with database.write() as connection:
            self.id = reviews.create(
                connection, title="Morning", day=DAY, query="q", actor="ann", at=NOW
            )
        self.do(review_contents.add_section, "Cities")
        self.add(self.a, passage=(1,), note="Note.")
        self.add(self.b)
        self.do(review_contents.add_section, "Sea")

    @property
    def review(self) -> Review:
        with self.database.read() as connection:
            return reviews.load(connection, self.id)

    def change(self) -> Change:
        return Change(
            review_id=self.id, version=self.review.version, actor="ann", at=NOW
        )

    def do(self, what: Callable[..., Any], *args: Any) -> Any:
        change = self.change()
        with self.database.write() as connection:
            return what(connection, change, *args)

    def add(self, reference: str, **fields: Any) -> int:
        addition = Addition(
            reference=reference, target="en", summary_characters=600, **fields
        )
        return add_document(self.database, self.change(), addition)

    def send(self) -> list[Path]:
        self.do(reviews.approve)
        return send(self.database, self.change(), VIEW, HEALTH, self.folder)

    def manifest(self) -> dict[str, Any]:
        return json.loads((self.folder / "manifest.json").read_bytes())

    def differences(self, manifest: dict[str, Any] | None = None) -> list[str]:
        path = self.folder / "manifest.json"
        data = path.read_bytes() if manifest is None else json.dumps(manifest).encode()
        return differences(read_manifest(data, path.name), self.database)

    def write(self, statement: Any) -> None:
        with self.database.write() as connection:
            connection.execute(statement)


@pytest.fixture
def room(database: Database, clock: Clock, tmp_path: Path) -> Newsroom:
    return Newsroom(database, clock, tmp_path / "out")


def test_adding_pins_the_revision_and_fills_in_the_summary(room: Newsroom) -> None:
    first, second = room.review.items
    assert (first.document_id, first.revision, first.passage) == (room.a, 1, (1,))
    assert first.summary == "CÂU CHUNG CHO CẢ HAI. CÂU RIÊNG CỦA BÀI A."
    assert (first.summary_by, first.summary_language) == ("machine", "en")
    assert first.summary_origins[0].engine == "firefox"
    assert item_of(room.review, room.b) == second.id
    with pytest.raises(InputError, match=r"already, as revision 1"):
        room.add(f"{room.a}@1")


def test_adding_what_is_not_there_says_what_is(room: Newsroom) -> None:
    room.do(review_contents.remove_item, item_of(room.review, room.a))
    for reference, fields, told in (
        ("x", {}, "is no document id"),
        ("daaaaaaaaaaaaaaaa", {}, "no document daaaaaaaaaaaaaaaa"),
        (f"{room.a}@7", {}, "no revision 7; its newest is 1"),
        (room.a, {"passage": (9,)}, "no sentence 9"),
    ):
        with pytest.raises(InputError, match=told):
            room.add(reference, **fields)
    with pytest.raises(InputError, match="no section number 3; it has 2"):
        section_at(room.review, 3)


def test_what_is_sent_is_written_and_kept_byte_for_byte(room: Newsroom) -> None:
    paths = room.send()
    assert {path.name for path in room.folder.iterdir()} == {p.name for p in paths}
    assert {p.name for p in paths} == {
        *("review.html", "review.docx", "review.eml", "manifest.json"),
    }
    room.desk.engine = Engine(lambda text: text.lower())
    room.desk.engine.version, room.desk.budget = "2", 10
    room.desk.process()
    for kind, name in (("html", "review.html"), ("manifest", "manifest.json")):
        again = export(room.database, room.id, kind, VIEW, {})
        assert again == (room.folder / name).read_bytes()
    with pytest.raises(FrozenReviewError):
        send(room.database, room.change(), VIEW, HEALTH, room.folder / "again")
    assert not (room.folder / "again").exists()


def test_a_review_that_was_not_approved_or_is_stale_is_not_sent(room) -> None:
    with pytest.raises(InputError, match="approve it first"):
        send(room.database, room.change(), VIEW, HEALTH, room.folder)
    room.do(reviews.approve)
    stale = replace(room.change(), version=1)
    with pytest.raises(StaleReviewError):
        send(room.database, stale, VIEW, HEALTH, room.folder)
    assert not room.folder.exists()


def test_a_folder_with_a_review_is_not_overwritten_and_nothing_is_sent(room) -> None:
    room.folder.mkdir()
    (room.folder / "review.html").write_text("yesterday")
    with pytest.raises(InputError, match=r"has a review\.html already"):
        room.send()
    assert room.review.status == "approved"
    assert [path.name for path in room.folder.iterdir()] == ["review.html"]


def test_a_file_is_replaced_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "a.html"
    write_file(path, b"one")
    write_file(path, b"two")
    assert path.read_bytes() == b"two"
    assert list(tmp_path.iterdir()) == [path]
    with pytest.raises(InputError, match="cannot be written"):
        write_file(path / "b", b"")


def test_a_manifest_says_what_the_review_was_made_from(room: Newsroom) -> None:
    room.send()
    manifest = room.manifest()
    assert (manifest["schema"], manifest["kind"]) == (1, "review")
    assert manifest["checksum"] == content_checksum(manifest)
    assert manifest["review"] == {
        "id": room.id,
        "title": "Morning",
        "day": "2024-06-21",
        "status": "sent",
        "query": "q",
        "target": "en",
        "timezone": "Europe/Moscow",
        "language": "en",
    }
    assert manifest["sources"] == HEALTH
    item = manifest["sections"][0]["items"][0]
    (document, _) = shown(room.database)
    assert item["citation"] == f"{document.id}@1"
    assert item["page"]["checksum"].startswith("sha256:")
    for shown_text in (item["translated_headline"], item["summary"]):
        (origin,) = shown_text["translated_by"]
        assert origin == {"engine": "firefox", "model": "some-vi-en", "version": "1"}
    assert manifest["program"].startswith("babelwire ")
    assert datetime.fromisoformat(manifest["created_at"]).tzinfo is UTC


def test_a_manifest_of_what_was_sent_is_equal(room: Newsroom) -> None:
    room.send()
    assert room.differences() == []


def test_a_manifest_of_a_draft_is_equal_until_the_draft_changes(room) -> None:
    data = export(room.database, room.id, "manifest", VIEW, HEALTH)
    read = read_manifest(data, "m")
    assert differences(read, room.database) == []
    room.do(review_contents.remove_item, item_of(room.review, room.b))
    (found,) = differences(read, room.database)
    assert f"section 1 has {room.a}@1, {room.b}@1 in the file and {room.a}@1" in found


def test_a_manifest_of_headlines_and_excerpts_is_equal_too(room) -> None:
    def may_show(item: Loaded) -> str:
        return "headline" if item.document.id == room.a else "excerpt"

    view = replace(
        VIEW,
        may_show=may_show,
        rights_of=lambda source: Rights(show="excerpt", excerpt_characters=50),
    )
    data = export(room.database, room.id, "manifest", view, HEALTH)
    assert "CÂU RIÊNG CỦA BÀI A" not in data.decode()
    assert differences(read_manifest(data, "m"), room.database) == []


def test_a_changed_file_is_told(room: Newsroom) -> None:
    room.send()
    manifest = room.manifest()
    manifest["sources"]["lantern"]["problems"] = []
    (found,) = room.differences(manifest)
    assert found.startswith("the file itself: its checksum is sha256:")
    manifest["checksum"] = content_checksum(manifest)
    (found,) = room.differences(manifest)
    assert "was sent with another manifest" in found


def test_a_document_that_is_gone_is_told(room: Newsroom) -> None:
    room.send()
    room.write(update(documents).where(documents.c.id == room.a).values(deleted_at=NOW))
    assert room.differences() == [
        f"{room.a}@1: the document is gone from this workspace"
    ]
    room.write(
        update(documents).where(documents.c.id == room.a).values(deleted_at=None)
    )
    room.write(delete(revisions).where(revisions.c.document_id == room.a))
    assert room.differences() == [
        f"{room.a}@1: the document has no revision 1 here; its newest is 1"
    ]


def test_a_text_that_differs_is_told(room: Newsroom) -> None:
    room.send()
    of_a = revisions.c.document_id == room.a
    room.write(update(revisions).where(of_a).values(text_checksum="sha256:other"))
    found = room.differences()
    assert found[0].startswith(f"{room.a}@1: the revision's text differs: sha256:")
    assert found[1].endswith("is not what its own checksum here says")
    assert len(found) == 2


def test_a_text_that_was_changed_in_the_database_is_told(room: Newsroom) -> None:
    room.send()
    of_b = readings.c.document_id == room.b
    room.write(update(readings).where(of_b).values(text="x" * 60))
    (found,) = room.differences()
    assert "not what its own checksum here says" in found


def test_a_page_that_differs_is_told(room: Newsroom, tmp_path: Path) -> None:
    room.send()
    data = (room.folder / "manifest.json").read_bytes()
    read = read_manifest(data, "m")
    unread = differences(read, room.database, tmp_path)
    assert len(unread) == 2
    assert all("its archived page cannot be read" in text for text in unread)
    room.write(update(pages).values(body_checksum="sha256:other"))
    assert all("its archived page differs" in text for text in room.differences())


def test_a_translation_that_was_redone_by_another_model_is_told(room) -> None:
    room.send()
    room.desk.engine = Engine(lambda text: text.lower(), name="better")
    room.desk.engine.version, room.desk.budget = "2", 10
    room.desk.process()
    start = f"{room.a}@1: "
    of_a = [t.removeprefix(start) for t in room.differences() if t.startswith(start)]
    redone = "firefox some-vi-en 1 in the file, firefox better-vi-en 2 here"
    assert of_a == [
        f"its translated headline was translated again: {redone}",
        f"the translation that its summary was taken from was redone: {redone}",
        f"its translated passage was translated again: {redone}",
    ]


def test_a_review_that_is_not_what_it_was_is_told(room: Newsroom) -> None:
    room.send()
    room.write(update(review_items).values(summary="Forged.", note="Forged."))
    room.write(update(review_files).values(content=b"forged"))
    with room.database.write() as connection:
        connection.execute(
            update(reviews.reviews).values(title="Forged", status="draft")
        )
        connection.execute(delete(review_files).where(review_files.c.name != "x"))
    found = "\n".join(room.differences())
    for told in (
        'its title is "Morning" in the file and "Forged" here',
        'its status is "sent" in the file and "draft" here',
        "review.docx is named in the file and not kept here",
        "its summary differs",
        'its note is "Note." in the file and "Forged." here',
    ):
        assert told in found


def test_a_kept_file_that_was_changed_is_told(room: Newsroom) -> None:
    room.send()
    room.write(
        update(review_files)
        .where(review_files.c.name == "review.html")
        .values(content=b"forged")
    )
    (found,) = room.differences()
    assert "review.html as it was sent differs" in found


def test_in_another_workspace_the_documents_alone_are_compared(room) -> None:
    room.send()
    manifest = room.manifest()
    manifest["review"]["id"] = 999
    manifest["checksum"] = content_checksum(manifest)
    (found,) = room.differences(manifest)
    assert "review 999: not in this workspace" in found


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xff\xfe",
        b"[]",
        b"{}",
        b'{"schema": 2}',
        b"[" * 100_000,
        b'{"schema": ' + b"9" * 5000 + b"}",
    ],
)
def test_what_is_no_manifest_is_refused(data: bytes) -> None:
    with pytest.raises(InputError, match=r"^m\.json: not a manifest"):
        read_manifest(data, "m.json")


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("review", "timezone"), "Nowhere/None"),
        (("review", "timezone"), "../../etc/passwd"),
        (("review", "id"), 1 << 70),
        (("review", "id"), True),
        (("sections", 0, "items", 0, "document"), "x\x00"),
        (("sections", 0, "items", 0, "revision"), 1 << 70),
        (("sections", 0, "items", 0, "excerpt_characters"), -1),
        (("sections", 0, "items", 0, "headline"), None),
        (("sections", 0, "items", 0, "show"), "all"),
    ],
)
def test_a_manifest_with_a_wrong_value_is_refused(room, path, value) -> None:
    data = export(room.database, room.id, "manifest", VIEW, HEALTH)
    manifest = json.loads(data)
    place = manifest
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    with pytest.raises(InputError, match="not a manifest"):
        read_manifest(json.dumps(manifest).encode(), "m.json")


def test_a_translation_that_fails_leaves_the_review_as_it_is(room: Newsroom) -> None:
    before = room.review
    room.desk.engine = Engine(lambda _: Failure(reason="crash"))
    room.desk.process()
    assert room.review == before
    with room.database.read() as connection:
        assert len(load_items(connection, before)) == 2


# --- The commands ----------------------------------------------------------------

RUN = """
from babelwire import cli
for name in ("review", "verify"):
    cli.COMMANDS.setdefault(name, "")
cli.main()
"""


def run(workspace: Path, *arguments: str | Path) -> Ran:
    done = subprocess.run(
        [sys.executable, "-c", RUN, "--workspace", workspace, *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=120,
        env=environment(),
        check=False,
    )
    return Ran(done.returncode, done.stdout, done.stderr)


@pytest.fixture
def world(demo: Demo, tmp_path: Path) -> Path:
    """A copy of the demo's workspace."""
    return copied(demo.workspace, tmp_path / "world")


@pytest.mark.slow
def test_a_review_from_the_first_title_to_the_proof(world: Path, tmp_path) -> None:
    hits = run(world, "search", "Kazan", "--json").json["hits"]
    ids = [hit["id"] for hit in hits[:3]]
    made = run(world, "review", "new", "Cities", "--by", "ann", "--json").json["id"]
    assert run(world, "review", "section", made, "Forum").status == 0
    for document_id in ids[:2]:
        added = run(world, "review", "add", made, document_id, "--tag", "forum")
        assert added.status == 0, added.err
    assert run(world, "review", "add", made, f"{ids[2]}@1", "--section", 1).status == 0
    assert run(world, "review", "remove", made, ids[2]).status == 0
    again = run(world, "review", "add", made, ids[0])
    assert again.status == 2
    assert "already" in again.err
    told = run(world, "review", "show", made).out
    assert "1. Forum" in told
    assert f"{ids[0]}@1" in told

    out = tmp_path / "out"
    early = run(world, "review", "send", made, "-o", out)
    assert early.status == 2
    assert "approve it first" in early.err
    assert run(world, "review", "approve", made, "--by", "bob").status == 0
    sent = run(world, "review", "send", made, "-o", out)
    assert sent.status == 0, sent.err
    assert sorted(path.name for path in out.iterdir()) == [
        *("manifest.json", "review.docx", "review.eml", "review.html"),
    ]
    again = run(world, "review", "send", made, "-o", tmp_path / "more")
    assert again.status == 3
    assert "--clone" in again.err
    shown_log = run(world, "review", "show", made, "--json").json["log"]
    assert (shown_log[0]["actor"], shown_log[0]["action"]) == ("ann", "created")

    assert run(world, "verify", out / "manifest.json").status == 0
    draft = tmp_path / "review.html"
    assert (
        run(world, "review", "export", made, "--format", "html", "-o", draft).status
        == 0
    )
    assert draft.read_bytes() == (out / "review.html").read_bytes()
    text = (out / "manifest.json").read_text("utf-8").replace('"Forum"', '"Fora"')
    (out / "manifest.json").write_text(text, "utf-8")
    proof = run(world, "verify", out / "manifest.json", "--json")
    assert (proof.status, proof.json["equal"]) == (1, False)
    assert len(proof.json["differences"]) == 2
    (out / "manifest.json").write_text("{}")
    assert run(world, "verify", out / "manifest.json").status == 2


@pytest.mark.slow
def test_reviews_are_cloned_listed_and_deleted(workspace: Path) -> None:
    assert "No reviews yet" in run(workspace, "review", "list").err
    first = run(workspace, "review", "new", "One", "--day", "2024-06-21", "--json")
    assert run(workspace, "review", "section", first.json["id"], "Sea").status == 0
    second = run(workspace, "review", "new", "Two", "--clone", first.json["id"])
    assert second.status == 0, second.err
    listed = run(workspace, "review", "list", "--json").json["reviews"]
    assert [r["title"] for r in listed] == ["Two", "One"]
    out = workspace / "empty.eml"
    wrote = run(workspace, "review", "export", 2, "--format", "eml", "-o", out)
    assert wrote.status == 0, wrote.err
    assert b"Nothing significant." in out.read_bytes()
    assert run(workspace, "review", "delete", 2).status == 0
    assert "One" in run(workspace, "review", "list").out
    assert run(workspace, "review", "show", 2).status == 2
    refused = run(workspace, "review", "new", "a\nb")
    assert refused.status == 2
    assert "line break" in refused.err
