"""A review as an e-mail: plain text and HTML, to be opened and sent by a person."""

from __future__ import annotations

from collections.abc import Iterator
from email.message import EmailMessage
from email.policy import SMTP, compat32

from babelwire.reviews.contract import (
    HEADLINE_ONLY,
    ShownItem,
    ShownReview,
    ShownText,
)
from babelwire.reviews.html import render_html
from babelwire.reviews.texts import isolated, subject, web_link

_FOLDING = compat32.clone(linesep="\r\n")
"""The newer policies lose blanks where they fold a subject that is not ASCII (CPython
issue 92081, seen with 3.11.7)."""


def render_mail(review: ShownReview) -> EmailMessage:
    """The message, without sender and receivers: whoever opens it fills them in.

    Quoted-printable throughout: it passes every mail server unchanged, whatever its
    languages (RFC 2045, section 6.7), and no line is too long.

    Raises:
        InputError: The title has line breaks (W7).
    """
    message = EmailMessage(policy=SMTP)
    message["Subject"] = f"{subject(review.title)}, {review.day.isoformat()}"
    message["Date"] = review.created_at
    message["X-Unsent"] = "1"  # mail programs open it as a draft
    message.set_content(render_text(review), cte="quoted-printable")
    message.add_alternative(render_html(review), subtype="html", cte="quoted-printable")
    # "=" never stands unencoded in quoted-printable, so no text can end a part.
    message.set_boundary(f"=_review_{review.id}")
    return message


def mail_bytes(review: ShownReview) -> bytes:
    """The `.eml` file."""
    return render_mail(review).as_bytes(policy=_FOLDING)


def render_text(review: ShownReview) -> str:
    """The review in plain text."""
    return "\n".join(_lines(review)) + "\n"


def _lines(review: ShownReview) -> Iterator[str]:
    yield isolated(review.title)
    yield review.day_text + (" · draft" if review.status == "draft" else "")
    for section in review.sections:
        yield from ("", "", isolated(section.heading).upper(), "")
        if section.intro:
            yield from (isolated(section.intro), "")
        for item in section.items:
            yield from _item_lines(item)
            yield ""
    yield "-- "
    yield (
        f"Review {review.id}, {review.program}. Times of publication are of "
        f"{review.timezone}."
    )


def _item_lines(item: ShownItem) -> Iterator[str]:
    if item.translated_headline is not None:
        yield "* " + _labelled(item.translated_headline)
        yield "  " + isolated(item.headline.text)
    else:
        yield "* " + isolated(item.headline.text)
    place = f", {item.country}" if item.country else ""
    yield f"  {isolated(item.publisher)}{place} · {item.when} · {item.language_name}"
    yield from _body(item)
    if item.also_in:
        others = (
            isolated(o.publisher) + (f" ({isolated(o.owner)})" if o.owner else "")
            for o in item.also_in
        )
        yield f"  Also in: {', '.join(others)}"
    if item.tags:
        yield f"  Tags: {', '.join(map(isolated, item.tags))}"
    link = web_link(item.url)
    yield f"  {link}  {item.citation}" if link else f"  {item.citation}"
    if item.notice:
        yield f"  {isolated(item.notice)}"


def _body(item: ShownItem) -> Iterator[str]:
    if item.summary is not None:
        yield from _indented(_labelled(item.summary))
    if item.passage is not None:
        yield from _indented(isolated(item.passage.original.text), "  > ")
        if item.passage.translation is not None:
            yield from _indented(_labelled(item.passage.translation), "  > ")
    if item.show == "headline":
        yield f"  {HEADLINE_ONLY}"
    if item.note:
        yield from _indented(f"Note: {isolated(item.note)}")


def _labelled(text: ShownText) -> str:
    shown = isolated(text.text)
    return f"{shown} [{text.label}]" if text.label else shown


def _indented(text: str, start: str = "  ") -> Iterator[str]:
    return (start + line for line in text.split("\n"))
