"""Feeds, sitemaps and listings are read in a child process, which may be killed.

A hostile body can take minutes or gigabytes; the reactor must not. One child,
one body at a time, a time limit and a memory limit; a new child after a kill.
"""

from __future__ import annotations

import json
import resource
import struct
import subprocess
import sys
import threading
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import IO, Any

from crawler.discover import Entry, Findings, Found, Reading, select
from crawler.feeds import read_feed
from crawler.json_listings import read_json_listing
from crawler.launch import child_environment
from crawler.listings import read_listing
from crawler.sitemaps import read_sitemap
from pipeline.json_listings import JsonListing
from pipeline.sources import Source

MAX_MEMORY_BYTES = 1 << 30
"""Address space of the child: a sitemap of 50 MB takes about 400 MB."""

MAX_UNPACKED_BYTES = 50 << 20
"""Of a `.xml.gz`: what sitemaps.org allows."""

_LENGTH = struct.Struct(">Q")


@dataclass(frozen=True, kw_only=True)
class Body:
    """An endpoint's answer, to be read.

    Attributes:
        kind: `feed`, `sitemap`, `listing` or `json`.
        rule: Of a list of JSON.
        depth: Of the endpoint below the source's own one.
        since: Entries dated earlier are passed over; lists are paged back to it.
    """

    kind: str
    url: str
    content_type: str
    body: bytes
    rule: JsonListing | None = None
    depth: int = 0
    since: date | None = None


def read_body(body: Body, languages: tuple[str, ...] = ()) -> Reading:
    """What the body shows, whatever the source thinks of it."""
    if body.kind == "feed":
        return read_feed(body.body, body.url, body.content_type, languages)
    if body.kind == "listing":
        return read_listing(body.body, body.url, body.content_type, languages)
    if body.kind == "json":
        return _read_json(body, languages)
    return read_sitemap(
        body.body,
        body.url,
        body.content_type,
        max_bytes=MAX_UNPACKED_BYTES,
        languages=languages,
    )


def _read_json(body: Body, languages: tuple[str, ...]) -> Reading:
    if body.rule is None:  # it was taken out of the source's file meanwhile
        return Reading(base=body.url, problem="no_rule")
    return read_json_listing(
        body.body,
        body.url,
        body.content_type,
        body.rule,
        languages,
        is_last=body.since is None and body.depth + 1 >= body.rule.pages,
    )


def find(body: Body, source: Source) -> Findings:
    """What of the body enters the frontier."""
    reading = read_body(body, source.languages)
    return select(reading, source, kind=body.kind, depth=body.depth, since=body.since)


