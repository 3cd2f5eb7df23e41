"""The two texts it all started from go the whole way."""

import json
import os
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from babelwire.demo.server import WorldServer
from babelwire.demo.world import Request, Response
from tests.babelwire.conftest import babelwire

SEEDS = Path(os.environ.get("BABELWIRE_SEEDS", "missing"))

ENGLISH = {
    "Tại Kazan sẽ tổ chức": "A forum of the cities of the BRICS+ countries will be"
    " held in Kazan",
    "200 vị đứng đầu": "Heads of 200 city administrations from 21 countries take part",
    "وجاء في الرسالة": "The message published on the Kremlin website says: authorities"
    " of local self-government are to exchange experience",
    "وافتتحت مدينة قازان": "The Russian city of Kazan opened the BRICS cities forum"
    " today, Friday 21 June 2024",
}


def paragraphs() -> tuple[list[str], list[str]]:
    texts = [path.read_text("utf-8") for path in sorted(SEEDS.glob("*.txt"))]
    vietnamese = next(t for t in texts if "Diễn đàn" in t)
    arabic = next(t for t in texts if "قازان" in t and t is not vietnamese)
    return vietnamese.strip().split("\n"), arabic.strip().split("\n")


def page(title: str, parts: list[str], language: str, published: str) -> bytes:
    body = "".join(f"<p>{part}</p>\n" for part in parts if part.strip())
    direction = "rtl" if language == "ar" else "ltr"
    return f"""<!doctype html><html lang="{language}" dir="{direction}"><head>
<meta charset="utf-8"><title>{title} | Demo</title>
<meta property="og:title" content="{title}">
<meta property="og:site_name" content="Demo">
<meta property="article:published_time" content="{published}"></head><body>
<nav><a href="/">Menu one</a> <a href="/b">Menu two</a></nav>
<main><article><h1>{title}</h1>{body}</article></main>
<aside><h3>Related</h3><a href="/x">Something related that is not the text</a></aside>
<footer>Copyright notice of the site, all rights reserved.</footer>
</body></html>""".encode()


def feed(base: str, title: str) -> bytes:
    return f"""<?xml version="1.0"?><rss version="2.0"><channel><title>S</title>
<item><title>{title}</title><link>{base}/2024/forum.html</link></item>
</channel></rss>""".encode()


class Translating(BaseHTTPRequestHandler):
    """A LibreTranslate stub that knows a few sentences."""

    def do_POST(self) -> None:
        length = int(self.headers["Content-Length"])
        asked = json.loads(self.rfile.read(length))
        answer = {"translatedText": [self.english(text) for text in asked["q"]]}
        body = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def english(self, text: str) -> str:
        known = (english for part, english in ENGLISH.items() if part in text)
        return next(known, f"(a sentence of {len(text.split())} words)")

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("seeds") / "workspace"
    babelwire("init", folder)
    vietnamese, arabic = paragraphs()
    titles = {"vi": vietnamese[0], "ar": "رسالة إلى منتدى المدن في قازان"}
    pages = {
        "vi": page(titles["vi"], vietnamese[1:], "vi", "2024-06-20T09:00:00+07:00"),
        "ar": page(titles["ar"], arabic, "ar", "2024-06-21T15:30:00+03:00"),
    }
    urls: dict[str, str] = {}

    def respond(request: Request) -> Response:
        if request.target == "/feed.xml":
            body = feed(urls[request.site], titles[request.site])
            return Response(headers={"Content-Type": "application/rss+xml"}, body=body)
        if request.target == "/2024/forum.html":
            return Response(
                headers={"Content-Type": "text/html; charset=utf-8"},
                body=pages[request.site],
            )
        return Response(status=404)

    translator = HTTPServer(("127.0.0.1", 0), Translating)
    Thread(target=translator.serve_forever, daemon=True).start()
    with WorldServer(respond, ["vi", "ar"]) as server:
        urls.update(server.urls)
        configure(folder, server.urls, translator.server_port)
        ran = babelwire("run", workspace=folder)
        assert ran.status == 0, ran.err
        yield folder
    translator.shutdown()
    translator.server_close()


