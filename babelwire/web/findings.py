"""What was found of a source, in a reader's words."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from babelwire.web.vocabulary import reason_words

if TYPE_CHECKING:
    from babelwire.health import Finding
    from babelwire.wording import Wording


def finding_words(w: Wording, finding: Finding) -> str:
    """One sentence: what is wrong, since when, and what is usual."""
    reason = reason_words(w, finding.reason)
    match finding.code:
        case "new":
            return w.text("new: not visited yet")
        case "blocked" | "failing":
            return _out_of_reach(w, finding, reason)
        case "silent":
            return _silence(w, finding)
        case "overdue":
            return w.text(
                "not visited since %(day)s: nothing is known of it since then",
                day=_day(w, finding.since),
            )
        case "lost":
            return w.texts(
                "%(number)s article of the last week was not stored: %(reason)s",
                "%(number)s articles of the last week were not stored, mostly: "
                "%(reason)s",
                finding.number,
                reason=reason,
            )
        case "fewer":
            return w.texts(
                "%(number)s document in the last 7 days: usually %(usual)s",
                "%(number)s documents in the last 7 days: usually %(usual)s",
                finding.number,
                usual=w.number(finding.usual or 0),
            )
        case "endpoint":
            return f"{finding.url}: {reason}"
        case "capped":
            return w.text("the last run reached max_pages_per_run; run it again")


def _out_of_reach(w: Wording, finding: Finding, reason: str) -> str:
    day = _day(w, finding.since)
    if finding.code == "blocked" and day:
        return w.text(
            "not read since %(day)s (%(reason)s): the host probably blocks us",
            day=day,
            reason=reason,
        )
    if finding.code == "blocked":
        return w.text(
            "cannot be read (%(reason)s): the host probably blocks us", reason=reason
        )
    if day:
        return w.text("not read since %(day)s: %(reason)s", day=day, reason=reason)
    return w.text("cannot be read: %(reason)s", reason=reason)


def _silence(w: Wording, finding: Finding) -> str:
    day = _day(w, finding.since)
    if not day:
        return w.text("silent: no article so far")
    if not finding.usual:
        return w.text("silent since %(day)s", day=day)
    return w.texts(
        "silent since %(day)s: usually %(number)s document a day",
        "silent since %(day)s: usually %(number)s documents a day",
        finding.usual,
        day=day,
    )


def _day(w: Wording, moment: datetime | None) -> str:
    """A day in the reader's zone; "" where none is known."""
    return w.day(moment.astimezone(ZoneInfo(w.timezone)).date()) if moment else ""
