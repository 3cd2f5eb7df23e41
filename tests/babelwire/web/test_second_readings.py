"""A reader asks the other engines about a sentence, and uses one's words."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from multiprocessing import active_children
from pathlib import Path
from threading import Event

import pytest
from starlette.testclient import TestClient

from babelwire.web.reader import TOKEN
from pipeline.store.contacts import load
from tests.babelwire.conftest import babelwire
from tests.babelwire.web.conftest import search, send
from tests.model_stores import FILES, Registry
from tests.pipeline.test_servers import APIS, Stub
from tests.site import Site, status

SAYS = "The forum <b>gathers</b> mayors."


@pytest.fixture
def sentence(own: TestClient) -> str:
    document = search(own, q="forum", lang="ar")["hits"][0]["id"]
    return f"/documents/{document}/sentences/2"


@pytest.fixture
def site() -> Iterator[Site]:
    with Site() as running:
        yield running


def configure(own: TestClient, **urls: str) -> None:
    """More engines in the workspace's file; the desk need not start again."""
    path: Path = own.app.state.services.workspace.root / "babelwire.toml"  # type: ignore[attr-defined]
    sections = "".join(
        f'\n[translation.engines.{name}]\nkind = "libretranslate"\nurl = "{url}"\n'
        for name, url in urls.items()
    )
    path.write_text(path.read_text("utf-8") + sections, "utf-8")


def test_a_sentence_offers_to_ask_and_asks_nobody_by_itself(
    own: TestClient, sentence: str, site: Site
) -> None:
    configure(own, second=site.base_url)
    page = own.get(sentence).text
    assert "Ask the other engines" in page
    assert site.requests == []


def test_what_another_engine_says_is_shown_and_starts_a_correction(
    own: TestClient, sentence: str, site: Site
) -> None:
    """W1: an engine's words are text."""
    stub = Stub(site, APIS["libretranslate"])
    stub.says(lambda texts: stub.api.wrap([SAYS] * len(texts)))
    configure(own, second=site.base_url)
    before = own.get(sentence).text
    page = send(own, f"{sentence}/readings")
    assert "<bdi>second</bdi>" in page
    assert "&lt;b&gt;gathers&lt;/b&gt; mayors.</p>" in page
    assert len(stub.bodies[0]["q"]) == 1
    draft = send(own, f"{sentence}/draft", text=SAYS)
    assert "&lt;b&gt;gathers&lt;/b&gt; mayors.</textarea>" in draft
    assert own.get(sentence).text == before, "nothing was stored"
    assert send(own, sentence, text=SAYS).endswith("#s2")


def test_what_is_asked_is_noted_and_counted(
    own: TestClient, sentence: str, site: Site
) -> None:
    stub = Stub(site, APIS["libretranslate"])
    stub.says(lambda texts: stub.api.wrap([SAYS] * len(texts)))
    configure(own, second=site.base_url)
    send(own, f"{sentence}/readings")
    with own.app.state.services.database.read() as connection:  # type: ignore[attr-defined]
        noted = {(c.host, c.purpose): c.times for c in load(connection)}
    assert noted[f"127.0.0.1:{site.port}", "translate"] == len(site.requests)


def test_doubts_are_told_in_words(own: TestClient, sentence: str, site: Site) -> None:
    stub = Stub(site, APIS["libretranslate"])
    stub.says(lambda texts: stub.api.wrap(["форум мэров городов " * 20] * len(texts)))
    configure(own, second=site.base_url)
    page = send(own, f"{sentence}/readings")
    assert "in the wrong script" in page
    assert "repeats itself" in page


def test_a_server_that_fails_is_a_plain_sentence_beside_the_others(
    own: TestClient, sentence: str, site: Site
) -> None:
    stub = Stub(site, APIS["libretranslate"])
    stub.says(lambda texts: stub.api.wrap([SAYS] * len(texts)))
    with Site() as broken:
        broken.add("/translate", status(500))
        configure(own, second=site.base_url, third=broken.base_url)
        page = send(own, f"{sentence}/readings")
    assert "It is not available now." in page
    assert "mayors." in page


def test_without_another_engine_one_thing_to_do_is_named(
    own: TestClient, sentence: str
) -> None:
    page = send(own, f"{sentence}/readings")
    assert "No other engine here translates between these languages." in page
    assert "babelwire models pull firefox-ar-en" in page
    path = own.app.state.services.workspace.root / "babelwire.toml"  # type: ignore[attr-defined]
    text = path.read_text("utf-8")
    chain = '["memory", "firefox", "ctranslate2"]'
    assert chain in text
    path.write_text(text.replace(chain, '["memory"]'), "utf-8")
    page = send(own, f"{sentence}/readings")
    assert "Another engine can be named in [translation] in babelwire.toml" in page


def test_a_forged_question_asks_nobody(
    own: TestClient, sentence: str, site: Site
) -> None:
    """W5"""
    configure(own, second=site.base_url)
    for path in ("readings", "draft"):
        assert own.post(f"{sentence}/{path}").status_code == 403
        forged = own.post(
            f"{sentence}/{path}",
            data={"token": own.cookies[TOKEN]},
            headers={"origin": "https://evil.example"},
        )
        assert forged.status_code == 403
        loaded = own.get(f"{sentence}/{path}", follow_redirects=False)
        assert loaded.headers["location"] == sentence
    assert site.requests == []


def test_there_is_no_such_sentence_to_ask_about(own: TestClient, sentence: str) -> None:
    fields = {"token": own.cookies[TOKEN]}
    for path in ("readings", "draft"):
        missing = own.post(f"{sentence[:-1]}999/{path}", data=fields)
        assert missing.status_code == 404


def test_a_model_of_this_machine_that_cannot_be_used_is_told_and_leaves_no_process(
    own: TestClient, sentence: str, site: Site
) -> None:
    """O3"""
    made = Registry(site)
    made.offer("ar-en", FILES, "base")
    root = own.app.state.services.workspace.root  # type: ignore[attr-defined]
    path = root / "babelwire.toml"
    mirror = f'firefox_mirror = "{site.base_url}"'
    text = path.read_text("utf-8").replace('firefox_mirror = ""', mirror)
    path.write_text(text, "utf-8")
    pulled = babelwire("models", "pull", "firefox-ar-en-base", workspace=root)
    assert pulled.status == 0, pulled.err
    page = send(own, f"{sentence}/readings")
    assert "firefox firefox-ar-en-base" in page
    assert "Its model cannot be used." in page
    assert active_children() == []


def test_who_asks_meanwhile_is_told_to_wait_and_may_go_on_reading(
    own: TestClient, sentence: str, site: Site
) -> None:
    asked, answer = Event(), Event()
    api = APIS["libretranslate"]

    def says(texts: list[str]) -> object:
        asked.set()
        answer.wait()
        return api.wrap([SAYS] * len(texts))

    Stub(site, api).says(says)
    configure(own, second=site.base_url)
    with ThreadPoolExecutor(1) as threads:
        first = threads.submit(send, own, f"{sentence}/readings")
        assert asked.wait(60)
        fields = {"token": own.cookies[TOKEN]}
        busy = own.post(f"{sentence}/readings", data=fields)
        assert own.get(sentence).status_code == 200
        answer.set()
        assert "mayors." in first.result()
    assert busy.status_code == 503
    assert "The engines are being asked about another sentence" in busy.text
