"""The head of Marian's binary model format: what it promises, checked.

The engine that reads the file trusts its counts; a wrong one ends the process.
Format: marian-dev, `src/common/binary.cpp`; all numbers little-endian.
"""

from __future__ import annotations

import math
import re
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import accumulate

VERSION = 1
SETTINGS = "special:model.yml"

_START = struct.Struct("<QQ")
_HEADER = struct.Struct("<QQQQ")
_SIZE_MASK = 0xFF  # a type's low byte is the size of its elements
_NUMBER = re.compile(r"^\s*([\w-]+):\s*(\d+)\s*$", re.MULTILINE)

_BROKEN = "not a model of Marian's binary format: "


@dataclass(frozen=True, kw_only=True)
class Tensor:
    """One matrix of a model, and where its bytes lie."""

    shape: tuple[int, ...]
    start: int
    length: int


def read_layout(data: bytes) -> Mapping[str, Tensor]:
    """The tensors of a model file by name.

    Raises:
        ValueError: The file is not of this format, or shorter than it says.
    """
    try:
        return _layout(memoryview(data))
    except struct.error as error:
        raise ValueError(f"{_BROKEN}it ends within its header") from error


def read_settings(data: bytes, layout: Mapping[str, Tensor]) -> Mapping[str, int]:
    """The whole numbers in a model's description, such as `dim-emb`."""
    tensor = layout.get(SETTINGS)
    if tensor is None:
        return {}
    text = data[tensor.start : tensor.start + tensor.length].decode("utf-8", "replace")
    return {key: int(value) for key, value in _NUMBER.findall(text.rstrip("\0"))}


def _layout(data: memoryview) -> Mapping[str, Tensor]:
    version, count = _START.unpack_from(data)
    if version != VERSION:
        raise ValueError(f"{_BROKEN}version {version}, expected {VERSION}")
    _expect(count * _HEADER.size <= len(data), f"{count} tensors do not fit in it")
    headers = [
        _HEADER.unpack_from(data, _START.size + number * _HEADER.size)
        for number in range(count)
    ]
    names_at = _START.size + count * _HEADER.size
    shapes_at = names_at + sum(header[0] for header in headers)
    gap_at = shapes_at + 4 * sum(header[2] for header in headers)
    _expect(gap_at + 8 <= len(data), "its header is longer than the file")
    (gap,) = struct.unpack_from("<Q", data, gap_at)
    data_at = gap_at + 8 + gap
    ends = list(accumulate((h[3] for h in headers), initial=data_at))
    _expect(ends[-1] <= len(data), f"{ends[-1]} bytes expected, {len(data)} found")
    names = _names(data, names_at, [header[0] for header in headers])
    shapes = _shapes(data, shapes_at, [header[2] for header in headers])
    tensors = {}
    for name, shape, start, header in zip(names, shapes, ends, headers, strict=False):
        needed = math.prod(shape) * (header[1] & _SIZE_MASK)
        _expect(min(shape, default=0) > 0, f"{name} has the shape {shape}")
        _expect(needed <= header[3], f"{name} is shorter than its shape {shape}")
        tensors[name] = Tensor(shape=shape, start=start, length=header[3])
    return tensors


def _names(data: memoryview, start: int, lengths: list[int]) -> list[str]:
    starts = accumulate(lengths, initial=start)
    return [
        bytes(data[at : at + length]).split(b"\0")[0].decode("utf-8", "replace")
        for at, length in zip(starts, lengths, strict=False)
    ]


def _shapes(data: memoryview, start: int, ranks: list[int]) -> list[tuple[int, ...]]:
    starts = accumulate((4 * rank for rank in ranks), initial=start)
    return [
        struct.unpack_from(f"<{rank}i", data, at)
        for at, rank in zip(starts, ranks, strict=False)
    ]


def _expect(holds: bool, otherwise: str) -> None:
    if not holds:
        raise ValueError(_BROKEN + otherwise)
