"""Archive pages by date: what a template means, and how they enter the frontier."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select, update

from pipeline.archives import (
    archive_kind,
    archive_pages,
    is_archive_page,
    template_of,
    unit_of,
)
from pipeline.errors import ConfigError
from pipeline.sources import Source
from pipeline.store.backfill import MAX_ARCHIVE_PAGES, seed_archives
from pipeline.store.frontier import due_endpoints
from pipeline.store.seeding import seed_endpoints
from pipeline.store.sources import keep_sources
from pipeline.store.tables import urls
from tests.pipeline.builders import NOW

DAILY = "https://example.org/archive/{year}/{month:02}/{day:02}"
MONTHLY = "https://example.org/sitemap-{year}-{month:02}.xml.gz"
OLD = "https://example.org/old-sitemap.xml"
SOURCE = Source(
    name="site",
    kind="news",
    publisher="P",
    feeds=("https://example.org/feed",),
    archives=(DAILY,),
)

# --- Templates ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("template", "unit", "kind"),
    [
        (DAILY, "day", "listing"),
        ("https://e.org/n?d={date}", "day", "listing"),
        ("https://e.org/n?d={date:%d.%m.%Y}", "day", "listing"),
        ("https://e.org/{year}/{month}", "month", "listing"),
        ("https://e.org/{date:%Y-%m}/", "month", "listing"),
        ("https://e.org/{year}.xml", "year", "sitemap"),
        (MONTHLY, "month", "sitemap"),
        ("https://e.org/sitemap_index", "", "sitemap"),
        (OLD, "", "sitemap"),
        ("https://e.org/archive", "", "listing"),
    ],
)
def test_a_template_says_how_often_it_has_a_page_and_of_what_kind(template, unit, kind):
    assert unit_of(template) == unit
    assert archive_kind(template) == kind


@pytest.mark.parametrize(
    ("template", "found"),
    [
        ("https://e.org/{year.__class__}", "the placeholder {year.__class__}"),
        ("https://e.org/{}", "the placeholder {}"),
        ("https://e.org/{0}", "the placeholder {0}"),
        ("https://e.org/{hour}", "the placeholder {hour}"),
        ("https://e.org/{year!r}", "the placeholder {year!r}"),
        ("https://e.org/{year:>999999999}", "the placeholder {year:>999999999}"),
        ("https://e.org/{date:%H}", "{date:%H}"),
        ("https://e.org/{date:%Y{year}}", "{date:%Y{year}}"),
        ("https://e.org/{", "'{'"),
        ("https://e.org/{month}", "a month without its year"),
        ("https://e.org/{year}/{day}", "a day without its month"),
        ("https://{year}.e.org/", "a placeholder before the path"),
        ("https://e.org:{year}/", "a placeholder before the path"),
        ("{date}", "not an http or https URL"),
        ("ftp://e.org/{year}", "not an http or https URL"),
        ("/archive/{year}", "not an http or https URL"),
        ("file:///etc/{year}", "not an http or https URL"),
    ],
)
def test_what_is_no_template_is_refused_with_what_was_expected(template, found):
    with pytest.raises(ConfigError) as refused:
        replace(SOURCE, archives=(template,))
    assert found in str(refused.value)
    assert "expected an address" in str(refused.value)


def test_the_pages_of_a_time_come_newest_first():
    since, until = date(2023, 12, 31), date(2024, 2, 1)
    pages = list(archive_pages(MONTHLY, since, until))
    assert [page.url[20:] for page in pages] == [
        f"sitemap-{month}.xml.gz" for month in ("2024-02", "2024-01", "2023-12")
    ]
    assert [page.last_day for page in pages] == [
        date(2024, 2, 29),
        date(2024, 1, 31),
        date(2023, 12, 31),
    ]
    yearly = archive_pages("https://e.org/{year}", since, until)
    assert [page.url[-4:] for page in yearly] == ["2024", "2023"]
    assert list(archive_pages(DAILY, until, since)) == []


@given(
    st.dates(date(1995, 1, 1), date(2035, 1, 1)),
    st.integers(0, 1500),
    st.sampled_from([DAILY, MONTHLY, "https://e.org/{year}", "https://e.org/{date}"]),
)
def test_every_day_of_a_time_lies_in_one_page(since, length, template):
    until = since + timedelta(days=length)
    pages = list(archive_pages(template, since, until))
    assert len({page.url for page in pages}) == len(pages)
    ends = [page.last_day for page in pages]
    assert ends == sorted(ends, reverse=True)
    assert ends[0] >= until
    assert ends[-1] >= since
    assert all(is_archive_page(page.url, [template]) for page in pages)
    if template == DAILY:
        assert len(pages) == length + 1


def test_an_archive_page_is_no_article_and_its_host_is_the_sources_own():
    source = replace(
        SOURCE, archives=("https://archive.example.org/{year}/{month:02}",)
    )
    assert source.out_of_scope("https://archive.example.org/2024/06") == "endpoint"
    assert source.is_article("https://archive.example.org/2024/06/story")
    assert source.out_of_scope("https://else.org/2024/06") == "other_host"
    narrow = replace(source, allow=("^/news/",))
    assert narrow.out_of_scope("https://example.org/about") == "path_not_allowed"
    assert narrow.out_of_scope("https://example.org/feed") == "endpoint"
    assert narrow.out_of_scope("https://example.org/news/1") == ""


@pytest.mark.parametrize(
    ("url", "template"),
    [
        ("https://e.org/archive/2024/06/21", f"https://e.org/archive{DAILY[27:]}"),
        ("https://e.org/2024-06-21/", "https://e.org/{date}/"),
        ("https://e.org/n?day=20240621", "https://e.org/n?day={date:%Y%m%d}"),
        ("https://e.org/n?d=2024-06-21", "https://e.org/n?d={date}"),
        ("https://e.org/2024/06/21/story", ""),
        ("https://e.org/2024/13/21", ""),
        ("https://e.org/story-2024-06-21", ""),
        ("https://e.org/{x}/2024/06/21", ""),
        ("https://e.org/about", ""),
    ],
)
def test_a_template_is_told_from_an_address_with_a_day_at_its_end(url, template):
    assert template_of(url) == template


# --- Into the frontier -------------------------------------------------------


def seeded(database, source, since, now=NOW):
    with database.write() as connection:
        keep_sources(connection, [source], now)
        seed_endpoints(connection, [source], now, since=since)
        return seed_archives(connection, source, now, since)


def waiting(database, now=NOW):
    with database.read() as connection:
        rows, _ = due_endpoints(connection, ["site"], now + timedelta(days=9))
    return [row.url.removeprefix("https://example.org/") for row in rows]


def visited(database, now, **values):
    """As the crawl leaves them."""
    with database.write() as connection:
        known = {"due_at": None, "visited_at": now, "outcome": "stored", **values}
        connection.execute(update(urls).values(**known))


def test_each_day_becomes_an_endpoint_with_a_day_of_slack_newest_first(database):
    since = NOW.date() - timedelta(days=2)
    assert seeded(database, SOURCE, since).due == 5
    days = [
        f"archive/{NOW.date() + timedelta(days=n):%Y/%m/%d}" for n in (1, 0, -1, -2, -3)
    ]
    assert waiting(database) == ["feed", *days]
    with database.read() as connection:
        row = connection.execute(
            select(urls).where(urls.c.url.like("%archive%"))
        ).first()
    assert (row.role, row.endpoint_kind, row.via, row.depth) == (
        "endpoint",
        "listing",
        "archive",
        0,
    )


def test_an_archive_page_is_visited_once_and_not_in_ordinary_crawls(database):
    since = NOW.date() - timedelta(days=9)
    seeded(database, SOURCE, since)
    later = NOW + timedelta(hours=1)
    visited(database, later)
    with database.write() as connection:
        seed_endpoints(connection, [SOURCE], later + timedelta(hours=1))
    assert waiting(database) == ["feed"]
    # Of the days that were not over, when they were read, more is to be expected.
    again = seeded(database, SOURCE, since, later + timedelta(hours=2))
    assert again.due == 3
    visited(database, NOW + timedelta(days=3))
    assert seeded(database, SOURCE, since, NOW + timedelta(days=3, hours=1)).due == 3


def test_a_day_that_could_not_be_read_is_tried_again_one_without_news_is_not(database):
    since = NOW.date() - timedelta(days=30)
    seeded(database, SOURCE, since)
    visited(database, NOW, outcome="rejected", reason="no_archive_page")
    assert seeded(database, SOURCE, since).due == 3
    visited(database, NOW, outcome="failed", reason="http_500")
    assert seeded(database, SOURCE, since).due == 33


def test_all_days_are_read_again_when_the_scope_has_changed(database):
    since = NOW.date() - timedelta(days=30)
    seeded(database, SOURCE, since)
    visited(database, NOW, etag='"x"', body_checksum="sha256:x")
    wider = replace(SOURCE, allow=("^/news/",))
    assert seeded(database, wider, since).due == 33
    with database.read() as connection:
        rows = connection.execute(select(urls.c.etag, urls.c.body_checksum)).all()
    assert set(rows) == {("", "")}


def test_a_long_time_is_visited_in_parts_the_newest_first(database):
    since = NOW.date() - timedelta(days=2500)
    first = seeded(database, SOURCE, since)
    assert (first.due, first.left) == (MAX_ARCHIVE_PAGES, 1503)
    visited(database, NOW)
    second = seeded(database, SOURCE, since)
    assert (second.due, second.left) == (MAX_ARCHIVE_PAGES, 506)
    newest = [url for url in waiting(database) if url != "feed"][3]
    assert newest == f"archive/{NOW.date() - timedelta(days=999):%Y/%m/%d}"


def test_an_older_sitemap_is_read_only_back_to_a_date_and_then_always(database):
    source = replace(SOURCE, archives=(OLD, MONTHLY))
    with database.write() as connection:
        keep_sources(connection, [source], NOW)
        seed_endpoints(connection, [source], NOW)
    assert waiting(database) == ["feed"]
    since = NOW.date() - timedelta(days=1)
    for number in (2, 1):  # the month is over when it is read
        assert seeded(database, source, since).due == number
        assert waiting(database)[:2] == ["feed", "old-sitemap.xml"]
        visited(database, NOW + timedelta(days=99))


def test_what_is_an_endpoint_already_stays_one(database):
    source = replace(SOURCE, sitemaps=(OLD,), archives=(OLD,))
    assert seeded(database, source, NOW.date()).due == 0
    assert waiting(database) == ["feed", "old-sitemap.xml"]
    with database.read() as connection:
        rows = connection.execute(select(urls.c.via)).all()
    assert {row.via for row in rows} == {"seed"}


def test_an_endpoint_may_become_an_archive_and_the_other_way_round(database):
    with database.write() as connection:
        keep_sources(connection, [SOURCE], NOW)
        was = replace(SOURCE, sitemaps=(OLD,), archives=())
        seed_endpoints(connection, [was], NOW)
    now_archive = replace(SOURCE, archives=(OLD,))
    assert seeded(database, now_archive, NOW.date()).due == 1
    assert sorted(waiting(database)) == ["feed", "old-sitemap.xml"]
    visited(database, NOW)
    with database.write() as connection:
        seed_endpoints(connection, [now_archive], NOW)
    assert waiting(database) == ["feed"]
    with database.write() as connection:
        seed_endpoints(connection, [was], NOW)
    assert sorted(waiting(database)) == ["feed", "old-sitemap.xml"]
