"""Whom this machine contacts, why, and with what: the words of it.

Who makes a connection says so beforehand through a `NoteContact` that was passed to it;
`pipeline.store.contacts.ContactLog` keeps what it is told.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Literal, Protocol, cast

Purpose = Literal[
    "visit",
    "probe",
    "translate",
    "query",
    "index",
    "upkeep",
    "models",
    "sign-in",
    "proxy",
    "store",
]
"""Why a host is contacted; `contact_purposes.toml` says what each means."""

NoteContact = Callable[[str, Purpose], None]
"""Called before a request with the host (`pipeline.urls.host_of`) and the purpose.

Raises `UnavailableError` where it cannot be noted: then nothing must be sent."""


class Contacts(Protocol):
    """Who keeps account of contacts, for an owner that closes it."""

    def note(self, host: str, purpose: Purpose) -> None:
        """As `NoteContact`."""
        ...

    def close(self) -> None:
        """Nothing more is contacted."""
        ...


@dataclass(frozen=True, kw_only=True)
class Meaning:
    """What a purpose means, for people.

    Attributes:
        why: What was done with the host.
        sent: What it got from us.
    """

    why: str
    sent: str


@cache
def meanings() -> Mapping[Purpose, Meaning]:
    """What each purpose means, in the order they are listed in.

    >>> meanings()["index"].why
    'documents are kept there to be searched'
    """
    text = (files("pipeline") / "contact_purposes.toml").read_text("utf-8")
    return {
        cast("Purpose", name): Meaning(**values)
        for name, values in tomllib.loads(text).items()
    }


def unnoted(_host: str, _purpose: Purpose) -> None:
    """For who has no workspace to note contacts in."""
