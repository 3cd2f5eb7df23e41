"""The same story in a publisher's other languages."""

from datetime import UTC, datetime

import pytest

from pipeline.extraction import PageInput, extract_page
from pipeline.store import Database
from pipeline.store.editions import Edition, load_editions
from tests.pipeline.builders import SITE, TEXT, add_document, add_source, shown

PAGE = """<html lang="vi"><head><title>Thị trưởng</title>{links}</head>
<body><article><h1>Thị trưởng gặp nhau</h1>{text}</article></body></html>"""
AT = datetime(2024, 6, 21, tzinfo=UTC)


def alternates(*links: str) -> list[tuple[str, str]]:
    text = "<p>Các thị trưởng đã gặp nhau tại Kazan trong ba ngày.</p>" * 9
    body = PAGE.format(links="".join(links), text=text).encode()
    page = PageInput(body=body, url="https://vi.example.org/a", fetched_at=AT)
    return list(extract_page(page).alternates)


def link(language: str, url: str, rel: str = "alternate") -> str:
    return f'<link rel="{rel}" hreflang="{language}" href="{url}">'


def test_editions_are_read_in_the_pages_order() -> None:
    found = alternates(
        link("vi", "https://vi.example.org/a"),
        link("ar", "https://ar.example.org/a"),
        link("x-default", "https://example.org/a"),
        link("pt_BR", "/pt/a"),
        link("zh-Hans", "https://zh.example.org/%E5%96%80", "alternate nofollow"),
    )
    assert found == [
        ("ar", "https://ar.example.org/a"),
        ("pt-BR", "https://vi.example.org/pt/a"),
        ("zh-Hans", "https://zh.example.org/%E5%96%80"),
    ]


@pytest.mark.parametrize(
    "hostile",
    [
        link("ar", "javascript:alert(1)"),
        link("ar", "file:///etc/passwd"),
        link("ar", "http://["),
        link("ar", ""),
        link("ar", "/a", "stylesheet"),
        link("<script>", "/a"),
        link("a" * 400, "/a"),
        link("", "/a"),
    ],
)
def test_what_is_no_edition_is_left_out(hostile: str) -> None:
    """W1"""
    assert alternates(hostile) == []


def test_a_page_that_lists_thousands_is_cut() -> None:
    assert len(alternates(*(link("ar", f"/a{n}") for n in range(3000)))) == 100


def test_editions_lead_to_the_documents_that_were_collected(
    database: Database,
) -> None:
    """C13: an edition in another language is a document of its own, and linked."""
    declared = (
        ("en", f"{SITE}/en"),
        ("vi", f"{SITE}/vi?utm_source=x"),
        ("ar", f"{SITE}/ar"),
        ("ar", f"{SITE}/ar#top"),
        ("ru", f"{SITE}:99999/ru"),
    )
    with database.write() as connection:
        add_source(connection)
        vi, _ = add_document(
            connection, f"{SITE}/vi", title="Thị trưởng", alternates=declared
        )
        en, _ = add_document(connection, f"{SITE}/en", TEXT + " Other.")
        found = load_editions(connection, vi)
        assert load_editions(connection, en) == []
    assert len(shown(database)) == 2
    assert found == [
        Edition(
            language="en",
            url=f"{SITE}/en",
            document_id=en,
            title="Mayors meet in Kazan",
        ),
        Edition(language="ar", url=f"{SITE}/ar"),
    ]
