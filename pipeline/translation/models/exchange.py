"""Models in a folder: for machines without internet, and for those one made oneself."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.errors import DamageError, InputError
from pipeline.translation.models.catalogue import CatalogueModel, model_language
from pipeline.translation.models.drafts import (
    refuse_pickles,
    refuse_pickles_by_name,
)
from pipeline.translation.models.pull import lock_of
from pipeline.translation.models.shelf import (
    LOCK,
    LockedFile,
    LockedModel,
    Shelf,
    damaged,
    read_lock,
    stamped,
    write_lock,
)

if TYPE_CHECKING:
    from pipeline.translation.models.conversion import Quantization

OWN = 0
"""Order of a model that a person made: it goes before every pulled one of its pair."""


def export_models(
    shelf: Shelf, names: Iterable[str], folder: Path
) -> list[LockedModel]:
    """Copies models with a lock of their own into a folder; those that were copied.

    Raises:
        InputError: There is no such model, or the folder is not empty.
        DamageError: A model is damaged.
    """
    if folder.exists() and not folder.is_dir():
        raise InputError(f"{folder}: is no folder")
    if folder.exists() and any(folder.iterdir()):
        raise InputError(f"{folder}: is not empty")
    chosen = [_get(shelf, name) for name in names]
    for model in chosen:
        _refuse_damage(model, shelf.folder / model.name)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for model in chosen:
            _copy(model, shelf.folder / model.name, folder / model.name)
        write_lock(folder / LOCK, chosen)
    except PermissionError as error:
        raise InputError(f"{folder}: {error.strerror}") from error
    return chosen


def import_models(
    shelf: Shelf, folder: Path, now: Callable[[], datetime]
) -> list[LockedModel]:
    """Takes in what `export_models` wrote; hashes must hold, nothing else is taken.

    Raises:
        InputError: The folder has no lock.
        ConfigError: Its lock is not valid, or lists files of a kind that is never
            loaded.
        DamageError: A file is not what its lock says, a link, or a pickle.
    """
    if not (folder / LOCK).is_file():
        raise InputError(
            f'{folder}: has no {LOCK}; "models export" writes such folders, and a '
            "plain folder of one model's files is taken with --as NAME"
        )
    models = read_lock(folder / LOCK).model
    for model in models:
        if not model.files:
            raise InputError(f"{folder / LOCK}: lists no files of {model.name}")
        for path in model.files:
            refuse_pickles_by_name(path)
        if (folder / model.name).is_symlink():
            raise DamageError(f"{folder / model.name}: is a link, not followed")
        _refuse_damage(model, folder / model.name)
    return [_take(shelf, model, folder / model.name, now) for model in models]


def import_plain(
    shelf: Shelf, model: CatalogueModel, folder: Path, now: Callable[[], datetime]
) -> LockedModel:
    """Takes a model of the catalogue from a folder that somebody filled by hand.

    Raises:
        InputError: There is no file in it.
        ConfigError: A file is of a kind that is never loaded.
        DamageError: A file is a pickle.
    """
    locked = lock_of(model, folder, version="", came_from=str(folder), checked="local")
    if not locked.files:
        raise InputError(f"{folder}: has no files")
    for path in locked.files:
        refuse_pickles_by_name(path)
    version = next(iter(locked.files.values())).sha256[:12]
    return _take(shelf, replace(locked, version=version), folder, now)


def _take(
    shelf: Shelf, model: LockedModel, folder: Path, now: Callable[[], datetime]
) -> LockedModel:
    with shelf.drafting(model.name) as draft:
        shutil.rmtree(draft)
        _copy(model, folder, draft)
        for path in model.files:
            refuse_pickles(draft / path)
        came_from = model.came_from or str(folder)
        taken = stamped(replace(model, came_from=came_from), now())
        shelf.add(taken, draft)
    return taken


def _copy(model: LockedModel, source: Path, target: Path) -> None:
    for path in model.files:
        (target / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source / path, target / path, follow_symlinks=False)


def _refuse_damage(model: LockedModel, folder: Path) -> None:
    for damage in damaged(model, folder):
        raise DamageError(f"{folder / damage.file}: {damage.found}")


def _get(shelf: Shelf, name: str) -> LockedModel:
    model = shelf.get(name)
    if model is None:
        raise InputError(
            f'no model "{name}" in {shelf.folder}; '
            '"babelwire models list --installed" shows them'
        )
    return model


def convert_model(
    shelf: Shelf,
    source: Path,
    *,
    name: str,
    pair: tuple[str, str],
    licence: str,
    quantization: Quantization,
    now: Callable[[], datetime],
) -> LockedModel:
    """Converts an OPUS-MT model for CTranslate2 and takes it in.

    Raises:
        InputError: It is no such model.
        ConfigError: The name is none.
    """
    from pipeline.translation.models.conversion import convert

    model = LockedModel(
        name=name,
        engine="ctranslate2",
        architecture="marian",
        sources=(model_language(pair[0]),),
        targets=(model_language(pair[1]),),
        licence=licence,
        came_from=str(source),
        order=OWN,
        files={},
    )
    with shelf.drafting(name) as draft:
        shutil.rmtree(draft)
        converted = convert(source, draft, quantization=quantization)
        files = {
            path: LockedFile(
                size=(draft / path).stat().st_size, sha256=checksum, checked="local"
            )
            for path, checksum in converted.files.items()
        }
        version = files["model.bin"].sha256[:12]
        whole = stamped(replace(model, files=files, version=version), now())
        shelf.add(whole, draft)
    return whole
