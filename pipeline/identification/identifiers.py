"""The identifiers: `fast` (the default), `py3langid`, `langdetect`.

`fast` asks pycld2 first and py3langid where pycld2 is unsure or known to be
weak: the accuracy of py3langid at 46 times the speed of langdetect.
"""

from __future__ import annotations

import contextlib
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from importlib.resources import files
from typing import Any, Final

from pipeline.documents import UNDETERMINED, Identification, Identifier
from pipeline.errors import ConfigError
from pipeline.identification.vietnamese import is_unaccented_vietnamese

SURE: Final = 0.9
"""pycld2's share of the text from which its answer is taken."""

UNSURE: Final = 0.15
"""Below this confidence the answer is `und`: .3 % of right headlines, 8 % of wrong
ones (py3langid 0.4, whose probabilities are flatter than those of older versions;
rubbish mostly goes to its class `zxx`) …"""
UNSURE_SHORT: Final = 0.05
"""… and below this one for texts of at most `SHORT_WORDS` words: .2 % of the right
ones, 6 % of the wrong ones; single letters and abbreviations lie under .04."""
SHORT_WORDS: Final = 3
VIETNAMESE_BELOW: Final = 0.7
"""py3langid's confidence under which the rule for unaccented Vietnamese asks."""

SECONDED: Final = 2.0
"""py3langid's probability of the language that pycld2 names too counts so many
times: headlines 95.7 → 95.9, three words 88.6 → 89.3 (macro-F1 × 100)."""
SECONDED_SHARE: Final = 50
"""Per cent of the text that pycld2 must give that language."""
MINOR_WEIGHT: Final = 0.3
"""What the probability of a minor language counts (`languages.toml`)."""

MAX_CHARACTERS: Final = 20_000
"""Nothing after this changes an answer."""

ALTERNATIVES: Final = 3
KEPT: Final = 0.01
"""A less likely alternative is noise."""
CANDIDATES: Final = 8
"""Languages looked at further."""


class FastIdentifier:
    """pycld2 where it is sure, py3langid otherwise, rules for short texts."""

    version = "fast-2"

    def identify(self, text: str) -> Identification:
        """The language of a text of any length."""
        text = _cut(text)
        if not any(c.isalpha() for c in text):
            return _UNKNOWN
        language, share, is_sure = _pycld2(text)
        if is_sure and share >= SURE * 100 and language not in _languages().confused:
            return Identification(language=_tag(language), confidence=share / 100)
        second = _tag(language) if share >= SECONDED_SHARE else UNDETERMINED
        return _by_py3langid(text, second)


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


def _pycld2(text: str) -> tuple[str, int, bool]:
    """Code, per cent of the text, and whether pycld2 is sure; "" without it."""
    with contextlib.suppress(ImportError):
        import pycld2

        try:
            reliable, _, details = pycld2.detect(text.encode("utf-8", "ignore"))
        except pycld2.error:
            return "", 0, False
        _, code, percent, _ = details[0]
        return code, percent, reliable
    return "", 0, False


def _by_py3langid(text: str, second: str = UNDETERMINED) -> Identification:
    ranked = _weighted(_py3langid().rank(text), second)
    if ranked[0][1] < VIETNAMESE_BELOW and is_unaccented_vietnamese(text):
        return Identification(
            language="vi",
            confidence=VIETNAMESE_BELOW,
            alternatives=tuple(r for r in ranked if r[0] != "vi")[:ALTERNATIVES],
        )
    return _ranked(ranked, text)


def _weighted(ranked: list[tuple[str, float]], second: str) -> list[tuple[str, float]]:
    """The likeliest few with their weights applied, adding up to at most 1."""
    known = _languages()
    weighted: dict[str, float] = {}
    rest = 1.0
    for code, probability in ranked[:CANDIDATES]:
        tag = _tag(code)
        weight = known.weights.get(tag, 1.0)
        if tag == second != UNDETERMINED:
            weight *= SECONDED
        weighted[tag] = weighted.get(tag, 0.0) + probability * weight
        rest -= probability
    total = sum(weighted.values()) + max(rest, 0.0)
    best = sorted(weighted.items(), key=lambda item: (-item[1], item[0]))
    return [(tag, value / (total or 1.0)) for tag, value in best]


@cache
def _py3langid() -> Any:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)


def _ranked(ranked: list[tuple[str, float]], text: str) -> Identification:
    (language, confidence), *rest = ranked
    needed = UNSURE_SHORT if len(text.split()) <= SHORT_WORDS else UNSURE
    if language == UNDETERMINED or confidence < needed:
        named = [r for r in ranked if r[0] != UNDETERMINED]
        return Identification(
            language=UNDETERMINED,
            confidence=confidence,
            alternatives=tuple(named[:ALTERNATIVES]),
        )
    return Identification(
        language=language,
        confidence=confidence,
        alternatives=tuple(r for r in rest if r[1] >= KEPT and r[0] != UNDETERMINED)[
            :ALTERNATIVES
        ],
    )


def _cut(text: str) -> str:
    return text[:MAX_CHARACTERS].replace("\x00", " ")


def _tag(code: str) -> str:
    """An identifier's code as the BCP 47 tag this program uses."""
    return _languages().tags.get(code.lower(), code)


@dataclass(frozen=True, kw_only=True)
class _Languages:
    """`languages.toml`; `weights` has the minor languages too."""

    confused: frozenset[str]
    weights: Mapping[str, float]
    tags: Mapping[str, str]


@cache
def _languages() -> _Languages:
    path = files("pipeline.identification").joinpath("languages.toml")
    data = tomllib.loads(path.read_text("utf-8"))
    return _Languages(
        confused=frozenset(data["confused"].split()),
        weights=dict.fromkeys(data["minor"].split(), MINOR_WEIGHT) | data["weights"],
        tags=data["tags"],
    )
