"""Firefox's translation models, from where their publisher serves them.

He does so twice, with the same files. *Remote Settings* is what the browser asks: it
states the SHA-256 of every file, but lists only what is released. The *registry*
lists every size of every pair, and states the SHA-256 of the weights alone. Both can
be mirrored under another address, which a production user is asked to do.

Sources: Remote Settings, "Client specifications" (attachments); the publisher's
`db/updater.py`, which writes the registry.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import quote

from pipeline.errors import UnavailableError
from pipeline.translation.models.catalogue import CatalogueModel
from pipeline.translation.models.downloads import Downloads, Progress, no_progress
from pipeline.translation.models.drafts import Draft, check_published, refuse_pickles
from pipeline.translation.models.shelf import file_sha256, is_plain_path
from pipeline.translation.models.unpacking import unpack

REMOTE_SETTINGS = "https://firefox.settings.services.mozilla.com/v1"
REGISTRY = (
    "https://storage.googleapis.com/"
    "moz-fx-translations-data--303e-prod-translations-data"
)
"""Root of the publisher's registry (`db/models.json`) and of its files."""

RECORDS = "buckets/main/collections/translations-models-v2/records"

MAX_MAJOR = 3
"""Of a version in Remote Settings: the first number changes when the engine must."""

MAX_FILE_BYTES = 256 * 2**20
"""Of a model's file, unpacked; the largest has 60 MB."""

MODEL, SHARED, OWN = "model", ("vocab",), ("srcvocab", "trgvocab")
"""What the engine needs, as Remote Settings calls it: weights, and one vocabulary or
two. The shortlist is not used."""

REGISTRY_PARTS = {
    "model": "model",
    "vocab": "vocab",
    "srcVocab": "srcvocab",
    "trgVocab": "trgvocab",
}

SCRIPTS = {"zh": "zh-Hans"}
"""Languages that Remote Settings lists with the script they are mostly written in."""

WEIGHTS_SUFFIX, VOCABULARY_SUFFIX = ".bin", ".spm"

SLACK = 4096
"""A packed file may have so many more bytes than it unpacks to: it was random."""


@dataclass(frozen=True, kw_only=True)
class Part:
    """A file that a model has.

    Attributes:
        kind: `model`, `vocab`, `srcvocab` or `trgvocab`.
        url: Of the packed file.
        name: Once unpacked.
        sha256: Once unpacked; "" where it is not stated.
        size: Once unpacked, in bytes; 0 where it is not stated.
        packed_sha256: As it is served; "" where it is not stated.
    """

    kind: str
    url: str
    name: str
    sha256: str = ""
    size: int = 0
    packed_sha256: str = ""


@dataclass(frozen=True, kw_only=True)
class Offer:
    """A model as a publisher offers it.

    Attributes:
        parts: All that the engine needs.
        number: The publisher's own version, the newest is the greatest.
    """

    parts: tuple[Part, ...]
    number: tuple[int, ...] = ()

    @property
    def version(self) -> str:
        """The weights' own hash: the same wherever a model is got from."""
        weights = next(part for part in self.parts if part.kind == MODEL)
        return weights.sha256[:12] or PurePosixPath(weights.url).parent.name


