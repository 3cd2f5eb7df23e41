"""Pages that build their text by script: fetched by a browser, kept as it shows them.

The browser is Chromium, driven by Playwright; both are optional. It connects through
`crawler.browser_gate` alone, so whatever a page asks for meets the guard's rules. Pace
and robots.txt stay with the dispatcher: where a page itself leads, by a redirect or by
script, is answered and not followed.

Certificates are checked by the browser, with the authorities that it knows: `[network]
ca_file` and a source's `unverified_hosts` say nothing to it. For a browser nobody is
excepted, as one page has scripts of many hosts.
"""

from __future__ import annotations

import asyncio
import importlib.util
import json
import os
import shutil
import tempfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from crawler.browser_gate import Gate
from crawler.browser_page import Rendered, Rendering, Wanted
from crawler.fetching import NO_BROWSER, Answer, Manner
from crawler.job import Limits
from pipeline.archive import ArchivedResponse, Headers, checksum_of
from pipeline.errors import UnavailableError

if TYPE_CHECKING:
    from playwright.async_api import Browser, Playwright

NAMES = ("chromium", "chromium-browser", "google-chrome")
"""On PATH: Debian's, other distributions', and the publisher's own."""

PAGES_AT_ONCE = 2
"""Each takes 100 to 300 MB, and most of a processor core while it loads."""

PAGES_PER_BROWSER = 50
"""Then it is started anew: what it leaked goes, at 1 s per 50 pages."""

MAX_TRANSFERRED_BYTES = 50 << 20
"""Of one page, all it loads: 20 times the median page (HTTP Archive's Web Almanac 2024:
2,652 KB), of which pictures, the larger part, are not loaded here."""

TIMEOUT_FACTOR = 2
"""A page is a few requests one after the other, each of which a plain one may be."""

HEAP_MEGABYTES = 512
"""Of a page's scripts: an endless one dies there and not the machine."""

START_SECONDS = 30.0
"""For a browser that starts: 1 to 3 s here, ten times that on a busy machine."""

CLOSING_SECONDS = 5.0
"""For a browser that should end; then Playwright kills it, without us."""

HTML = "text/html; charset=utf-8"

_SWITCHES = (
    # Nothing is looked up here: the gate does it, and connects to what it found.
    "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",
    # UDP does not go through a proxy.
    "--disable-quic",
    "--force-webrtc-ip-handling-policy=disable_non_proxied_udp",
    "--webrtc-ip-handling-policy=disable_non_proxied_udp",
    # What a browser does for its user and we did not ask for.
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-domain-reliability",
    "--disable-client-side-phishing-detection",
    "--safebrowsing-disable-auto-update",
    "--disable-sync",
    "--disable-translate",
    "--dns-prefetch-disable",
    "--no-pings",
    "--no-first-run",
    # Nobody looks or listens.
    "--disable-gpu",
    "--mute-audio",
    f"--js-flags=--max-old-space-size={HEAP_MEGABYTES}",
)


_PREFERENCES = {
    # Never (2): pages that the reader may open next would be asked for, whatever their
    # robots.txt says, and nothing here is told of it. There is no switch for that.
    "net": {"network_prediction_options": 2},
    "safebrowsing": {"enabled": False},
    "search": {"suggest_enabled": False},
}
"""Of the profile."""


class NoBrowserError(UnavailableError):
    """Playwright or a browser is not installed, or does not start."""


@dataclass(frozen=True, kw_only=True)
class Fare:
    """What the browser is to do.

    Attributes:
        executable: As `find_browser` gives it.
        agent: The User-Agent.
        limits: Of the crawl.
    """

    executable: str
    agent: str
    limits: Limits


def find_browser(configured: str) -> str:
    """The browser's path; "" leaves it to Playwright, which may have one of its own.

    Args:
        configured: `[crawl] browser`.

    Raises:
        NoBrowserError: Says what is missing and how to get it.
    """
    if importlib.util.find_spec("playwright") is None:
        raise NoBrowserError(
            'Playwright is not installed: pip install "babelwire[browser]"'
        )
    if configured:
        if found := shutil.which(configured):
            return found
        raise NoBrowserError(
            f"[crawl] browser: there is no program {configured}; expected the path of "
            "Chromium or Chrome"
        )
    return next(filter(None, map(shutil.which, NAMES)), "")


