"""Sources at a glance and one by one; a new one is looked at, then added."""

import html
import json
import re
import threading
import tomllib
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from babelwire.demo.server import serve
from babelwire.demo.world import World
from babelwire.web import sourcing
from babelwire.web.reader import TOKEN
from babelwire.web.services import open_services
from babelwire.web.source_page import leaving_words
from babelwire.wording import Wording
from babelwire.workspace import find_workspace, make_workspace
from pipeline.documents import Kind
from pipeline.sources import Rights, Source, read_sources
from tests.babelwire.web.conftest import send
from tests.babelwire.web.test_pages import Page, get
from tests.site import Site, status

NAME = "vestnik-kazanki"
WORDS = " ".join(["The tram to the harbour runs again since Monday."] * 20)
PATHS = ("/sources", f"/sources/{NAME}")


@pytest.fixture
def desk(own: TestClient) -> TestClient:
    """A desk that may be changed, with the pages of sources."""
    known = {getattr(route, "path", "") for route in own.app.routes}  # type: ignore[attr-defined]
    if "/sources/{name}" not in known:
        own.app.include_router(sourcing.router)  # type: ignore[attr-defined]
    return own


@pytest.fixture
def folder(desk: TestClient) -> Path:
    """Where the desk's sources are; it may visit this machine only."""
    workspace: Path = desk.app.state.services.workspace.root  # type: ignore[attr-defined]
    return workspace / "sources"


def files(folder: Path) -> dict[str, str]:
    """Everything of a workspace that a form might write."""
    paths = [*folder.parent.glob("*.toml"), *folder.parent.rglob("*/*.toml")]
    return {str(path): path.read_text("utf-8") for path in paths}


def words(text: str) -> str:
    """The text of a page whose tags are all closed, words of two tags apart."""
    Page(text)
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", text)).split())


def hidden(text: str) -> dict[str, list[str]]:
    """What the form "add this source" would send."""
    form = text.partition('action="/sources/add"')[2].partition("</form>")[0]
    fields: dict[str, list[str]] = {}
    for tag in Page(form.partition(">")[2]).all("input"):
        if tag.get("type") != "radio" or "checked" in tag:
            fields.setdefault(tag["name"], []).append(tag["value"])
    return fields


# --- At a glance ---------------------------------------------------------------


def test_every_source_has_a_verdict_its_days_and_its_next_visit(
    desk: TestClient,
) -> None:
    page = get(desk, "/sources")
    rows = page.all("th", scope="row")
    assert len(rows) > 10
    assert len(page.all("svg", **{"class": "volume"})) == len(rows)
    assert len(page.all("td", **{"data-label": "How it is"})) == len(rows)
    assert page.all("a", href=f"/sources/{NAME}")
    assert "well" in page.words
    assert "in 14 days" in page.words
    assert page.all("form", action="/sources/try")


def test_those_in_trouble_come_first_and_those_switched_off_last(
    desk: TestClient, folder: Path
) -> None:
    by_publisher = re.findall(r'href="/sources/([a-z0-9-]+)"', desk.get(PATHS[0]).text)
    off, bad = by_publisher[0], by_publisher[-1]
    send(desk, f"/sources/{off}/switch", on="no")
    from sqlalchemy import update

    from pipeline.store.tables import urls

    services = desk.app.state.services  # type: ignore[attr-defined]
    with services.database.write() as connection:
        connection.execute(
            update(urls)
            .where(urls.c.source == bad, urls.c.role == "endpoint")
            .values(outcome="failed", reason="http_403")
        )
    text = desk.get("/sources").text
    names = re.findall(r'href="/sources/([a-z0-9-]+)"', text)
    assert (names[0], names[-1]) == (bad, off)
    assert "(HTTP status 403): the host probably blocks us" in text
    assert "switched off" in text


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("language", ["en", "ar"])
def test_nothing_is_inline_and_every_tag_is_closed(
    desk: TestClient, path: str, language: str
) -> None:
    """W1"""
    text = desk.get(path, headers={"accept-language": language}).text
    Page(text)
    assert " style=" not in text
    assert text.count("<script") == 1


# --- One source ----------------------------------------------------------------


