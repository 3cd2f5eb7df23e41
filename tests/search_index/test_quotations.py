"""Quotations in another language than their document's are found by their own rules."""

from dataclasses import replace

from pipeline.documents import Document, TranslatedSegment, Translation
from search_index.analysis import analyze
from search_index.entry import EMPTY, build_entry
from tests.search_index.samples import ask, document, found

RUSSIAN = "Мэры ста городов встретились в Казани."
ENGLISH = "We were promising cheaper housing to the cities."
MORE = "Они подписали соглашения."


def quoting(*, translated: bool = False) -> Document:
    """A Russian document that quotes an English sentence."""
    plain = document("a", f"{RUSSIAN}\n{ENGLISH}\n{MORE}", "ru", title="Мэры")
    segments = tuple(
        replace(s, language="en") if s.text == ENGLISH else s for s in plain.segments
    )
    (quotation,) = (s for s in segments if s.language)
    pieces = [
        TranslatedSegment(position=quotation.position, text=ENGLISH, engine="original")
    ]
    if translated:
        pieces += [
            TranslatedSegment(position=s.position, text=f"English {n}.", engine="some")
            for n, s in enumerate(segments)
            if not s.language
        ]
    translation = Translation(
        target="en",
        status="done" if translated else "waiting",
        segments=tuple(sorted(pieces, key=lambda piece: piece.position)),
    )
    return replace(plain, segments=segments, translations=(translation,))


def tokens(found: Document, field: str) -> list[str]:
    return build_entry(found, "en").tokens[field].split()


def test_a_quotation_s_words_are_stemmed_by_its_own_language() -> None:
    words = tokens(quoting(), "original_f1")
    assert words == [
        *analyze("ru", f"Мэры {RUSSIAN}").f1,
        *analyze("en", ENGLISH).f1,
        *analyze("ru", MORE).f1,
    ]
    assert "promis" in words


def test_every_word_keeps_its_place() -> None:
    plain = replace(
        quoting(), segments=tuple(replace(s, language="") for s in quoting().segments)
    )
    for field in ("original_f3", "original_title_f3", "original_title_f1"):
        assert tokens(quoting(), field) == tokens(plain, field)


def test_a_quotation_in_the_target_language_is_its_own_translation() -> None:
    expected = list(analyze("en", ENGLISH).f1)
    assert tokens(quoting(), "translation_f1") == expected
    assert set(expected) < set(tokens(quoting(translated=True), "translation_f1"))
    nothing = replace(quoting(), translations=())
    assert tokens(nothing, "translation_f1") == [EMPTY]


def test_another_form_of_a_quoted_word_finds_it(make_index) -> None:
    index = make_index([quoting(), document("b", "Мэры уехали.", "ru")])
    for question in ("promised", "lang:ru promises", '"cheaper housing"'):
        assert found(ask(index, question)) == ["a"]


def test_a_headline_may_be_a_quotation() -> None:
    plain = document("c", RUSSIAN, "ru", title=ENGLISH)
    headline, *text = plain.segments
    marked = replace(plain, segments=(replace(headline, language="en"), *text))
    assert tokens(marked, "original_title_f1") == list(analyze("en", ENGLISH).f1)
    assert tokens(marked, "original_f3")[len(ENGLISH.split())] == EMPTY


def test_a_quotation_in_a_document_of_the_target_language_is_found_by_its_stem() -> (
    None
):
    lines = "The mayors met in Kazan.\nМы не оставим наши города одних."
    plain = document("d", lines)
    marked = replace(
        plain,
        segments=(plain.segments[0], replace(plain.segments[1], language="ru")),
    )
    assert analyze("ru", "городами").f1[0] in tokens(marked, "original_f1")
    assert analyze("en", "mayor").f1[0] in tokens(marked, "translation_f1")
