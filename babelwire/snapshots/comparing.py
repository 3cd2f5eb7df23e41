"""What differs between two snapshots, or between one and the same query asked now."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from typing import Any

from babelwire.snapshots.contract import (
    Head,
    NoticeRecord,
    OriginRecord,
    Record,
    TranslationRecord,
)
from babelwire.terminal import counted

_QUERY_WORDS = {
    "text": "query",
    "canonical": "query as it was read",
    "filters": "filters",
    "timezone": "time zone",
    "language": "language that was set for the words",
}
_UNDERSTOOD_WORDS = {
    "languages": "language of the words",
    "translated": "translated query",
    "names": "names searched in other spellings",
}
_INDEX_WORDS = {
    "engine": "engine of the index",
    "generation": "generation of the index",
    "analysis": "analysis version of the index",
    "target": "target language",
}
_SAMPLE_WORDS = {
    "size": "size of the sample",
    "seed": "seed of the sample",
    "by": "strata of the sample",
}


@dataclass(frozen=True, kw_only=True)
class Changed:
    """One setting that differs; `what` is in plain words."""

    what: str
    before: str
    after: str


@dataclass(frozen=True, kw_only=True)
class Pair:
    """One document in both snapshots."""

    before: Record
    after: Record


@dataclass(kw_only=True)
class Difference:
    """Everything that differs; documents in the order of the later snapshot.

    A document may stand in several lists: its new revision may have another
    translation, too.

    Attributes:
        before: The earlier one's first line.
        after: The later one's.
        same: Documents that are equal in both.
        added: Only in the later one.
        gone: Only in the earlier one.
        revised: Found at another revision.
        reread: The same revision with another text, by a better extractor.
        refetched: The same revision with another page behind it.
        retranslated: With another translation, or another status of it.
        moved: With another source or time.
        settings: Of the query, the index and the sample.
        new_notices: Only in the later one.
        old_notices: Only in the earlier one.
    """

    before: Head
    after: Head
    same: int = 0
    added: list[Record] = field(default_factory=list)
    gone: list[Record] = field(default_factory=list)
    revised: list[Pair] = field(default_factory=list)
    reread: list[Pair] = field(default_factory=list)
    refetched: list[Pair] = field(default_factory=list)
    retranslated: list[Pair] = field(default_factory=list)
    moved: list[Pair] = field(default_factory=list)
    settings: list[Changed] = field(default_factory=list)
    new_notices: list[NoticeRecord] = field(default_factory=list)
    old_notices: list[NoticeRecord] = field(default_factory=list)

    @property
    def is_equal(self) -> bool:
        """Whether nothing differs; names, times and programs are not compared."""
        lists = (*self._documents().values(), self.settings)
        return not any((*lists, self.new_notices, self.old_notices))

    @property
    def counts(self) -> dict[str, int]:
        """How many documents are the same, and how many of each difference."""
        found = {name: len(listed) for name, listed in self._documents().items()}
        return {"same": self.same, **found}

    def to_json(self) -> dict[str, Any]:
        """The JSON document of `snapshot diff`."""
        return {
            "schema": 1,
            "equal": self.is_equal,
            "before": _about(self.before),
            "after": _about(self.after),
            "counts": self.counts,
            "settings": [asdict(changed) for changed in self.settings],
            "notices": {
                "added": [asdict(notice) for notice in self.new_notices],
                "gone": [asdict(notice) for notice in self.old_notices],
            },
            **{
                name: [asdict(one) for one in listed]
                for name, listed in self._documents().items()
            },
        }

    def lines(self) -> Iterator[str]:
        """The same for people: counts first."""
        if self.is_equal:
            documents = counted(self.same, "document")
            yield f"Equal: the same query found the same {documents} in the same way."
            return
        yield self._count_line()
        for changed in self.settings:
            yield f'{changed.what}: "{changed.before}" before, "{changed.after}" after'
        yield from (f"notice, before only: {n.text}" for n in self.old_notices)
        yield from (f"notice, after only: {n.text}" for n in self.new_notices)
        yield from (f"{one.citation}: added ({one.source})" for one in self.added)
        yield from (f"{one.citation}: gone ({one.source})" for one in self.gone)
        for pair in self.revised:
            yield (
                f"{pair.before.id}: revision {pair.before.revision} before, "
                f"{pair.after.revision} after"
            )
        for pair in self.reread:
            yield f"{pair.after.citation}: the revision's text was extracted anew"
        for pair in self.refetched:
            yield f"{pair.after.citation}: another page stands behind the revision"
        for pair in self.retranslated:
            before, after = pair.before.translation, pair.after.translation
            yield f"{pair.after.citation}: {translation_words(before, after)}"
        for pair in self.moved:
            yield f"{pair.after.citation}: {_moved_words(pair)}"

    def _count_line(self) -> str:
        words = {
            "same": "the same",
            "added": "added",
            "gone": "gone",
            "revised": "with another revision",
            "reread": "with another text of the same revision",
            "refetched": "with another page",
            "retranslated": "with another translation",
            "moved": "with another source or time",
        }
        kept = {"same", "added", "gone", "revised", "retranslated"}
        parts = [
            f"{number:,} {words[name]}"
            for name, number in self.counts.items()
            if number or name in kept
        ]
        return "Documents: " + ", ".join(parts) + "."

    def _documents(self) -> dict[str, list[Record] | list[Pair]]:
        return {
            "added": self.added,
            "gone": self.gone,
            "revised": self.revised,
            "reread": self.reread,
            "refetched": self.refetched,
            "retranslated": self.retranslated,
            "moved": self.moved,
        }


def compare(
    before: tuple[Head, Iterable[Record]], after: tuple[Head, Iterable[Record]]
) -> Difference:
    """What differs between two answers; the earlier one's documents fit in memory."""
    (old_head, old_records), (new_head, new_records) = before, after
    found = Difference(
        before=old_head, after=new_head, settings=list(_settings(old_head, new_head))
    )
    old, new = old_head.understood.notices, new_head.understood.notices
    found.old_notices = [notice for notice in old if notice not in new]
    found.new_notices = [notice for notice in new if notice not in old]
    left = {record.id: record for record in old_records}
    for record in new_records:
        known = left.pop(record.id, None)
        if known is None:
            found.added.append(record)
        else:
            _compare_documents(Pair(before=known, after=record), found)
    found.gone = list(left.values())
    return found


