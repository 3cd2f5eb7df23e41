"""Makes a feed out of what was meant to be one. Pure.

Two repairs: `mended` takes away what no XML may have and changes nothing where a feed
is sound; `rebuilt` writes a new feed of what each item has, whatever tags are open.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from html import entities
from itertools import islice
from xml.sax.saxutils import escape

MAX_REBUILT_CHARACTERS = 2_000_000
"""A rebuilt feed is read once more, at about a second per million characters; the
parser's child has twenty in all."""

MAX_REBUILT_ITEMS = 5_000
"""More than any feed lists (the largest measured has 2,000)."""

_CDATA = re.compile(r"<!\[CDATA\[.*?\]\]>", re.DOTALL)
_BEGIN, _END = "<![CDATA[", "]]>"
_ELEMENT = re.compile(r"<([A-Za-z][\w:.-]{0,40})(?:\s[^<>]*)?>\s*$")
_ITEM_BOUND = re.compile(r"</?(?:item|entry)(?=[\s>])", re.IGNORECASE)
_CONTROLS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_AMPERSAND = re.compile(
    r"&(?:(#\d{1,9}|#[xX][0-9A-Fa-f]{1,8}|[A-Za-z][A-Za-z0-9]{1,31});)?"
)
_NO_TAG = re.compile(r"""<(?=[\s\d<=.,;&'"()]|$)""")
_ROOT = re.compile(r"<(rss|feed|rdf:RDF|RDF)(?=[\s>])")
_XML_ENTITIES = frozenset({"amp", "lt", "gt", "quot", "apos"})

_ITEM = re.compile(r"<(item|entry)(?=[\s>])[^<>]*>", re.IGNORECASE)
_ITEM_END = re.compile(r"</(?:item|entry)\s*>", re.IGNORECASE)
_WANTED = (
    "title link guid id pubDate published issued updated modified dc:date dc:language"
).split()
"""Elements of an item that say something of an article's address, title or time."""

_KNOWN = (
    *_WANTED,
    *"description summary content content:encoded author creator dc:creator".split(),
    *"category dc:subject comments enclosure source media:content".split(),
    *"media:thumbnail media:group".split(),
)
_START = re.compile(
    rf"<({'|'.join(map(re.escape, _WANTED))})((?:\s[^<>]*?)?)(/?)>", re.IGNORECASE
)
_NEXT = re.compile(
    rf"</?(?:{'|'.join(map(re.escape, _KNOWN))})(?=[\s/>])", re.IGNORECASE
)
_TAG = re.compile(r"<[^<>]*>")
_ATTRIBUTE = re.compile(r"""([A-Za-z_][\w:.-]*)\s*=\s*(?:"([^"<]*)"|'([^'<]*)')""")
_ITEM_ATTRIBUTES = ("href", "rel", "type", "isPermaLink", "xml:lang", "xml:base")
_ROOT_ATTRIBUTES = ("version", "xml:lang", "xml:base")
_NAMESPACES = (
    'xmlns:dc="http://purl.org/dc/elements/1.1/" '
    'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"'
)


def mended(text: str) -> str:
    r"""The text without what makes XML of it unreadable, and nothing else changed.

    Bare `&` and `<` are escaped, HTML's entities become characters, control characters
    go, and so does what stands before and after the feed; an open CDATA section is
    closed where its element is.

    >>> mended('<rss><title>A & B&nbsp;C</title></rss>')
    '<rss><title>A &amp; B\xa0C</title></rss>'
    """
    text = "".join(_closed_cdata(_CONTROLS.sub("", _trimmed(text))))
    parts, at = [], 0
    for section in _CDATA.finditer(text):
        parts += [_escaped(text[at : section.start()]), section[0]]
        at = section.end()
    return "".join((*parts, _escaped(text[at:])))


def rebuilt(text: str) -> str:
    """A sound feed with title, address and time of each item; "" where none has any.

    Args:
        text: As `mended` gives it.
    """
    root = _ROOT.search(text)
    if root is None or len(text) > MAX_REBUILT_CHARACTERS:
        return ""
    chunks = list(_chunks(text))
    if not chunks:
        return ""
    tag = text[root.start() : text.find(">", root.start()) + 1]
    head = text[root.end() : chunks[0][1]]
    items = [
        f"<{name}>{_elements(text[start:end], is_last=end == len(text))}</{name}>"
        for name, start, end in chunks
    ]
    return _framed(
        root[1], _attributes(tag, _ROOT_ATTRIBUTES), _channel(head), "".join(items)
    )


def lost(text: str, complete: int) -> bool:
    """Whether items of a broken feed may be missing where so many are complete.

    Args:
        text: As `mended` gives it.
        complete: Items of which title and address could be read.
    """
    root = _ROOT.search(text)
    is_whole = root is not None and text.rstrip().endswith(f"</{root[1]}>")
    return not is_whole or complete < sum(1 for _ in _ITEM.finditer(text))


