"""More like this, across languages."""

import pytest

from pipeline.errors import InputError
from search_index.engines.contract import IndexEngine
from tests.search_index.conftest import MakeIndex
from tests.search_index.samples import FORUM, ask, document, document_id, found


@pytest.fixture
def world(make_index: MakeIndex) -> IndexEngine:
    return make_index(
        [
            *FORUM,
            document("coffee", "Robusta coffee rose in London.", title="Coffee"),
            document("cà phê", "Giá cà phê tăng.", "vi", english="Coffee prices rose."),
        ]
    )


def test_the_same_event_is_found_in_another_language(world: IndexEngine) -> None:
    results = ask(world, "*", like=document_id("vi"))
    assert found(results)[0] == "ar"
    assert "vi" not in found(results, None)
    assert "coffee" not in found(results, None)


def test_what_is_shared_is_marked(world: IndexEngine) -> None:
    hit = ask(world, "*", like=document_id("vi")).hits[0]
    marked = [
        passage.text[start:end]
        for passage in hit.passages
        for start, end in passage.highlights
    ]
    assert "Kazan" in marked


def test_from_the_target_language_too(world: IndexEngine) -> None:
    assert found(ask(world, "*", like=document_id("coffee")))[0] == "cà phê"


def test_filters_and_words_narrow_it(world: IndexEngine) -> None:
    assert found(ask(world, "lang:ar", like=document_id("vi"))) == ["ar"]
    assert found(ask(world, "Iran", like=document_id("vi"))) == ["ar"]


def test_in_a_script_without_spaces_single_words_are_compared(
    make_index: MakeIndex,
) -> None:
    index = make_index(
        [
            document("one", "金砖国家城市论坛在喀山开幕。", "zh"),
            document("two", "昨天喀山举行了论坛。", "zh"),
            document("else", "咖啡价格上涨。", "zh"),
        ]
    )
    assert found(ask(index, "*", like=document_id("one"))) == ["two"]


def test_a_revision_may_be_named_and_nothing_is_said_of_its_language(
    world: IndexEngine,
) -> None:
    results = ask(world, "*", like=document_id("vi") + "@1")
    assert found(results)[0] == "ar"
    assert not [n for n in results.notices if n.code.startswith("query")]


def test_an_unknown_document_is_an_error(world: IndexEngine) -> None:
    with pytest.raises(InputError, match="no document"):
        ask(world, "*", like="daaaaaaaaaaaaaaaa")


def test_a_document_without_words_is_an_error(make_index: MakeIndex) -> None:
    index = make_index([document("empty", "…")])
    with pytest.raises(InputError, match="no words"):
        ask(index, "*", like=document_id("empty"))
