"""Every table of the store.

The migrations make them; `tests/pipeline/test_migrations.py` holds the two
against each other. Times are aware UTC datetimes on both databases.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Dialect,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
    text,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

Number = BigInteger().with_variant(Integer, "sqlite")
"""A key that SQLite may count up by itself."""


class Moment(TypeDecorator[datetime]):
    """An aware UTC datetime; SQLite keeps it without the zone."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(
        self, value: datetime | None, dialect: Dialect
    ) -> datetime | None:
        """To UTC; a naive time is a fault of the program."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"naive datetime: {value}")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(
        self, value: Any | None, dialect: Dialect
    ) -> datetime | None:
        """As aware UTC."""
        if value is None:
            return None
        moment: datetime = value
        if moment.tzinfo is None:
            return moment.replace(tzinfo=UTC)
        return moment.astimezone(UTC)


sources = Table(
    "sources",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("kind", String(16), nullable=False),
    Column("publisher", Text, nullable=False),
    Column("country", String(2), nullable=False, server_default=""),
    Column("owner", Text, nullable=False, server_default=""),
    Column("audience", JSON, nullable=False),
    Column("rights", String(16), nullable=False, server_default="full"),
    Column("excerpt_characters", Integer, nullable=False, server_default="300"),
    Column("notice", Text, nullable=False, server_default=""),
    Column("pass_on_days", Integer, nullable=False, server_default="0"),
    Column("first_seen_at", Moment, nullable=False),
    Column("removed_at", Moment),
)
"""What documents of a source show; stays when the source's file is removed. `rights`,
and the three after it, are what of them may leave the desk."""

hosts = Table(
    "hosts",
    metadata,
    Column("host", String(260), primary_key=True),
    Column("not_before_at", Moment),
    Column("failures", Integer, nullable=False, server_default="0"),
    Column("reason", Text, nullable=False, server_default=""),
)
"""Politeness that must outlive a process: `Retry-After` and back-off."""

robots = Table(
    "robots",
    metadata,
    Column("origin", String(300), primary_key=True),
    Column("fetched_at", Moment, nullable=False),
    Column("expires_at", Moment, nullable=False),
    Column("state", String(16), nullable=False),
    Column("body", Text, nullable=False, server_default=""),
    Column("reason", Text, nullable=False, server_default=""),
)
"""robots.txt per scheme, host and port; state: rules | allow | unreachable."""

urls = Table(
    "urls",
    metadata,
    Column("id", Number, primary_key=True),
    Column("source", String(64), ForeignKey("sources.name"), nullable=False),
    Column("role", String(16), nullable=False),
    Column("endpoint_kind", String(16), nullable=False, server_default=""),
    Column("url", Text, nullable=False),
    Column("url_key", Text, nullable=False),
    Column("host", String(260), nullable=False),
    Column("parent_id", Number),
    Column("via", String(16), nullable=False, server_default=""),
    Column("depth", Integer, nullable=False, server_default="0"),
    Column("hints", JSON, nullable=False),
    Column("discovered_at", Moment, nullable=False),
    Column("due_at", Moment),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("outcome", String(16), nullable=False, server_default="pending"),
    Column("reason", Text, nullable=False, server_default=""),
    Column("etag", Text, nullable=False, server_default=""),
    Column("last_modified", Text, nullable=False, server_default=""),
    Column("body_checksum", String(80), nullable=False, server_default=""),
    Column("visited_at", Moment),
    Column("fetched_at", Moment),
    Column("page_id", Number),
    Column("alias_of_key", Text, nullable=False, server_default=""),
    Column("found", Integer, nullable=False, server_default="0"),
    Column("found_before", Integer, nullable=False, server_default="0"),
    Column("new_per_day", Float),
    Column("idle_reads", Integer, nullable=False, server_default="0"),
    Column("missing_visits", Integer, nullable=False, server_default="0"),
    Index(
        "ix_urls_due",
        "host",
        "due_at",
        "source",
        "role",
        sqlite_where=text("due_at IS NOT NULL"),
        postgresql_where=text("due_at IS NOT NULL"),
    ),
    Index(
        "uq_urls_article",
        "url_key",
        unique=True,
        sqlite_where=text("role = 'article'"),
        postgresql_where=text("role = 'article'"),
    ),
    Index(
        "uq_urls_endpoint",
        "source",
        "url_key",
        unique=True,
        sqlite_where=text("role = 'endpoint'"),
        postgresql_where=text("role = 'endpoint'"),
    ),
    Index(
        "ix_urls_alias_of_key",
        "alias_of_key",
        sqlite_where=text("alias_of_key <> ''"),
        postgresql_where=text("alias_of_key <> ''"),
    ),
    Index("ix_urls_source_outcome", "source", "role", "outcome"),
)
"""The frontier. role: article | endpoint. endpoint_kind: feed | sitemap |
listing. via: feed | sitemap | listing | link | redirect | import | seed
| archive.
`due_at` set: to be visited then. outcome, of the latest visit: pending | stored
| unchanged | duplicate | rejected | failed, with `reason` for the last two;
endpoints keep theirs too, but only articles are counted in the balance.
`page_id` is the newest page with a body; `etag`, `last_modified` are its.
Of an endpoint: `found` counts the news that it and its children showed first,
`found_before` is what it was at the latest visit, `new_per_day` what was learned of
it, `idle_reads` the latest readings that showed nothing new. Of an article that was
fetched: `missing_visits` in a row that found none (404, 410)."""

origin_moves = Table(
    "origin_moves",
    metadata,
    Column("source", String(64), ForeignKey("sources.name"), nullable=False),
    Column("from_origin", String(300), nullable=False),
    Column("to_origin", String(300), nullable=False),
    Column("seen", Integer, nullable=False),
    Column("first_at", Moment, nullable=False),
    Column("confirmed_at", Moment),
    PrimaryKeyConstraint("source", "from_origin", "to_origin"),
)
"""Permanent redirects from one origin (scheme, host, port) to the same path of another:
`confirmed_at` once a site has moved there, and not one page of it."""

pages = Table(
    "pages",
    metadata,
    Column("id", Number, primary_key=True),
    Column("url_id", Number, ForeignKey("urls.id"), nullable=False),
    Column("url", Text, nullable=False),
    Column("source", String(64), nullable=False),
    Column("fetched_at", Moment, nullable=False),
    Column("status", Integer, nullable=False),
    Column("content_type", Text, nullable=False, server_default=""),
    Column("body_checksum", String(80), nullable=False, server_default=""),
    Column("body_bytes", Integer, nullable=False, server_default="0"),
    Column("hints", JSON, nullable=False),
    Column("archive_file", String(255), nullable=False),
    Column("archive_offset", BigInteger, nullable=False),
    Column("archive_length", BigInteger, nullable=False),
    Index("ix_pages_url_id", "url_id"),
    Index("ix_pages_place", "archive_file", "archive_offset"),
)
"""Every HTTP response as archived: articles, endpoints, redirects, 304, errors."""

documents = Table(
    "documents",
    metadata,
    Column("id", String(17), primary_key=True),
    Column("source", String(64), ForeignKey("sources.name"), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("url", Text, nullable=False),
    Column("first_seen_at", Moment, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("reading_id", Number, nullable=False),
    Column("cluster_id", String(17), nullable=False, server_default=""),
    Column("version", BigInteger, nullable=False),
    Column("deleted_at", Moment),
    Column("withdrawn_at", Moment),
    Column("merged_into", String(17), nullable=False, server_default=""),
    Index("ix_documents_source", "source"),
    Index("ix_documents_cluster_id", "cluster_id"),
    Index("ix_documents_version", "version"),
    Index(
        "ix_documents_merged_into",
        "merged_into",
        sqlite_where=text("merged_into <> ''"),
        postgresql_where=text("merged_into <> ''"),
    ),
)
"""`reading_id` is the newest reading of the newest revision. `version` comes
from one counter for the whole store (`counters`), so it also orders changes.
`withdrawn_at`: its page was not there any more at two visits; everything stays.
`merged_into`: the older document that turned out to be the same; this one is deleted,
and its id leads there."""

counters = Table(
    "counters",
    metadata,
    Column("name", String(32), primary_key=True),
    Column("value", BigInteger, nullable=False),
)

document_urls = Table(
    "document_urls",
    metadata,
    Column("url_key", Text, primary_key=True),
    Column("document_id", String(17), ForeignKey("documents.id"), nullable=False),
    Column("relation", String(16), nullable=False),
    Index("ix_document_urls_document_id", "document_id"),
)
"""Every URL key that leads to a document. relation: first | canonical |
redirect | page."""

revisions = Table(
    "revisions",
    metadata,
    Column("document_id", String(17), ForeignKey("documents.id"), nullable=False),
    Column("number", Integer, nullable=False),
    Column("page_id", Number, ForeignKey("pages.id"), nullable=False),
    Column("reading_id", Number, nullable=False),
    Column("text_checksum", String(80), nullable=False),
    Column("changes", JSON),
    Column("created_at", Moment, nullable=False),
    PrimaryKeyConstraint("document_id", "number"),
)
"""`reading_id` is the newest reading of that revision's page; `changes`, what it made
of the revision before (`pipeline.differences`), null in a first one."""

readings = Table(
    "readings",
    metadata,
    Column("id", Number, primary_key=True),
    Column("page_id", Number, ForeignKey("pages.id"), nullable=False),
    Column("document_id", String(17), nullable=False),
    Column("revision", Integer, nullable=False),
    Column("extractor", String(64), nullable=False),
    Column("title", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("text_checksum", String(80), nullable=False),
    Column("authors", JSON, nullable=False),
    Column("published_at", Moment),
    Column("published_precision", String(8), nullable=False),
    Column("published_from", String(16), nullable=False, server_default=""),
    Column("published_zone", String(40), nullable=False, server_default=""),
    Column("modified_at", Moment),
    Column("modified_precision", String(8), nullable=False, server_default="none"),
    Column("modified_from", String(16), nullable=False, server_default=""),
    Column("modified_zone", String(40), nullable=False, server_default=""),
    Column("date_flags", JSON),
    Column("tags", JSON),
    Column("image_url", Text, nullable=False, server_default=""),
    Column("text_choice", JSON),
    Column("section", Text, nullable=False, server_default=""),
    Column("canonical_url", Text, nullable=False, server_default=""),
    Column("declared_language", String(35), nullable=False, server_default=""),
    Column("alternates", JSON),
    Column("language", String(35), nullable=False, server_default=""),
    Column("language_confidence", Float),
    Column("language_alternatives", JSON, nullable=False),
    Column("identifier", String(64), nullable=False, server_default=""),
    Column("created_at", Moment, nullable=False),
    UniqueConstraint("page_id", "extractor"),
    Index("ix_readings_document_id", "document_id", "revision"),
)
"""`extractor` and `identifier` name a version too; `language` is "" until identified.
`alternates`, `date_flags`, `tags` and `text_choice` are null where nobody looked."""

boilerplate = Table(
    "boilerplate",
    metadata,
    Column("source", String(64), ForeignKey("sources.name"), primary_key=True),
    Column("version", Integer, nullable=False),
    Column("lines", JSON, nullable=False),
    Column("documents", Integer, nullable=False),
    Column("learned_at", Moment, nullable=False),
)
"""Lines that a source's pages have in common, learned from so many documents. The
version counts how often the lines changed; it is part of a reading's `extractor`."""

