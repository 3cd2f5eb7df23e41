"""Questions to a person at the terminal, and what scripts do instead."""

from __future__ import annotations

import sys

from pipeline.errors import ConfigError


def check_can_ask(*, ask: bool) -> None:
    """Refuses, before anything is done, what nobody is there to answer.

    Args:
        ask: Whether there will be a question; `--yes` answers it beforehand.

    Raises:
        ConfigError: There will be one, and the input is no terminal.
    """
    if ask and not sys.stdin.isatty():
        raise ConfigError(
            "there is nobody to ask here (the input is no terminal): add --yes to "
            "write what is found without a question"
        )


def agreed(question: str, *, ask: bool) -> bool:
    """Whether a person says yes; without asking, it is agreed already."""
    import click

    return not ask or click.confirm(question, default=True, err=True)
