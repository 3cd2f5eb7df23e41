"""Lists a workspace's snapshots, and tells what is in one."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from babelwire.snapshots.contract import Head
from babelwire.snapshots.files import Checksums, read_checksums, read_head, read_records
from pipeline.errors import InputError


@dataclass(frozen=True, kw_only=True)
class Listed:
    """The snapshots of a folder, by name; and what is wrong with the others."""

    heads: tuple[Head, ...]
    problems: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Summary:
    """What is in a snapshot.

    Attributes:
        head: Its first line.
        documents: In the file.
        sources: Documents of each source, most first.
        translations: Documents of each status of translation, most first.
        checksums: In its last line, and of its content.
    """

    head: Head
    documents: int
    sources: dict[str, int]
    translations: dict[str, int]
    checksums: Checksums

    def to_json(self) -> dict[str, Any]:
        """The JSON document of `snapshot show`."""
        return {
            **asdict(self.head),
            "documents": self.documents,
            "sources": self.sources,
            "translations": self.translations,
            "checksum": self.checksums.told,
            "intact": self.checksums.hold,
        }


def list_snapshots(folder: Path) -> Listed:
    """Every `NAME.json` of a folder; of each file only the first line is read."""
    heads, problems = [], []
    for path in sorted(folder.glob("*.json")):
        try:
            heads.append(read_head(path))
        except InputError as error:
            problems.append(str(error))
    return Listed(heads=tuple(heads), problems=tuple(problems))


def summarise(path: Path) -> Summary:
    """What is in a snapshot, read in flat memory.

    Raises:
        InputError: It is no snapshot of schema 1.
    """
    head, checksums = read_head(path), read_checksums(path)
    sources: Counter[str] = Counter()
    translations: Counter[str] = Counter()
    for record in read_records(path):
        sources[record.source] += 1
        translations[record.translation.status] += 1
    return Summary(
        head=head,
        documents=sources.total(),
        sources=dict(sources.most_common()),
        translations=dict(translations.most_common()),
        checksums=checksums,
    )


def find_snapshot(folder: Path, reference: str) -> Path:
    """The file that a name of a snapshot in `folder`, or a path, means.

    Raises:
        InputError: There is none.
    """
    from babelwire.snapshots.contract import NAME

    named = folder / f"{reference}.json"
    if NAME.fullmatch(reference) and named.is_file():
        return named
    path = Path(reference)
    if path.is_file():
        return path
    raise InputError(
        f'no snapshot "{reference}" in {folder}, and no such file; '
        '"babelwire snapshot list" names them'
    )
