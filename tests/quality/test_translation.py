"""Checks on recorded machine translations, and names in the demo's translations.

Ceilings and floors: measured on 997 sentences a system (bad flags 0 to 1.2 %, mean
.33 %; faults of a kind caught by their own flag 98 to 100 %, in the worst language
93 %; names repaired 100 %), with room for a sentence or two.
"""

import gzip
import re
from collections import Counter
from collections.abc import Callable, Mapping
from itertools import pairwise
from pathlib import Path

import pytest

from pipeline.identification import make_identifier
from pipeline.names import read_names
from pipeline.translation.checks import bad, check
from pipeline.translation.glossary import Glossary, Term, enforce
from pipeline.translation.tmx import read_tmx

ROOT = Path(__file__).parents[2]
WORST_PAIR, MEAN = 0.015, 0.006
CAUGHT, CAUGHT_IN_EACH_LANGUAGE = 0.95, 0.90
NAMES_REPAIRED = 0.97
TRUE_NUMBERS = 0.05
"""FACTS: 2 to 5 % on good pairs, and of people's translations."""


def lines_of(path: Path) -> list[str]:
    with gzip.open(path, "rt", encoding="utf-8") as file:
        return file.read().splitlines()


@pytest.fixture(scope="module")
def recorded(quality_data: Path) -> Mapping[str, list[tuple[str, str, str]]]:
    """Language, source and output of each sentence, by system."""
    folder = quality_data / "flores-dev"
    found = {}
    for path in sorted((folder / "mt").glob("*.txt.gz")):
        name = path.name.removesuffix(".txt.gz")
        language = name.split("-")[0]
        sources = lines_of(folder / "text" / f"{language}.txt.gz")
        outputs = lines_of(path)
        found[name] = [
            (language, a, b) for a, b in zip(sources, outputs, strict=True) if a and b
        ]
    assert len(found) >= 10
    return found


def rate(rows: list[tuple[str, str, str]]) -> float:
    identify = make_identifier("fast").identify
    flagged = sum(bad(check(a, b, lang, "en", identify)) > 0 for lang, a, b in rows)
    return flagged / len(rows)


def test_good_translations_are_seldom_flagged(recorded) -> None:
    rates = {name: rate(rows) for name, rows in recorded.items()}
    for name, value in rates.items():
        print(f"  {name}: {value:.2%} flagged")
    mean = sum(rates.values()) / len(rates)
    print(f"  mean {mean:.2%} (ceiling {MEAN:.1%})")
    assert max(rates.values()) <= WORST_PAIR
    assert mean <= MEAN


FAULTS: Mapping[str, Callable[[str, str, str], str]] = {
    "repetition": lambda source, output, other: " ".join(output.split()[:3] * 6),
    "copy": lambda source, output, other: source,
    "length": lambda source, output, other: f"{output} {output} {other}",
    "script": lambda source, output, other: source,
}
KINDS = {
    "repetition": ("ar", "es", "fa", "fr", "hi", "ru", "tr", "vi", "zh"),
    "copy": ("ar", "es", "fa", "fr", "hi", "ru", "tr", "vi"),
    "length": ("ar", "es", "fa", "fr", "hi", "ru", "tr", "vi", "zh"),
    "script": ("ar", "fa", "hi", "ru", "zh"),
}
"""Languages whose sentences show the fault. No `copy` of Chinese: words are counted,
and it writes no blanks; there the script tells."""


@pytest.mark.parametrize("fault", KINDS)
def test_each_fault_is_caught_by_its_own_flag(recorded, fault) -> None:
    caught: Counter[str] = Counter()
    asked: Counter[str] = Counter()
    for rows in recorded.values():
        for (language, source, output), (_, _, other) in pairwise(rows):
            if language not in KINDS[fault]:
                continue
            spoilt = FAULTS[fault](source, output, other)
            asked[language] += 1
            caught[language] += fault in check(source, spoilt, language, "en", None)
    rates = {language: caught[language] / asked[language] for language in asked}
    total = caught.total() / asked.total()
    worst = min(rates, key=rates.__getitem__)
    print(
        f"  {fault}: {total:.1%} caught (floor {CAUGHT:.0%}), "
        f"{worst} {rates[worst]:.1%} (floor {CAUGHT_IN_EACH_LANGUAGE:.0%})"
    )
    assert set(rates) == set(KINDS[fault])
    assert total >= CAUGHT
    assert rates[worst] >= CAUGHT_IN_EACH_LANGUAGE


