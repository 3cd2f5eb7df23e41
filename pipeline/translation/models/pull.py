"""Gets a model: downloads, checks, converts where needed, and takes it in."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

from pipeline.contacts import NoteContact, unnoted
from pipeline.egress import Egress
from pipeline.errors import ConfigError, DamageError, UnavailableError, UnreachableError
from pipeline.translation.models.catalogue import CatalogueModel, Location
from pipeline.translation.models.downloads import (
    Downloads,
    DownloadSettings,
    Progress,
    no_progress,
)
from pipeline.translation.models.drafts import Draft, Publisher
from pipeline.translation.models.firefox import FirefoxPublisher
from pipeline.translation.models.publishers import (
    HubPublisher,
    OpusPublisher,
    hub_endpoint,
)
from pipeline.translation.models.shelf import (
    DRAFTS,
    Checked,
    LockedFile,
    LockedModel,
    Shelf,
    damaged,
    file_sha256,
    stamped,
)

__all__ = ["DRAFTS", "ModelSettings", "Pulled", "lock_of", "pull"]


@dataclass(frozen=True, kw_only=True)
class ModelSettings:
    """Where models come from.

    Attributes:
        firefox_mirror: Root of a mirror of Firefox's models: of the publisher's
            registry, or (ending in `/v1`) of Remote Settings; "" for his own.
        hub: Root of the model hub; "" for `HF_ENDPOINT` or the public one.
        offline: Refuse to connect at all.
        timeout_seconds: Without a byte for so long, an attempt has failed.
        environment: For `HF_ENDPOINT` and `HF_TOKEN`, and nothing else.
        note_contact: Told of each request before it is made.
        egress: The ways out.
    """

    firefox_mirror: str = ""
    hub: str = ""
    offline: bool = False
    timeout_seconds: float = 60.0
    environment: Mapping[str, str] = field(default_factory=dict)
    note_contact: NoteContact = unnoted
    egress: Egress = field(default_factory=Egress)


@dataclass(frozen=True, kw_only=True)
class Pulled:
    """What became of a pull.

    Attributes:
        new: False where the model was there already.
    """

    model: LockedModel
    new: bool


def pull(
    model: CatalogueModel,
    shelf: Shelf,
    settings: ModelSettings,
    *,
    now: Callable[[], datetime],
    accept_licence: bool = False,
    again: bool = False,
    progress: Progress = no_progress,
) -> Pulled:
    """Gets a model unless it is there; resumes what was broken off.

    What the lock knows of a model must hold: the same revision with other bytes is
    refused until the model is removed.

    Args:
        accept_licence: Needed where the licence forbids commercial use.
        again: Look for a newer revision although it is there.

    Raises:
        ConfigError: The licence must be accepted first.
        UnavailableError: It cannot be had now; another process gets it and does not
            end; or the disk is full.
        DamageError: What came is not what the publisher or the lock says.
    """
    if not model.commercial and not accept_licence:
        raise ConfigError(
            f"{model.name}: its licence ({model.licence}) forbids commercial use; "
            "if yours is none, repeat it with --accept-licence"
        )
    with shelf.drafting(model.name) as folder:
        known = shelf.get(model.name)
        is_whole = known is not None and not damaged(known, shelf.folder / known.name)
        if known is not None and is_whole and not again:
            return Pulled(model=known, new=False)
        revision = known.version if known is not None and not again else ""
        draft = _draft(model, folder, revision, settings, progress)
        locked = stamped(_locked(model, draft), now())
        _refuse_other_bytes(known, locked)
        _remove_traces(folder, locked)
        shelf.add(locked, folder)
        return Pulled(model=locked, new=True)


def lock_of(
    model: CatalogueModel,
    folder: Path,
    *,
    version: str,
    came_from: str,
    checked: Checked,
    files: Collection[str] | None = None,
) -> LockedModel:
    """The lock of a model whose files lie in a folder, by what they are now.

    Args:
        files: Which of them; None: all but the hidden ones.
    """
    return LockedModel(
        name=model.name,
        engine=model.engine,
        architecture=model.architecture,
        sources=model.sources,
        targets=model.targets,
        codes=model.codes,
        version=version,
        licence=model.licence,
        came_from=came_from,
        order=model.order,
        files={
            name: LockedFile(
                size=(folder / name).stat().st_size,
                sha256=file_sha256(folder / name),
                checked=checked,
            )
            for name in sorted(_files(folder) if files is None else files)
        },
    )


def _files(folder: Path) -> list[str]:
    """What is in a folder, but for hidden files and links."""
    return [
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if path.is_file()
        and not path.is_symlink()
        and not _is_hidden(path.relative_to(folder))
    ]


def _draft(
    model: CatalogueModel,
    folder: Path,
    revision: str,
    settings: ModelSettings,
    progress: Progress,
) -> Draft:
    if settings.offline:
        raise UnavailableError(
            f"{model.name}: not asked for, [models] offline is set; "
            '"babelwire models import DIR" takes models from a folder'
        )
    how = DownloadSettings(
        timeout_seconds=settings.timeout_seconds,
        offline=settings.offline,
        note_contact=settings.note_contact,
        egress=settings.egress,
    )
    with Downloads(how) as downloads:
        publishers: dict[Location, Publisher] = {
            "firefox": FirefoxPublisher(downloads, settings.firefox_mirror),
            "opus": OpusPublisher(downloads),
            "hub": HubPublisher(
                how,
                endpoint=hub_endpoint(settings.hub, settings.environment),
                token=settings.environment.get("HF_TOKEN", ""),
            ),
        }
        try:
            return publishers[model.location].get(model, folder, revision, progress)
        except UnreachableError as error:
            raise UnavailableError(
                f"{error}; try again later, what came is kept; without internet, "
                '"babelwire models import DIR" takes models from a folder'
            ) from error


def _locked(model: CatalogueModel, draft: Draft) -> LockedModel:
    locked = lock_of(
        model,
        draft.folder,
        version=draft.version,
        came_from=draft.came_from,
        checked="first pull",
        files=draft.files,
    )
    files = {
        path: LockedFile(size=file.size, sha256=file.sha256, checked="publisher")
        if draft.published.get(path) == file.sha256
        else file
        for path, file in locked.files.items()
    }
    if not files:
        raise DamageError(f"{model.name}: {draft.came_from} has none of its files")
    return replace(locked, files=files)


def _refuse_other_bytes(known: LockedModel | None, new: LockedModel) -> None:
    if known is None or known.version != new.version or not known.version:
        return
    for path, file in known.files.items():
        found = new.files.get(path)
        if found is None or found.sha256 != file.sha256:
            raise DamageError(
                f"{new.name}: {path} of revision {new.version} is another file than "
                f"when it was first pulled; if you trust {new.came_from}, "
                f'"babelwire models remove {new.name}" first'
            )


def _remove_traces(folder: Path, locked: LockedModel) -> None:
    """What downloading left beside the model's own files."""
    for path in sorted(folder.rglob("*"), reverse=True):
        inside = path.relative_to(folder)
        if path.is_dir() and not path.is_symlink():
            if _is_hidden(inside):
                shutil.rmtree(path, ignore_errors=True)
        elif inside.as_posix() not in locked.files:
            path.unlink()


def _is_hidden(path: Path) -> bool:
    return any(part.startswith(".") for part in path.parts) or path.suffix == ".part"
