"""Shows an answer to a person: who, when, in which language, both passages."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from babelwire.terminal import highlighted, note, one_line, out, safe

if TYPE_CHECKING:
    from pipeline.documents import Precision
    from search_index.engines.contract import ClusterCounts
    from search_index.query import Facet, Hit, Oldest, Results, SearchRequest

BAR_LENGTH = 40

TO_THE_HOUR = frozenset({"second", "minute", "hour"})
"""Precisions with a time of day."""

STATUS_WORDS = {
    "waiting": "waits for translation",
    "partial": "partly translated",
    "failed": "could not be translated",
}


def show_results(
    results: Results,
    request: SearchRequest,
    explained: Mapping[str, Any] | None = None,
    *,
    timeline: bool = False,
) -> None:
    """Prints one page of an answer."""
    from rich.text import Text

    out().print(Text(_count_line(results, request), style="bold"), soft_wrap=True)
    for number, hit in enumerate(results.hits, start=request.offset + 1):
        out().print()
        show_hit(number, hit, request.timezone, one_line(_explained(hit, explained)))
    if timeline and results.total:
        _show_timeline(results.facets[request.timeline])
    facets = _facet_line(results)
    if facets:
        out().print()
        out().print(Text(facets, style="dim"))
    for told in results.notices:
        note(one_line(told.text))


def show_hit(number: int, hit: Hit, timezone: str, explanation: str = "") -> None:
    """Prints one hit: headline, its translation, who and when, passages, address."""
    from rich.padding import Padding
    from rich.text import Text

    head = Text(f"{number:>3}. ")
    head.append(one_line(hit.title) or "(no headline)", style="bold")
    out().print(head, soft_wrap=not out().is_terminal)
    lines = []
    if hit.translated_title and hit.translated_title != hit.title:
        lines.append(Text(one_line(hit.translated_title), style="italic"))
    lines.append(Text(_about(hit, timezone), style="cyan"))
    lines += [Text(line, style="cyan") for line in _group_lines(hit, timezone)]
    for passage in hit.passages:
        if passage.field == "title":
            continue
        label = hit.language if passage.side == "original" else translation_label(hit)
        line = Text(f"{label}: ", style="dim")
        line.append_text(_undimmed(highlighted(passage.text, passage.highlights)))
        lines.append(line)
    if explanation:
        lines.append(Text(explanation, style="magenta"))
    lines.append(Text(f"{hit.id}@{hit.revision}  {one_line(hit.url)}", style="dim"))
    for line in lines:
        if out().is_terminal:
            out().print(Padding(line, (0, 0, 0, 5), expand=False))
        else:
            out().print(Text("     ").append_text(line), soft_wrap=True)


def language_name(tag: str, locale: str = "en") -> str:
    """The name of a language, from the CLDR; what is unknown is said in English.

    >>> language_name("vi"), language_name("vi", "ru"), language_name("und")
    ('Vietnamese', 'вьетнамский', 'language unknown')
    """
    if tag in {"und", ""}:
        return "language unknown"
    from babel import Locale, UnknownLocaleError

    try:
        name = Locale.parse(tag, sep="-").get_display_name(locale)
    except (ValueError, UnknownLocaleError):
        name = None
    return name or tag


def translation_label(hit: Hit) -> str:
    """What stands before a translated passage: a machine's is called so."""
    return "machine translation" if hit.translated_by == "machine" else "translation"


def country_name(code: str, locale: str = "en") -> str:
    """The name of a country, from the CLDR; "" for none."""
    from babel import Locale

    return str(Locale(locale).territories.get(code, code)) if code else ""


def moment_text(
    published_at: datetime | None,
    precision: Precision,
    first_seen_at: datetime,
    timezone: str,
) -> str:
    """When a document was published, as exactly as it is known."""
    zone = ZoneInfo(timezone)
    if published_at is None:
        seen = first_seen_at.astimezone(zone)
        return f"undated, first seen {seen:%d %b %Y %H:%M}"
    if precision in TO_THE_HOUR:
        return f"{published_at.astimezone(zone):%d %b %Y %H:%M}"
    # A day has no zone: it is the publisher's.
    shape = {"day": "%d %b %Y", "month": "%b %Y"}.get(precision, "%Y")
    return f"{published_at:{shape}}"


def _undimmed(text: Any) -> Any:
    text.stylize_before("not dim")
    return text


