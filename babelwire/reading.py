"""One document as it is shown: with its revisions, duplicates and evidence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from babelwire.how_read import choice_json
from pipeline.documents import (
    Document,
    Revision,
    Segment,
    TranslatedSegment,
    Translation,
)
from pipeline.errors import InputError
from pipeline.sources import Rights, Source

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from babelwire.rights import RightsOf
    from pipeline.differences import Changes
    from pipeline.store import Database
    from pipeline.store.documents import Reference
    from pipeline.store.editions import Edition


@dataclass(frozen=True, kw_only=True)
class Shown:
    """A document at one of its revisions.

    Attributes:
        document: At that revision.
        revisions: All of them, oldest first.
        others: Ids of the documents with nearly the same text.
        editions: The publisher's in other languages.
        merged: Documents that turned out to be this one, each at its last revision.
    """

    document: Document
    revisions: tuple[Revision, ...]
    others: tuple[str, ...]
    editions: tuple[Edition, ...] = ()
    merged: tuple[Reference, ...] = ()

    @property
    def revision(self) -> Revision:
        """The one that is shown."""
        return next(r for r in self.revisions if r.number == self.document.revision)

    @property
    def previous(self) -> Revision | None:
        """The one before it."""
        number = self.document.revision - 1
        return next((r for r in self.revisions if r.number == number), None)

    @property
    def changes(self) -> Changes | None:
        """What the shown revision changed; None of the first one."""
        previous, now = self.previous, self.revision
        if previous is None:
            return None
        from pipeline.differences import compared

        # Not stored of revisions that were compared before the program could.
        return now.changes or compared(
            (previous.title, previous.text), (now.title, now.text)
        )


def load_shown(database: Database, reference: str) -> Shown:
    """The document that `ID` or `ID@REVISION` names.

    Raises:
        InputError: No such document or revision.
    """
    from pipeline.store.documents import cluster_members, load_revisions
    from pipeline.store.editions import load_editions
    from pipeline.store.merges import merged_into

    with database.read() as connection:
        document = find_document(connection, reference)
        revisions = load_revisions(connection, document.id)
        newest = find_document(connection, document.id)  # the group is the living one's
        members = cluster_members(connection, newest.cluster)
        editions = load_editions(connection, document.id)
        merged = merged_into(connection, document.id)
    return Shown(
        document=document,
        revisions=tuple(revisions),
        others=tuple(member for member in members if member != document.id),
        editions=tuple(editions),
        merged=tuple(merged),
    )


def find_document(connection: Connection, reference: str) -> Document:
    """A document at its newest or the named revision.

    The id of one that was merged leads to the document that goes on; a revision of it
    is shown as it was cited.

    Raises:
        InputError: No such document or revision.
    """
    from pipeline.store.documents import (
        load_documents,
        load_revision,
        parse_reference,
    )
    from pipeline.store.merges import resolved

    parsed = parse_reference(reference)
    if parsed is None:
        raise InputError(
            f'"{reference}" is no document id, expected e.g. dfxhautcqiqn7zt5j or '
            "dfxhautcqiqn7zt5j@2"
        )
    parsed = resolved(connection, parsed)
    current = load_documents(connection, [parsed.id])
    if not current:
        raise InputError(f"no document {parsed.id} in this workspace")
    if parsed.revision is None or (
        parsed.revision == current[0].revision and not current[0].merged_into
    ):
        return current[0]
    found = load_revision(connection, parsed.id, parsed.revision or 0)
    if found is None:
        raise InputError(
            f"{parsed.id} has no revision {parsed.revision}; its newest is "
            f"{current[0].revision}"
        )
    return found


def load_rights(database: Database, configured: Mapping[str, Source]) -> RightsOf:
    """What may leave the desk, of each source.

    A source's file counts as it is now, also for what was imported under its name;
    where it is gone, what the store remembers of it. Of a source that nobody knows
    only headlines leave.
    """
    from pipeline.importing import PREFIX
    from pipeline.store.sources import source_rows

    with database.read() as connection:
        rows = source_rows(connection)

    def rights_of(name: str) -> Rights:
        known = (
            configured.get(name)
            or configured.get(name.removeprefix(PREFIX))
            or rows.get(name)
        )
        return known.rights if known else Rights(show="headline")

    return rights_of


def aligned(
    document: Document, target: str
) -> list[tuple[Segment, TranslatedSegment | None]]:
    """Each segment with its translation, in order."""
    translation = document.translation(target)
    by_position = {s.position: s for s in translation.segments} if translation else {}
    return [(s, by_position.get(s.position)) for s in document.segments]


def shown_json(shown: Shown, target: str) -> dict[str, Any]:
    """The JSON document of `show`."""
    document = shown.document
    withdrawn = document.withdrawn_at
    return {
        "schema": 1,
        "id": document.id,
        "revision": document.revision,
        "merged_into": document.merged_into or None,
        "merged": [f"{one.id}@{one.revision}" for one in shown.merged],
        "url": document.url,
        "source": document.source,
        "publisher": document.publisher,
        "country": document.country,
        "owner": document.owner,
        "audience": list(document.audience),
        "kind": document.kind,
        "language": document.language,
        "language_alternatives": [list(a) for a in document.language_alternatives],
        **_times_json(document),
        "first_seen_at": document.first_seen_at.isoformat(),
        "withdrawn_at": withdrawn.isoformat() if withdrawn else None,
        "title": document.title,
        "text": document.text,
        "authors": list(document.authors),
        "section": document.section,
        "tags": list(document.tags),
        "image_url": document.image_url or None,
        "text_choice": choice_json(document.choice),
        "rights": document.rights,
        "cluster": document.cluster,
        "duplicates": list(shown.others),
        "editions": [_edition_json(edition) for edition in shown.editions],
        "revisions": [_revision_json(revision) for revision in shown.revisions],
        "changes": _changes_json(shown),
        "segments": [
            {
                "field": segment.field,
                "language": segment.language or document.language,
                "original": segment.text,
                "translation": translated.text if translated else None,
                "flags": list(translated.flags) if translated else [],
                "origin": _origin_json(translated) if translated else None,
            }
            for segment, translated in aligned(document, target)
        ],
        "translations": {
            translation.target: _translation_json(translation)
            for translation in document.translations
        },
        "evidence": _evidence_json(shown.revision),
    }


def _times_json(document: Document) -> dict[str, Any]:
    """What the page says of its times."""
    published, modified = document.published_at, document.modified_at
    return {
        "published_at": published.isoformat() if published else None,
        "published_precision": document.published_precision,
        "published_from": document.published_from,
        "published_zone": document.published_zone,
        "modified_at": modified.isoformat() if modified else None,
        "modified_precision": document.modified_precision,
        "modified_zone": document.modified_zone,
        "date_flags": list(document.date_flags),
    }


def _translation_json(translation: Translation) -> dict[str, Any]:
    return {
        "status": translation.status,
        "reason": translation.reason,
        "by": translation.by,
        "engine": _joined(s.engine for s in translation.segments),
        "model": _joined(s.model for s in translation.segments),
        "version": _joined(s.version for s in translation.segments),
        "licence": _joined(s.licence for s in translation.segments),
    }


def _edition_json(edition: Edition) -> dict[str, Any]:
    return {
        "language": edition.language,
        "url": edition.url,
        "id": edition.document_id or None,
        "title": edition.title or None,
    }


def _origin_json(segment: TranslatedSegment) -> dict[str, Any]:
    """Where a segment's translation comes from."""
    made_at = segment.translated_at
    return {
        "engine": segment.engine,
        "by": "machine" if segment.by_machine else "people",
        "model": segment.model,
        "version": segment.version,
        "licence": segment.licence,
        "parameters": segment.parameters,
        "translated_at": made_at.isoformat() if made_at else None,
    }


