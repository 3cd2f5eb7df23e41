"""What a person sees of a crawl: host by host while it runs, and in `status`."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from babelwire.crawl_progress import CrawlProgress, HostBar
from babelwire.workspace import find_workspace
from pipeline.store.hosts import HostHold, RobotsRecord, hold_host, keep_robots
from tests.babelwire.conftest import babelwire

SOON = datetime.now(UTC) + timedelta(hours=2)


def held(workspace: Path) -> None:
    """One host asked to be left alone; another's robots.txt does not answer."""
    database = find_workspace(workspace).open()
    try:
        with database.write() as connection:
            hold = HostHold(
                host="busy.example", not_before_at=SOON, failures=0, reason="http_429"
            )
            hold_host(connection, hold)
            record = RobotsRecord(
                origin="https://shut.example",
                fetched_at=SOON - timedelta(hours=3),
                expires_at=SOON,
                state="unreachable",
                reason="http_503",
            )
            keep_robots(connection, record)
            old = SOON - timedelta(days=9)
            hold_host(
                connection,
                HostHold(host="old.example", not_before_at=old, failures=9, reason="x"),
            )
    finally:
        database.close()


def test_status_says_which_hosts_are_left_alone_until_when_and_why(
    workspace: Path,
) -> None:
    """C1, C3: what is put off is never put off in silence."""
    held(workspace)
    told = babelwire("status", workspace=workspace).err
    until = f"{SOON:%Y-%m-%d %H:%M} UTC"
    assert f"busy.example: left alone until {until}: HTTP status 429" in told
    assert f"https://shut.example: left alone until {until}: the site's robots" in told
    assert "old.example" not in told
    hosts = babelwire("status", "--json", workspace=workspace).json["hosts"]
    assert [(host["host"], host["reason"]) for host in hosts] == [
        ("busy.example", "http_429"),
        ("https://shut.example", "robots_unreachable"),
    ]


def host(name: str, **fields: object) -> dict[str, object]:
    idle = {"in_flight": 0, "is_held": False, "wait_seconds": 0, "reason": ""}
    return {"host": name, "fetched": 7, "waiting": 3, **idle, **fields}


def shown(hosts: list[dict[str, object]]) -> str:
    from rich.console import Console

    bar = HostBar()
    CrawlProgress(bar).update({"s": {"fetched": 12, "pending": 30}}, hosts)
    console = Console(width=70, record=True, force_terminal=True)
    with console.capture() as captured:
        console.print(bar.progress.get_renderable())
    return captured.get()


def test_a_terminal_shows_the_hosts_below_the_bar() -> None:
    hosts = [
        host("a.example", in_flight=1),
        host("b.example", is_held=True, wait_seconds=58, reason="http_503"),
        *(host(f"h{number}.example", wait_seconds=number) for number in range(9)),
    ]
    text = shown(hosts)
    assert "12 fetched, 30 to go" in text
    for words in ("a.example", "answering", "left alone for 58 s: HTTP status 503"):
        assert words in text
    assert "h8.example" not in text
    assert "…" in text


def test_a_hosts_name_cannot_move_the_cursor() -> None:
    """W3."""
    text = shown([host("evil\x1b[2J.example", in_flight=1)])
    assert "evil" in text
    assert "\x1b[2J" not in text


def test_without_a_terminal_hosts_are_not_asked_for() -> None:
    assert not CrawlProgress(None).shows_hosts
