"""A document as an index holds it: tokens of both sides, filters, display.

The *shared* fields hold whatever language a document has, and every one is
filled in every document: engines take counts and average lengths over
different sets otherwise (measured: .95 falls to .90–.93).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pipeline.documents import (
    Document,
    Segment,
    SegmentField,
    TranslatedBy,
    Translation,
    TranslationStatus,
)
from search_index.analysis import (
    ANALYSIS_VERSION,
    analyzer_for,
    primary,
)
from search_index.analysis.analyzer import BREAK
from search_index.clauses import NAME_FIELDS, SOUND_FIELD, TOKEN_FIELDS
from search_index.engines.contract import IndexEntry

EMPTY = BREAK
"""Fills a field that has no token; no word is written so."""


@dataclass(frozen=True, kw_only=True)
class TranslatedText:
    """Headline and text put together from translated segments."""

    title: str
    text: str


def build_entry(document: Document, target: str) -> IndexEntry:
    """What an index holds of a document, with its checksum.

    Args:
        document: Not deleted.
        target: BCP 47 tag of the language that `translation` is in.
    """
    translated = translated_text(document, target)
    tokens = {**_original(document), **_translation(document, translated, target)}
    tokens |= _names(document)
    sounds = analyzer_for(document.language).joined_sounds(
        f"{document.title}\n{document.text}"
    )
    tokens[SOUND_FIELD] = sounds or EMPTY
    keywords = _keywords(document, target)
    numbers = _numbers(document)
    shown = _display(document, translated, target)
    display = _json(shown)
    content = [ANALYSIS_VERSION, tokens, keywords, numbers, shown]
    return IndexEntry(
        id=document.id,
        version=document.version,
        checksum="sha256:" + hashlib.sha256(_json(content).encode()).hexdigest(),
        tokens=tokens,
        keywords=keywords,
        numbers=numbers,
        display=display,
    )


def status_of(document: Document, target: str) -> TranslationStatus:
    """How a document's translation stands; `none_needed` in the target language."""
    if primary(document.language) == primary(target):
        return "none_needed"
    translation = document.translation(target)
    return "waiting" if translation is None else translation.status


def translated_text(document: Document, target: str) -> TranslatedText | None:
    """The translation so far; None where there is none, or none is needed."""
    translation = document.translation(target)
    if (
        status_of(document, target) == "none_needed"
        or translation is None
        or not translation.segments
    ):
        return None
    parts: dict[str, list[str]] = {"title": [], "text": []}
    ends = {"title": 0, "text": 0}
    for segment, text in _translated_segments(document, translation):
        original = getattr(document, segment.field)
        gap = original[ends[segment.field] : segment.start]
        if parts[segment.field]:
            parts[segment.field].append("\n" if "\n" in gap else " ")
        parts[segment.field].append(text)
        ends[segment.field] = segment.end
    return TranslatedText(title="".join(parts["title"]), text="".join(parts["text"]))


def translated_by(document: Document, target: str) -> TranslatedBy:
    """Who translated it: people, a machine, or nobody ("")."""
    translation = document.translation(target)
    return translation.by if translation else ""


def milliseconds(moment: datetime) -> int:
    """Since 1970, as the index keeps times."""
    return round(moment.timestamp() * 1000)


def language_ranges(language: str) -> tuple[str, ...]:
    """A tag and every prefix of it, lower-case (RFC 4647 §3.3.1).

    >>> language_ranges("zh-Hans")
    ('zh', 'zh-hans')
    """
    parts = language.lower().split("-")
    return tuple("-".join(parts[: n + 1]) for n in range(len(parts)))


def _translated_segments(
    document: Document, translation: Translation
) -> Iterator[tuple[Segment, str]]:
    by_position = {segment.position: segment for segment in document.segments}
    for translated in translation.segments:
        segment = by_position.get(translated.position)
        if segment is not None:
            yield segment, translated.text


def _original(document: Document) -> dict[str, str]:
    return _side("original", _joined(document, document.language))


def _translation(
    document: Document, translated: TranslatedText | None, target: str
) -> dict[str, str]:
    if status_of(document, target) == "none_needed":
        return _side("translation", _joined(document, target))
    if translated is None:
        return _side("translation", {})
    analyzer = analyzer_for(target)
    return _side("translation", analyzer.joined(translated.text, translated.title))


