"""What is said of a source, from what is known of its visits."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from babelwire.balance import plain_reason
from babelwire.health import (
    DAYS,
    EndpointState,
    Finding,
    Signs,
    endpoint_states,
    judge,
    load_health,
    patience,
    usual_per_day,
)
from babelwire.web.findings import finding_words
from babelwire.web.volume import HEIGHT, volume
from babelwire.wording import Wording
from pipeline.store import Database
from pipeline.store.runs import finish_run, runs_of, start_run
from pipeline.store.source_history import (
    EndpointRow,
    documents_per_day,
    endpoint_rows,
    last_reads,
    outcomes_since,
)
from pipeline.urls import url_key
from tests.pipeline.builders import (
    SITE,
    add_source,
    make_page,
    make_source,
    record_page,
)
from tests.pipeline.builders import add_url as known_url

AT = datetime(2024, 6, 21, 10, 30, tzinfo=UTC)
OLD = AT - timedelta(days=90)
FEED = f"{SITE}/feed.xml"
ENGLISH = Wording("en", "UTC")


def ago(**span: float) -> datetime:
    return AT - timedelta(**span)


def feed(
    outcome: Any = "stored", reason: str = "", url: str = FEED, **times: Any
) -> EndpointState:
    known = {"visited_at": ago(hours=1), "read_at": ago(hours=1), **times}
    return EndpointState(kind="feed", url=url, outcome=outcome, reason=reason, **known)


def signs(**known: Any) -> Signs:
    """Of a source that is well: 14 documents a day, read an hour ago."""
    well: dict[str, Any] = {
        "every": (1800, 1800),
        "first_visit_at": OLD,
        "last_visit_at": ago(hours=1),
        "last_read_at": ago(hours=1),
        "newest_article_at": ago(hours=2),
        "counts": (14,) * (2 * DAYS),
        "endpoints": (feed(),),
    }
    return Signs(**{**well, **known})


DENIED = {"read_at": ago(days=3)}
WEEKDAYS = (9, 9, 9, 9, 9, 0, 0)


@pytest.mark.parametrize(
    ("known", "said"),
    [
        pytest.param({}, [], id="well"),
        pytest.param(
            {"last_visit_at": None, "endpoints": (feed("", visited_at=None),)},
            ["new: not visited yet"],
            id="not visited yet",
        ),
        pytest.param(
            {"endpoints": (feed("failed", "http_403", **DENIED),)},
            [
                (
                    "not read since 18 June 2024 (HTTP status 403): "
                    "the host probably blocks us"
                )
            ],
            id="blocked",
        ),
        pytest.param(
            {"endpoints": (feed("failed", "http_403", read_at=None),)},
            ["cannot be read (HTTP status 403): the host probably blocks us"],
            id="blocked from the beginning",
        ),
        pytest.param(
            {"endpoints": (feed("pending", "robots_unreachable", **DENIED),)},
            [
                (
                    "not read since 18 June 2024: the site's robots.txt cannot be "
                    "read, so nothing is visited"
                )
            ],
            id="put off again and again",
        ),
        pytest.param(
            {"endpoints": (feed("failed", "broken_feed", read_at=None),)},
            ["cannot be read: feed is broken"],
            id="unreadable",
        ),
        pytest.param(
            {"endpoints": (feed(), feed("failed", "timeout", url=f"{SITE}/b"))},
            [f"{SITE}/b: no answer in time"],
            id="one of two feeds",
        ),
        pytest.param(
            {"newest_article_at": ago(days=2, hours=2)},
            ["silent since 19 June 2024: usually 14 documents a day"],
            id="silent",
        ),
        pytest.param(
            {"newest_article_at": ago(days=1, hours=20)}, [], id="a day of rest"
        ),
        pytest.param(
            {"newest_article_at": ago(days=2.6), "counts": WEEKDAYS * 4},
            [],
            id="a weekend, as usual",
        ),
        pytest.param(
            {"newest_article_at": ago(days=3.5), "counts": WEEKDAYS * 4},
            ["silent since 17 June 2024: usually 9 documents a day"],
            id="longer than a weekend",
        ),
        pytest.param(
            {"newest_article_at": ago(days=6), "counts": (0,) * (2 * DAYS)},
            [],
            id="a weekly paper",
        ),
        pytest.param(
            {"newest_article_at": ago(days=8), "counts": (0,) * (2 * DAYS)},
            ["silent since 13 June 2024"],
            id="not even a weekly paper",
        ),
        pytest.param(
            {"newest_article_at": ago(days=6), "first_visit_at": ago(days=10)},
            [],
            id="too new to tell",
        ),
        pytest.param(
            {"newest_article_at": None}, ["silent: no article so far"], id="nothing"
        ),
        pytest.param(
            {
                "last_visit_at": ago(days=5),
                "last_read_at": ago(days=5),
                "newest_article_at": ago(days=5, hours=3),
            },
            [
                "not visited since 16 June 2024: nothing is known of it since then",
            ],
            id="nobody crawls: silence is not the source's",
        ),
        pytest.param(
            {"last_visit_at": ago(days=2), "every": (86_400, 86_400)},
            [],
            id="rare visits are not missed at once",
        ),
        pytest.param(
            {"counts": (14,) * 20 + (6,) * 8},
            ["42 documents in the last 7 days: usually 98"],
            id="half of the usual",
        ),
        pytest.param({"counts": (14,) * 20 + (8,) * 8}, [], id="a little less"),
        pytest.param({"counts": (3,) * 20 + (1,) * 8}, [], id="too few to tell"),
        pytest.param(
            {"counts": (14,) * 20 + (6,) * 8, "first_visit_at": ago(days=20)},
            [],
            id="no two weeks known before",
        ),
        pytest.param(
            {"counts": (900, *(7,) * 19, *(6,) * 8)}, [], id="an archive, found once"
        ),
        pytest.param(
            {"outcomes": {("stored", ""): 9, ("rejected", "paywall"): 9}},
            [
                "9 articles of the last week were not stored, mostly: behind a paywall",
            ],
            id="a paywall",
        ),
        pytest.param(
            {"outcomes": {("stored", ""): 10, ("rejected", "too_short"): 9}},
            [],
            id="less than half is lost",
        ),
        pytest.param(
            {"outcomes": {("pending", ""): 90, ("rejected", "paywall"): 9}},
            [],
            id="too few are settled",
        ),
        pytest.param(
            {"outcomes": {("stored", ""): 90, ("pending", "no_browser"): 1}},
            [
                "1 article of the last week was not stored: "
                + plain_reason("no_browser"),
            ],
            id="one that waits for a browser",
        ),
        pytest.param(
            {"is_capped": True},
            ["the last run reached max_pages_per_run; run it again"],
            id="capped",
        ),
    ],
)
def test_a_verdict_names_what_is_wrong_and_since_when(
    known: dict[str, Any], said: list[str]
) -> None:
    found = judge(signs(**known), AT)
    assert [finding_words(ENGLISH, finding) for finding in found] == said


def test_the_worst_comes_first() -> None:
    found = judge(
        signs(
            endpoints=(feed("failed", "http_403", **DENIED),),
            newest_article_at=ago(days=9),
            is_capped=True,
        ),
        AT,
    )
    assert [finding.code for finding in found] == ["blocked", "silent", "capped"]


def test_the_day_is_the_readers() -> None:
    late = datetime(2024, 6, 12, 22, tzinfo=UTC)
    finding = Finding(code="silent", since=late, usual=14)
    words = finding_words(Wording("en", "Asia/Ho_Chi_Minh"), finding)
    assert words == "silent since 13 June 2024: usually 14 documents a day"


def test_what_is_usual_leaves_out_the_first_day_and_todays_two_weeks() -> None:
    counts = (0,) * 4 + (900,) + (5,) * 9 + (90,) * DAYS
    assert usual_per_day(counts, AT - timedelta(days=23), AT) == 5
    assert usual_per_day(counts, AT - timedelta(days=19), AT) is None
    assert usual_per_day(counts, None, AT) is None


@given(st.lists(st.integers(0, 9), max_size=DAYS))
def test_patience_has_its_bounds(known: list[int]) -> None:
    assert timedelta(days=2) <= patience(known) <= timedelta(days=7)


@given(
    st.lists(st.integers(0, 5_000), min_size=DAYS, max_size=DAYS),
    st.none() | st.floats(0, 5_000),
)
def test_bars_and_the_usual_line_stay_in_the_drawing(
    counts: list[int], usual: float | None
) -> None:
    drawn = volume(counts, usual, AT.date())
    assert all(bar.y >= 0 and bar.y + bar.height == HEIGHT for bar in drawn.bars)
    assert all(bool(bar.height) == bool(bar.count) for bar in drawn.bars)
    assert drawn.usual_y is None or 0 <= drawn.usual_y < HEIGHT
    assert drawn.bars[-1].day == AT.date()


def row(url: str, outcome: Any, **fields: Any) -> EndpointRow:
    known: dict[str, Any] = {
        "source": "lantern",
        "kind": "feed",
        "via": "seed",
        "reason": "",
        "visited_at": AT,
        "fetched_at": AT,
        "alias_of_key": "",
        "new_per_day": None,
    }
    return EndpointRow(
        url=url, url_key=url_key(url), outcome=outcome, **{**known, **fields}
    )


def test_an_endpoint_is_as_what_it_redirects_to() -> None:
    moved = f"{SITE}/moved.xml"
    rows = [
        row(FEED, "duplicate", alias_of_key=url_key(moved)),
        row(moved, "failed", via="redirect", reason="http_500", fetched_at=OLD),
        row(f"{SITE}/no-more.xml", "failed", reason="http_404"),
    ]
    (state,) = endpoint_states(make_source(), rows)
    assert (state.url, state.reason, state.read_at) == (FEED, "http_500", OLD)
    assert state.is_in_trouble


def test_redirects_in_a_circle_end() -> None:
    rows = [row(FEED, "duplicate", alias_of_key=url_key(FEED))]
    (state,) = endpoint_states(make_source(), rows)
    assert state.outcome == "duplicate"


# --- What the store remembers ------------------------------------------------------


def test_documents_are_counted_by_day(database: Database) -> None:
    with database.write() as connection:
        add_source(connection)
        for number, span in enumerate((0, 0, 1, 3)):
            moment = AT - timedelta(days=span)
            page = make_page(connection, f"{SITE}/{number}", at=moment)
            record_page(connection, page, now=moment)
        first = AT.date() - timedelta(days=2)
        counted = documents_per_day(connection, first, 3)
    assert counted == {"lantern": (0, 1, 2)}


def test_health_is_read_from_the_store(database: Database) -> None:
    source = make_source()
    with database.write() as connection:
        add_source(connection)
        known_url(
            connection,
            FEED,
            role="endpoint",
            endpoint_kind="feed",
            via="seed",
            outcome="failed",
            reason="http_403",
            visited_at=AT,
            fetched_at=ago(days=3),
        )
        for day in range(12):
            run = start_run(connection, "lantern", AT - timedelta(days=day))
            finish_run(connection, run, now=AT, state="done", counts={})
        known_url(
            connection,
            f"{SITE}/a",
            outcome="rejected",
            reason="paywall",
            discovered_at=ago(days=3),
        )
        found = load_health({"lantern": source}, connection, AT)["lantern"]
        assert last_reads(connection) == {"lantern": ago(days=3)}
        assert [each.reason for each in endpoint_rows(connection, "lantern")] == [
            "http_403"
        ]
        assert outcomes_since(connection, ago(days=7)) == {
            "lantern": {("rejected", "paywall"): 1}
        }
        newest = runs_of(connection, "lantern", limit=10)
    assert [each.started_at for each in newest] == [
        AT - timedelta(days=day) for day in range(11, 1, -1)
    ]
    assert found.is_in_trouble
    assert [finding.code for finding in found.findings] == ["blocked", "overdue"]
    assert found.last_read_at == ago(days=3)
    assert found.next_visit_at == AT + timedelta(minutes=30)
    assert found.usual is None


def test_an_answer_that_cannot_be_read_is_no_successful_visit(
    database: Database,
) -> None:
    with database.write() as connection:
        add_source(connection)
        for number, fetched_at in enumerate((AT, ago(days=2))):
            known_url(
                connection,
                f"{SITE}/{number}.xml",
                role="endpoint",
                outcome="failed",
                visited_at=AT,
                fetched_at=fetched_at,
            )
        assert last_reads(connection) == {"lantern": ago(days=2)}
