"""One page in a browser: opened, waited for, read, and forgotten."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any
from urllib.parse import urldefrag, urlsplit

from crawler.browser_gate import WHY, Ticket, reason_of
from crawler.fetching import REFUSED_ADDRESSES
from crawler.guard import NOT_NOTED, RefusedError
from crawler.judge import MAX_REFRESH_SECONDS
from crawler.proxies import ProxyError
from pipeline.archive import Headers, header_of
from pipeline.media_types import HTML_TYPES

if TYPE_CHECKING:
    from playwright.async_api import (
        Browser,
        BrowserContext,
        CDPSession,
        Page,
        Request,
        Route,
    )

MAX_REQUESTS = 200
"""Of one page, pictures that are not loaded among them: nine of ten pages make fewer
(HTTP Archive's Web Almanac 2019: 179)."""

STABLE_SECONDS = 1.0
"""So long the text must have stayed as it is, with nothing being loaded."""

SETTLE_SECONDS = 8.0
"""After `load`, until a page that never comes to rest is taken as it is."""

LOOK_SECONDS = 0.2
"""Between two looks at the text."""

GRACE_SECONDS = 2.0
"""For what is there when the time is over, and for the page's end."""

WITH_TEXT = frozenset({"document", "stylesheet", "script", "xhr", "fetch", "other"})
"""What is loaded (Playwright's resource types). Not pictures, films, fonts, sockets,
or what only reports. Scripts wait for style sheets."""

_REST = frozenset({"document", "script", "xhr", "fetch"})
"""What a text may still come from."""

_WORLD = "babelwire"

_LENGTH = "document.documentElement ? document.documentElement.textContent.length : 0"

_HTML = """(() => {
  const root = document.documentElement;
  if (!root) return '';
  const html = root.outerHTML;
  if (html.length > %d) return null;
  return (document.doctype ? '<!DOCTYPE ' + document.doctype.name + '>\\n' : '') + html;
})()"""

_CERTIFICATE, _TRUNCATED = "ERR_CERT_", "ERR_CONTENT_LENGTH_MISMATCH"
_TIMED_OUT = ("ERR_TIMED_OUT", "ERR_CONNECTION_TIMED_OUT")
_BROKEN = (
    *("ERR_CONNECTION_", "ERR_EMPTY_RESPONSE", "ERR_SOCKET_", "ERR_TUNNEL_"),
    *("ERR_INCOMPLETE_", "ERR_INVALID_", "ERR_SSL_", "ERR_HTTP2_", "ERR_PROXY_"),
)


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What to open.

    Attributes:
        url: Absolute.
        agent: The User-Agent.
        language: For `Accept-Language` and scripts.
        seconds: In all.
        max_characters: Of the page as it is read in the end.
    """

    url: str
    agent: str
    language: str
    seconds: float
    max_characters: int


@dataclass(frozen=True, kw_only=True)
class Rendered:
    """What came of it.

    Attributes:
        status: Of the page itself; 302 where its script leads elsewhere at once.
        headers: Likewise.
        html: As the scripts left it.
        has_page: Whether `html` is one: a redirect, an error or a file has none.
        reason: "" or what went wrong.
        detail: For people.
        retry: Whether another attempt may succeed.
        refused: By our own rules.
        via: The proxy that the page was asked for through.
        is_browser_lost: It crashed, or does not answer any more.
    """

    status: int = 0
    headers: Headers = ()
    html: str = ""
    has_page: bool = False
    reason: str = ""
    detail: str = ""
    retry: bool = False
    refused: bool = False
    via: str = ""
    is_browser_lost: bool = False


class Rendering:
    """One page, in a context of its own: no cookie, storage or cache is kept (C15)."""

    def __init__(
        self, browser: Browser, proxy: str, ticket: Ticket, wanted: Wanted
    ) -> None:
        """Takes its parts.

        Args:
            browser: Running.
            proxy: The gate's address.
            ticket: For the gate.
            wanted: What to open.
        """
        self._browser = browser
        self._proxy = proxy
        self._ticket = ticket
        self._wanted = wanted
        self._status = 0
        self._headers: Headers = ()
        self._has_page = False
        self._is_whole = asyncio.Event()
        self._broken = ""
        self._crashed = asyncio.Event()
        self._leads_to = ""
        self._left = asyncio.Event()
        self._requests = 0
        self._loading: set[Any] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._page: Page
        self._session: CDPSession
        self._main_frame = ""
        self._loaded_at = float("inf")

    async def run(self) -> Rendered:
        """Opens, waits, reads; never raises what a page or a browser does."""
        from playwright.async_api import Error

        context: BrowserContext | None = None
        try:
            async with asyncio.timeout(self._wanted.seconds + GRACE_SECONDS):
                context = await self._new_context()
                await self._open(context)
                found = await self._watched()
        except TimeoutError:
            found = self._out_of_time(is_open=context is not None)
        except Error as error:
            found = self._failed(error)
        finally:
            for task in self._tasks:
                task.cancel()
        is_closed = await self._closed(context)
        found = replace(found, via=self._ticket.first_via)
        is_lost = not is_closed or not self._browser.is_connected()
        return replace(found, is_browser_lost=is_lost)

    # --- Opening -------------------------------------------------------------

    async def _new_context(self) -> BrowserContext:
        return await self._browser.new_context(
            proxy={
                "server": self._proxy,
                "bypass": "<-loopback>",
                "username": "page",
                "password": self._ticket.password,
            },
            user_agent=self._wanted.agent,
            locale=self._wanted.language,
            service_workers="block",
            accept_downloads=False,
            permissions=[],
        )

    async def _open(self, context: BrowserContext) -> None:
        await context.route("**/*", self._route)
        page = self._page = await context.new_page()
        context.on("page", lambda other: self._spawn(other.close()))  # a popup
        page.on("dialog", lambda dialog: self._spawn(dialog.dismiss()))
        page.on("crash", lambda _: self._crashed.set())
        page.on("close", lambda _: self._crashed.set())
        page.on("load", lambda _: self._has_loaded())
        page.on("requestfinished", self._finished)
        page.on("requestfailed", self._failed_request)
        session = self._session = await context.new_cdp_session(page)
        tree = await session.send("Page.getFrameTree")
        self._main_frame = tree["frameTree"]["frame"]["id"]
        session.on("Fetch.requestPaused", lambda e: self._spawn(self._responded(e)))
        document = {"resourceType": "Document", "requestStage": "Response"}
        await session.send("Fetch.enable", {"patterns": [document]})

    async def _closed(self, context: BrowserContext | None) -> bool:
        """Whether the page could be ended."""
        if context is None:
            return False
        with suppress(Exception):
            async with asyncio.timeout(GRACE_SECONDS):
                await context.close()
            return True
        return False

    # --- What it asks for ----------------------------------------------------

    async def _route(self, route: Route) -> None:
        with suppress(Exception):  # the page is gone
            if self._may_load(route.request):
                self._loading.add(route.request)
                await route.continue_()
            else:
                await route.abort("aborted")  # anything else shows a page of errors

    def _may_load(self, request: Request) -> bool:
        kind = request.resource_type
        self._requests += 1
        if kind not in WITH_TEXT or self._requests > MAX_REQUESTS:
            return False
        if "sec-purpose" in request.headers:
            return False  # for a page that the reader may open next
        if kind != "document":
            return request.url.startswith(("http:", "https:"))
        if request.frame != self._page.main_frame:
            return False  # what a frame shows is not in the page's own text
        if self._requests == 1:
            return True
        self._leave_for(request.url)
        return False

    def _leave_for(self, url: str) -> None:
        """A script, or a refresh, leads elsewhere: another visit, if it is at once."""
        is_same = urldefrag(url).url == urldefrag(self._wanted.url).url
        waited = asyncio.get_running_loop().time() - self._loaded_at
        if not is_same and waited <= MAX_REFRESH_SECONDS:
            self._leads_to = url
            self._left.set()

    async def _responded(self, event: dict[str, Any]) -> None:
        """The page's own answer has come, but for its body."""
        with suppress(Exception):  # the page is gone
            request = {"requestId": event["requestId"]}
            is_own = event["frameId"] == self._main_frame and not self._status
            if is_own and "responseStatusCode" in event:
                self._learn(event)
                if not self._has_page:
                    stop = {**request, "errorReason": "Aborted"}
                    await self._session.send("Fetch.failRequest", stop)
                    self._left.set()
                    return
            await self._session.send("Fetch.continueRequest", request)

    def _learn(self, event: dict[str, Any]) -> None:
        self._status = int(event["responseStatusCode"])
        fields = event.get("responseHeaders") or []
        self._headers = tuple((each["name"], each["value"]) for each in fields)
        media_type = header_of(self._headers, "Content-Type").split(";")[0]
        is_html = media_type.strip().lower() in HTML_TYPES
        self._has_page = self._status in {200, 203} and is_html

    def _finished(self, request: Request) -> None:
        self._loading.discard(request)
        if self._is_page(request):
            self._is_whole.set()

    def _failed_request(self, request: Request) -> None:
        self._loading.discard(request)
        if self._is_page(request) and self._has_page:
            self._broken = request.failure or "failed"
            self._is_whole.set()

    def _is_page(self, request: Request) -> bool:
        with suppress(Exception):  # a popup's
            is_navigation = request.is_navigation_request()
            is_own = request.frame == self._page.main_frame
            return is_navigation and is_own and not self._is_whole.is_set()
        return False

    def _has_loaded(self) -> None:
        self._loaded_at = asyncio.get_running_loop().time()

    # --- Waiting and reading -------------------------------------------------

    async def _watched(self) -> Rendered:
        reading = asyncio.ensure_future(self._read())
        ends = [asyncio.ensure_future(e.wait()) for e in (self._crashed, self._left)]
        try:
            await asyncio.wait([reading, *ends], return_when=asyncio.FIRST_COMPLETED)
            if self._crashed.is_set():
                return self._failure("browser_crash", "the page's process died")
            if self._left.is_set():
                return self._elsewhere()
            return reading.result()
        finally:
            for each in (reading, *ends):
                each.cancel()
            await asyncio.gather(reading, *ends, return_exceptions=True)

    async def _read(self) -> Rendered:
        loop = asyncio.get_running_loop()
        until = loop.time() + self._wanted.seconds
        with suppress(TimeoutError):
            async with asyncio.timeout_at(until):
                await self._page.goto(self._wanted.url, wait_until="commit", timeout=0)
                await self._is_whole.wait()
                await self._page.wait_for_load_state("load", timeout=0)
                await self._settled(min(until, loop.time() + SETTLE_SECONDS))
        if self._ticket.is_spent:
            return self._failure("too_large", "more than a page may load")
        problem = self._gates_problem()
        if problem is not None:
            return problem
        if self._broken:
            return self._failed_by(self._broken)
        if not self._is_whole.is_set():
            await self._evaluated("0")  # an endless script does not let it be said
            return self._failure("timeout", "")
        html = await self._evaluated(_HTML % self._wanted.max_characters)
        if html is None:
            return self._failure("too_large", "")
        if not urlsplit(self._page.url).scheme.startswith("http"):
            return self._failure("not_http", self._page.url[:200], retry=False)
        return Rendered(
            status=self._status, headers=self._headers, html=html, has_page=True
        )

    async def _settled(self, until: float) -> None:
        """Until the text stays as it is and nothing is loaded for it, or the time."""
        loop = asyncio.get_running_loop()
        seen, since = -1, loop.time()
        while loop.time() < until:
            length = await self._evaluated(_LENGTH)
            loading = any(each.resource_type in _REST for each in self._loading)
            if length != seen or loading:
                seen, since = length, loop.time()
            elif loop.time() - since >= STABLE_SECONDS:
                return
            await asyncio.sleep(LOOK_SECONDS)

    async def _evaluated(self, expression: str) -> Any:
        """In a world of our own, where the page's scripts can change nothing."""
        world = await self._session.send(
            "Page.createIsolatedWorld",
            {"frameId": self._main_frame, "worldName": _WORLD},
        )
        found = await self._session.send(
            "Runtime.evaluate",
            {
                "expression": expression,
                "contextId": world["executionContextId"],
                "returnByValue": True,
            },
        )
        return found["result"].get("value")

    # --- Answers -------------------------------------------------------------

    def _elsewhere(self) -> Rendered:
        if self._leads_to:
            headers: Headers = (("Location", self._leads_to),)
            return Rendered(status=302, headers=headers)
        problem = self._gates_problem()
        return problem or Rendered(status=self._status, headers=self._headers)

    def _gates_problem(self) -> Rendered | None:
        """What kept the gate from the page itself."""
        error = self._ticket.first_problem
        is_gates = not self._status or header_of(self._headers, WHY)
        if error is None or not is_gates:
            return None
        reason, retry = reason_of(error)
        is_refused = reason in REFUSED_ADDRESSES or isinstance(error, RefusedError)
        detail = str(error) if isinstance(error, ProxyError) else repr(error)
        return Rendered(
            reason=reason,
            detail=detail,
            retry=retry or reason == NOT_NOTED,
            refused=is_refused and reason != NOT_NOTED,
        )

    def _out_of_time(self, *, is_open: bool) -> Rendered:
        """Neither a slow script nor a slow browser is the host's fault."""
        if not is_open:
            return self._failure("browser_crash", "the browser does not answer")
        reason = "parse_timeout" if self._has_page else "timeout"
        return self._failure(reason, "")

    def _failed(self, error: Exception) -> Rendered:
        if self._crashed.is_set() or not self._browser.is_connected():
            return self._failure("browser_crash", "the browser died")
        if self._left.is_set():
            return self._elsewhere()
        if self._ticket.is_spent:
            return self._failure("too_large", "more than a page may load")
        return self._gates_problem() or self._failed_by(str(error))

    def _failed_by(self, message: str) -> Rendered:
        message = message.partition("\n")[0]
        if _CERTIFICATE in message:
            return self._failure("tls_certificate", message, retry=False)
        if _TRUNCATED in message:
            return self._failure("truncated", message)
        if any(each in message for each in _TIMED_OUT):
            return self._failure("timeout", message)
        if any(each in message for each in _BROKEN):
            return self._failure("connection_lost", message)
        return self._failure("fetch_error", message, retry=False)

    def _failure(self, reason: str, detail: str, *, retry: bool = True) -> Rendered:
        can_help = retry and reason != "too_large"
        return Rendered(reason=reason, detail=detail, retry=can_help)

    def _spawn(self, work: Coroutine[Any, Any, Any]) -> None:
        async def done() -> None:
            with suppress(Exception):  # the page is gone
                await work

        task = asyncio.get_running_loop().create_task(done())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
