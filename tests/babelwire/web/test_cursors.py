"""Long answers, read page by page through the API."""

import base64
import itertools
import json
import threading
from collections.abc import Iterator
from typing import Any, cast

import pytest
from starlette.testclient import TestClient

from babelwire.web.cursors import (
    BEGIN,
    IDLE_SECONDS,
    MAX_OPEN,
    Cursor,
    CursorEndedError,
    Cursors,
    read_cursor,
)
from babelwire.web.services import Services
from pipeline.errors import InputError
from search_index.answer import OpenAnswer, Part
from search_index.engines.contract import Place, ViewGoneError
from search_index.entry import build_entry
from tests.babelwire.web.conftest import search
from tests.search_index.samples import document

SEARCH = "/api/v1/search"


def pages(client: TestClient, **parameters: Any) -> Iterator[Any]:
    """Every page of an answer."""
    page = search(client, cursor=BEGIN, **parameters)
    while True:
        yield page
        if page["next_cursor"] is None:
            return
        page = search(client, cursor=page["next_cursor"])


def exported(client: TestClient, **parameters: Any) -> list[Any]:
    text = client.get("/export", params={"format": "jsonl", **parameters}).text
    return [json.loads(line) for line in text.splitlines()]


def change_index(services: Services, number: int, gone: str) -> None:
    """A document comes, and one goes."""
    living = services.index.current()
    assert living is not None
    with services.index.write(living.name) as writer:
        writer.put([build_entry(document(f"new{number}", "kazan"), "en")])
        writer.delete([(gone, 1 << 40)])
        writer.commit()


def test_an_answer_is_whole_whatever_is_written_between_its_pages(
    own: TestClient,
) -> None:
    services: Services = cast("Any", own.app).state.services
    before = exported(own, q="*")
    found = []
    for number, page in enumerate(pages(own, q="*", limit=7)):
        assert page["total"] == len(before)
        assert len(page["hits"]) <= 7
        found += page["hits"]
        change_index(services, number, gone=before[-1 - number]["id"])
    assert [hit["id"] for hit in found] == [row["id"] for row in before]
    assert search(own)["total"] == len(before)  # as many came as went
    assert {row["id"] for row in exported(own, q="*")} != {hit["id"] for hit in found}


def test_a_page_has_what_an_export_has_and_passages_and_rights(
    client: TestClient, services: Services
) -> None:
    rows = exported(client, q="kazan")
    hits = [hit for page in pages(client, q="kazan", limit=9) for hit in page["hits"]]
    assert len(hits) == len(rows) == search(client, q="kazan")["total"] > 9
    sources = services.workspace.sources
    for hit, row in zip(hits, rows, strict=True):
        assert {key: hit[key] for key in row if key not in {"rights", "notice"}} == {
            key: value for key, value in row.items() if key not in {"rights", "notice"}
        }
        rights = sources[hit["source"]].rights
        assert hit["rights"] == {
            "show": row["rights"],
            "notice": row["notice"],
            "excerpt_characters": rights.excerpt_characters,
            "pass_on_days": rights.pass_on_days,
        }
        assert hit["passages"]


def test_a_cursor_asked_again_gives_the_same_page_and_its_tag(own: TestClient) -> None:
    services: Services = cast("Any", own.app).state.services
    first = search(own, cursor=BEGIN, limit=3)
    parameters = {"cursor": first["next_cursor"]}
    second = own.get(SEARCH, params=parameters)
    change_index(services, 0, gone=second.json()["hits"][0]["id"])
    again = own.get(SEARCH, params=parameters)
    assert again.content == second.content
    tag = {"if-none-match": second.headers["etag"]}
    assert own.get(SEARCH, params=parameters, headers=tag).status_code == 304


def test_a_short_answer_has_no_next_cursor(client: TestClient) -> None:
    (page,) = pages(client, q="kazan", lang="vi")
    assert (
        page["total"] == len(page["hits"]) == search(client, q="kazan lang:vi")["total"]
    )
    (nothing,) = pages(client, q="nowheretobefound")
    assert (nothing["total"], nothing["hits"]) == (0, [])


def test_an_ended_cursor_is_gone_and_says_what_to_do(client: TestClient) -> None:
    oldest = search(client, cursor=BEGIN, limit=3)["next_cursor"]
    for _ in range(MAX_OPEN):
        newest = search(client, cursor=BEGIN, limit=3)["next_cursor"]
    response = client.get(SEARCH, params={"cursor": oldest})
    assert response.status_code == response.json()["status"] == 410
    assert response.headers["content-type"] == "application/problem+json"
    assert "begin again with cursor=*" in response.json()["detail"]
    assert client.get(SEARCH, params={"cursor": newest}).status_code == 200


def token(*fields: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(fields).encode()).decode()