def _joined(document: Document, language: str) -> dict[str, str]:
    """The tokens of title and text, those of a quotation by its own language."""
    if not any(segment.language for segment in document.segments):
        return analyzer_for(language).joined(document.text, document.title)
    of_title = _in_a_row(_pieces(document, "title", language))
    of_text = _in_a_row(_pieces(document, "text", language))
    parts = (of_title["f3"], BREAK, of_text["f3"])
    return {
        "f1": f"{of_title['f1']} {of_text['f1']}".strip(),
        "f2": f"{of_title['f2']} {of_text['f2']}".strip(),
        "f3": " ".join(parts) if of_title["f3"] else of_text["f3"],
        "title_f1": of_title["f1"],
        "title_f3": of_title["f3"],
    }


def _in_a_row(pieces: Sequence[tuple[str, str]]) -> dict[str, str]:
    """The tokens of texts, each of its own language, one after the other."""
    found = [analyzer_for(language).joined(text) for language, text in pieces]
    return {
        name: " ".join(filter(None, (fields[name] for fields in found)))
        for name in ("f1", "f2", "f3")
    }


def _pieces(
    document: Document, field: SegmentField, language: str
) -> list[tuple[str, str]]:
    """Title or text in pieces of one language each, nothing left out."""
    whole: str = getattr(document, field)
    pieces: list[tuple[str, str]] = []
    start = 0
    for segment in document.segments:
        if segment.field == field and segment.language:
            pieces.append((language, whole[start : segment.start]))
            pieces.append((segment.language, whole[segment.start : segment.end]))
            start = segment.end
    pieces.append((language, whole[start:]))
    return [(tongue, text) for tongue, text in pieces if text and not text.isspace()]


def _side(side: str, fields: Mapping[str, str]) -> dict[str, str]:
    return {f"{side}_{name}": fields.get(name) or EMPTY for name in TOKEN_FIELDS}


def _names(document: Document) -> dict[str, str]:
    analyzer = analyzer_for("und")
    return {
        field: analyzer.joined(getattr(document, field))["f3"] or EMPTY
        for field in NAME_FIELDS
    }


def _keywords(document: Document, target: str) -> dict[str, tuple[str, ...]]:
    values = {
        "id": (document.id,),
        "source": (document.source,),
        "kind": (document.kind,),
        "country": (document.country,),
        "audience": document.audience,
        "language": (document.language,),
        "languages": language_ranges(document.language),
        "translation_status": (status_of(document, target),),
        "cluster": (document.cluster,),
        "publisher_name": (document.publisher,),
        "owner_name": (document.owner,),
    }
    return {field: tuple(filter(None, found)) for field, found in values.items()}


def _numbers(document: Document) -> dict[str, int]:
    return {
        "published": milliseconds(document.published_at or document.first_seen_at),
        "seen": milliseconds(document.first_seen_at),
        "undated": int(document.published_at is None),
    }


def _display(
    document: Document, translated: TranslatedText | None, target: str
) -> dict[str, Any]:
    published = document.published_at
    return {
        "id": document.id,
        "revision": document.revision,
        "version": document.version,
        "url": document.url,
        "source": document.source,
        "publisher": document.publisher,
        "country": document.country,
        "owner": document.owner,
        "audience": list(document.audience),
        "kind": document.kind,
        "language": document.language,
        "published_at": published.isoformat() if published else None,
        "published_precision": document.published_precision,
        "first_seen_at": document.first_seen_at.isoformat(),
        "authors": list(document.authors),
        "section": document.section,
        "rights": document.rights,
        "cluster": document.cluster,
        "duplicates": document.duplicates,
        "target": target,
        "translation_status": status_of(document, target),
        "translated_by": translated_by(document, target),
        "title": document.title,
        "text": document.text,
        "translated_title": translated.title if translated else "",
        "segments": _display_segments(document, target),
    }


def _display_segments(document: Document, target: str) -> list[list[Any]]:
    """`[field, start, end, translation or None]` of every segment, in order."""
    translation = document.translation(target)
    texts = (
        {s.position: s.text for s in translation.segments}
        if translation and status_of(document, target) != "none_needed"
        else {}
    )
    return [
        [segment.field, segment.start, segment.end, texts.get(segment.position)]
        for segment in document.segments
    ]


def _json(value: Any) -> str:
    """Canonical JSON that any UTF-8 writer takes: lone surrogates replaced."""
    text = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return text.encode("utf-8", "replace").decode("utf-8")
