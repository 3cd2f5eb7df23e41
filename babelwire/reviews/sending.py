"""Renders a review, freezes it, and writes it to a folder."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal, get_args

from babelwire.reviews.contract import (
    HTML_FILE,
    MAIL_FILE,
    MANIFEST_FILE,
    WORD_FILE,
    Health,
    ShownReview,
)
from babelwire.reviews.html import render_html
from babelwire.reviews.mail import mail_bytes
from babelwire.reviews.manifest import make_manifest
from babelwire.reviews.showing import View, load_items, show_review
from babelwire.reviews.word import render_word
from pipeline.errors import InputError
from pipeline.reviews import Change

if TYPE_CHECKING:
    from pipeline.store import Database

Format = Literal["html", "docx", "eml", "manifest"]
FORMATS: tuple[Format, ...] = get_args(Format)

FILES: Mapping[Format, str] = {
    "html": HTML_FILE,
    "docx": WORD_FILE,
    "eml": MAIL_FILE,
    "manifest": MANIFEST_FILE,
}


def render(review: ShownReview, health: Health) -> dict[str, bytes]:
    """Every file of a review, by name; the manifest names the others' checksums."""
    files = {
        HTML_FILE: render_html(review).encode(),
        WORD_FILE: render_word(review),
        MAIL_FILE: mail_bytes(review),
    }
    return {**files, MANIFEST_FILE: make_manifest(review, health, files)}


def send(
    database: Database, change: Change, view: View, health: Health, folder: Path
) -> list[Path]:
    """Freezes an approved review as it is now and writes its files; their paths.

    Either the review is sent and its files are there, or neither; when the machine
    dies in between, `export` gives the files.

    Args:
        database: The store.
        change: Who sends which version of it.
        view: For whom.
        health: How each source stands.
        folder: Made where it is missing; must not have such files yet.

    Raises:
        InputError: It is not approved, a document is gone, or the folder cannot be
            written or has a review already.
        FrozenReviewError: It was sent already.
        StaleReviewError: It was changed since it was loaded.
    """
    from pipeline.store.reviews import freeze

    files = _final(database, change, view, health)
    with _staged(folder, files) as staged:
        with database.write() as connection:
            freeze(connection, change, files)
        return _placed(staged, folder, files)


def send_within(database: Database, change: Change, view: View, health: Health) -> None:
    """Freezes an approved review as it is now; `export` gives its files from then on.

    Arguments and errors as of `send`, without its folder.
    """
    from pipeline.store.reviews import freeze

    files = _final(database, change, view, health)
    with database.write() as connection:
        freeze(connection, change, files)


def _final(
    database: Database, change: Change, view: View, health: Health
) -> dict[str, bytes]:
    """The files of a review that may be sent."""
    from pipeline.store.review_changes import check
    from pipeline.store.reviews import load

    with database.read() as connection:
        review = load(connection, change.review_id)
        check(connection, change, "approved")
        loaded = load_items(connection, review)
    shown = show_review(replace(review, status="sent"), loaded, view)
    return render(shown, health)


def export(
    database: Database, review_id: int, kind: Format, view: View, health: Health
) -> bytes:
    """One file of a review: as it was sent, or rendered now.

    Raises:
        InputError: There is no such review, or a document is gone.
    """
    from pipeline.store.reviews import load, load_files

    with database.read() as connection:
        review = load(connection, review_id)
        sent = load_files(connection, review_id)
        loaded = {} if sent else load_items(connection, review)
    if sent:
        return sent[FILES[kind]]
    shown = show_review(review, loaded, view)
    match kind:
        case "html":
            return render_html(shown).encode()
        case "docx":
            return render_word(shown)
        case "eml":
            return mail_bytes(shown)
        case "manifest":
            return make_manifest(shown, health, {})


def write_file(path: Path, content: bytes) -> None:
    """Writes a file that appears only when it is whole.

    Raises:
        InputError: It cannot be written.
    """
    with _staged(path.parent, {path.name: content}, replaces=True) as staged:
        _placed(staged, path.parent, [path.name])


@contextlib.contextmanager
def _staged(
    folder: Path, files: Mapping[str, bytes], *, replaces: bool = False
) -> Iterator[Path]:
    """A folder inside `folder` with the files, on disk; gone after the block."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        found = [name for name in files if not replaces and (folder / name).exists()]
        if found:
            raise InputError(
                f"{folder}: has a {found[0]} already; name a new or empty folder"
            )
        part = Path(tempfile.mkdtemp(prefix=".review-", suffix=".part", dir=folder))
    except (FileExistsError, PermissionError, NotADirectoryError) as error:
        raise InputError(f"{folder}: cannot be written: {error.strerror}") from error
    try:
        for name, content in files.items():
            with (part / name).open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
        yield part
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _placed(
    staged: Path, folder: Path, names: Mapping[str, bytes] | list[str]
) -> list[Path]:
    """Moves staged files to where they belong; their paths."""
    try:
        return [(staged / name).replace(folder / name) for name in names]
    except IsADirectoryError as error:
        raise InputError(f"{folder}: cannot be written: {error.strerror}") from error
