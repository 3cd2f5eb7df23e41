"""Downloads of a search, from its page."""

import csv
import io
import json

import pytest
from starlette.testclient import TestClient

from babelwire.web.services import Services
from tests.babelwire.web.conftest import search


def test_a_download_has_the_documents_that_the_page_counts(client: TestClient) -> None:
    total = search(client, q="kazan", lang="vi")["total"]
    response = client.get("/export?q=kazan&lang=vi&format=csv")
    rows = list(csv.DictReader(io.StringIO(response.text)))
    assert len(rows) == total
    assert {row["language"] for row in rows} == {"vi"}
    assert 'filename="babelwire-' in response.headers["content-disposition"]
    lines = client.get("/export?q=kazan&lang=vi&format=jsonl").text.splitlines()
    assert [json.loads(line)["id"] for line in lines] == [row["id"] for row in rows]


def test_what_leaves_is_what_the_sources_rights_allow(
    client: TestClient, services: Services
) -> None:
    text = client.get("/export?q=kazan&format=csv").text
    rows = list(csv.DictReader(io.StringIO(text)))
    sources = services.workspace.sources
    assert {row["rights"] for row in rows} == {
        sources[row["source"]].rights.show for row in rows
    }
    assert all(row["text"] == "" for row in rows if row["rights"] == "headline")


@pytest.mark.parametrize(
    ("name", "begins"),
    [("xlsx", b"PK"), ("warc", b"\x1f\x8b"), ("tmx", b"<?xml"), ("csv", b"id,")],
)
def test_every_format_is_offered_and_comes(
    client: TestClient, name: str, begins: bytes
) -> None:
    assert f"format={name}" in client.get("/?q=kazan").text
    response = client.get(f"/export?q=kazan&format={name}")
    assert response.status_code == 200
    assert response.content.startswith(begins)


def test_an_unknown_format_is_an_error_that_says_what_is_expected(
    client: TestClient,
) -> None:
    response = client.get("/export?q=kazan&format=exe")
    assert response.status_code == 400
    assert "xlsx" in response.text
