"""What holds for every answer of the API: tags, rights, its description."""

import pytest
from starlette.testclient import TestClient

from babelwire.web.services import Services
from tests.babelwire.web.conftest import search

SEARCH = "/api/v1/search?q=kazan"


def test_a_search_whose_answer_is_known_is_not_sent_again(own: TestClient) -> None:
    first = own.get(SEARCH)
    tag = first.headers["etag"]
    assert tag.startswith('W/"')  # it took another time
    again = own.get(SEARCH, headers={"if-none-match": f'"x", {tag}'})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["etag"] == tag
    other = own.get(f"{SEARCH}&page=2", headers={"if-none-match": tag})
    assert other.status_code == 200


@pytest.mark.parametrize("what", ["", "/segments"])
def test_a_document_says_what_of_it_may_be_passed_on(
    client: TestClient, services: Services, what: str
) -> None:
    hit = search(client, q="forum", kind="news")["hits"][0]
    rights = services.workspace.sources[hit["source"]].rights
    shown = client.get(f"/api/v1/documents/{hit['id']}{what}").json()
    assert shown["rights"] == {
        "show": rights.show,
        "notice": rights.notice,
        "excerpt_characters": rights.excerpt_characters,
        "pass_on_days": rights.pass_on_days,
    }


def test_rights_that_change_change_the_tag_of_a_document(own: TestClient) -> None:
    """The demo's articles are years old: seven days after them only headlines leave."""
    hit = search(own, q="forum", kind="news")["hits"][0]
    path = f"/api/v1/documents/{hit['id']}"
    first = own.get(path)
    services: Services = own.app.state.services  # type: ignore[attr-defined]
    file = services.workspace.root / "sources" / f"{hit['source']}.toml"
    text = file.read_text("utf-8").partition("[rights]")[0]
    file.write_text(f'{text}\n[rights]\nshow = "full"\npass_on_days = 7\n', "utf-8")
    second = own.get(path, headers={"if-none-match": first.headers["etag"]})
    assert second.status_code == 200
    assert second.json()["rights"]["show"] == "headline"
    assert second.json()["rights"]["pass_on_days"] == 7


def test_every_error_is_described(client: TestClient) -> None:
    """W9"""
    paths = client.get("/api/v1/openapi.json").json()["paths"]
    for path, operations in paths.items():
        answers = operations["get"]["responses"]
        assert {"200", "400", "401", "403", "429", "503"} <= set(answers), path
        assert "422" not in answers, path
        assert ("404" in answers) == ("{" in path), path
        for status in set(answers) - {"200", "304"}:
            assert set(answers[status]["content"]) == {"application/problem+json"}
    assert "410" in paths["/api/v1/search"]["get"]["responses"]
