"""Bytes of a page to text, when header, meta and bytes contradict (C11).

Read are the charsets that the web's browsers read (the WHATWG Encoding Standard), and a
few aliases. VISCII, VPS, TCVN3 and VNI, by which Vietnamese was written in the 1990s,
are none of them: no browser shows such a page, and no page of today is written so.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping

from w3lib.encoding import (
    html_body_declared_encoding,
    http_content_type_encoding,
    read_bom,
)

from pipeline.extraction.plausibility import groups_of, likelihood

MAGIC = (b"%PDF-", b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"PK\x03\x04", b"\x1f\x8b")
"""Beginnings of what is served under an article's address without being a page."""

CHARSETS: Mapping[str, tuple[str, ...]] = {
    "cp1252": ("western",),
    "cp1251": ("cyrillic",),
    "gb18030": ("chinese",),
    "cp932": ("japanese",),
    "euc_jp": ("japanese",),
    "cp949": ("korean",),
    "big5hkscs": ("chinese",),
    "cp1250": ("central",),
    "cp1256": ("right_to_left",),
    "cp1254": ("turkic", "western"),
    "cp1253": ("greek",),
    "cp1255": ("right_to_left",),
    "cp1257": ("baltic",),
    "cp1258": ("vietnamese",),
    "cp874": ("thai",),
    "koi8-r": ("cyrillic",),
    "koi8-u": ("cyrillic",),
    "iso8859-2": ("central",),
    "iso8859-5": ("cyrillic",),
    "iso8859-6": ("right_to_left",),
    "iso8859-7": ("greek",),
    "iso8859-8": ("right_to_left",),
    "iso8859-13": ("baltic",),
    "iso8859-15": ("western",),
    "cp866": ("cyrillic",),
    "mac-cyrillic": ("cyrillic",),
}
"""What bytes without a believable label may be, the likeliest first (WHATWG Encoding
Standard, §4.2), each with the languages of which it is."""
RARE = frozenset(list(CHARSETS)[list(CHARSETS).index("koi8-u") :])
"""Few pages are in them …"""
RARITY = 3.0
"""… and so much likelier the text must be: e^3 = 20 times."""
LABELLED = 10.0
"""So much (e^10 = 22,000 times) a label tells for its charset: some ten letters of
another reading weigh more."""
OF_LANGUAGE = 4.0
"""So much the language that the page names tells for a charset of it."""

USUAL = {"cp1252": 2.0}
"""What a page in a Western language is in, whatever its few accents allow besides."""

SAMPLE_BYTES = 4_000
"""Of the places with other bytes than ASCII: 25 ms, and far more than is needed: a
sentence is told from any other reading in all but few pairs of charsets."""
PIECE_BYTES = 400
MOST_WRONG = 0.25
"""UTF-8 in which at most so many characters are broken is UTF-8, whatever its label."""
CONTROLS = 0.02
"""A file whose beginning has more control characters is no text."""

_OTHER_BYTE = re.compile(rb"[\x80-\xff]")
_PIECE_END = re.compile(rb"[<\n]")
_CONTROL = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]")
_LANGUAGE = re.compile(
    rb"<html[^>]{0,500}?\blang\s*=\s*[\"']?([a-z-]{2,12})", re.IGNORECASE
)
_ISO_2022_JP = re.compile(rb"\x1b\$[@B]")
_ASCII = bytes(range(32, 127)) + rb"\u0041-\x41"
_WIDE = frozenset({"utf-16", "utf-16-le", "utf-16-be", "utf-32"})
"""Labels that only zeros prove."""


def decode(body: bytes, content_type: str = "") -> str:
    """The text of a page; what cannot be read of it becomes U+FFFD.

    A byte order mark wins, then what bytes alone show: UTF-16 by its zeros, and UTF-8,
    because text in a legacy charset is hardly ever valid UTF-8 by chance; for the same
    reason with some broken bytes, too. Else every charset is tried, and the likeliest
    text wins: labels (header, meta) and the page's language tell for theirs, but not
    against a text that only another charset makes readable.
    """
    marked, mark = read_bom(body)
    if marked is not None and mark is not None:
        return body[len(mark) :].decode(marked, "replace")
    wide = _wide(body)
    if wide:
        return body.decode(wide, "replace")
    if _ISO_2022_JP.search(body):
        return body.decode("iso2022_jp_2", "replace")
    if body.isascii() or _is_utf8(body):
        return body.decode("utf-8", "replace")
    charset = _likeliest(body, _labels(body, content_type))
    text = body.decode(charset, "replace")
    # It writes the tones of Vietnamese as marks of their own.
    return unicodedata.normalize("NFC", text) if charset == "cp1258" else text


