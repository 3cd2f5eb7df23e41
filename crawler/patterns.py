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
