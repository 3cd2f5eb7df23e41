"""A review as an e-mail: plain text and HTML, to be opened and sent by a person."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from email.message import EmailMessage
from email.policy import SMTP, compat32

from babelwire.reviews.contract import (
    HEADLINE_ONLY,
    ShownItem,
    ShownReview,
    ShownText,
)
from babelwire.reviews.html import render_html
from babelwire.reviews.phrases import (
    day_of,
    headline_of,
    imprint_of,
    intro_of,
    label_of,
    when_of,
    wording_of,
    zone_of,
)
from babelwire.reviews.texts import isolated, subject, web_link
from babelwire.wording import Wording

_FOLDING = compat32.clone(linesep="\r\n")
"""The newer policies lose blanks where they fold a subject that is not ASCII (CPython
issue 92081, seen with 3.11.7)."""

SIGNATURE = "-- "
"""Before what is no part of the text (RFC 3676, section 4.3)."""

RIGHT_TO_LEFT_MARK = "\u200f"
"""A line that begins with it runs from right to left (UAX #9, rule P2)."""


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
    return "\n".join(_Text(review).lines()) + "\n"


class _Text:
    """The lines of a review, in its reader's language."""

    def __init__(self, review: ShownReview) -> None:
        self.review = review
        self.w: Wording = wording_of(review)
        self.is_rtl = self.w.direction == "rtl"

    def lines(self) -> Iterator[str]:
        """All of them; a mark at the beginning of each tells a right-to-left reader."""
        for line in self._lines():
            if self.is_rtl and line and line != SIGNATURE:
                yield RIGHT_TO_LEFT_MARK + line
            else:
                yield line

    def _lines(self) -> Iterator[str]:
        yield self._own(self.review.title)
        yield day_of(self.w, self.review)
        for section in self.review.sections:
            yield from ("", "", self._own(section.heading).upper(), "")
            if intro := intro_of(self.w, section):
                yield from (self._own(intro), "")
            for item in section.items:
                yield from self._item(item)
                yield ""
        yield SIGNATURE
        yield imprint_of(self.w, self.review)

    def _item(self, item: ShownItem) -> Iterator[str]:
        headline = headline_of(self.w, item)
        if item.translated_headline is not None:
            yield "* " + self._labelled(item.translated_headline)
            yield "  " + self._own(headline.text)
        else:
            yield "* " + self._own(headline.text)
        yield "  " + self._about(item)
        yield from self._body(item)
        if item.also_in:
            others = (
                self._own(o.publisher) + (f" ({self._own(o.owner)})" if o.owner else "")
                for o in item.also_in
            )
            yield self._list(self.w.text("Also in:"), others)
        if item.tags:
            yield self._list(self.w.text("Tags:"), map(self._own, item.tags))
        link = web_link(item.url)
        yield f"  {link}  {item.citation}" if link else f"  {item.citation}"
        if item.notice:
            yield f"  {self._own(item.notice)}"

    def _about(self, item: ShownItem) -> str:
        country = self.w.country_name(item.country)
        place = f"{self.w.comma}{country}" if country else ""
        zone = zone_of(item, self.w.timezone)
        when = when_of(self.w, item) + (f" {self._own(zone)}" if zone else "")
        language = self.w.language_name(item.language)
        return f"{self._own(item.publisher)}{place} · {when} · {language}"

    def _body(self, item: ShownItem) -> Iterator[str]:
        if item.summary is not None:
            yield from _indented(self._labelled(item.summary))
        if item.passage is not None:
            yield from _indented(self._own(item.passage.original.text), "  > ")
            if item.passage.translation is not None:
                yield from _indented(self._labelled(item.passage.translation), "  > ")
        if item.show == "headline":
            yield f"  {self.w.text(HEADLINE_ONLY)}"
        if item.note:
            note = self.w.text("Note:")
            yield from _indented(f"{note} {self._own(item.note)}")

    def _list(self, heading: str, parts: Iterable[str]) -> str:
        return f"  {heading} {self.w.comma.join(parts)}"

    def _labelled(self, text: ShownText) -> str:
        label, shown = label_of(self.w, text), self._own(text.text)
        return f"{shown} [{label}]" if label else shown

    def _own(self, text: str) -> str:
        """A text that runs its own way, whatever stands around it."""
        return isolated(text, always=self.is_rtl)


def _indented(text: str, start: str = "  ") -> Iterator[str]:
    return (start + line for line in text.split("\n"))
