"""Table of the hosts that were contacted."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, PrimaryKeyConstraint, String, Table

from pipeline.store.tables import Moment, metadata

contacts = Table(
    "contacts",
    metadata,
    Column("host", String(260), nullable=False),
    Column("purpose", String(16), nullable=False),
    Column("first_at", Moment, nullable=False),
    Column("last_at", Moment, nullable=False),
    Column("times", BigInteger, nullable=False),
    PrimaryKeyConstraint("host", "purpose"),
)
"""Every host that was ever contacted, with its port where that is not the scheme's own,
and why (`pipeline.contacts.Purpose`). Written before the first connection; `last_at` is
exact to an hour, `times` counts requests that a process lived to tell of."""
