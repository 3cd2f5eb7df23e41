"""What a rendered review says between its texts, in a reader's language."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from babelwire.answers import TO_THE_HOUR
from babelwire.reviews.contract import (
    LABELS,
    NO_HEADLINE,
    NOTHING,
    ShownItem,
    ShownReview,
    ShownSection,
    ShownText,
)
from babelwire.wording import Wording


def wording_of(review: ShownReview) -> Wording:
    """How a review speaks."""
    return Wording(review.language, review.timezone)


def day_of(w: Wording, review: ShownReview) -> str:
    """The review's day, and whether it is a draft."""
    day = w.weekday(review.day)
    return f"{day} · " + w.text("draft") if review.status == "draft" else day


def intro_of(w: Wording, section: ShownSection) -> str:
    """What stands below a section's heading, or ""."""
    return section.intro or ("" if section.items else w.text(NOTHING))


def headline_of(w: Wording, item: ShownItem) -> ShownText:
    """The original headline; where there is none, that there is none."""
    if item.headline.text:
        return item.headline
    return ShownText(text=w.text(NO_HEADLINE), language=w.language)


def label_of(w: Wording, text: ShownText) -> str:
    """What is to stand beside a text, or ""."""
    label = LABELS[text.by]
    return w.text(label) if label else ""


def when_of(w: Wording, item: ShownItem) -> str:
    """The publication time in the review's zone, as exactly as it is known."""
    return w.published(item.published_at, item.published_precision, item.first_seen_at)


def zone_of(item: ShownItem, timezone: str) -> str:
    """The zone of that time as its distance to UTC, which all can read.

    "" for a day: it has no zone, it is the publisher's.
    """
    if item.published_at is None:
        return zone_text(item.first_seen_at, timezone)
    is_exact = item.published_precision in TO_THE_HOUR
    return zone_text(item.published_at, timezone) if is_exact else ""


def zone_text(moment: datetime, timezone: str) -> str:
    """A zone's distance to UTC at a moment.

    >>> from datetime import UTC
    >>> zone_text(datetime(2024, 6, 21, tzinfo=UTC), "Asia/Kathmandu")
    'UTC+05:45'
    """
    offset = moment.astimezone(ZoneInfo(timezone)).strftime("%z")
    return "UTC" if offset == "+0000" else f"UTC{offset[:3]}:{offset[3:5]}"


def imprint_of(w: Wording, review: ShownReview) -> str:
    """The last line: which review, when and by what it was made."""
    made = Wording(w.language, "UTC").moment(review.created_at)
    return w.text(
        "Review %(id)s, made ready %(time)s UTC with %(program)s. Times of publication "
        "are of %(zone)s.",
        id=review.id,
        time=made,
        program=review.program,
        zone=review.timezone,
    )