def test_a_source_has_its_settings_balance_endpoints_and_runs(
    desk: TestClient, folder: Path
) -> None:
    page = get(desk, f"/sources/{NAME}")
    source = read_sources(folder)[NAME]
    for text in (
        source.publisher,
        source.owner,
        "Russia",
        "Russian",
        *source.endpoints,
    ):
        assert text in page.words
    assert page.all("a", href=f"/?source={NAME}")
    said = words(desk.get(f"/sources/{NAME}").text)
    told = desk.get("/api/v1/status").json()["sources"][NAME]
    assert f"found {told['discovered']} still to do {told['pending']}" in said
    assert "Last runs Began State found fetched rejected failed" in said
    assert "What may leave the desk everything" in said
    assert re.search(r"feed \d+ \w+ \d{4} \d\d:\d\d read", said)


@pytest.mark.parametrize(
    ("kind", "rights", "said"),
    [
        ("official", {}, ["everything"]),
        ("news", {}, ["the headline and the first 300 characters"]),
        ("news", {"show": "headline"}, ["only the headline"]),
        (
            "official",
            {"pass_on_days": 7, "notice": "© The Lantern"},
            ["everything", "after 7 days only the headline", "© The Lantern"],
        ),
    ],
)
def test_what_may_leave_is_said_in_words(
    kind: Kind, rights: dict[str, Any], said: list[str]
) -> None:
    source = Source(name="a", kind=kind, publisher="A", rights=Rights(**rights))
    assert leaving_words(Wording("en", "UTC"), source) == said


def test_reasons_are_in_plain_words(desk: TestClient) -> None:
    told = desk.get("/api/v1/status").json()["sources"]
    name = next(name for name, found in told.items() if found["rejected"])
    said = words(desk.get(f"/sources/{name}").text)
    for reason in told[name]["rejected"]:
        assert "_" not in reason or reason not in said
    assert re.search(r"rejected \d+ \d+: \w+", said)


def test_a_source_that_was_never_visited_has_a_page(
    desk: TestClient, folder: Path
) -> None:
    (folder / "fresh.toml").write_text(
        'name = "fresh"\nkind = "official"\npublisher = "<b>F</b>"\n'
        'feeds = ["http://127.0.0.1:9/feed"]\naudience = ["VN", "LA"]\n',
        "utf-8",
    )
    said = words(desk.get("/sources/fresh").text)
    assert "new: not visited yet" in said
    assert "<b>F</b>" in said
    assert "Vietnam, Laos" in said
    assert "There was none yet." in said


def test_a_source_is_paused_and_resumed_and_comments_stay(
    desk: TestClient, folder: Path
) -> None:
    path = folder / f"{NAME}.toml"
    path.write_text("# Ours.\n" + path.read_text("utf-8"), "utf-8")
    before = path.read_text("utf-8")
    assert send(desk, f"/sources/{NAME}/switch", on="no") == f"/sources/{NAME}"
    assert not read_sources(folder)[NAME].enabled
    assert "# Ours." in path.read_text("utf-8")
    said = words(desk.get(f"/sources/{NAME}").text)
    assert "switched off" in said
    assert "Resume it" in said
    send(desk, f"/sources/{NAME}/switch", on="yes")
    assert read_sources(folder)[NAME].enabled
    assert set(before.splitlines()) <= set(path.read_text("utf-8").splitlines())


@pytest.mark.parametrize(
    "name", ["none", "..%2fbabelwire", "%2e%2e", "a%00b", "Vestnik-Kazanki", "x" * 300]
)
def test_there_is_no_such_source(desk: TestClient, folder: Path, name: str) -> None:
    """W8"""
    before = files(folder)
    assert desk.get(f"/sources/{name}").status_code == 404
    fields = {"token": desk.cookies[TOKEN], "on": "no"}
    answer = desk.post(f"/sources/{name}/switch", data=fields)
    assert answer.status_code == 404
    assert files(folder) == before


def test_the_address_of_a_form_leads_to_the_form(desk: TestClient) -> None:
    for path in ("/sources/try", "/sources/add"):
        answer = desk.get(path, follow_redirects=False)
        assert answer.headers["location"] == "/sources#new"


# --- A look at a site --------------------------------------------------------------


