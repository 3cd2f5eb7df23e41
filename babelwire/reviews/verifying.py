"""Proves a manifest: what it says is made again from the workspace and compared."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from babelwire.reviews.contract import MANIFEST_FILE, Loaded
from babelwire.reviews.manifest import (
    ItemRecord,
    Manifest,
    ReadManifest,
    SectionRecord,
    TextRecord,
    bytes_checksum,
    intro_record,
    item_record,
    read_manifest,
)
from babelwire.reviews.showing import View, load_item, show_item
from babelwire.reviews.texts import clean, clean_line
from babelwire.reviews.wording import translated_words
from pipeline.errors import DamageError
from pipeline.reviews import Item, Origin, Review
from pipeline.sources import Rights

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from pipeline.store import Database

_WORDS = {
    "url": "address",
    "source": "source",
    "publisher": "publisher",
    "owner": "owner",
    "country": "country",
    "language": "language",
    "published": "publication time",
    "note": "note",
    "tags": "tags",
    "also_in": '"also in"',
}
"""Fields of an item that are compared as they are, in plain words."""


def differences(
    read: ReadManifest, database: Database, archive: Path | None = None
) -> list[str]:
    """Each difference between a manifest and what the workspace gives now, in words.

    When it was made, by which version of the program and how the sources stood then
    is recorded only: it cannot be made again.

    Args:
        read: The manifest.
        database: The workspace's store.
        archive: The page archive; None leaves the bytes of the pages unread.
    """
    manifest = read.manifest
    found = []
    if read.content_checksum != manifest.checksum:
        found.append(
            f"the file itself: its checksum is {manifest.checksum}, its content has "
            f"{read.content_checksum}; it was changed after it was written"
        )
    with database.read() as connection:
        review = _review(connection, manifest.review.id)
        found += _review_differences(connection, manifest, review)
        for record in manifest.items:
            checked = _Checked(connection, manifest, record, archive)
            about = record.citation
            found += [f"{about}: {text}" for text in checked.differences(review)]
    return found


def _review(connection: Connection, review_id: int) -> Review | None:
    from pipeline.errors import InputError
    from pipeline.store.reviews import load

    try:
        return load(connection, review_id)
    except InputError:
        return None


# --- The review as a whole -------------------------------------------------------


def _review_differences(
    connection: Connection, manifest: Manifest, review: Review | None
) -> Iterator[str]:
    from pipeline.store.reviews import load_files

    about = f"review {manifest.review.id}"
    if review is None:
        yield f"{about}: not in this workspace; its documents are compared alone"
        return
    told = manifest.review
    pairs = [
        ("title", told.title, clean_line(review.title)),
        ("day", told.day, review.day.isoformat()),
        ("status", told.status, review.status),
        ("query", told.query, review.query),
    ]
    for what, in_file, here in pairs:
        if in_file != here:
            yield f'{about}: its {what} is "{in_file}" in the file and "{here}" here'
    yield from _section_differences(about, manifest.sections, review)
    yield from _file_differences(about, manifest, load_files(connection, review.id))


def _file_differences(
    about: str, manifest: Manifest, stored: Mapping[str, bytes]
) -> Iterator[str]:
    for name, checksum in manifest.files.items():
        if name not in stored:
            yield f"{about}: {name} is named in the file and not kept here"
        elif bytes_checksum(stored[name]) != checksum:
            yield f"{about}: {name} as it was sent differs from what is kept here"
    if manifest.review.status == "sent" and MANIFEST_FILE in stored:
        sent = read_manifest(stored[MANIFEST_FILE], MANIFEST_FILE).manifest.checksum
        if sent != manifest.checksum:
            yield (
                f"{about}: was sent with another manifest: {sent} is kept here, "
                f"{manifest.checksum} in the file"
            )


def _section_differences(
    about: str, told: Sequence[SectionRecord], review: Review
) -> Iterator[str]:
    if len(told) != len(review.sections):
        yield (
            f"{about}: has {len(told)} sections in the file and "
            f"{len(review.sections)} here"
        )
    for number, (record, section) in enumerate(
        zip(told, review.sections, strict=False), start=1
    ):
        where = f"{about}: section {number}"
        heading = clean_line(section.heading)
        if record.heading != heading:
            yield f'{where} is "{record.heading}" in the file and "{heading}" here'
        said = clean(section.intro).strip()
        intro = intro_record(said, is_empty=not section.items)
        if record.intro != intro:
            yield f"{where} has another introduction"
        order = [item.citation for item in section.items]
        in_file = [item.citation for item in record.items]
        if in_file != order:
            yield (
                f"{where} has {', '.join(in_file) or 'no items'} in the file and "
                f"{', '.join(order) or 'no items'} here"
            )


# --- One document ----------------------------------------------------------------


@dataclass(frozen=True)
class _Checked:
    """An item of the manifest beside what the workspace gives for it."""

    connection: Connection
    manifest: Manifest
    record: ItemRecord
    archive: Path | None

    def differences(self, review: Review | None) -> Iterator[str]:
        item = self._item(review)
        loaded = load_item(self.connection, item)
        if loaded is None:
            yield self._gone()
            return
        yield from self._text_differences(loaded)
        yield from self._page_differences(loaded)
        zone = self.manifest.review.timezone
        here = item_record(show_item(loaded, self._view()), zone)
        for name, what in _WORDS.items():
            yield from _changed(what, getattr(self.record, name), getattr(here, name))
        yield from self._wording_differences(loaded, here)

    def _item(self, review: Review | None) -> Item:
        """As the review has it; where it does not, as the file says."""
        record = self.record
        for item in review.items if review else ():
            if item.citation == f"{record.document}@{record.revision}":
                return item
        summary, passage = record.summary, record.passage
        return Item(
            id=0,
            document_id=record.document,
            revision=record.revision,
            passage=passage.original.positions if passage else (),
            summary=summary.text if summary else "",
            summary_language=summary.language if summary else "",
            summary_by=summary.by if summary else "desk",
            summary_positions=summary.positions if summary else (),
            summary_origins=summary.translated_by if summary else (),
            note=record.note,
            tags=record.tags,
            also_in=record.also_in,
        )

    def _view(self) -> View:
        """As it was shown then: rights may have changed since."""
        record, told = self.record, self.manifest.review
        rights = Rights(
            show=record.show,
            excerpt_characters=record.excerpt_characters,
            notice=record.notice,
        )
        return View(
            target=told.target,
            timezone=told.timezone,
            now=datetime.now(UTC),
            may_show=lambda _: record.show,
            rights_of=lambda _: rights,
        )

    def _gone(self) -> str:
        from pipeline.store.documents import load_documents

        found = load_documents(self.connection, [self.record.document])
        if not found or (found[0].deleted and not found[0].merged_into):
            return "the document is gone from this workspace"
        return (
            f"the document has no revision {self.record.revision} here; its newest is "
            f"{found[0].revision}"
        )

    def _text_differences(self, loaded: Loaded) -> Iterator[str]:
        from pipeline.store.readings import text_checksum

        told, here = self.record.text_checksum, loaded.text_checksum
        if told != here:
            yield f"the revision's text differs: {told} in the file, {here} here"
        document = loaded.document
        if text_checksum(document.title, document.text) != here:
            yield "the revision's text is not what its own checksum here says"

    def _page_differences(self, loaded: Loaded) -> Iterator[str]:
        from pipeline.archive import read

        told, page = self.record.page, loaded.page
        if told.checksum != page.body_checksum:
            yield (
                f"its archived page differs: {told.checksum} in the file, "
                f"{page.body_checksum} here"
            )
        if self.archive is None:
            return
        try:
            bytes_there = read(self.archive, page.place).checksum
        except DamageError as error:
            yield f"its archived page cannot be read: {error}"
            return
        if bytes_there != page.body_checksum:
            yield "its archived page has other bytes than the store says"

    def _wording_differences(self, loaded: Loaded, here: ItemRecord) -> Iterator[str]:
        told = self.record
        yield from _text_change("headline", told.headline, here.headline)
        yield from _text_change(
            "translated headline", told.translated_headline, here.translated_headline
        )
        yield from _text_change("summary", told.summary, here.summary)
        yield from self._source_of_summary(loaded)
        a, b = told.passage, here.passage
        yield from _text_change(
            "passage", a.original if a else None, b.original if b else None
        )
        yield from _text_change(
            "translated passage",
            a.translation if a else None,
            b.translation if b else None,
        )

    def _source_of_summary(self, loaded: Loaded) -> Iterator[str]:
        """What the summary was taken from may have been translated again since."""
        told = self.record.summary
        if told is None or not told.translated_by:
            return
        target = self.manifest.review.target
        words = translated_words(loaded.document, target, told.positions)
        origins = words.origins if words else ()
        if origins != told.translated_by:
            yield (
                "the translation that its summary was taken from was redone: "
                f"{_by(told.translated_by)} in the file, {_by(origins)} here"
            )


def _changed(what: str, told: object, here: object) -> Iterator[str]:
    if told != here:
        yield f"its {what} is {_quoted(told)} in the file and {_quoted(here)} here"


def _quoted(value: object) -> str:
    if not isinstance(value, tuple):
        return f'"{value}"'
    shown = [
        ", ".join(filter(None, (getattr(v, f.name) for f in fields(v))))
        if hasattr(v, "publisher")
        else str(v)
        for v in value
    ]
    return f'"{"; ".join(shown)}"'


def _text_change(
    what: str, told: TextRecord | None, here: TextRecord | None
) -> Iterator[str]:
    if told == here:
        return
    if told is None or here is None:
        yield f"its {what} is {'new' if told is None else 'gone'} here"
    elif told.translated_by != here.translated_by:
        yield (
            f"its {what} was translated again: {_by(told.translated_by)} in the file, "
            f"{_by(here.translated_by)} here"
        )
    elif told.text != here.text:
        yield f"its {what} differs"
    elif told != replace(here, positions=told.positions):
        yield f"its {what} counts as another's words or language"
    else:
        yield f"its {what} is made of other sentences"


def _by(origins: Sequence[Origin]) -> str:
    named = (" ".join(filter(None, (o.engine, o.model, o.version))) for o in origins)
    return " and ".join(named) or "nothing"
