"""What of a document may leave the desk, by its source's rights. Pure.

Exports, press reviews, alerts and feeds ask here; who reads inside the desk sees
everything.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from pipeline.sources import Rights, Show

RightsOf = Callable[[str], Rights]
"""The rights of a source, by its name."""

MARK = "…"
"""At a cut."""

_LOOKAHEAD = 100
"""Code points read beyond the limit: whether a sentence ends, or a word in scripts
without spaces, depends on what follows (UAX #29; ICU's dictionaries see some words)."""


@dataclass(frozen=True, kw_only=True)
class Texts:
    """A document's texts; the translated ones "" where there are none."""

    title: str
    translated_title: str
    text: str
    translation: str


@dataclass(frozen=True, kw_only=True)
class Leaving:
    """What may leave; the link always may.

    Attributes:
        show: How much it is.
        texts: As much of them as may leave; "" for what may not.
        notice: To go with it, or "".
    """

    show: Show
    texts: Texts
    notice: str


def may_leave(
    texts: Texts,
    rights: Rights,
    *,
    published_at: datetime | None,
    first_seen_at: datetime,
    now: datetime,
) -> Leaving:
    """What of a document's texts may leave the desk.

    Args:
        texts: All of them.
        rights: Its source's.
        published_at: None where nobody says; then `first_seen_at` counts.
        first_seen_at: When the document was found.
        now: The clock.
    """
    show = how_much(
        rights, published_at=published_at, first_seen_at=first_seen_at, now=now
    )
    cut: Callable[[str], str]
    match show:
        case "full":
            cut = _whole
        case "excerpt":
            cut = _beginning(rights.excerpt_characters)
        case "headline":
            cut = _nothing
    return Leaving(
        show=show,
        texts=Texts(
            title=texts.title,
            translated_title=texts.translated_title,
            text=cut(texts.text),
            translation=cut(texts.translation),
        ),
        notice=rights.notice,
    )


def how_much(
    rights: Rights,
    *,
    published_at: datetime | None,
    first_seen_at: datetime,
    now: datetime,
) -> Show:
    """How much of a document may leave the desk. Arguments as of `may_leave`.

    A publication time after the document was found is an error of the site, and makes
    the document no younger.

    >>> from datetime import UTC
    >>> found, now = datetime(2024, 6, 1, tzinfo=UTC), datetime(2024, 6, 9, tzinfo=UTC)
    >>> rights = Rights(show="full", pass_on_days=7)
    >>> how_much(rights, published_at=None, first_seen_at=found, now=now)
    'headline'
    """
    published = min(published_at or first_seen_at, first_seen_at)
    limit = rights.pass_on_days
    if limit and now - published > timedelta(days=limit):
        return "headline"
    return rights.show or "headline"


def excerpt(text: str, limit: int) -> str:
    """The beginning of a text, cut where a sentence or else a word ends.

    A cut is marked by "…", after a space where a sentence and a blank end there. All of
    it together has at most `limit` code points, and the part before the mark is how the
    text begins. A place in the first half of what is allowed is no good one; without a
    better one the cut is anywhere but inside what is seen as one character (UAX #29).

    >>> excerpt("Mayors met. They founded an association of cities.", 45)
    'Mayors met. They founded an association of…'
    >>> excerpt("Mayors of many cities met. They founded something.", 36)
    'Mayors of many cities met. …'
    >>> excerpt("今天天气很好。我们去公园玩吧！", 12)
    '今天天气很好。…'
    """
    text = text.rstrip()
    if len(text) <= limit:
        return text
    # ICU takes no lone surrogates; each becomes one other code point here.
    window = text[: limit + _LOOKAHEAD].encode("utf-8", "replace").decode("utf-8")
    visible = _ends("CharacterBreaker", window, limit - len(MARK))
    whole = frozenset(visible)
    for end in reversed(_ends("SentenceBreaker", window, limit - len(MARK))):
        mark = f" {MARK}" if text[end].isspace() else MARK
        if end in whole and limit // 2 <= end <= limit - len(mark):
            return text[:end] + mark
    for end in reversed(_ends("WordBreaker", window, limit - len(MARK))):
        if end in whole and limit // 2 <= end and _is_word(text[end - 1]):
            return text[:end] + MARK
    return text[: visible[-1] if visible else 0] + MARK


def _ends(breaker: str, text: str, last: int) -> list[int]:
    """Where its pieces end, blanks behind them left out, up to a place."""
    from icu4py import breakers

    return list(_trimmed(text, getattr(breakers, breaker)(text, "root"), last))


def _trimmed(text: str, pieces: Any, last: int) -> Iterator[int]:
    at = 0
    for piece in pieces:
        at += len(piece)
        end = at - len(piece) + len(piece.rstrip())
        if end > last:
            return
        if end > 0 and piece.strip():
            yield end


def _is_word(character: str) -> bool:
    """Letters, marks, numbers: the cut is not left behind an opening bracket."""
    return unicodedata.category(character)[0] in "LMN"


def _whole(text: str) -> str:
    return text


def _nothing(_text: str) -> str:
    return ""


def _beginning(limit: int) -> Callable[[str], str]:
    return lambda text: excerpt(text, limit)
