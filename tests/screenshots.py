"""Pictures of the desk for README: `make screenshots` (needs Chromium)."""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

FOLDER = Path(__file__).resolve().parents[1] / "docs"
SHOTS = {
    "search.png": "/?q=mayors+kazan+forum",
    "document.png": "/?q=forum&lang=ar",
}


def main() -> None:
    """Makes the demo's workspace, serves it, and looks at it."""
    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        world = f"{folder}/world"
        run = [sys.executable, "-m", "babelwire"]
        subprocess.run(
            [*run, "demo", "--folder", world], check=True, capture_output=True
        )
        serve = [*run, "--workspace", world, "serve", "--port", "0"]
        with subprocess.Popen(serve, stderr=subprocess.PIPE, text=True) as desk:
            assert desk.stderr is not None
            home = desk.stderr.readline().split()[4].rstrip("/")
            try:
                _look(home)
            finally:
                desk.terminate()


def _look(home: str) -> None:
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium, args=["--no-sandbox", "--disable-gpu"]
        )
        page = browser.new_page(
            viewport={"width": 1180, "height": 760}, locale="en-GB", timezone_id="UTC"
        )
        for name, path in SHOTS.items():
            page.goto(home + path)
            if name == "document.png":
                page.locator(".hit h3 a").first.click()
                page.wait_for_load_state()
            page.screenshot(path=FOLDER / name)
        browser.close()


if __name__ == "__main__":
    main()