segments = Table(
    "segments",
    metadata,
    Column("reading_id", Number, ForeignKey("readings.id"), nullable=False),
    Column("position", Integer, nullable=False),
    Column("field", String(8), nullable=False),
    Column("start", Integer, nullable=False),
    Column("end", Integer, nullable=False),
    Column("checksum", String(32), nullable=False),
    Column("language", String(35), nullable=False, server_default=""),
    PrimaryKeyConstraint("reading_id", "position"),
    Index("ix_segments_checksum", "checksum"),
)
"""Offsets into the reading's title or text, in code points; `checksum` is of the
normalised text, as in `memory`; `language` is "" where it is the document's."""

translations = Table(
    "translations",
    metadata,
    Column("reading_id", Number, ForeignKey("readings.id"), nullable=False),
    Column("target", String(35), nullable=False),
    Column("status", String(16), nullable=False),
    Column("reason", Text, nullable=False, server_default=""),
    Column("recipe", String(16), nullable=False, server_default=""),
    Column("updated_at", Moment, nullable=False),
    PrimaryKeyConstraint("reading_id", "target"),
    Index("ix_translations_recipe", "target", "recipe", "reading_id"),
)
"""`recipe` names what the chain would use for the pair at that time: a translation
whose recipe is another one today is outdated."""

