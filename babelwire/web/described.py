"""How the API's description (OpenAPI) tells of answers that are no 200."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

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
