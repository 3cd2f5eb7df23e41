"""The query language: what every form means, and that printing gives it back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import QueryError
from search_index.parser import MAX_DEPTH, MAX_LENGTH, MAX_TOKENS, parse
from search_index.query import (
    And,
    Everything,
    Filter,
    Group,
    Near,
    Not,
    Or,
    Phrase,
    Prefix,
    Tree,
    Word,
)

a, b, c = (Word(text=letter) for letter in "abc")


@pytest.mark.parametrize(
    ("query", "tree"),
    [
        ("a", a),
        ("a b", And(operands=(a, b))),
        ("a OR b c", Or(operands=(a, And(operands=(b, c))))),
        ("(a OR b) c", And(operands=(Or(operands=(a, b)), c))),
        ("(a b) OR c", Or(operands=(Group(operand=And(operands=(a, b))), c))),
        ("(a)", Group(operand=a)),
        ("((a))", Group(operand=a)),
        ("-a", Not(operand=a)),
        ("-(a OR b)", Not(operand=Or(operands=(a, b)))),
        ('"a b"', Phrase(text="a b")),
        ("“a b”", Phrase(text="a b")),
        ("„a b“", Phrase(text="a b")),
        ("«a b»", Phrase(text="a b")),
        ("「北京」", Phrase(text="北京")),
        ("ka*", Prefix(text="ka")),
        ("喀*", Prefix(text="喀")),
        ("*", Everything()),
        ("a NEAR/5 b", Near(left=a, right=b, distance=5)),
        ('"a b" NEAR/2 c', Near(left=Phrase(text="a b"), right=c, distance=2)),
        ("lang:vi,ar", Filter(field="lang", values=("vi", "ar"))),
        ("country:vn", Filter(field="country", values=("VN",))),
        ('owner:"a, b"', Filter(field="owner", values=("a, b",))),
        ("from:2024-06-01", Filter(field="from", values=("2024-06-01",))),
        ("-kind:news", Not(operand=Filter(field="kind", values=("news",)))),
    ],
)
def test_each_form_has_its_meaning(query: str, tree: Tree) -> None:
    assert parse(query) == tree


@pytest.mark.parametrize(
    "text", ["10:30", "http://example.org/a?b=c", "near", "or", 'צה"ל', "--a", "x:y"]
)
def test_what_only_looks_like_an_operator_is_plain_text(text: str) -> None:
    assert parse(text) == Word(text=text)


def test_marks_without_letters_are_passed_over() -> None:
    assert parse("a & b – !") == And(operands=(a, b))


@pytest.mark.parametrize(
    ("query", "position"),
    [
        ("", 0),
        ("!?", 0),
        ("a OR", 2),
        ("OR a", 0),
        ("(a", 0),
        ("a)", 1),
        ("a ()", 2),
        ('a "b', 2),
        ("a k*", 2),
        ("a*b", 1),
        ("**", 0),
        ("a NEAR/0 b", 2),
        ("a NEAR/101 b", 2),
        ("NEAR/3 a", 0),
        ("a NEAR/3 (b c)", 2),
        ("a NEAR/3 b NEAR/3 c", 11),
        ("lang:", 5),
        ("a lang: vi", 7),
        ("kind:blog", 5),
        ("lang:vi,x", 8),
        ("country:VNM", 8),
        ("to:2024-02-30", 3),
        ("from:soon", 5),
        ("id:1", 3),
        ("a \ud800", 2),
        ("a" * (MAX_LENGTH + 1), MAX_LENGTH),
        ("(" * (MAX_DEPTH + 1) + "a", MAX_DEPTH),
        ("a " * (MAX_TOKENS + 1), 2 * MAX_TOKENS),
    ],
)
def test_what_has_no_meaning_is_an_error_with_its_position(
    query: str, position: int
) -> None:
    with pytest.raises(QueryError) as caught:
        parse(query)
    assert caught.value.position == position


@given(st.text(alphabet='ab *-"()“”«»:/,57 ORNEAR\n喀', max_size=30))
def test_any_text_is_an_error_or_a_tree_that_prints_back(text: str) -> None:
    try:
        tree, position = parse(text), 0
    except QueryError as error:
        tree, position = None, error.position
    assert 0 <= position <= len(text)
    assert tree is None or parse(str(tree)) == tree


@given(st.text(max_size=40))
def test_arbitrary_unicode_is_an_error_or_a_tree_that_prints_back(text: str) -> None:
    try:
        tree = parse(text)
    except QueryError:
        return
    assert parse(str(tree)) == tree


words = st.sampled_from(["thành", "قازان", "喀山", "don't", "10:30", "or", "x-y"]).map(
    lambda text: Word(text=text)
)
phrases = st.sampled_from(["a b", 'x "y" z', "«a»"]).map(lambda text: Phrase(text=text))
leaves = st.one_of(
    words,
    phrases,
    st.builds(Near, left=words, right=phrases, distance=st.integers(1, 9)),
    st.sampled_from(
        [
            Prefix(text="ка"),
            Everything(),
            Filter(field="lang", values=("vi", "zh-Hans")),
            Filter(field="publisher", values=("a, (b)", "c")),
        ]
    ),
)


def composed(inner: st.SearchStrategy[Tree]) -> st.SearchStrategy[Tree]:
    ands = st.lists(
        inner.filter(lambda t: not isinstance(t, And)), min_size=2, max_size=4
    )
    ors = st.lists(
        inner.filter(lambda t: not isinstance(t, Or)), min_size=2, max_size=4
    )
    single = inner.filter(lambda t: not isinstance(t, Group | Or))
    negated = inner.filter(lambda t: not isinstance(t, Not | And))
    return st.one_of(
        ands.map(lambda parts: And(operands=tuple(parts))),
        ors.map(lambda parts: Or(operands=tuple(parts))),
        single.map(lambda part: Group(operand=part)),
        negated.map(lambda part: Not(operand=part)),
    )


@given(st.recursive(leaves, composed, max_leaves=12))
def test_every_tree_prints_as_a_query_that_is_read_back_as_it(tree: Tree) -> None:
    assert parse(str(tree)) == tree
