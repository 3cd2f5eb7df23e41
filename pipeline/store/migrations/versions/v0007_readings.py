"""What a page says of its times, and whose text was taken; boilerplate by source."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Adds columns and a table; earlier readings have none of it."""
    for name, size in (
        ("published_zone", 40),
        ("modified_from", 16),
        ("modified_zone", 40),
    ):
        op.add_column("readings", _text(name, size))
    op.add_column("readings", sa.Column("modified_at", MOMENT, nullable=True))
    op.add_column("readings", _text("modified_precision", 8, "none"))
    op.add_column(
        "readings",
        sa.Column("image_url", sa.Text(), nullable=False, server_default=""),
    )
    for name in ("date_flags", "tags", "text_choice"):
        op.add_column("readings", sa.Column(name, sa.JSON(), nullable=True))
    op.add_column("segments", _text("language", 35))
    op.add_column("revisions", sa.Column("changes", sa.JSON(), nullable=True))
    op.add_column("documents", _text("merged_into", 17))
    op.create_index(
        "ix_documents_merged_into",
        "documents",
        ["merged_into"],
        sqlite_where=sa.text("merged_into <> ''"),
        postgresql_where=sa.text("merged_into <> ''"),
    )
    op.create_table(
        "boilerplate",
        sa.Column("source", sa.String(64), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("lines", sa.JSON(), nullable=False),
        sa.Column("documents", sa.Integer(), nullable=False),
        sa.Column("learned_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["source"], ["sources.name"], name="fk_boilerplate_source_sources"
        ),
        sa.PrimaryKeyConstraint("source", name="pk_boilerplate"),
    )
    _renew_fingerprints()


def _renew_fingerprints() -> None:
    """Another way to take them: the stage makes them anew from the texts."""
    number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.drop_table("fingerprints")
    op.drop_table("fingerprint_sets")
    op.create_table(
        "fingerprint_sets",
        sa.Column("number", number, nullable=False),
        sa.Column("document_id", sa.String(17), nullable=False),
        sa.Column("reading_id", number, nullable=False),
        sa.Column("level", sa.Integer(), nullable=False),
        sa.Column("hashes", sa.LargeBinary(), nullable=False),
        sa.Column("numbers", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_fingerprint_sets"),
        sa.UniqueConstraint("document_id", name="uq_fingerprint_sets_document_id"),
    )
    op.create_table(
        "fingerprints",
        sa.Column("fingerprint", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("number", number, nullable=False),
        sa.PrimaryKeyConstraint("fingerprint", "number", name="pk_fingerprints"),
        sqlite_with_rowid=False,
    )


def _text(name: str, size: int, default: str = "") -> sa.Column[str]:
    return sa.Column(name, sa.String(size), nullable=False, server_default=default)
