"""A press review from the first find to what was sent, as a browser does it."""

import html
import json
import re
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from babelwire.web.app import make_app
from babelwire.web.reader import TOKEN
from babelwire.web.services import Services, open_services
from babelwire.wording import LANGUAGES, Wording
from babelwire.workspace import find_workspace
from tests.babelwire.conftest import babelwire
from tests.babelwire.web.conftest import HERE, HOME, search, send


@pytest.fixture
def finds(own: TestClient) -> list[str]:
    """Ids of an Arabic and a Vietnamese document."""
    return [
        search(own, q="forum", lang=language)["hits"][0]["id"]
        for language in ("ar", "vi")
    ]


class Desk:
    """A reader at one review."""

    def __init__(self, client: TestClient, number: str) -> None:
        self.client = client
        self.path = f"/reviews/{number}"

    @property
    def page(self) -> str:
        return self.client.get(self.path).text

    def do(self, action: str, **fields: object) -> str:
        """Presses a button of the page as it is now."""
        return send(
            self.client, self.path, action=action, version=self.version, **fields
        )

    @property
    def version(self) -> str:
        found = re.search(r'name="version" value="(\d+)"', self.page)
        assert found is not None
        return found[1]

    def ids(self, letter: str) -> list[str]:
        """Of its items (`i`) or sections (`p`), in order."""
        return re.findall(rf'id="{letter}(\d+)"', self.page)


@pytest.fixture
def desk(own: TestClient, finds: list[str]) -> Desk:
    for find in finds:
        assert send(own, "/reviews/add", document=find, back="/?q=forum") == "/?q=forum"
    number = re.search(r"/reviews/(\d+)", own.get("/reviews").text)
    assert number is not None
    return Desk(own, number[1])


def test_the_first_find_begins_a_review_and_the_next_joins_it(
    desk: Desk, finds: list[str]
) -> None:
    for find in finds:
        assert f"/documents/{find}@1" in desk.page
    assert len(desk.ids("p")) == 1
    page = desk.client.get("/?q=forum").text
    assert page.count("in today's review") == len(finds)


def test_the_same_document_twice_is_refused(desk: Desk, finds: list[str]) -> None:
    said = send(desk.client, "/reviews/add", document=finds[0])
    assert "already" in said
    assert len(desk.ids("i")) == 2


def test_a_summary_is_prefilled_and_edited_with_note_and_tags(desk: Desk) -> None:
    item = desk.ids("i")[0]
    filled = re.search(r"<textarea[^>]*>([^<]+)<", desk.page)
    assert filled is not None
    assert len(filled[1]) > 40
    where = desk.do(
        "item.save", item=item, summary="Mayors met.", note="Ask back.", tags="brics, a"
    )
    assert where.endswith(f"#i{item}")
    assert "Mayors met.</textarea>" in desk.page
    assert 'value="Ask back."' in desk.page
    assert 'value="brics, a"' in desk.page


LIMIT = 600
"""Characters of a summary, as a new workspace is configured."""


def summary_of(desk: Desk) -> str:
    found = re.search(r"<textarea[^>]*>([^<]*)<", desk.page)
    assert found is not None
    return html.unescape(found[1])


def test_a_summary_says_how_much_of_its_limit_is_used(desk: Desk) -> None:
    filled = summary_of(desk)
    assert f"<span>{len(filled)} of {LIMIT} characters</span>" in desk.page
    assert "<strong hidden>Too long" in desk.page
    assert "<strong>Too long" not in desk.page


def test_a_summary_that_is_too_long_is_refused_and_nothing_is_saved(desk: Desk) -> None:
    item, before = desk.ids("i")[0], desk.page
    fields = {"item": item, "note": "Lost?", "tags": "", "version": desk.version}
    answer = post(desk, action="item.save", summary="ả" * (LIMIT + 1), **fields)
    assert answer.status_code == 400
    assert "The summary has 601 characters; at most 600 are allowed." in answer.text
    assert summary_of(desk) in html.unescape(before)
    assert "Lost?" not in desk.page


