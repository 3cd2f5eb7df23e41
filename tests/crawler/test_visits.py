"""One crawl of a site where every article fares differently; the answers are read
from the store and the archive."""

import gzip
import zlib

import pytest

from tests.crawler.workspace import articles, source
from tests.site import (
    HTML,
    Response,
    Site,
    big,
    bomb,
    chunked_cut,
    cut,
    drip,
    header_flood,
    redirect,
    reset,
    status,
    wrong_charset,
)

MEBIBYTE = 1 << 20


def encoded(body: bytes, encoding: str) -> Response:
    return Response(headers={**HTML, "Content-Encoding": encoding}, body=body)


def double_bomb() -> Response:
    inner = gzip.compress(bytes(64 * MEBIBYTE))
    return encoded(gzip.compress(inner), "gzip, gzip")


UNTOLD = {"Content-Type": "application/octet-stream"}

ANSWERS = {
    "/a/plain": None,
    "/a/gzip": encoded(gzip.compress(b"<p>packed</p>"), "gzip"),
    "/a/deflate": encoded(zlib.compress(b"<p>packed</p>"), "deflate"),
    "/a/charset": wrong_charset("<p>Казань</p>", "windows-1251", "utf-8"),
    "/a/404": status(404),
    "/a/410": status(410),
    "/a/403": status(403),
    "/a/500": status(500),
    "/a/reset": reset(),
    "/a/cut": cut(b"<p>half"),
    "/a/chunked-cut": chunked_cut(b"<p>half"),
    "/a/gzip-cut": encoded(gzip.compress(b"<p>x</p>" * 99)[:-9], "gzip"),
    "/a/drip": drip(b"<p>slow</p>" * 9),
    "/a/big": big(3 * MEBIBYTE),
    "/a/gzip-bomb": bomb("gzip", 64 * MEBIBYTE),
    "/a/br-bomb": bomb("br", 64 * MEBIBYTE),
    "/a/zstd-bomb": bomb("zstd", 64 * MEBIBYTE),
    "/a/double-bomb": double_bomb(),
    "/a/strange": encoded(b"???", "sdch"),
    "/a/flood": header_flood(),
    "/a/pdf": Response(headers={"Content-Type": "application/pdf"}, body=b"%PDF-"),
    "/a/untold-pdf": Response(headers=UNTOLD, body=b"%PDF-"),
    "/a/untold": Response(headers=UNTOLD, body=b"BM"),
    "/a/empty": Response(headers=HTML),
    "/a/304": status(304),
    "/a/to-plain": redirect("/a/plain"),
    "/a/to-new": redirect("/a/new"),
    "/a/to-home": redirect("/"),
    "/a/to-itself": redirect("/a/to-itself"),
    "/a/to-loop": redirect("/a/loop-back"),
    "/a/loop-back": redirect("/a/to-loop"),
    "/a/to-file": redirect("file:///etc/passwd"),
    "/a/to-ssh": redirect("http://127.0.0.1:22/a/x"),
    "/a/to-private": redirect("http://10.0.0.1/a/x"),
    "/a/to-credentials": redirect("http://u:p@127.0.0.1/a/x"),
    "/a/nowhere": Response(status=302),
    "/a/hop1": redirect("/a/hop2"),
}

REASONS = {
    "/a/404": ("rejected", "http_404"),
    "/a/410": ("rejected", "http_410"),
    "/a/403": ("rejected", "http_403"),
    "/a/500": ("failed", "http_500"),
    "/a/reset": ("failed", "connection_lost"),
    "/a/cut": ("failed", "truncated"),
    "/a/chunked-cut": ("failed", "truncated"),
    "/a/gzip-cut": ("failed", "truncated"),
    "/a/drip": ("failed", "timeout"),
    "/a/big": ("rejected", "too_large"),
    "/a/gzip-bomb": ("rejected", "too_large"),
    "/a/br-bomb": ("rejected", "too_large"),
    "/a/zstd-bomb": ("rejected", "too_large"),
    "/a/double-bomb": ("rejected", "too_large"),
    "/a/strange": ("rejected", "unknown_encoding"),
    "/a/pdf": ("pending", ""),
    "/a/untold-pdf": ("pending", ""),
    "/a/untold": ("rejected", "not_html"),
    "/a/empty": ("rejected", "empty_body"),
    "/a/304": ("rejected", "http_304"),
    "/a/to-plain": ("duplicate", ""),
    "/a/to-new": ("duplicate", ""),
    "/a/to-home": ("rejected", "redirect_out_of_scope"),
    "/a/to-itself": ("failed", "redirect_loop"),
    "/a/to-file": ("rejected", "redirect_not_http"),
    "/a/nowhere": ("rejected", "http_302"),
}


