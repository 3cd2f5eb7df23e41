"""Tags that depend on the script: traditional Chinese, Central Kurdish."""

from __future__ import annotations

import re
import tomllib
from functools import cache
from importlib.resources import files

_ARABIC = re.compile("[\u0620-\u06ff]")


def written_tag(tag: str, text: str) -> str:
    """The tag of a text in that language, with its script where it needs one.

    Chinese in simplified characters is `zh`, in traditional ones `zh-Hant`; Kurdish in
    Arabic letters is Central Kurdish.

    >>> written_tag("zh", "市长们会面"), written_tag("zh", "市長們會面")
    ('zh', 'zh-Hant')
    """
    if tag == "zh":
        return "zh-Hant" if _is_traditional(text) else "zh"
    if tag == "ku" and _ARABIC.search(text):
        return "ckb"
    return tag


def _is_traditional(text: str) -> bool:
    """Whether more characters are of the traditional set alone than of the other."""
    simplified, traditional = _characters()
    kinds = set(text)
    return len(kinds & traditional) > len(kinds & simplified)


@cache
def _characters() -> tuple[frozenset[str], frozenset[str]]:
    path = files("pipeline.identification").joinpath("characters.toml")
    pairs = tomllib.loads(path.read_text("utf-8"))["pairs"].split()
    return frozenset(p[0] for p in pairs), frozenset(p[1] for p in pairs)