class BrowserFetcher:
    """Renders one page after another, two at once; nothing that one does raises."""

    def __init__(self, fare: Fare, gate: Gate, *, now: Callable[[], datetime]) -> None:
        """Takes its parts; starts nothing.

        Args:
            fare: What to do.
            gate: Not yet open.
            now: The clock.
        """
        self._fare = fare
        self._gate = gate
        self._now = now
        self._seconds = TIMEOUT_FACTOR * fare.limits.timeout_seconds
        self._places = asyncio.Semaphore(PAGES_AT_ONCE)
        self._starting = asyncio.Lock()
        self._playwright: Playwright | None = None
        self._running: _Running | None = None
        self._cannot_start = ""
        self._address = ""

    async def prepare(self) -> None:
        """Opens the gate, and makes sure that there is a browser.

        Raises:
            NoBrowserError: There is none.
        """
        from playwright.async_api import async_playwright

        self._address = self._gate.open()
        self._playwright = await async_playwright().start()
        own = Path(self._playwright.chromium.executable_path)
        if not self._fare.executable and not own.exists():  # noqa: ASYNC240 - a look
            raise NoBrowserError(
                "no browser is installed: apt install chromium, or playwright install "
                "chromium; or [crawl] browser names one"
            )

    async def close(self) -> None:
        """Ends the browser and closes the gate."""
        if self._running is not None:
            await self._running.end()
        self._gate.close()
        if self._playwright is not None:
            with suppress(Exception):
                await self._playwright.stop()

    async def fetch(self, url: str, *, manner: Manner, language: str = "") -> Answer:
        """The page at an address, as its scripts leave it.

        Args:
            url: Absolute.
            manner: Of the source that asks; only its way out says something here.
            language: That the browser asks for, as BCP 47 tag; "" is English.
        """
        async with self._places:
            running = await self._enter()
            if running is None:
                return self._without(url, NO_BROWSER, self._cannot_start)
            try:
                return await self._rendered(running, url, manner, language)
            finally:
                await running.leave()

    async def _rendered(
        self, running: _Running, url: str, manner: Manner, language: str
    ) -> Answer:
        limits = self._fare.limits
        wanted = Wanted(
            url=url,
            agent=self._fare.agent,
            language=language or "en-US",
            seconds=self._seconds,
            max_characters=limits.max_body_bytes,
        )
        ticket = self._gate.admit(egress=manner.egress, max_bytes=MAX_TRANSFERRED_BYTES)
        rendering = Rendering(running.browser, self._address, ticket, wanted)
        try:
            found = await rendering.run()
        finally:
            self._gate.dismiss(ticket)
        if found.is_browser_lost:
            running.retire()
        return self._answer(url, found, running.browser.version)

    def _answer(self, url: str, found: Rendered, version: str) -> Answer:
        if found.reason:
            return self._without(url, found.reason, found.detail, found)
        body = found.html.encode("utf-8", "replace")
        if len(body) > self._fare.limits.max_body_bytes:
            return self._without(url, "too_large", f"{len(body):,} bytes")
        at = self._now()
        if not found.has_page:
            return Answer(url=url, at=at, status=found.status, headers=found.headers)
        headers: Headers = (("Content-Type", HTML),)
        return Answer(
            url=url,
            at=at,
            status=found.status,
            response=ArchivedResponse(
                url=url,
                at=at,
                status=found.status,
                headers=headers,
                body=body,
                kind="resource",
            ),
            body=body,
            checksum=checksum_of(body) if body else "",
            rendered=f"Chromium {version}",
            via=found.via,
        )

    def _without(
        self, url: str, reason: str, detail: str, found: Rendered | None = None
    ) -> Answer:
        return Answer(
            url=url,
            at=self._now(),
            reason=reason,
            detail=detail[:500],
            retry=found is None or found.retry,
            refused=found is not None and found.refused,
            via=found.via if found else "",
        )

    async def _enter(self) -> _Running | None:
        """A browser; None where it does not start, for the rest of the run."""
        async with self._starting:
            if self._cannot_start:
                return None
            if self._running is None or self._running.is_worn:
                if self._running is not None:
                    self._running.retire()
                try:
                    self._running = await self._start()
                except Exception as error:  # noqa: BLE001 - whatever it is, say so
                    self._cannot_start = _start_problem(error)
                    return None
            self._running.enter()
            return self._running

    async def _start(self) -> _Running:
        assert self._playwright is not None  # noqa: S101 - it was prepared
        profile = tempfile.TemporaryDirectory(
            prefix="babelwire-browser-", ignore_cleanup_errors=True
        )
        _write_preferences(Path(profile.name))
        own = await self._playwright.chromium.launch_persistent_context(
            profile.name,
            executable_path=self._fare.executable or None,
            args=list(_SWITCHES),
            # Without a ticket: what no page asked for gets nowhere.
            proxy={"server": self._address, "bypass": "<-loopback>"},
            # As root Chromium runs without its sandbox only.
            chromium_sandbox=os.geteuid() != 0,
            handle_sigint=False,
            handle_sigterm=False,
            handle_sighup=False,
            timeout=1000 * START_SECONDS,
        )
        assert own.browser is not None  # noqa: S101 - only Android's has none
        return _Running(browser=own.browser, profile=profile)


@dataclass(kw_only=True)
class _Running:
    """A browser, which ends when its last page leaves after it was retired."""

    browser: Browser
    profile: tempfile.TemporaryDirectory[str]
    pages: int = 0
    open: int = 0
    retired: bool = False

    @property
    def is_worn(self) -> bool:
        is_gone = self.retired or not self.browser.is_connected()
        return is_gone or self.pages >= PAGES_PER_BROWSER

    def enter(self) -> None:
        self.pages += 1
        self.open += 1

    async def leave(self) -> None:
        self.open -= 1
        if self.retired and not self.open:
            await self.end()

    def retire(self) -> None:
        self.retired = True

    async def end(self) -> None:
        with suppress(Exception):
            async with asyncio.timeout(CLOSING_SECONDS):
                await self.browser.close()
        self.profile.cleanup()


def _write_preferences(profile: Path) -> None:
    folder = profile / "Default"
    folder.mkdir()
    (folder / "Preferences").write_text(json.dumps(_PREFERENCES), encoding="utf-8")


def _start_problem(error: Exception) -> str:
    # Playwright's messages go on with its log.
    return f"the browser does not start: {error}".partition("\n")[0]
