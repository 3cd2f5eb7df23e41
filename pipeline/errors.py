"""Every error of the program, in one tree.

What may go wrong with *one item* is a value (`StageError`). What is wrong with
the program, its configuration or its surroundings raises::

    BabelwireError
    ├── ConfigError          wrong use or configuration         exit status 2
    │   ├── SourceError      a source's file
    │   ├── QueryError       a search query (has `.position`)
    │   └── InputError       an input file or URL
    ├── UnavailableError     refused or not there now           exit status 3
    │   ├── LockedError      another process owns it
    │   ├── NewerStoreError  the database was made by a newer version
    │   ├── DiskFullError    no space left
    │   ├── UnreachableError nobody answers there
    │   ├── StaleReviewError a press review was changed meanwhile
    │   ├── FrozenReviewError a press review was sent: it stays as it is
    │   └── EngineError      an index or translation engine
    └── DamageError          stored bytes are not what they were exit status 1
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta


class BabelwireError(Exception):
    """The root: the message says what was found, expected, and what to do."""

    exit_status = 1


class ConfigError(BabelwireError):
    """Wrong use or configuration: file, key, what was expected."""

    exit_status = 2


class SourceError(ConfigError):
    """A source's file is not valid, or there is no such source."""


class QueryError(ConfigError):
    """A search query that has no meaning.

    Attributes:
        position: Code-point offset in the query where the trouble is.
    """

    def __init__(self, message: str, position: int) -> None:
        super().__init__(f"{message} (at character {position + 1})")
        self.position = position


class InputError(ConfigError):
    """An input file or URL that cannot be used."""


class UnavailableError(BabelwireError):
    """Refused or unavailable: a lock, a server, a model."""

    exit_status = 3


class LockedError(UnavailableError):
    """Another process owns what this one needs; the message names it."""


class NewerStoreError(UnavailableError):
    """The database was made by a newer version of the program."""


class DiskFullError(UnavailableError):
    """No space left on the device; nothing was damaged, run again later."""


class UnreachableError(UnavailableError):
    """Nobody answered as a server would: another time, or another way, may help."""


class EngineError(UnavailableError):
    """An index or translation engine does not answer as it should."""


class DamageError(BabelwireError):
    """Stored bytes are not what was written: names the file and the place."""


@dataclass(frozen=True, kw_only=True)
class StageError:
    """What went wrong with one item of a stage; a value, never raised.

    Attributes:
        reason: Short and stable, counted in status: `timeout`, `parser_crash`.
        detail: For people; a traceback where there is one.
        retry: Whether another attempt may succeed (three attempts in all).
        waiting: Not a failure: something is missing (`no_model`), the item is
            taken up again when it appears.
        again_after: For a waiting item: tried again after so long anyway.
    """

    reason: str
    detail: str = ""
    retry: bool = True
    waiting: bool = False
    again_after: timedelta | None = None
