"""Whether an installation and its workspace are sound; what to do where not."""

from __future__ import annotations

import contextlib
import os
import platform
import shutil
import stat
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from babelwire.config import FILE
from babelwire.network import ca_file_of, check_egress
from babelwire.overview import load_status
from babelwire.terminal import counted
from pipeline.errors import BabelwireError, ConfigError

if TYPE_CHECKING:
    from babelwire.workspace import Workspace
    from pipeline.store import Database

LEAST_FREE_BYTES = 1 << 30
"""Beside room for a second index: a busy day's pages, or a model of OPUS-MT unpacked
(300 MB and its zip), fit several times. At a full disk everything pauses (P3)."""

MOST_SKEW = timedelta(minutes=5)
"""A stored time so far ahead says that the clock was put back: the tolerance that is
customary for clocks that are kept (RFC 4120, section 8.2)."""


@dataclass(frozen=True, kw_only=True)
class Check:
    """One thing that was looked at.

    Attributes:
        name: What.
        ok: False: somebody should look.
        found: In a line.
        advice: What to do where it is not ok, or "".
    """

    name: str
    ok: bool
    found: str
    advice: str = ""


def examine(workspace: Workspace, now: datetime) -> list[Check]:
    """Everything that is looked at, in the order it is shown."""
    checks = [
        Check(name="Python", ok=True, found=platform.python_version()),
        _configuration(workspace),
        permissions(workspace),
        _disk(workspace),
    ]
    try:
        database = workspace.open()
    except BabelwireError as error:
        return [*checks, Check(name="store", ok=False, found=str(error))]
    with contextlib.closing(database):
        checks.append(_store(database))
        checks.append(_clock(database, now))
        checks += _tried("status", lambda: _status(workspace, database))
    return checks


def to_json(checks: Sequence[Check]) -> dict[str, Any]:
    """The JSON document of `doctor`."""
    return {
        "schema": 1,
        "ok": all(check.ok for check in checks),
        "checks": [asdict(check) for check in checks],
    }


def show(checks: Sequence[Check]) -> None:
    """Prints it for a person."""
    from babelwire.terminal import one_line, say, write

    for check in checks:
        word = "ok" if check.ok else "attention"
        write(f"{word:9}  " + one_line(f"{check.name}: {check.found}"))
        if check.advice:
            write(f"{'':9}  " + one_line(check.advice))
    bad = sum(1 for check in checks if not check.ok)
    say(f"{counted(bad, 'thing')} to look at." if bad else "All is well.")


def config_problems(workspace: Workspace) -> list[str]:
    """What is wrong with a workspace's files; its `babelwire.toml` can be read."""
    from crawler.job import check_networks, contact_problem
    from pipeline.sources import read_source

    crawl = workspace.config.crawl
    problems: list[str] = []
    endpoints: list[str] = []
    with _noted(problems):
        check_networks(crawl.allow_networks)
    for path in sorted(workspace.sources_folder.glob("*.toml")):
        with _noted(problems):
            source = read_source(path)
            endpoints += source.endpoints
            check_egress(workspace, [source])
    with _noted(problems):
        missing = contact_problem(endpoints, crawl.contact, crawl.allow_networks)
        if missing:
            problems.append(f"{workspace.root / FILE}: {missing}")
    with _noted(problems):
        ca_file_of(workspace)
    with _noted(problems):
        _ = workspace.names
    return problems


@contextlib.contextmanager
def _noted(problems: list[str]) -> Iterator[None]:
    try:
        yield
    except ConfigError as error:
        problems.append(str(error))
    except ValueError:  # networks that are none were told already
        return


def _tried(name: str, look: Callable[[], list[Check]]) -> list[Check]:
    """What a look found; where it cannot be made, that is what was found."""
    try:
        return look()
    except BabelwireError as error:
        return [Check(name=name, ok=False, found=str(error))]


# --- The machine -----------------------------------------------------------------


def _configuration(workspace: Workspace) -> Check:
    problems = config_problems(workspace)
    return Check(
        name="configuration",
        ok=not problems,
        found="; ".join(problems) or f"{workspace.root / FILE}, sources and names read",
        advice='"babelwire config check" lists each' if problems else "",
    )


def _may_write(path: Path) -> bool:
    return os.access(path, os.W_OK)


def permissions(
    workspace: Workspace, may_write: Callable[[Path], bool] = _may_write
) -> Check:
    """Whether we may write, and strangers may not.

    Args:
        workspace: Whose files.
        may_write: Whether this process may change a file.
    """
    places = [
        path
        for path in (
            workspace.root,
            workspace.root / FILE,
            workspace.root / "babelwire.db",
            workspace.sources_folder,
            workspace.names_folder,
            workspace.archive,
            workspace.index,
            workspace.models,
        )
        if path.exists()
    ]
    closed = [path for path in places if not may_write(path)]
    open_to_all = [path for path in places if path.stat().st_mode & stat.S_IWOTH]
    if closed:
        return Check(
            name="permissions",
            ok=False,
            found=f"cannot be written: {_list(closed)}",
            advice="run as the user who made the workspace, or give this one the files",
        )
    if open_to_all:
        return Check(
            name="permissions",
            ok=False,
            found=f"anybody on this machine can change {_list(open_to_all)}",
            advice=f'"chmod -R o-w {workspace.root}" ends that',
        )
    return Check(name="permissions", ok=True, found="ours to write, nobody else's")


