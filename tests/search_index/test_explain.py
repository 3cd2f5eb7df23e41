"""The account of a score."""

import pytest

from search_index.engines.contract import IndexEngine
from search_index.explain import explain
from search_index.interpretation import SearchContext, interpret
from search_index.query import SearchRequest
from tests.search_index.samples import NOW, ask, document_id


def test_a_hit_says_which_words_matched_where_and_what_each_part_scored(
    forum: IndexEngine,
) -> None:
    request = SearchRequest(text="brics forum")
    asked = interpret(request, SearchContext(now=NOW))
    hit = next(h for h in ask(forum, "brics forum").hits if h.language == "vi")
    account = explain(asked, [hit.id], snapshot=forum.snapshot())[hit.id]
    words = {(word.side, word.field, word.text) for word in account.words}
    assert words == {
        ("original", "text", "BRICS"),
        ("translation", "text", "BRICS"),
        ("translation", "text", "Forum"),
    }
    best, other = sorted(account.sides.values(), reverse=True)
    assert hit.score == pytest.approx(best + account.tie * other, rel=1e-3)
    assert account.tokens[0].score >= account.tokens[-1].score > 0
    shown = account.to_json()
    assert set(shown) == {"words", "sides", "tie", "tokens"}


def test_a_document_that_is_gone_has_no_account(forum: IndexEngine) -> None:
    asked = interpret(SearchRequest(text="x"), SearchContext(now=NOW))
    assert explain(asked, [document_id("?")], snapshot=forum.snapshot()) == {}