class ParserProcess:
    """The child, as seen from its parent. One thread at a time."""

    def __init__(self, *, seconds: float) -> None:
        """Starts nothing yet.

        Args:
            seconds: For one body.
        """
        self._seconds = seconds
        self._child: subprocess.Popen[bytes] | None = None

    def find(self, body: Body, source: Source) -> Findings:
        """As `find`, within the limits.

        A body that breaks them is a problem: `parse_timeout` or `parse_crash`.
        """
        answer = self._ask(body, source=asdict(source))
        return _findings(answer) if "articles" in answer else Findings(**answer)

    def read(self, body: Body, languages: tuple[str, ...] = ()) -> Reading:
        """As `read_body`, within the same limits."""
        answer = self._ask(body, languages=list(languages))
        if "base" not in answer:
            return Reading(base=body.url, **answer)
        for name in ("entries", "children"):
            answer[name] = _entries(answer[name])
        return Reading(**answer)

    def _ask(self, body: Body, **fields: Any) -> dict[str, Any]:
        child = self._living()
        timed_out = threading.Event()

        def give_up() -> None:
            timed_out.set()
            child.kill()

        timer = threading.Timer(self._seconds, give_up)
        timer.start()
        try:
            return _ask(child, body, fields)
        except (OSError, EOFError, ValueError):
            self.close()
            reason = "parse_timeout" if timed_out.is_set() else "parse_crash"
            return {"problem": reason}
        finally:
            timer.cancel()

    def close(self) -> None:
        """Ends the child."""
        child, self._child = self._child, None
        if child is None:
            return
        for stream in (child.stdin, child.stdout):
            if stream is not None:
                with suppress(OSError):
                    stream.close()
        child.kill()
        child.wait()

    def _living(self) -> subprocess.Popen[bytes]:
        if self._child is None or self._child.poll() is not None:
            self.close()
            self._child = subprocess.Popen(
                [sys.executable, "-P", "-m", "crawler.parsing"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=child_environment(),
                start_new_session=True,  # Ctrl-C is the parent's to handle
            )
        return self._child


def serve(requests: IO[bytes], answers: IO[bytes]) -> None:
    """The child: answers until its parent is gone."""
    while header := _receive(requests):
        fields = json.loads(header)
        source, languages = fields.pop("source", None), fields.pop("languages", ())
        since = fields.pop("since")
        rule = fields.pop("rule")
        body = Body(
            **fields,
            body=_receive(requests),
            since=date.fromisoformat(since) if since else None,
            rule=JsonListing(**rule) if rule else None,
        )
        answer: Findings | Reading
        if source is not None:
            answer = find(body, _source(source))
        else:
            answer = read_body(body, tuple(languages))
        _send(answers, json.dumps(asdict(answer), default=_text).encode())


def _ask(
    child: subprocess.Popen[bytes], body: Body, fields: dict[str, Any]
) -> dict[str, Any]:
    assert child.stdin is not None  # noqa: S101 - both are pipes
    assert child.stdout is not None  # noqa: S101
    header = {
        **fields,
        "kind": body.kind,
        "url": body.url,
        "content_type": body.content_type,
        "depth": body.depth,
        "rule": asdict(body.rule) if body.rule else None,
        "since": body.since.isoformat() if body.since else "",
    }
    _send(child.stdin, json.dumps(header).encode())
    _send(child.stdin, body.body)
    answer = _receive(child.stdout)
    if not answer:
        raise EOFError
    found: dict[str, Any] = json.loads(answer)
    return found


def _send(stream: IO[bytes], data: bytes) -> None:
    stream.write(_LENGTH.pack(len(data)) + data)
    stream.flush()


def _receive(stream: IO[bytes]) -> bytes:
    size = stream.read(_LENGTH.size)
    if len(size) < _LENGTH.size:
        return b""
    data = stream.read(_LENGTH.unpack(size)[0])
    if len(data) < _LENGTH.unpack(size)[0]:
        raise EOFError
    return data


def _text(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)


def _source(fields: dict[str, Any]) -> Source:
    # Checked already by whoever read it; only what scope needs.
    lists: Any = {
        name: tuple(fields[name])
        for name in (
            "feeds",
            "sitemaps",
            "listings",
            "archives",
            "allow",
            "hosts",
            "languages",
        )
    }
    return Source(
        name=fields["name"],
        kind=fields["kind"],
        publisher=fields["publisher"],
        json_listings=tuple(JsonListing(**rule) for rule in fields["json_listings"]),
        **lists,
    )


def _findings(fields: dict[str, Any]) -> Findings:
    return Findings(
        articles=tuple(_found(found) for found in fields["articles"]),
        children=tuple(_found(found) for found in fields["children"]),
        other_links=fields["other_links"],
        skipped=fields["skipped"],
        problem=fields["problem"],
    )


def _entries(found: list[dict[str, Any]]) -> tuple[Entry, ...]:
    return tuple(Entry(**{**fields, **_moments(fields)}) for fields in found)


def _moments(fields: dict[str, Any]) -> dict[str, datetime | None]:
    names = ("published_at", "modified_at")
    given = {name: fields[name] for name in names}
    return {n: datetime.fromisoformat(v) if v else None for n, v in given.items()}


def _found(fields: dict[str, Any]) -> Found:
    modified = fields.pop("modified_at")
    moment = datetime.fromisoformat(modified) if modified else None
    return Found(**fields, modified_at=moment)


def _limit_memory() -> None:
    # Not every system enforces it; the time limit holds everywhere.
    with suppress(ValueError, OSError):
        _, hard = resource.getrlimit(resource.RLIMIT_AS)
        resource.setrlimit(resource.RLIMIT_AS, (MAX_MEMORY_BYTES, hard))


if __name__ == "__main__":
    _limit_memory()
    serve(sys.stdin.buffer, sys.stdout.buffer)
