"""The tables of press reviews; `pipeline.store` imports them with the others."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from pipeline.store.tables import Moment, Number, metadata

reviews = Table(
    "reviews",
    metadata,
    Column("id", Number, primary_key=True),
    Column("title", Text, nullable=False),
    Column("day", String(10), nullable=False),
    Column("query", Text, nullable=False, server_default=""),
    Column("status", String(8), nullable=False),
    Column("version", Integer, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("updated_at", Moment, nullable=False),
    Column("sent_at", Moment),
    sqlite_autoincrement=True,
)
"""status: draft | approved | sent. Each change raises `version` by one. An id is
never given twice: the log still names reviews that were deleted."""

review_sections = Table(
    "review_sections",
    metadata,
    Column("id", Number, primary_key=True),
    Column("review_id", Number, ForeignKey("reviews.id"), nullable=False),
    Column("place", Integer, nullable=False),
    Column("heading", Text, nullable=False),
    Column("intro", Text, nullable=False, server_default=""),
    Index("ix_review_sections_review_id", "review_id", "place"),
)
"""`place` counts from 0 without gaps, as it does in `review_items`."""

review_items = Table(
    "review_items",
    metadata,
    Column("id", Number, primary_key=True),
    Column("review_id", Number, ForeignKey("reviews.id"), nullable=False),
    Column("section_id", Number, ForeignKey("review_sections.id"), nullable=False),
    Column("place", Integer, nullable=False),
    Column("document_id", String(17), nullable=False),
    Column("revision", Integer, nullable=False),
    Column("passage", JSON, nullable=False),
    Column("summary", Text, nullable=False),
    Column("summary_language", String(35), nullable=False),
    Column("summary_by", String(8), nullable=False),
    Column("summary_positions", JSON, nullable=False),
    Column("summary_origins", JSON, nullable=False),
    Column("note", Text, nullable=False),
    Column("tags", JSON, nullable=False),
    Column("also_in", JSON, nullable=False),
    UniqueConstraint("review_id", "document_id"),
    Index("ix_review_items_section_id", "section_id", "place"),
)
"""`passage`, `summary_positions`: segments of that revision. summary_by: original |
people | machine | edited (a machine's, changed by a person) | desk."""

review_files = Table(
    "review_files",
    metadata,
    Column("review_id", Number, ForeignKey("reviews.id"), nullable=False),
    Column("name", String(32), nullable=False),
    Column("content", LargeBinary, nullable=False),
    PrimaryKeyConstraint("review_id", "name"),
)
"""What was sent, byte for byte; never changed."""

review_log = Table(
    "review_log",
    metadata,
    Column("id", Number, primary_key=True),
    Column("review_id", Number, nullable=False),
    Column("at", Moment, nullable=False),
    Column("actor", Text, nullable=False),
    Column("action", String(16), nullable=False),
    Column("detail", Text, nullable=False, server_default=""),
    Index("ix_review_log_review_id", "review_id", "id"),
)
"""Who did what and when; outlives the review. action: created | cloned | edited |
approved | reopened | sent | deleted."""
