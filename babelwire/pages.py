"""Prints one document: side by side, and what a revision changed."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from babelwire.answers import country_name, language_name, moment_text
from babelwire.balance import plain_reason
from babelwire.how_read import reading_lines
from babelwire.reading import Shown, aligned
from babelwire.terminal import one_line, out, say
from pipeline.differences import Piece, pieces

if TYPE_CHECKING:
    from rich.text import Text

    from pipeline.documents import Document, Translation


def print_document(shown: Shown, target: str, timezone: str) -> None:
    """Headline, facts, both texts sentence by sentence, revisions, evidence."""
    from rich.text import Text

    document = shown.document
    out().print(Text(one_line(document.title) or "(no headline)", style="bold"))
    for line in _facts(document, timezone):
        out().print(Text(line, style="cyan"))
    out().print()
    _print_sides(document, target)
    out().print()
    lines = (
        *_revision_lines(shown, timezone),
        *_evidence_lines(shown),
        *reading_lines(document.choice),
    )
    for line in lines:
        out().print(Text(line, style="dim"), soft_wrap=True)


def print_diff(shown: Shown) -> None:
    """The words that the shown revision took away and added."""
    previous = shown.previous
    if previous is None:
        say("This is the first revision: nothing to compare it with.")
        return
    from rich.text import Text

    head = f"{shown.document.id}@{previous.number} → @{shown.revision.number}"
    out().print(Text(head, style="bold"))
    for line in changed_lines(shown):
        out().print()
        out().print(_marked(line), soft_wrap=True)


Line = list[Piece]
"""What stayed, went and came in one line, without line breaks."""


def changed_lines(shown: Shown) -> list[Line]:
    """The lines in which the shown revision took away or added anything.

    Of what stayed in them, only what stands next to a change.
    """
    previous, now, changes = shown.previous, shown.revision, shown.changes
    if previous is None or changes is None:
        return []
    found = [
        *_lines(pieces(previous.title, now.title, changes.title)),
        *_lines(pieces(previous.text, now.text, changes.text)),
    ]
    return [
        [_shortened(line, place) for place, (_, words) in enumerate(line) if words]
        for line in found
        if any(kind != "same" and words.strip() for kind, words in line)
    ]


def _lines(found: Iterable[Piece]) -> list[Line]:
    lines: list[Line] = [[]]
    for kind, words in found:
        first, *others = words.split("\n")
        lines[-1].append((kind, first))
        lines += [[(kind, other)] for other in others]
    return lines


CONTEXT = 300
"""Characters that stayed and are shown before a change, and behind one."""


def _shortened(line: Line, place: int) -> Piece:
    kind, words = line[place]
    before = words[:CONTEXT] if place > 0 else ""
    behind = words[-CONTEXT:] if place < len(line) - 1 else ""
    if kind != "same" or len(before) + len(behind) >= len(words):
        return kind, words
    return kind, f"{before} … {behind}"


def _marked(line: Line) -> Text:
    """Readable without colour; a line that runs from right to left does so."""
    from rich.text import Text

    shown = Text()
    for kind, words in line:
        text = one_line_keeping_ends(words)
        if kind == "same":
            shown.append(text)
        elif words.strip() and kind == "gone":
            shown.append(f"[-{text}-]", style="red strike")
        elif words.strip():
            shown.append(f"{{+{text}+}}", style="green bold")
    if not is_right_to_left("".join(words for _, words in line)):
        return shown
    return Text(_RIGHT_TO_LEFT_ISOLATE) + shown + Text(_POP_ISOLATE)


_RIGHT_TO_LEFT_ISOLATE, _POP_ISOLATE = "\u2067", "\u2069"


def is_right_to_left(text: str) -> bool:
    """Whether a text's first letter is one that is written so (UAX #9, P2).

    >>> is_right_to_left("14 وقعوا"), is_right_to_left("they signed")
    (True, False)
    """
    for character in text:
        direction = unicodedata.bidirectional(character)
        if direction in {"L", "R", "AL"}:
            return direction != "L"
    return False


def one_line_keeping_ends(text: str) -> str:
    """`one_line`, with a blank at either end where there was one.

    >>> one_line_keeping_ends(" two  words ")
    ' two words '
    """
    start = " " if text[:1].isspace() else ""
    end = " " if text[-1:].isspace() and text.strip() else ""
    return f"{start}{one_line(text)}{end}"


def _facts(document: Document, timezone: str) -> list[str]:
    when = moment_text(
        document.published_at,
        document.published_precision,
        document.first_seen_at,
        timezone,
    )
    place = country_name(document.country)
    who = one_line(document.publisher) + (f" ({place})" if place else "")
    parts = [who, when, language_name(document.language)]
    if document.kind == "official":
        parts.append("official")
    if document.authors:
        parts.append(one_line(", ".join(document.authors)))
    facts = [
        " · ".join(parts),
        f"{document.id}@{document.revision}  {one_line(document.url)}",
    ]
    facts += _topic_facts(document)
    facts += _date_facts(document, timezone)
    if document.merged_into:
        facts.append(f"It goes on in an older document: {document.merged_into}")
    if document.withdrawn_at is not None:
        gone = document.withdrawn_at.astimezone(ZoneInfo(timezone))
        facts.append(
            f"Its publisher has taken it down: not found on {gone:%d %b %Y %H:%M}."
        )
    return facts


MAX_TAGS = 8
"""Tags that are shown; some sites give a page fifty."""


def _topic_facts(document: Document) -> Iterable[str]:
    """What it is about, as its publisher says."""
    if document.section:
        yield f"section: {one_line(document.section)}"
    if document.tags:
        more = ", …" if len(document.tags) > MAX_TAGS else ""
        yield "tags: " + one_line(", ".join(document.tags[:MAX_TAGS])) + more


DATE_FLAGS = {
    "future": "The page states a publication time in the future: not believed.",
    "too_old": "The page states a publication time before the web: not believed.",
    "contradicts_feed": "The page's publication time is years off its feed's.",
}


def _date_facts(document: Document, timezone: str) -> Iterable[str]:
    """When it was changed, as the page says, and what is odd about its times."""
    changed = document.modified_at
    if changed is not None and changed != document.published_at:
        precision = document.modified_precision
        when = moment_text(changed, precision, changed, timezone)
        yield f"changed by its publisher: {when}"
    for flag in document.date_flags:
        yield DATE_FLAGS[flag]


def _print_sides(document: Document, target: str) -> None:
    """Two columns: the original, and its translation beside each sentence."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    translation = document.translation(target)
    if translation is None or not translation.segments:
        for paragraph in document.text.split("\n"):
            out().print(Text(one_line(paragraph)))
            out().print()
        if translation is not None and translation.status != "none_needed":
            say(
                f"No {language_name(target)} translation yet: "
                f"{plain_reason(translation.reason)}."
            )
        return
    label = _made_by(translation)
    grid = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False, expand=True)
    grid.add_column("", justify="right", style="dim", no_wrap=True)
    grid.add_column(language_name(document.language), ratio=1)
    grid.add_column(f"{language_name(target)} ({label})", ratio=1)
    last = 0
    for segment, translated in aligned(document, target):
        if segment.field == "text" and "\n" in document.text[last : segment.start]:
            grid.add_row("", "", "")
        right = one_line(translated.text) if translated else "(not translated yet)"
        if translated and translated.flags:
            right += f"  [check: {', '.join(translated.flags)}]"
        style = "bold" if segment.field == "title" else ""
        left = one_line(segment.text)
        if segment.language:  # a quotation
            left = f"[{language_name(segment.language)}] {left}"
        grid.add_row(
            str(segment.position + 1),
            Text(left, style=style),
            Text(right, style=style),
        )
        last = segment.end if segment.field == "text" else 0
    out().print(grid)


