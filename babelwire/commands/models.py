"""`babelwire models list|pull|convert|verify|remove|export|import`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from pipeline.translation.models.catalogue import Catalogue, CatalogueModel
    from pipeline.translation.models.shelf import Damage, Shelf


WIDE = 100
"""Columns of a terminal that show pair and engine in columns of their own."""


@click.group("models")
def command() -> None:
    """Translation models: what there is, what is installed, where from."""


@command.command("list")
@click.option("--lang", metavar="LL", help="Only from this language.")
@click.option("--to", "target", metavar="LL", help="Only into this language.")
@click.option("--installed", is_flag=True, help="Only those on this machine.")
@click.option("--json", "as_json", is_flag=True)
@click.pass_obj
def list_(
    root: Path, *, lang: str | None, target: str | None, installed: bool, as_json: bool
) -> None:
    """List models with size, licence and quality; the best of a language first."""
    from babelwire.modelling import catalogue_of, list_json, shelf_of
    from babelwire.terminal import print_json
    from babelwire.workspace import find_workspace
    from pipeline.translation.models.catalogue import model_language

    workspace = find_workspace(root)
    catalogue, shelf = catalogue_of(workspace), shelf_of(workspace)
    there = {model.name for model in shelf.installed()}
    chosen = [
        model
        for model in catalogue.models
        if (lang is None or model_language(lang) in model.sources)
        and (target is None or model_language(target) in model.targets)
        and (not installed or model.name in there)
    ]
    if as_json:
        print_json(list_json(catalogue, shelf, chosen))
        return
    chosen.sort(key=lambda m: (len(m.sources) > 1, m.sources[0]))
    pair = (model_language(lang), model_language(target or "en")) if lang else None
    _show(catalogue, shelf, chosen, pair)


def _show(
    catalogue: Catalogue,
    shelf: Shelf,
    models: list[CatalogueModel],
    pair: tuple[str, str] | None,
) -> None:
    from babelwire.modelling import is_default, size_text
    from babelwire.terminal import out, say, table

    narrow = out().width < WIDE
    there = {model.name: model for model in shelf.installed()}
    rows: list[list[str | int]] = [
        [
            model.name + (" *" if is_default(catalogue, model, pair) else ""),
            model.pair,
            model.engine,
            size_text(model.size_mb),
            _licence(model, narrow=narrow),
            *_figures(model, pair or (model.sources[0], model.targets[0])),
            _state(installed=model.name in there, narrow=narrow),
        ]
        for model in models
    ]
    known = {model.name for model in catalogue.models}
    rows += [
        [
            m.name,
            f"{m.sources[0]}-{m.targets[0]}",
            m.engine,
            size_text(m.size / 1e6),
            m.licence,
            "",
            "",
            _state(installed=True, narrow=narrow),
        ]
        for m in there.values()
        if m.name not in known
    ]
    if not rows:
        say('No such model. "babelwire models list" shows all.')
        return
    headings = ["model", "pair", "engine", "size", "licence", "COMET", "BLEU", ""]
    if narrow:  # names tell pair and engine; many languages, a name without one
        rows = [[row[0], *row[3:]] for row in rows]
        headings = [headings[0], *headings[3:]]
    table(headings, rows, numbers=_numbers(headings))
    say(
        '* what "babelwire models pull PAIR" takes. Figures on FLORES devtest: those '
        "of firefox models are the publisher's, the others were measured here."
    )


def _numbers(headings: list[str]) -> frozenset[int]:
    return frozenset(headings.index(name) for name in ("size", "COMET", "BLEU"))


def _licence(model: CatalogueModel, *, narrow: bool) -> str:
    if model.commercial:
        return model.licence
    return f"{model.licence}{chr(10) if narrow else ' '}(non-commercial)"


def _state(*, installed: bool, narrow: bool) -> str:
    if not installed:
        return ""
    return "here" if narrow else "installed"


def _figures(model: CatalogueModel, pair: tuple[str, str]) -> tuple[str, str]:
    """COMET and BLEU; blank where nobody measured."""
    score = model.score(*pair)
    return ("", "") if score is None else (f"{score[1]:.3f}", f"{score[0]:.1f}")


@command.command("pull")
@click.argument("names", nargs=-1, required=True, metavar="NAME|PAIR...")
@click.option(
    "--accept-licence",
    is_flag=True,
    help="Of a model that forbids commercial use.",
)
@click.option("--again", is_flag=True, help="Look for a newer one.")
@click.pass_obj
def pull(
    root: Path, names: tuple[str, ...], *, accept_licence: bool, again: bool
) -> None:
    """Get models, by name or for a pair such as vi-en."""
    from babelwire.modelling import catalogue_of, choose, get_model
    from babelwire.terminal import say
    from babelwire.workspace import find_workspace

    workspace = find_workspace(root)
    catalogue = catalogue_of(workspace)
    for model in [choose(catalogue, name) for name in names]:
        pulled = get_model(workspace, model, accept_licence=accept_licence, again=again)
        state = "is here now" if pulled.new else "was here already"
        version = f", revision {pulled.model.version}" if pulled.model.version else ""
        say(f"{model.name} ({model.licence}{version}) {state}.")
    say('Documents that waited for it are translated by the next "babelwire process".')


@command.command("convert")
@click.argument("source", type=click.Path(exists=True, path_type=Path))
@click.option("--as", "name", required=True, help="What the model is called here.")
@click.option("--from", "source_language", required=True, metavar="LL")
@click.option("--to", "target_language", required=True, metavar="LL")
@click.option("--licence", default="", help="SPDX expression, shown with sentences.")
@click.option(
    "--quantization",
    type=click.Choice(["int8", "int8_float16", "float16", "float32"]),
    default="int8",
    show_default=True,
)
@click.pass_obj
def convert(
    root: Path,
    source: Path,
    *,
    name: str,
    source_language: str,
    target_language: str,
    licence: str,
    quantization: str,
) -> None:
    """Convert an OPUS-MT model (folder or zip) for CTranslate2, and take it in."""
    from typing import cast

    from babelwire.assembly import now
    from babelwire.modelling import shelf_of
    from babelwire.terminal import say
    from babelwire.workspace import find_workspace
    from pipeline.translation.models.conversion import Quantization
    from pipeline.translation.models.exchange import convert_model

    workspace = find_workspace(root)
    model = convert_model(
        shelf_of(workspace),
        source,
        name=name,
        pair=(source_language, target_language),
        licence=licence,
        quantization=cast("Quantization", quantization),
        now=now,
    )
    say(f"{model.name} is here now ({model.size / 1e6:.0f} MB).")


@command.command("verify")
@click.option("--json", "as_json", is_flag=True)
@click.pass_obj
def verify(root: Path, *, as_json: bool) -> int:
    """Compare every installed model's files with what was pulled."""
    from babelwire.modelling import shelf_of, verify_json
    from babelwire.terminal import print_json
    from babelwire.workspace import find_workspace

    found = shelf_of(find_workspace(root)).verify()
    if as_json:
        print_json(verify_json(found))
    else:
        _tell(found)
    return 1 if any(found.values()) else 0


