"""Writes what a search found to files, and no more than each source's rights allow.

`released` holds every document against its source's rights; what comes out of it goes
to one of the writers, a document at a time: `tables` (CSV, JSON Lines), `spreadsheet`
(XLSX), `segments` (TMX) and `records` (WARC).
"""

from babelwire.exports.released import Released, Report, release
from babelwire.exports.tables import (
    COLUMNS,
    harmless,
    write_csv,
    write_json_lines,
)

__all__ = [
    "COLUMNS",
    "Released",
    "Report",
    "harmless",
    "release",
    "write_csv",
    "write_json_lines",
]
