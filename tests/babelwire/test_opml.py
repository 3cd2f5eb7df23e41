"""Feeds of OPML files become sources, and hostile files do no harm."""

import tomllib
from pathlib import Path

import pytest

from babelwire.opml import MAX_BYTES, MAX_FEEDS, read_opml
from babelwire.opml_import import planned
from babelwire.sourcefile import draft_text
from babelwire.workspace import Workspace
from pipeline.errors import InputError
from pipeline.sources import read_sources
from tests.babelwire.conftest import babelwire


def opml(outlines: str, head: str = "") -> bytes:
    text = f'<?xml version="1.0" encoding="UTF-8"?>{head}<opml version="2.0"><head>'
    return f"{text}<title>T</title></head><body>{outlines}</body></opml>".encode()


def outline(url: str, **attributes: str) -> str:
    given = {"type": "rss", "text": "A feed", "xmlUrl": url, **attributes}
    told = " ".join(f'{name}="{value}"' for name, value in given.items())
    return f"<outline {told}/>"


FOLDERS = opml(
    '<outline text="News"><outline text="Asia">'
    + outline(
        "https://feeds.example.net/lantern",
        text="The Lantern &amp; Co",
        htmlUrl="https://www.lantern.example/",
        language="en-us",
        category="/Boston/Weather,/Tags",
    )
    + "</outline>"
    + outline("https://lantern.example/sport.xml", text="Sport")
    + outline("feed://tram.example/rss", title="Трамвай")
    + outline("feed:https://tram.example/rss2", text="")
    + "</outline>"
    + '<outline type="link" text="A page" url="https://example.org/"/>'
)


def test_feeds_have_their_titles_sites_languages_and_folders() -> None:
    first, second, third, fourth = read_opml(FOLDERS).feeds
    assert first.title == "The Lantern & Co"
    assert first.url == "https://feeds.example.net/lantern"
    assert first.site_url == "https://www.lantern.example/"
    assert first.language == "en"
    assert first.folders == ("News", "Asia", "Boston / Weather", "Tags")
    assert second.folders == ("News",)
    assert (third.url, third.title) == ("http://tram.example/rss", "Трамвай")
    assert fourth.url == "https://tram.example/rss2"


@pytest.mark.parametrize(
    ("attributes", "reason"),
    [
        ({"xmlUrl": "file:///etc/passwd"}, "not http or https"),
        ({"xmlUrl": "gopher://example.org/"}, "not http or https"),
        ({"xmlUrl": "javascript:alert(1)"}, "not http or https"),
        ({"xmlUrl": "https://"}, "not http or https"),
        ({"xmlUrl": "https://e.org/" + "x" * 3000}, "not http or https"),
        ({"xmlUrl": "https://user:secret@e.org/feed"}, "with a password"),
        ({"xmlUrl": " "}, "without an address"),
    ],
)
def test_what_is_no_address_of_a_feed_is_left_out_and_counted(
    attributes: dict[str, str], reason: str
) -> None:
    listed = read_opml(opml(outline("https://e.org/feed") + outline("", **attributes)))
    assert [feed.url for feed in listed.feeds] == ["https://e.org/feed"]
    ((told, number),) = listed.skipped.items()
    assert reason in told
    assert number == 1


def test_a_feed_that_is_listed_twice_is_one() -> None:
    twice = outline("https://e.org/feed") + outline("http://e.org:80/feed")
    listed = read_opml(opml(twice))
    assert len(listed.feeds) == 1
    assert listed.skipped == {"listed twice": 1}


BOMB = "<!DOCTYPE x [<!ENTITY a 'aaaaaaaaaa'>" + "".join(
    f"<!ENTITY {chr(98 + n)} '{f'&{chr(97 + n)};' * 10}'>" for n in range(9)
)


@pytest.mark.parametrize(
    "head",
    [
        BOMB + "]>",
        "<!DOCTYPE x [<!ENTITY e SYSTEM 'file:///etc/passwd'>]>",
        "<!DOCTYPE x [<!entity % e SYSTEM 'http://127.0.0.1/x.dtd'> %e;]>",
    ],
)
def test_entities_are_refused(head: str) -> None:
    """C8"""
    with pytest.raises(InputError, match="declares entities"):
        read_opml(opml(outline("https://e.org/&j;", text="&e;"), head))


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", "is no OPML"),
        (b"<html><body>x</body></html>", "is no OPML"),
        (b"\x00\x01\x02", "is no OPML"),
        (b'<outline xmlUrl="https://e.org/feed"/>', "is no OPML"),
        (b"x" * (MAX_BYTES + 1), "larger than"),
    ],
)
def test_what_is_no_list_of_feeds_is_refused(body: bytes, message: str) -> None:
    with pytest.raises(InputError, match=message):
        read_opml(body)


def test_a_broken_file_gives_what_can_be_read() -> None:
    body = opml(outline("https://e.org/1") + outline("https://e.org/2", text="A & B"))
    assert [feed.url for feed in read_opml(body[:-14]).feeds] == [
        "https://e.org/1",
        "https://e.org/2",
    ]


def test_a_hundred_thousand_outlines_are_cut_at_the_limit_and_the_rest_is_counted() -> (
    None
):
    many = "".join(f'<outline xmlUrl="http://e.org/{n}"/>' for n in range(100_000))
    listed = read_opml(opml(many))
    assert len(listed.feeds) == MAX_FEEDS
    assert listed.skipped == {
        f"beyond the {MAX_FEEDS:,} feeds that are taken": 100_000 - MAX_FEEDS
    }