def _count_line(results: Results, request: SearchRequest) -> str:
    what = "document" if results.total == 1 else "documents"
    line = f"{results.total:,} {what} for {safe(results.query)}"
    if request.like:
        line += f", like {request.like}"
    if results.hits and (request.offset or results.total > len(results.hits)):
        last = request.offset + len(results.hits)
        line += f"  ({request.offset + 1:,} to {last:,} shown)"
    return f"{line}  [{results.took_ms:.0f} ms]"


def _about(hit: Hit, timezone: str) -> str:
    when = moment_text(
        hit.published_at, hit.published_precision, hit.first_seen_at, timezone
    )
    place = country_name(hit.country)
    parts = [
        one_line(hit.publisher) + (f" ({place})" if place else ""),
        when,
        language_name(hit.language),
    ]
    if hit.kind == "official":
        parts.append("official")
    if hit.duplicates and (hit.group is None or hit.group.documents == 1):
        others = "other" if hit.duplicates == 1 else "others"
        parts.append(f"and {hit.duplicates:,} {others} with nearly this text")
    if hit.translated_by == "machine":
        parts.append("machine-translated")
    if hit.translation_status in STATUS_WORDS:
        parts.append(STATUS_WORDS[hit.translation_status])
    if hit.match == "some":
        parts.append("some of the words")
    return " · ".join(parts)


def _show_timeline(parts: Sequence[Facet]) -> None:
    """A bar for each part that has documents."""
    from rich.text import Text

    out().print()
    most = max(part.count for part in parts)
    for part in parts:
        bar = "█" * max(1, round(part.count / most * BAR_LENGTH))
        out().print(Text(f"{part.value} {part.count:>7,} {bar}"), soft_wrap=True)


def _group_lines(hit: Hit, timezone: str) -> Iterator[str]:
    """How many have nearly this text, where, whose they are, and who had it first."""
    if hit.group is None or hit.group.documents == 1:
        return
    yield f"{hit.group.documents:,} with nearly this text: {spread_text(hit.group)}"
    if hit.oldest is not None:
        zone = ZoneInfo(timezone)
        seen = f"{hit.oldest.first_seen_at.astimezone(zone):%d %b %Y %H:%M}"
        who = "this one" if hit.oldest.id == hit.id else _first(hit.oldest)
        yield f"seen first: {who}, {seen}"


def _first(oldest: Oldest) -> str:
    return f"{one_line(oldest.publisher)} ({oldest.id})"


NAMED = 3
"""Publishers, countries and owners that are named."""


def spread_text(group: ClusterCounts) -> str:
    """How widely a text is spread; across owners is not across titles."""
    parts = [
        _spread("publisher", "publishers", group.publishers),
        _spread("country", "countries", [country_name(c) for c in group.countries]),
        _spread("owner", "owners", group.owners),
    ]
    if group.owner_unknown:
        parts.append(f"owner of {group.owner_unknown:,} unknown")
    return ", ".join(filter(None, parts))


def _spread(one: str, many: str, names: Sequence[str]) -> str:
    """`2 owners (A, B)`; "" of none.

    >>> _spread("owner", "owners", ["A", "B", "C", "D"])
    '4 owners (A, B, C, …)'
    """
    if not names:
        return ""
    named = ", ".join(one_line(name) for name in names[:NAMED])
    more = ", …" if len(names) > NAMED else ""
    return f"{len(names):,} {one if len(names) == 1 else many} ({named}{more})"


def _facet_line(results: Results) -> str:
    parts = []
    for name in ("language", "kind"):
        values = results.facets.get(name, ())
        if len(values) > 1:
            shown = ", ".join(f"{one_line(v.value)} {v.count:,}" for v in values[:12])
            parts.append(f"{name}: {shown}")
    return "   ".join(parts)


def _explained(hit: Hit, explained: Mapping[str, Any] | None) -> str:
    """Which words matched where, and what each side scored, in one line."""
    found = (explained or {}).get(hit.id)
    if not found:
        return ""
    words = ", ".join(
        f"{word['text']} ({word['side']} {word['field']}, {word['times']} times)"
        for word in found["words"]
    )
    sides = ", ".join(f"{side} {score:.2f}" for side, score in found["sides"].items())
    return f"because of {words}; scores: {sides}, of which the best counts"