class FirefoxPublisher:
    """Firefox's models from their publisher, or from a mirror.

    A mirror whose address ends in `/v1` is one of Remote Settings, any other one of
    the registry.
    """

    def __init__(self, downloads: Downloads, mirror: str = "") -> None:
        """Args: the client, and the root of a mirror ("" for the publisher's)."""
        self._downloads = downloads
        self._roots = (mirror,) if mirror else (REMOTE_SETTINGS, REGISTRY)

    def get(
        self,
        model: CatalogueModel,
        folder: Path,
        revision: str,
        progress: Progress = no_progress,
    ) -> Draft:
        """As `Publisher`; unpacked."""
        root, offer = self._find(model, revision)
        published = {}
        for part in offer.parts:
            self._fetch(part, folder, progress)
            if part.sha256:
                published[part.name] = part.sha256
        return Draft(
            folder=folder,
            files=tuple(part.name for part in offer.parts),
            version=offer.version,
            came_from=root,
            published=published,
        )

    def _find(self, model: CatalogueModel, revision: str) -> tuple[str, Offer]:
        """Where the model is offered, and as what; the first root that has it."""
        troubles: list[UnavailableError] = []
        for address in self._roots:
            root = address.rstrip("/")
            is_settings = root.endswith("/v1")
            list_offers = remote_offers if is_settings else registry_offers
            try:
                offers = list_offers(self._downloads, root, model)
                return root, _chosen(offers, model, revision, root)
            except UnavailableError as error:
                troubles.append(error)
        kind = type(troubles[-1])
        raise kind("; ".join(map(str, troubles)))

    def _fetch(self, part: Part, folder: Path, progress: Progress) -> None:
        path = folder / part.name
        if part.sha256 and path.is_file() and file_sha256(path) == part.sha256:
            progress(path.stat().st_size)
            return
        limit = min(part.size or MAX_FILE_BYTES, MAX_FILE_BYTES)
        # By its address, so that no half of another file is taken for one of this.
        packed = folder / f".{sha256(part.url.encode()).hexdigest()[:16]}.packed"
        self._downloads.fetch(
            part.url, packed, max_bytes=limit + SLACK, progress=progress
        )
        if part.packed_sha256:
            check_published(packed, part.packed_sha256, part.url)
        unpack(packed, path, limit)
        packed.unlink()
        check_published(path, part.sha256, part.url)
        refuse_pickles(path)


def remote_offers(
    downloads: Downloads, root: str, model: CatalogueModel
) -> list[Offer]:
    """What Remote Settings has of a model's pair and size.

    Raises:
        UnavailableError: It does not answer, or not as it should.
    """
    attachments = _attachments(downloads.json(f"{root}/"), root)
    records: list[Mapping[str, Any]] = []
    for source in _spellings(model.sources[0]):
        for target in _spellings(model.targets[0]):
            pair = f"sourceLanguage={quote(source)}&targetLanguage={quote(target)}"
            answer = downloads.json(f"{root}/{RECORDS}?{pair}")
            records += [
                record
                for record in _list(answer, "data")
                if _text(record, "sourceLanguage") == source
                and _text(record, "targetLanguage") == target
                and _text(record, "architecture") == model.variant
            ]
    parts = [
        (number, _remote_part(record, attachments))
        for record in records
        if _text(record, "fileType") in (MODEL, *SHARED, *OWN)
        and (number := _number(_text(record, "version")))
        and number[0] <= MAX_MAJOR
    ]
    parts.sort(key=lambda numbered: numbered[0])
    # A newer version need not have every file anew.
    found = (
        _offer((part for other, part in parts if other <= number), number)
        for number in sorted({number for number, _ in parts})
    )
    return [offer for offer in found if offer]


def registry_offers(
    downloads: Downloads, root: str, model: CatalogueModel
) -> list[Offer]:
    """What the registry has of a model's pair and size, what is released last.

    Raises:
        UnavailableError: It does not answer, or not as it should.
    """
    answer = downloads.json(f"{root}/db/models.json")
    models = answer.get("models") if isinstance(answer, dict) else None
    entries = [
        entry
        for entry in _list(models, model.pair)
        if _text(entry, "architecture") == model.variant
    ]
    entries.sort(key=lambda entry: _text(entry, "releaseStatus").startswith("Release"))
    found = (_offer(_registry_parts(entry, root)) for entry in entries)
    return [offer for offer in found if offer]


def _chosen(
    offers: list[Offer], model: CatalogueModel, revision: str, root: str
) -> Offer:
    right = [o for o in offers if not revision or o.version == revision]
    if right:
        return (
            max(right, key=lambda offer: offer.number) if right[0].number else right[-1]
        )
    if offers:
        raise UnavailableError(
            f"{root}: has no revision {revision} of {model.pair} {model.variant}, but "
            f'another: "babelwire models pull {model.name} --again" takes it'
        )
    raise UnavailableError(f"{root}: has no {model.pair} {model.variant}")