origins = Table(
    "origins",
    metadata,
    Column("id", Number, primary_key=True),
    Column("engine", String(64), nullable=False),
    Column("model", Text, nullable=False),
    Column("version", Text, nullable=False),
    Column("licence", Text, nullable=False),
    Column("parameters", Text, nullable=False),
    UniqueConstraint("engine", "model", "version", "licence", "parameters"),
)
"""Who or what made translations."""

segment_translations = Table(
    "segment_translations",
    metadata,
    Column("id", Number, primary_key=True),
    Column("source_language", String(35), nullable=False),
    Column("target_language", String(35), nullable=False),
    Column("checksum", String(32), nullable=False),
    Column("recipe", String(16), nullable=False),
    Column("origin_id", Number, ForeignKey("origins.id"), nullable=False),
    Column("text", Text, nullable=False),
    Column("flags", JSON, nullable=False),
    Column("created_at", Moment, nullable=False),
    UniqueConstraint(
        "checksum",
        "target_language",
        "source_language",
        "recipe",
        name="uq_segment_translations_key",  # PostgreSQL takes 63 characters
    ),
)
"""One translation of one segment's text; never changed. Equal segments share it,
whichever documents they stand in, and nothing is translated twice by one recipe."""

translated_segments = Table(
    "translated_segments",
    metadata,
    Column("reading_id", Number, ForeignKey("readings.id"), nullable=False),
    Column("target", String(35), nullable=False),
    Column("position", Integer, nullable=False),
    Column(
        "translation_id", Number, ForeignKey("segment_translations.id"), nullable=False
    ),
    PrimaryKeyConstraint("reading_id", "target", "position"),
)
"""Which translation stands beside which segment."""

