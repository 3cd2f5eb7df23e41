"""Pieces of text remembered by their words."""

from hypothesis import given
from hypothesis import strategies as st

from search_index.analysis import analyzer_for, forms
from search_index.analysis.forms import Forms
from search_index.analysis.words import WORD


def lower_case(word: str) -> tuple[str, ...]:
    return (word.lower(),)


def test_a_piece_is_found_by_any_of_its_words() -> None:
    met = Forms(lower_case)
    pieces = met.pieces('"Cities, and-towns\u3000town CITIES')
    assert pieces.having(["cities"]) == {'"Cities,', "CITIES"}
    assert pieces.having(["and", "town"]) == {"and-towns", "town"}
    assert pieces.having(["village"]) == set()


def test_only_the_pieces_of_the_text_at_hand_are_given() -> None:
    met = Forms(lower_case)
    met.pieces("City")
    assert met.pieces("city").having(["city"]) == {"city"}


def test_what_was_forgotten_is_learnt_again() -> None:
    met = Forms(lower_case)
    met.pieces("city " + "x" * (forms.FORMS_LIMIT - 10))
    for _ in range(2):
        pieces = met.pieces("city forums and many more")
        assert pieces.having(["city", "forums"]) == {"city", "forums"}


def test_what_another_thread_forgets_is_kept_to_the_end_of_a_text() -> None:
    met = Forms(lower_case)
    pieces = met.pieces("city forums")
    met.pieces("x" * forms.FORMS_LIMIT)
    assert pieces.having(["city"]) == {"city"}


@given(text=st.text(), language=st.sampled_from(["en", "vi", "ar", "zh", "th"]))
def test_no_word_reaches_across_a_space(text: str, language: str) -> None:
    pieces = [word for piece in text.split() for word in WORD.findall(piece)]
    assert pieces == WORD.findall(text)
    met = analyzer_for(language).forms
    for word in pieces:
        assert met.pieces(text).having(analyzer_for(language).keys(word))
