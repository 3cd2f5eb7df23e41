"""Searching hand-made documents: what is found, in what order, and what is said."""

import contextlib
from datetime import timedelta
from pathlib import Path

import pytest

from pipeline.errors import QueryError
from pipeline.names import Name
from search_index.answer import OpenAnswer, answer, export
from search_index.clauses import FACET_FIELDS
from search_index.coverage import by_language, coverage
from search_index.engines.contract import IndexEngine
from search_index.interpretation import SearchContext
from search_index.query import Filter, Results, SearchRequest, to_json
from tests.search_index.conftest import MakeIndex
from tests.search_index.samples import FORUM, NOON, NOW, ask, document, found, write

KAZAN = Name(
    id="kazan",
    type="place",
    spellings={"en": ("Kazan",), "ru": ("Казань",), "ar": ("قازان",)},
)


def codes(results: Results) -> set[str]:
    return {notice.code for notice in results.notices}


def test_an_english_query_finds_pages_by_their_translations(forum: IndexEngine) -> None:
    results = ask(forum, "cities forum in Kazan")
    assert set(found(results)) == {"vi", "ar"}
    hit = next(hit for hit in results.hits if hit.language == "ar")
    original, translation = hit.passages
    assert (original.side, original.text) == (
        "original",
        "افتتح منتدى مدن بريكس في قازان.",
    )
    assert translation.text == "The BRICS cities forum opened in Kazan."
    marked = [translation.text[start:end] for start, end in translation.highlights]
    assert marked == ["cities", "forum", "Kazan"]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("thành phố", {"vi"}),
        ("thanh pho", {"vi"}),
        ("THÀNH PHỐ", {"vi"}),
        ("dien dan cac thanh pho", {"vi"}),
        ("елки", {"ru"}),
        ("ёлка", {"ru"}),
        ("ايران", {"ar"}),
        ("إيران", {"ar"}),
        ("منتدي", {"ar"}),
        ("БРИКС", {"ru"}),
    ],
)
def test_originals_are_found_in_any_of_their_spellings(
    forum: IndexEngine, query: str, expected: set[str]
) -> None:
    assert set(found(ask(forum, query))) == expected


def test_typed_vietnamese_accents_count(make_index: MakeIndex) -> None:
    index = make_index(
        [document("hall", "thành", "vi"), document("holy", "thánh", "vi")]
    )
    assert found(ask(index, "thành", query_language="vi")) == ["hall"]
    assert set(found(ask(index, "thanh", query_language="vi"))) == {"hall", "holy"}
    assert set(found(ask(index, '"thành"', query_language="vi"))) == {"hall", "holy"}


def test_a_latin_word_is_found_in_originals_of_every_language(
    make_index: MakeIndex,
) -> None:
    languages = ("vi", "tr", "fr", "ru", "zh", "und")
    index = make_index(document(each, "Rosatom x", each) for each in languages)
    assert set(found(ask(index, "rosatom"))) == set(languages)


def test_a_stem_of_one_language_means_nothing_in_another(make_index: MakeIndex) -> None:
    index = make_index(
        [document("water", "running water"), document("shake", "run rẩy", "vi")]
    )
    assert found(ask(index, "running")) == ["water"]


def test_full_matches_have_all_words_in_one_side(forum: IndexEngine) -> None:
    split = ask(forum, "mayor диалог")
    assert (split.total, found(split)) == (0, [])
    both_sides = ask(forum, "thành Metshin spoke", query_language="vi")
    assert both_sides.total == 0
    assert "vi" in found(both_sides, "some")


def test_partial_matches_fill_the_page_and_count_nowhere(forum: IndexEngine) -> None:
    """I9"""
    results = ask(forum, "mayor Metshin Hanoi OR Metshin")
    assert results.total == 1
    results = ask(forum, "forum Hanoi Kazan", limit=10)
    assert results.total == 0
    assert {hit.match for hit in results.hits} == {"some"}
    # The Russian page is not translated; it has what Kazan sounds like.
    assert set(found(results, "some")) == {"vi", "ar", "en", "ru"}
    assert not any(results.facets.values())
    assert "partial_matches" in codes(results)
    request = SearchRequest(text="forum Hanoi Kazan")
    assert list(export(request, SearchContext(now=NOW), index=forum)) == []


