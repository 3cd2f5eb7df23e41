"""What the page of a document tells of how it was read, and of its relatives."""

import re
from datetime import UTC, datetime
from html import unescape
from typing import Any

import pytest
from sqlalchemy import select, update
from starlette.testclient import TestClient

from babelwire.web.services import Services
from pipeline.documents import Candidate, TextChoice
from pipeline.store.tables import documents, readings, segments, sources
from pipeline.store.text_choices import choice_row
from tests.babelwire.web.conftest import search

CHANGED = datetime(2024, 6, 21, 14, 40, tzinfo=UTC)


@pytest.fixture
def known(own: TestClient) -> dict[str, Any]:
    """An Arabic document of a workspace that may be changed."""
    found: dict[str, Any] = search(own, q="forum", lang="ar")["hits"][0]
    return found


def services_of(client: TestClient) -> Services:
    found: Services = client.app.state.services  # type: ignore[attr-defined]
    return found


def reread(client: TestClient, document: str, **values: Any) -> None:
    """As if the newest reading had found this."""
    newest = select(documents.c.reading_id).where(documents.c.id == document)
    with services_of(client).database.write() as connection:
        connection.execute(
            update(readings)
            .where(readings.c.id == newest.scalar_subquery())
            .values(**values)
        )


def text_of(html: str) -> str:
    """The words of a page, without its tags."""
    plain = re.sub(r"<[^>]+>", " ", re.sub(r"</?bdi[^>]*>", "", html))
    return " ".join(unescape(plain).split())


def page_of(client: TestClient, document: str) -> str:
    response = client.get(f"/documents/{document}")
    assert response.status_code == 200
    return response.text


def folded(page: str) -> str:
    found = re.search(
        r"<details(?P<attributes>[^>]*)>(?P<inside>.*?)</details>", page, re.DOTALL
    )
    assert found
    assert "open" not in found["attributes"]
    return found["inside"]


def test_when_the_publisher_changed_it_is_told_as_exactly_as_known(
    own: TestClient, known: dict[str, Any]
) -> None:
    reread(own, known["id"], modified_at=CHANGED, modified_precision="minute")
    told = text_of(page_of(own, known["id"]))
    assert "Changed by its publisher: 21 Jun 2024 14:40" in told
    reread(own, known["id"], modified_precision="day")
    told = text_of(page_of(own, known["id"]))
    assert "Changed by its publisher: 21 Jun 2024" in told
    assert "14:40" not in told


def test_a_change_at_the_time_of_publication_is_none(
    own: TestClient, known: dict[str, Any]
) -> None:
    published = datetime.fromisoformat(known["published_at"])
    reread(own, known["id"], modified_at=published, modified_precision="minute")
    assert "Changed by its publisher" not in page_of(own, known["id"])


def test_section_byline_and_the_first_tags_are_facts(
    own: TestClient, known: dict[str, Any]
) -> None:
    tags = [f"tag{n}" for n in range(12)]
    reread(own, known["id"], section="<b>World</b>", tags=tags, authors=["ليلى منصور"])
    page = page_of(own, known["id"])
    told = text_of(page)
    assert "Section: <b>World</b> · Tags: tag0, tag1" in told
    assert "tag7" in told
    assert "tag8" not in told
    assert "ليلى منصور" in told
    assert "<b>" not in page


def test_of_a_picture_there_is_only_a_link(
    own: TestClient, known: dict[str, Any]
) -> None:
    picture = "https://pictures.example/forum.jpg"
    reread(own, known["id"], image_url=picture)
    page = page_of(own, known["id"])
    assert f'<a href="{picture}" rel="noreferrer' in page
    assert page.count(picture) == 1
    assert "<img" not in page


@pytest.mark.parametrize(
    ("flag", "words"),
    [
        ("future", "publication time in the future: it is not believed"),
        ("too_old", "before there was a web: it is not believed"),
        ("contradicts_feed", "years off what its feed or its address says"),
    ],
)
def test_what_is_odd_about_a_date_is_said_in_plain_words(
    own: TestClient, known: dict[str, Any], flag: str, words: str
) -> None:
    """P7."""
    assert words not in page_of(own, known["id"])
    reread(own, known["id"], date_flags=[flag])
    assert words in page_of(own, known["id"])


def test_a_quotation_in_another_language_is_labelled_and_runs_its_own_way(
    own: TestClient, known: dict[str, Any]
) -> None:
    reading = select(documents.c.reading_id).where(documents.c.id == known["id"])
    with services_of(own).database.write() as connection:
        connection.execute(
            update(segments)
            .where(
                segments.c.reading_id == reading.scalar_subquery(),
                segments.c.position == 2,
            )
            .values(language="en")
        )
    page = page_of(own, known["id"])
    pairs = page.split('<div class="pair')
    (labelled,) = [pair for pair in pairs if 'class="quoted' in pair]
    assert '<p class="original" lang="en" dir="ltr">' in labelled
    assert "in English" in labelled
    others = [pair for pair in pairs[1:] if pair is not labelled]
    assert all('lang="ar" dir="rtl"' in pair for pair in others)


CHOICE = TextChoice(
    extractor="readability",
    candidates=(
        Candidate(extractor="readability", words=291, score=0.955),
        Candidate(extractor="trafilatura", words=1, score=0.61),
        Candidate(extractor="json-ld", words=120),
    ),
    removed=(
        ("boilerplate", "جميع الحقوق محفوظة"),
        ("read_also", "Read also: <i>Two cities</i>"),
        ("boilerplate", "تابعونا"),
    ),
)


