"""The interface's language, as a reader chose it or a browser asks for it."""

from __future__ import annotations

from collections.abc import Sequence

from babelwire.wording import LANGUAGES


def choose_language(wanted: str, accepted: str) -> str:
    """The interface's language: as chosen, else as the browser asks (RFC 9110, 12.5.4).

    >>> choose_language("", "vi-VN,vi;q=0.9,en;q=0.8"), choose_language("ar", "en")
    ('vi', 'ar')
    >>> choose_language("xx", "de;q=1, ru;q=0.4"), choose_language("", "fr")
    ('ru', 'en')
    """
    if wanted in LANGUAGES:
        return wanted
    for tag in _by_quality(accepted):
        if tag.partition("-")[0] in LANGUAGES:
            return tag.partition("-")[0]
    return next(iter(LANGUAGES))


def _by_quality(accepted: str) -> Sequence[str]:
    asked: list[tuple[float, str]] = []
    for part in accepted.lower().split(",")[:20]:
        tag, _, parameter = part.strip().partition(";")
        try:
            quality = float(parameter.strip().removeprefix("q=") or 1)
        except ValueError:
            continue
        asked.append((quality, tag.strip()))
    return [tag for quality, tag in sorted(asked, key=lambda a: -a[0]) if quality > 0]