@pytest.mark.parametrize("letter", ["x", "ả", "ق", "😀", "\r\n"])
def test_a_summary_is_counted_in_code_points_and_line_breaks_as_one(
    desk: Desk, letter: str
) -> None:
    """A browser sends each line break as two characters (WHATWG HTML, 4.10.21.7)."""
    item, text = desk.ids("i")[0], letter * (LIMIT - 2)
    assert desk.do("item.save", item=item, summary=f"a{text}b").endswith(f"#i{item}")
    assert summary_of(desk) == f"a{text}b".replace("\r\n", "\n")
    assert f"<span>{LIMIT} of {LIMIT} characters</span>" in desk.page


def test_a_limit_that_became_smaller_bars_no_other_change(
    desk: Desk, tmp_path: Path
) -> None:
    """What was too long before may stay; what is written anew may not."""
    config = tmp_path / "copy" / "babelwire.toml"
    text = config.read_text("utf-8")
    config.write_text(text.replace("characters = 600", "characters = 80"), "utf-8")
    item, long = desk.ids("i")[0], "x" * 200
    desk.do("item.save", item=item, summary=long)
    workspace = find_workspace(tmp_path / "copy")
    with (
        open_services(workspace) as services,
        TestClient(make_app(services), base_url=HOME, client=HERE) as client,
    ):
        client.get("/")
        later = Desk(client, desk.path.rpartition("/")[2])
        assert "<strong>Too long: it is not saved like this.</strong>" in later.page
        later.do("item.save", item=item, summary=long, note="Ask back.")
        assert 'value="Ask back."' in later.page
        said = later.do("item.save", item=item, summary=long + "y")
        assert "at most 80 are allowed" in said


def test_a_rendered_review_speaks_the_readers_language(desk: Desk) -> None:
    for language in LANGUAGES:
        headers = {"accept-language": language}
        page = desk.client.get(f"{desk.path}/files/html", headers=headers).text
        assert f'<html lang="{language}"' in page
        label = Wording(language, "UTC").text("translation")
        assert f'<span class="label">{label}</span>' in page
    chosen = desk.client.get(f"{desk.path}/files/html?language=ar").text
    assert '<html lang="ar" dir="rtl">' in chosen
    wrong = desk.client.get(f"{desk.path}/files/html?language=xx")
    assert wrong.status_code == 400


def test_a_review_is_sent_in_the_language_that_was_chosen(desk: Desk) -> None:
    desk.do("approve")
    assert '<option value="en" lang="en" selected>' in desk.page
    desk.do("send", language="ru")
    for accepted in ("en", "ar"):
        headers = {"accept-language": accepted}
        page = desk.client.get(f"{desk.path}/files/html", headers=headers).text
        assert '<html lang="ru"' in page
    manifest = file(desk, "manifest").json()
    assert manifest["review"]["language"] == "ru"


def test_items_and_sections_move(desk: Desk) -> None:
    first, second = desk.ids("i")
    desk.do("item.up", item=second)
    assert desk.ids("i") == [second, first]
    desk.do("section.add", heading="Statements")
    coverage, statements = desk.ids("p")
    desk.do("item.move", item=second, section=statements)
    assert desk.ids("i") == [first, second]
    desk.do("section.up", section=statements)
    assert desk.ids("p") == [statements, coverage]
    assert desk.ids("i") == [second, first]
    desk.do("section.save", section=coverage, heading="Media", intro="")
    assert ">Media<" in desk.page
    desk.do("item.remove", item=first)
    assert "Nothing significant." in desk.page
    desk.do("section.remove", section=coverage)
    assert desk.ids("p") == [statements]


