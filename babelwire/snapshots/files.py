r"""A snapshot as a file, `snapshots/NAME.json`: written and read line by line.

It is one JSON document (RFC 8259, UTF-8, lines end with a line feed alone)::

    {"schema":1,"kind":"snapshot",…,"sample":null,"documents":[
    {"id":"d…","revision":1,…},
    {"id":"d…","revision":3,…}
    ],
    "checksum":"sha256:…"}

The first line has every field of `contract.Head`, then each document has a line (of the
fields of `contract.Record`, in the export's order: time, then id), the last one without
a comma; without documents `],` follows the first line. Fields stand in the order of
their dataclasses, without blanks around `:` and `,`, and characters outside ASCII are
written as they are. **This is the canonical form: `checksum` is the SHA-256 of all
bytes before the last line**, so it is computed while the file is written, and whoever
has the file can check it without this program::

    sed '$d' NAME.json | sha256sum

A copy that was laid out anew (or given other line ends) is no longer the snapshot.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import IO, Any

from babelwire.snapshots.contract import NAME, Head, Record
from pipeline.errors import InputError

MAX_LINE_BYTES = 16 << 20
"""Of a file that is read: a hundred times the first line of a sample by publisher and
month, which has a share for each."""

_HEAD_END = b',"documents":[\n'
_LAST_START, _LAST_END = b'"checksum":"', b'"}\n'
_BEGINNING = re.compile(rb'\s*\{\s*"schema"\s*:\s*1\s*,\s*"kind"\s*:\s*"snapshot"')


@dataclass(frozen=True, kw_only=True)
class Checksums:
    """What a file says of itself, and what its content has."""

    told: str
    content: str

    @property
    def hold(self) -> bool:
        """Whether nobody changed the file."""
        return self.told == self.content


@dataclass(frozen=True, kw_only=True)
class Written:
    """A snapshot that was written."""

    path: Path
    documents: int
    checksum: str


def checked_name(name: str) -> str:
    """A name that may become a file's.

    Raises:
        InputError: It may not.
    """
    if NAME.fullmatch(name) is None:
        raise InputError(
            f'"{name}" is no name of a snapshot, expected lower-case letters, digits '
            "and hyphens, e.g. kazan-2024-06"
        )
    return name


def path_of(folder: Path, name: str) -> Path:
    """Where the snapshot of a name is, or would be.

    Raises:
        InputError: It is no name.
    """
    return folder / f"{checked_name(name)}.json"


def refuse_existing(path: Path) -> None:
    """A snapshot is never overwritten.

    Raises:
        InputError: There is one.
    """
    if path.exists():
        raise InputError(
            f"{path}: there is a snapshot already, and it is never overwritten; choose "
            "another name"
        )


def is_snapshot(path: Path) -> bool:
    """Whether a file begins as a snapshot does, even one that was laid out anew."""
    with path.open("rb") as file:
        return _BEGINNING.match(file.read(200)) is not None


def write_snapshot(path: Path, head: Head, records: Iterable[Record]) -> Written:
    """Writes a snapshot that appears only when it is whole, and never over another.

    Args:
        path: Its folder is made where there is none.
        head: The first line.
        records: Read one at a time.

    Raises:
        InputError: There is one already, or it cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with _part(path) as file:
            documents, checksum = _write(file, head, records)
            file.flush()
            os.fsync(file.fileno())
            os.link(file.name, path)  # refuses where there is one, in the same step
    except FileExistsError:
        refuse_existing(path)
        raise
    except (PermissionError, NotADirectoryError) as error:
        raise InputError(f"{path}: cannot be written: {error.strerror}") from error
    _sync_folder(path.parent)
    return Written(path=path, documents=documents, checksum=checksum)


def read_head(path: Path) -> Head:
    """The first line.

    Raises:
        InputError: It is no snapshot of schema 1.
    """
    with _opened(path) as file:
        line = _line(file, path)
        if not line.endswith(_HEAD_END):
            raise _no_snapshot(path, 'the first line does not end with "documents":[')
        return _parsed(Head, line[: -len(_HEAD_END)] + b"}", path, 1)  # type: ignore[no-any-return]


def read_records(path: Path) -> Iterator[Record]:
    """The documents, one at a time.

    Raises:
        InputError: A line is not as it was written.
    """
    with _opened(path) as file:
        _line(file, path)
        for number, line in enumerate(iter(lambda: _line(file, path), b"],\n"), 2):
            yield _parsed(
                Record, line.removesuffix(b"\n").removesuffix(b","), path, number
            )


def read_checksums(path: Path) -> Checksums:
    """The checksum in the last line, and that of all bytes before it.

    Raises:
        InputError: The last line is not as it was written.
    """
    content = hashlib.sha256()
    with _opened(path) as file:
        line = _line(file, path)
        while not line.startswith(_LAST_START):
            content.update(line)
            line = _line(file, path)
        if not line.endswith(_LAST_END) or file.read(1):
            raise _no_snapshot(path, "the last line is not the checksum")
    told = line[len(_LAST_START) : -len(_LAST_END)].decode("utf-8", "replace")
    return Checksums(told=told, content=f"sha256:{content.hexdigest()}")


def _write(file: IO[bytes], head: Head, records: Iterable[Record]) -> tuple[int, str]:
    content = hashlib.sha256()

    def put(data: bytes) -> None:
        content.update(data)
        file.write(data)

    put(_json(head).removesuffix(b"}") + _HEAD_END)
    number = 0
    for number, record in enumerate(records, start=1):
        put((b",\n" if number > 1 else b"") + _json(record))
    put(b"\n],\n" if number else b"],\n")
    checksum = f"sha256:{content.hexdigest()}"
    file.write(_LAST_START + checksum.encode() + _LAST_END)
    return number, checksum


def _json(record: Head | Record) -> bytes:
    text = json.dumps(asdict(record), ensure_ascii=False, separators=(",", ":"))
    return text.encode()


@contextlib.contextmanager
def _part(path: Path) -> Iterator[IO[bytes]]:
    """A file beside `path`, of this process alone, gone after the block."""
    part = path.with_name(f".{path.stem}-{os.getpid()}.part")
    try:
        with part.open("wb") as file:
            yield file
    finally:
        part.unlink(missing_ok=True)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _opened(path: Path) -> IO[bytes]:
    try:
        return path.open("rb")
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from error


def _line(file: IO[bytes], path: Path) -> bytes:
    line = file.readline(MAX_LINE_BYTES)
    if not line.endswith(b"\n"):
        raise _no_snapshot(path, "it ends too early, or a line does not end")
    return line


@cache
def _adapter(kind: type) -> Any:
    from pydantic import TypeAdapter

    return TypeAdapter(kind)


def _parsed(kind: type, data: bytes, path: Path, number: int) -> Any:
    from pydantic import ValidationError

    try:
        return _adapter(kind).validate_json(data, strict=True)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "the whole"
        raise _no_snapshot(path, f"line {number}: {where}: {first['msg']}") from error


def _no_snapshot(path: Path, why: str) -> InputError:
    return InputError(f"{path}: not a snapshot of schema 1 as it was written: {why}")