def _joined(values: Any) -> str:
    return ", ".join(sorted({value for value in values if value}))


def _revision_json(revision: Revision) -> dict[str, Any]:
    return {
        "number": revision.number,
        "title": revision.title,
        "text_checksum": revision.text_checksum,
        "created_at": revision.created_at.isoformat(),
        "evidence": _evidence_json(revision),
    }


def _changes_json(shown: Shown) -> list[dict[str, Any]] | None:
    """What the shown revision made of the one before it; null of a first one.

    Offsets count code points of that field of the text before and of this one.
    """
    previous, now, found = shown.previous, shown.revision, shown.changes
    if previous is None or found is None:
        return None
    sides = (
        ("title", previous.title, now.title, found.title),
        ("text", previous.text, now.text, found.text),
    )
    return [
        {
            "field": field,
            "before": [b0, b1],
            "after": [a0, a1],
            "removed": before[b0:b1],
            "added": after[a0:a1],
        }
        for field, before, after, changes in sides
        for b0, b1, a0, a1 in changes
    ]


def _evidence_json(revision: Revision) -> dict[str, Any]:
    page = revision.page
    found = {
        "warc_file": page.place.file,
        "offset": page.place.offset,
        "length": page.place.length,
        "checksum": page.body_checksum,
        "fetched_at": page.fetched_at.isoformat(),
        "url": page.url,
    }
    if "import" in page.hints:
        found["imported_file_checksum"] = page.hints["import"]
    if "rendered" in page.hints:  # the archived page is what the browser made
        found["rendered_by"] = page.hints["rendered"]
    return found