def test_a_sent_review_is_frozen_and_its_manifest_can_be_verified(
    desk: Desk, tmp_path: Path
) -> None:
    desk.do("approve")
    assert "item.save" not in desk.page
    before = {kind: file(desk, kind) for kind in ("html", "docx", "eml")}
    desk.do("send")
    assert "It stays as it was sent" in desk.page
    page = file(desk, "html").content.decode()
    assert "<script" not in page
    assert before["docx"].content.startswith(b"PK")
    assert b"multipart/alternative" in before["eml"].content
    manifest = file(desk, "manifest")
    sections = json.loads(manifest.content)["sections"]
    assert [len(section["items"]) for section in sections] == [2]
    path = tmp_path / "manifest.json"
    path.write_bytes(manifest.content)
    workspace = tmp_path / "copy"
    verified = babelwire("verify", path, workspace=workspace)
    assert verified.status == 0, verified.err
    answer = post(desk, action="reopen", version="1")
    assert answer.status_code == 409
    assert file(desk, "manifest").content == manifest.content


def file(desk: Desk, kind: str) -> Any:
    response = desk.client.get(f"{desk.path}/files/{kind}")
    assert response.status_code == 200
    return response


def post(desk: Desk, **fields: str) -> Any:
    return desk.client.post(
        desk.path, data={"token": desk.client.cookies[TOKEN], **fields}
    )


def test_a_change_of_what_was_changed_meanwhile_is_refused(desk: Desk) -> None:
    old = desk.version
    desk.do("rename", title="Morning")
    answer = post(desk, action="rename", version=old, title="Evening")
    assert answer.status_code == 409
    assert "load the page again" in answer.text
    assert "<h1><bdi>Morning</bdi></h1>" in desk.page


def test_a_passage_is_quoted(own: TestClient, finds: list[str]) -> None:
    page = own.get(f"/documents/{finds[0]}").text
    assert 'form="quote" name="passage" value="2"' in page
    send(own, "/reviews/add", document=finds[0], passage="2", back="/reviews")
    shown = own.get(f"/api/v1/documents/{finds[0]}").json()["segments"][2]
    review = own.get("/reviews/1").text
    assert shown["original"] in review


def test_the_next_review_has_the_sections_of_the_last_one(desk: Desk) -> None:
    desk.do("section.add", heading="Statements")
    number = desk.path.rpartition("/")[2]
    made = send(desk.client, "/reviews", title="Tomorrow", clone=number)
    cloned = Desk(desk.client, made.rpartition("/")[2])
    assert "Statements" in cloned.page
    assert cloned.ids("i") == []


def test_a_draft_can_be_deleted(desk: Desk) -> None:
    assert desk.do("delete") == "/reviews"
    assert desk.client.get(desk.path).status_code == 404


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"action": "nothing", "version": "1"}, 400),
        ({"action": "rename", "version": "x", "title": "a"}, 400),
        ({"action": "rename", "version": "9" * 40, "title": "a"}, 400),
        ({"action": "item.save", "version": "now", "item": "-1"}, 400),
        ({"action": "rename", "version": "now", "title": "a\nb"}, 400),
    ],
)
def test_a_wrong_form_changes_nothing(
    desk: Desk, fields: dict[str, str], status: int
) -> None:
    """W7 and more."""
    before = desk.version
    fields = {key: value.replace("now", before) for key, value in fields.items()}
    assert post(desk, **fields).status_code == status
    assert desk.version == before


def test_a_forged_form_changes_nothing(desk: Desk) -> None:
    """W5"""
    before = desk.version
    fields = {"action": "approve", "version": before, "token": "forged"}
    assert desk.client.post(desk.path, data=fields).status_code == 403
    elsewhere = {"origin": "https://evil.example"}
    fields["token"] = desk.client.cookies[TOKEN]
    for path in (desk.path, "/reviews", "/reviews/add"):
        answer = desk.client.post(path, data=fields, headers=elsewhere)
        assert answer.status_code == 403
    assert desk.version == before


@pytest.mark.parametrize("number", ["0", "999", "-1", "9" * 30])
def test_there_is_no_such_review(own: TestClient, number: str) -> None:
    assert own.get(f"/reviews/{number}").status_code == 404
    assert own.get("/reviews/x").status_code == 400


def test_a_preview_runs_nothing(desk: Desk, services: Services) -> None:
    """W1"""
    policy = file(desk, "html").headers["content-security-policy"]
    assert policy.startswith("sandbox")
    assert "script-src" not in policy
    assert services.target == "en"
