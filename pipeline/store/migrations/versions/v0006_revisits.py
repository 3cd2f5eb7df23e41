"""What endpoints bring, pages that are gone, and sites that moved."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Adds columns, and widens an index; endpoints are learned from now on."""
    for name in ("found", "found_before", "idle_reads", "missing_visits"):
        op.add_column(
            "urls", sa.Column(name, sa.Integer(), nullable=False, server_default="0")
        )
    op.add_column("urls", sa.Column("new_per_day", sa.Float(), nullable=True))
    op.add_column("documents", sa.Column("withdrawn_at", MOMENT, nullable=True))
    # With what a run counts by in the index, it need not look at a million rows.
    op.drop_index("ix_urls_due", table_name="urls")
    op.create_index(
        "ix_urls_due",
        "urls",
        ["host", "due_at", "source", "role"],
        sqlite_where=sa.text("due_at IS NOT NULL"),
        postgresql_where=sa.text("due_at IS NOT NULL"),
    )
    op.create_table(
        "origin_moves",
        sa.Column("source", sa.String(64), nullable=False),
        sa.Column("from_origin", sa.String(300), nullable=False),
        sa.Column("to_origin", sa.String(300), nullable=False),
        sa.Column("seen", sa.Integer(), nullable=False),
        sa.Column("first_at", MOMENT, nullable=False),
        sa.Column("confirmed_at", MOMENT, nullable=True),
        sa.ForeignKeyConstraint(
            ["source"], ["sources.name"], name="fk_origin_moves_source_sources"
        ),
        sa.PrimaryKeyConstraint(
            "source", "from_origin", "to_origin", name="pk_origin_moves"
        ),
    )
