"""A manifest: what a review was made from, so that it can be proven years later.

JSON, schema 1. `checksum` is of everything else in it: the SHA-256 of its canonical
form, which is UTF-8 without blanks, keys in the order of their code points (RFC 8785;
there are no fractions in it). Its own words are English, in whatever language the
review was rendered: what is translated may be worded better later.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Annotated, Any, Literal

from annotated_types import Ge, Le, Lt

from babelwire.answers import country_name, moment_text
from babelwire.reviews.contract import (
    NO_HEADLINE,
    NOTHING,
    Health,
    ShownItem,
    ShownPassage,
    ShownReview,
    ShownSection,
    ShownText,
)
from babelwire.reviews.phrases import zone_of
from babelwire.reviews.texts import clean_line
from pipeline.documents import Page
from pipeline.errors import InputError
from pipeline.reviews import AlsoIn, Origin, Status, SummaryBy
from pipeline.sources import Show

MAX_BYTES = 64 << 20
"""Of a manifest that is read: a thousand times what a long review has."""


@dataclass(frozen=True, kw_only=True)
class TextRecord:
    """Words that were shown. `positions` are the segments they were taken from."""

    text: str
    language: str
    by: SummaryBy
    positions: tuple[int, ...]
    translated_by: tuple[Origin, ...]


@dataclass(frozen=True, kw_only=True)
class PassageRecord:
    """A quotation that was shown."""

    original: TextRecord
    translation: TextRecord | None


@dataclass(frozen=True, kw_only=True)
class PageRecord:
    """The archived page: `checksum` is of its body, as its WARC record says."""

    url: str
    fetched_at: str
    warc_file: str
    warc_offset: int
    checksum: str


@dataclass(frozen=True, kw_only=True)
class ItemRecord:
    """A document that was shown, as it was shown."""

    document: str
    revision: int
    citation: str
    text_checksum: str
    page: PageRecord
    url: str
    source: str
    publisher: str
    owner: str
    country: str
    language: str
    published: str
    show: Show
    excerpt_characters: Annotated[int, Ge(50), Le(5000)]
    notice: str
    headline: TextRecord
    translated_headline: TextRecord | None
    summary: TextRecord | None
    passage: PassageRecord | None
    note: str
    tags: tuple[str, ...]
    also_in: tuple[AlsoIn, ...]


@dataclass(frozen=True, kw_only=True)
class SectionRecord:
    """A part of the review."""

    heading: str
    intro: str
    items: tuple[ItemRecord, ...]


@dataclass(frozen=True, kw_only=True)
class ReviewRecord:
    """Which review it was; `language` is that of the rendered files' own words."""

    id: Annotated[int, Ge(1), Lt(1 << 53)]
    title: str
    day: str
    status: Status
    query: str
    target: str
    timezone: str
    language: str = "en"


@dataclass(frozen=True, kw_only=True)
class SourceRecord:
    """How a source stood at the time."""

    last_visit_at: str | None
    newest_article_at: str | None
    problems: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """The whole file. `files`: checksums of what was rendered, by name."""

    schema: Literal[1]
    kind: Literal["review"]
    program: str
    created_at: str
    review: ReviewRecord
    sections: tuple[SectionRecord, ...]
    sources: dict[str, SourceRecord]
    files: dict[str, str]
    checksum: str

    @property
    def items(self) -> tuple[ItemRecord, ...]:
        """Of all sections, in order."""
        return tuple(item for section in self.sections for item in section.items)


@dataclass(frozen=True, kw_only=True)
class ReadManifest:
    """A manifest that was read; `content_checksum` is what its `checksum` must be."""

    manifest: Manifest
    content_checksum: str


def make_manifest(
    review: ShownReview, health: Health, files: Mapping[str, bytes]
) -> bytes:
    """The manifest of a rendered review, as a file.

    Args:
        review: As it was rendered.
        health: How each source stands.
        files: What was rendered, by name.
    """
    made = Manifest(
        schema=1,
        kind="review",
        program=review.program,
        created_at=review.created_at.isoformat(),
        review=review_record(review),
        sections=tuple(_section_record(s, review.timezone) for s in review.sections),
        sources={name: _source_record(known) for name, known in health.items()},
        files={name: bytes_checksum(content) for name, content in files.items()},
        checksum="",
    )
    content = asdict(made)
    content["checksum"] = content_checksum(content)
    return (json.dumps(content, ensure_ascii=False, indent=1) + "\n").encode()


