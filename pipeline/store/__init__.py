"""Everything Babelwire knows, in one database.

`database.open_database` gives a `Database`; the other modules are functions by
topic that take one open connection, so that a caller joins them in one
transaction: `with database.write() as connection: …`.
"""

from pipeline.store import contact_tables, desk_tables, review_tables
from pipeline.store.database import Database, open_database, sqlite_url

__all__ = [
    "Database",
    "contact_tables",
    "desk_tables",
    "open_database",
    "review_tables",
    "sqlite_url",
]
