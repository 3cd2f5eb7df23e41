"""Names edited in the browser are searched at once."""

import re

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


def choices(page: str) -> dict[str, int]:
    """The names in a page of counts, and how many documents each has."""
    found = page.partition('id="names-found"')[2].partition("</main>")[0]
    rows = re.findall(r"<bdi>([^<]+)</bdi></a> <span[^>]*>(\d+)", found)
    return {label: int(count) for label, count in rows}


class TestCountries:
    """Countries are names without a file."""

    def test_a_country_is_searched_in_every_language(self, client: TestClient) -> None:
        answer = search(client, q="name:russia")
        languages = {hit["language"] for hit in answer["hits"]}
        assert {"ru", "en"} <= languages
        assert search(client, name="russia")["total"] == answer["total"] > 3

    def test_the_names_page_lists_them_in_the_readers_language(
        self, client: TestClient
    ) -> None:
        page = client.get("/names").text
        assert '<a href="/names/vietnam"><bdi>Vietnam</bdi></a>' in page
        client.headers["accept-language"] = "ru"
        assert "<bdi>Вьетнам</bdi>" in client.get("/names").text

    def test_one_is_made_ones_own_and_given_back(self, own: TestClient) -> None:
        page = own.get("/names/guinea").text
        assert "Гвинея, Гвинеи" in page
        assert "Papua" in page or "Equatorial Guinea" in page
        assert "Remove this name" not in page
        fields = {"id": "guinea", "kind": "country", "spellings": "en: Guinea"}
        assert send(own, "/names", **fields) == "/names/guinea"
        mine = own.get("/names/guinea").text
        assert "Гвинея, Гвинеи" not in mine
        assert "Remove this name" in mine
        assert "Equatorial Guinea" in mine, "what is apart stays with the name"
        assert '<a href="/names/guinea"><bdi>' not in own.get("/names").text
        assert send(own, "/names/guinea/remove") == "/names"
        assert "Гвинея, Гвинеи" in own.get("/names/guinea").text

    def test_a_name_of_the_workspace_wins(self, own: TestClient) -> None:
        before = search(own, q="name:russia")["total"]
        send(own, "/names", id="russia", kind="country", spellings="zh: 俄罗斯")
        assert search(own, q="name:russia")["total"] < before

    def test_a_new_name_does_not_take_a_countrys_id_unseen(
        self, own: TestClient
    ) -> None:
        fields = {"id": "georgia", "kind": "person", "spellings": "en: Georgia May"}
        assert "already" in send(own, "/names", **fields, new="1")

    def test_a_country_without_a_file_cannot_be_removed(self, own: TestClient) -> None:
        assert "there is no name" in send(own, "/names/vietnam/remove")


class TestFacet:
    """Names of an answer, counted."""

    def test_the_search_page_leads_to_the_names_of_its_answer(
        self, client: TestClient
    ) -> None:
        page = client.get("/", params={"q": "forum", "lang": "ar"}).text
        assert (
            'href="/names/counts?q=forum&amp;lang=ar" data-load="names-found"' in page
        )

    def test_names_are_counted_and_a_choice_narrows_the_answer(
        self, client: TestClient
    ) -> None:
        page = client.get("/names/counts", params={"q": "forum"}).text
        counted = choices(page)
        assert counted["Kazan"] > 3
        assert counted["Russia"] > 0
        for name, label in (("kazan", "Kazan"), ("russia", "Russia")):
            assert f'href="/?q=forum&amp;name={name}"' in page
            narrowed = search(client, q="forum", name=name)
            assert narrowed["total"] == counted[label]

    def test_kinds_are_told_apart_and_labels_are_the_readers(
        self, client: TestClient
    ) -> None:
        client.headers["accept-language"] = "ru"
        page = client.get("/names/counts", params={"q": "forum"}).text
        assert "Казань" in choices(page)
        assert page.index("Казань") < page.index("Россия"), "places before countries"

    def test_a_chosen_name_is_shown_and_let_go_of(self, client: TestClient) -> None:
        found = {"q": "lang:ar", "name": "nauru"}
        page = client.get("/names/counts", params=found).text
        assert choices(page) == {"Nauru": 0}
        assert '<a href="/?q=lang%3Aar" aria-current="true">' in page

    def test_an_answer_without_names_says_so(self, client: TestClient) -> None:
        page = client.get("/names/counts", params={"q": "nothinglikethis"}).text
        assert choices(page) == {}
        assert "None of the names" in page

    def test_the_api_gives_the_same_counts(self, client: TestClient) -> None:
        answer = client.get("/api/v1/names/counts", params={"q": "forum"}).json()
        assert answer["schema"] == 1
        counts = {one["id"]: one for one in answer["names"]}
        assert counts["kazan"]["type"] == "place"
        assert counts["russia"]["type"] == "country"
        numbers = [one["count"] for one in answer["names"]]
        assert numbers == sorted(numbers, reverse=True)
        assert len(numbers) <= 30

    @pytest.mark.parametrize("path", ["/names/counts", "/api/v1/names/counts"])
    def test_a_query_without_a_meaning_is_refused(
        self, client: TestClient, path: str
    ) -> None:
        assert client.get(path, params={"q": "lang:??"}).status_code == 400

    def test_no_name_takes_the_address_of_the_counts(self, own: TestClient) -> None:
        fields = {"id": "counts", "kind": "person", "spellings": "en: Counts"}
        assert "already" in send(own, "/names", **fields)
