"""The interface in its languages."""

import io
import re
import tomllib
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import extract
from babel.messages.pofile import read_po
from starlette.testclient import TestClient

from babelwire.web.vocabulary import reason_words
from babelwire.wording import LANGUAGES, Wording, toml_messages
from tests.babelwire.conftest import ROOT

BABELWIRE = ROOT / "babelwire"
WEB = BABELWIRE / "web"
METHODS = {".py": "python", ".html": "jinja2", ".toml": toml_messages}
KEYWORDS = {
    "_": None,
    "message": None,
    "text": None,
    "texts": (1, 2),
    "counted": (1, 2),
}
OTHERS = sorted(set(LANGUAGES) - {"en"})

Message = str | tuple[str, ...]


def messages() -> Iterator[Message]:
    """Every message of the pages, of rendered reviews, and of the code behind them."""
    reviews = BABELWIRE / "reviews"
    files = [*WEB.rglob("*"), *reviews.rglob("*"), BABELWIRE / "wording.py"]
    for path in [*sorted(files), BABELWIRE / "reasons.toml"]:
        method = METHODS.get(path.suffix)
        if method:
            found = extract(
                method,
                io.BytesIO(path.read_bytes()),
                KEYWORDS,
                options={"trimmed": "true"},
            )
            yield from (message for _, message, _, _ in found)


def catalog(language: str) -> Catalog:
    path = WEB / "locales" / f"{language}.po"
    return read_po(io.BytesIO(path.read_bytes()), locale=language)


def placeholders(text: str) -> set[str]:
    return set(re.findall(r"%\(\w+\)s", text))


@pytest.mark.parametrize("language", OTHERS)
def test_every_message_is_translated_and_nothing_else(language: str) -> None:
    wanted = set(messages())
    assert len(wanted) > 100
    there = {
        m.id if isinstance(m.id, str) else tuple(m.id)
        for m in catalog(language)
        if m.id
    }
    assert wanted - there == set()
    assert there - wanted == set()


@pytest.mark.parametrize("language", OTHERS)
def test_a_translation_has_the_places_of_its_message(language: str) -> None:
    for message in catalog(language):
        if not message.id:
            continue
        one = message.id if isinstance(message.id, str) else message.id[0]
        forms = [message.string] if isinstance(message.string, str) else message.string
        for form in forms:
            assert form, one
            assert placeholders(form) == placeholders(one), one
        assert not message.fuzzy


@pytest.mark.parametrize("language", list(LANGUAGES))
def test_a_page_speaks_one_language(client: TestClient, language: str) -> None:
    answer = client.get("/documents/none", headers={"accept-language": language})
    page = answer.text
    assert answer.status_code == 404
    assert f'<html lang="{language}"' in page
    is_there = {
        each: Wording(each, "UTC").text("Look whether the address is complete.") in page
        for each in LANGUAGES
    }
    assert [each for each, there in is_there.items() if there] == [language]


def test_numbers_decide_the_form_of_a_word() -> None:
    russian = Wording("ru", "UTC")
    counted = [
        russian.texts("%(number)s document", "%(number)s documents", n)
        for n in (1, 2, 5)
    ]
    assert counted == ["1 документ", "2 документа", "5 документов"]
    assert "1.234" in Wording("vi", "UTC").texts(
        "%(number)s document", "%(number)s documents", 1234
    )


def test_times_are_the_readers() -> None:
    noon = datetime(2024, 6, 21, 12, tzinfo=UTC)
    assert Wording("en", "Asia/Ho_Chi_Minh").moment(noon) == "21 Jun 2024 19:00"
    assert Wording("ru", "Europe/Moscow").moment(noon) == "21 июн. 2024 15:00"
    assert Wording("en", "Asia/Tokyo").published(noon, "day", noon) == "21 Jun 2024"
    assert "undated" in Wording("en", "UTC").published(None, "none", noon)


@pytest.mark.parametrize("language", list(LANGUAGES))
def test_reasons_are_the_readers(language: str) -> None:
    w = Wording(language, "UTC")
    said = reason_words(w, "too_many_redirects")
    assert (said == "too many redirects") == (language == "en")
    assert reason_words(w, "http_410").endswith("410")
    assert reason_words(w, "100%_new") == "100% new"


def test_the_catalogs_are_part_of_the_package() -> None:
    configured = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    assert (
        "babelwire"
        in configured["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
    )
    assert {path.stem for path in (WEB / "locales").glob("*.po")} == set(OTHERS)
