"""The packaged sources: what their files promise, and what is read from their sites.

Nobody can visit the sites from a test. A folder of `catalogue_cases/`, named like its
source, is a stored page of it: `feed.xml` (or `listing.html`) as the site's endpoint
announces articles, `page.html` as an article comes over the wire, `expected.json` with
what is to be found. Texts are our own; the structure is the site's, `structure` says
where it was read. Adding a case needs no code. `expected.json`:

    url              of the article, as the endpoint must show it, in scope
    others           how many links of the endpoint are out of scope
    title, published_at, published_precision, declared_language, …
                     of the extraction; what is left out does not matter
    language         that is identified
    has, lacks       sentences of the text, and what stands around it on the page
"""

import json
import re
import tomllib
from datetime import UTC, datetime
from importlib.resources import as_file
from pathlib import Path
from typing import Any

import pytest
from babel import Locale

from babelwire.catalogue import Wanted, packaged_sources, packaged_text, summary
from babelwire.workspace import packaged_configs
from crawler.discover import Findings, select
from crawler.feeds import read_feed
from crawler.listings import read_listing
from pipeline.extraction import PageInput, extract_page
from pipeline.identification import identify_document, make_identifier
from pipeline.sources import Source, read_source
from pipeline.urls import host_of
from tests.babelwire.conftest import babelwire

HERE = Path(__file__).parent
CASES = HERE / "catalogue_cases"
EXAMPLES: dict[str, str] = tomllib.loads(
    (HERE / "catalogue_examples.toml").read_text("utf-8")
)
SOURCES = packaged_sources()
FETCHED_AT = datetime(2026, 11, 27, 12, tzinfo=UTC)

NAMES = pytest.mark.parametrize("name", sorted(SOURCES))


# --- What the files promise --------------------------------------------------------


def test_there_are_sources_for_a_start() -> None:
    languages = {tag for source in SOURCES.values() for tag in source.languages}
    assert len(SOURCES) >= 66
    assert len(languages) >= 20
    assert {source.kind for source in SOURCES.values()} == {"news", "official"}


def test_every_packaged_file_is_a_source() -> None:
    with as_file(packaged_configs() / "sources") as folder:
        assert {read_source(p).name for p in folder.iterdir()} == set(SOURCES)


@NAMES
def test_a_source_says_who_stands_behind_it(name: str) -> None:
    source = SOURCES[name]
    assert source.owner
    assert source.languages
    assert source.country or source.owner == "United Nations"
    assert source.endpoints


@NAMES
def test_countries_and_languages_are_ones_that_exist(name: str) -> None:
    source = SOURCES[name]
    territories = set(Locale("en").territories)
    assert {source.country, *source.audience} - {""} <= territories
    for tag in source.languages:
        assert Locale.parse(tag, sep="-").get_display_name("en")


@NAMES
def test_what_is_not_verified_says_where_its_address_stood(name: str) -> None:
    lines = packaged_text(name).splitlines()
    comment = " ".join(line[2:] for line in lines if line.startswith("# "))
    place = re.match(
        r"(Feed address|Listing pages?|Sitemap): (.+?); read (\d{4}-\d\d-\d\d)\.",
        comment,
    )
    assert place, comment
    datetime.fromisoformat(place[3])
    assert SOURCES[name].verified or f"babelwire source test {name}" in comment
    if "not confirmed anywhere" in place[2]:  # an invented feed helps nobody
        assert not SOURCES[name].feeds


def test_no_two_sources_visit_one_endpoint() -> None:
    endpoints = [url for source in SOURCES.values() for url in source.endpoints]
    assert sorted(set(endpoints)) == sorted(endpoints)


def test_one_owner_has_one_spelling() -> None:
    owners = {source.owner for source in SOURCES.values()}
    folded = {re.sub(r"[\W_]+", "", owner.lower()) for owner in owners}
    assert len(folded) == len(owners)


@NAMES
def test_only_what_is_an_article_is_followed_from_a_listing(name: str) -> None:
    """Every link of a listing page is a candidate; a feed's entries are articles."""
    source = SOURCES[name]
    assert source.allow or not source.listings
    for home in {f"https://{host}/" for host in source.own_hosts}:
        assert not source.allow or not source.is_article(home)


@pytest.mark.parametrize("name", sorted(EXAMPLES))
def test_an_article_of_a_source_is_in_scope(name: str) -> None:
    source = SOURCES[name]
    assert source.is_article(EXAMPLES[name])
    elsewhere = EXAMPLES[name].replace(host_of(EXAMPLES[name]), "elsewhere.example")
    assert not source.is_article(elsewhere)


@NAMES
def test_a_source_that_says_what_is_an_article_has_an_example(name: str) -> None:
    assert not SOURCES[name].allow or name in EXAMPLES


# --- What is read from their sites -------------------------------------------------


