"""The first tables."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "corrections",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column(
            "document_id", sa.String(length=17), server_default="", nullable=False
        ),
        sa.Column("source_language", sa.String(length=35), nullable=False),
        sa.Column("target_language", sa.String(length=35), nullable=False),
        sa.Column("checksum", sa.String(length=32), nullable=False),
        sa.Column("source_text", sa.Text(), nullable=False),
        sa.Column("target_text", sa.Text(), nullable=False),
        sa.Column("author", sa.Text(), server_default="", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_corrections")),
    )
    op.create_index(
        "ix_corrections_checksum",
        "corrections",
        ["checksum", "target_language"],
        unique=False,
    )
    op.create_table(
        "counters",
        sa.Column("name", sa.String(length=32), nullable=False),
        sa.Column("value", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_counters")),
    )
    op.create_table(
        "engine_usage",
        sa.Column("day", sa.String(length=10), nullable=False),
        sa.Column("engine", sa.String(length=64), nullable=False),
        sa.Column("requests", sa.BigInteger(), nullable=False),
        sa.Column("characters", sa.BigInteger(), nullable=False),
        sa.Column("input_tokens", sa.BigInteger(), nullable=False),
        sa.Column("output_tokens", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("day", "engine", name=op.f("pk_engine_usage")),
    )
    op.create_table(
        "fingerprint_sets",
        sa.Column("document_id", sa.String(length=17), nullable=False),
        sa.Column("reading_id", NUMBER, nullable=False),
        sa.Column("fingerprints", sa.JSON(), nullable=False),
        sa.Column("numbers", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("document_id", name=op.f("pk_fingerprint_sets")),
    )
    op.create_table(
        "fingerprints",
        sa.Column("fingerprint", sa.BigInteger(), nullable=False),
        sa.Column("document_id", sa.String(length=17), nullable=False),
        sa.PrimaryKeyConstraint(
            "fingerprint", "document_id", name=op.f("pk_fingerprints")
        ),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "ix_fingerprints_document_id", "fingerprints", ["document_id"], unique=False
    )
    op.create_table(
        "hosts",
        sa.Column("host", sa.String(length=260), nullable=False),
        sa.Column("not_before_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("failures", sa.Integer(), server_default="0", nullable=False),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("host", name=op.f("pk_hosts")),
    )
    op.create_table(
        "index_state",
        sa.Column("engine", sa.String(length=32), nullable=False),
        sa.Column("generation", sa.String(length=64), nullable=False),
        sa.Column("document_id", sa.String(length=17), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("checksum", sa.String(length=80), nullable=False),
        sa.Column("refused", sa.Text(), server_default="", nullable=False),
        sa.PrimaryKeyConstraint(
            "engine", "generation", "document_id", name=op.f("pk_index_state")
        ),
    )
    op.create_table(
        "memory",
        sa.Column("source_language", sa.String(length=35), nullable=False),
        sa.Column("target_language", sa.String(length=35), nullable=False),
        sa.Column("checksum", sa.String(length=32), nullable=False),
        sa.Column("source_text", sa.Text(), nullable=False),
        sa.Column("target_text", sa.Text(), nullable=False),
        sa.Column("origin", sa.Text(), server_default="", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint(
            "source_language", "target_language", "checksum", name=op.f("pk_memory")
        ),
    )
    op.create_table(
        "origins",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("engine", sa.String(length=64), nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("licence", sa.Text(), nullable=False),
        sa.Column("parameters", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_origins")),
        sa.UniqueConstraint(
            "engine",
            "model",
            "version",
            "licence",
            "parameters",
            name=op.f("uq_origins_engine_model_version_licence_parameters"),
        ),
    )
    op.create_table(
        "robots",
        sa.Column("origin", sa.String(length=300), nullable=False),
        sa.Column("fetched_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("body", sa.Text(), server_default="", nullable=False),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("origin", name=op.f("pk_robots")),
    )
    op.create_table(
        "runs",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("source", sa.String(length=64), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("counts", sa.JSON(), nullable=False),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column(
            "capped", sa.Boolean(), server_default=sa.text("false"), nullable=False
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_runs")),
    )
    op.create_index("ix_runs_source", "runs", ["source", "started_at"], unique=False)
    op.create_table(
        "sources",
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("publisher", sa.Text(), nullable=False),
        sa.Column("country", sa.String(length=2), server_default="", nullable=False),
        sa.Column("owner", sa.Text(), server_default="", nullable=False),
        sa.Column("audience", sa.JSON(), nullable=False),
        sa.Column(
            "rights", sa.String(length=16), server_default="full", nullable=False
        ),
        sa.Column("first_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("removed_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_sources")),
    )
    op.create_table(
        "work",
        sa.Column("stage", sa.String(length=16), nullable=False),
        sa.Column("item", NUMBER, nullable=False),
        sa.Column(
            "input_version", sa.String(length=64), server_default="", nullable=False
        ),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column(
            "claimed_by", sa.String(length=64), server_default="", nullable=False
        ),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("priority", sa.Integer(), server_default="0", nullable=False),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column("detail", sa.Text(), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("stage", "item", name=op.f("pk_work")),
    )
    op.create_index(
        "ix_work_stage_state",
        "work",
        ["stage", "state", "priority", "item"],
        unique=False,
    )
    op.create_table(
        "documents",
        sa.Column("id", sa.String(length=17), nullable=False),
        sa.Column("source", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("first_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("reading_id", NUMBER, nullable=False),
        sa.Column(
            "cluster_id", sa.String(length=17), server_default="", nullable=False
        ),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["source"], ["sources.name"], name=op.f("fk_documents_source_sources")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_documents")),
    )
    op.create_index(
        "ix_documents_cluster_id", "documents", ["cluster_id"], unique=False
    )
    op.create_index("ix_documents_source", "documents", ["source"], unique=False)
    op.create_index("ix_documents_version", "documents", ["version"], unique=False)
    op.create_table(
        "segment_translations",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("source_language", sa.String(length=35), nullable=False),
        sa.Column("target_language", sa.String(length=35), nullable=False),
        sa.Column("checksum", sa.String(length=32), nullable=False),
        sa.Column("recipe", sa.String(length=16), nullable=False),
        sa.Column("origin_id", NUMBER, nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("flags", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["origin_id"],
            ["origins.id"],
            name=op.f("fk_segment_translations_origin_id_origins"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_segment_translations")),
        sa.UniqueConstraint(
            "checksum",
            "target_language",
            "source_language",
            "recipe",
            name="uq_segment_translations_key",
        ),
    )
    op.create_table(
        "translation_counts",
        sa.Column("day", sa.String(length=10), nullable=False),
        sa.Column("source_language", sa.String(length=35), nullable=False),
        sa.Column("target_language", sa.String(length=35), nullable=False),
        sa.Column("origin_id", NUMBER, nullable=False),
        sa.Column("segments", sa.BigInteger(), nullable=False),
        sa.Column("flagged", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["origin_id"],
            ["origins.id"],
            name=op.f("fk_translation_counts_origin_id_origins"),
        ),
        sa.PrimaryKeyConstraint(
            "day",
            "source_language",
            "target_language",
            "origin_id",
            name=op.f("pk_translation_counts"),
        ),
    )
    op.create_table(
        "urls",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("source", sa.String(length=64), nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column(
            "endpoint_kind", sa.String(length=16), server_default="", nullable=False
        ),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("url_key", sa.Text(), nullable=False),
        sa.Column("host", sa.String(length=260), nullable=False),
        sa.Column("parent_id", NUMBER, nullable=True),
        sa.Column("via", sa.String(length=16), server_default="", nullable=False),
        sa.Column("depth", sa.Integer(), server_default="0", nullable=False),
        sa.Column("hints", sa.JSON(), nullable=False),
        sa.Column("discovered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column(
            "outcome", sa.String(length=16), server_default="pending", nullable=False
        ),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column("etag", sa.Text(), server_default="", nullable=False),
        sa.Column("last_modified", sa.Text(), server_default="", nullable=False),
        sa.Column(
            "body_checksum", sa.String(length=80), server_default="", nullable=False
        ),
        sa.Column("visited_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("fetched_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("page_id", NUMBER, nullable=True),
        sa.Column("alias_of_key", sa.Text(), server_default="", nullable=False),
        sa.ForeignKeyConstraint(
            ["source"], ["sources.name"], name=op.f("fk_urls_source_sources")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_urls")),
    )
    op.create_index(
        "ix_urls_alias_of_key",
        "urls",
        ["alias_of_key"],
        unique=False,
        sqlite_where=sa.text("alias_of_key <> ''"),
        postgresql_where=sa.text("alias_of_key <> ''"),
    )
    op.create_index(
        "ix_urls_due",
        "urls",
        ["host", "due_at"],
        unique=False,
        sqlite_where=sa.text("due_at IS NOT NULL"),
        postgresql_where=sa.text("due_at IS NOT NULL"),
    )
    op.create_index(
        "ix_urls_source_outcome", "urls", ["source", "role", "outcome"], unique=False
    )
    op.create_index(
        "uq_urls_article",
        "urls",
        ["url_key"],
        unique=True,
        sqlite_where=sa.text("role = 'article'"),
        postgresql_where=sa.text("role = 'article'"),
    )
    op.create_index(
        "uq_urls_endpoint",
        "urls",
        ["source", "url_key"],
        unique=True,
        sqlite_where=sa.text("role = 'endpoint'"),
        postgresql_where=sa.text("role = 'endpoint'"),
    )
    op.create_table(
        "document_urls",
        sa.Column("url_key", sa.Text(), nullable=False),
        sa.Column("document_id", sa.String(length=17), nullable=False),
        sa.Column("relation", sa.String(length=16), nullable=False),
        sa.ForeignKeyConstraint(
            ["document_id"],
            ["documents.id"],
            name=op.f("fk_document_urls_document_id_documents"),
        ),
        sa.PrimaryKeyConstraint("url_key", name=op.f("pk_document_urls")),
    )
    op.create_index(
        "ix_document_urls_document_id", "document_urls", ["document_id"], unique=False
    )
    op.create_table(
        "pages",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("url_id", NUMBER, nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("source", sa.String(length=64), nullable=False),
        sa.Column("fetched_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("content_type", sa.Text(), server_default="", nullable=False),
        sa.Column(
            "body_checksum", sa.String(length=80), server_default="", nullable=False
        ),
        sa.Column("body_bytes", sa.Integer(), server_default="0", nullable=False),
        sa.Column("hints", sa.JSON(), nullable=False),
        sa.Column("archive_file", sa.String(length=255), nullable=False),
        sa.Column("archive_offset", sa.BigInteger(), nullable=False),
        sa.Column("archive_length", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["url_id"], ["urls.id"], name=op.f("fk_pages_url_id_urls")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pages")),
    )
    op.create_index(
        "ix_pages_place", "pages", ["archive_file", "archive_offset"], unique=False
    )
    op.create_index("ix_pages_url_id", "pages", ["url_id"], unique=False)
    op.create_table(
        "readings",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("page_id", NUMBER, nullable=False),
        sa.Column("document_id", sa.String(length=17), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("extractor", sa.String(length=64), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("text_checksum", sa.String(length=80), nullable=False),
        sa.Column("authors", sa.JSON(), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("published_precision", sa.String(length=8), nullable=False),
        sa.Column(
            "published_from", sa.String(length=16), server_default="", nullable=False
        ),
        sa.Column("section", sa.Text(), server_default="", nullable=False),
        sa.Column("canonical_url", sa.Text(), server_default="", nullable=False),
        sa.Column(
            "declared_language", sa.String(length=35), server_default="", nullable=False
        ),
        sa.Column("language", sa.String(length=35), server_default="", nullable=False),
        sa.Column("language_confidence", sa.Float(), nullable=True),
        sa.Column("language_alternatives", sa.JSON(), nullable=False),
        sa.Column(
            "identifier", sa.String(length=64), server_default="", nullable=False
        ),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["page_id"], ["pages.id"], name=op.f("fk_readings_page_id_pages")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_readings")),
        sa.UniqueConstraint(
            "page_id", "extractor", name=op.f("uq_readings_page_id_extractor")
        ),
    )
    op.create_index(
        "ix_readings_document_id", "readings", ["document_id", "revision"], unique=False
    )
    op.create_table(
        "revisions",
        sa.Column("document_id", sa.String(length=17), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("page_id", NUMBER, nullable=False),
        sa.Column("reading_id", NUMBER, nullable=False),
        sa.Column("text_checksum", sa.String(length=80), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["document_id"],
            ["documents.id"],
            name=op.f("fk_revisions_document_id_documents"),
        ),
        sa.ForeignKeyConstraint(
            ["page_id"], ["pages.id"], name=op.f("fk_revisions_page_id_pages")
        ),
        sa.PrimaryKeyConstraint("document_id", "number", name=op.f("pk_revisions")),
    )
    op.create_table(
        "segments",
        sa.Column("reading_id", NUMBER, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("field", sa.String(length=8), nullable=False),
        sa.Column("start", sa.Integer(), nullable=False),
        sa.Column("end", sa.Integer(), nullable=False),
        sa.Column("checksum", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(
            ["reading_id"],
            ["readings.id"],
            name=op.f("fk_segments_reading_id_readings"),
        ),
        sa.PrimaryKeyConstraint("reading_id", "position", name=op.f("pk_segments")),
    )
    op.create_index("ix_segments_checksum", "segments", ["checksum"], unique=False)
    op.create_table(
        "translated_segments",
        sa.Column("reading_id", NUMBER, nullable=False),
        sa.Column("target", sa.String(length=35), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("translation_id", NUMBER, nullable=False),
        sa.ForeignKeyConstraint(
            ["reading_id"],
            ["readings.id"],
            name=op.f("fk_translated_segments_reading_id_readings"),
        ),
        sa.ForeignKeyConstraint(
            ["translation_id"],
            ["segment_translations.id"],
            name=op.f("fk_translated_segments_translation_id_segment_translations"),
        ),
        sa.PrimaryKeyConstraint(
            "reading_id", "target", "position", name=op.f("pk_translated_segments")
        ),
    )
    op.create_table(
        "translations",
        sa.Column("reading_id", NUMBER, nullable=False),
        sa.Column("target", sa.String(length=35), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column("recipe", sa.String(length=16), server_default="", nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["reading_id"],
            ["readings.id"],
            name=op.f("fk_translations_reading_id_readings"),
        ),
        sa.PrimaryKeyConstraint("reading_id", "target", name=op.f("pk_translations")),
    )
    op.create_index(
        "ix_translations_recipe",
        "translations",
        ["target", "recipe", "reading_id"],
        unique=False,
    )
