"""What only a server can do to us: faults of the network, an index, a neighbour."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pipeline.errors import EngineError, UnavailableError, UnreachableError
from search_index import open_index
from search_index.clauses import Everything, Plan, Term
from search_index.engines.contract import IndexEntry, Refusal, ViewGoneError
from search_index.engines.elasticsearch_index import (
    KNOWN_SECONDS,
    ElasticsearchIndex,
)
from search_index.engines.elasticsearch_server import ElasticsearchSettings, Server
from search_index.engines.elasticsearch_writer import ElasticsearchWriter
from search_index.entry import build_entry
from tests import elasticsearch
from tests.certificates import self_signed
from tests.faulty_proxy import Answered, Asked, Forward, Proxy, honest, proxy_to
from tests.search_index.samples import document, document_id, write

pytestmark = pytest.mark.elasticsearch


class Time:
    """Seconds that pass only while somebody waits."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.pauses: list[float] = []

    def __call__(self) -> float:
        return self.seconds

    def pause(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.seconds += seconds


@pytest.fixture
def proxy() -> Iterator[Proxy]:
    with proxy_to(elasticsearch.URLS[0]) as proxy:
        yield proxy


@pytest.fixture
def settings(proxy: Proxy) -> Iterator[ElasticsearchSettings]:
    """Of an index behind the proxy, removed directly."""
    chosen = elasticsearch.settings()
    yield replace(chosen, urls=(proxy.url,))
    proxy.closing.set()
    elasticsearch.remove(chosen)


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def index(
    settings: ElasticsearchSettings, time: Time, tmp_path: Path
) -> Iterator[ElasticsearchIndex]:
    """With one document."""
    server = Server(settings, pause=time.pause, timer=time)
    index = ElasticsearchIndex(tmp_path / "index", settings, server=server)
    write(index, [document("first", "text", version=1)])
    yield index
    index.close()


def entries(*numbers: int) -> list[IndexEntry]:
    return [
        build_entry(document(f"n{n}", f"number {n}", version=n), "en") for n in numbers
    ]


def total(index: ElasticsearchIndex) -> int:
    return index.snapshot().count(Everything())


def is_bulk(asked: Asked) -> bool:
    return asked.path.partition("?")[0].endswith("/_bulk")


def put(
    index: ElasticsearchIndex, found: list[IndexEntry]
) -> tuple[ElasticsearchWriter, list[Refusal]]:
    with index.write("g-1") as writer:
        writer.put(found)
        return writer, writer.commit()


def test_of_twenty_one_is_refused_one_tried_again_eighteen_stored(
    index: ElasticsearchIndex, proxy: Proxy, time: Time
) -> None:
    """I1"""
    *good, bad, busy = entries(*range(20))
    bad = replace(bad, numbers={**bad.numbers, "unknown": 1})
    rejected: list[str] = []

    def fault(asked: Asked, forward: Forward) -> Answered | None:
        if not is_bulk(asked) or rejected:
            return forward(asked)
        lines = asked.body.splitlines(keepends=True)
        kept = b"".join(lines[:-2])
        answer = forward(replace(asked, body=kept))
        items = json.loads(answer.body)
        item = {"_id": busy.id, "status": 429, "error": {"type": "rejected"}}
        items["items"].append({"index": item})
        rejected.append(busy.id)
        return replace(answer, body=json.dumps(items).encode())

    proxy.fault = fault
    _, refused = put(index, [*good, bad, busy])
    assert [(one.id, one.version) for one in refused] == [(bad.id, bad.version)]
    assert "unknown" in refused[0].reason
    assert total(index) == 1 + 19
    assert len([asked for asked in proxy.asked if is_bulk(asked)]) == 2 + 1
    assert time.pauses == [0.1]


def test_a_request_whose_answer_was_lost_is_sent_again_and_changes_nothing(
    index: ElasticsearchIndex, proxy: Proxy
) -> None:
    """I4"""
    lost: list[int] = []

    def fault(asked: Asked, forward: Forward) -> Answered | None:
        answer = forward(asked)
        if is_bulk(asked) and not lost:
            lost.append(1)
            return None
        return answer

    proxy.fault = fault
    put(index, entries(*range(10)))
    versions = {s.id: s.version for s in index.snapshot().states()}
    assert lost
    assert versions == {
        document_id("first"): 1,
        **{document_id(f"n{n}"): n for n in range(10)},
    }


def test_an_older_version_applied_late_does_not_win(
    index: ElasticsearchIndex, proxy: Proxy
) -> None:
    """I3: the server applies a request after the next one."""
    held: list[Asked] = []

    def fault(asked: Asked, forward: Forward) -> Answered | None:
        if is_bulk(asked) and not held:
            held.append(asked)
            return Answered(503, product(), b"{}")
        return forward(asked)

    proxy.fault = fault
    old, new = (
        build_entry(document("d", text, version=version), "en")
        for text, version in (("old", 5), ("new", 6))
    )
    put(index, [old])
    put(index, [new])
    with proxy_to(elasticsearch.URLS[0]) as direct:
        late = Server(replace(elasticsearch.settings(), urls=(direct.url,)))
        late.client.bulk(operations=held[0].body.splitlines(), index=index_name(index))
        late.close()
    found = {s.id: s.version for s in index.snapshot().states()}
    assert found[old.id] == 6


def product() -> dict[str, str]:
    """The header without which the client believes in no Elasticsearch."""
    return {"X-Elastic-Product": "Elasticsearch", "Content-Type": "application/json"}


def index_name(index: ElasticsearchIndex) -> str:
    return f"{index._settings.name}-g-1"


def test_a_server_that_never_answers_costs_its_time_limit_and_says_so(
    index: ElasticsearchIndex, proxy: Proxy, time: Time, settings: ElasticsearchSettings
) -> None:
    """I2, I4"""

    def fault(asked: Asked, forward: Forward) -> Answered | None:
        time.seconds += 1000  # patience has ended
        return proxy.hang(asked, forward) if is_bulk(asked) else forward(asked)

    hasty = replace(settings, timeout_seconds=0.5)
    server = Server(hasty, pause=time.pause, timer=time)
    writer = ElasticsearchWriter(server, index_name(index), is_living=True)
    proxy.fault = fault
    writer.put(entries(2))
    with pytest.raises(UnreachableError, match=r"no answer within 0\.5 s"):
        writer.commit()
    writer.close()
    server.close()
    proxy.fault = honest
    put(index, entries(2, 3))
    assert total(index) == 3


def test_a_server_that_is_down_is_tried_with_growing_pauses_then_given_up(
    tmp_path: Path, time: Time
) -> None:
    """I2"""
    nobody = replace(elasticsearch.settings(), urls=("http://127.0.0.1:1",))
    server = Server(nobody, pause=time.pause, timer=time)
    with pytest.raises(UnreachableError, match="is it running"):
        ElasticsearchIndex(tmp_path, nobody, server=server).snapshot()
    assert time.pauses == []
    writer = ElasticsearchWriter(server, "any", is_living=True)
    writer.put(entries(1))
    with pytest.raises(UnreachableError, match=r"127\.0\.0\.1:1"):
        writer.commit()
    writer.close()
    assert time.pauses[:4] == [0.1, 0.2, 0.4, 0.8]
    assert max(time.pauses) == 5.0
    assert sum(time.pauses) <= nobody.patience_seconds


def test_a_read_only_index_is_waited_for_and_goes_on_by_itself(
    settings: ElasticsearchSettings, tmp_path: Path
) -> None:
    """I5: what the flood stage of a disk does."""
    time = Time()

    def pause(seconds: float) -> None:
        time.pause(seconds)
        if len(time.pauses) == 3:
            block(server, settings, None)

    server = Server(settings, pause=pause, timer=time)
    index = ElasticsearchIndex(tmp_path / "index", settings, server=server)
    write(index, [document("first", "text")])
    block(server, settings, True)
    with index.write("g-1") as writer:
        writer.put(entries(1, 2))
        writer.delete([(document_id("first"), 9)])
        assert writer.commit() == []
    assert total(index) == 2
    assert len(time.pauses) == 3


def test_a_read_only_index_that_stays_so_is_named(
    index: ElasticsearchIndex, settings: ElasticsearchSettings
) -> None:
    """I5"""
    server = Server(settings)
    block(server, settings, True)
    with pytest.raises(UnavailableError, match="takes no changes now"):
        put(index, entries(1))
    assert total(index) == 1
    block(server, settings, None)
    put(index, entries(1))
    assert total(index) == 2
    server.close()


def block(server: Server, settings: ElasticsearchSettings, on: bool | None) -> None:
    server.client.indices.put_settings(
        index=f"{settings.name}-g-1",
        settings={"index.blocks.read_only_allow_delete": on},
    )


def test_unknown_keys_are_refused_and_long_words_kept_within_limits(
    index: ElasticsearchIndex,
) -> None:
    """I6"""
    strange = entries(1)[0]
    keys = {f"key{number}": number for number in range(500)}
    endless = build_entry(document("endless", "a" * 40_000, version=3), "en")
    _, refused = put(
        index, [replace(strange, numbers={**strange.numbers, **keys}), endless]
    )
    assert [one.id for one in refused] == [strange.id]
    stored = index.snapshot().stored([endless.id])[endless.id]
    assert "a" * 40_000 in stored.display


def test_where_every_document_is_refused_none_is_set_aside(
    index: ElasticsearchIndex,
) -> None:
    """Something else is wrong, e.g. the index's mapping."""
    strange = [
        replace(each, numbers={**each.numbers, "unknown": 1})
        for each in entries(*range(12))
    ]
    with pytest.raises(EngineError, match=r"refuses every document: .*unknown"):
        put(index, strange)
    assert total(index) == 1


def test_a_key_that_may_not_write_sets_nothing_aside(
    index: ElasticsearchIndex, proxy: Proxy
) -> None:
    """A cluster says so for each document."""

    def fault(asked: Asked, forward: Forward) -> Answered | None:
        if not is_bulk(asked):
            return forward(asked)
        error = {"type": "security_exception", "reason": "unauthorised"}
        item = {"index": {"_id": "x", "status": 403, "error": error}}
        body = json.dumps({"errors": True, "items": [item]}).encode()
        return Answered(200, product(), body)

    proxy.fault = fault
    with pytest.raises(EngineError, match="check the key"):
        put(index, entries(1))


def test_a_document_that_spoils_a_whole_request_is_found_and_refused_alone(
    index: ElasticsearchIndex,
) -> None:
    impossible = replace(entries(3)[0], id="d" * 600)
    _, refused = put(index, [*entries(1, 2), impossible, *entries(4, 5)])
    assert [one.id for one in refused] == [impossible.id]
    assert total(index) == 5


def test_a_busy_cluster_is_asked_again_by_a_search(
    index: ElasticsearchIndex, proxy: Proxy, time: Time
) -> None:
    answers = iter([503, 429])

    def fault(asked: Asked, forward: Forward) -> Answered | None:
        status = next(answers, None) if "_search" in asked.path else None
        return Answered(status, product(), b"{}") if status else forward(asked)

    proxy.fault = fault
    assert total(index) == 1
    assert time.pauses == [0.1, 0.2]


@pytest.mark.parametrize("status", [401, 403])
def test_a_refused_key_is_said_and_not_shown(
    proxy: Proxy, settings: ElasticsearchSettings, tmp_path: Path, status: int
) -> None:
    reason = {"error": {"type": "security_exception", "reason": "unable to authorise"}}
    proxy.fault = lambda _asked, _forward: Answered(
        status, product(), json.dumps(reason).encode()
    )
    secret = replace(settings, api_key="c2VjcmV0")
    index = open_index(tmp_path, engine="elasticsearch", server=secret)
    with pytest.raises(EngineError, match="check the key") as caught:
        index.current()
    assert "c2VjcmV0" not in f"{caught.value}{secret!r}"
    sent = proxy.asked[-1].headers
    assert sent["authorization"] == "ApiKey c2VjcmV0"
    index.close()


def test_a_user_has_a_password(proxy: Proxy, settings: ElasticsearchSettings) -> None:
    chosen = replace(settings, user="reader", password="horse")
    server = Server(chosen)
    server.client.cluster.health()
    server.close()
    sent = proxy.asked[-1].headers["authorization"]
    assert sent == "Basic cmVhZGVyOmhvcnNl"
    assert "horse" not in repr(chosen)


def test_the_next_node_is_asked_where_one_is_down(
    settings: ElasticsearchSettings, tmp_path: Path
) -> None:
    several = replace(settings, urls=("http://127.0.0.1:1", *settings.urls))
    index = open_index(tmp_path, engine="elasticsearch", server=several)
    for _ in range(4):
        assert index.current() is None
    index.close()


def test_a_certificate_is_checked_against_the_given_authority(
    settings: ElasticsearchSettings, tmp_path: Path
) -> None:
    certificate, context = self_signed(tmp_path)
    with proxy_to(elasticsearch.URLS[0], tls=context) as secure:
        nameless = replace(settings, urls=(secure.url,))
        with pytest.raises(UnreachableError, match="ca_file"):
            open_and_close(tmp_path, nameless)
        open_and_close(tmp_path, replace(nameless, ca_file=str(certificate)))
        assert secure.asked


def open_and_close(folder: Path, chosen: ElasticsearchSettings) -> None:
    index = open_index(folder / "secure", engine="elasticsearch", server=chosen)
    try:
        assert index.current() is None
    finally:
        index.close()


def test_a_moment_that_the_cluster_forgot_is_gone_for_good(
    index: ElasticsearchIndex,
) -> None:
    """The next stretch is no stretch of another moment."""
    write(index, [document(f"n{n}", "text") for n in range(4)])
    snapshot = index.snapshot()
    end = snapshot.stretch(Everything(), limit=2).end
    snapshot.close()  # forgets it at the cluster
    with pytest.raises(ViewGoneError, match="start again"):
        snapshot.stretch(Everything(), limit=2, after=end)


def test_an_alias_of_several_indices_is_an_error_that_names_them(
    index: ElasticsearchIndex, settings: ElasticsearchSettings
) -> None:
    index.create("g-2", analysis="x", target="en")
    server = Server(settings)
    server.client.indices.put_alias(index=f"{settings.name}-g-2", name=settings.name)
    with pytest.raises(EngineError, match=r"g-1, .*g-2"):
        index.snapshot()
    server.close()


def test_a_reader_sees_a_swapped_in_index_a_second_later(
    index: ElasticsearchIndex,
    settings: ElasticsearchSettings,
    tmp_path: Path,
    time: Time,
) -> None:
    reader = ElasticsearchIndex(tmp_path, settings, timer=time)
    assert reader.snapshot().count(Everything()) == 1
    index.create("g-2", analysis="x", target="en")
    index.activate("g-2")
    assert reader.snapshot().count(Everything()) == 1
    time.seconds += KNOWN_SECONDS
    assert reader.snapshot().count(Everything()) == 0
    reader.close()


def test_a_swapped_out_index_is_kept_until_somebody_prunes(
    index: ElasticsearchIndex,
) -> None:
    index.create("g-2", analysis="x", target="en")
    index.create("g-3", analysis="x", target="en")
    index.activate("g-2")
    assert index.prune(unfinished=True) == ["g-3"]
    assert index.snapshot("g-1").count(Everything()) == 1
    assert index.prune() == ["g-1"]
    current = index.current()
    assert current is not None
    assert current.name == "g-2"


class TestShards:
    """More than one shard."""

    def test_scores_and_order_are_those_of_one_shard(self, tmp_path: Path) -> None:
        texts = [f"word {'word ' * (n % 5)}other{n % 7} rare{n}" for n in range(60)]
        documents = [document(f"n{n}", text) for n, text in enumerate(texts)]
        plan = Plan(full=word("word"), score=any_word("word", "other3", "rare5"))
        found: list[list[tuple[str, float]]] = []
        for shards in (1, 3):
            chosen = elasticsearch.settings(shards=shards)
            with elasticsearch.opened(
                "elasticsearch", tmp_path / str(shards), chosen
            ) as index:
                write(index, documents)
                hits = index.snapshot().search(plan, limit=60).hits
                found.append([(hit.id, round(hit.score, 5)) for hit in hits])
        assert found[0] == found[1]


def word(token: str) -> Term:
    return Term(field="original_f1", token=token)


def any_word(*tokens: str) -> Any:
    from search_index.clauses import any_of

    return any_of(*map(word, tokens))