def test_full_matches_stand_above_partial_ones(make_index: MakeIndex) -> None:
    index = make_index(
        [
            document("all", "alpha beta " + "filler " * 300),
            document("some", "alpha " * 20),
        ]
    )
    results = ask(index, "alpha beta")
    assert [(hit.url[-4:], hit.match) for hit in results.hits] == [
        ("/all", "all"),
        ("some", "some"),
    ]
    assert results.total == 1


def test_pages_continue_from_full_into_partial_matches(make_index: MakeIndex) -> None:
    full = [document(f"full{n}", "alpha beta") for n in range(3)]
    some = [document(f"some{n}", "alpha") for n in range(4)]
    index = make_index(full + some)
    whole = ask(index, "alpha beta", limit=7)
    pages = [ask(index, "alpha beta", limit=2, offset=n) for n in (0, 2, 4, 6)]
    assert [h.id for page in pages for h in page.hits] == [h.id for h in whole.hits]
    assert {page.total for page in pages} == {3}


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("alpha delta", ["x"]),
        ("(alpha beta) delta", ["x"]),
        ("alph* delta", ["x"]),
        ('"beta alpha" delta', ["x"]),
        ('"alpha beta" delta', []),
        ('"alpha beta" gamma', []),
        ("(alpha omega) gamma", []),
        ("alpha -gamma delta", []),
        ("alpha lang:en delta", []),
        ("omega OR alpha delta", []),
    ],
)
def test_what_is_strict_is_never_relaxed(
    make_index: MakeIndex, query: str, expected: list[str]
) -> None:
    index = make_index([document("x", "gamma beta alpha", "ru")])
    results = ask(index, query)
    assert found(results, "some") == expected


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ('"cities forum"', {"vi", "ar"}),
        ('"forum cities"', set()),
        ('"thanh pho brics"', {"vi"}),
        ('"kazan welcomes"', {"vi"}),
        ('"mayors diễn"', set()),
        ("-kazan", {"en", "ru"}),
        ("forum -metshin", {"ar"}),
        ("metshin OR hanoi", {"vi", "en"}),
        ("(metshin OR iran) mayor", {"vi", "ar"}),
        ("minis*", {"en"}),
        ("mayor NEAR/1 spoke", {"ar"}),
        ("spoke NEAR/1 mayor", {"ar"}),
        ("mayor NEAR/2 spoke", {"vi", "ar"}),
        ("mayor NEAR/1 hanoi", set()),
        ("lang:vi,ar", {"vi", "ar"}),
        ("lang:VI", {"vi"}),
        ("source:vestnik", {"ru"}),
        ("kind:official", {"ru"}),
        ("country:eg", {"ar"}),
        ("publisher:gazette", {"vi", "ar", "ru", "en"}),
        ('owner:"gazette house"', {"vi", "ar", "ru", "en"}),
        ('owner:"house gazette"', set()),
        ("title:hanoi", {"en"}),
        ("title:mayors", {"vi"}),
        ("title:opened", set()),
        ("name:kazan", {"vi", "ar", "ru"}),
        ("to:2024-06-01", {"en"}),
        ("from:2024-06-21", {"ar", "ru"}),
        ("from:2024-06-20 to:2024-06-20", {"vi"}),
        ("seen:2024-06-21", {"vi", "ar", "ru", "en"}),
        ("from:4d", {"ar", "ru"}),
        ("*", {"vi", "ar", "ru", "en"}),
    ],
)
def test_every_operator_and_filter(
    forum: IndexEngine, query: str, expected: set[str]
) -> None:
    results = ask(forum, query, names={"kazan": KAZAN})
    assert set(found(results)) == expected
    assert results.total == len(expected)


