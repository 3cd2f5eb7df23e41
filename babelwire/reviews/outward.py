"""A press review as it leaves the desk: for whom, by whom, with its sources' health."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from babelwire.assembly import now
from babelwire.reading import load_rights
from babelwire.reviews.showing import View, by_rights

if TYPE_CHECKING:
    from babelwire.reviews.contract import Health
    from babelwire.workspace import Workspace
    from pipeline.store import Database


def outward_view(
    workspace: Workspace, database: Database, timezone: str, language: str = "en"
) -> View:
    """What others may see, by the sources' rights.

    Args:
        workspace: Its sources' files say what may leave.
        database: The store, which remembers sources that are gone.
        timezone: IANA name of the times.
        language: Of the review's own words, one of `babelwire.wording.LANGUAGES`.
    """
    rights_of = load_rights(database, workspace.sources)
    at = now()
    return View(
        target=workspace.config.target,
        timezone=timezone,
        language=language,
        now=at,
        may_show=by_rights(rights_of, at),
        rights_of=rights_of,
    )


def health_of(workspace: Workspace, database: Database) -> Health:
    """How each source stands now, for the manifest."""
    from babelwire.overview import load_status

    health: Health = load_status(workspace, database)["sources"]
    return health


def today(timezone: str) -> date:
    """The day it is in a zone."""
    return now().astimezone(ZoneInfo(timezone)).date()