def expected_of(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(
        (CASES / name / "expected.json").read_text("utf-8")
    )
    return found


def announced(name: str) -> Findings:
    """What the case's endpoint puts into the frontier."""
    source, folder = SOURCES[name], CASES / name
    if (folder / "feed.xml").exists():
        body, url = (folder / "feed.xml").read_bytes(), source.feeds[0]
        reading = read_feed(body, url, "application/rss+xml", source.languages)
        return select(reading, source, kind="feed", depth=0, since=None)
    body, url = (folder / "listing.html").read_bytes(), source.listings[0]
    reading = read_listing(body, url, "text/html", source.languages)
    return select(reading, source, kind="listing", depth=0, since=None)


def page_of(name: str, source: Source) -> PageInput:
    url = expected_of(name)["url"]
    found = next(f for f in announced(name).articles if f.url == url)
    return PageInput(
        body=(CASES / name / "page.html").read_bytes(),
        url=url,
        content_type="text/html",
        fetched_at=FETCHED_AT,
        hints=found.hints,
        selectors=source.selectors,
        timezone=source.timezone,
    )


STORED = pytest.mark.parametrize("name", sorted(path.name for path in CASES.iterdir()))


def test_there_are_stored_pages_in_many_scripts() -> None:
    languages = {expected_of(path.name)["language"] for path in CASES.iterdir()}
    assert {"vi", "ar", "ru", "zh", "fa", "hi", "es", "pt", "tr", "uk"} <= languages


@STORED
def test_an_endpoint_shows_the_article_in_scope(name: str) -> None:
    expected, findings = expected_of(name), announced(name)
    assert expected["url"] in [found.url for found in findings.articles]
    assert findings.other_links == expected["others"]
    assert findings.problem == ""
    assert expected["structure"]


@STORED
def test_a_stored_page_is_read_as_its_case_says(name: str) -> None:
    expected = expected_of(name)
    found = extract_page(page_of(name, SOURCES[name]))
    at = found.published_at
    actual = {**vars(found), "published_at": at and at.isoformat()}
    told = {key: value for key, value in expected.items() if key in actual}
    assert {key: actual[key] for key in told} == told
    assert found.rejected == ""
    for sentence in expected["has"]:
        assert sentence in found.text
    for words in expected["lacks"]:
        assert words not in found.text, found.text
        assert words in page_text(name)  # so that this can fail


@STORED
def test_the_language_of_a_stored_page_is_identified(name: str) -> None:
    found = extract_page(page_of(name, SOURCES[name]))
    identified = identify_document(found.title, found.text, make_identifier("fast"))
    assert identified.language == expected_of(name)["language"]


def page_text(name: str) -> str:
    from pipeline.extraction.encoding import decode

    return decode((CASES / name / "page.html").read_bytes(), "text/html")


# --- The command --------------------------------------------------------------------


def test_the_catalogue_is_filtered_by_kind_and_audience() -> None:
    ran = babelwire("source", "catalogue", "--kind", "official", "--country", "ru")
    assert "kremlin-ru" in ran.out
    assert "tass-ru" not in ran.out
    ran = babelwire("source", "catalogue", "--audience", "vn")
    assert "sputnik-vn" in ran.out
    assert "vnexpress" not in ran.out


def test_a_language_stands_for_its_scripts() -> None:
    assert "people-zh" in babelwire("source", "catalogue", "--lang", "zh").out


def test_the_catalogue_counts_what_is_not_verified() -> None:
    ran = babelwire("source", "catalogue", "--lang", "am")
    assert "not verified" in ran.out.splitlines()[2]
    assert "2 sources in 1 language, not verified yet." in ran.err
    assert "babelwire source test NAME" in ran.err


def test_a_filter_that_fits_nothing_says_so() -> None:
    assert "None is like that" in babelwire("source", "catalogue", "--lang", "tlh").err


def test_the_list_of_a_workspace_counts_what_is_not_verified(workspace: Path) -> None:
    babelwire("source", "add", "kremlin-en", workspace=workspace)
    ran = babelwire("source", "list", workspace=workspace)
    assert "not verified" in ran.out
    assert "1 source in 1 language, not verified yet." in ran.err


def test_only_what_is_not_verified_is_counted() -> None:
    tried = Source(name="a", kind="news", publisher="A", languages=("vi", "ar"))
    other = Source(name="b", kind="news", publisher="B", verified=False)
    assert summary([tried]) == "1 source in 2 languages."
    assert (
        summary([tried, other])
        == "2 sources in 2 languages, 1 of them not verified yet."
    )


@pytest.mark.parametrize(
    ("wanted", "fits"),
    [
        (Wanted(), True),
        (Wanted(lang="zh"), True),
        (Wanted(lang="zh-hans", kind="news", country="vn", audience="cn"), True),
        (Wanted(lang="zh-Hant"), False),
        (Wanted(lang="z"), False),
        (Wanted(kind="official"), False),
        (Wanted(audience="VN"), False),
    ],
)
def test_a_source_fits_what_is_wanted(wanted: Wanted, fits: bool) -> None:
    assert wanted.fits(SOURCES["vietnamplus-zh"]) is fits