def test_outlines_nested_without_end_break_nothing() -> None:
    deep = '<outline text="x">' * 50_000
    body = opml(outline("https://e.org/1") + deep + outline("https://e.org/2"))
    assert read_opml(body).feeds[0].url == "https://e.org/1"


# --- Sources -----------------------------------------------------------------


@pytest.fixture
def empty(workspace: Path) -> Workspace:
    return Workspace(workspace)


def test_feeds_of_one_site_become_one_source(empty: Workspace) -> None:
    plan = planned(empty, read_opml(FOLDERS).feeds, "news")
    lantern, tram = plan.drafts
    assert lantern.feeds == (
        "https://feeds.example.net/lantern",
        "https://lantern.example/sport.xml",
    )
    assert (lantern.name, lantern.publisher) == ("lantern-example", "lantern.example")
    # Articles lie on the site, not at the feed's host, with www or without.
    assert lantern.hosts == ("www.lantern.example",)
    assert lantern.languages == ("en",)
    assert (tram.name, len(tram.feeds)) == ("tram-example", 2)


def test_the_only_feed_of_a_site_names_its_publisher(empty: Workspace) -> None:
    feeds = read_opml(opml(outline("https://www.e.org/rss", text="The Echo"))).feeds
    (draft,) = planned(empty, feeds, "official").drafts
    assert (draft.name, draft.publisher, draft.kind) == (
        "e-org",
        "The Echo",
        "official",
    )
    assert draft.hosts == ("e.org",)


def test_hosts_whose_names_look_alike_become_sources_of_their_own(
    empty: Workspace,
) -> None:
    urls = ("https://a-b.org/1", "https://a.b.org/1", "https://a-b.org:8443/1")
    feeds = read_opml(opml("".join(map(outline, urls)))).feeds
    names = [draft.name for draft in planned(empty, feeds, "news").drafts]
    assert names == ["a-b-org", "a-b-org-2", "a-b-org-3"]


def test_a_title_writes_no_line_of_the_file_and_no_name_leads_elsewhere(
    empty: Workspace, tmp_path: Path
) -> None:
    """W8"""
    evil = "x&#10;enabled = true&#10;[rights]&#13;\u202e'''&quot;&quot;&quot;\u2028\\"
    body = opml(
        f'<outline text="{evil}">'
        + outline("https://e.org/../../etc/feed", text=evil, language="../x")
        + outline("https://..%2f..%2fetc/feed", text="../../etc/passwd")
        + "</outline>"
    )
    for draft in planned(empty, read_opml(body).feeds, "news").drafts:
        assert "/" not in draft.name
        assert "." not in draft.name
        text = draft_text(draft)
        source = tomllib.loads(text)
        assert "enabled" not in source
        assert source["rights"]["show"] == "excerpt"
        assert source["languages"] == []
        assert source["verified"] is False


# --- The command -------------------------------------------------------------


def imported(workspace: Path, body: bytes, *options: str) -> tuple[int, str]:
    path = workspace / "feeds.opml"
    path.write_bytes(body)
    ran = babelwire("source", "import", path, *options, workspace=workspace)
    return ran.status, ran.out + ran.err


def test_import_writes_sources_that_are_valid_and_says_how_many(
    workspace: Path,
) -> None:
    bad = outline("ftp://e.org/feed")
    body = FOLDERS.replace(b"<body>", b"<body>" + bad.encode())
    status, said = imported(workspace, body, "--yes")
    assert status == 0, said
    assert "Wrote 2 sources with 4 feeds." in said
    assert "left out: 1 feed with an address that is not http or https" in said
    sources = read_sources(workspace / "sources")
    assert set(sources) == {"lantern-example", "tram-example"}
    assert not sources["tram-example"].verified
    text = (workspace / "sources" / "lantern-example.toml").read_text("utf-8")
    assert "# News / Asia / Boston / Weather / Tags: The Lantern & Co\n" in text


def test_what_is_followed_already_is_skipped_with_a_line(workspace: Path) -> None:
    imported(workspace, opml(outline("https://tram.example/rss")), "--yes")
    before = (workspace / "sources" / "tram-example.toml").read_text("utf-8")
    status, said = imported(workspace, FOLDERS, "--yes")
    assert status == 0
    assert "tram-example: follows http://tram.example/rss already" in said
    assert "to follow https://tram.example/rss2 as well, add it to" in said
    assert "Wrote 1 source with 2 feeds." in said
    assert (workspace / "sources" / "tram-example.toml").read_text("utf-8") == before
    assert "Nothing new to write." in imported(workspace, FOLDERS, "--yes")[1]


def test_a_script_must_say_yes(workspace: Path) -> None:
    status, said = imported(workspace, FOLDERS)
    assert status == 2
    assert "add --yes" in said
    assert list((workspace / "sources").iterdir()) == []


@pytest.mark.parametrize("body", [b"<html/>", opml(""), opml("", BOMB + "]>")])
def test_what_lists_no_feed_is_wrong_use(workspace: Path, body: bytes) -> None:
    status, said = imported(workspace, body, "--yes")
    assert status == 2
    assert "feeds.opml: " in said
