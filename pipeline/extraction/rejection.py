"""Tells pages that are no article although the server answered 200 (C10)."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files

from pipeline.fingerprints import count_tokens

SHORT_WORDS = 120
"""Longer texts are articles, whatever their headline says: an article *about*
cookie banners has more words than a banner."""

MIN_WORDS = 15
"""A shorter text is a caption, a player or a teaser. Counted as in
`pipeline.fingerprints.count_tokens`, so Chinese counts by the character."""


def rejection(title: str, text: str, *, is_free: bool = True) -> str:
    """Why this is no article, or "".

    Args:
        title: The page's headline.
        text: What the extractor found.
        is_free: False where the page declares itself behind a paywall.
    """
    words = count_tokens(text, SHORT_WORDS)
    if words == 0:
        return _by_phrase(title, text) or "no_text"
    if words < SHORT_WORDS:
        reason = _by_phrase(title, text)
        if reason:
            return reason
        if not is_free:
            return "paywall"
    return "too_short" if words < MIN_WORDS else ""


def _by_phrase(title: str, text: str) -> str:
    headline, body = title.lower(), text.lower()
    for reason, phrases in _phrases().items():
        if any(phrase in headline for phrase in phrases["headline"]):
            return reason
        if any(phrase in body for phrase in phrases["text"]):
            return reason
    return ""


@cache
def _phrases() -> Mapping[str, Mapping[str, list[str]]]:
    text = files("pipeline.extraction").joinpath("rejection.toml").read_text("utf-8")
    return tomllib.loads(text)