def test_how_a_page_was_read_is_folded_away(
    own: TestClient, known: dict[str, Any]
) -> None:
    reread(
        own,
        known["id"],
        text_choice=choice_row(CHOICE),
        published_from="json-ld",
        published_zone="+03:00",
    )
    inside = folded(page_of(own, known["id"]))
    told = text_of(inside)
    assert "How this page was read Text readability, judged 96%" in told
    assert "trafilatura, judged 61% (1 word)" in told
    assert "what the page says of itself (JSON-LD) (120 words)" in told
    assert "Publication time from what the page says of itself (JSON-LD)" in told
    assert "+03:00" in told
    both = "2 lines left out: on many pages of this source"
    assert f"{both} جميع الحقوق محفوظة تابعونا" in told
    assert "1 line left out: leads to other articles Read also: <i>Two" in told
    assert "<i>" not in inside


@pytest.mark.parametrize(
    ("stopped", "words"),
    [
        ("timeout", "it took the extractors too long"),
        ("out_of_memory", "it took the extractors too much memory"),
        ("crash", "the extractors broke down on it"),
    ],
)
def test_a_page_that_stopped_the_extractors_says_so(
    own: TestClient, known: dict[str, Any], stopped: str, words: str
) -> None:
    """P5."""
    choice = TextChoice(extractor="blocks", stopped=stopped)
    reread(own, known["id"], text_choice=choice_row(choice))
    assert words in text_of(folded(page_of(own, known["id"])))


def test_a_reading_of_which_nothing_is_known_has_no_such_block(
    own: TestClient, known: dict[str, Any]
) -> None:
    reread(own, known["id"], text_choice=None, published_from="")
    assert "How this page was read" not in page_of(own, known["id"])


def test_documents_that_turned_out_to_be_this_one_are_named(
    own: TestClient, known: dict[str, Any]
) -> None:
    """C13: their wording stays, and their id leads here."""
    younger = search(own, q="forum", lang="ru", group="0")["hits"][0]["id"]
    with services_of(own).database.write() as connection:
        connection.execute(
            update(documents)
            .where(documents.c.id == younger)
            .values(merged_into=known["id"], deleted_at=CHANGED)
        )
    page = page_of(own, known["id"])
    assert "Found to be this document" in page
    cited = re.search(rf'href="(/documents/{younger}@\d+)"', page)
    assert cited
    assert "goes on in an older one" in own.get(cited[1]).text
    told = own.get(f"/api/v1/documents/{younger}").json()
    assert told["id"] == known["id"]
    assert told["merged"] == [cited[1].removeprefix("/documents/")]


def wire(client: TestClient) -> dict[str, Any]:
    """The hit of a group of several documents."""
    hits = search(client, q="*", sort="relevance")["hits"]
    found: dict[str, Any] = max(
        hits, key=lambda hit: hit.get("group", {}).get("documents", 0)
    )
    assert found["group"]["documents"] > 2
    return found


def test_a_group_says_how_many_where_whose_and_who_had_it_first(
    own: TestClient,
) -> None:
    """Spread across owners is not spread across titles."""
    hit = wire(own)
    group, oldest = hit["group"], hit["group"]["oldest"]
    assert oldest["id"] == hit["cluster"]
    page = own.get("/?q=*&sort=relevance").text
    article = page.split(f'<li class="hit" id="{hit["id"]}">')[1].split("</article>")[0]
    told = text_of(article.split('<p class="group">')[1].split("</p>")[0])
    assert f"and {group['documents'] - 1} others with nearly this text" in told
    assert f"{group['publishers']} publishers" in told
    assert f"{group['countries']} countries" in told
    assert f"{group['owners']} owners" in told
    assert all(name in told for name in group["publisher_names"])
    assert "first" in told
    if oldest["id"] != hit["id"]:
        assert f'href="/documents/{oldest["id"]}"' in article


def test_the_oldest_of_a_group_can_be_told_on_every_members_page(
    own: TestClient,
) -> None:
    hit = wire(own)
    oldest = hit["cluster"]
    shown = own.get(f"/api/v1/documents/{oldest}").json()
    assert "this one was seen first" in page_of(own, oldest)
    younger = page_of(own, shown["duplicates"][0])
    assert "this one was seen first" not in younger
    (line,) = [line for line in younger.splitlines() if "seen first," in line]
    assert f'href="/documents/{oldest}"' in line
    assert f"With this one: {hit['group']['publishers']} publishers" in text_of(younger)


def test_a_group_of_one_owner_is_one_voice(own: TestClient) -> None:
    hit = wire(own)
    with services_of(own).database.write() as connection:
        connection.execute(update(sources).values(owner="One House"))
    told = text_of(page_of(own, hit["id"]))
    assert f"{hit['group']['publishers']} publishers" in told
    assert "1 owner" in told
    with services_of(own).database.write() as connection:
        connection.execute(update(sources).values(owner=""))
    told = text_of(page_of(own, hit["id"]))
    assert f"owners of {hit['group']['documents']} unknown" in told


def test_of_a_wording_the_lines_that_changed_are_shown(own: TestClient) -> None:
    hits = (search(own, group="0", page=str(n))["hits"] for n in (1, 2, 3))
    changed = next(hit for page in hits for hit in page if hit["revision"] > 1)
    page = page_of(own, changed["id"])
    lines = re.findall(r'<p class="changes".*?</p>', page, re.DOTALL)
    text = own.get(f"/api/v1/documents/{changed['id']}").json()["text"]
    assert 0 < len(lines) < len(text.split("\n")) + 1
    assert all("<ins>" in line or "<del>" in line for line in lines)
