"""The URL key: equal for addresses that lead to the same page.

Lower-case host, IDNA, no default port, no fragment, dot segments and percent
encoding normalised (RFC 3986 §6.2.2), listed tracking parameters off, http =
https; the order of parameters, the path's case and a trailing slash are kept.
A URL is *fetched* as found; the key only compares.
"""

from __future__ import annotations

import base64
import hashlib
import ipaddress
import re
from functools import cache
from importlib.resources import files
from urllib.parse import SplitResult, quote, urlsplit

import idna

MAX_URL_CHARACTERS = 2083
"""What servers and Scrapy's URLLENGTH_LIMIT accept."""

_SCHEMES = frozenset({"http", "https"})
_DEFAULT_PORTS = frozenset({80, 443})
"""Of either scheme: http = https holds for `http://host:443` as well."""

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_PERCENT = re.compile(r"%([0-9A-Fa-f]{2})")
_STRAY_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")
_MID = re.compile(r"[\x21-\x7e]+@[\x21-\x7e]+")
_UNRESERVED = frozenset(
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~"
)
_SAFE = "%/:?#[]@!$&'()*+,;=-._~"


def url_key(url: str) -> str:
    """The key of an http or https URL.

    Raises:
        ValueError: Not an http or https URL with a host, or too long.

    >>> url_key("HTTP://Example.COM:80/a/../b/%7ex?utm_source=rss&id=2#top")
    'https://example.com/b/~x?id=2'
    """
    parts = _split(url)
    path = _remove_dot_segments(_normalise_percent(parts.path)) or "/"
    query = _without_tracking(_normalise_percent(parts.query))
    return f"https://{_authority(parts)}{path}" + (f"?{query}" if query else "")


def page_key(address: str) -> str:
    """The key of a page's address: of the web, or of a mail (`mid:`, RFC 2392).

    Raises:
        ValueError: Neither; see `url_key`.

    >>> page_key("MID:a%2Bb@e.example"), page_key("http://e.example")
    ('mid:a%2Bb@e.example', 'https://e.example/')
    """
    if address[:4].lower() != "mid:":
        return url_key(address)
    message_id = address[4:]
    if len(address) > MAX_URL_CHARACTERS or not _MID.fullmatch(message_id):
        raise ValueError("not the address of a mail")
    return f"mid:{_normalise_percent(message_id)}"


def mail_url(message_id: str) -> str:
    """The address of a mail that is nowhere on the web (RFC 2392 §2).

    >>> mail_url("2024/06+x@mail.e.example")
    'mid:2024%2F06%2Bx@mail.e.example'
    """
    return f"mid:{quote(message_id, safe='@')}"


def host_of(url: str) -> str:
    """The host, with its port where that is not the scheme's own.

    Raises:
        ValueError: Not an http or https URL with a host.

    >>> host_of("https://Пример.рф:443/a"), host_of("http://127.0.0.1:8000")
    ('xn--e1afmkfd.xn--p1ai', '127.0.0.1:8000')
    """
    return _authority(_split(url))


def document_id(key: str) -> str:
    """The id of the document that was first found under a URL key.

    `d` and the first 16 base32 characters (80 bits) of the key's SHA-256:
    equal in any workspace.

    >>> document_id(url_key("https://example.com/a"))
    'dfxhautcqiqn7zt5j'
    """
    digest = hashlib.sha256(key.encode()).digest()
    return "d" + base64.b32encode(digest).decode().lower()[:16]


def _split(url: str) -> SplitResult:
    if len(url) > MAX_URL_CHARACTERS:
        raise ValueError(f"longer than {MAX_URL_CHARACTERS} characters")
    if _CONTROL.search(url):
        raise ValueError("has control characters")
    parts = urlsplit(url.strip())
    host = (parts.hostname or "").rstrip(".")
    if parts.scheme.lower() not in _SCHEMES or not host:
        raise ValueError("not an http or https URL")
    _ = parts.port  # raises ValueError when it is no number
    return parts


def _authority(parts: SplitResult) -> str:
    host = _ascii_host(parts.hostname or "")
    port = parts.port
    if port is None or port in _DEFAULT_PORTS:
        return host
    return f"{host}:{port}"


def _ascii_host(host: str) -> str:
    host = host.rstrip(".")
    if ":" in host:
        return f"[{ipaddress.ip_address(host)}]"
    if host.isascii():
        return host.lower()
    try:
        return idna.encode(host, uts46=True).decode()
    except idna.IDNAError as error:
        raise ValueError(f"not a host name: {error}") from error


def _normalise_percent(text: str) -> str:
    # A percent sign that encodes nothing stands for itself.
    text = _STRAY_PERCENT.sub("%25", text)
    return _PERCENT.sub(_decoded_or_upper, quote(text, safe=_SAFE))


def _decoded_or_upper(match: re.Match[str]) -> str:
    character = chr(int(match[1], 16))
    return character if character in _UNRESERVED else match[0].upper()


def _remove_dot_segments(path: str) -> str:
    """RFC 3986 §5.2.4."""
    if "/." not in path:
        return path
    result: list[str] = []
    segments = path.split("/")
    for segment in segments:
        if segment == "..":
            if len(result) > 1:
                result.pop()
        elif segment != ".":
            result.append(segment)
    if segments[-1] in {".", ".."}:
        result.append("")
    return "/".join(result)


def _without_tracking(query: str) -> str:
    exact, prefixes = _tracking()
    kept = [
        part
        for part in query.split("&")
        if part
        and (name := part.split("=", 1)[0].lower()) not in exact
        and not name.startswith(prefixes)
    ]
    return "&".join(kept)


@cache
def _tracking() -> tuple[frozenset[str], tuple[str, ...]]:
    text = files("pipeline").joinpath("tracking_parameters.txt").read_text("utf-8")
    lines = [line.split("#")[0].strip() for line in text.splitlines()]
    exact = frozenset(line for line in lines if line and not line.endswith("*"))
    return exact, tuple(line[:-1] for line in lines if line.endswith("*"))
