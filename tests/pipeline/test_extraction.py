"""Golden pairs: what is read out of a page.

A folder of `extraction_cases/` is a case: `page.html` or `page.pdf` as it came;
`page.json` with what is expected of the extraction (fields left out do not
matter); `page.toml`, if there is one, with `url`, `content_type`, `timezone`,
`boilerplate`, `[hints]` and `[selectors]`.
"""

import json
import tomllib
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.dates.stated import parse_date
from pipeline.extraction import PageInput, extract_page
from pipeline.extraction.article import normalise
from pipeline.extraction.cleaning import storable
from pipeline.extraction.encoding import decode, is_binary
from pipeline.extraction.rejection import rejection
from pipeline.sources import Selectors

CASES = Path(__file__).parent / "extraction_cases"
FETCHED_AT = datetime(2024, 6, 22, 9, tzinfo=UTC)


def body_of(folder: Path) -> bytes:
    """Of `page.html`, or of `page.pdf`."""
    (path,) = (p for p in folder.glob("page.*") if p.suffix in {".html", ".pdf"})
    return path.read_bytes()


def page_of(folder: Path) -> PageInput:
    path = folder / "page.toml"
    settings: dict[str, Any] = tomllib.loads(path.read_text()) if path.exists() else {}
    chosen = settings.get("selectors", {})
    return PageInput(
        body=body_of(folder),
        url=settings.get("url", "https://lantern.example/a"),
        content_type=settings.get("content_type", ""),
        fetched_at=FETCHED_AT,
        hints=settings.get("hints", {}),
        selectors=Selectors(**{**chosen, "remove": tuple(chosen.get("remove", ()))}),
        timezone=settings.get("timezone", ""),
        boilerplate=frozenset(settings.get("boilerplate", ())),
    )


def plain(value: Any) -> Any:
    """As JSON has it."""
    if isinstance(value, datetime):
        return value.isoformat()
    return [plain(one) for one in value] if isinstance(value, tuple) else value


@pytest.mark.parametrize("name", sorted(path.name for path in CASES.iterdir()))
def test_a_page_is_read_as_its_case_says(name: str) -> None:
    """C10, C11, P7 by the folders' names."""
    page = page_of(CASES / name)
    found = extract_page(page)
    expected = json.loads((CASES / name / "page.json").read_text())
    actual = {key: plain(value) for key, value in vars(found).items()}
    assert {key: actual[key] for key in expected} == expected
    assert page.body == body_of(CASES / name)


FLOORS = {
    "page_": 24,
    "pdf_": 10,
    "date_": 15,
    "soft_404": 12,
    "consent_wall": 11,
    "paywall": 9,
    "blocked": 7,
    "listing": 5,
    "video": 5,
    "too_short": 5,
    "news_": 15,
}
"""By the beginning of their names: how many cases there are at least."""


@pytest.mark.parametrize("beginning", FLOORS)
def test_there_are_cases_of_every_kind(beginning: str) -> None:
    """C10: `news_` are short articles that speak of what stands on no article."""
    found = list(CASES.glob(f"{beginning}*"))
    assert len(found) >= FLOORS[beginning]


def test_whole_articles_are_read_in_many_languages() -> None:
    texts = [p for p in CASES.glob("page_*/page.json") if '"text"' in p.read_text()]
    assert len({path.parent.name.split("_")[1] for path in texts}) >= 18


def test_the_same_page_is_read_the_same_way_twice() -> None:
    page = page_of(CASES / "persian_joiners")
    assert extract_page(page) == extract_page(page)


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("2024-06-21T10:30", "2024-06-21T03:30:00+00:00"),
        ("2024-06-21T10:30Z", "2024-06-21T10:30:00+00:00"),
        ("2024-06-21", "2024-06-21T00:00:00+00:00"),
        ("Fri, 21 Jun 2024 10:30:00", "2024-06-21T03:30:00+00:00"),
        ("Fri, 21 Jun 2024 10:30:00 +0300", "2024-06-21T07:30:00+00:00"),
    ],
)
def test_a_time_without_a_zone_is_of_the_sources_one(text: str, at: str) -> None:
    """P7: a day keeps its date whatever the zone."""
    found, _ = parse_date(text, ZoneInfo("Asia/Ho_Chi_Minh"))
    assert found is not None
    assert found.isoformat() == at


