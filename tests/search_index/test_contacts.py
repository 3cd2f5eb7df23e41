"""What goes to a search server is noted first, apart by what it is."""

from collections import Counter
from collections.abc import Iterator

import pytest

from pipeline.errors import UnavailableError
from search_index import open_index
from search_index.engines.elasticsearch_server import ElasticsearchSettings, Server
from tests.site import Site

HEADERS = {"Content-Type": "application/json", "X-Elastic-Product": "Elasticsearch"}


class Account:
    """Keeps account; refuses where it is told to."""

    def __init__(self) -> None:
        self.noted: Counter[tuple[str, str]] = Counter()
        self.refuses = self.closed = False

    def note(self, host: str, purpose: str) -> None:
        if self.refuses:
            raise UnavailableError("nothing was sent")
        self.noted[host, purpose] += 1

    def close(self) -> None:
        self.closed = True


@pytest.fixture
def node() -> Iterator[Site]:
    """Says yes to everything, as a server would."""
    with Site() as site:
        for path in ("/a/_search", "/_bulk", "/a/_bulk", "/_cluster/health"):
            site.add(path, body=b"{}", headers=HEADERS)
        yield site


def test_searches_documents_and_upkeep_are_told_apart(node) -> None:
    account = Account()
    server = Server(ElasticsearchSettings(urls=(node.base_url,)), account)
    server.read(lambda client: client.search(index="a", query={"match_all": {}}))
    server.client.bulk(index="a", operations=[{"index": {"_id": "1"}}, {"text": "x"}])
    server.read(lambda client: client.cluster.health())
    server.read(lambda client: client.cluster.health())
    name = f"127.0.0.1:{node.port}"
    assert account.noted == {
        (name, "query"): 1,
        (name, "index"): 1,
        (name, "upkeep"): 2,
    }
    assert account.noted.total() == len(node.requests)
    server.close()
    assert account.closed


def test_nothing_is_sent_that_cannot_be_noted(node, tmp_path) -> None:
    account = Account()
    account.refuses = True
    settings = ElasticsearchSettings(urls=(node.base_url,))
    index = open_index(
        tmp_path, engine="elasticsearch", server=settings, contacts=account
    )
    with pytest.raises(UnavailableError, match="nothing was sent"):
        index.current()
    assert node.requests == []
    index.close()
    assert account.closed
