"""Names edited in the browser are searched at once."""

import pytest
from starlette.testclient import TestClient

from babelwire.web.reader import TOKEN
from tests.babelwire.web.conftest import search, send


def test_a_name_is_changed_and_searched_at_once(own: TestClient) -> None:
    before = search(own, q="name:kazan")["total"]
    assert before > 3
    page = own.get("/names/kazan").text
    assert "ru: Казань" in page
    assert send(own, "/names", id="kazan", kind="place", spellings="zh: 喀山") == (
        "/names/kazan"
    )
    assert 0 < search(own, q="name:kazan")["total"] < before


def test_a_new_name_is_listed_and_found_and_can_be_removed(own: TestClient) -> None:
    fields = {"id": "volga", "kind": "place", "spellings": "ar: الفولغا", "new": "1"}
    assert send(own, "/names", **fields) == "/names/volga"
    assert "name:volga" in own.get("/names").text
    assert search(own, q="name:volga lang:ar")["total"] == 1
    assert "already" in send(own, "/names", **fields)
    assert send(own, "/names/volga/remove") == "/names"
    assert own.get("/names/volga").status_code == 404
    assert own.get("/?q=name:volga").status_code == 400


@pytest.mark.parametrize(
    "fields",
    [
        {"id": "../x", "kind": "place", "spellings": "en: a"},
        {"id": "x", "kind": "planet", "spellings": "en: a"},
        {"id": "x", "kind": "place", "spellings": "a"},
        {"id": "x", "kind": "place", "spellings": ""},
    ],
)
def test_what_is_no_name_is_refused_in_plain_words(
    own: TestClient, fields: dict[str, str]
) -> None:
    """W8"""
    before = own.get("/names").text
    answer = own.post("/names", data={"token": own.cookies[TOKEN], **fields})
    assert answer.status_code == 400
    assert "expected" in answer.text
    assert own.get("/names").text == before


def test_a_forged_form_changes_nothing(own: TestClient) -> None:
    """W5"""
    fields = {"id": "x", "kind": "place", "spellings": "en: a", "token": "forged"}
    assert own.post("/names", data=fields).status_code == 403
    assert own.post("/names/kazan/remove", data=fields).status_code == 403
    assert own.get("/names/kazan").status_code == 200