@pytest.mark.parametrize(
    "garbage",
    [
        "x",
        "é",
        "****",
        "AAAA",
        "W" * 5_000,
        token(),
        token("key", 3, 0),
        token("key", 0, 0, "daaaaaaaaaaaaaaaa"),
        token("key", 501, 0, "daaaaaaaaaaaaaaaa"),
        token("key", 3, 1e400, "daaaaaaaaaaaaaaaa"),
        token("key", 3, 1 << 60, "daaaaaaaaaaaaaaaa"),
        token("key", 3, 0, "daaaaaaaaaaaaaaaa@1"),
        token("key", 3, 0, "\ud800"),
    ],
)
def test_what_is_no_cursor_is_refused(client: TestClient, garbage: str) -> None:
    response = client.get(SEARCH, params={"cursor": garbage})
    assert response.status_code == 400
    assert "next_cursor" in response.json()["detail"]


def test_a_page_has_one_to_five_hundred_hits(client: TestClient) -> None:
    for limit in (0, 501, "x"):
        response = client.get(SEARCH, params={"cursor": BEGIN, "limit": limit})
        assert response.status_code == 400
    broken = client.get(SEARCH, params={"cursor": BEGIN, "q": "("})
    assert broken.json()["position"] == 0


def test_a_desk_that_ends_lets_go_of_what_is_open(services: Services) -> None:
    from babelwire.web.app import make_app
    from tests.babelwire.web.conftest import HERE, HOME

    app = make_app(services)
    with TestClient(app, base_url=HOME, client=HERE) as client:
        cursor = search(client, cursor=BEGIN, limit=3)["next_cursor"]
        assert client.get(SEARCH, params={"cursor": cursor}).status_code == 200
    with pytest.raises(CursorEndedError):
        app.state.cursors.page(read_cursor(cursor))


# --- What is kept, and for how long ----------------------------------------------


class Time:
    """Seconds that pass when they are told to."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


class Endless:
    """An answer of which there is always more, in the place of one of an index."""

    def __init__(self) -> None:
        self.query = "endless"
        self.is_closed = False
        self.is_gone = False
        self.readers = itertools.count()
        self.lock = threading.Lock()

    def part(self, limit: int, after: Place | None = None) -> Part:
        assert self.lock.acquire(blocking=False), "read by two threads at once"
        try:
            assert not self.is_closed
            if self.is_gone:
                raise ViewGoneError("gone")
            next(self.readers)
            number = after.published + limit if after else limit
            end = Place(published=number, id="daaaaaaaaaaaaaaaa")
            return Part(total=1_000_000, found=(), end=end)
        finally:
            self.lock.release()

    def close(self) -> None:
        self.is_closed = True


def begun(cursors: Cursors, answer: Endless) -> Cursor:
    page = cursors.begin(cast("OpenAnswer", answer), 10)
    assert page.following is not None
    return page.following


def test_an_answer_ends_after_five_minutes_in_which_nobody_read_on() -> None:
    time, answer = Time(), Endless()
    cursors = Cursors(time)
    cursor = begun(cursors, answer)
    for _ in range(3):
        time.seconds += IDLE_SECONDS - 1
        page = cursors.page(cursor)
        assert page.following is not None
        assert page.following.after.published == cursor.after.published + 10
        cursor = page.following
    time.seconds += IDLE_SECONDS
    with pytest.raises(CursorEndedError):
        cursors.page(cursor)
    assert answer.is_closed


def test_the_longest_unused_answer_makes_room() -> None:
    cursors = Cursors(Time())
    answers = [Endless() for _ in range(MAX_OPEN)]
    first, second, *_ = [begun(cursors, answer) for answer in answers]
    cursors.page(first)
    begun(cursors, Endless())
    assert [answer.is_closed for answer in answers[:3]] == [False, True, False]
    cursors.page(first)
    with pytest.raises(CursorEndedError):
        cursors.page(second)


def test_what_the_engine_forgot_has_ended() -> None:
    cursors, answer = Cursors(Time()), Endless()
    cursor = begun(cursors, answer)
    answer.is_gone = True
    with pytest.raises(CursorEndedError):
        cursors.page(cursor)


def test_an_answer_that_fails_at_once_is_closed() -> None:
    answer = Endless()
    answer.is_gone = True
    with pytest.raises(ViewGoneError):
        begun(Cursors(Time()), answer)
    assert answer.is_closed


def test_many_threads_may_read_one_answer() -> None:
    cursors, answer = Cursors(Time()), Endless()
    cursor = begun(cursors, answer)
    found = []

    def read() -> None:
        found.extend(cursors.page(cursor) for _ in range(50))

    threads = [threading.Thread(target=read) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 400
    assert len({page.following for page in found}) == 1
    cursors.close()
    assert answer.is_closed


def test_a_cursor_is_read_as_it_was_written() -> None:
    place = Place(published=-1, id="daaaaaaaaaaaaaaaa")
    cursor = Cursor(key="key", limit=500, after=place)
    assert read_cursor(str(cursor)) == cursor
    with pytest.raises(InputError, match="expected"):
        read_cursor(str(cursor)[:-4])
