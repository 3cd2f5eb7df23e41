"""Hostile pages, hostile forms, hostile names."""

import pytest
from starlette.testclient import TestClient

from babelwire.web.app import HEADERS
from babelwire.web.reader import TOKEN
from babelwire.web.services import Services
from pipeline.documents import WarcPlace

PATHS = [
    "/",
    "/?q=kazan",
    "/sources",
    "/status",
    "/documents/none",
    "/feed.atom",
    "/api/v1/status",
]


@pytest.mark.parametrize("path", PATHS)
def test_every_answer_has_the_headers(client: TestClient, path: str) -> None:
    """W1"""
    response = client.get(path)
    for name, value in HEADERS.items():
        assert response.headers[name] == value
    assert "no-cache" in response.headers["cache-control"]


@pytest.mark.parametrize("path", ["/", "/?q=kazan", "/sources", "/status"])
def test_no_page_has_anything_inline(client: TestClient, path: str) -> None:
    """W1"""
    text = client.get(path).text
    assert "<style" not in text
    assert " style=" not in text
    assert " on" + "click" not in text
    assert text.count("<script") == 1
    assert '<script src="/static/desk.js?v=' in text


def test_what_a_reader_types_is_shown_and_never_run(client: TestClient) -> None:
    """W1"""
    for query in ("<script>alert(1)</script>", '"><img src=x onerror=alert(1)>'):
        text = client.get("/", params={"q": query, "lang": "en"}).text
        assert "<script>alert" not in text
        assert "<img" not in text


def test_an_archived_page_is_in_a_sandbox_without_a_session(
    client: TestClient, arabic: str
) -> None:
    """W2"""
    frame = client.get(f"/documents/{arabic}/page").text
    assert 'sandbox=""' in frame
    body = client.get(f"/documents/{arabic}/page/body")
    policy = body.headers["content-security-policy"]
    assert policy.startswith("sandbox; default-src 'none'")
    assert "set-cookie" not in body.headers
    assert body.headers["x-content-type-options"] == "nosniff"


def test_another_name_of_this_machine_is_refused(client: TestClient) -> None:
    """A site elsewhere whose name leads here reads nothing (DNS rebinding)."""
    for host in ("evil.example", "127.0.0.1.evil.example", "", "[::1"):
        response = client.get("/", headers={"host": host})
        assert response.status_code == 421
        assert "Kazan" not in response.text
    assert client.get("/sources", headers={"host": "localhost:1"}).status_code == 200


@pytest.mark.parametrize("path", ["/settings", "/status/retry"])
def test_a_forged_form_is_refused(client: TestClient, path: str) -> None:
    """W5"""
    client.get("/")
    token = client.cookies[TOKEN]
    fields = {"token": token, "language": "vi", "timezone": "UTC"}
    elsewhere = client.post(
        path, data=fields, headers={"origin": "https://evil.example"}
    )
    assert elsewhere.status_code == 403
    assert client.post(path, data={**fields, "token": "x" * 43}).status_code == 403
    client.cookies.delete(TOKEN)
    assert client.post(path, data=fields).status_code == 403


def test_a_form_of_our_own_is_taken(client: TestClient) -> None:
    client.get("/")
    fields = {
        "token": client.cookies[TOKEN],
        "language": "vi",
        "timezone": "Asia/Ho_Chi_Minh",
        "back": "/?q=kazan",
    }
    answer = client.post(
        "/settings",
        data=fields,
        headers={"origin": "http://127.0.0.1:8787"},
        follow_redirects=False,
    )
    assert answer.status_code == 303
    assert answer.headers["location"] == "/?q=kazan"
    page = client.get("/?q=kazan").text
    assert '<html lang="vi" dir="ltr">' in page
    assert "Asia/Ho_Chi_Minh" in page


def test_a_wrong_zone_is_an_error_that_says_what_is_expected(
    client: TestClient,
) -> None:
    client.get("/")
    fields = {"token": client.cookies[TOKEN], "language": "en", "timezone": "Mars/Base"}
    answer = client.post("/settings", data=fields)
    assert answer.status_code == 400
    assert "Mars/Base" in answer.text
    assert "Asia/Ho_Chi_Minh" in answer.text


@pytest.mark.parametrize(
    "path",
    [
        "/documents/..%2f..%2fbabelwire.toml",
        "/documents/%2e%2e/record",
        "/static/../babelwire.toml",
        "/static/%2e%2e/%2e%2e/app.py",
        "/documents/d%00/page",
    ],
)
def test_no_path_leads_out(client: TestClient, path: str) -> None:
    """W8"""
    assert client.get(path).status_code in {400, 404}


@pytest.mark.parametrize(
    "query",
    ["a " * 20_000, "(" * 5_000, "*" * 500, "a* " * 300, "\x00\x01", "x" * 9_000],
)
def test_a_hostile_query_is_an_error_or_an_answer(
    client: TestClient, query: str
) -> None:
    """W4"""
    assert client.get("/", params={"q": query}).status_code in {200, 400}


def test_an_unforeseen_error_tells_nothing(
    client: TestClient, services: Services, arabic: str
) -> None:
    from pipeline.archive import raw_record
    from pipeline.errors import DamageError

    place = WarcPlace(file="none.warc.gz", offset=0, length=1)
    with pytest.raises(DamageError):
        raw_record(services.workspace.archive, place)
    assert client.get(f"/documents/{arabic}/record").status_code == 200
