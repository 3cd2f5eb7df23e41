"""Writes Marian's binary model format, as the Firefox engine reads it.

Little-endian: version 1 and the number of tensors; of each its lengths of name,
type, rank and data; then all names, all shapes, padding up to a multiple of 256,
and the data (marian-dev, `src/common/binary.cpp`).
"""

import struct
from collections.abc import Mapping

import numpy as np

from pipeline.translation.backends.marian_binary import SETTINGS, read_layout

FLOAT32 = 0x0404
INT8 = 0x0101
ALIGNMENT = 256


def container(tensors: Mapping[str, np.ndarray], settings: str) -> bytes:
    """A model file of float32 matrices, and the YAML that describes it."""
    text = np.frombuffer(settings.encode() + b"\0", dtype=np.int8)
    items = [(name, FLOAT32, _matrix(value)) for name, value in tensors.items()]
    items.append((SETTINGS, INT8, text.reshape(1, -1)))
    head = struct.pack("<QQ", 1, len(items))
    for name, kind, value in items:
        lengths = len(name) + 1, kind, value.ndim, value.nbytes
        head += struct.pack("<4Q", *lengths)
    head += b"".join(name.encode() + b"\0" for name, *_ in items)
    head += b"".join(struct.pack(f"<{v.ndim}i", *v.shape) for *_, v in items)
    padding = -(len(head) + 8) % ALIGNMENT
    head += struct.pack("<Q", padding) + bytes(padding)
    return head + b"".join(value.tobytes() for *_, value in items)


def tensors_of(model: bytes) -> dict[str, np.ndarray]:
    """The matrices that `container` wrote."""
    return {
        name: np.frombuffer(
            model[tensor.start : tensor.start + tensor.length], dtype="<f4"
        ).reshape(tensor.shape)
        for name, tensor in read_layout(model).items()
        if name != SETTINGS
    }


def _matrix(value: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(np.atleast_2d(value), dtype="<f4")
