"""Long answers that a program reads page by page, each from one view of the index.

A cursor is a key of an answer that is kept open here, and a place in it: the same
cursor gives the same page again, whatever is written meanwhile.
"""

from __future__ import annotations

import base64
import contextlib
import json
import secrets
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pipeline.errors import InputError, UnavailableError
from search_index.engines.contract import Place, ViewGoneError

if TYPE_CHECKING:
    from search_index.answer import OpenAnswer, Part

BEGIN = "*"
"""The cursor that opens an answer."""

MAX_OPEN = 16
"""Answers kept at once: each keeps the index's files of its moment on the disk, and a
dozen programs reading at once are more than a desk has."""

IDLE_SECONDS = 300.0
"""An answer that nobody read on for so long is ended; Elasticsearch's own default for
what it keeps between two readings (`search.default_keep_alive`)."""

MAX_LIMIT = 500
"""Documents on a page: some 10 MB, where texts are long."""

_MAX_PUBLISHED = 1 << 53
"""Milliseconds, either way from 1970: JSON's whole numbers (RFC 8259, section 6)."""


class CursorEndedError(UnavailableError):
    """The answer is no longer kept."""

    def __init__(self) -> None:
        super().__init__(f"the cursor has ended: begin again with cursor={BEGIN}")


@dataclass(frozen=True, kw_only=True)
class Cursor:
    """Where a client is in an answer.

    Attributes:
        key: Of the answer; not to be guessed.
        limit: Documents on each page.
        after: The last document that was read.
    """

    key: str
    limit: int
    after: Place

    def __str__(self) -> str:
        """As it stands in a URL."""
        fields = [self.key, self.limit, self.after.published, self.after.id]
        text = json.dumps(fields, separators=(",", ":"))
        return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


@dataclass(frozen=True, kw_only=True)
class CursorPage:
    """A page of an answer.

    Attributes:
        query: As it was asked.
        part: The documents.
        following: The next page's cursor; None on the last one.
    """

    query: str
    part: Part
    following: Cursor | None


@dataclass(kw_only=True)
class _Kept:
    """An answer, read by one thread at a time; None once it is closed."""

    answer: OpenAnswer | None
    used_at: float
    lock: threading.Lock = field(default_factory=threading.Lock)

    def close(self) -> None:
        with self.lock:
            if self.answer is not None:
                self.answer.close()
            self.answer = None


class Cursors:
    """The answers that are open, for many threads.

    What nobody reads any more is let go when the next request comes.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        """Args: a clock that gives seconds and never goes back."""
        self._clock = clock
        self._kept: OrderedDict[str, _Kept] = OrderedDict()
        self._lock = threading.Lock()

    def begin(self, answer: OpenAnswer, limit: int) -> CursorPage:
        """The first page; the answer is closed here, sooner or later."""
        try:
            part = answer.part(limit)
        except BaseException:
            answer.close()
            raise
        key = secrets.token_urlsafe(16)
        page = _page(answer, key, limit, part)
        if page.following is None:
            answer.close()
        else:
            self._keep(key, answer)
        return page

    def page(self, cursor: Cursor) -> CursorPage:
        """The page that a cursor stands for.

        Raises:
            CursorEndedError: Nobody used it for long, or others needed the room.
        """
        kept = self._used(cursor.key)
        with kept.lock:
            if kept.answer is None:
                raise CursorEndedError
            try:
                part = kept.answer.part(cursor.limit, cursor.after)
            except ViewGoneError as error:
                raise CursorEndedError from error
            return _page(kept.answer, cursor.key, cursor.limit, part)

    def close(self) -> None:
        """Ends them all."""
        with self._lock:
            ended = list(self._kept.values())
            self._kept.clear()
        for kept in ended:
            kept.close()

    def _keep(self, key: str, answer: OpenAnswer) -> None:
        with self._lock:
            ended = self._idle()
            while len(self._kept) >= MAX_OPEN:
                ended.append(self._kept.popitem(last=False)[1])
            self._kept[key] = _Kept(answer=answer, used_at=self._clock())
        for kept in ended:
            kept.close()

    def _used(self, key: str) -> _Kept:
        with self._lock:
            ended = self._idle()
            found = self._kept.get(key)
            if found is not None:
                found.used_at = self._clock()
                self._kept.move_to_end(key)
        for kept in ended:
            kept.close()
        if found is None:
            raise CursorEndedError
        return found

    def _idle(self) -> list[_Kept]:
        """Takes out those that were not used for long; the longest unused are first."""
        ended = []
        while self._kept:
            key, kept = next(iter(self._kept.items()))
            if self._clock() - kept.used_at < IDLE_SECONDS:
                break
            ended.append(self._kept.pop(key))
        return ended


def read_cursor(text: str) -> Cursor:
    """A cursor as a client gives it back.

    Raises:
        InputError: It is none.
    """
    fields: Any = None
    with contextlib.suppress(ValueError, RecursionError):
        padded = text + "=" * (-len(text) % 4)
        fields = json.loads(base64.b64decode(padded, b"-_", validate=True))
    match fields:
        case [str(key), int(limit), int(published), str(id_)] if (
            key.isascii()
            and 1 <= limit <= MAX_LIMIT
            and abs(published) < _MAX_PUBLISHED
            and _is_id(id_)
        ):
            return Cursor(
                key=key, limit=limit, after=Place(published=published, id=id_)
            )
    raise InputError(
        f"cursor: found {text[:80]!r}, expected {BEGIN} or the next_cursor of an answer"
    )


def _is_id(text: str) -> bool:
    from pipeline.store.documents import parse_reference

    reference = parse_reference(text)
    return reference is not None and reference.revision is None


def _page(answer: OpenAnswer, key: str, limit: int, part: Part) -> CursorPage:
    following = None
    if part.end is not None:
        following = Cursor(key=key, limit=limit, after=part.end)
    return CursorPage(query=answer.query, part=part, following=following)
