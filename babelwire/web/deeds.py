"""Who works at the desk, and what they do, for its log."""

from __future__ import annotations

from typing import TYPE_CHECKING

from babelwire import deeds

if TYPE_CHECKING:
    from fastapi import Request

    from babelwire.web.access import Visitor


def actor_of(request: Request) -> str:
    """Who asks, by name."""
    visitor: Visitor = request.state.visitor
    return visitor.name


def log(request: Request, action: str, detail: str) -> None:
    """Writes down who did what."""
    database = request.app.state.services.database
    deeds.log(database, action, detail, actor=actor_of(request))
