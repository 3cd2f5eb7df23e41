"""Documents and indexes made by hand, for the tests of this room."""

import base64
import hashlib
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pipeline.documents import (
    Document,
    Segment,
    TranslatedSegment,
    Translation,
)
from search_index import open_index
from search_index.analysis import ANALYSIS_VERSION
from search_index.answer import answer
from search_index.engines.contract import IndexEngine
from search_index.entry import build_entry
from search_index.interpretation import SearchContext
from search_index.query import Results, SearchRequest

NOW = datetime(2024, 6, 25, 12, tzinfo=UTC)
NOON = datetime(2024, 6, 21, 12, tzinfo=UTC)


def document_id(name: str) -> str:
    """An id of the right shape; the same for the same name."""
    digest = base64.b32encode(hashlib.sha256(name.encode()).digest())
    return "d" + digest[:16].decode().lower()


def document(
    name: str,
    text: str,
    language: str = "en",
    *,
    title: str = "",
    english: str | Sequence[str] | None = None,
    english_title: str = "",
    **values: Any,
) -> Document:
    """A document of one sentence a line, translated where `english` is given."""
    segments, translated = [], []
    title_pairs = [(title, english_title)] if title else []
    english_lines = [english] if isinstance(english, str) else english
    lines = text.split("\n")
    pairs = list(zip(lines, english_lines or [""] * len(lines), strict=True))
    place = 0
    for field, rows in (("title", title_pairs), ("text", pairs)):
        start = 0
        for original, target in rows:
            segments.append(
                Segment(
                    position=place,
                    field=field,
                    start=start,
                    end=start + len(original),
                    text=original,
                )
            )
            if target:
                translated.append(
                    TranslatedSegment(position=place, text=target, engine="memory")
                )
            start += len(original) + 1
            place += 1
    translations = (
        (Translation(target="en", status="done", segments=tuple(translated)),)
        if translated
        else ()
    )
    defaults: dict[str, Any] = {
        "id": document_id(name),
        "revision": 1,
        "version": 1,
        "url": f"http://example.org/{name}",
        "source": "gazette",
        "publisher": "The Gazette",
        "country": "VN",
        "owner": "Gazette House",
        "audience": (),
        "kind": "news",
        "published_at": NOON,
        "published_precision": "minute",
        "first_seen_at": NOON,
        "segments": tuple(segments),
        "translations": translations,
    }
    return Document(
        title=title,
        text=text,
        language=language,
        **{**defaults, **values},
    )


def write(
    index: IndexEngine, documents: Iterable[Document], target: str = "en"
) -> None:
    """Puts documents into the living generation, which is made where needed."""
    living = index.current()
    if living is None:
        living = index.create("g-1", analysis=ANALYSIS_VERSION, target=target)
        index.activate(living.name)
    with index.write(living.name) as writer:
        writer.put([build_entry(each, target) for each in documents])
        writer.commit()


def filled(folder: Path, documents: Iterable[Document]) -> IndexEngine:
    """A new index with documents in it."""
    index = open_index(folder)
    write(index, documents)
    return index


def ask(index: IndexEngine, text: str, **values: Any) -> Results:
    """The answer to a query."""
    keys = ("names", "countries", "identify_query", "translate_query", "target")
    others = {key: values.pop(key) for key in keys if key in values}
    request = SearchRequest(text=text, **values)
    context = SearchContext(now=NOW, **others)
    return answer(request, context, index=index, timer=lambda: 0.0)


def found(results: Results, match: str | None = "all") -> list[str]:
    """The last parts of the URLs of the hits."""
    return [
        hit.url.rpartition("/")[2]
        for hit in results.hits
        if match is None or hit.match == match
    ]


FORUM = (
    document(
        "vi",
        "Diễn đàn các thành phố BRICS+ khai mạc tại Kazan.\n"
        "Thị trưởng Metshin phát biểu.",
        "vi",
        title="Kazan đón 200 thị trưởng",
        english=["The BRICS+ Cities Forum opened in Kazan.", "Mayor Metshin spoke."],
        english_title="Kazan welcomes 200 mayors",
        source="song-hong",
        published_at=datetime(2024, 6, 20, 18, tzinfo=UTC),
    ),
    document(
        "ar",
        "افتتح منتدى مدن بريكس في قازان.\nتحدث رئيس البلدية عن إيران.",
        "ar",
        title="منتدى المدن",
        english=["The BRICS cities forum opened in Kazan.", "The mayor spoke of Iran."],
        english_title="Forum of cities",
        source="alnil",
        country="EG",
    ),
    document(
        "ru",
        "В Казани открылся форум городов БРИКС.\nЁлки стояли зелёные.",
        "ru",
        title="Форум городов",
        source="vestnik",
        country="RU",
        kind="official",
        published_at=None,
        published_precision="none",
    ),
    document(
        "en",
        "Ministers met in Hanoi.\nThey talked about running water.",
        title="Talks in Hanoi",
        published_at=datetime(2024, 6, 1, tzinfo=UTC),
    ),
)
"""A Vietnamese and an Arabic page with translations, a Russian one without."""
