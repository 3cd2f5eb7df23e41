"""Pieces of text remembered by their words."""

from hypothesis import given
from hypothesis import strategies as st

from search_index.analysis import forms
from search_index.analysis.analyzer import Analyzer
from search_index.analysis.forms import Forms
from search_index.analysis.recipes import recipe_for, recipes
from search_index.analysis.words import WORD


def lower_case(word: str) -> tuple[str, ...]:
    return (word.lower(),)


def test_a_piece_is_found_by_any_of_its_words() -> None:
    met = Forms(lower_case)
    pieces = met.pieces('"Cities, and-towns\u3000town CITIES')
    assert pieces.having(("cities",)) == {'"Cities,', "CITIES"}
    assert pieces.having(("and", "town")) == {"and-towns", "town"}
    assert pieces.having(("village",)) == set()


def test_only_the_pieces_of_the_text_at_hand_are_given() -> None:
    met = Forms(lower_case)
    met.pieces("City")
    assert met.pieces("city").having(("city",)) == {"city"}


def test_what_was_forgotten_is_learnt_again() -> None:
    met = Forms(lower_case)
    met.pieces("city " + "x" * (forms.FORMS_LIMIT - 10))
    for _ in range(2):
        pieces = met.pieces("city forums and many more")
        assert pieces.having(("city", "forums")) == {"city", "forums"}


def test_what_another_thread_forgets_is_kept_to_the_end_of_a_text() -> None:
    met = Forms(lower_case)
    pieces = met.pieces("city forums")
    met.pieces("x" * forms.FORMS_LIMIT)
    assert pieces.having(("city",)) == {"city"}


@given(text=st.text(), language=st.sampled_from(sorted(recipes())))
def test_no_word_reaches_across_a_space(text: str, language: str) -> None:
    pieces = [word for piece in text.split() for word in WORD.findall(piece)]
    assert pieces == WORD.findall(text)
    assert_found(text, language)


@given(
    words=st.lists(st.from_regex(r"[\w'\u0300\u064e\u093c]{1,9}", fullmatch=True)),
    language=st.sampled_from(sorted(recipes())),
)
def test_every_word_is_found_by_each_of_its_keys_alone(
    words: list[str], language: str
) -> None:
    assert_found(" ".join(words), language)


def test_a_word_is_looked_up_only_for_its_beginning() -> None:
    looked_up: list[str] = []

    def lower_case(word: str) -> tuple[str, ...]:
        looked_up.append(word)
        return (word.lower(),)

    pieces = Forms(lower_case).pieces("The City of Kazan; l'Élysée, élan corps")
    assert pieces.having(("elan",)) == set()
    assert looked_up == ["l'Élysée", "élan"]
    assert pieces.having(("city",)) == {"City"}
    assert looked_up[2:] == ["City"]
    assert pieces.having(("c",)) == set()
    assert looked_up[3:] == ["corps"]


def test_a_letter_that_becomes_a_sign_is_found() -> None:
    assert_found("न्तक न्त बन्द", "hi")


def assert_found(text: str, language: str) -> None:
    """Each key of each word finds the word, whatever was asked for before."""
    analyzer = Analyzer(recipe_for(language))
    for forms_of, keys_of in (
        (analyzer.forms, analyzer.keys),
        (analyzer.plain_forms, analyzer.plain_keys),
    ):
        pieces = forms_of.pieces(text)
        for piece in text.split():
            for word in WORD.findall(piece):
                for key in keys_of(word):
                    assert piece in pieces.having((key,))
