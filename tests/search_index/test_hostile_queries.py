"""W4: whatever is typed is an error with its position, or an answer."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.errors import QueryError
from search_index.engines.contract import IndexEngine
from search_index.parser import MAX_TOKENS
from tests.search_index.samples import ask

REFUSED = {
    "a megabyte": "word " * 200_000,
    "ten thousand words": " ".join(f"w{n}" for n in range(10_000)),
    "ten thousand alternatives": " OR ".join("ab" for _ in range(2_000)),
    "deep parentheses": "(" * 3_000 + "a" + ")" * 3_000,
    "one long word": "x" * 1_000_000,
    "a wall of Chinese": "喀山城市论坛" * 60,
    "leading wildcard": "*kazan",
    "wildcards everywhere": "k*z*n",
    "one letter": "k*",
    "half a surrogate": "kazan \udc00",
    "quotations near each other": " OR ".join(
        f'"a{n} b" NEAR/100 "c d"' for n in range(3)
    ),
    "a thousand values": "lang:" + ",".join(["vi"] * 1_000),
}
ANSWERED = {
    "the most words there may be": " ".join(f"kazan{n}" for n in range(MAX_TOKENS)),
    "the most alternatives": " OR ".join(f"kazan{n}" for n in range(MAX_TOKENS)),
    "many beginnings": " OR ".join(["ka*"] * 200),
    "many exclusions": "kazan " + " ".join(f"-w{n}" for n in range(200)),
    "control characters": "kazan\x00\x07\x1b[31m forum",
    "bidirectional controls": "\u202ekazan\u2069 forum\u200b",
    "combining marks": "k" + "\u0301" * 5_000 + "azan",
    "emoji and private use": "kazan 😀 \ue000 \U0010ffff",
    "a regular expression": "kazan (.+)+$ [a-z]{99}".replace("(", "").replace(")", ""),
    "nesting up to the limit": "(" * 20 + "kazan" + ")" * 20,
    "words near each other": " ".join(f"a{n} NEAR/100 b{n}" for n in range(128)),
    "not a character": "kazan \uffff\ufffe",
}


@pytest.mark.parametrize("query", REFUSED.values(), ids=REFUSED)
def test_refused_with_its_position(forum: IndexEngine, query: str) -> None:
    with pytest.raises(QueryError) as caught:
        ask(forum, query)
    assert 0 <= caught.value.position <= len(query)
    assert len(str(caught.value)) < 400


@pytest.mark.parametrize("query", ANSWERED.values(), ids=ANSWERED)
def test_answered(forum: IndexEngine, query: str) -> None:
    assert ask(forum, query).total >= 0


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(query=st.text(max_size=60))
def test_arbitrary_unicode_is_refused_or_answered(
    forum: IndexEngine, query: str
) -> None:
    position = 0
    try:
        hits = ask(forum, query).hits
    except QueryError as error:
        hits, position = (), error.position
    assert 0 <= position <= len(query)
    for passage in (passage for hit in hits for passage in hit.passages):
        assert all(0 <= a < b <= len(passage.text) for a, b in passage.highlights)
