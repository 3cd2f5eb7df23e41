"""How OpenAPI describes what the API takes, and its answers that are no 200.

What a search asks for is read from its address, as on the search page
(`babelwire.web.addresses`): the models here say which parameters there are.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, Field

from babelwire.web.cursors import BEGIN, MAX_LIMIT

SCHEMA = 1
"""Of the JSON documents (DESIGN, the command line)."""

Described = dict[int | str, dict[str, Any]]
"""Answers by status, as FastAPI takes them."""

PROBLEM: Mapping[str, Any] = {
    "type": "object",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "position": {"type": "integer", "description": "In the query, from 0."},
    },
}
"""An error (RFC 9457), as `errors.problem` writes it."""


def problems(described: Mapping[int | str, str]) -> Described:
    """Errors, each with what it means."""
    content = {"application/problem+json": {"schema": PROBLEM}}
    return {
        status: {"description": text, "content": content}
        for status, text in described.items()
    }


ERRORS = problems(
    {
        400: "What was asked has no meaning; detail says what was expected.",
        401: "Sign in first, with a token in the Authorization header.",
        403: "Your role does not allow it.",
        429: "Too many requests: wait as long as Retry-After says.",
        503: "There is no index yet, or something does not answer now.",
        # FastAPI would add its own 422, which is never sent.
        "default": "Anything else that goes wrong.",
    }
)
"""Of every operation: each router of the API has them."""

MISSING = problems({404: "There is no such thing here."})
UNCHANGED: Described = {304: {"description": "What If-None-Match names is still so."}}


class Search(BaseModel):
    """What a search asks for."""

    q: str = Field("", description="In the query language; empty: all.")
    lang: list[str] = []
    source: list[str] = []
    kind: list[str] = []
    country: list[str] = []
    audience: list[str] = []
    publisher: list[str] = []
    owner: list[str] = []
    name: list[str] = Field([], description="Counted in any case.")
    since: str = Field("", alias="from")
    to: str = ""
    like: str = ""
    words: str = Field("", description="Language of the words.")
    tz: str = Field("", description="IANA name.")


class SearchPages(Search):
    """A search, and which part of its answer is wanted."""

    sort: str = Field("", pattern="^(relevance|time)?$")
    group: str = Field("", description="0: each document.")
    page: str = Field("", description="1 to 51, of 20 hits each.")
    cursor: str = Field(
        "",
        description=(
            f"{BEGIN} begins to read the whole answer, by time and id; then the "
            "next_cursor of the page before, alone, until it is null."
        ),
    )
    limit: int = Field(
        100, ge=1, le=MAX_LIMIT, description=f"Hits a page, with cursor={BEGIN}."
    )
