"""The URL is the search."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.datastructures import QueryParams

from babelwire.web.addresses import FILTERS, Address, read_address
from pipeline.errors import QueryError
from search_index.query import Filter

words = st.text(st.characters(exclude_categories=["Cs"]), max_size=8).map(str.strip)
values = st.lists(words.filter(bool), min_size=1, max_size=3, unique=True).map(tuple)
addresses = st.builds(
    Address,
    text=words,
    filters=st.dictionaries(st.sampled_from(FILTERS), values, max_size=3),
    since=words,
    until=words,
    sort=st.sampled_from(["", "time", "relevance"]),
    is_grouped=st.booleans(),
    page=st.integers(1, 51),
    like=words,
    query_language=words,
    timezone=words,
)


def read(url: str) -> Address:
    return read_address(QueryParams(url.partition("?")[2]).multi_items())


@given(addresses)
def test_an_address_reads_back_as_it_was_written(address: Address) -> None:
    assert read(address.url(page=address.page)) == address


def test_a_change_leads_back_to_the_first_page() -> None:
    assert read("/?q=kazan&page=3").url(sort="time") == "/?q=kazan&sort=time"


def test_a_filter_is_set_and_let_go_of() -> None:
    chosen = read("/?q=kazan").with_filter("lang", "vi")
    assert chosen == "/?q=kazan&lang=vi"
    assert read(chosen).with_filter("lang", "vi") == "/?q=kazan"


def test_without_words_the_newest_come_first() -> None:
    assert read("/").request("UTC").sort == "time"
    assert read("/?q=kazan").request("UTC").sort == "relevance"


def test_a_value_with_a_comma_is_one_value() -> None:
    request = read("/?owner=Media%2C+Ltd").request("UTC")
    assert request.filters == (Filter(field="owner", values=("Media, Ltd",)),)


@pytest.mark.parametrize(
    "query",
    ["page=0", "page=52", "page=x", "page=٣", "lang=%21", "from=soon", "sort=x"],
)
def test_a_wrong_value_is_named(query: str) -> None:
    with pytest.raises(QueryError, match=query.partition("=")[0]):
        read(f"/?{query}").request("UTC")
