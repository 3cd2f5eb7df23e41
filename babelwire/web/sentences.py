"""The sentence that an address names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from babelwire.web.documents import found_document
from babelwire.web.errors import NotFoundError

if TYPE_CHECKING:
    from fastapi import Request

    from babelwire.web.document_page import DocumentPage, Pair


def found_sentence(
    request: Request, reference: str, number: int
) -> tuple[DocumentPage, Pair]:
    """A document and its sentence of that number, from 1.

    Raises:
        NotFoundError: No such document, or no such sentence of its newest wording.
    """
    page = found_document(request, reference)
    pairs = (*page.title, *page.pairs)
    pair = next((pair for pair in pairs if pair.number == number), None)
    is_newest = page.document.revision == page.newest.number
    if pair is None or not is_newest:
        raise NotFoundError(
            f"{page.reference}: there is no sentence {number} of its newest wording"
        )
    return page, pair