def translation_words(before: TranslationRecord, after: TranslationRecord) -> str:
    """How a translation differs from another one.

    >>> none = TranslationRecord(status="waiting", origins=(), checksum="")
    >>> made = OriginRecord(engine="firefox", model="vi-en", version="2")
    >>> done = TranslationRecord(status="done", origins=(made,), checksum="sha256:1")
    >>> translation_words(none, done)
    'translation waiting before, done by firefox vi-en 2 after'
    """
    if (before.status, before.origins) == (after.status, after.origins):
        by = _by(after.origins) or "nobody"
        return f"other words in the translation, by {by} before and after"
    return f"translation {_translated(before)} before, {_translated(after)} after"


def _compare_documents(pair: Pair, found: Difference) -> None:
    before, after = pair.before, pair.after
    if before == after:
        found.same += 1
        return
    if before.revision != after.revision:
        found.revised.append(pair)
    else:
        if before.text_checksum != after.text_checksum:
            found.reread.append(pair)
        if before.page_checksum != after.page_checksum:
            found.refetched.append(pair)
    if before.translation != after.translation:
        found.retranslated.append(pair)
    if _place(before) != _place(after):
        found.moved.append(pair)


def _place(record: Record) -> tuple[str, str | None, str]:
    return record.source, record.published_at, record.first_seen_at


def _settings(before: Head, after: Head) -> Iterator[Changed]:
    pairs: list[tuple[dict[str, str], object, object]] = [
        (_QUERY_WORDS, before.query, after.query),
        (_UNDERSTOOD_WORDS, before.understood, after.understood),
        (_INDEX_WORDS, before.index, after.index),
        (_SAMPLE_WORDS, before.sample, after.sample),
    ]
    for words, old, new in pairs:
        for name, what in words.items():
            told, now = getattr(old, name, None), getattr(new, name, None)
            if told != now:
                yield Changed(what=what, before=_shown(told), after=_shown(now))


def _shown(value: Any) -> str:
    if value is None:
        return "none"
    if not isinstance(value, tuple):
        return str(value)
    parts = [
        f"{one.field}:{','.join(one.values)}" if hasattr(one, "field") else str(one)
        for one in value
    ]
    return ", ".join(parts) or "none"


def _translated(translation: TranslationRecord) -> str:
    status = translation.status.replace("_", " ")
    by = _by(translation.origins)
    return f"{status} by {by}" if by else status


def _by(origins: Iterable[OriginRecord]) -> str:
    named = (" ".join(filter(None, (o.engine, o.model, o.version))) for o in origins)
    return " and ".join(named)


def _moved_words(pair: Pair) -> str:
    names = ("source", "published_at", "first_seen_at")
    parts = [
        f"{name.replace('_', ' ')} {old or 'none'} before, {new or 'none'} after"
        for name, old, new in zip(
            names, _place(pair.before), _place(pair.after), strict=True
        )
        if old != new
    ]
    return "; ".join(parts)


def _about(head: Head) -> dict[str, Any]:
    return {
        "name": head.name,
        "created_at": head.created_at,
        "program": head.program,
        "query": head.query.text,
        "total": head.total,
    }
