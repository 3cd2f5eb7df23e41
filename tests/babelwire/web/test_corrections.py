"""A reader corrects a sentence, and takes it back."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from babelwire.web.app import make_app
from babelwire.web.reader import TOKEN
from babelwire.web.services import open_services
from babelwire.workspace import find_workspace
from tests.babelwire.conftest import Demo
from tests.babelwire.web.conftest import HOME, search

TEXT = "The quince marmalade was corrected by a person."


@pytest.fixture
def client(demo: Demo, tmp_path: Path) -> Iterator[TestClient]:
    """A desk over a copy of the demo, for it is changed."""
    copy = tmp_path / "copy"
    shutil.copytree(demo.workspace, copy)
    with (
        open_services(find_workspace(copy)) as services,
        TestClient(make_app(services), base_url=HOME) as client,
    ):
        client.headers["accept-language"] = "en"
        client.get("/")
        yield client


def send(client: TestClient, path: str, **fields: str) -> str:
    """What a form leads to: an address, or the page it answers with."""
    fields = {"token": client.cookies[TOKEN], **fields}
    answer = client.post(path, data=fields, follow_redirects=False)
    return answer.headers["location"] if answer.status_code == 303 else answer.text


@pytest.fixture
def sentence(client: TestClient) -> str:
    document = search(client, q="forum", lang="ar")["hits"][0]["id"]
    return f"/documents/{document}/sentences/2"


def shown(client: TestClient, sentence: str) -> str:
    document = sentence.split("/")[2]
    found = client.get(f"/api/v1/documents/{document}").json()
    text: str = found["segments"][1]["translation"]
    return text


def test_a_correction_is_shown_and_searched_at_once_and_can_be_taken_back(
    client: TestClient, sentence: str
) -> None:
    before = shown(client, sentence)
    assert before in client.get(sentence).text
    back = send(client, sentence, text=f"  {TEXT}\n")
    assert back.endswith("#s2")
    page = client.get(back).text
    assert TEXT in page
    assert "by a person" in page
    assert search(client, q="quince marmalade")["total"] == 1
    assert TEXT in client.get("/corrections").text
    number = back.partition("corrected=")[2].partition("#")[0]
    assert send(client, f"/corrections/{number}/undo") == "/corrections"
    assert shown(client, sentence) == before
    assert search(client, q="quince marmalade")["total"] == 0
    assert "taken back on" in client.get("/corrections").text


def test_everywhere_shows_first_what_would_change(
    client: TestClient, sentence: str
) -> None:
    before = shown(client, sentence)
    page = send(client, sentence, text=TEXT, where="everywhere")
    assert "This changes the sentence in 1 document:" in page
    assert shown(client, sentence) == before
    send(client, sentence, text=TEXT, where="everywhere", sure="1")
    assert shown(client, sentence) == TEXT


@pytest.mark.parametrize("text", ["", " \n", "x" * 5_001])
def test_what_is_no_sentence_is_refused(
    client: TestClient, sentence: str, text: str
) -> None:
    before = shown(client, sentence)
    assert "expected 1 to 5,000" in send(client, sentence, text=text)
    assert shown(client, sentence) == before


def test_a_forged_correction_changes_nothing(client: TestClient, sentence: str) -> None:
    """W5"""
    before = shown(client, sentence)
    fields = {"token": client.cookies[TOKEN], "text": TEXT}
    answer = client.post(
        sentence, data=fields, headers={"origin": "https://evil.example"}
    )
    assert answer.status_code == 403
    assert client.post(sentence, data={"text": TEXT}).status_code == 403
    assert shown(client, sentence) == before


def test_there_is_no_such_sentence(client: TestClient, sentence: str) -> None:
    for number in ("0", "999", "-1"):
        assert client.get(sentence[:-1] + number).status_code == 404
    assert client.get(sentence[:-1] + "two").status_code == 400
    assert (
        client.post(
            "/corrections/99/undo", data={"token": client.cookies[TOKEN]}
        ).status_code
        == 400
    )
