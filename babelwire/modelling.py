"""Models for people: which one a language needs, getting it, lists of them."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any

from babelwire.answers import language_name
from babelwire.assembly import now
from babelwire.network import egress_of
from babelwire.outside import contact_log
from babelwire.terminal import err, say
from pipeline.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable

    from babelwire.workspace import Workspace
    from pipeline.contacts import NoteContact
    from pipeline.translation.models.catalogue import Catalogue, CatalogueModel
    from pipeline.translation.models.pull import ModelSettings, Pulled
    from pipeline.translation.models.shelf import Damage, Shelf

OWN_CATALOGUE = "catalogue.toml"
"""In the models' folder: rows that are added to the catalogue, or stand for its."""


def shelf_of(workspace: Workspace) -> Shelf:
    """The workspace's installed models."""
    from pipeline.translation.models.shelf import Shelf

    return Shelf(workspace.models)


def catalogue_of(workspace: Workspace) -> Catalogue:
    """All models that there are, with the workspace's own."""
    from pipeline.translation.models.catalogue import read_catalogue

    return read_catalogue(workspace.models / OWN_CATALOGUE)


def model_settings(workspace: Workspace, note_contact: NoteContact) -> ModelSettings:
    """Where models come from, and who keeps account of that."""
    from pipeline.translation.models.pull import ModelSettings

    config = workspace.config.models
    return ModelSettings(
        firefox_mirror=config.firefox_mirror,
        hub=config.hub,
        offline=config.offline,
        timeout_seconds=config.timeout_seconds,
        environment=os.environ,
        note_contact=note_contact,
        egress=egress_of(workspace),
    )


def needed_model(
    workspace: Workspace, source: str, target: str
) -> CatalogueModel | None:
    """The model to pull for a pair that nothing translates; None: there is none."""
    kinds = {
        config.kind for config in workspace.config.translation.used_engines.values()
    }
    return catalogue_of(workspace).default(source, target, kinds)


def need_text(model: CatalogueModel, source: str) -> str:
    """What a language needs, in a line: "Arabic needs a 43 MB model (MPL-2.0): …".

    Args:
        model: To be pulled.
        source: BCP 47 tag of the language.
    """
    name = language_name(source)
    what = model.pair if " " not in model.pair else model.name
    return (
        f"{name} needs a {size_text(model.size_mb)} model ({model.licence}): "
        f'"babelwire models pull {what}" gets it'
    )


def size_text(megabytes: float) -> str:
    """A size in a reader's units.

    >>> size_text(17.0), size_text(11800)
    ('17 MB', '11.8 GB')
    """
    if megabytes >= 1000:
        return f"{megabytes / 1000:.1f} GB"
    return f"{megabytes:.0f} MB"


def choose(catalogue: Catalogue, wanted: str) -> CatalogueModel:
    """The model of a name, or the default of a pair like `vi-en`.

    Raises:
        InputError: There is none.
    """
    model = catalogue.get(wanted)
    source, _, target = wanted.rpartition("-")
    if model is None and source and target:
        model = catalogue.default(source, target)
    if model is None:
        raise InputError(
            f'no model "{wanted}"; "babelwire models list" shows all, and a pair of '
            'languages such as "vi-en" takes its best one'
        )
    return model


def get_model(
    workspace: Workspace,
    model: CatalogueModel,
    *,
    accept_licence: bool = False,
    again: bool = False,
) -> Pulled:
    """Pulls a model with progress."""
    from pipeline.translation.models.pull import pull

    with _progress(model) as progress, closing(contact_log(workspace)) as contacts:
        return pull(
            model,
            shelf_of(workspace),
            model_settings(workspace, contacts.note),
            now=now,
            accept_licence=accept_licence,
            again=again,
            progress=progress,
        )


def list_json(
    catalogue: Catalogue, shelf: Shelf, models: Sequence[CatalogueModel]
) -> dict[str, Any]:
    """The JSON document of `models list`."""
    installed = {model.name: model for model in shelf.installed()}
    listed = {model.name for model in models}
    rows = [_row_json(catalogue, model, installed) for model in models]
    rows += [
        {"name": name, "installed": True, "in_catalogue": False}
        for name in installed
        if name not in listed and catalogue.get(name) is None
    ]
    return {"schema": 1, "folder": str(shelf.folder), "models": rows}


def verify_json(found: Mapping[str, Sequence[Damage]]) -> dict[str, Any]:
    """The JSON document of `models verify`."""
    rows = [
        {
            "name": name,
            "damaged": [{"file": d.file, "found": d.found} for d in damages],
        }
        for name, damages in found.items()
    ]
    return {"schema": 1, "models": rows}


def is_default(
    catalogue: Catalogue, model: CatalogueModel, pair: tuple[str, str] | None = None
) -> bool:
    """Whether it is what a pair gets, or its own; one of many languages has none."""
    if pair is None and len(model.sources) != 1:
        return False
    return catalogue.default(*(pair or (model.sources[0], model.targets[0]))) == model


def _row_json(
    catalogue: Catalogue, model: CatalogueModel, installed: Any
) -> dict[str, Any]:
    there = installed.get(model.name)
    return {
        "name": model.name,
        "engine": model.engine,
        "architecture": model.architecture,
        "sources": list(model.sources),
        "targets": list(model.targets),
        "size_mb": model.size_mb,
        "licence": model.licence,
        "commercial": model.commercial,
        "bleu": model.bleu,
        "comet": model.comet,
        "scores": {pair: list(score) for pair, score in model.scores.items()},
        "figures": model.figures,
        "default": is_default(catalogue, model),
        "installed": there is not None,
        "version": there.version if there else None,
        "in_catalogue": True,
    }


@contextmanager
def _progress(model: CatalogueModel) -> Iterator[Callable[[int], None]]:
    console = err()
    if not console.is_terminal:
        say(f"Getting {model.name} ({size_text(model.size_mb)}, {model.licence}).")
        yield lambda _count: None
        return
    from rich.progress import (
        BarColumn,
        DownloadColumn,
        Progress,
        TextColumn,
        TransferSpeedColumn,
    )

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
    )
    with Progress(*columns, console=console, transient=True) as bar:
        total = model.size_mb * 1e6
        task = bar.add_task(f"{model.name} ({model.licence})", total=total)
        yield lambda count: bar.advance(task, count)