def _tell(found: dict[str, list[Damage]]) -> None:
    from babelwire.terminal import counted, error, say

    for name, damages in found.items():
        for damage in damages:
            error(f"{name}: {damage.file} {damage.found}")
    if not found:
        say("No models are installed.")
    elif not any(found.values()):
        say(f"All files of {counted(len(found), 'model')} are what was pulled.")
    else:
        say('"babelwire models pull NAME" gets a damaged model again.')


@command.command("remove")
@click.argument("names", nargs=-1, required=True, metavar="NAME...")
@click.pass_obj
def remove(root: Path, names: tuple[str, ...]) -> None:
    """Remove installed models; what they translated stays."""
    from babelwire.modelling import shelf_of
    from babelwire.terminal import say
    from babelwire.workspace import find_workspace

    shelf = shelf_of(find_workspace(root))
    for name in names:
        model = shelf.remove(name)
        say(f"{name} removed ({model.size / 1e6:.0f} MB).")


@command.command("export")
@click.argument("names", nargs=-1, required=True, metavar="NAME...")
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.pass_obj
def export(root: Path, names: tuple[str, ...], folder: Path) -> None:
    """Copy models into a folder, for a machine without internet."""
    from babelwire.modelling import shelf_of
    from babelwire.terminal import counted, say
    from babelwire.workspace import find_workspace
    from pipeline.translation.models.exchange import export_models

    done = export_models(shelf_of(find_workspace(root)), names, folder)
    what = counted(len(done), "model")
    say(f'{what} in {folder}; there: "babelwire models import {folder}".')


@command.command("import")
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option(
    "--as", "name", help="A model of the catalogue whose plain files these are."
)
@click.pass_obj
def import_(root: Path, folder: Path, name: str | None) -> None:
    """Take models from a folder that "models export" wrote."""
    from babelwire.assembly import now
    from babelwire.modelling import catalogue_of, choose, shelf_of
    from babelwire.terminal import say
    from babelwire.workspace import find_workspace
    from pipeline.translation.models.exchange import import_models, import_plain

    workspace = find_workspace(root)
    shelf = shelf_of(workspace)
    if name is None:
        taken = import_models(shelf, folder, now)
    else:
        model = choose(catalogue_of(workspace), name)
        taken = [import_plain(shelf, model, folder, now)]
    for locked in taken:
        say(f"{locked.name} is here now ({locked.licence or 'licence unknown'}).")
