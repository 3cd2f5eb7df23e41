"""The tables of those who work at the desk; `pipeline.store` imports them."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Index, String, Table, Text

from pipeline.store.tables import Moment, Number, metadata

users = Table(
    "users",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("role", String(8), nullable=False),
    Column("password_hash", Text, nullable=False),
    Column("created_at", Moment, nullable=False),
)
"""role: reader | editor | admin. `password_hash`: argon2id, with its parameters."""

sessions = Table(
    "sessions",
    metadata,
    Column("token_checksum", String(71), primary_key=True),
    Column(
        "user_name",
        String(64),
        ForeignKey("users.name", ondelete="CASCADE"),
        nullable=False,
    ),
    Column("kind", String(8), nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("used_at", Moment, nullable=False),
    Column("expires_at", Moment, nullable=False),
    Index("ix_sessions_user_name", "user_name"),
)
"""kind: browser | token. The token itself is not kept: who reads the table can not use
it."""

desk_log = Table(
    "desk_log",
    metadata,
    Column("id", Number, primary_key=True),
    Column("at", Moment, nullable=False),
    Column("actor", String(64), nullable=False),
    Column("action", String(32), nullable=False),
    Column("detail", Text, nullable=False, server_default=""),
    Index("ix_desk_log_at", "at"),
)
"""Who passed on or changed what. Searches are not logged."""