def _trimmed(text: str) -> str:
    root = _ROOT.search(text)
    if root is None:
        return text
    end = text.rfind(f"</{root[1]}>")
    stop = end + len(root[1]) + 3 if end > root.start() else len(text)
    return text[root.start() : stop]


def _closed_cdata(text: str) -> Iterator[str]:
    """The text in pieces; a CDATA section that would swallow items is closed."""
    at, end = 0, 0
    while (begin := text.find(_BEGIN, at)) >= 0:
        inside = begin + len(_BEGIN)
        if 0 <= end < inside:
            end = text.find(_END, inside)
        bound = _ITEM_BOUND.search(text, inside, end if end >= 0 else len(text))
        if end >= 0 and bound is None:
            yield text[at : end + len(_END)]
            at = end + len(_END)
            continue
        stop = bound.start() if bound else len(text)
        element = _ELEMENT.search(text[max(0, begin - 600) : begin])
        close = text.find(f"</{element[1]}", inside, stop) if element else -1
        cut = close if close >= 0 else stop
        yield text[at:cut] + _END
        at = cut
    yield text[at:]


def _escaped(text: str) -> str:
    return _NO_TAG.sub("&lt;", _AMPERSAND.sub(_entity, text))


def _entity(match: re.Match[str]) -> str:
    name = match[1]
    if name is None:
        return "&amp;"
    if name.startswith("#"):
        return _character(name)
    if name in _XML_ENTITIES:
        return match[0]
    meant = entities.html5.get(f"{name};")
    return f"&amp;{name};" if meant is None else escape(meant, {'"': "&quot;"})


def _character(reference: str) -> str:
    digits = reference[1:]
    number = int(digits[1:], 16) if digits[0] in "xX" else int(digits)
    is_one = number in {9, 10, 13} or 0x20 <= number <= 0x10FFFF
    if not is_one or _CONTROLS.match(chr(number)):
        return "\ufffd"
    return f"&{reference};"


def _chunks(text: str) -> Iterator[tuple[str, int, int]]:
    """Name, start and end of each item's inside."""
    starts = list(islice(_ITEM.finditer(text), MAX_REBUILT_ITEMS))
    ends = [match.start() for match in starts[1:]] + [len(text)]
    for match, limit in zip(starts, ends, strict=False):
        closed = _ITEM_END.search(text, match.end(), limit)
        end = closed.start() if closed else limit
        yield match[1].lower(), match.end(), end


def _elements(chunk: str, *, is_last: bool) -> str:
    return "".join(_closed(chunk, is_last=is_last))


def _closed(chunk: str, *, is_last: bool) -> Iterator[str]:
    """The wanted elements of an item, each closed.

    What the end of the text cut off is no address and no title.
    """
    seen: set[str] = set()
    at = 0
    while (match := _START.search(chunk, at)) is not None:
        name, attributes = match[1], _attributes(match[2], _ITEM_ATTRIBUTES)
        at = match.end()
        if match[3] or "href=" in attributes:
            yield f"<{name}{attributes}/>"
            continue
        following = _NEXT.search(chunk, at)
        end = following.start() if following else len(chunk)
        is_cut = is_last and following is None
        if name.lower() not in seen and not is_cut:
            seen.add(name.lower())
            yield f"<{name}{attributes}>{_inside(chunk[at:end])}</{name}>"
        at = end


def _inside(text: str) -> str:
    """The text of an element that has no elements in it."""
    parts, at = [], 0
    for section in _CDATA.finditer(text):
        parts += [
            _TAG.sub("", text[at : section.start()]),
            escape(section[0][len(_BEGIN) : -len(_END)]),
        ]
        at = section.end()
    rest = _TAG.sub("", text[at:])
    return _escaped("".join((*parts, rest))).replace("<", "&lt;").strip()


def _attributes(text: str, names: Iterable[str]) -> str:
    found = {
        m[1]: m[2] if m[2] is not None else m[3] for m in _ATTRIBUTE.finditer(text)
    }
    return "".join(
        f' {name}="{found[name].replace(chr(34), "&quot;")}"'
        for name in names
        if name in found
    )


def _channel(head: str) -> str:
    """Title and language of the feed itself."""
    found = []
    for name in ("title", "language"):
        match = re.search(rf"<{name}(?:\s[^<>]*)?>(.*?)</{name}>", head, re.DOTALL)
        if match:
            found.append(f"<{name}>{_inside(match[1])}</{name}>")
    return "".join(found)


def _framed(root: str, attributes: str, channel: str, items: str) -> str:
    if root == "feed":
        space = 'xmlns="http://www.w3.org/2005/Atom"'
        return f"<feed {space} {_NAMESPACES}{attributes}>{channel}{items}</feed>"
    if root == "rss":
        return (
            f"<rss {_NAMESPACES}{attributes}><channel>{channel}{items}</channel></rss>"
        )
    space = 'xmlns="http://purl.org/rss/1.0/"'
    return (
        f"<rdf:RDF {_NAMESPACES} {space}><channel>{channel}</channel>{items}</rdf:RDF>"
    )