def test_days_are_the_readers(forum: IndexEngine) -> None:
    query = "from:2024-06-21 to:2024-06-21 lang:vi"
    assert ask(forum, query, timezone="UTC").total == 0
    assert ask(forum, query, timezone="Asia/Ho_Chi_Minh").total == 1


def test_a_zone_that_is_none_is_an_error(forum: IndexEngine) -> None:
    with pytest.raises(QueryError, match="IANA"):
        ask(forum, "x", timezone="Mars/Olympus")


def test_a_tag_finds_its_narrower_ones(make_index: MakeIndex) -> None:
    index = make_index([document("zh", "城市", "zh-Hans")])
    assert ask(index, "lang:zh").total == 1
    assert ask(index, "lang:zh-hans").total == 1
    assert ask(index, "lang:zh-hant").total == 0


def test_a_name_nobody_configured_is_an_error(forum: IndexEngine) -> None:
    with pytest.raises(QueryError, match="kazan"):
        ask(forum, "name:moscow", names={"kazan": KAZAN})


def test_filters_beside_the_text_hold_too(forum: IndexEngine) -> None:
    only = (Filter(field="lang", values=("ar",)),)
    assert found(ask(forum, "forum OR hanoi", filters=only)) == ["ar"]


def test_newest_first_has_no_score(forum: IndexEngine) -> None:
    results = ask(forum, "*", sort="time")
    assert found(results)[2:] == ["vi", "en"]
    assert {hit.score for hit in results.hits} == {None}


def test_undated_documents_are_counted_in_a_notice(forum: IndexEngine) -> None:
    assert "undated" in codes(ask(forum, "from:2024-06-01"))
    assert "undated" not in codes(ask(forum, "lang:vi from:2024-06-01"))


def test_documents_that_wait_for_their_translation_are_counted(
    forum: IndexEngine,
) -> None:
    (notice,) = [n for n in ask(forum, "forum").notices if n.code == "untranslated"]
    assert notice.text.startswith("1 ")
    assert "untranslated" not in codes(ask(forum, "forum lang:vi"))


def test_a_query_in_another_language_is_translated_and_says_so(
    forum: IndexEngine,
) -> None:
    asked: list[tuple[str, str]] = []

    def translate(text: str, language: str) -> str:
        asked.append((text, language))
        return "the forum of cities"

    results = ask(forum, "форум городов", translate_query=translate)
    assert asked == [("форум городов", "ru")]
    assert set(found(results)) == {"vi", "ar", "ru"}
    (notice,) = [n for n in results.notices if n.code == "query_translated"]
    assert notice.text.startswith("The words seem to be Russian; ")


def test_without_a_translation_the_originals_answer_and_a_notice_says_so(
    forum: IndexEngine,
) -> None:
    results = ask(forum, "форум городов", translate_query=lambda *_: None)
    assert found(results) == ["ru"]
    (notice,) = [n for n in results.notices if n.code == "query_not_translated"]
    assert "seem to be Russian and" in notice.text


def test_facets_count_the_whole_answer_not_the_page(make_index: MakeIndex) -> None:
    index = make_index(
        document(f"n{n}", "x", published_at=NOON - timedelta(days=n % 3))
        for n in range(30)
    )
    results = ask(index, "x", limit=5)
    assert len(results.hits) == 5
    assert sum(facet.count for facet in results.facets["day"]) == results.total == 30


def test_an_answer_read_in_parts_is_the_export_of_one_moment(
    forum: IndexEngine,
) -> None:
    request = SearchRequest(text="kazan OR hanoi")
    rows = list(export(request, SearchContext(now=NOW), index=forum))
    assert len(rows) == 3
    opened = OpenAnswer(request, SearchContext(now=NOW), index=forum)
    with contextlib.closing(opened):
        parts = [opened.part(2)]
        write(forum, [document("late", "Kazan")])
        assert parts[0].end is not None
        parts.append(opened.part(2, after=parts[0].end))
    assert [one for part in parts for one in part.found] == rows
    assert [part.total for part in parts] == [3, 3]
    assert parts[1].end is None


