"""A reader corrects a sentence, and takes it back."""

import pytest
from starlette.testclient import TestClient

from babelwire.web.reader import TOKEN
from tests.babelwire.web.conftest import search, send

TEXT = "The quince marmalade was corrected by a person."


@pytest.fixture
def sentence(own: TestClient) -> str:
    document = search(own, q="forum", lang="ar")["hits"][0]["id"]
    return f"/documents/{document}/sentences/2"


def shown(own: TestClient, sentence: str) -> str:
    document = sentence.split("/")[2]
    found = own.get(f"/api/v1/documents/{document}").json()
    text: str = found["segments"][1]["translation"]
    return text


def test_a_correction_is_shown_and_searched_at_once_and_can_be_taken_back(
    own: TestClient, sentence: str
) -> None:
    before = shown(own, sentence)
    assert before in own.get(sentence).text
    back = send(own, sentence, text=f"  {TEXT}\n")
    assert back.endswith("#s2")
    page = own.get(back).text
    assert TEXT in page
    assert "by a person" in page
    assert search(own, q="quince marmalade")["total"] == 1
    assert TEXT in own.get("/corrections").text
    number = back.partition("corrected=")[2].partition("#")[0]
    assert send(own, f"/corrections/{number}/undo") == "/corrections"
    assert shown(own, sentence) == before
    assert search(own, q="quince marmalade")["total"] == 0
    assert "taken back on" in own.get("/corrections").text


def test_everywhere_shows_first_what_would_change(
    own: TestClient, sentence: str
) -> None:
    before = shown(own, sentence)
    page = send(own, sentence, text=TEXT, where="everywhere")
    assert "This changes the sentence in 1 document:" in page
    assert shown(own, sentence) == before
    send(own, sentence, text=TEXT, where="everywhere", sure="1")
    assert shown(own, sentence) == TEXT


@pytest.mark.parametrize("text", ["", " \n", "x" * 5_001])
def test_what_is_no_sentence_is_refused(
    own: TestClient, sentence: str, text: str
) -> None:
    before = shown(own, sentence)
    assert "expected 1 to 5,000" in send(own, sentence, text=text)
    assert shown(own, sentence) == before


def test_a_forged_correction_changes_nothing(own: TestClient, sentence: str) -> None:
    """W5"""
    before = shown(own, sentence)
    fields = {"token": own.cookies[TOKEN], "text": TEXT}
    answer = own.post(sentence, data=fields, headers={"origin": "https://evil.example"})
    assert answer.status_code == 403
    assert own.post(sentence, data={"text": TEXT}).status_code == 403
    assert shown(own, sentence) == before


def test_there_is_no_such_sentence(own: TestClient, sentence: str) -> None:
    for number in ("0", "999", "-1"):
        assert own.get(sentence[:-1] + number).status_code == 404
    assert own.get(sentence[:-1] + "two").status_code == 400
    assert (
        own.post("/corrections/99/undo", data={"token": own.cookies[TOKEN]}).status_code
        == 400
    )
