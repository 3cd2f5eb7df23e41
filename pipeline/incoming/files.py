"""Files that hold pages, told by their endings."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Final

from pipeline.errors import InputError
from pipeline.incoming.found import Incoming, Skipped
from pipeline.incoming.json_lines import pages_of_json_lines
from pipeline.incoming.mails import page_of_eml, pages_of_mbox
from pipeline.incoming.saved_pages import page_of_html, page_of_mhtml
from pipeline.incoming.warc_pages import pages_of_wacz, pages_of_warc

WARC_ENDINGS: Final = (".warc", ".warc.gz", ".arc", ".arc.gz")
EXPECTED: Final = (
    ".warc(.gz), .arc(.gz), .wacz, .html, .htm, .pdf, .mhtml, .mht, .eml, .mbox or"
    " .jsonl"
)

ONE_PAGE_ENDINGS: Final = (".html", ".htm", ".pdf", ".mhtml", ".mht", ".eml")
"""Of files with one page, whose address may be given."""


def read_file(
    path: Path, *, url: str = "", now: datetime
) -> Iterator[Incoming | Skipped]:
    """The pages in a file, by its ending (`EXPECTED`).

    Args:
        path: Of the file.
        url: Of a saved page or mail; "" for what it says of itself.
        now: When a page was fetched that does not say so.

    Raises:
        InputError: Another ending, not readable, or no such file inside.
    """
    name = path.name.lower()
    if url and not name.endswith(ONE_PAGE_ENDINGS):
        raise InputError(f"{path}: --url goes with one saved page or mail")
    if name.endswith(WARC_ENDINGS):
        return pages_of_warc(path)
    match path.suffix.lower():
        case ".wacz":
            return pages_of_wacz(path)
        case ".jsonl" | ".ndjson":
            return pages_of_json_lines(path, now)
        case ".html" | ".htm" | ".pdf":
            return page_of_html(path, url)
        case ".mhtml" | ".mht":
            return page_of_mhtml(path, url)
        case ".eml":
            return page_of_eml(path, url, now)
        case ".mbox":
            return pages_of_mbox(path, now)
    raise InputError(f"{path}: expected a {EXPECTED} file")
