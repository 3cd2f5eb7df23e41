"""P1: killed at each named point, and started again."""

import pytest
from sqlalchemy import func, select

from pipeline.archive import scan
from pipeline.failpoints import POINTS
from pipeline.store.tables import pages
from tests.crawler.workspace import articles, source

COUNT = 90
"""More than one batch of 64 visits."""

CRAWL_POINTS = (
    "crawl.before_archive",
    "crawl.half_record",
    "crawl.after_archive",
    "crawl.after_sync",
    "crawl.in_commit",
    "crawl.after_commit",
)


def test_there_are_points_to_die_at():
    assert set(CRAWL_POINTS) == {p for p in POINTS if p.startswith("crawl.")}


@pytest.mark.parametrize("point", CRAWL_POINTS)
def test_a_killed_crawl_loses_nothing(workspace, site, point):
    """P1."""
    paths = {f"/a/{number}": None for number in range(COUNT)}
    articles(site, paths)
    # The second passing: endpoints are committed in the first batch.
    killed = workspace.crawl(source(site), failpoint=f"{point}:2")
    assert killed.exit_status == 128 + 9
    again = workspace.crawl(source(site))
    assert again.exit_status == 0, again.stderr
    assert ("torn bytes" in again.notes) == (point == "crawl.half_record")

    visited = {seen.path for seen in site.requests}
    assert set(paths) <= visited, "a URL was never visited"
    balance = workspace.balance()["site"]
    assert (balance.discovered, balance.pending) == (COUNT, COUNT)
    for page in workspace.table("pages"):
        assert workspace.stored(page).url == page.url
    for path in paths:
        assert workspace.row(site.url(path)).page_id is not None
    twice = workspace.query(
        select(pages.c.url_id)
        .where(pages.c.url.contains("/a/"))
        .group_by(pages.c.url_id)
        .having(func.count() > 1)
    )
    assert twice == [], "a page was acknowledged, and fetched again"
    for file in workspace.archive.iterdir():
        *_, last = scan(file)
        assert last.offset + last.length == file.stat().st_size, "a torn record"
    assert [run.state for run in workspace.table("runs")] == ["interrupted", "done"]


def test_a_crawl_does_not_begin_on_an_archive_that_lost_something(workspace, site):
    """P9: the start-up check; what the store acknowledged is no longer there."""
    articles(site, {"/a/1": None})
    assert workspace.crawl(source(site)).exit_status == 0
    (file,) = workspace.archive.iterdir()
    data = file.read_bytes()
    file.write_bytes(data[:-20])
    asked = len(site.requests)
    (error,) = workspace.crawl(source(site)).of("error")
    assert error["exit_status"] == 1
    assert f"the store has pages up to byte {len(data)}" in error["message"]
    assert "restore it from a backup" in error["message"]
    assert file.read_bytes() == data[:-20], "nothing may be cut here"
    assert len(site.requests) == asked
