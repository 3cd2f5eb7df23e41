"""The pages as a browser gets them, over the demo's world."""

import re
from html.parser import HTMLParser
from typing import Any
from urllib.parse import parse_qsl

import pytest
from sqlalchemy import select, update
from starlette.testclient import TestClient

from babelwire.web.services import Services
from pipeline.store.tables import documents, readings
from tests.babelwire.conftest import Demo
from tests.babelwire.web.conftest import search, send

VOID = {"meta", "link", "input", "rect", "br"}


class Page(HTMLParser):
    """Its tags with attributes, its text, and whether every tag is closed."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.words = ""
        self.open: list[str] = []
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.tags.append((tag, {key: value or "" for key, value in attrs}))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: Any) -> None:
        self.tags.append((tag, {key: value or "" for key, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words += data

    def all(self, tag: str, **wanted: str) -> list[dict[str, str]]:
        return [
            attributes
            for name, attributes in self.tags
            if name == tag
            and all(attributes.get(key) == value for key, value in wanted.items())
        ]


def get(client: TestClient, path: str, status: int = 200) -> Page:
    response = client.get(path)
    assert response.status_code == status, response.text
    return Page(response.text)


def test_an_answer_counts_documents_and_shows_both_sides(client: TestClient) -> None:
    page = get(client, "/?q=mayors+kazan+forum")
    total = search(client, q="mayors kazan forum")["total"]
    assert f"{total} documents with all the words" in " ".join(page.words.split())
    languages = {quote["lang"] for quote in page.all("blockquote")}
    assert {"en", "vi", "ar"} <= languages
    assert all(q["dir"] == "rtl" for q in page.all("blockquote", lang="ar"))
    assert page.all("mark")


def test_the_newest_are_shown_where_nothing_is_asked(client: TestClient) -> None:
    page = get(client, "/")
    times = [time["datetime"] for time in page.all("time")]
    assert times == sorted(times, reverse=True)


def test_every_link_of_an_answer_leads_somewhere(client: TestClient) -> None:
    page = get(client, "/?q=kazan&kind=news&group=0")
    links = {a["href"] for a in page.all("a") if a["href"].startswith("/")}
    assert any("lang=ru" in link for link in links)
    for link in sorted(links):
        assert client.get(link).status_code == 200, link


def test_a_chosen_filter_holds_in_the_form_and_can_be_let_go_of(
    client: TestClient,
) -> None:
    page = get(client, "/?q=kazan&lang=vi")
    assert page.all("input", type="hidden", name="lang", value="vi")
    assert page.all("a", href="/?q=kazan")


def test_pages_of_an_answer_follow_each_other(client: TestClient) -> None:
    first = get(client, "/?group=0")
    assert [a["rel"] for a in first.all("a") if a.get("rel") in {"next", "prev"}] == [
        "next"
    ]
    second = get(client, "/?group=0&page=2")
    shown = [
        {li["id"] for li in page.all("li", **{"class": "hit"})}
        for page in (first, second)
    ]
    assert len(shown[0]) == 20
    assert not shown[0] & shown[1]


def test_groups_say_how_many_where_and_of_how_many_owners(client: TestClient) -> None:
    grouped = [
        h for h in search(client)["hits"] if h.get("group", {}).get("documents", 0) > 1
    ]
    assert grouped
    words = " ".join(get(client, "/").words.split())
    number = grouped[0]["group"]["documents"] - 1
    other = "other" if number == 1 else "others"
    assert f"and {number} {other} with nearly this text" in words
    assert "publisher" in words


def test_a_misspelt_word_is_answered_with_a_link(client: TestClient) -> None:
    page = get(client, "/?q=municipalties")
    assert "Did you mean:" in page.words
    assert [a for a in page.all("a") if a["href"] == "/?q=municipalities"]


@pytest.mark.parametrize(
    ("query", "zero", "does"),
    [
        ("q=zzzzz&lang=en", "silent", "show what was seen"),
        ("q=zzzzz&lang=sw", "unseen", "See how the sources are"),
        ("q=zzzzz&from=2001-01-01&to=2001-01-02", "unseen", "See how the sources are"),
    ],
)
def test_an_empty_answer_says_which_zero_it_is(
    client: TestClient, query: str, zero: str, does: str
) -> None:
    page = get(client, f"/?{query}")
    assert page.all("div", **{"class": f"zero {zero}"})
    assert does in page.words


def test_a_query_without_meaning_is_a_plain_error_with_the_position(
    client: TestClient,
) -> None:
    page = get(client, "/?q=%28kazan", 400)
    assert "character" in page.words
    assert page.all("input", name="q", value="(kazan")


def test_a_document_has_its_sentences_side_by_side(
    client: TestClient, arabic: str
) -> None:
    page = get(client, f"/documents/{arabic}")
    originals = page.all("p", **{"class": "original"})
    assert originals
    assert all(p["lang"] == "ar" and p["dir"] == "rtl" for p in originals)
    shown = client.get(f"/api/v1/documents/{arabic}").json()
    for segment in shown["segments"]:
        assert segment["original"] in page.words
        assert segment["translation"] in page.words
    assert page.all("meta", name="citation_title", content=shown["title"])
    assert shown["evidence"]["checksum"] in page.words


def test_one_side_can_be_chosen(client: TestClient, arabic: str) -> None:
    page = get(client, f"/documents/{arabic}?view=translation")
    assert page.all("article", **{"class": "document translation"})
    assert page.all("a", href="?view=translation", **{"aria-current": "true"})


def test_wordings_and_what_changed_between_them(client: TestClient) -> None:
    pages = (search(client, group="0", page=str(n))["hits"] for n in (1, 2, 3))
    changed = next(hit for hits in pages for hit in hits if hit["revision"] > 1)
    page = get(client, f"/documents/{changed['id']}")
    assert page.all("ins")
    assert page.all("del")
    older = get(client, f"/documents/{changed['id']}@1")
    assert "older wording" in older.words
    assert not older.all("ins")


def test_citations(client: TestClient, arabic: str) -> None:
    shown = client.get(f"/api/v1/documents/{arabic}").json()
    item = client.get(f"/documents/{arabic}/citation.json").json()[0]
    assert item["title"] == shown["title"]
    assert item["id"] == f"{arabic}@{shown['revision']}"
    assert item["URL"] == shown["url"]
    bibtex = client.get(f"/documents/{arabic}/citation.bib").text
    assert bibtex.startswith(f"@online{{{arabic},")
    assert shown["title"] in bibtex


def test_the_record_of_a_page_is_a_warc_file_that_others_read(
    client: TestClient, arabic: str
) -> None:
    import io

    from warcio.archiveiterator import ArchiveIterator

    response = client.get(f"/documents/{arabic}/record")
    assert response.headers["content-disposition"].endswith('.warc.gz"')
    records = list(ArchiveIterator(io.BytesIO(response.content), check_digests="raise"))
    shown = client.get(f"/api/v1/documents/{arabic}").json()
    assert [r.rec_headers["WARC-Target-URI"] for r in records] == [
        shown["evidence"]["url"]
    ]


def test_sources_and_status_say_how_things_are(client: TestClient) -> None:
    sources = get(client, "/sources")
    assert len(sources.all("tr")) > 10
    status = get(client, "/status")
    assert "documents can be searched" in status.words
    assert "Nothing was set aside" in status.words


def test_a_search_can_be_followed_as_a_feed(client: TestClient) -> None:
    import feedparser

    found = feedparser.parse(client.get("/feed.atom?q=kazan").content)
    assert not found.bozo
    assert found.feed.title == "Babelwire: kazan"
    times = [entry.updated for entry in found.entries]
    assert times == sorted(times, reverse=True)
    hits = search(client, q="kazan", sort="time")["hits"]
    full = [f"{hit['id']}@{hit['revision']}" for hit in hits if hit["match"] == "all"]
    assert [entry.id.rpartition(":")[2] for entry in found.entries] == full


def test_the_api_says_what_the_command_line_says(
    client: TestClient, demo: Demo
) -> None:
    from tests.babelwire.conftest import babelwire

    told = babelwire(
        "search", "kazan", "--json", "--limit", "20", workspace=demo.workspace
    )
    asked = search(client, q="kazan", group="0")
    assert [h["id"] for h in asked["hits"]] == [h["id"] for h in told.json["hits"]]
    assert asked["facets"] == told.json["facets"]


def test_an_unchanged_document_is_not_sent_again(
    client: TestClient, arabic: str
) -> None:
    first = client.get(f"/api/v1/documents/{arabic}")
    again = client.get(
        f"/api/v1/documents/{arabic}", headers={"if-none-match": first.headers["etag"]}
    )
    assert again.status_code == 304
    assert again.content == b""


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/api/v1/documents/daaaaaaaaaaaaaaaa", 404),
        ("/api/v1/documents/..%2f..%2fetc", 404),
        ("/api/v1/search?q=%28", 400),
        ("/api/v1/search?page=0", 400),
        ("/api/v1/nothing", 404),
        ("/api/v1/reviews/7", 404),
        ("/api/v1/reviews/0", 400),
        ("/api/v1/corrections?limit=0", 400),
        ("/api/v1/documents/daaaaaaaaaaaaaaaa/segments", 404),
    ],
)
def test_an_error_of_the_api_is_a_problem_document(
    client: TestClient, path: str, status: int
) -> None:
    response = client.get(path)
    assert response.status_code == status
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json()["status"] == status
    assert response.json()["detail"]


def test_the_description_of_the_api_is_openapi_3_1(client: TestClient) -> None:
    described = client.get("/api/v1/openapi.json").json()
    assert described["openapi"].startswith("3.1")
    assert set(described["paths"]) == {
        "/api/v1/search",
        "/api/v1/names/counts",
        "/api/v1/documents/{reference}",
        "/api/v1/documents/{reference}/segments",
        "/api/v1/corrections",
        "/api/v1/sources",
        "/api/v1/reviews",
        "/api/v1/reviews/{review_id}",
        "/api/v1/status",
    }


def test_the_api_gives_sentences_sources_and_what_people_did(
    own: TestClient,
) -> None:
    found = search(own, q="forum", lang="ar")["hits"][0]["id"]
    sentences = own.get(f"/api/v1/documents/{found}@1/segments").json()
    assert sentences["language"] == "ar"
    assert all(each["translation"] for each in sentences["segments"])
    where = f"/documents/{found}/sentences/2"
    send(own, where, text="A person's words.")
    corrected = own.get("/api/v1/corrections").json()["corrections"]
    assert [c["target_text"] for c in corrected] == ["A person's words."]
    sources = own.get("/api/v1/sources").json()["sources"]
    assert sources["vestnik-kazanki"]["country"] == "RU"
    assert sources["vestnik-kazanki"]["rights"]["show"] in {
        "full",
        "excerpt",
        "headline",
    }
    send(own, "/reviews/add", document=found)
    listed = own.get("/api/v1/reviews").json()["reviews"]
    assert [review["items"] for review in listed] == [1]
    review = own.get(f"/api/v1/reviews/{listed[0]['id']}").json()
    assert found in str(review["sections"])


def test_a_table_says_of_each_language_and_day_what_an_empty_cell_means(
    client: TestClient,
) -> None:
    page = get(client, "/table?q=mayors+kazan")
    totals = {
        f["value"]: f["count"]
        for f in search(client, q="mayors kazan")["facets"]["language"]
    }
    cells = page.all("td", **{"class": "cell "})
    shown = sum(
        int(re.findall(r": (\d+) document", cell["title"])[0]) for cell in cells
    )
    assert shown == sum(totals.values())
    assert page.all("td", **{"class": "cell silent"})
    assert page.all("td", **{"class": "cell unseen"})
    leads = [a["href"] for a in page.all("a") if "from=" in a["href"]]
    assert leads
    assert search(client, **dict(parse_qsl(leads[0][2:])))["total"] > 0
    empty = get(client, "/table?q=kazan&lang=sw")
    assert "Not seen" in empty.words


def test_a_document_names_its_editions_in_other_languages(own: TestClient) -> None:
    services: Services = own.app.state.services  # type: ignore[attr-defined]
    hits = own.get("/api/v1/search?q=kazan").json()["hits"]
    here, other = hits[0], hits[1]
    declared = [
        [other["language"], other["url"]],
        ["sw", "https://sw.example.org/a?b=<i>"],
    ]
    with services.database.write() as connection:
        newest = select(documents.c.reading_id).where(documents.c.id == here["id"])
        connection.execute(
            update(readings)
            .where(readings.c.id == newest.scalar_subquery())
            .values(alternates=declared)
        )
    page = own.get(f"/documents/{here['id']}").text
    part = page.split("In the publisher's other languages", 1)[1]
    assert f'<a href="/documents/{other["id"]}"' in part
    assert "Swahili" in part
    assert "<i>" not in part
    told = own.get(f"/api/v1/documents/{here['id']}").json()["editions"]
    assert [each["id"] for each in told] == [other["id"], None]
