"""Digests in WARC fields: `sha1:` and base32, as a rule; hex and base64 occur."""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Iterable

_ALGORITHMS = frozenset({"md5", "sha1", "sha224", "sha256", "sha384", "sha512"})


def matches(field: str, candidates: Iterable[bytes]) -> bool | None:
    """Whether a digest is of one of these; None where that cannot be told.

    Args:
        field: `WARC-Block-Digest` or `WARC-Payload-Digest`.
        candidates: What it may have been made of: tools differ in whether a
            payload's chunks belong to it.

    >>> matches("sha1:2jmj7l5rSw0yVb/vlWAYkK/YBwk=", [b""])
    True
    >>> matches("sha1:2JMJ7L5RSW0YVB7VLWAYKK7YBWKQUACA", [b""]) is None
    True
    """
    name, _, written = field.partition(":")
    algorithm = name.strip().lower().replace("-", "")
    if algorithm not in _ALGORITHMS:
        return None
    size = hashlib.new(algorithm, usedforsecurity=False).digest_size
    expected = _bytes_of(written.strip(), size)
    if expected is None:
        return None
    return any(
        hashlib.new(algorithm, data, usedforsecurity=False).digest() == expected
        for data in candidates
    )


def _bytes_of(text: str, size: int) -> bytes | None:
    for decode in (_hex, _base32, _base64):
        found = decode(text)
        if found is not None and len(found) == size:
            return found
    return None


def _hex(text: str) -> bytes | None:
    try:
        return bytes.fromhex(text)
    except ValueError:
        return None


def _base32(text: str) -> bytes | None:
    try:
        return base64.b32decode(text + "=" * (-len(text) % 8), casefold=True)
    except (binascii.Error, ValueError):
        return None


def _base64(text: str) -> bytes | None:
    standard = text.replace("-", "+").replace("_", "/")
    try:
        return base64.b64decode(standard + "=" * (-len(text) % 4), validate=True)
    except (binascii.Error, ValueError):
        return None
