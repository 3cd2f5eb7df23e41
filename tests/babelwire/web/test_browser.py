"""The pages in a real Chromium: wide, on a phone, in Arabic, without JavaScript."""

import contextlib
import re
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Self

import pytest
import uvicorn
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, Request, expect, sync_playwright

from babelwire.assembly import now
from babelwire.commands.serve import listening
from babelwire.users import add_user
from babelwire.web.app import make_app
from babelwire.web.services import Services, open_services
from babelwire.workspace import find_workspace, make_workspace
from pipeline.documents import Document
from search_index.entry import build_entry
from tests.babelwire.conftest import Demo, copied
from tests.conftest import CHROMIUM
from tests.search_index.samples import document

pytestmark = pytest.mark.browser

WIDE, PHONE = (1280, 900), (360, 740)
ARGUMENTS = [
    "--no-sandbox",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-gpu",
    "--disable-quic",
    "--disable-sync",
    "--no-first-run",
]
PAGES = (
    "/",
    "/?q=mayors+kazan",
    "/?q=zzzzz",
    "/table?q=mayors+kazan",
    "/reviews",
    "/corrections",
    "/names",
    "/names/kazan",
    "/names/vietnam",
    "/names/counts?q=kazan",
    "/account",
    "/users",
    "/sources",
    "/sources/vestnik-kazanki",
    "/status",
    "/?q=%28",
)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def home(services: Services) -> Iterator[str]:
    """The demo's desk, served on loopback."""
    with served(services) as address:
        yield address


