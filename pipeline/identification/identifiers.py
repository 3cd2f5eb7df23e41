"""The identifiers: `fast` (the default), `py3langid`, `langdetect`.

`fast` asks pycld2 first and py3langid where pycld2 is unsure or known to be
weak: the accuracy of py3langid at 46 times the speed of langdetect.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from functools import cache
from importlib.metadata import version
from typing import Any, Final

from pipeline.documents import UNDETERMINED, Identification, Identifier
from pipeline.errors import ConfigError
from pipeline.identification.vietnamese import is_unaccented_vietnamese

SURE: Final = 0.9
"""pycld2's share of the text from which its answer is taken."""

CONFUSED: Final = frozenset(
    "bs hr sr mk bg ru ms id en da nb no gl pt es cs sk sl un und".split()
)
"""Languages pycld2 mixes up with a neighbour: py3langid decides them."""

UNSURE: Final = 0.3
"""Below this confidence the answer is `und` …"""
UNSURE_SHORT: Final = 0.5
"""… and below this one for texts of at most `SHORT_WORDS` words."""
SHORT_WORDS: Final = 3
VIETNAMESE_BELOW: Final = 0.7
"""py3langid's confidence under which the rule for unaccented Vietnamese asks."""

MAX_CHARACTERS: Final = 20_000
"""Nothing after this changes an answer."""

ALTERNATIVES: Final = 3

_TAGS = {
    "no": "nb",
    "iw": "he",
    "in": "id",
    "jw": "jv",
    "fil": "tl",
    "zh-cn": "zh",
    "zh-tw": "zh",
    "zh-hant": "zh",
}
"""Codes of the identifiers that are not the tag used here."""


class FastIdentifier:
    """pycld2 where it is sure, py3langid otherwise, rules for short texts."""

    version = "fast-1"

    def identify(self, text: str) -> Identification:
        """The language of a text of any length."""
        text = _cut(text)
        if not any(c.isalpha() for c in text):
            return _UNKNOWN
        found = _pycld2(text)
        return found if found is not None else _by_py3langid(text)


class Py3langidIdentifier:
    """py3langid alone."""

    version = f"py3langid-{version('py3langid')}"

    def identify(self, text: str) -> Identification:
        """The language of a text of any length."""
        text = _cut(text)
        return _by_py3langid(text) if any(c.isalpha() for c in text) else _UNKNOWN


class LangdetectIdentifier:
    """langdetect, seeded: it is random otherwise."""

    version = f"langdetect-{version('langdetect')}"

    def identify(self, text: str) -> Identification:
        """The language of a text of any length; weak under 20 characters."""
        from langdetect import DetectorFactory, detect_langs
        from langdetect.lang_detect_exception import LangDetectException

        DetectorFactory.seed = 0
        try:
            ranked = [(_tag(item.lang), item.prob) for item in detect_langs(_cut(text))]
        except LangDetectException:
            return _UNKNOWN
        return _ranked(ranked, text)


IDENTIFIERS: Mapping[str, Callable[[], Identifier]] = {
    "fast": FastIdentifier,
    "py3langid": Py3langidIdentifier,
    "langdetect": LangdetectIdentifier,
}

_UNKNOWN = Identification(language=UNDETERMINED, confidence=0.0)


def make_identifier(name: str) -> Identifier:
    """The identifier with that name.

    Raises:
        ConfigError: There is none.
    """
    if name not in IDENTIFIERS:
        known = ", ".join(f'"{known}"' for known in IDENTIFIERS)
        raise ConfigError(f'identifier: found "{name}", expected one of {known}')
    return IDENTIFIERS[name]()


def _pycld2(text: str) -> Identification | None:
    """pycld2's answer where it is to be trusted; None elsewhere."""
    with contextlib.suppress(ImportError):
        import pycld2

        try:
            reliable, _, details = pycld2.detect(text.encode("utf-8", "ignore"))
        except pycld2.error:
            return None
        _, code, percent, _ = details[0]
        share = percent / 100
        if reliable and share >= SURE and code not in CONFUSED:
            return Identification(language=_tag(code), confidence=share)
    return None


def _by_py3langid(text: str) -> Identification:
    ranked = [(_tag(code), float(p)) for code, p in _py3langid().rank(text)[:8]]
    if ranked[0][1] < VIETNAMESE_BELOW and is_unaccented_vietnamese(text):
        return Identification(
            language="vi",
            confidence=VIETNAMESE_BELOW,
            alternatives=tuple(r for r in ranked if r[0] != "vi")[:ALTERNATIVES],
        )
    return _ranked(ranked, text)


@cache
def _py3langid() -> Any:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)


def _ranked(ranked: list[tuple[str, float]], text: str) -> Identification:
    (language, confidence), *rest = ranked
    needed = UNSURE_SHORT if len(text.split()) <= SHORT_WORDS else UNSURE
    if confidence < needed:
        return Identification(
            language=UNDETERMINED,
            confidence=confidence,
            alternatives=tuple(ranked[:ALTERNATIVES]),
        )
    return Identification(
        language=language,
        confidence=confidence,
        alternatives=tuple(r for r in rest if r[1] >= 0.01)[:ALTERNATIVES],
    )


def _cut(text: str) -> str:
    return text[:MAX_CHARACTERS].replace("\x00", " ")


def _tag(code: str) -> str:
    """An identifier's code as the BCP 47 tag this program uses."""
    return _TAGS.get(code.lower(), code)