def test_a_look_shows_what_would_be_followed_and_add_writes_it(
    desk: TestClient, folder: Path
) -> None:
    site = "song-hong-tin"
    before = files(folder)
    with serve(World.load()) as server:
        text = send(desk, "/sources/try", url=server.urls[site])
    said = words(text)
    assert "Kazan sắp khai mạc Diễn đàn" in said
    assert "Articles, read for a try" in said
    assert "Vietnamese" in said
    assert "feed:" in said
    assert files(folder) == before
    fields = hidden(text)
    assert fields["feeds"]
    assert fields["publisher"] == [World.load().sites[site].title]
    wanted = {**fields, "name": "found", "country": "vn", "kind": "official"}
    assert send(desk, "/sources/add", **wanted) == "/sources/found"
    source = read_sources(folder)["found"]
    assert (source.country, source.kind) == ("VN", "official")
    assert list(source.feeds) == fields["feeds"]
    assert source.rights.show == "full"
    assert "# How often it is visited" in (folder / "found.toml").read_text("utf-8")
    assert "new: not visited yet" in words(desk.get("/sources/found").text)


def test_a_look_says_what_would_be_rejected_and_why(desk: TestClient) -> None:
    page = "<html><body><article><h1>Tram</h1><p>{}</p></article></body></html>"
    with Site() as site:
        items = "".join(
            f"<item><title>{path}</title><link>{site.url('/' + path)}</link></item>"
            for path in ("good", "gone", "short")
        )
        site.add("/", body=f"<rss><channel>{items}</channel></rss>")
        site.add("/good", body=page.format(WORDS))
        site.add("/gone", status(410))
        site.add("/short", body=page.format("No."))
        said = words(send(desk, "/sources/try", url=site.url("/")))
    assert "would be rejected: HTTP status 410" in said
    assert said.count("would be rejected:") == 2
    assert "Tram – English, undated, 1" in said


def test_a_page_without_anything_is_said_so(desk: TestClient) -> None:
    with Site() as site:
        site.add("/", body="<html><body><p>Nothing here.</p></body></html>")
        text = send(desk, "/sources/try", url=site.url("/"))
    assert "No feed, sitemap or list of articles was found" in words(text)
    assert "/sources/add" not in text


def test_robots_are_obeyed(desk: TestClient) -> None:
    with Site() as site:
        site.add("/robots.txt", body="User-agent: *\nDisallow: /")
        site.add("/", body="<html><body><p>Hello.</p></body></html>")
        said = words(send(desk, "/sources/try", url=site.url("/")))
        assert site.count("/") == 0
    assert "The site cannot be visited: the site's robots.txt forbids it" in said


@pytest.mark.parametrize(
    "url",
    [
        "http://169.254.169.254/latest/meta-data/",
        "http://[::ffff:127.0.0.9]/",
        "http://10.0.0.1/",
        "http://127.0.0.9:8080/",
    ],
)
def test_an_address_that_is_not_public_is_not_visited(
    desk: TestClient, folder: Path, url: str
) -> None:
    set_contact(folder)
    said = words(send(desk, "/sources/try", url=url))
    assert "The site cannot be visited: leads to" in said
    assert "not public" in said or "not allowed" in said


@pytest.mark.parametrize(
    "url",
    [
        "",
        " ",
        "file:///etc/passwd",
        "javascript://alert(1)",
        "http://",
        "http://a..b/",
        "https://host:port/",
        "https://user:secret@news.example/",
        "https://a b.example/",
        "http://a\x00b/",
        "https://" + "x" * 3_000,
        '"><script>alert(1)</script>',
    ],
)
def test_what_is_no_address_is_said_so(desk: TestClient, url: str) -> None:
    answer = desk.post("/sources/try", data={"token": desk.cookies[TOKEN], "url": url})
    assert answer.status_code == 400
    assert "This is no address of a site" in words(answer.text)
    assert "<script>alert" not in answer.text


def test_the_contact_must_be_set_first(desk: TestClient, folder: Path) -> None:
    text = send(desk, "/sources/try", url="news.example")
    assert "First set contact under [crawl]" in words(text)
    fields = {**FIELDS, "feeds": "https://news.example/feed"}
    assert "First set contact" in words(send(desk, "/sources/add", **fields))


def test_one_look_at_a_time(desk: TestClient) -> None:
    with Site() as site:
        came, go_on = threading.Event(), threading.Event()

        def slow(_: object) -> object:
            came.set()
            go_on.wait(20)
            return status(404)

        site.add("/", slow)  # type: ignore[arg-type]
        asked = threading.Thread(
            target=send, args=[desk, "/sources/try"], kwargs={"url": site.url("/")}
        )
        asked.start()
        assert came.wait(20)
        fields = {"token": desk.cookies[TOKEN], "url": site.url("/")}
        answer = desk.post("/sources/try", data=fields)
        go_on.set()
        asked.join()
    assert answer.status_code == 503
    assert "Another look at a site is under way." in answer.text