# --- Bytes to text (C11) ---------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("Портовый совет проголосовал в четверг", "windows-1251"),
        ("Портовый совет проголосовал в четверг", "koi8-r"),
        ("صوّت مجلس الميناء يوم الخميس", "windows-1256"),
        ("Hội đồng cảng đã bỏ phiếu", "utf-8"),
        ("港务委员会周四投票", "gb18030"),
        ("港務委員會週四投票", "big5"),
        ("港湾委員会は木曜日に投票した", "shift_jis"),
        ("港湾委員会は木曜日に投票した", "euc_jp"),
        ("港湾委員会は木曜日に投票した", "iso2022_jp"),
        ("항만위원회는 목요일 투표했다", "euc_kr"),
        ("Το συμβούλιο ψήφισε", "iso8859-7"),
        ("Kupa müdürlüğü oyladı", "windows-1254"),
    ],
)
def test_a_right_label_is_believed_wherever_it_stands(text, encoding) -> None:
    """C11"""
    body = f"<p>{text}</p>".encode(encoding)
    label = encoding.replace("_", "-")
    assert decode(body, f"text/html; charset={label}") == f"<p>{text}</p>"
    meta = f'<meta charset="{label}">'.encode()
    assert text in decode(meta + body)


@pytest.mark.parametrize(
    "label", ["windows-1251", "iso-8859-1", "no-such-charset", "undefined", "hex"]
)
def test_valid_utf_8_wins_over_any_label(label) -> None:
    """C11"""
    assert decode("Маяк — été".encode(), f"text/html; charset={label}") == "Маяк — été"


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32"])
def test_a_byte_order_mark_wins_over_the_header(encoding) -> None:
    """C11"""
    body = "Маяк".encode(encoding)
    assert decode(body, "text/html; charset=windows-1251") == "Маяк"
    assert not is_binary(body)


@given(st.binary(max_size=300), st.sampled_from(["", "text/html; charset=gbk", "x"]))
def test_any_bytes_are_decoded_somehow(body: bytes, content_type: str) -> None:
    assert isinstance(decode(body, content_type), str)


# --- Small rules -----------------------------------------------------------------


@given(st.text())
def test_normalising_twice_is_normalising_once(text: str) -> None:
    once = normalise(text)
    assert normalise(once) == once
    assert once == once.strip()
    assert "\n\n" not in once
    storable(once).encode()


@given(st.text(max_size=40))
def test_any_text_may_stand_where_a_date_is_expected(text: str) -> None:
    at, precision = parse_date(text)
    assert (at is None) == (precision == "none")


@pytest.mark.parametrize(
    "value",
    [
        "0001-01-01T00:00:00+05:00",
        "9999-12-31T23:59:59-05:00",
        "2024-13-01",
        "2024-02-30",
        "2024-06-20T25:00",
    ],
)
def test_impossible_dates_are_none(value: str) -> None:
    """P7"""
    assert parse_date(value) == (None, "none")


@pytest.mark.parametrize(
    ("value", "expected", "precision"),
    [
        ("2024-06", "2024-06-01T00:00:00+00:00", "month"),
        ("2024-06-20", "2024-06-20T00:00:00+00:00", "day"),
        ("2024-06-20 18:45", "2024-06-20T18:45:00+00:00", "minute"),
        ("2024-06-20T18:45:01.123+0300", "2024-06-20T15:45:01+00:00", "second"),
        ("Thu, 20 Jun 2024 18:45:00 +0300", "2024-06-20T15:45:00+00:00", "second"),
    ],
)
def test_dates_keep_their_zone_and_precision(value, expected, precision) -> None:
    at, found = parse_date(value)
    assert at is not None
    assert (at.isoformat(), found) == (expected, precision)


def test_a_short_text_is_no_article_in_any_script() -> None:
    assert rejection("Title", "Only a caption.") == "too_short"
    assert rejection("标题", "港务委员会周四投票决定继续开放老灯塔，居民高兴。") == ""
    assert rejection("Title", "") == "no_text"
    assert rejection("404", "") == "soft_404"
