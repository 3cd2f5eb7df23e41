"""What a snapshot says: schema 1. No I/O; `files` has the form of the file."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Annotated, Literal

from annotated_types import Ge, Le

from babelwire.sampling import MAX_SEED
from pipeline.documents import TranslationStatus

MAX_REVISION = 999_999_999
"""As of a citation, `ID@REVISION`."""

NAME = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,98}[a-z0-9])?")
"""Of a snapshot: lower-case letters, digits, hyphens inside, at most 100. It becomes
a file's name, which file systems limit to 255 bytes."""

Count = Annotated[int, Ge(0), Le(MAX_SEED)]


@dataclass(frozen=True, kw_only=True)
class FilterRecord:
    """A filter beside the query, e.g. `field` `lang` with `values` `vi`, `ar`."""

    field: str
    values: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class QueryRecord:
    """What was asked.

    Attributes:
        text: As typed.
        canonical: As the query language prints it back.
        filters: Beside it, from flags.
        timezone: IANA name; days were this zone's.
        language: Of the words, where it was set; None where it was identified.
    """

    text: str
    canonical: str
    filters: tuple[FilterRecord, ...]
    timezone: str
    language: str | None


@dataclass(frozen=True, kw_only=True)
class NoticeRecord:
    """What the answer could not see, or did on its own."""

    code: str
    text: str


@dataclass(frozen=True, kw_only=True)
class UnderstoodRecord:
    """How the words were understood.

    Attributes:
        languages: What they may be in, best first.
        translated: The query in the target language; None where it was not translated.
        names: Ids of names that were looked for in their other spellings, too.
        notices: As a search shows them; those about partial matches and other
            spellings apart, as neither changes what is frozen.
    """

    languages: tuple[str, ...]
    translated: str | None
    names: tuple[str, ...]
    notices: tuple[NoticeRecord, ...]


@dataclass(frozen=True, kw_only=True)
class IndexRecord:
    """What answered.

    Attributes:
        engine: `tantivy` or `elasticsearch`.
        generation: Name of that building of the index.
        analysis: Version of the analysis of texts in it.
        target: Language of the translations that were searched.
    """

    engine: str
    generation: str
    analysis: str
    target: str


@dataclass(frozen=True, kw_only=True)
class ShareRecord:
    """What a stratum gave to a sample."""

    stratum: tuple[str, ...]
    documents: Count
    drawn: Count


@dataclass(frozen=True, kw_only=True)
class SampleRecord:
    """Which sample of the full matches was frozen (`babelwire/sampling.py`)."""

    size: Annotated[int, Ge(1), Le(MAX_SEED)]
    seed: Count
    by: tuple[str, ...]
    shares: tuple[ShareRecord, ...]


@dataclass(frozen=True, kw_only=True)
class Head:
    """All of a snapshot but its documents.

    Attributes:
        program: Name and version of the program.
        created_at: ISO 8601, UTC.
        total: Full matches; the file has all of them, or a sample.
        unit: Of what is counted.
        sample: None where all of them are.
    """

    schema: Literal[1]
    kind: Literal["snapshot"]
    name: str
    program: str
    created_at: str
    query: QueryRecord
    understood: UnderstoodRecord
    index: IndexRecord
    total: Count
    unit: Literal["documents"]
    sample: SampleRecord | None


@dataclass(frozen=True, kw_only=True)
class OriginRecord:
    """What translated at least one segment."""

    engine: str
    model: str
    version: str


@dataclass(frozen=True, kw_only=True)
class TranslationRecord:
    """A document's translation into the target language, as the store had it.

    Attributes:
        origins: Sorted.
        checksum: Of its segments' texts, each followed by a line feed, in order;
            "" where there are none.
    """

    status: TranslationStatus
    origins: tuple[OriginRecord, ...]
    checksum: str


@dataclass(frozen=True, kw_only=True)
class Record:
    """One document that was found.

    Attributes:
        text_checksum: Of the revision's title, a line feed, and its text, in UTF-8.
        page_checksum: Of the body of the page that first showed the revision, as its
            WARC record says.
        published_at: ISO 8601, UTC; None where nobody says.
        first_seen_at: Likewise.
    """

    id: str
    revision: Annotated[int, Ge(1), Le(MAX_REVISION)]
    text_checksum: str
    page_checksum: str
    source: str
    published_at: str | None
    first_seen_at: str
    translation: TranslationRecord

    @property
    def citation(self) -> str:
        """`ID@REVISION`."""
        return f"{self.id}@{self.revision}"
