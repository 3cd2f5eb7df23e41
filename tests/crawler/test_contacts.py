"""Whom the crawler connects to is noted first; whom it does not is not."""

import socket

import pytest
from twisted.python.failure import Failure

from crawler.guard import Guard, GuardResolver
from crawler.job import Limits, ProbeJob
from crawler.launch import CrawlProcess
from pipeline.store import sqlite_url
from tests.crawler.test_guard import Rebinding, Receiver
from tests.crawler.workspace import LOOPBACK, QUICK, articles, feed, source
from tests.site import Site, redirect


def noted(workspace):
    return {(row.host, row.purpose): row.times for row in workspace.table("contacts")}


def host(site):
    return f"127.0.0.1:{site.port}"


def test_every_host_that_was_asked_is_noted_and_no_other(workspace, site):
    """C4: a link to what must not be connected to is no contact."""
    with Site() as other, Site() as unasked:
        articles(site, {"/a/1": None, "/a/2": redirect(unasked.url("/a/3"))})
        feed(other, [site.url("/a/1"), unasked.url("/a/4"), "http://10.0.0.1/a/5"])
        workspace.crawl(source(site), source(other, "other", allow=()))
        assert noted(workspace) == {
            (host(site), "visit"): len(site.requests),
            (host(other), "visit"): len(other.requests),
        }
        assert unasked.requests == []


def test_who_refuses_the_connection_was_contacted_and_who_has_no_name_was_not(
    workspace, site
):
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    gone = source(site, "gone", feeds=(f"http://127.0.0.1:{port}/feed",))
    nobody = source(site, "nobody", feeds=("http://nobody.invalid/feed",))
    workspace.crawl(gone, nobody, retry_wait_seconds=0.0)
    assert [name for name, _ in noted(workspace)] == [f"127.0.0.1:{port}"]


def test_a_crawl_that_is_killed_has_told_whom_it_asked(workspace, site):
    """P1"""
    articles(site, {"/a/1": None})
    workspace.crawl(source(site), failpoint="crawl.before_archive")
    assert site.requests
    assert list(noted(workspace)) == [(host(site), "visit")]


@pytest.mark.parametrize("named", [True, False])
def test_a_look_at_a_site_is_noted_where_there_is_a_store(workspace, site, named):
    feed(site, ["/a/1"], path="/")
    job = ProbeJob(
        url=site.url("/"),
        allow_networks=LOOPBACK,
        articles=0,
        limits=Limits(**QUICK),
        database_url=sqlite_url(workspace.folder / "babelwire.db") if named else "",
    )
    with CrawlProcess(job) as process:
        assert [event["event"] for event in process.events()] == ["probe"]
    expected = {(host(site), "probe"): len(site.requests)}
    assert noted(workspace) == (expected if named else {})


class AtOnce:
    """A reactor whose threads are done at once."""

    def getThreadPool(self):  # noqa: N802
        return self

    def callFromThread(self, function, *arguments):  # noqa: N802
        function(*arguments)

    def callInThreadWithCallback(self, told, function, *arguments):  # noqa: N802
        try:
            told(True, function(*arguments))
        except OSError:
            told(False, Failure())


def test_what_cannot_be_noted_is_not_connected_to():
    answers, told = [OSError("a full disk"), None], []

    def announce(name):
        told.append(name)
        if error := answers.pop(0):
            raise error

    inner = Rebinding(["93.184.215.14"], ["93.184.215.14"])
    resolver = GuardResolver(AtOnce(), Guard(), inner, announce)
    passed_on, refusals = [], []
    for _ in range(2):
        receiver = Receiver()
        resolver.resolveHostName(receiver, "example.org", 443)
        assert receiver.complete
        passed_on.append(receiver.addresses)
        refusals.append(resolver.refusals.get(("example.org", 443)))
    assert told == ["example.org", "example.org"]
    assert passed_on == [[], ["93.184.215.14"]]
    assert refusals == ["not_noted", None]
