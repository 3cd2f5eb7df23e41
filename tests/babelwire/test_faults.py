"""Killed, interrupted, locked out, out of space: nothing lost, and it goes on."""

import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from babelwire.archive_shown import verify_archive
from babelwire.assembly import now, open_engine, processor
from babelwire.overview import load_status
from babelwire.workspace import find_workspace
from pipeline.importing import file_checksum, import_pages
from pipeline.incoming.files import read_file
from pipeline.urls import document_id, url_key
from search_index.sync import sync
from search_index.verification import verify
from tests.babelwire.conftest import babelwire, environment
from tests.site import Site, hang

ARTICLES = 12


def article(number: int) -> dict[str, str]:
    sentences = [
        f"Paragraph {part} of article {number} tells what the council of city "
        f"{number} decided about tram line {number * 7 + part}."
        for part in range(1, 5)
    ]
    return {
        "url": f"https://news.example.org/2024/{number}",
        "title": f"Council of city {number} decides on trams",
        "text": "\n".join(sentences),
        "published_at": f"2024-06-{number + 1:02d}T10:00:00Z",
    }


@pytest.fixture
def articles(tmp_path: Path) -> Path:
    path = tmp_path / "articles.jsonl"
    lines = [json.dumps(article(number)) for number in range(1, ARTICLES + 1)]
    path.write_text("\n".join(lines) + "\n", "utf-8")
    return path


def go_on(folder: Path, articles: Path) -> None:
    """Imports, processes and indexes: what the next three commands would do."""
    workspace = find_workspace(folder)
    database = workspace.open()
    try:
        import_pages(
            database,
            workspace.archive,
            read_file(articles, now=now()),
            sources={},
            chosen=None,
            evidence=file_checksum(articles),
            now=now(),
        )
        with processor(workspace, database) as stages:
            stages.renew()
            stages.run()
        with contextlib.closing(open_engine(workspace)) as engine:
            sync(database, engine, target="en")
    finally:
        database.close()


def assert_whole(folder: Path) -> None:
    """Every article is there once, the sums balance, index and archive are sound."""
    workspace = find_workspace(folder)
    database = workspace.open()
    try:
        status = load_status(workspace, database)
        with contextlib.closing(open_engine(workspace)) as engine:
            proved = verify(database, engine, target="en")
            held = sorted(state.id for state in engine.snapshot().states())
        archive = verify_archive(database, workspace.archive)
    finally:
        database.close()
    source = status["sources"]["import-news-example-org"]
    assert source["stored"] == source["discovered"] == ARTICLES
    assert source["documents"] == ARTICLES
    for name, stage in status["stages"].items():
        assert (stage["due"], stage["dead"], stage["waiting"]) == (0, 0, {}), name
    assert status["index"]["backlog"] == 0
    urls = [article(number)["url"] for number in range(1, ARTICLES + 1)]
    assert held == sorted(document_id(url_key(url)) for url in urls)
    assert (proved.differences, proved.damage, archive.problems) == ((), (), [])
    assert archive.is_whole


@pytest.mark.parametrize(
    "point",
    [
        "import.after_sync",
        "process.after_claim",
        "process.before_save",
        "process.in_save",
        "process.after_save",
        "index.before_write",
        "index.after_write",
        "index.after_commit",
        "index.before_state",
        "index.after_state",
    ],
)
def test_killed_at_a_point_the_next_run_goes_on(
    workspace: Path, articles: Path, point: str
) -> None:
    """P1: `kill -9` at a named point of import, process or index."""
    died = 0
    for command in (("import", articles), ("process",), ("index",)):
        ran = babelwire(*command, workspace=workspace, BABELWIRE_FAILPOINT=point)
        died += ran.status == -signal.SIGKILL
        if ran.status == -signal.SIGKILL:
            break
    assert died == 1, "the point was not passed"
    go_on(workspace, articles)
    assert_whole(workspace)


@pytest.mark.parametrize("passing", [2, 4])
def test_killed_later_in_processing_the_next_run_goes_on(
    workspace: Path, articles: Path, passing: int
) -> None:
    """P1: not only the first batch."""
    babelwire("import", articles, workspace=workspace)
    ran = babelwire(
        "process", workspace=workspace, BABELWIRE_FAILPOINT=f"process.in_save:{passing}"
    )
    assert ran.status == -signal.SIGKILL
    go_on(workspace, articles)
    assert_whole(workspace)


def test_importing_the_same_file_twice_changes_nothing(
    workspace: Path, articles: Path
) -> None:
    go_on(workspace, articles)
    again = babelwire("import", articles, workspace=workspace)
    assert f"{ARTICLES} were there already" in again.err
    go_on(workspace, articles)
    assert_whole(workspace)


def test_a_full_disk_is_said_and_the_next_run_goes_on(
    workspace: Path, articles: Path
) -> None:
    """P3: no space left while pages are read; a file size limit stands for it."""
    babelwire("import", articles, workspace=workspace)
    code = (
        "import resource, signal, sys\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))\n"
        f"sys.argv = ['babelwire', '--workspace', {str(workspace)!r}, 'process']\n"
        "from babelwire.cli import main\n"
        "if __name__ == '__main__': main()\n"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        env=environment(),
        check=False,
        timeout=120,
    )
    assert ran.returncode == 3, ran.stderr
    assert "Traceback" not in ran.stderr
    go_on(workspace, articles)
    assert_whole(workspace)


