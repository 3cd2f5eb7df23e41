"""What endpoints bring, pages that are gone, and sites that moved."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Adds columns; what was learned of endpoints begins anew."""
    for name in ("found", "found_before", "idle_reads", "missing_visits"):
        op.add_column(
            "urls", sa.Column(name, sa.Integer(), nullable=False, server_default="0")
        )
    op.add_column("urls", sa.Column("new_per_day", sa.Float(), nullable=True))
    op.add_column("documents", sa.Column("withdrawn_at", MOMENT, nullable=True))
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
