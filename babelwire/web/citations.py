"""How a document is cited: in words, as BibTeX, as CSL-JSON, as metadata of a page."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pipeline.documents import Document

_SPECIAL = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    **{letter: f"\\{letter}" for letter in "&%$#_"},
}


def plain_citation(document: Document, accessed: str) -> str:
    """One line of words: who, what, when, where, which wording.

    Args:
        document: At the revision that is cited.
        accessed: The day its page was fetched, as ISO 8601.
    """
    authors = ", ".join(document.authors)
    day = _day(document) or "undated"
    parts = [
        f"{authors}. " if authors else "",
        f"“{_one_line(document.title)}”. ",
        f"{document.publisher}, {day}. ",
        f"{document.url} (archived {accessed}, {document.id}@{document.revision}).",
    ]
    return "".join(parts)


def bibtex(document: Document, accessed: str) -> str:
    """An `@online` entry of BibLaTeX; LaTeX's special letters are escaped.

    The key is the document's id, so that it stays.
    """
    fields = {
        "author": " and ".join(f"{{{_latex(name)}}}" for name in document.authors),
        "title": f"{{{_latex(document.title)}}}",
        "organization": _latex(document.publisher),
        "date": _day(document),
        "url": document.url.replace("{", "%7B").replace("}", "%7D"),
        "urldate": accessed,
        "langid": document.language if document.language != "und" else "",
        "note": f"{document.id}@{document.revision}",
    }
    lines = [f"  {key} = {{{value}}}," for key, value in fields.items() if value]
    return "\n".join([f"@online{{{document.id},", *lines, "}", ""])


def csl(document: Document, accessed: str) -> dict[str, Any]:
    """An item of CSL-JSON 1.0 (citeproc-js, Zotero, pandoc)."""
    is_news = document.kind == "news"
    item: dict[str, Any] = {
        "id": f"{document.id}@{document.revision}",
        "type": "article-newspaper" if is_news else "webpage",
        "title": _one_line(document.title),
        "container-title": document.publisher,
        "publisher": document.owner,
        "author": [{"literal": name} for name in document.authors],
        "URL": document.url,
        "language": document.language if document.language != "und" else "",
        "accessed": _date_parts(accessed),
        "issued": _date_parts(_day(document)),
        "archive": "Babelwire",
        "archive_location": f"{document.id}@{document.revision}",
    }
    return {key: value for key, value in item.items() if value}


def csl_json(document: Document, accessed: str) -> str:
    """The same as a document of one item."""
    return json.dumps([csl(document, accessed)], ensure_ascii=False, indent=2) + "\n"


def metadata(document: Document) -> Iterator[tuple[str, str]]:
    """Names and contents of `<meta>`: Highwire Press tags, which Zotero reads."""
    yield "citation_title", _one_line(document.title)
    for name in document.authors:
        yield "citation_author", name
    day = _day(document)
    if day:
        yield "citation_publication_date", day.replace("-", "/")
    yield "citation_journal_title", document.publisher
    if document.language != "und":
        yield "citation_language", document.language
    yield "citation_public_url", document.url


def _day(document: Document) -> str:
    """When it was published, as exactly as is known."""
    if document.published_at is None:
        return ""
    shape = {"month": "%Y-%m", "year": "%Y"}.get(
        document.published_precision, "%Y-%m-%d"
    )
    return f"{document.published_at:{shape}}"


def _date_parts(day: str) -> dict[str, Any] | None:
    return {"date-parts": [[int(part) for part in day.split("-")]]} if day else None


def _latex(text: str) -> str:
    r"""A text that LaTeX prints as it is.

    >>> print(_latex("R&D {50%}"))
    R\&D \{50\%\}
    """
    return "".join(_SPECIAL.get(letter, letter) for letter in _one_line(text))


def _one_line(text: str) -> str:
    return re.sub(r"\s+", " ", text).strip()
