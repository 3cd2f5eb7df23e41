"""`source test`: one source after the other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from babelwire.stored_trial import try_stored
from babelwire.terminal import print_json, say
from babelwire.trial import Trial, check_trials, try_source
from babelwire.trial_report import show_summary, show_trial, trials_json

if TYPE_CHECKING:
    from babelwire.workspace import Workspace
    from pipeline.sources import Source


@dataclass(frozen=True, kw_only=True)
class Choice:
    """What was asked for.

    Attributes:
        articles: Samples of each source.
        stored: Read what is stored; contact nobody.
        as_json: One document in place of words.
    """

    articles: int
    stored: bool
    as_json: bool


def try_all(workspace: Workspace, sources: Sequence[Source], choice: Choice) -> int:
    """Tries sources and tells what they gave; 1 where some fail, else 0.

    Raises:
        ConfigError: Wrong configuration.
        UnavailableError: No visit could begin.
    """
    trials = []
    for trial in _trials(workspace, sources, choice):
        trials.append(trial)
        if not choice.as_json:
            show_trial(trial)
    if choice.as_json:
        print_json(trials_json(trials))
    elif len(trials) > 1:
        show_summary(trials)
    return 1 if any(trial.failures for trial in trials) else 0


def _trials(
    workspace: Workspace, sources: Sequence[Source], choice: Choice
) -> Iterator[Trial]:
    if not choice.stored:
        check_trials(workspace, sources)
        for source in sources:
            say(f"Visiting {source.name} …")
            yield try_source(workspace, source, choice.articles)
        return
    database = workspace.open()
    try:
        for source in sources:
            say(f"Reading what is stored of {source.name} …")
            yield try_stored(workspace.archive, database, source, choice.articles)
    finally:
        database.close()
