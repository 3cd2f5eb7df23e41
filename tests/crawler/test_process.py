"""The crawl as a process: lock, signals, orphans, quiet, bad jobs."""

import fcntl
import json
import re
import signal
import subprocess
import sys

import pytest

from crawler.job import CrawlJob, contact_problem
from crawler.launch import CrawlProcess
from pipeline.errors import ConfigError
from tests.crawler.workspace import articles, source
from tests.site import hang, status


@pytest.fixture
def running(workspace, site):
    """A crawl that waits for an answer; the first article came already."""
    articles(site, {"/a/1": None, "/a/2": hang()})
    job = workspace.job(source(site), limits={"timeout_seconds": 60.0})
    process = CrawlProcess(job)
    process.start()
    events = process.events()
    for event in events:
        fetched = event["event"] == "progress" and event["sources"]["site"]["fetched"]
        if fetched == 1:
            break
    yield process, events
    process.close()


@pytest.mark.parametrize(
    ("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)]
)
def test_a_signal_ends_the_crawl_and_keeps_what_came(
    workspace, site, running, number, status
):
    process, events = running
    process.interrupt() if number == signal.SIGINT else process.terminate()
    rest = {event["event"]: event for event in events}
    finished = rest["finished"]
    assert process.exit_status == status
    assert finished["state"] == "interrupted"
    assert workspace.row(site.url("/a/1")).page_id is not None
    left = workspace.row(site.url("/a/2"))
    assert (left.outcome, left.due_at is not None) == ("pending", True)
    assert process.stderr == ""


def test_a_second_crawl_says_who_holds_the_workspace(workspace, site, running):
    """P8."""
    process, _ = running
    result = workspace.crawl(source(site))
    (error,) = result.of("error")
    assert result.exit_status == error["exit_status"] == 3
    assert f"another crawl (process {process.process_id}, since " in error["message"]
    assert re.search(r"since \d{4}-\d\d-\d\d \d\d:\d\d UTC\)", error["message"])
    assert error["message"].endswith("wait until it has ended, or stop it")


def test_the_lock_of_a_killed_crawl_holds_nobody_up(workspace, site, running):
    """P8."""
    process, events = running
    process.kill()
    assert list(events) == []
    left = (workspace.folder / "crawl.lock").read_text("utf-8")
    assert left.startswith(f"{process.process_id} ")
    site.add("/a/2", body="<p>It answers now.</p>")
    again = workspace.crawl(source(site))
    assert (again.exit_status, again.of("error")) == (0, [])
    assert (workspace.folder / "crawl.lock").read_text("utf-8") == ""


PARENT = """
import os, sys
from crawler.job import CrawlJob
from crawler.launch import CrawlProcess
process = CrawlProcess(CrawlJob.from_json(sys.argv[1]))
process.start()
for event in process.events():
    if event["event"] == "progress":
        os.kill(os.getpid(), 9)
"""


def test_the_child_ends_when_its_parent_dies(workspace, site):
    articles(site, {"/a/1": hang()})
    job = workspace.job(source(site), limits={"timeout_seconds": 60.0})
    subprocess.run([sys.executable, "-c", PARENT, job.to_json()], check=False)
    with (workspace.folder / "crawl.lock").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # waits for the child to let go
    (run,) = workspace.table("runs")
    assert run.state == "interrupted"
    assert run.reason == "the process that started the crawl is gone"


def test_a_text_that_is_no_job_is_wrong_use():
    done = subprocess.run(
        [sys.executable, "-m", "crawler"],
        input='{"sources": []}',
        text=True,
        capture_output=True,
        check=False,
    )
    event = json.loads(done.stdout)
    assert done.returncode == event["exit_status"] == 2
    assert "database_url: missing" in event["message"]
    assert done.stderr == ""


def test_who_watches_is_told_how_each_host_stands(workspace, site):
    """C3."""
    articles(site, {"/a/1": None, "/a/2": None, "/a/3": None})
    site.add("/a/3", status(503))
    result = workspace.crawl(
        source(site, delay_seconds=0.6), tell_hosts=True, retry_wait_seconds=0.0
    )
    told = [host for event in result.of("progress") for host in event.get("hosts", ())]
    assert {host["host"] for host in told} == {f"127.0.0.1:{site.port}"}
    assert max(host["fetched"] for host in told) >= 1
    assert all(host["waiting"] or host["in_flight"] for host in told)
    unwatched = workspace.crawl(source(site), retry_wait_seconds=0.0)
    assert not any("hosts" in event for event in unwatched.of("progress"))


def test_a_job_survives_its_json(workspace, site):
    job = workspace.job(source(site, every="2h", languages=("vi",)))
    assert CrawlJob.from_json(job.to_json()) == job


def test_a_job_with_an_unknown_key_is_refused(workspace, site):
    fields = json.loads(workspace.job(source(site)).to_json()) | {"speed": 9}
    with pytest.raises(ConfigError, match="speed"):
        CrawlJob.from_json(json.dumps(fields))


def test_a_public_site_needs_a_contact():
    urls = ["http://127.0.0.1:1/feed", "https://example.org/feed"]
    assert "example.org" in contact_problem(urls, "", ["127.0.0.0/8"])
    assert contact_problem(urls, "https://example.net/bot", []) == ""
    assert contact_problem(urls[:1], "", ["127.0.0.0/8"]) == ""
    assert "ASCII" in contact_problem(urls, "a\r\nX: y", [])


def test_the_application_can_launch_without_loading_scrapy():
    code = (
        "import sys, crawler.launch, crawler.job\n"
        "assert not {'scrapy', 'twisted', 'sqlalchemy'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
