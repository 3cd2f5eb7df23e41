"""The records that travel through Babelwire, and the protocols of its stages.

No I/O. Every time is an aware UTC datetime; every language is a BCP 47 tag, or
`UNDETERMINED`; every offset counts Unicode code points.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:
    from pipeline.differences import Changes

UNDETERMINED = "und"
"""The BCP 47 tag of a text whose language could not be told: a valid answer."""

ORIGINAL = "original"
"""`engine` of a segment that is in the target language already: a quotation."""

PEOPLE = frozenset({"memory", "correction", ORIGINAL})
"""`engine` of translations that people wrote or approved: saved translations,
corrections, and what needs none. Everything else is a machine translation, and called
so."""

Kind = Literal["news", "official"]
Precision = Literal["second", "minute", "hour", "day", "month", "year", "none"]
Side = Literal["original", "translation"]
SegmentField = Literal["title", "text"]
TranslatedBy = Literal["", "people", "machine"]
DateFlag = Literal["future", "too_old", "contradicts_feed"]
TranslationStatus = Literal["none_needed", "waiting", "partial", "done", "failed"]


@dataclass(frozen=True, kw_only=True)
class WarcPlace:
    """Where the archive keeps a page's record.

    Attributes:
        file: Name of the WARC file inside the archive folder.
        offset: First byte of the record's gzip member.
        length: Bytes of that member, compressed.
    """

    file: str
    offset: int
    length: int


@dataclass(frozen=True, kw_only=True)
class Page:
    """One HTTP response as archived.

    Attributes:
        id: Number in this store.
        url_id: The frontier's row it answered.
        url: As requested.
        source: Name of the source it was fetched for.
        fetched_at: When the last byte had arrived.
        status: HTTP status; 0 for an imported page that had none.
        content_type: The header as it came, or "".
        body_checksum: `sha256:` and the hex digest of the body after
            content decoding; "" where there is none (304).
        place: Where the bytes are.
        hints: What the feed or sitemap said: `title`, `published_at` (ISO
            8601), `language`; each only where it was given.
    """

    id: int
    url_id: int
    url: str
    source: str
    fetched_at: datetime
    status: int
    content_type: str
    body_checksum: str
    place: WarcPlace
    hints: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """One extractor's text of a page, as it was compared with the others'.

    Attributes:
        extractor: Its name, as in `TextChoice.extractor`.
        words: How many the text has (`pipeline.extraction.blocks.words`).
        score: How well it is expected to agree with the article, 0 to 1 (an F1 of
            words); None where it was not judged.
    """

    extractor: str
    words: int
    score: float | None = None


@dataclass(frozen=True, kw_only=True)
class TextChoice:
    """Whose text of a page was taken, and why.

    Attributes:
        extractor: `selectors`, `trafilatura`, `readability`, `blocks`, `json-ld`,
            `pdf`, `mail`, `import`, or "" where nothing was found.
        candidates: Every text that was compared, the taken one first.
        removed: Lines taken out of it, with the reason: `boilerplate`, `read_also`,
            `timestamp`, `byline`, `improbable`; the first few only.
        stopped: Why the extractors were stopped at this page, and it was read by its
            lines alone: `timeout`, `out_of_memory`, `crash`; or "".
    """

    extractor: str = ""
    candidates: tuple[Candidate, ...] = ()
    removed: tuple[tuple[str, str], ...] = ()
    stopped: str = ""


@dataclass(frozen=True, kw_only=True)
class Extraction:
    """What one extractor read out of one page.

    Attributes:
        title: Headline without the site's name.
        text: Paragraphs joined by single line feeds; no furniture.
        authors: As printed, in order.
        published_at: None where the page says nothing.
        published_precision: How exact `published_at` is.
        published_from: Where it was found: `selector`, `json-ld`, `meta`, `microdata`,
            `time`, `text` (printed on the page), `url`, `feed`, `htmldate`, `mail`,
            `import`, or "".
        published_zone: The zone that it was stated in, `+03:00`, or the IANA name of
            the source's that was taken for it; "" for a day, or where nothing is known
            and UTC was taken.
        modified_at: When the publisher last changed it, as the page says; the rest as
            for the publication.
        date_flags: What is odd about the dates: a publication time was stated that
            lies in the future or before the web, or is years off what the feed or the
            day in the address says.
        section: As the site names it, or "".
        tags: Keywords of the article, as the site names them, in order.
        image_url: Absolute address of the lead image, or "".
        canonical_url: Absolute, as the page declares it, or "".
        declared_language: What the page says of itself; a hint only.
        alternates: Language tags and absolute addresses of the same page in other
            languages, as it declares them.
        rejected: "" or why this is no article: `soft_404`, `consent_wall`,
            `too_short`, `no_text`, …; then the texts may be empty.
        choice: Whose text it is.
        reader: Version of the extractor, with what else decides how it reads (the
            boilerplate known of the source); "" where it is just the stage's.
    """

    title: str
    text: str
    authors: tuple[str, ...] = ()
    published_at: datetime | None = None
    published_precision: Precision = "none"
    published_from: str = ""
    published_zone: str = ""
    modified_at: datetime | None = None
    modified_precision: Precision = "none"
    modified_from: str = ""
    modified_zone: str = ""
    date_flags: tuple[DateFlag, ...] = ()
    section: str = ""
    tags: tuple[str, ...] = ()
    image_url: str = ""
    canonical_url: str = ""
    declared_language: str = ""
    alternates: tuple[tuple[str, str], ...] = ()
    rejected: str = ""
    choice: TextChoice = field(default_factory=TextChoice)
    reader: str = ""


@dataclass(frozen=True, kw_only=True)
class Identification:
    """The language of a text.

    Attributes:
        language: BCP 47 tag, or `UNDETERMINED`.
        confidence: 0 to 1, comparable within one identifier only.
        alternatives: Other candidates with their confidences, best first.
    """

    language: str
    confidence: float
    alternatives: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True, kw_only=True)
class Segment:
    """A sentence-sized piece of a reading, in order.

    Attributes:
        position: 0, 1, 2 … over the whole reading; the title comes first.
        field: Where it stands.
        start: Offset of its first code point in that field.
        end: Offset after its last code point.
        text: `field[start:end]`.
        language: BCP 47 tag where it is another one than its document's (a quotation);
            "" otherwise.
    """

    position: int
    field: SegmentField
    start: int
    end: int
    text: str
    language: str = ""


@dataclass(frozen=True, kw_only=True)
class TranslatedSegment:
    """One segment in the target language, with where it came from.

    Attributes:
        position: The `Segment.position` it translates.
        text: The translation.
        engine: `memory`, `correction`, `firefox`, `libretranslate`, …
        model: The model, or the saved translations' origin.
        version: Of the model; "" where the engine tells none.
        flags: Quality flags, e.g. `copy`, `repetition`; empty is good.
        licence: SPDX expression of the model; "" where it is unknown.
        parameters: What else decided the output, e.g. `int8, greedy`.
        recipe: Names everything that decided the output: two translations of one
            text by one recipe are the same.
        translated_at: When it was made; None before it is stored.
    """

    position: int
    text: str
    engine: str
    model: str = ""
    version: str = ""
    flags: tuple[str, ...] = ()
    licence: str = ""
    parameters: str = ""
    recipe: str = ""
    translated_at: datetime | None = None

    @property
    def by_machine(self) -> bool:
        """Whether no person wrote or approved it."""
        return self.engine not in PEOPLE


@dataclass(frozen=True, kw_only=True)
class Translation:
    """A reading in one target language.

    Attributes:
        target: BCP 47 tag of the target language.
        status: `none_needed` where the original is in the target language.
        segments: Those translated so far, ordered by position.
        reason: Why it waits or failed, or "".
        recipe: What the chain would use for the pair when it was translated;
            another one today means that it is outdated.
    """

    target: str
    status: TranslationStatus
    segments: tuple[TranslatedSegment, ...] = ()
    reason: str = ""
    recipe: str = ""

    @property
    def by(self) -> TranslatedBy:
        """Who translated it; a single machine-translated segment makes it `machine`."""
        if not self.segments:
            return ""
        return "machine" if any(s.by_machine for s in self.segments) else "people"


@dataclass(frozen=True, kw_only=True)
class Revision:
    """One text of a document as the site published it.

    Attributes:
        number: 1, 2, 3 …; `ID@NUMBER` is citable.
        page: The page that first showed it.
        title: By its newest reading.
        text: By its newest reading.
        text_checksum: `sha256:` and hex, of title, line feed, text in UTF-8.
        created_at: When that page was fetched.
        changes: What it made of the revision before; None in a first one, and where
            nobody has compared the two texts as they are read now.
    """

    number: int
    page: Page
    title: str
    text: str
    text_checksum: str
    created_at: datetime
    changes: Changes | None = None


@dataclass(frozen=True, kw_only=True)
class Document:
    """An article as it may be shown now: its newest revision, newest reading.

    Attributes:
        id: `d` and 16 base32 characters; never changes.
        revision: Number of the newest revision.
        version: Raised by every visible change; orders what an index holds.
        url: To show and to follow.
        source: Name of its source.
        publisher: As the source says; likewise `country`, `owner`, `audience`.
        kind: `news` or `official`.
        language: BCP 47 tag or `UNDETERMINED`.
        language_alternatives: Runners-up with their confidences.
        published_at: None where nobody says; then `first_seen_at` counts.
        modified_at, date_flags, tags, image_url, choice: As in `Extraction`, and
            likewise the zones.
        title: Original headline.
        text: Original text, paragraphs joined by line feeds.
        segments: Of title and text; empty until segmented.
        translations: By target language; at most one each.
        cluster: Id of the group of (nearly) same texts; "" while alone.
        duplicates: How many other documents are in that group.
        rights: What may leave the desk when it was read: `full`, `excerpt` or
            `headline`. What leaves is decided by its source's `Rights` of that moment.
        deleted: A tombstone: to be removed from every index.
        merged_into: Id of the older document that turned out to be the same one; this
            one is deleted, but each of its revisions can still be shown.
        withdrawn_at: When its page was found to be gone for the second time (404,
            410); None while it is there. Everything stays.
    """

    id: str
    revision: int
    version: int
    url: str
    source: str
    publisher: str
    country: str
    owner: str
    audience: tuple[str, ...]
    kind: Kind
    language: str
    published_at: datetime | None
    published_precision: Precision
    first_seen_at: datetime
    title: str
    text: str
    language_alternatives: tuple[tuple[str, float], ...] = ()
    authors: tuple[str, ...] = ()
    section: str = ""
    published_from: str = ""
    published_zone: str = ""
    modified_at: datetime | None = None
    modified_precision: Precision = "none"
    modified_zone: str = ""
    date_flags: tuple[DateFlag, ...] = ()
    tags: tuple[str, ...] = ()
    image_url: str = ""
    choice: TextChoice = field(default_factory=TextChoice)
    segments: tuple[Segment, ...] = ()
    translations: tuple[Translation, ...] = ()
    cluster: str = ""
    duplicates: int = 0
    rights: str = "headline"
    deleted: bool = False
    merged_into: str = ""
    withdrawn_at: datetime | None = None

    def translation(self, target: str) -> Translation | None:
        """The translation into `target`, or None where there is none yet."""
        return next((t for t in self.translations if t.target == target), None)


@dataclass(frozen=True, kw_only=True)
class TranslationRequest:
    """One segment to translate.

    Attributes:
        text: Of one segment, NFC, not empty.
        source_language: BCP 47 tag.
        target_language: BCP 47 tag.
        document: Id of the document it stands in: a correction may hold there
            alone. "" for a text of no document.
    """

    text: str
    source_language: str
    target_language: str
    document: str = ""


@dataclass(frozen=True, kw_only=True)
class Translated:
    """An engine's answer for one segment.

    Attributes:
        text: The translation; None where this engine has none for it.
        reason: Why `text` is None: `no_model`, `not_saved`, `unavailable`, …
        detail: For people; with a reason.

    The rest is as in `TranslatedSegment`.
    """

    text: str | None
    engine: str
    model: str = ""
    version: str = ""
    reason: str = ""
    flags: tuple[str, ...] = ()
    licence: str = ""
    parameters: str = ""
    recipe: str = ""
    detail: str = ""

    def as_segment(self, position: int) -> TranslatedSegment:
        """To be kept beside the segment at a position; only where there is text."""
        return TranslatedSegment(
            position=position,
            text=self.text or "",
            engine=self.engine,
            model=self.model,
            version=self.version,
            flags=self.flags,
            licence=self.licence,
            parameters=self.parameters,
            recipe=self.recipe,
        )


class Translator(Protocol):
    """Translates segments; one engine, or a chain of them."""

    @property
    def name(self) -> str:
        """As configured, e.g. `memory`, `lt`."""
        ...

    def translate(self, requests: Sequence[TranslationRequest]) -> list[Translated]:
        """One answer per request, in the same order.

        Never raises for what an item or a server does: that is an answer
        without text.
        """
        ...


class Identifier(Protocol):
    """Tells the language of a text."""

    @property
    def version(self) -> str:
        """Changes whenever answers may change."""
        ...

    def identify(self, text: str) -> Identification:
        """The language of `text`; the same answer every time."""
        ...
