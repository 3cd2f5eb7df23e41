"""A first visit in Chromium: when something is seen, and what came over the line."""

from playwright.sync_api import Browser, Page, Request, sync_playwright

from benchmarks.desk_served import Served
from benchmarks.measured import median, verdict
from tests.conftest import CHROMIUM

VISITS = 11
PAINT_MS, TRANSFERRED_KB = 300, 80

ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]

PAINTED = """new Promise(resolve => new PerformanceObserver(list => {
  for (const entry of list.getEntriesByName("first-contentful-paint"))
    resolve(entry.startTime);
}).observe({ type: "paint", buffered: true }))"""
"""Milliseconds from the start of the navigation (W3C Paint Timing)."""


def report(desk: Served, path: str) -> None:
    """Prints the figures of a page and their goals; each visit has an empty cache."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        try:
            _visit(browser, desk.address + path)  # the browser's own first page
            visits = [_visit(browser, desk.address + path) for _ in range(VISITS)]
        finally:
            browser.close()
    painted = median([milliseconds for milliseconds, _ in visits])
    verdict("first contentful paint, ms", painted, PAINT_MS, at_least=False)
    sizes = visits[-1][1]
    parts = ", ".join(f"{name} {size / 1000:.1f}" for name, size in sizes.items())
    print(f"  a first visit, kB with headers: {parts}")
    whole = sum(sizes.values()) / 1000
    verdict("transferred, kB", whole, TRANSFERRED_KB, at_least=False)


def _visit(browser: Browser, address: str) -> tuple[float, dict[str, int]]:
    """When something is seen, and the bytes of each answer by its kind."""
    context = browser.new_context(locale="en-GB")
    page: Page = context.new_page()
    requests: list[Request] = []

    def note(request: Request) -> None:  # Playwright cannot mark a built-in method
        requests.append(request)

    page.on("requestfinished", note)
    page.goto(address, wait_until="networkidle")
    painted = float(page.evaluate(PAINTED))
    sizes: dict[str, int] = {}
    for request in requests:
        size = request.sizes()
        whole = size["responseBodySize"] + size["responseHeadersSize"]
        kind = request.resource_type
        sizes[kind] = sizes.get(kind, 0) + whole
    context.close()
    return painted, sizes
