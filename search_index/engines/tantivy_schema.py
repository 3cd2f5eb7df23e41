"""The tantivy schema, and an entry as a tantivy document."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import tantivy

from pipeline.errors import BabelwireError, DamageError, DiskFullError, LockedError
from search_index.clauses import (
    FACET_FIELDS,
    KEYWORD_FIELDS,
    NAME_FIELDS,
    SIDES,
    SOUND_FIELD,
    TOKEN_FIELDS,
)
from search_index.engines.contract import IndexEntry

if TYPE_CHECKING:
    from tantivy import Index, Schema

NUMBER_FIELDS = ("published", "seen", "undated", "version", "id_rank")
COUNTED_FIELDS = frozenset({*FACET_FIELDS.values(), "cluster"})
_ALPHABET = {c: i for i, c in enumerate("234567abcdefghijklmnopqrstuvwxyz")}
_DOCUMENT_ID = re.compile(r"d([a-z2-7]{16})")


def schema() -> Schema:
    """Token fields split at spaces, keywords whole, numbers as columns.

    `f1` and `f2` need no positions; `f3` has them for phrases and NEAR. Every
    token field is filled in every document: tantivy counts documents and
    average lengths over all documents, others over those with the field.
    """
    builder = tantivy.SchemaBuilder()
    for field in KEYWORD_FIELDS:
        builder.add_text_field(
            field,
            stored=field == "id",
            fast=field in COUNTED_FIELDS,
            tokenizer_name="raw",
            index_option="basic",
        )
    for side in SIDES:
        for field in TOKEN_FIELDS:
            builder.add_text_field(
                f"{side}_{field}",
                tokenizer_name="tokens",
                index_option="position" if field.endswith("f3") else "freq",
            )
    builder.add_text_field(SOUND_FIELD, tokenizer_name="tokens", index_option="freq")
    for field in NAME_FIELDS:
        builder.add_text_field(field, tokenizer_name="tokens", index_option="position")
    for field in NUMBER_FIELDS:
        builder.add_integer_field(field, fast=True, stored=field == "version")
    for field in ("checksum", "display"):
        builder.add_bytes_field(field, stored=True)  # text fields are always indexed
    return builder.build()


def open_index(path: Path) -> Index:
    """The tantivy index in a folder, made where it is empty."""
    index = tantivy.Index(schema(), path=str(path))
    tokens = tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.whitespace()).build()
    index.register_tokenizer("tokens", tokens)
    return index


def tantivy_document(entry: IndexEntry) -> tantivy.Document:
    """An entry as tantivy takes it."""
    document = tantivy.Document()
    for field, values in entry.keywords.items():
        for value in values:
            document.add_text(field, value)
    for field, tokens in entry.tokens.items():
        document.add_text(field, tokens)
    for field, number in entry.numbers.items():
        document.add_integer(field, number)
    document.add_integer("version", entry.version)
    document.add_integer("id_rank", id_rank(entry.id))
    document.add_bytes("checksum", entry.checksum.encode())
    document.add_bytes("display", entry.display.encode())
    return document


def id_rank(document_id: str) -> int:
    """A number that orders as the id does, as far as 60 bits reach.

    >>> id_rank("d2aaaaaaaaaaaaaaa") < id_rank("da2222222222222222"[:17])
    True
    """
    match = _DOCUMENT_ID.fullmatch(document_id)
    if match is None:
        return int.from_bytes(document_id.encode()[:7].ljust(7, b"\0"), "big")
    rank = 0
    for letter in match[1][:12]:
        rank = rank << 5 | _ALPHABET[letter]
    return rank


@contextlib.contextmanager
def translated_errors(place: Path) -> Iterator[None]:
    """What tantivy raises, as errors of this program's tree."""
    try:
        yield
    except BabelwireError:
        raise
    except (ValueError, OSError) as error:
        raise _known(error, place) from error
    except BaseException as error:
        if type(error).__name__ != "PanicException":
            raise
        raise DamageError(f"{place}: the index is damaged: {error}") from error


def _known(error: Exception, place: Path) -> BabelwireError:
    message = str(error)
    lower = message.lower()
    if "no space" in lower or "os error 28" in lower or "quota" in lower:
        return DiskFullError(
            f"{place}: the disk is full; the index is as it was before: {message}"
        )
    if "lockbusy" in lower:
        return LockedError(f"{place}: another process is writing this index")
    return DamageError(
        f"{place}: the index cannot be read or written; it can be rebuilt with "
        f'"babelwire index --rebuild": {message}'
    )