def _made_by(translation: Translation) -> str:
    """Whose translation it is: a machine's is called so, with engine and model."""
    makers = dict.fromkeys(
        f"{s.engine} {s.model}".strip() for s in translation.segments if s.by_machine
    )
    if not makers:
        return "saved translations"
    return "machine translation: " + one_line(", ".join(makers))


def _revision_lines(shown: Shown, timezone: str) -> list[str]:
    if len(shown.revisions) == 1:
        return []
    lines = [
        f"revision {r.number}: seen "
        + moment_text(r.created_at, "minute", r.created_at, timezone)
        for r in shown.revisions
    ]
    return [*lines, "what changed: babelwire show --diff " + shown.document.id]


def _evidence_lines(shown: Shown) -> list[str]:
    page = shown.revision.page
    lines = [
        f"archived {page.fetched_at:%Y-%m-%d %H:%M:%S} UTC",
        f"in {page.place.file} at byte {page.place.offset}",
        f"checksum {page.body_checksum}",
    ]
    if "rendered" in page.hints:
        lines.append(f"as {one_line(page.hints['rendered'])} rendered it, not as sent")
    if shown.others:
        lines.append(f"nearly the same text: {', '.join(shown.others)}")
    if shown.merged:
        told = ", ".join(f"{one.id}@{one.revision}" for one in shown.merged)
        lines.append(f"found to be this document: {told}")
    for edition in shown.editions:
        place = edition.document_id or one_line(edition.url)
        lines.append(f"in {language_name(edition.language)}: {place}")
    return lines
