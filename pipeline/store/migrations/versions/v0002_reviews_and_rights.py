"""Press reviews; all that a source's rights say."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Adds tables, and columns with what held before."""
    for column in (
        sa.Column(
            "excerpt_characters", sa.Integer(), server_default="300", nullable=False
        ),
        sa.Column("notice", sa.Text(), server_default="", nullable=False),
        sa.Column("pass_on_days", sa.Integer(), server_default="0", nullable=False),
    ):
        op.add_column("sources", column)
    op.create_table(
        "reviews",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("day", sa.String(length=10), nullable=False),
        sa.Column("query", sa.Text(), server_default="", nullable=False),
        sa.Column("status", sa.String(length=8), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reviews")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "review_sections",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("review_id", NUMBER, nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("heading", sa.Text(), nullable=False),
        sa.Column("intro", sa.Text(), server_default="", nullable=False),
        sa.ForeignKeyConstraint(
            ["review_id"],
            ["reviews.id"],
            name=op.f("fk_review_sections_review_id_reviews"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_review_sections")),
    )
    op.create_index(
        "ix_review_sections_review_id",
        "review_sections",
        ["review_id", "place"],
        unique=False,
    )
    op.create_table(
        "review_items",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("review_id", NUMBER, nullable=False),
        sa.Column("section_id", NUMBER, nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("document_id", sa.String(length=17), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("passage", sa.JSON(), nullable=False),
        sa.Column("summary", sa.Text(), nullable=False),
        sa.Column("summary_language", sa.String(length=35), nullable=False),
        sa.Column("summary_by", sa.String(length=8), nullable=False),
        sa.Column("summary_positions", sa.JSON(), nullable=False),
        sa.Column("summary_origins", sa.JSON(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("tags", sa.JSON(), nullable=False),
        sa.Column("also_in", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["review_id"],
            ["reviews.id"],
            name=op.f("fk_review_items_review_id_reviews"),
        ),
        sa.ForeignKeyConstraint(
            ["section_id"],
            ["review_sections.id"],
            name=op.f("fk_review_items_section_id_review_sections"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_review_items")),
        sa.UniqueConstraint(
            "review_id",
            "document_id",
            name=op.f("uq_review_items_review_id_document_id"),
        ),
    )
    op.create_index(
        "ix_review_items_section_id",
        "review_items",
        ["section_id", "place"],
        unique=False,
    )
    op.create_table(
        "review_files",
        sa.Column("review_id", NUMBER, nullable=False),
        sa.Column("name", sa.String(length=32), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["review_id"],
            ["reviews.id"],
            name=op.f("fk_review_files_review_id_reviews"),
        ),
        sa.PrimaryKeyConstraint("review_id", "name", name=op.f("pk_review_files")),
    )
    op.create_table(
        "review_log",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("review_id", NUMBER, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("action", sa.String(length=16), nullable=False),
        sa.Column("detail", sa.Text(), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_review_log")),
    )
    op.create_index(
        "ix_review_log_review_id", "review_log", ["review_id", "id"], unique=False
    )