def _disk(workspace: Workspace) -> Check:
    free = shutil.disk_usage(workspace.root).free
    files = workspace.index.rglob("*") if workspace.index.is_dir() else ()
    index = sum(path.stat().st_size for path in files if path.is_file())
    needed = LEAST_FREE_BYTES + index
    is_enough = free >= needed
    return Check(
        name="disk",
        ok=is_enough,
        found=f"{_size(free)} free",
        advice=""
        if is_enough
        else f"keep {_size(needed)} free: a new index is built beside the living one, "
        "and crawls pause when the disk is full",
    )


# --- The store -------------------------------------------------------------------


def _store(database: Database) -> Check:
    from sqlalchemy import text

    with database.read() as connection:
        revision = connection.scalar(text("SELECT version_num FROM alembic_version"))
        if database.dialect == "sqlite":
            version = connection.scalar(text("SELECT sqlite_version()"))
            journal = connection.scalar(text("PRAGMA journal_mode"))
            what = f"SQLite {version}, journal {journal}"
        else:
            what = f"PostgreSQL {connection.scalar(text('SHOW server_version'))}"
    return Check(name="store", ok=True, found=f"{what}, schema {revision}")


def _clock(database: Database, now: datetime) -> Check:
    """Whether anything was stored later than now."""
    from pipeline.store import contacts
    from pipeline.store.runs import latest_runs

    with database.read() as connection:
        moments = [run.started_at for run in latest_runs(connection).values()]
        moments += [contact.last_at for contact in contacts.load(connection)]
    newest = max(moments, default=now)
    is_sound = newest - now <= MOST_SKEW
    return Check(
        name="clock",
        ok=is_sound,
        found=f"{now:%Y-%m-%d %H:%M} UTC"
        + ("" if is_sound else f", the store has {newest:%Y-%m-%d %H:%M} UTC already"),
        advice=""
        if is_sound
        else "set this machine's clock, and let it be kept (NTP); times stored "
        "meanwhile stay as they are",
    )


# --- The workspace ---------------------------------------------------------------


def _status(workspace: Workspace, database: Database) -> list[Check]:
    status = load_status(workspace, database)
    return [
        _sources(status["sources"]),
        _index(
            status["index"], sum(s["documents"] for s in status["sources"].values())
        ),
        _models(workspace, status["translation"]["needs"]),
        _set_aside(status["set_aside"]),
    ]


def _sources(sources: Mapping[str, Mapping[str, Any]]) -> Check:
    enabled = [name for name, source in sources.items() if source.get("enabled")]
    troubled = [name for name in enabled if sources[name]["problems"]]
    if not enabled:
        return Check(
            name="sources",
            ok=False,
            found="none is visited",
            advice='"babelwire source add URL" adds one',
        )
    return Check(
        name="sources",
        ok=not troubled,
        found=f"{len(enabled):,} visited"
        + (f", trouble with {', '.join(troubled)}" if troubled else ""),
        advice='"babelwire status" says which' if troubled else "",
    )


def _index(index: Mapping[str, Any], documents: int) -> Check:
    name = f"index ({index['engine']})"
    if index["unavailable"]:
        return Check(name=name, ok=False, found=index["unavailable"])
    if index["generation"] is None and not documents:
        return Check(name=name, ok=True, found="none yet, and no documents")
    behind, refused = index["backlog"], index["refused"]
    parts = [counted(index["documents"], "document")]
    parts += [f"{behind:,} changed since"] if behind else []
    parts += [f"{refused:,} refused"] if refused else []
    advice = '"babelwire index" brings them' if behind else ""
    if refused:
        advice = '"babelwire status" says why, "babelwire retry --stage index" repeats'
    return Check(
        name=name,
        ok=not (behind or refused),
        found=", ".join(parts),
        advice=advice,
    )


def _models(workspace: Workspace, needs: Sequence[Mapping[str, Any]]) -> Check:
    from pipeline.translation.models.shelf import Shelf

    installed = len(Shelf(workspace.models).installed())
    return Check(
        name="translation models",
        ok=not needs,
        found=f"{installed:,} installed"
        + (
            f", {len(needs):,} language pairs wait" if needs else ", none is waited for"
        ),
        advice="; ".join(need["text"] for need in needs),
    )


def _set_aside(items: Sequence[Mapping[str, Any]]) -> Check:
    return Check(
        name="set aside",
        ok=not items,
        found=counted(len(items), "item") if items else "nothing",
        advice='"babelwire status" says why, "babelwire retry" tries again'
        if items
        else "",
    )


def _list(paths: Sequence[Path]) -> str:
    return ", ".join(map(str, paths))


def _size(count: int) -> str:
    return f"{count / (1 << 30):,.1f} GiB"