def source_file(workspace: Path, site: Site, **more: Any) -> None:
    lines = {
        "name": "site",
        "kind": "news",
        "publisher": "Site",
        "feeds": [site.url("/feed.xml")],
        "delay_seconds": 0.0,
        **more,
    }
    text = "".join(f"{key} = {json.dumps(value)}\n" for key, value in lines.items())
    (workspace / "sources" / "site.toml").write_text(text, "utf-8")


def page(number: int) -> bytes:
    found = article(number)
    body = "".join(f"<p>{line}</p>" for line in found["text"].split("\n"))
    return (
        f"<html><head><title>{found['title']}</title></head><body><article>"
        f"<h1>{found['title']}</h1>{body}</article></body></html>"
    ).encode()


def feed(site: Site, paths: list[str]) -> bytes:
    items = "".join(
        f"<item><title>T{n}</title><link>{site.url(path)}</link></item>"
        for n, path in enumerate(paths)
    )
    return f"<rss version='2.0'><channel>{items}</channel></rss>".encode()


@pytest.fixture
def site() -> Iterator[Site]:
    with Site() as made:
        made.add("/robots.txt", status=404)
        yield made


def test_bad_pages_are_reasons_and_good_ones_arrive(
    workspace: Path, site: Site
) -> None:
    """A page of 20 MB, bytes that are no text, an empty page beside a good one."""
    site.add("/feed.xml", body=feed(site, ["/1", "/big", "/bytes", "/empty", "/gone"]))
    html = {"Content-Type": "text/html"}
    site.add("/1", body=page(1), headers=html)
    site.add("/big", body=b"<p>x</p>" * (20 * 2**20 // 8), headers=html)
    site.add("/bytes", body=bytes(range(256)) * 40, headers=html)
    site.add("/empty", body=b"", headers=html)
    source_file(workspace, site)
    ran = babelwire("run", workspace=workspace)
    assert ran.status == 0, ran.err
    source = babelwire("status", "--json", workspace=workspace).json["sources"]["site"]
    assert source["stored"] == 1
    assert source["rejected"] == {
        "too_large": 1,
        "not_text": 1,
        "empty_body": 1,
        "http_404": 1,
    }
    assert source["discovered"] == 5
    assert "larger than the limit" in ran.err


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"<html><body><h1>Not a feed</h1></body></html>", "not_a_feed"),
        (b"", "not_a_feed"),
    ],
)
def test_a_feed_that_is_none_is_named(
    workspace: Path, site: Site, body: bytes, reason: str
) -> None:
    site.add("/feed.xml", body=body)
    source_file(workspace, site)
    ran = babelwire("run", workspace=workspace)
    assert ran.status == 1
    assert site.url("/feed.xml") in ran.err
    assert "Traceback" not in ran.err


def test_a_second_crawl_is_refused_while_one_runs(workspace: Path, site: Site) -> None:
    """P8: one runs, the other says why not."""
    site.add("/feed.xml", hang())
    source_file(workspace, site)
    with running("crawl", workspace=workspace) as first:
        wait_for(lambda: bool(site.requests))
        second = babelwire("crawl", workspace=workspace)
        assert second.status == 3
        assert "another crawl" in second.err
        first.send_signal(signal.SIGINT)
        first.wait(60)


def test_ctrl_c_keeps_what_is_there(workspace: Path, site: Site) -> None:
    """130, and what was done stays done."""
    slow = [f"/slow{number}" for number in range(40)]  # more than time limits end
    site.add("/feed.xml", body=feed(site, ["/1", *slow]))
    site.add("/1", body=page(1), headers={"Content-Type": "text/html"})
    for path in slow:
        site.add(path, hang())
    source_file(workspace, site)
    with running("run", workspace=workspace) as process:
        wait_for(lambda: any(seen.path in slow for seen in site.requests))
        wait_for(lambda: searchable(workspace) == 1)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert "Traceback" not in err
    assert searchable(workspace) == 1


def test_sigterm_ends_with_143(workspace: Path, site: Site) -> None:
    site.add("/feed.xml", hang())
    source_file(workspace, site)
    with running("crawl", workspace=workspace) as process:
        wait_for(lambda: bool(site.requests))
        process.send_signal(signal.SIGTERM)
        _, err = process.communicate(timeout=60)
    assert process.returncode == 143, err


def searchable(workspace: Path) -> int:
    """How many documents a search finds now; the run still goes on."""
    ran = babelwire("search", "*", "--json", workspace=workspace)
    return int(ran.json["total"]) if ran.status == 0 else 0


@contextlib.contextmanager
def running(*arguments: str, workspace: Path) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-m", "babelwire", "--workspace", workspace, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(),
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
            process.communicate()
        for stream in (process.stdout, process.stderr):
            if stream is not None:
                stream.close()


def wait_for(condition: Any, seconds: float = 60.0) -> None:
    """Waits for another process; bounded."""
    import threading
    import time

    end = time.monotonic() + seconds
    pause = threading.Event()
    while not condition():
        assert time.monotonic() < end, "it did not happen"
        pause.wait(0.05)


def test_the_environment_is_told_apart() -> None:
    """A variable of the user's shell does not reach these tests."""
    assert not [key for key in environment() if key.startswith("BABELWIRE_")]
    assert os.environ is not environment()
