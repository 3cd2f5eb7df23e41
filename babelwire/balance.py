"""The balance: what became of every article address."""

from __future__ import annotations

import tomllib
from collections.abc import Collection, Mapping
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pipeline.store import Database


def load_balance(database: Database) -> dict[str, dict[str, Any]]:
    """Per source, the keys of `status --json`."""
    from pipeline.store import documents
    from pipeline.store.frontier import balance, fetched_pages
    from pipeline.store.sources import source_rows

    with database.read() as connection:
        balances = balance(connection)
        fetched = fetched_pages(connection)
        counts = documents.count_by_source(connection)
        names = source_rows(connection)
    return {
        name: {
            **balances[name].as_mapping(),
            "documents": counts.get(name, 0),
            "fetched": fetched.get(name, 0),
        }
        for name in sorted({*names, *balances})
        if name in balances or name in counts
    }


def show_balance(database: Database, names: Collection[str]) -> None:
    """A table of the named sources' balances, with the reasons below it."""
    from babelwire.terminal import say, table

    rows = {n: b for n, b in load_balance(database).items() if n in names}
    if not rows:
        say("No article addresses were found yet.")
        return
    keys = ("discovered", "pending", "stored", "unchanged", "duplicate")
    lines: list[list[str | int]] = [
        [name, *(b[key] for key in keys), _sum(b["rejected"]), _sum(b["failed"])]
        for name, b in rows.items()
    ]
    if len(lines) > 1:
        columns = list(zip(*(line[1:] for line in lines), strict=True))
        lines.append(["all", *(sum(map(int, column)) for column in columns)])
    headings = ["source", "found", *keys[1:], "rejected", "failed"]
    table(headings, lines, numbers=frozenset(range(1, len(headings))))
    for text in reasons(rows):
        say(text)


def reasons(balances: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """A line per source that rejected or failed something."""
    found = []
    for name, balance in balances.items():
        for outcome in ("rejected", "failed"):
            parts = ", ".join(
                f"{number} {plain_reason(reason)}"
                for reason, number in sorted(balance[outcome].items())
            )
            if parts:
                found.append(f"{name}: {outcome}: {parts}")
    return found


def plain_reason(reason: str) -> str:
    """A reason in a reader's words.

    >>> plain_reason("http_410")
    'HTTP status 410'
    """
    if reason.startswith("http_"):
        return f"HTTP status {reason.removeprefix('http_')}"
    return _plain_reasons().get(reason, reason.replace("_", " "))


def _sum(counts: Mapping[str, int]) -> int:
    return sum(counts.values())


@cache
def _plain_reasons() -> Mapping[str, str]:
    text = (files("babelwire") / "reasons.toml").read_text("utf-8")
    return tomllib.loads(text)