# --- A new source --------------------------------------------------------------

FIELDS = {
    "name": "found",
    "publisher": "The Lantern",
    "country": "VN",
    "kind": "news",
    "feeds": "http://127.0.0.1:9/feed",
}


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"name": name}, "The name may have lower-case letters")
        for name in ("", "../found", "/tmp/found", "..", "a/b", "A", ".found", "a\x00")
    ]
    + [
        ({"name": "x" * 65}, "The name may have lower-case letters"),
        ({"name": NAME}, f"There is a source {NAME} already."),
        ({"publisher": " "}, "Say who publishes the site."),
        ({"publisher": "a\x00b"}, "Say who publishes the site."),
        ({"country": "Vietnam"}, "A country is a code of two letters"),
        ({"kind": "rumour"}, "A source is news or official."),
        ({"feeds": ""}, "This is no address of a site"),
        ({"feeds": "file:///etc/passwd"}, "This is no address of a site"),
        ({"feeds": []}, "Look at the site first."),
        ({"allow": "("}, "not a regular expression"),
    ],
)
def test_a_wrong_field_is_named_and_nothing_is_written(
    desk: TestClient, folder: Path, wrong: dict[str, object], said: str
) -> None:
    """W8"""
    before = files(folder)
    text = send(desk, "/sources/add", **{**FIELDS, **wrong})
    assert said in words(text)
    assert files(folder) == before
    assert not (folder.parent / "found.toml").exists()


def test_text_in_a_field_stays_text(desk: TestClient, folder: Path) -> None:
    hostile = 'A"\nenabled = false\n[rights]\nshow = "full'
    fields = {**FIELDS, "publisher": hostile}
    assert send(desk, "/sources/add", **fields) == "/sources/found"
    made = tomllib.loads((folder / "found.toml").read_text("utf-8"))
    assert made["publisher"] == " ".join(hostile.split())
    assert "enabled" not in made
    assert made["rights"]["show"] == "excerpt"


@pytest.mark.parametrize("delay", ["0", "-1", "nan", "1e9", "x"])
def test_no_form_makes_visits_ruthless(
    desk: TestClient, folder: Path, delay: str
) -> None:
    before = files(folder)
    fields = {**FIELDS, "token": desk.cookies[TOKEN], "delay_seconds": delay}
    assert desk.post("/sources/add", data=fields).status_code == 400
    assert files(folder) == before


@pytest.mark.parametrize(
    "path", ["/sources/try", "/sources/add", f"/sources/{NAME}/switch"]
)
def test_a_forged_form_is_refused(desk: TestClient, folder: Path, path: str) -> None:
    """W5"""
    before = files(folder)
    fields = {**FIELDS, "url": "http://127.0.0.1:9/", "on": "no"}
    token = desk.cookies[TOKEN]
    forged = {"origin": "https://evil.example"}
    from_elsewhere = desk.post(path, data={**fields, "token": token}, headers=forged)
    assert from_elsewhere.status_code == 403
    assert desk.post(path, data=fields).status_code == 403
    assert desk.post(path, data={**fields, "token": "x" * 43}).status_code == 403
    assert files(folder) == before


def set_contact(folder: Path) -> None:
    """Public sites may be visited, too."""
    config = folder.parent / "babelwire.toml"
    text = config.read_text("utf-8")
    contact = json.dumps("https://example.org/about")
    made = re.sub(r"(?m)^contact = .*$", f"contact = {contact}", text)
    assert made != text
    config.write_text(made, "utf-8")


def test_files_are_read_again_only_where_one_changed(tmp_path: Path) -> None:
    root = make_workspace(tmp_path / "w").root
    with open_services(find_workspace(root)) as services:
        before = services.fresh_workspace()
        assert services.fresh_workspace() is before
        lines = (
            'name = "a"',
            'kind = "news"',
            'publisher = "A"',
            'feeds = ["https://a.example/f"]',
        )
        (root / "sources" / "a.toml").write_text("\n".join(lines), "utf-8")
        after = services.fresh_workspace()
        assert list(after.sources) == ["a"]
        (root / "sources" / "a.toml").unlink()
        assert list(services.fresh_workspace().sources) == []