def _offer(parts: Iterable[Part], number: tuple[int, ...] = ()) -> Offer | None:
    """An offer with all that the engine needs, and only that; None: not whole."""
    by_kind = {part.kind: part for part in parts}
    vocabularies = SHARED if SHARED[0] in by_kind else OWN
    wanted = (MODEL, *vocabularies)
    if not all(kind in by_kind for kind in wanted):
        return None
    return Offer(parts=tuple(by_kind[kind] for kind in wanted), number=number)


def _remote_part(record: Mapping[str, Any], attachments: str) -> Part:
    attachment = record.get("attachment")
    described = attachment if isinstance(attachment, dict) else {}
    location = _text(described, "location")
    _refuse_path(location, attachments)
    return Part(
        kind=_text(record, "fileType"),
        url=f"{attachments}/{quote(location)}",
        name=_file_name(_text(record, "name"), attachments),
        sha256=_text(record, "decompressedHash").lower(),
        size=_size(record.get("decompressedSize")),
        packed_sha256=_text(described, "hash").lower(),
    )


def _registry_parts(entry: Mapping[str, Any], root: str) -> Iterable[Part]:
    files = entry.get("files")
    for name, kind in REGISTRY_PARTS.items():
        described = files.get(name) if isinstance(files, dict) else None
        if not isinstance(described, dict):
            continue
        path = _text(described, "path")
        _refuse_path(path, root)
        yield Part(
            kind=kind,
            url=f"{root}/{quote(path)}",
            name=_file_name(PurePosixPath(path).name.removesuffix(".gz"), root),
            sha256=_text(described, "uncompressedHash").lower(),
            size=_size(described.get("uncompressedSize")),
        )


def _refuse_path(path: str, root: str) -> None:
    if not is_plain_path(path):
        raise UnavailableError(f'{root}: a file\'s path is "{path}"')


def _file_name(name: str, root: str) -> str:
    plain = is_plain_path(name) and "/" not in name
    if not plain or not name.endswith((WEIGHTS_SUFFIX, VOCABULARY_SUFFIX)):
        raise UnavailableError(f'{root}: a file\'s path is "{name}"')
    return name


def _attachments(answer: Any, root: str) -> str:
    """Root of the files, which the server's own description names."""
    place: Any = answer
    for key in ("capabilities", "attachments", "base_url"):
        place = place.get(key) if isinstance(place, dict) else None
    if not isinstance(place, str) or not place.startswith(("https://", "http://")):
        raise UnavailableError(f"{root}: does not say where its files are")
    if root.startswith("https://") and not place.startswith("https://"):
        raise UnavailableError(f"{root}: its files are at {place}, which is not https")
    return place.rstrip("/")


def _number(version: str) -> tuple[int, ...]:
    """Of a version of Remote Settings; empty for one that is not released.

    >>> _number("3.10"), _number("3.0a1")
    ((3, 10), ())
    """
    parts = version.split(".")
    return tuple(map(int, parts)) if all(p.isdecimal() for p in parts) else ()


def _spellings(language: str) -> tuple[str, ...]:
    return (SCRIPTS[language], language) if language in SCRIPTS else (language,)


def _list(table: Any, key: str) -> list[Mapping[str, Any]]:
    """The tables in a list; empty for what is none."""
    found = table.get(key) if isinstance(table, dict) else None
    items = found if isinstance(found, list) else []
    return [item for item in items if isinstance(item, dict)]


def _text(table: Mapping[str, Any], key: str) -> str:
    found = table.get(key)
    return found if isinstance(found, str) else ""


def _size(found: Any) -> int:
    is_number = isinstance(found, int) and not isinstance(found, bool)
    return found if is_number and found > 0 else 0
