"""What an index holds to show of a document, read back (`search_index/entry.py`)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def translation_of(display: Mapping[str, Any]) -> str:
    """The translated text of a stored document, paragraphs as in the original."""
    parts: list[str] = []
    end = 0
    for field, start, stop, translation in display["segments"]:
        if field != "text" or not translation:
            continue
        if parts:
            parts.append("\n" if "\n" in display["text"][end:start] else " ")
        parts.append(translation)
        end = stop
    return "".join(parts)
