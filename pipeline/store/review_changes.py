"""What every change of a press review begins with: its next version, and the log."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, insert, select, update

from pipeline.errors import InputError
from pipeline.reviews import (
    Change,
    FrozenReviewError,
    StaleReviewError,
    Status,
    storable,
)
from pipeline.store.review_tables import review_log, reviews


def begin(
    connection: Connection,
    change: Change,
    action: str,
    detail: str = "",
    *,
    was: Status = "draft",
    becomes: Status | None = None,
) -> None:
    """Takes the next version of a review for a change, and logs it.

    Raises:
        InputError: There is no such review, or its status does not allow it.
        FrozenReviewError: It was sent.
        StaleReviewError: It has another version by now.
    """
    result = connection.execute(
        update(reviews)
        .where(
            reviews.c.id == change.review_id,
            reviews.c.version == change.version,
            reviews.c.status == was,
        )
        .values(
            version=reviews.c.version + 1, updated_at=change.at, status=becomes or was
        )
    )
    if result.rowcount != 1:
        check(connection, change, was)
        raise StaleReviewError(  # it was in the way, and is not any more
            f"review {change.review_id} was being changed; load it again"
        )
    note = LogNote(action, detail, change.actor, change.at)
    note.write(connection, change.review_id)


@dataclass(frozen=True)
class LogNote:
    """A line of the log before its review is known."""

    action: str
    detail: str
    actor: str
    at: datetime

    def write(self, connection: Connection, review_id: int) -> None:
        """Puts it into the log."""
        connection.execute(
            insert(review_log).values(
                review_id=review_id,
                at=self.at,
                actor=storable(self.actor),
                action=self.action,
                detail=storable(self.detail),
            )
        )


def unknown(review_id: int) -> InputError:
    """There is no such review."""
    return InputError(f'no review {review_id}; "babelwire review list" shows them')


def check(connection: Connection, change: Change, expected: Status) -> None:
    """Whether a change may be made now; takes no version.

    Raises:
        InputError: There is no such review, or its status does not allow it.
        FrozenReviewError: It was sent.
        StaleReviewError: It has another version by now.
    """
    row = connection.execute(
        select(reviews).where(reviews.c.id == change.review_id)
    ).first()
    if row is None:
        raise unknown(change.review_id)
    if row.status == "sent":
        raise FrozenReviewError(
            f"review {row.id} was sent on {row.sent_at:%d %b %Y %H:%M} UTC and stays "
            f'as it was sent; "babelwire review new TITLE --clone {row.id}" goes on '
            "from it"
        )
    if row.version != change.version:
        raise StaleReviewError(
            f"review {row.id} was changed by someone else: found version "
            f"{row.version}, expected {change.version}; nothing was stored, load it "
            "again and repeat the change"
        )
    if row.status != expected:
        cure = "approve it first" if row.status == "draft" else "reopen it first"
        raise InputError(
            f"review {row.id} is {row.status}, expected it to be {expected}; {cure}"
        )