def is_binary(body: bytes) -> bool:
    """Whether the bytes are no text in any encoding of the web.

    UTF-16 and UTF-32 have zeros too, in a pattern; other text has one by mistake.
    """
    if body.startswith(MAGIC):
        return True
    bom, _ = read_bom(body)
    start = body[:4096]
    controls = len(_CONTROL.findall(start))
    return bom is None and controls > CONTROLS * len(start) and not _wide(body)


def _wide(body: bytes) -> str:
    """UTF-16 or UTF-32 without a byte order mark, by where the zeros of ASCII stand."""
    start = body[: min(4096, len(body) // 4 * 4)]
    if b"\x00" not in start:
        return ""
    zeros = [start[n::4].count(0) / max(1, len(start) // 4) for n in range(4)]
    nearly_all, some, none = 0.9, 0.1, 0.01
    if min(zeros[2], zeros[3]) > nearly_all and zeros[0] < none:
        return "utf-32-le"
    if min(zeros[0], zeros[1]) > nearly_all and zeros[3] < none:
        return "utf-32-be"
    if min(zeros[1], zeros[3]) > some and max(zeros[0], zeros[2]) < none:
        return "utf-16-le"
    if min(zeros[0], zeros[2]) > some and max(zeros[1], zeros[3]) < none:
        return "utf-16-be"
    return ""


def _is_utf8(body: bytes) -> bool:
    """Valid, but for its end that may be cut, or for few bytes in between."""
    try:
        body.decode("utf-8")
    except UnicodeDecodeError as error:
        if error.start > len(body) - 4 and not body[: error.start].isascii():
            return True
    else:
        return True
    text = body.decode("utf-8", "replace")
    broken = text.count("\ufffd") - body.count(b"\xef\xbf\xbd")
    sound = sum(1 for _ in re.finditer("[\x80-\ufffc\U00010000-\U0010ffff]", text))
    return broken <= MOST_WRONG * sound


def _likeliest(body: bytes, labels: Iterable[str]) -> str:
    sample = _sample(body)
    prior = dict.fromkeys(CHARSETS, 0.0) | dict.fromkeys(RARE, -RARITY) | USUAL
    declared = _LANGUAGE.search(body[:4096])
    own = groups_of(declared[1].decode("ascii")) if declared else ()
    for charset, groups in CHARSETS.items():
        prior[charset] += OF_LANGUAGE * (not set(own).isdisjoint(groups))
    for label in labels:
        prior[label] = prior.get(label, 0.0) + LABELLED
    scores = {
        charset: prior[charset]
        + likelihood(sample.decode(charset, "replace"), CHARSETS.get(charset, ()))
        for charset in prior
    }
    return max(scores, key=scores.__getitem__)


def _sample(body: bytes) -> bytes:
    """Pieces with other bytes than ASCII; they begin and end between characters."""
    pieces: list[bytes] = []
    size = at = 0
    while size < SAMPLE_BYTES and (other := _OTHER_BYTE.search(body, at)):
        limit = min(len(body), other.start() + PIECE_BYTES)
        end = _PIECE_END.search(body, other.start(), limit)
        start = max(at, other.start() - 8)
        at = end.start() if end else limit
        pieces.append(body[start:at])
        size += len(pieces[-1])
    return b"\n".join(pieces)


def _labels(body: bytes, content_type: str) -> Iterator[str]:
    """As Python's codecs, with the web's readings (gb2312 is gb18030)."""
    header = http_content_type_encoding(content_type) if content_type else None
    for label in (header, html_body_declared_encoding(body)):
        if label and label not in _WIDE and _extends_ascii(label):
            yield label


def _extends_ascii(label: str) -> bool:
    """Whether ASCII is itself in it; Python knows codecs that are no charsets."""
    try:
        return _ASCII.decode(label) == _ASCII.decode("ascii")
    except (LookupError, UnicodeError):
        return False
