"""Tells pages that are no article although the server answered 200 (C10)."""

from __future__ import annotations

import tomllib
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from pipeline.tokens import count_tokens

SHORT_WORDS = 120
"""Longer texts are articles, whatever their headline says: an article *about*
cookie banners has more words than a banner."""

MIN_WORDS = 15
"""A shorter text is a caption, a player or a teaser. Counted as in
`pipeline.tokens.count_tokens`, so Chinese counts by the character."""

HEADLINE_SHARE = 0.4
"""So much of a headline a phrase has to be: "Missing boy not found" is news."""

LISTED_HEADLINES = 6
"""Lines that are or follow a headline with a link; a list of articles has ten …"""
LISTED_SHARE = 0.6
"""… and hardly a line that does not. Of 352 pages with an article one has so many: a
list of offers. Of the others none has over half."""


@dataclass(frozen=True, kw_only=True)
class Signs:
    """What else a page shows of its kind.

    Attributes:
        is_article: It says that it is an article.
        is_video: It says that it is a video, and no article.
        is_free: False where it says that it is behind a paywall.
        lines: How many its text has, before any is left out.
        headlines: How many of them are, or follow, a link that may be a headline.
    """

    is_article: bool = False
    is_video: bool = False
    is_free: bool = True
    lines: int = 0
    headlines: int = 0


def rejection(title: str, text: str, signs: Signs | None = None) -> str:
    """Why this is no article, or "".

    Args:
        title: The page's headline.
        text: What was found.
        signs: What else the page shows.
    """
    signs = signs or Signs()
    size = count_tokens(text, SHORT_WORDS)
    if size < SHORT_WORDS:
        reason = _by_phrase(title, text) or _by_signs(signs, size)
        if reason:
            return reason
    if _is_listing(signs):
        return "listing"
    return "too_short" if size < MIN_WORDS else ""


def _by_signs(signs: Signs, size: int) -> str:
    """What a short text is, when its page says so."""
    if size and not signs.is_free:
        return "paywall"
    if signs.is_video:
        return "video"
    return "" if size else "no_text"


def _is_listing(signs: Signs) -> bool:
    return (
        not signs.is_article
        and signs.headlines >= LISTED_HEADLINES
        and signs.headlines >= LISTED_SHARE * signs.lines
    )


def _by_phrase(title: str, text: str) -> str:
    headline, body = _flat(title), _flat(text)
    for reason, phrases in _phrases().items():
        for phrase in phrases["headline"]:
            if phrase in headline and len(phrase) >= HEADLINE_SHARE * len(headline):
                return reason
        if any(phrase in body for phrase in phrases["text"]):
            return reason
    return ""


def _flat(text: str) -> str:
    """As phrases are compared: in lower case, apostrophes, blanks and ё as typed most.

    >>> _flat("N’existe ещё")
    "n'existe еще"
    """
    return unicodedata.normalize("NFC", text).lower().translate(_TYPED)


_TYPED = str.maketrans("’ʼ‘ё\u00a0\u202f", "'''е  ")


@cache
def _phrases() -> Mapping[str, Mapping[str, list[str]]]:
    text = files("pipeline.extraction").joinpath("rejection.toml").read_text("utf-8")
    return tomllib.loads(_flat(text))