@pytest.fixture(scope="module")
def visited(make_workspace):
    workspace = make_workspace("visited")
    with Site() as site:
        articles(site, ANSWERS)
        site.add("/a/new", body="<p>new</p>")
        for number in range(2, 9):
            site.add(f"/a/hop{number}", redirect(f"/a/hop{number + 1}"))
        result = workspace.crawl(
            source(site),
            limits={"max_body_bytes": 2 * MEBIBYTE, "host_failures": 999},
        )
        yield workspace, site, result


def test_nothing_unexpected_happens(visited):
    _, _, result = visited
    assert result.stderr == ""
    assert result.exit_status == 1  # some failed for good


@pytest.mark.parametrize(("path", "expected"), REASONS.items())
def test_the_outcome_says_what_happened(visited, path, expected):
    """C4, C6, C7, C16."""
    workspace, site, _ = visited
    assert workspace.outcome(site.url(path)) == expected


def test_an_answer_with_too_many_headers_is_no_article(visited):
    workspace, site, _ = visited
    assert workspace.outcome(site.url("/a/flood"))[0] in {"failed", "rejected"}


def test_a_bad_answer_is_asked_for_three_times(visited):
    """C16."""
    _, site, _ = visited
    for path in ("/a/500", "/a/cut", "/a/gzip-cut", "/a/drip"):
        assert site.count(path) == 3
    for path in ("/a/404", "/a/untold", "/a/big"):
        assert site.count(path) == 1


def test_a_cut_body_is_never_archived(visited):
    """C16."""
    workspace, site, _ = visited
    for path in ("/a/cut", "/a/chunked-cut", "/a/gzip-cut"):
        assert workspace.pages(site.url(path)) == []


def test_the_body_is_archived_as_it_came_and_read_back_decoded(visited):
    workspace, site, _ = visited
    (page,) = workspace.pages(site.url("/a/gzip"))
    stored = workspace.stored(page)
    assert stored.body == b"<p>packed</p>"
    assert stored.checksum == page.body_checksum
    assert stored.header("Content-Encoding") == "gzip"


def test_a_wrong_charset_keeps_the_bytes(visited):
    """C11."""
    workspace, site, _ = visited
    (page,) = workspace.pages(site.url("/a/charset"))
    assert workspace.stored(page).body == "<p>Казань</p>".encode("windows-1251")


def test_a_redirect_is_a_page_and_its_target_is_visited_once(visited):
    workspace, site, _ = visited
    row = workspace.row(site.url("/a/to-new"))
    assert row.alias_of_key == workspace.row(site.url("/a/new")).url_key
    assert workspace.row(site.url("/a/new")).via == "redirect"
    assert [page.status for page in workspace.pages(row.url)] == [302]
    assert site.count("/a/plain") == site.count("/a/new") == 1


def test_a_ring_of_redirects_ends(visited):
    workspace, site, _ = visited
    ends = {workspace.outcome(site.url(p)) for p in ("/a/to-loop", "/a/loop-back")}
    assert ("failed", "redirect_loop") in ends


def test_a_chain_of_redirects_ends_after_five(visited):
    workspace, site, _ = visited
    chain = [row for row in workspace.table("urls") if "/a/hop" in row.url]
    assert [row.outcome for row in chain] == ["duplicate"] * 5 + ["failed"]
    assert chain[-1].reason == "too_many_redirects"
    assert site.count("/a/hop7") == 0


def test_redirects_to_ports_and_private_addresses_are_never_followed(visited):
    """C4, C15."""
    workspace, site, _ = visited
    for path in ("/a/to-ssh", "/a/to-private", "/a/to-credentials"):
        outcome, reason = workspace.outcome(site.url(path))
        assert (outcome, reason) == ("rejected", "redirect_out_of_scope")


def test_every_url_is_counted_once(visited):
    workspace, _, result = visited
    balance = workspace.balance()["site"]
    rows = [row for row in workspace.table("urls") if row.role == "article"]
    assert balance.discovered == len(rows)
    assert result.finished["site"]["balance"] == balance.as_mapping()


def test_pages_with_a_body_wait_for_extraction(visited):
    workspace, site, _ = visited
    pages = ("plain", "gzip", "deflate", "charset", "new", "pdf", "untold-pdf")
    due = {row.item for row in workspace.table("work") if row.stage == "extract"}
    expected = {workspace.row(site.url(f"/a/{path}")).page_id for path in pages}
    assert due == expected
    assert workspace.outcome(site.url("/a/plain")) == ("pending", "")


def test_every_record_is_where_the_store_says(visited):
    workspace, _, _ = visited
    for page in workspace.table("pages"):
        stored = workspace.stored(page)
        assert (stored.url, stored.status) == (page.url, page.status)
