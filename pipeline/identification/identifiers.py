"""The identifiers: `fast` (the default), `py3langid`, `langdetect`.

`fast` asks pycld2 first and py3langid where pycld2 is unsure or known to be
weak: the accuracy of py3langid at 46 times the speed of langdetect. Close neighbours
are told apart by the evidence in `families/`.
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
from pipeline.identification.families import (
    Ranked,
    are_close,
    settle,
    settle_whole,
)
from pipeline.identification.scripts import written_tag
from pipeline.identification.texts import plain_text, says_nothing
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

ALTERNATIVES: Final = 3
KEPT: Final = 0.01
"""A less likely alternative is noise."""
CANDIDATES: Final = 8
"""Languages looked at further."""


class FastIdentifier:
    """pycld2 where it is sure, py3langid otherwise, rules for short texts."""

    version = "fast-3"

    def identify(self, text: str) -> Identification:
        """The language of a text of any length."""
        text = plain_text(text)
        if says_nothing(text):
            return _UNKNOWN
        language, share, is_sure = _pycld2(text)
        if is_sure and share >= SURE * 100 and language not in _languages().confused:
            tag = written_tag(_tag(language), text)
            return Identification(language=tag, confidence=share / 100)
        second = _tag(language) if share >= SECONDED_SHARE else UNDETERMINED
        ranked = _weighted(_py3langid().rank(text), second)
        if ranked[0][1] < VIETNAMESE_BELOW and is_unaccented_vietnamese(text):
            return _vietnamese(ranked)
        if _is_unsure(_together(ranked), text):
            return _undetermined(ranked)
        return _identification(
            [(written_tag(tag, text), p) for tag, p in settle(ranked, text)]
        )

    def settle(
        self, found: Identification, text: str, *, more: float, declared: str
    ) -> Identification:
        """An answer to a text's parts, with what the whole says between neighbours.

        Args:
            found: The parts' answer, with shares.
            text: The whole.
            more: The share of its evidence that was not counted in the parts.
            declared: BCP 47 tag that the page states of itself, or "": a hint between
                close neighbours where the text leaves it open.
        """
        if found.language == UNDETERMINED:
            return found
        ranked = settle_whole(
            [(found.language, found.confidence), *found.alternatives],
            plain_text(text),
            more=more,
            declared=_tag(declared.replace("_", "-").split("-")[0].lower()),
        )
        (language, confidence), *rest = [(tag, round(p, 4)) for tag, p in ranked]
        return Identification(
            language=language,
            confidence=confidence,
            alternatives=tuple(r for r in rest if r[1] >= KEPT),
        )


class Py3langidIdentifier:
    """py3langid alone."""

    version = f"py3langid-{version('py3langid')}"

    def identify(self, text: str) -> Identification:
        """The language of a text of any length."""
        text = plain_text(text)
        if says_nothing(text):
            return _UNKNOWN
        ranked = _weighted(_py3langid().rank(text), UNDETERMINED)
        if ranked[0][1] < VIETNAMESE_BELOW and is_unaccented_vietnamese(text):
            return _vietnamese(ranked)
        return _answer(ranked, text)


class LangdetectIdentifier:
    """langdetect, seeded: it is random otherwise."""

    version = f"langdetect-{version('langdetect')}"

    def identify(self, text: str) -> Identification:
        """The language of a text of any length; weak under 20 characters."""
        from langdetect import DetectorFactory, detect_langs
        from langdetect.lang_detect_exception import LangDetectException

        DetectorFactory.seed = 0
        try:
            found = detect_langs(plain_text(text))
        except LangDetectException:
            return _UNKNOWN
        return _answer([(_tag(item.lang), item.prob) for item in found], text)


LANGDETECT_LACKS: Final = tuple(
    "am az be bs eu gl hy ig is jv ka kk km ky lo mn ms mt my nn or ps sd si sr tg tk "
    "ug uz".split()
)
"""Languages of this program's readers that langdetect has no model of: it calls their
texts something else (Belarusian Ukrainian, Malay Indonesian)."""

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


def is_minor(tag: str) -> bool:
    """Whether a language has hardly any press and draws texts of larger ones."""
    return tag in _languages().weights


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


def _weighted(ranked: Ranked, second: str) -> Ranked:
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


def _answer(ranked: Ranked, text: str) -> Identification:
    unsure = _is_unsure(ranked[0], text)
    return _undetermined(ranked) if unsure else _identification(ranked)


def _is_unsure(first: tuple[str, float], text: str) -> bool:
    language, confidence = first
    needed = UNSURE_SHORT if len(text.split()) <= SHORT_WORDS else UNSURE
    return language == UNDETERMINED or confidence < needed


def _together(ranked: Ranked) -> tuple[str, float]:
    """The first with its neighbours' probability: no doubt between them is a doubt."""
    first = ranked[0][0]
    return first, sum(p for tag, p in ranked if are_close(first, tag))


def _vietnamese(ranked: Ranked) -> Identification:
    return Identification(
        language="vi",
        confidence=VIETNAMESE_BELOW,
        alternatives=tuple(r for r in ranked if r[0] != "vi")[:ALTERNATIVES],
    )


def _undetermined(ranked: Ranked) -> Identification:
    named = [r for r in ranked if r[0] != UNDETERMINED]
    return Identification(
        language=UNDETERMINED,
        confidence=ranked[0][1],
        alternatives=tuple(named[:ALTERNATIVES]),
    )


def _identification(ranked: Ranked) -> Identification:
    (language, confidence), *rest = ranked
    return Identification(
        language=language,
        confidence=confidence,
        alternatives=tuple(r for r in rest if r[1] >= KEPT and r[0] != UNDETERMINED)[
            :ALTERNATIVES
        ],
    )


def _tag(code: str) -> str:
    """An identifier's code as the BCP 47 tag this program uses."""
    return _languages().tags.get(code.lower(), code)


@dataclass(frozen=True, kw_only=True)
class _Languages:
    """`languages.toml`; `weights` are of the minor languages."""

    confused: frozenset[str]
    weights: Mapping[str, float]
    tags: Mapping[str, str]


@cache
def _languages() -> _Languages:
    path = files("pipeline.identification").joinpath("languages.toml")
    data = tomllib.loads(path.read_text("utf-8"))
    return _Languages(
        confused=frozenset(data["confused"].split()),
        weights=dict.fromkeys(data["minor"].split(), MINOR_WEIGHT),
        tags=data["tags"],
    )