@pytest.mark.parametrize("language", ["de", "es", "fr", "ru", "vi"])
def test_another_language_is_caught(quality_data, language) -> None:
    """Not asked of Indonesian: the identifier's trust is shared with Malay there."""
    text = quality_data / "flores-dev" / "text"
    sources, outputs = (lines_of(text / f"{tag}.txt.gz") for tag in ("ar", language))
    identify = make_identifier("fast").identify
    caught = sum(
        "language" in check(source, output, "ar", "en", identify)
        for source, output in zip(sources, outputs, strict=True)
    )
    floor = CAUGHT_IN_EACH_LANGUAGE
    print(
        f"  {language} for en: {caught / len(sources):.1%} caught (floor {floor:.0%})"
    )
    assert caught / len(sources) >= floor


def test_the_translation_of_another_sentence_is_hinted_at_by_its_numbers(
    recorded,
) -> None:
    """No flag says "wrong" here: a fluent sentence of the right length passes."""
    shuffled: Counter[str] = Counter()
    true: Counter[str] = Counter()
    for rows in recorded.values():
        for (language, source, output), (_, _, other) in pairwise(rows):
            if not re.search(r"\d\d", source):
                continue
            for counts, text in ((true, output), (shuffled, other)):
                found = check(source, text, language, "en", None)
                counts["all"] += 1
                counts["numbers"] += "numbers" in found
                counts["bad"] += bad(found) > 0
    for name, counts in (("shuffled", shuffled), ("true", true)):
        print(
            f"  {name}: {counts['numbers'] / counts['all']:.1%} of {counts['all']} "
            f"hinted at by numbers, {counts['bad'] / counts['all']:.1%} flagged as bad"
        )
    assert shuffled["numbers"] / shuffled["all"] >= CAUGHT
    assert true["numbers"] / true["all"] <= TRUE_NUMBERS


MISSPELT = {
    "Kazan": ("Kasan", "Cazan", "Kazán", "Qazan", "Kazanj"),
    "Tatarstan": ("Tataristan", "Tartarstan", "Tatarstán", "Tataristão"),
    "Metshin": ("Metchin", "Metschin", "Metšin", "Metshine"),
    "Putin": ("Poutine", "Putine", "Putín"),
    "Kremlin": ("Kreml", "Kremlín", "Kremel"),
    "BRICS": ("BRIKS",),
}
"""As engines write these names, by their languages' own spellings."""


@pytest.fixture(scope="module")
def named() -> list[tuple[str, tuple[Term, ...]]]:
    """The demo's English translations of sentences with names, and these names."""
    glossary = Glossary(read_names(ROOT / "configs" / "names").values())
    found = []
    for pair in read_tmx(ROOT / "babelwire" / "demo" / "memory.tmx"):
        if pair.target_language == "en":
            terms = glossary.terms(pair.source_text, pair.source_language, "en")
            found += [(pair.target_text, terms)] if terms else []
    assert len(found) >= 50
    return found


def test_true_translations_keep_their_names(named) -> None:
    changed = [text for text, terms in named if enforce(text, terms)[0] != text]
    print(f"  names: {len(changed)} of {len(named)} right ones changed")
    assert changed == []


def test_misspelt_names_are_repaired(named) -> None:
    repaired: Counter[str] = Counter()
    asked: Counter[str] = Counter()
    for text, terms in named:
        for right in {term.wanted[0] for term in terms} & set(MISSPELT):
            for wrong in MISSPELT[right] if right in text else ():
                asked[right] += 1
                after, _ = enforce(text.replace(right, wrong), terms)
                repaired[right] += after == text
    rate = repaired.total() / asked.total()
    print(f"  names: {rate:.1%} of {asked.total()} misspelt repaired: {dict(asked)}")
    assert set(asked) == set(MISSPELT)
    assert rate >= NAMES_REPAIRED
