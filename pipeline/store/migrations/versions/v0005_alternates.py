"""Editions in other languages that a page declares."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Adds a column; pages read before have none until they are read again."""
    op.add_column("readings", sa.Column("alternates", sa.JSON(), nullable=True))
