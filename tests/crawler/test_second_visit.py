"""The same site crawled twice; between the visits some pages change."""

import zlib

import pytest
from sqlalchemy import update

from pipeline.store import open_database, sqlite_url
from pipeline.store.frontier import resolve
from pipeline.store.tables import urls, work
from pipeline.warc import GZIP_WINDOW, parse_fields
from tests.crawler.workspace import Workspace, articles, feed, source
from tests.site import HTML, Response, Site, not_modified, status

PATHS = ("/a/etag", "/a/same", "/a/edited", "/a/refused", "/a/gone", "/a/flaky")


def process(workspace: Workspace, rejected: str) -> None:
    """What the extract stage does later on."""
    database = open_database(sqlite_url(workspace.folder / "babelwire.db"))
    with database.write() as connection:
        for row in list(connection.execute(urls.select())):
            if row.role == "article" and row.page_id:
                is_rejected = row.url == rejected
                outcome = "rejected" if is_rejected else "stored"
                reason = "soft_404" if is_rejected else ""
                assert resolve(connection, row.id, outcome, reason, page_id=row.page_id)
        connection.execute(update(work).values(state="done"))
    database.close()


def answer_with_etag(request):
    if request.headers.get("if-none-match") == '"one"':
        return not_modified()
    headers = {
        **HTML,
        "ETag": '"one"',
        "Last-Modified": "Fri, 21 Jun 2024 10:00:00 GMT",
    }
    return Response(headers=headers, body=b"<p>etag</p>")


@pytest.fixture(scope="module")
def twice(make_workspace):
    workspace = make_workspace("twice")
    with Site() as site:
        articles(site, dict.fromkeys(PATHS))
        site.add("/a/etag", answer_with_etag)
        first = workspace.crawl(source(site))
        process(workspace, rejected=site.url("/a/refused"))
        site.add("/a/edited", body="<p>edited in silence</p>")
        site.add("/a/gone", status(410))
        site.add("/a/flaky", status(503))
        site.add("/a/late", body="<p>late</p>")
        feed(site, [*PATHS, "/a/late", "/a/etag?utm_source=feed"])
        second = workspace.crawl(source(site))
        yield workspace, site, first, second


def test_what_is_not_modified_makes_no_copy(twice):
    """C14."""
    workspace, site, _, _ = twice
    url = site.url("/a/etag")
    assert workspace.outcome(url) == ("unchanged", "")
    assert [page.status for page in workspace.pages(url)] == [200, 304]
    asked = [r for r in site.requests if r.path == "/a/etag"][-1].headers
    assert asked["if-none-match"] == '"one"'
    assert asked["if-modified-since"] == "Fri, 21 Jun 2024 10:00:00 GMT"


def test_a_304_is_archived_as_a_revisit(twice):
    workspace, site, _, _ = twice
    page = workspace.pages(site.url("/a/etag"))[1]
    stored = workspace.stored(page)
    assert (stored.kind, stored.status, stored.body) == ("revisit", 304, b"")


def test_the_revisit_names_the_record_that_is_still_right(twice):
    workspace, site, _, _ = twice
    page, revisit = (fields(workspace, p) for p in workspace.pages(site.url("/a/etag")))
    assert revisit["warc-refers-to"] == page["warc-record-id"]
    assert revisit["warc-refers-to-date"] == page["warc-date"]
    assert revisit["warc-payload-digest"] == page["warc-payload-digest"]


def fields(workspace: Workspace, page) -> dict[str, str]:
    member = (workspace.archive / page.archive_file).read_bytes()[page.archive_offset :]
    return parse_fields(zlib.decompressobj(GZIP_WINDOW).decompress(member))[0]


def test_the_same_body_is_unchanged_and_not_extracted_again(twice):
    """C14."""
    workspace, site, _, _ = twice
    url = site.url("/a/same")
    assert workspace.outcome(url) == ("unchanged", "")
    first, second = workspace.pages(url)
    assert first.body_checksum == second.body_checksum
    items = {row.item for row in workspace.table("work")}
    assert first.id in items
    assert second.id not in items


def test_an_edited_page_is_a_new_page_to_be_extracted(twice):
    """C14."""
    workspace, site, _, _ = twice
    url = site.url("/a/edited")
    assert workspace.outcome(url) == ("pending", "")
    newest = workspace.pages(url)[-1]
    assert workspace.row(url).page_id == newest.id
    states = {row.item: row.state for row in workspace.table("work")}
    assert states[newest.id] == "due"


def test_what_was_rejected_stays_rejected_while_it_is_the_same(twice):
    workspace, site, _, _ = twice
    assert workspace.outcome(site.url("/a/refused")) == ("rejected", "soft_404")


def test_what_is_gone_is_rejected(twice):
    workspace, site, _, _ = twice
    assert workspace.outcome(site.url("/a/gone")) == ("rejected", "http_410")


def test_what_fails_at_the_second_visit_is_failed(twice):
    workspace, site, _, second = twice
    assert workspace.outcome(site.url("/a/flaky")) == ("failed", "http_503")
    assert second.exit_status == 1


def test_a_tracking_parameter_makes_no_second_url(twice):
    """C13."""
    workspace, _site, _, second = twice
    assert second.finished["site"]["run"]["discovered"] == 1
    assert workspace.balance()["site"].discovered == len(PATHS) + 1


def test_robots_is_asked_once_a_day(twice):
    """C2."""
    _, site, _, _ = twice
    assert site.count("/robots.txt") == 1


def test_each_run_is_stored_with_its_balance(twice):
    workspace, _, first, second = twice
    runs = workspace.table("runs")
    assert [run.state for run in runs] == ["done", "done"]
    for run, result in zip(runs, (first, second), strict=True):
        assert run.counts["balance"] == result.finished["site"]["balance"]


def test_due_only_leaves_alone_what_was_just_visited(twice):
    workspace, site, _, _ = twice
    before = len(site.requests)
    result = workspace.crawl(source(site), due_only=True)
    assert len(site.requests) == before
    assert result.exit_status == 0
