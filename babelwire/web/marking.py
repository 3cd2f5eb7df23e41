"""Text of pages as safe HTML: highlights, direction, lists of words."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from babel import Locale, UnknownLocaleError
from markupsafe import Markup, escape


def marked(text: str, highlights: Sequence[tuple[int, int]]) -> Markup:
    """A text with its highlights in `<mark>`; everything else escaped.

    Args:
        text: As it came.
        highlights: Code-point offsets, in order, not overlapping.

    >>> marked("<b>city</b>", [(3, 7)])
    Markup('&lt;b&gt;<mark>city</mark>&lt;/b&gt;')
    """
    parts: list[Markup] = []
    at = 0
    for start, end in highlights:
        parts += [escape(text[at:start]), Markup("<mark>%s</mark>") % text[start:end]]
        at = end
    return Markup("").join([*parts, escape(text[at:])])


@cache
def direction(tag: str) -> str:
    """`rtl`, `ltr`, or `auto` where the CLDR does not know the language.

    >>> direction("ar"), direction("vi"), direction("und")
    ('rtl', 'ltr', 'auto')
    """
    if tag in {"", "und"}:
        return "auto"
    try:
        return Locale.parse(tag, sep="-").text_direction
    except (ValueError, UnknownLocaleError):
        return "auto"
