"""Learns from sample URLs what an article's path looks like. Pure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from urllib.parse import urlsplit

MIN_COVER = 0.9
"""Patterns that leave out more of the samples are no rule: then none is proposed,
which takes every entry."""

MAX_PATTERNS = 5
"""More sections than a person would read through."""

_ENDINGS = (
    r"-\d{4,}\.html?$",
    r"/\d{4,}\.html?$",
    r"\d{5,}/?$",
    r"-\d{4,}/?$",
    r"\.html?$",
)


def learn_patterns(urls: Iterable[str]) -> tuple[str, ...]:
    r"""Regular expressions on the URL path that fit (nearly) all samples.

    The few sections that the samples lie in, with a year where there is one; or
    else a common ending; or nothing.

    >>> learn_patterns(f"https://e.org/news/2024/{n}/x" for n in range(9))
    ('^/news/\\d{4}/',)
    """
    paths = [urlsplit(url).path for url in urls]
    if not paths:
        return ()
    prefixes = Counter(_prefix(path) for path in paths)
    common = [(p, n) for p, n in prefixes.most_common(MAX_PATTERNS) if p]
    covered = sum(number for _, number in common)
    if covered >= MIN_COVER * len(paths) and _repeats(common, len(paths)):
        return tuple(prefix for prefix, _ in common)
    for ending in _ENDINGS:
        fitting = sum(re.search(ending, path) is not None for path in paths)
        if fitting >= MIN_COVER * len(paths):
            return (ending,)
    return ()


def fitting(urls: Sequence[str], patterns: Sequence[str]) -> int:
    """How many URLs a pattern fits.

    >>> fitting(["https://e.org/a/1", "https://e.org/b"], ["^/a/"])
    1
    """
    paths = [urlsplit(url).path or "/" for url in urls]
    return sum(any(re.search(p, path) for p in patterns) for path in paths)


def in_words(pattern: str) -> str:
    r"""What paths a learned pattern means.

    >>> in_words(r"^/news/\d{4}/"), in_words(r"-\d{4,}\.html?$")
    ('/news/YEAR/…', '…-NUMBER.html')
    """
    plain = pattern.replace(r"\d{4}/", "YEAR/")
    plain = re.sub(r"\\d\{\d,\}", "NUMBER", plain)
    plain = plain.replace("/?$", "$").replace("html?", "html")
    plain = re.sub(r"\\(.)", r"\1", plain)
    start = "" if plain.startswith("^") else "…"
    end = "" if plain.endswith("$") else "…"
    return f"{start}{plain.removeprefix('^').removesuffix('$')}{end}"


def _prefix(path: str) -> str:
    segments = path.split("/")[1:]
    pattern = "^"
    for segment in segments[:-1][:3]:
        if re.fullmatch(r"(19|20)\d\d", segment):
            return pattern + r"/\d{4}/"
        if not segment or re.search(r"\d", segment):
            break
        pattern += "/" + re.escape(segment).replace(r"\-", "-")
    return f"{pattern}/" if pattern != "^" else ""


def _repeats(common: Sequence[tuple[str, int]], samples: int) -> bool:
    """A section that only one sample lies in is an accident."""
    return samples < 5 or all(number > 1 for _, number in common)