def configure(folder: Path, urls: dict[str, str], port: int) -> None:
    config = folder / "babelwire.toml"
    text = config.read_text("utf-8")
    text = text.replace("allow_networks = []", 'allow_networks = ["127.0.0.1/32"]')
    text = text.replace('"firefox", "ctranslate2"]', '"lt"]')
    assert '"lt"]' in text
    text += (
        f'\n[translation.engines.lt]\nkind = "libretranslate"\n'
        f'url = "http://127.0.0.1:{port}"\n'
    )
    config.write_text(text, "utf-8")
    for language, url in urls.items():
        (folder / "sources" / f"{language}.toml").write_text(
            f'name = "{language}"\nkind = "news"\npublisher = "Seed {language}"\n'
            f'feeds = ["{url}/feed.xml"]\ndelay_seconds = 0.0\n',
            "utf-8",
        )


def shown(workspace: Path, language: str) -> dict[str, Any]:
    found = babelwire("search", f"lang:{language}", "--json", workspace=workspace).json
    assert found["total"] == 1
    return babelwire("show", found["hits"][0]["id"], "--json", workspace=workspace).json


def test_languages_and_dates_are_right(workspace: Path) -> None:
    vietnamese, arabic = shown(workspace, "vi"), shown(workspace, "ar")
    assert vietnamese["language"] == "vi"
    assert vietnamese["published_at"] == "2024-06-20T02:00:00+00:00"
    assert arabic["language"] == "ar"
    assert arabic["published_at"] == "2024-06-21T12:30:00+00:00"


@pytest.mark.parametrize("language", ["vi", "ar"])
def test_text_is_the_seeds_and_nothing_of_the_furniture(
    workspace: Path, language: str
) -> None:
    vietnamese, arabic = paragraphs()
    expected = vietnamese[1:] if language == "vi" else arabic
    wanted = [" ".join(part.split()) for part in expected if part.strip()]
    document = shown(workspace, language)
    kept = document["text"].split("\n")
    missing = [part for part in wanted if part not in kept]
    # Lines of the page's furniture that the seed itself carries ("Sputnik",
    # "Multimedia") may go: they are no sentences of the article.
    assert all(len(part.split()) < 15 for part in missing), missing
    assert [part for part in kept if part not in wanted] == []
    assert "Menu" not in document["text"]
    assert "Copyright" not in document["text"]


def test_quotation_marks_are_kept(workspace: Path) -> None:
    assert "«Russia Today»" in shown(workspace, "vi")["text"]
    assert '"بريكس"' in shown(workspace, "ar")["text"]


@pytest.mark.parametrize(
    ("query", "language"),
    [
        ("Thị trưởng Kazan Ilsur Metshin", "vi"),
        ("thi truong Kazan Ilsur Metshin", "vi"),
        ("Hiệp hội các thành phố", "vi"),
        ("منتدى مدن بريكس قازان", "ar"),
        ("الرسالة الكرملين", "ar"),
        ("heads of 200 city administrations", "vi"),
        ("message published on the Kremlin website", "ar"),
    ],
)
def test_a_query_finds_the_right_text_first(
    workspace: Path, query: str, language: str
) -> None:
    found = babelwire("search", query, "--json", workspace=workspace).json
    assert found["hits"][0]["language"] == language


def test_one_english_query_finds_both_with_both_passages(workspace: Path) -> None:
    found = babelwire(
        "search", "Kazan BRICS cities", "--json", workspace=workspace
    ).json
    assert {hit["language"] for hit in found["hits"]} == {"vi", "ar"}
    for hit in found["hits"]:
        assert {p["side"] for p in hit["passages"]} == {"original", "translation"}