@contextlib.contextmanager
def served(services: Services) -> Iterator[str]:
    """A desk on a port of its own, in a thread."""
    with contextlib.closing(listening("127.0.0.1", 0)) as listener:
        server = uvicorn.Server(uvicorn.Config(make_app(services), log_level="error"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        server.should_exit = True
        thread.join(10)


@pytest.fixture
def own_services(demo: Demo, tmp_path: Path) -> Iterator[Services]:
    """A copy of the demo, which may be changed."""
    copied(demo.workspace, tmp_path / "copy")
    with open_services(find_workspace(tmp_path / "copy")) as services:
        yield services


@pytest.fixture
def own_home(own_services: Services) -> Iterator[str]:
    """The desk of it."""
    with served(own_services) as address:
        yield address


class Visit:
    """A reader's tab, and everything that went out or went wrong in it."""

    def __init__(self, browser: Browser, home: str, **options: Any) -> None:
        width, height = options.pop("size", WIDE)
        self.context = browser.new_context(
            viewport={"width": width, "height": height},
            locale=options.pop("locale", "en-GB"),
            timezone_id="Asia/Tokyo",
            **options,
        )
        self.home = home
        self.page: Page = self.context.new_page()
        self.requests: list[Request] = []
        self.troubles: list[str] = []
        self.page.on("request", lambda request: self.requests.append(request))
        self.page.on("pageerror", lambda error: self.troubles.append(str(error)))
        self.page.on("dialog", lambda dialog: self.troubles.append(dialog.message))

    def go(self, path: str) -> Page:
        self.page.goto(self.home + path)
        return self.page

    def outside(self) -> list[str]:
        return [r.url for r in self.requests if not r.url.startswith(self.home)]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.context.close()


def fits(page: Page) -> bool:
    """Whether nothing has to be scrolled sideways."""
    script = (
        "document.documentElement.scrollWidth <= document.documentElement.clientWidth"
    )
    return bool(page.evaluate(script))


@pytest.mark.parametrize(
    ("size", "locale"),
    [(WIDE, "en-GB"), (PHONE, "vi-VN"), (PHONE, "ar-EG"), (WIDE, "ar-EG")],
)
def test_every_page_fits_and_bars_nobody(
    browser: Browser, home: str, size: tuple[int, int], locale: str
) -> None:
    with Visit(browser, home, size=size, locale=locale) as visit:
        visit.go("/?q=kazan&lang=ar")
        visit.page.locator(".hit h3 a").first.click()
        for path in (visit.page.url.removeprefix(home), *PAGES):
            page = visit.go(path)
            assert fits(page), path
            found = Axe().run(page).response["violations"]
            serious = [v["id"] for v in found if v["impact"] in {"serious", "critical"}]
            assert serious == [], path
        assert visit.outside() == []
        assert visit.troubles == []


def test_a_reader_finds_reads_and_cites_without_javascript(
    browser: Browser, home: str
) -> None:
    with Visit(browser, home, java_script_enabled=False) as visit:
        page = visit.go("/")
        page.get_by_role("searchbox").fill("mayors kazan forum")
        page.get_by_role("button", name="Search").click()
        expect(page.get_by_role("status")).to_contain_text(
            "documents with all the words"
        )
        page.get_by_role("link", name="Arabic").click()
        page.locator(".hit h3 a").first.click()
        expect(page.locator(".pair .original").first).to_have_attribute("dir", "rtl")
        page.get_by_role("link", name="Translation", exact=True).click()
        assert page.locator(".pair .original").first.is_hidden()
        assert re.search(r"d[a-z2-7]{16}@\d", page.locator(".citation").inner_text())
        page.go_back()
        page.go_back()
        expect(page.get_by_role("searchbox")).to_have_value("mayors kazan forum")


def test_keys_move_through_an_answer(browser: Browser, home: str) -> None:
    with Visit(browser, home) as visit:
        page = visit.go("/?q=kazan")
        for key in "jjk":
            page.keyboard.press(key)
        first = page.locator(".hit").first
        expect(first).to_have_class("hit chosen")
        page.keyboard.press("/")
        expect(page.get_by_role("searchbox")).to_be_focused()
        page.keyboard.type("j")  # a letter, while one writes
        expect(page.get_by_role("searchbox")).to_have_value("j")
        page.locator("h3 a").first.focus()
        page.keyboard.press("j")
        page.keyboard.press("o")
        page.wait_for_url("**/documents/**")
        page.keyboard.press("t")
        page.wait_for_url("**view=original")


def test_the_first_ten_minutes_of_a_press_officer(
    browser: Browser, own_home: str
) -> None:
    """From two finds by key to a sent review, read again as it was sent."""
    with Visit(browser, own_home) as visit:
        for language in ("ar", "vi"):
            page = visit.go(f"/?q=forum&lang={language}")
            page.keyboard.press("j")
            with page.expect_navigation():
                page.keyboard.press("r")
            expect(page.locator(".chosen-mark")).to_have_count(1)
        page = visit.go("/reviews")
        page.locator("h3 a").first.click()
        found = Axe().run(page).response["violations"]
        assert [v["id"] for v in found if v["impact"] in {"serious", "critical"}] == []
        assert fits(page)
        page.locator("textarea").first.fill("Mayors of 21 countries met in Kazan.")
        page.get_by_role("button", name="Save").first.click()
        page.get_by_role("button", name="Approve").click()
        page.get_by_role("button", name="Send").click()
        expect(page.get_by_text("It stays as it was sent")).to_be_visible()
        page.get_by_role("link", name="look at it").click()
        text = page.inner_text("body")
        assert "Mayors of 21 countries met in Kazan." in text
        assert "قازان" in text
        assert visit.outside() == []


@pytest.mark.parametrize(
    ("size", "locale", "scripts"), [(WIDE, "en-GB", False), (PHONE, "ar-EG", True)]
)
def test_a_user_signs_in_where_they_wanted_to_go_and_out(
    browser: Browser,
    own_services: Services,
    own_home: str,
    size: tuple[int, int],
    locale: str,
    scripts: bool,
) -> None:
    password = "correct horse battery staple"
    add_user(own_services.database, "omar", "editor", password, now())
    options = {"size": size, "locale": locale, "java_script_enabled": scripts}
    with Visit(browser, own_home, **options) as visit:
        page = visit.go("/?q=kazan")
        assert page.url.startswith(own_home + "/login?back=")
        if scripts:
            assert fits(page)
            assert Axe().run(page).response["violations"] == []
        page.fill("input[name=name]", "omar")
        page.fill("input[name=password]", "a wrong password")
        page.click("main form button")
        page.locator("[role=alert]").wait_for()
        page.fill("input[name=name]", "omar")
        page.fill("input[name=password]", password)
        page.click("main form button")
        page.locator(".hit").first.wait_for()
        assert page.url == own_home + "/?q=kazan"
        page.click("form.who button")
        page.locator("input[name=password]").wait_for()
        assert page.url == own_home + "/login"
        assert "/login" in visit.go("/reviews").url


def test_a_summary_is_counted_while_it_is_written(
    browser: Browser, own_home: str
) -> None:
    with Visit(browser, own_home) as visit:
        page = visit.go("/?q=forum&lang=ar")
        page.keyboard.press("j")
        with page.expect_navigation():
            page.keyboard.press("r")
        page = visit.go("/reviews")
        page.locator("h3 a").first.click()
        summary, told = page.locator("textarea").first, page.locator("[data-counts]")
        summary.fill("ả😀\nb")
        expect(told).to_contain_text("4 of 600 characters")
        expect(told.locator("strong")).to_be_hidden()
        summary.fill("x" * 1201)
        expect(told).to_contain_text("1,201 of 600 characters")
        expect(told.get_by_text("Too long")).to_be_visible()
        page.get_by_role("button", name="Save").first.click()
        expect(page.locator("main")).to_contain_text("at most 600 are allowed")
        page.go_back()
        expect(page.locator("textarea").first).to_have_value("x" * 1201)
        expect(page.get_by_text("Too long")).to_be_visible()
        assert visit.troubles == []


def test_times_are_those_of_the_browser_from_the_second_page_on(
    browser: Browser, home: str
) -> None:
    with Visit(browser, home) as visit:
        visit.go("/")
        assert "Times are those of Asia/Tokyo" in visit.go("/").inner_text(".bottom")


def test_the_timeline_narrows_to_a_day(browser: Browser, home: str) -> None:
    with Visit(browser, home) as visit:
        page = visit.go("/?q=kazan")
        page.locator(".timeline svg a").first.click()
        page.wait_for_url("**from=*to=*")
        assert page.locator(".chips li").count() == 2


def test_the_language_is_chosen_at_the_foot(browser: Browser, home: str) -> None:
    with Visit(browser, home) as visit:
        page = visit.go("/?q=kazan")
        page.locator("select[name=language]").select_option("ar")
        page.get_by_role("button", name="Set").click()
        expect(page.locator("html")).to_have_attribute("dir", "rtl")
        expect(page.get_by_role("searchbox")).to_have_value("kazan")


def test_an_answer_is_light(browser: Browser, home: str) -> None:
    """At most 80 kB come over the line for a first answer."""
    with Visit(browser, home) as visit:
        visit.go("/?q=mayors+kazan")
        sizes = [r.sizes()["responseBodySize"] for r in visit.requests]
        assert sum(sizes) <= 80_000


HOSTILE = (
    '<script>alert("title")</script>',
    '"><img src=x onerror=alert(1)>',
    "javascript:alert(1)",
    "\u202egnihsihp\u202c \u2066x",
)


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A desk whose index holds what somebody put there to harm its readers."""
    workspace = make_workspace(tmp_path_factory.mktemp("hostile") / "w")
    with open_services(workspace) as services:
        index = services.index
        index.create("g-1", analysis="2", target="en")
        index.activate("g-1")
        with index.write("g-1") as writer:
            writer.put([build_entry(each, "en") for each in hostile_documents()])
            writer.commit()
        with served(services) as address:
            yield address


def hostile_documents() -> list[Document]:
    return [
        document(
            f"n{place}",
            f"mayors {text} met",
            "ar",
            title=f"mayors {text}",
            english=f"mayors {text} met",
            english_title=text,
            url="javascript:alert('url')//",
            publisher=text,
            owner=text,
            published_at=now(),
        )
        for place, text in enumerate(HOSTILE)
    ]


def test_a_hostile_document_runs_nothing_and_calls_nobody(
    browser: Browser, hostile: str
) -> None:
    """W1"""
    with Visit(browser, hostile) as visit:
        page = visit.go("/?q=mayors")
        assert page.locator(".hit").count() == len(HOSTILE)
        for text in HOSTILE[:3]:
            assert text in page.inner_text("main")
        assert page.locator("main script, main img").count() == 0
        assert page.locator("a[href^='javascript']").count() == 0
        visit.go(f"/?q={HOSTILE[0]}&owner={HOSTILE[1]}")
        assert visit.troubles == []
        assert visit.outside() == []


def test_a_script_that_got_in_would_not_run(browser: Browser, hostile: str) -> None:
    """W1: the policy holds, whatever a template forgot."""
    with Visit(browser, hostile) as visit:
        page = visit.go("/")
        page.evaluate(
            """() => {
              const script = document.createElement("script");
              script.textContent = "window.ran = true";
              document.body.append(script);
              const image = document.createElement("img");
              image.src = "https://elsewhere.example/pixel.gif";
              document.body.append(image);
            }"""
        )
        assert page.evaluate("window.ran") is None
        assert not [r for r in visit.requests if "elsewhere" in r.url and r.response()]


def test_direction_marks_of_a_text_turn_nothing_else_around(
    browser: Browser, hostile: str
) -> None:
    """W3"""
    with Visit(browser, hostile) as visit:
        page = visit.go("/?q=mayors")
        facts = page.locator(".hit", has_text="gnihsihp").locator(".facts")
        assert facts.locator("bdi").first.inner_text().startswith("\u202e")
        assert (
            page.locator("main").evaluate("e => getComputedStyle(e).direction") == "ltr"
        )


def test_an_archived_page_runs_nothing_and_calls_nobody(
    browser: Browser, home: str
) -> None:
    """W2"""
    with Visit(browser, home) as visit:
        page = visit.go("/?q=kazan&lang=vi")
        page.locator(".hit h3 a").first.click()
        page.locator("a[href$='/page']").click()
        frame = page.frame_locator("iframe")
        expect(frame.locator("h1").first).to_be_visible()
        body = next(f for f in page.frames if f.url.endswith("/page/body"))
        assert body.evaluate("origin") == "null"
        assert visit.outside() == []
        assert visit.troubles == []