def test_an_export_has_as_many_as_the_search_counted(forum: IndexEngine) -> None:
    request = SearchRequest(text="forum OR hanoi")
    rows = list(export(request, SearchContext(now=NOW), index=forum))
    assert len(rows) == ask(forum, "forum OR hanoi").total == 3
    assert [row.hit.url[-2:] for row in rows[:2]] == ["en", "vi"]
    vi = rows[1]
    assert vi.text == FORUM[0].text
    assert vi.translation == (
        "The BRICS+ Cities Forum opened in Kazan.\nMayor Metshin spoke."
    )


def test_json_has_the_fields_of_the_design(forum: IndexEngine) -> None:
    made = to_json(ask(forum, "forum"))
    assert list(made) == [
        "schema",
        "query",
        "total",
        "unit",
        "took_ms",
        "hits",
        "facets",
        "notices",
    ]
    assert list(made["hits"][0]) == [
        "id",
        "revision",
        "url",
        "source",
        "publisher",
        "country",
        "kind",
        "language",
        "published_at",
        "published_precision",
        "first_seen_at",
        "title",
        "translated_title",
        "translation_status",
        "translated_by",
        "score",
        "match",
        "cluster",
        "duplicates",
        "passages",
    ]
    assert set(made["hits"][0]["passages"][0]) == {
        "side",
        "field",
        "text",
        "highlights",
    }
    assert made["hits"][0]["published_at"].endswith("Z")
    assert set(made["facets"]) == {*FACET_FIELDS, "day"}


@pytest.mark.parametrize("values", [{"limit": 0}, {"limit": 101}, {"offset": -1}])
def test_numbers_out_of_range_are_errors(values: dict[str, int]) -> None:
    with pytest.raises(QueryError, match="expected"):
        SearchRequest(text="x", **values)


def test_a_partly_translated_document_is_found_by_what_there_is(
    make_index: MakeIndex, tmp_path: Path
) -> None:
    half = document("half", "один\nдва", "ru", english=["one", ""])
    index = make_index([half])
    assert ask(index, "one").total == 1
    assert ask(index, "два").total == 1
    write(
        index, [document("half", "один\nдва", "ru", english=["one", "two"], version=2)]
    )
    assert ask(index, "two").total == 1


def test_coverage_counts_what_the_filters_leave_whatever_the_words(
    make_index: MakeIndex,
) -> None:
    day = {"published_at": NOON}
    index = make_index(
        [
            document("a", "mayors met", **day),
            document("b", "coffee rose", **day),
            document("c", "мэры", "ru", translations=(), **day),
            document("d", "tea", published_at=NOON + timedelta(days=1)),
        ]
    )
    context = SearchContext(now=NOW)
    request = SearchRequest(text="mayors")
    there = coverage(request, context, index=index)
    assert there.seen == {"2024-06-21": 3, "2024-06-22": 1}
    assert (there.documents, there.untranslated) == (4, 1)
    rows = {r.language: r for r in by_language(request, context, index=index)}
    assert rows["en"].found == {"2024-06-21": 1}
    assert rows["en"].coverage.seen == {"2024-06-21": 2, "2024-06-22": 1}
    assert rows["ru"].found == {}
    assert rows["ru"].coverage.waiting == {"2024-06-21": 1}
    narrowed = coverage(SearchRequest(text="mayors lang:ru"), context, index=index)
    assert narrowed.seen == {"2024-06-21": 1}


def test_what_could_have_been_found_asks_nobody_about_the_words(
    make_index: MakeIndex,
) -> None:
    """They are identified and translated once a page, for its answer."""
    index = make_index([document("a", "mayors met", published_at=NOON)])
    asked: list[str] = []

    def translate(text: str, language: str) -> None:
        asked.append(f"{language}: {text}")

    context = SearchContext(now=NOW, translate_query=translate)
    request = SearchRequest(text="мэры городов lang:en")
    assert coverage(request, context, index=index).documents == 1
    assert asked == []
    answer(request, context, index=index)
    assert asked != []
