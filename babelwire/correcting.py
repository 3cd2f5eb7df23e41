"""A person corrects a translated sentence: here, or everywhere; and takes it back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from babelwire.assembly import now
from pipeline.errors import InputError

if TYPE_CHECKING:
    from pipeline.documents import Document, Segment
    from pipeline.store import Database
    from pipeline.store.corrections import Place


@dataclass(frozen=True, kw_only=True)
class Wish:
    """What is to be corrected.

    Attributes:
        document: The document's id.
        language: Of the document.
        segment: Which sentence of it.
        target: Target language.
        text: What it means.
        author: Who says so, or "".
        everywhere: In every document with that sentence, also in later ones.
    """

    document: str
    language: str
    segment: Segment
    target: str
    text: str
    author: str
    everywhere: bool

    @property
    def scope(self) -> str:
        """The document it holds in; "" for everywhere."""
        return "" if self.everywhere else self.document


def find_segment(document: Document, sentence: str, target: str) -> Segment:
    """The sentence that is meant: its number (from 1), or how either side begins.

    Raises:
        InputError: None, or several, are.
    """
    if sentence.isdigit() and 1 <= int(sentence) <= len(document.segments):
        return document.segments[int(sentence) - 1]
    translation = document.translation(target)
    other = {s.position: s.text for s in translation.segments} if translation else {}
    found = [
        segment
        for segment in document.segments
        if segment.text.startswith(sentence)
        or other.get(segment.position, "").startswith(sentence)
    ]
    if len(found) == 1:
        return found[0]
    what = "no sentence" if not found else f"{len(found)} sentences"
    raise InputError(
        f'{document.id}: {what} with the number or beginning "{sentence}"; it has '
        f"{len(document.segments)}, the first is the headline"
    )


def places_of(database: Database, wish: Wish) -> list[Place]:
    """Where a correction would change something."""
    from pipeline.store import corrections

    with database.read() as connection:
        return corrections.places(
            connection, wish.language, wish.segment.text, wish.scope
        )


def correct(database: Database, wish: Wish) -> tuple[int, list[Place]]:
    """Stores a correction and shows it at once; its number and what it changed."""
    from pipeline.store import corrections

    with database.write() as connection:
        number = corrections.add(
            connection,
            document_id=wish.scope,
            source_language=wish.language,
            target_language=wish.target,
            source_text=wish.segment.text,
            target_text=wish.text,
            author=wish.author,
            now=now(),
        )
        stored = corrections.find(connection, number)
        assert stored is not None  # noqa: S101 - inserted above
        places = corrections.places(
            connection, wish.language, wish.segment.text, wish.scope
        )
        corrections.show_now(connection, places, stored, now())
    return number, places


def undo(database: Database, number: int) -> list[Place]:
    """Takes a correction back; what it changed.

    Raises:
        InputError: There is none, or it was taken back already.
    """
    from pipeline.store import corrections

    with database.write() as connection:
        stored = corrections.find(connection, number)
        if stored is None:
            raise InputError(
                f'no correction {number}; "babelwire memory corrections" lists them'
            )
        if stored.undone_at is not None:
            raise InputError(f"correction {number} was undone already")
        corrections.undo(connection, number, now=now())
        places = corrections.places(
            connection,
            stored.source_language,
            stored.source_text,
            stored.document_id,
        )
        corrections.show_what_held_before(connection, places, stored, now())
    return places


def summary(places: Sequence[Place]) -> str:
    """How much a correction changes, in words."""
    from babelwire.terminal import counted

    documents = len({place.document_id for place in places})
    return f"{counted(len(places), 'sentence')} in {counted(documents, 'document')}"
