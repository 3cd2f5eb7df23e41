"""Says once which model a language needs, and gets it while the work goes on."""

from __future__ import annotations

import sys
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from typing import TYPE_CHECKING

import click

from babelwire.answers import language_name
from babelwire.assembly import now
from babelwire.modelling import (
    model_settings,
    need_text,
    needed_model,
    shelf_of,
    size_text,
)
from babelwire.outside import contact_log
from babelwire.terminal import err, note, say
from pipeline.errors import BabelwireError

if TYPE_CHECKING:
    from babelwire.workspace import Workspace
    from pipeline.store import Database
    from pipeline.translation.models.catalogue import CatalogueModel

Ask = Callable[[str], bool]


def asking() -> Ask | None:
    """How to ask a person; None where nobody sits before a terminal."""
    if not (sys.stdin.isatty() and err().is_terminal):
        return None
    return _confirm


class ModelNeeds:
    """The language pairs that wait for a model; each is told once."""

    def __init__(
        self, workspace: Workspace, database: Database, ask: Ask | None = None
    ) -> None:
        """Args: the workspace and its store, and how to ask a person."""
        self._workspace = workspace
        self._database = database
        self._ask = ask
        self._told: set[tuple[str, str]] = set()
        self._pulls: list[Future[None]] = []
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="models")

    def tell(self) -> None:
        """Says what is needed and was not said before; asks whether to get it."""
        from pipeline.store.translation_state import pairs_waiting_for

        with self._database.read() as connection:
            pairs = pairs_waiting_for(connection, "no_model")
        for source, target in sorted(set(pairs) - self._told):
            self._told.add((source, target))
            model = needed_model(self._workspace, source, target)
            if model is None:
                note(
                    f"No model is known that translates {language_name(source)} into "
                    f"{language_name(target)}; such pages wait, and are searched in "
                    "their originals."
                )
            else:
                self._offer(model, source)

    def has_come(self) -> bool:
        """Whether a model was got since the last call."""
        done = [pull for pull in self._pulls if pull.done()]
        self._pulls = [pull for pull in self._pulls if not pull.done()]
        return bool(done)

    def wait(self) -> bool:
        """Waits for what is being got; whether that was anything."""
        pulls, self._pulls = self._pulls, []
        for pull in pulls:
            pull.result()
        return bool(pulls)

    def close(self) -> None:
        """Lets go of what was not begun."""
        self._thread.shutdown(wait=False, cancel_futures=True)

    def _offer(self, model: CatalogueModel, source: str) -> None:
        text = need_text(model, source)
        if self._ask is None or self._workspace.config.models.offline:
            note(f"{text}.")
            return
        size = size_text(model.size_mb)
        question = (
            f"{language_name(source)} needs a {size} model ({model.licence}). "
            "Get it now?"
        )
        if self._ask(question):
            self._pulls.append(self._thread.submit(self._pull, model))
        else:
            note(f"{text}.")

    def _pull(self, model: CatalogueModel) -> None:
        from pipeline.translation.models.pull import pull

        try:
            with closing(contact_log(self._workspace)) as contacts:
                pull(
                    model,
                    shelf_of(self._workspace),
                    model_settings(self._workspace, contacts.note),
                    now=now,
                )
        except BabelwireError as error:
            note(f"{model.name}: {error}")
        except OSError as error:
            note(f"{model.name}: {error.strerror or error}")
        else:
            say(f"{model.name} is here now.")


def _confirm(question: str) -> bool:
    try:
        return click.confirm(question, default=True, err=True)
    except click.Abort:
        return False
