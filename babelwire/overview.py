"""How a workspace stands."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from babelwire.assembly import now, open_engine
from babelwire.balance import load_balance, plain_reason
from babelwire.terminal import note, one_line, say, table
from pipeline.errors import UnavailableError

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from babelwire.workspace import Workspace
    from pipeline.store import Database

MAX_SET_ASIDE = 20
USAGE_PERIOD = timedelta(days=30)
WEEK = 7
"""Days: each day of the week once."""


def load_status(workspace: Workspace, database: Database) -> dict[str, Any]:
    """The JSON document of `status`."""
    from pipeline.store.readings import read_by_lines_alone

    balances = load_balance(database)
    with database.read() as connection:
        health = _health(workspace, connection, now())
        hosts = _hosts_left_alone(connection, now())
        stages = _stages(connection)
        by_lines = read_by_lines_alone(connection)
        aside = _set_aside(connection)
        translation = _translation(workspace, connection, now())
    empty: dict[str, Any] = {
        "discovered": 0,
        "pending": 0,
        "stored": 0,
        "unchanged": 0,
        "duplicate": 0,
        "rejected": {},
        "failed": {},
        "documents": 0,
        "fetched": 0,
    }
    names = sorted({*balances, *workspace.sources})
    return {
        "schema": 1,
        "sources": {
            name: {**balances.get(name, empty), **health.get(name, {})}
            for name in names
        },
        "hosts": hosts,
        "stages": stages,
        "pages_by_lines_alone": by_lines,
        "set_aside": aside,
        "translation": translation,
        "index": _index(workspace, database),
    }


def show_status(status: Mapping[str, Any]) -> None:
    """Prints it for a person."""
    keys = ("discovered", "pending", "stored", "unchanged", "duplicate")
    rows: list[list[str | int]] = [
        [
            name,
            *(source[key] for key in keys),
            sum(source["rejected"].values()),
            sum(source["failed"].values()),
            source["documents"],
            _week(source),
            _ago(source.get("last_read_at")),
        ]
        for name, source in status["sources"].items()
    ]
    headings = [
        "source",
        "found",
        *keys[1:],
        "rejected",
        "failed",
        "documents",
        "7 days (usual)",
        "last read",
    ]
    if rows:
        table(headings, rows, numbers=frozenset(range(1, 10)))
    else:
        say('No sources yet: "babelwire source add URL".')
    _show_stages(status["stages"])
    _show_stopped(status["pages_by_lines_alone"])
    _show_translation(status["translation"])
    _show_index(status["index"])
    for name, source in status["sources"].items():
        for problem in source.get("problems", ()):
            note(one_line(f"{name}: {problem}"))
    for host in status["hosts"]:
        until = datetime.fromisoformat(host["until"])
        note(
            one_line(
                f"{host['host']}: left alone until {until:%Y-%m-%d %H:%M} UTC: "
                f"{plain_reason(host['reason'])}"
            )
        )
    for item in status["set_aside"]:
        detail = f" ({item['detail']})" if item["stage"] == "index" else ""
        note(
            one_line(
                f"set aside: {item['stage']} {item['item']}: {item['reason']}{detail}"
            )
        )


def _show_stages(stages: Mapping[str, Any]) -> None:
    rows: list[list[str | int]] = []
    for name, stage in stages.items():
        waiting = ", ".join(
            f"{number:,} {plain_reason(reason)}"
            for reason, number in stage["waiting"].items()
        )
        rows.append([name, stage["due"], stage["done"], stage["dead"], waiting])
    if rows:
        table(
            ["stage", "due", "done", "set aside", "waiting"],
            rows,
            numbers=frozenset({1, 2, 3}),
        )


def _show_stopped(number: int) -> None:
    pages = "1 document's page" if number == 1 else f"pages of {number:,} documents"
    if number:
        note(f"{pages} stopped the extractors, read by lines alone (show tells why)")


def _show_translation(translation: Mapping[str, Any]) -> None:
    rows: list[list[str | int]] = [
        [
            f"{rate['source']}-{rate['target']}",
            one_line(f"{rate['engine']} {rate['model']}"),
            rate["segments"],
            rate["flagged"],
            f"{rate['rate']:.1%}",
            "" if rate["before"] is None else f"{rate['before']:.1%}",
        ]
        for rate in translation["flag_rates"]
    ]
    if rows:
        headings = ["pair", "machine", "sentences, 7 days", "flagged", "rate", "before"]
        table(headings, rows, numbers=frozenset({2, 3, 4, 5}))
    for rate in translation["flag_rates"]:
        if rate["alarming"]:
            note(one_line(_alarm(rate)))
    for engine, used in translation["usage"].items():
        say(
            one_line(
                f"{engine}, 30 days: {used['requests']:,} requests, "
                f"{used['characters']:,} characters, {used['input_tokens']:,} + "
                f"{used['output_tokens']:,} tokens"
            )
        )
    for need in translation["needs"]:
        note(one_line(need["text"]))


def _alarm(rate: Mapping[str, Any]) -> str:
    return (
        f"{rate['source']}-{rate['target']}: checks flag {rate['rate']:.1%} of what "
        f"{rate['model']} translates; look at some of it, or choose another engine "
        "for this pair"
    )


def _show_index(index: Mapping[str, Any]) -> None:
    if index["unavailable"]:
        note(one_line(f"the index is not there now: {index['unavailable']}"))
    elif index["generation"] is None:
        say('No index yet: "babelwire index" makes it.')
        return
    line = f"Index ({index['engine']}): {index['documents']:,} documents"
    if index["backlog"]:
        line += f', {index["backlog"]:,} changed since; "babelwire index" brings them'
    say(line)


def _health(
    workspace: Workspace, connection: Connection, at: datetime
) -> dict[str, dict[str, Any]]:
    """Of every configured source, in English."""
    from babelwire.health import load_health
    from babelwire.web.findings import finding_words
    from babelwire.wording import Wording

    wording = Wording("en", "UTC")
    return {
        name: {
            "enabled": found.enabled,
            "last_visit_at": _iso(found.last_visit_at),
            "last_read_at": _iso(found.last_read_at),
            "next_visit_at": _iso(found.next_visit_at),
            "newest_article_at": _iso(found.newest_article_at),
            "new_documents": list(found.counts),
            "usual_documents_per_day": found.usual,
            "silent": any(finding.code == "silent" for finding in found.findings),
            "problems": [
                finding_words(wording, finding)
                for finding in found.findings
                if finding.code != "new"
            ],
        }
        for name, found in load_health(workspace.sources, connection, at).items()
    }


def _hosts_left_alone(connection: Connection, at: datetime) -> list[dict[str, Any]]:
    """Hosts that nothing is asked of for now, and why: nothing is switched off."""
    from pipeline.store.hosts import held_hosts, unreachable_robots

    held = [
        {
            "host": hold.host,
            "until": hold.not_before_at.isoformat(),
            "reason": hold.reason.rpartition(": ")[2],
        }
        for hold in held_hosts(connection, at).values()
    ]
    held += [
        {
            "host": record.origin,
            "until": record.expires_at.isoformat(),
            "reason": "robots_unreachable",
        }
        for record in unreachable_robots(connection, at)
    ]
    return sorted(held, key=lambda each: (each["host"], each["until"]))


def _week(source: Mapping[str, Any]) -> str:
    """New documents of seven days, beside as many as are usual."""
    counts, usual = source.get("new_documents"), source.get("usual_documents_per_day")
    if counts is None:
        return ""
    number = f"{sum(counts[-WEEK:]):,}"
    return number if usual is None else f"{number} ({round(WEEK * usual):,})"


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None


def _stages(connection: Connection) -> dict[str, Any]:
    from pipeline.store import work

    return {
        name: {
            "due": counts.due + counts.claimed,
            "waiting": dict(counts.waiting),
            "done": counts.done,
            "dead": counts.dead,
        }
        for name, counts in work.counts(connection).items()
    }


def _translation(
    workspace: Workspace, connection: Connection, at: datetime
) -> dict[str, Any]:
    """Flag rates of machine translations, use of servers, models that are missing."""
    from babelwire.flagrates import HISTORY, RECENT, flag_rates
    from pipeline.store.translation_state import count_by_day
    from pipeline.store.usage import usage_since

    since = (at - RECENT - HISTORY).strftime("%Y-%m-%d")
    month = (at - USAGE_PERIOD).strftime("%Y-%m-%d")
    rates = flag_rates(count_by_day(connection, since=since), at.date())
    return {
        "flag_rates": [rate.to_json() for rate in rates],
        "usage": {
            engine: vars(used)
            for engine, used in usage_since(connection, month).items()
        },
        "needs": _needs(workspace, connection),
    }


def _needs(workspace: Workspace, connection: Connection) -> list[dict[str, Any]]:
    from babelwire.answers import language_name
    from babelwire.modelling import need_text, needed_model
    from pipeline.store.translation_state import pairs_waiting_for

    found = []
    for source, target in pairs_waiting_for(connection, "no_model"):
        model = needed_model(workspace, source, target)
        text = (
            need_text(model, source)
            if model
            else f"No model is known for {language_name(source)}"
        )
        found.append(
            {
                "source": source,
                "target": target,
                "model": model.name if model else None,
                "text": text,
            }
        )
    return found


def _set_aside(connection: Connection) -> list[dict[str, Any]]:
    from pipeline.store import index_state, work

    rows = work.set_aside(connection, limit=MAX_SET_ASIDE)
    keys = ("stage", "item", "reason", "detail")
    refused = [
        ("index", document_id, "refused", reason)
        for document_id, reason in index_state.set_aside(
            connection, limit=MAX_SET_ASIDE
        )
    ]
    return [dict(zip(keys, row, strict=True)) for row in (*rows, *refused)]


def _index(workspace: Workspace, database: Database) -> dict[str, Any]:
    from pipeline.store import index_state

    engine = open_engine(workspace)
    trouble = ""
    try:
        living = engine.current()
        name = living.name if living else None
    except UnavailableError as error:
        name, trouble = None, str(error)
    finally:
        engine.close()
    with database.read() as connection:
        if trouble:
            name = index_state.fullest_generation(connection, engine.name)
        counts = index_state.counts(connection, engine.name, name or "")
    return {
        "engine": engine.name,
        "generation": name,
        "documents": counts.indexed,
        "backlog": counts.backlog,
        "refused": counts.refused,
        "unavailable": trouble,
    }


def _ago(moment: str | None) -> str:
    if moment is None:
        return "never"
    seconds = (now() - datetime.fromisoformat(moment)).total_seconds()
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= size:
            return f"{int(seconds // size)} {unit} ago"
    return "just now"