memory = Table(
    "memory",
    metadata,
    Column("source_language", String(35), nullable=False),
    Column("target_language", String(35), nullable=False),
    Column("checksum", String(32), nullable=False),
    Column("source_text", Text, nullable=False),
    Column("target_text", Text, nullable=False),
    Column("origin", Text, nullable=False, server_default=""),
    Column("created_at", Moment, nullable=False),
    PrimaryKeyConstraint("source_language", "target_language", "checksum"),
)
"""Saved translations; `checksum` is of the normalised source segment."""

corrections = Table(
    "corrections",
    metadata,
    Column("id", Number, primary_key=True),
    Column("document_id", String(17), nullable=False, server_default=""),
    Column("source_language", String(35), nullable=False),
    Column("target_language", String(35), nullable=False),
    Column("checksum", String(32), nullable=False),
    Column("source_text", Text, nullable=False),
    Column("target_text", Text, nullable=False),
    Column("author", Text, nullable=False, server_default=""),
    Column("created_at", Moment, nullable=False),
    Column("undone_at", Moment),
    Index("ix_corrections_checksum", "checksum", "target_language"),
)
"""What people said a segment means: in one document, or (`document_id` empty)
everywhere. The newest that is not undone holds, the document's own first."""

translation_counts = Table(
    "translation_counts",
    metadata,
    Column("day", String(10), nullable=False),
    Column("source_language", String(35), nullable=False),
    Column("target_language", String(35), nullable=False),
    Column("origin_id", Number, ForeignKey("origins.id"), nullable=False),
    Column("segments", BigInteger, nullable=False),
    Column("flagged", BigInteger, nullable=False),
    PrimaryKeyConstraint("day", "source_language", "target_language", "origin_id"),
)
"""New machine translations a day (ISO date, UTC), and how many a check flagged."""

