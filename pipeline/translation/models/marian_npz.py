"""Reads an original OPUS-MT model: `decoder.yml`, one `.npz`, its vocabularies.

Everything is checked before CTranslate2's converter sees it: arrays are plain
numbers of the size that they claim, YAML has no tags, anchors or aliases, names are
names of files in the folder, and nothing is larger than a model can be.
"""

from __future__ import annotations

import zipfile
from pathlib import Path, PurePosixPath
from typing import IO, Any

from pipeline.errors import InputError

DECODER = "decoder.yml"
MODEL_CONFIG = "special:model.yml"
"""The array in the `.npz` whose bytes are Marian's configuration."""

MAX_YAML_BYTES = 1 << 20
"""Marian's configurations have about 10 kB."""

MAX_VOCABULARY_BYTES = 64 << 20
"""A vocabulary of 65,000 pieces has about 1.5 MB."""

MAX_BYTES = 4 << 30
"""Of all files of a model together; the largest OPUS-MT models have 0.9 GB."""


def is_original(folder: Path) -> bool:
    """Whether the folder looks like an original model."""
    return (folder / DECODER).is_file() or any(folder.glob("*.npz"))


def convert(folder: Path, destination: Path, quantization: str) -> None:
    """Writes CTranslate2's files of the model into an empty folder.

    Raises:
        InputError: Something in the folder is not what it has to be.
        ImportError: ctranslate2 is not installed.
    """
    from ctranslate2.converters import marian

    weights, vocabularies = _files(folder)
    config = _check_arrays(weights)
    safe_yaml(config, f"{weights}: {MODEL_CONFIG}")
    for path in vocabularies:
        _check_size(path, MAX_VOCABULARY_BYTES)
    names = [str(path) for path in vocabularies]
    converter = marian.MarianConverter(str(weights), names)
    converter.convert(str(destination), quantization=quantization, force=True)


def unpack(archive: Path, folder: Path) -> None:
    """Takes the files of an OPUS-MT archive, without folders, links or bombs.

    Raises:
        InputError: It is no such archive, or too large.
    """
    try:
        with zipfile.ZipFile(archive) as opened:
            members = [member for member in opened.infolist() if not member.is_dir()]
            _check_total(archive, members)
            for member in members:
                name = PurePosixPath(member.filename).name
                with opened.open(member) as file:
                    _copy(file, folder / name, member.file_size, archive)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError) as error:
        raise InputError(f"{archive}: not a readable zip archive: {error}") from error


def safe_yaml(data: bytes, place: str) -> dict[str, Any]:
    """A mapping of plain values.

    Raises:
        InputError: It is too large, no mapping, or has tags, anchors or aliases,
            which can make a small text a huge or a live object (O4).
    """
    import yaml

    if len(data) > MAX_YAML_BYTES:
        raise InputError(f"{place}: {len(data)} bytes, at most {MAX_YAML_BYTES}")
    try:
        for event in yaml.parse(data, Loader=yaml.SafeLoader):
            if getattr(event, "anchor", None) or getattr(event, "tag", None):
                raise InputError(f"{place}: a tag, anchor or alias: not Marian's YAML")
        found = yaml.safe_load(data)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise InputError(f"{place}: not readable as YAML: {error}") from error
    if not isinstance(found, dict):
        raise InputError(f"{place}: {type(found).__name__}, expected a mapping")
    return found


def _files(folder: Path) -> tuple[Path, list[Path]]:
    """The weights and the vocabularies of source and target."""
    if not (folder / DECODER).is_file():
        return _only(folder, "*.npz"), [_only(folder, "*vocab*.yml")]
    place = folder / DECODER
    _check_size(place, MAX_YAML_BYTES)
    config = safe_yaml(place.read_bytes(), str(place))
    (weights,) = _named(folder, config, "models", {1})
    return weights, _named(folder, config, "vocabs", {1, 2})


def _only(folder: Path, pattern: str) -> Path:
    found = sorted(folder.glob(pattern))
    if len(found) != 1:
        raise InputError(
            f"{folder}: {len(found)} files {pattern}, and no {DECODER} to say which"
        )
    return found[0]


def _named(
    folder: Path, config: dict[str, Any], key: str, counts: set[int]
) -> list[Path]:
    names = config.get(key)
    if not isinstance(names, list) or len(names) not in counts:
        raise InputError(f"{folder / DECODER}: {key}: {names!r}, expected file names")
    for name in names:
        if not isinstance(name, str) or PurePosixPath(name).name != name:
            raise InputError(f"{folder / DECODER}: {key}: {name!r} is no file name")
        if not (folder / name).is_file():
            raise InputError(f"{folder}: {DECODER} names {name}, which is not there")
    return [folder / name for name in names]


def _check_arrays(weights: Path) -> bytes:
    """Refuses what is no array of numbers; the configuration among them."""
    import numpy as np

    try:
        with zipfile.ZipFile(weights) as archive:
            _check_total(weights, archive.infolist())
            for member in archive.infolist():
                with archive.open(member) as file:
                    _check_array(
                        file, f"{weights}: {member.filename}", member.file_size
                    )
        with np.load(weights, allow_pickle=False) as arrays:
            if MODEL_CONFIG not in arrays.files:
                raise InputError(f"{weights}: no {MODEL_CONFIG}: not a Marian model")
            return bytes(arrays[MODEL_CONFIG].tobytes()).rstrip(b"\0")
    except (zipfile.BadZipFile, NotImplementedError, ValueError, EOFError) as error:
        raise InputError(f"{weights}: not readable as .npz: {error}") from error


def _check_array(file: IO[bytes], place: str, size: int) -> None:
    from numpy.lib import format as npy

    readers = {
        (1, 0): npy.read_array_header_1_0,
        (2, 0): npy.read_array_header_2_0,
    }
    version = npy.read_magic(file)
    if version not in readers:
        raise InputError(f"{place}: a .npy of version {version}")
    shape, _, kind = readers[version](file)
    if kind.hasobject:
        raise InputError(f"{place}: holds Python objects (a pickle), expected numbers")
    claimed = kind.itemsize
    for length in shape:
        claimed *= length
    if claimed > size:
        raise InputError(f"{place}: claims {claimed} bytes and has {size}")


def _check_size(path: Path, limit: int) -> None:
    size = path.stat().st_size
    if size > limit:
        raise InputError(f"{path}: {size} bytes, at most {limit}")


def _check_total(archive: Path, members: list[zipfile.ZipInfo]) -> None:
    total = sum(member.file_size for member in members)
    if total > MAX_BYTES:
        raise InputError(f"{archive}: {total} bytes unpacked, at most {MAX_BYTES}")


def _copy(file: IO[bytes], path: Path, size: int, archive: Path) -> None:
    """Copies what the archive's directory promises, and notices more."""
    if path.exists():
        raise InputError(f"{archive}: {path.name} is in it twice")
    with path.open("wb") as out:
        left = size
        while block := file.read(1 << 20):
            left -= len(block)
            if left < 0:
                raise InputError(f"{archive}: {path.name} is longer than it says")
            out.write(block)