def read_manifest(data: bytes, name: str) -> ReadManifest:
    """A manifest out of a file's bytes.

    Args:
        data: The file.
        name: Of the file, for the message.

    Raises:
        InputError: It is no manifest of schema 1.
    """
    from pydantic import TypeAdapter, ValidationError

    try:
        content = json.loads(data)
        manifest = TypeAdapter(Manifest).validate_json(data, strict=True)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "the whole"
        raise InputError(
            f"{name}: not a manifest of schema 1: {where}: {first['msg']}"
        ) from error
    except (ValueError, RecursionError) as error:
        raise InputError(f"{name}: not a manifest: no JSON ({error})") from error
    _check(manifest, name)
    return ReadManifest(manifest=manifest, content_checksum=content_checksum(content))


def _check(manifest: Manifest, name: str) -> None:
    """What no type can refuse."""
    from zoneinfo import ZoneInfo

    from pipeline.store.documents import Reference, parse_reference

    for item in manifest.items:
        cited = Reference(id=item.document, revision=item.revision)
        if parse_reference(item.citation) != cited:
            raise InputError(
                f'{name}: not a manifest: "{item.citation}" is no citation of revision '
                f"{item.revision} of {item.document}"
            )
    zone = manifest.review.timezone
    try:
        ZoneInfo(zone)
    except (ValueError, OSError, LookupError) as error:  # e.g. the name of a folder
        raise InputError(f'{name}: not a manifest: no time zone "{zone}"') from error


def content_checksum(content: Mapping[str, Any]) -> str:
    """Of everything in a manifest but its `checksum`.

    >>> content_checksum({"b": 1, "a": "é", "checksum": "x"})[:14]
    'sha256:aa58fba'
    """
    rest = {key: value for key, value in content.items() if key != "checksum"}
    canonical = json.dumps(
        rest, ensure_ascii=False, sort_keys=True, separators=(",", ":")
    )
    return bytes_checksum(canonical.encode("utf-8", "surrogatepass"))


def bytes_checksum(content: bytes) -> str:
    """`sha256:` and the hex digest."""
    return "sha256:" + hashlib.sha256(content).hexdigest()


def review_record(review: ShownReview) -> ReviewRecord:
    """What a manifest says of the review as a whole."""
    return ReviewRecord(
        id=review.id,
        title=review.title,
        day=review.day.isoformat(),
        status=review.status,
        query=review.query,
        target=review.target,
        timezone=review.timezone,
        language=review.language,
    )


def intro_record(intro: str, *, is_empty: bool) -> str:
    """What a manifest says is below a section's heading; `is_empty`: has no items."""
    return intro or (NOTHING if is_empty else "")


def item_record(item: ShownItem, timezone: str) -> ItemRecord:
    """What a manifest says of an item; its time is in a zone (IANA name)."""
    return ItemRecord(
        document=item.document_id,
        revision=item.revision,
        citation=item.citation,
        text_checksum=item.text_checksum,
        page=_page_record(item.page),
        url=item.url,
        source=item.source,
        publisher=item.publisher,
        owner=item.owner,
        country=clean_line(country_name(item.country)),
        language=item.language,
        published=_published(item, timezone),
        show=item.show,
        excerpt_characters=item.excerpt_characters,
        notice=item.notice,
        headline=_text_record(
            replace(item.headline, text=item.headline.text or NO_HEADLINE)
        ),
        translated_headline=_maybe(item.translated_headline),
        summary=_maybe(item.summary),
        passage=_passage_record(item.passage),
        note=item.note,
        tags=item.tags,
        also_in=item.also_in,
    )


def _section_record(section: ShownSection, timezone: str) -> SectionRecord:
    return SectionRecord(
        heading=section.heading,
        intro=intro_record(section.intro, is_empty=not section.items),
        items=tuple(item_record(item, timezone) for item in section.items),
    )


def _published(item: ShownItem, timezone: str) -> str:
    """The publication time with its zone."""
    text = moment_text(
        item.published_at, item.published_precision, item.first_seen_at, timezone
    )
    return f"{text} {zone_of(item, timezone)}".rstrip()


def _text_record(text: ShownText) -> TextRecord:
    return TextRecord(
        text=text.text,
        language=text.language,
        by=text.by,
        positions=text.positions,
        translated_by=text.origins,
    )


def _maybe(text: ShownText | None) -> TextRecord | None:
    return None if text is None else _text_record(text)


def _passage_record(passage: ShownPassage | None) -> PassageRecord | None:
    if passage is None:
        return None
    return PassageRecord(
        original=_text_record(passage.original),
        translation=_maybe(passage.translation),
    )


def _page_record(page: Page) -> PageRecord:
    return PageRecord(
        url=page.url,
        fetched_at=page.fetched_at.isoformat(),
        warc_file=page.place.file,
        warc_offset=page.place.offset,
        checksum=page.body_checksum,
    )


def _source_record(known: Mapping[str, Any]) -> SourceRecord:
    return SourceRecord(
        last_visit_at=known.get("last_visit_at"),
        newest_article_at=known.get("newest_article_at"),
        problems=tuple(known.get("problems", ())),
    )
