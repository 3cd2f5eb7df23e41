"""What lies in the archive's files beside the records that the store knows.

The store may be older than the archive, never newer: a record that it does not
know is an orphan, left by a crash between the two, and its page is fetched again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from pipeline.archive import SUFFIX, ArchiveProblem, is_being_written, scan
from pipeline.documents import WarcPlace

State = Literal["", "missing", "unknown", "being_written"]


@dataclass(kw_only=True)
class FileStock:
    """One file of the archive.

    Attributes:
        name: Of the file.
        state: `missing`; `unknown`, where the store knows no record of it;
            `being_written` by a living process: what its end holds is not yet counted.
        records: That the store knows.
        orphans: Complete records that it does not know.
        torn_bytes: After the last complete record; the next crawl cuts them off.
        problems: Bytes before the last record that are no record.
    """

    name: str
    state: State = ""
    records: int = 0
    orphans: int = 0
    torn_bytes: int = 0
    problems: list[ArchiveProblem] = field(default_factory=list)


def take_stock(folder: Path, name: str, known: Iterable[WarcPlace]) -> FileStock:
    """Looks through a file for what the store does not know of it.

    Args:
        folder: Of the archive.
        name: Of the file, which need not exist.
        known: The store's records in it, in their order. They are passed over, as
            `verify` reads them.
    """
    path = folder / name
    stock = FileStock(name=name)
    exists = path.exists()
    at = 0
    for place in known:
        stock.records += 1
        if exists and place.offset > at:
            _look_between(path, at, place.offset, stock)
        at = max(at, place.offset + place.length)
    if not exists:
        stock.state = "missing"
    elif is_being_written(path):
        stock.state = "being_written"
    else:
        _look_behind(path, at, stock)
        stock.state = "" if stock.records else "unknown"
    return stock


def unknown_files(folder: Path, known: Iterable[str]) -> Iterator[str]:
    """Archive files in the folder that the store has no record in, by name."""
    names = set(known)
    found = sorted(path.name for path in folder.glob(f"*{SUFFIX}"))
    return (name for name in found if name not in names)


def other_files(folder: Path) -> list[str]:
    """What else lies in the archive's folder, by name."""
    if not folder.exists():
        return []
    return sorted(p.name for p in folder.iterdir() if not p.name.endswith(SUFFIX))


def _look_between(path: Path, start: int, end: int, stock: FileStock) -> None:
    reached = start
    for place in scan(path, start):
        if place.offset + place.length > end:
            break
        reached = place.offset + place.length
        stock.orphans += place.offset > 0  # the first record describes the file
    if reached < end:
        text = f"{end - reached} bytes that are no record"
        stock.problems.append(ArchiveProblem(file=path.name, offset=reached, text=text))


def _look_behind(path: Path, start: int, stock: FileStock) -> None:
    reached = start
    for place in scan(path, start):
        reached = place.offset + place.length
        stock.orphans += place.offset > 0
    stock.torn_bytes = max(0, path.stat().st_size - reached)
