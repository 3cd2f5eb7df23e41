"""Language tags (BCP 47), as far as the pipeline takes them apart."""

from __future__ import annotations


def primary(tag: str) -> str:
    """The primary subtag: a language without its script and region.

    >>> primary("zh-Hans"), primary("PT-br")
    ('zh', 'pt')
    """
    return tag.split("-")[0].lower()