engine_usage = Table(
    "engine_usage",
    metadata,
    Column("day", String(10), nullable=False),
    Column("engine", String(64), nullable=False),
    Column("requests", BigInteger, nullable=False),
    Column("characters", BigInteger, nullable=False),
    Column("input_tokens", BigInteger, nullable=False),
    Column("output_tokens", BigInteger, nullable=False),
    PrimaryKeyConstraint("day", "engine"),
)
"""What servers were asked a day (ISO date, UTC): what a bill is made of."""

fingerprint_sets = Table(
    "fingerprint_sets",
    metadata,
    Column("number", Number, primary_key=True),
    Column("document_id", String(17), nullable=False),
    Column("reading_id", Number, nullable=False),
    Column("level", Integer, nullable=False),
    Column("hashes", LargeBinary, nullable=False),
    Column("numbers", LargeBinary, nullable=False),
    UniqueConstraint("document_id"),
)
"""Fingerprints of a document's newest clustered reading, six bytes each
(`pipeline.fingerprints`). Under the document's short `number` they are found."""

fingerprints = Table(
    "fingerprints",
    metadata,
    Column("fingerprint", BigInteger, nullable=False, autoincrement=False),
    Column("number", Number, nullable=False),
    PrimaryKeyConstraint("fingerprint", "number"),
    sqlite_with_rowid=False,
)
"""Which documents have a fingerprint: up to as many as make it boilerplate."""

work = Table(
    "work",
    metadata,
    Column("stage", String(16), nullable=False),
    Column("item", Number, nullable=False),
    Column("input_version", String(64), nullable=False, server_default=""),
    Column("state", String(8), nullable=False),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("claimed_by", String(64), nullable=False, server_default=""),
    Column("lease_until", Moment),
    Column("due_at", Moment, nullable=False),
    Column("priority", Integer, nullable=False, server_default="0"),
    Column("reason", Text, nullable=False, server_default=""),
    Column("detail", Text, nullable=False, server_default=""),
    PrimaryKeyConstraint("stage", "item"),
    Index("ix_work_stage_state", "stage", "state", "priority", "item"),
)
"""state: due | claimed | done | waiting | dead. `item` is a page's id for
`extract`, a reading's for the others; the higher `priority` goes first, then the
newer item. `claimed_by` is new with every claim: a late writer's does not match any
more (P6)."""

index_state = Table(
    "index_state",
    metadata,
    Column("engine", String(32), nullable=False),
    Column("generation", String(64), nullable=False),
    Column("document_id", String(17), nullable=False),
    Column("version", BigInteger, nullable=False),
    Column("checksum", String(80), nullable=False),
    Column("refused", Text, nullable=False, server_default=""),
    PrimaryKeyConstraint("engine", "generation", "document_id"),
)
"""Written after the engine acknowledged; the backlog is where it differs. No checksum:
not held, because it was deleted or, with the reason in `refused`, set aside."""

runs = Table(
    "runs",
    metadata,
    Column("id", Number, primary_key=True),
    Column("source", String(64), nullable=False),
    Column("started_at", Moment, nullable=False),
    Column("finished_at", Moment),
    Column("state", String(16), nullable=False),
    Column("counts", JSON, nullable=False),
    Column("reason", Text, nullable=False, server_default=""),
    Column("capped", Boolean, nullable=False, server_default=text("false")),
    Index("ix_runs_source", "source", "started_at"),
)
"""One crawl of one source, with its balance. state: running | done |
interrupted | failed."""
