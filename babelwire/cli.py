"""The command line: `babelwire [--workspace DIR] COMMAND`.

Commands are loaded when they are called, so that `--help` answers at once.
Exit status: 0 done, 1 something failed for good, 2 wrong use or config,
3 refused or unavailable, 130 interrupted, 143 terminated.
"""

from __future__ import annotations

import errno
import importlib
import os
import signal
import sys
from pathlib import Path
from types import FrameType
from typing import NoReturn

import click

from pipeline.errors import BabelwireError

COMMANDS = {
    "init": "Make a workspace with annotated configuration.",
    "demo": "Try everything on a bundled news world, offline.",
    "source": "Add, test and list the sites to follow.",
    "crawl": "Visit the sources now.",
    "import": "Take in pages from WARC files, saved pages, mails, JSON Lines.",
    "process": "Read, identify, group, segment and translate what is due.",
    "retry": "Give what was set aside another try.",
    "index": "Bring the search index up to date.",
    "run": "Crawl, process and index together.",
    "search": "Search in any language.",
    "serve": "Serve the desk: search and read in a browser.",
    "user": "Who may work at the desk: add, change, give a token.",
    "show": "Show one document: original, translation, revisions, evidence.",
    "export": "Write every match to a file.",
    "review": "Press reviews: put together, approve, send, export.",
    "snapshot": "Freeze an answer, to say years later what was found.",
    "verify": "Prove a manifest or a snapshot against this workspace.",
    "doctor": "Check the installation; list whom it ever contacted.",
    "status": "What is there, what waits, and why.",
    "identify": "Tell the language of each line.",
    "extract": "Read the article out of HTML files.",
    "translate": "Translate each line.",
    "analyze": "Show the index tokens of each line.",
    "models": "Translation models: list, pull, verify, take along.",
    "memory": "Saved translations: add, correct, import, export.",
    "config": "Check every configuration file.",
    "archive": "List, read and verify archived pages.",
}
"""Every command with its line in `--help`, in the order they are shown."""

EXIT_INTERRUPTED, EXIT_TERMINATED, EXIT_UNAVAILABLE = 130, 143, 3


class TerminatedError(BaseException):
    """SIGTERM arrived; not an Exception, as KeyboardInterrupt is not."""


class _Commands(click.Group):
    """A group whose commands are modules, imported when called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        name = "import_" if cmd_name == "import" else cmd_name
        module = importlib.import_module(f"babelwire.commands.{name}")
        command: click.Command = module.command
        return command

    def format_commands(
        self, ctx: click.Context, formatter: click.HelpFormatter
    ) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--workspace",
    envvar="BABELWIRE_WORKSPACE",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path(),
    metavar="DIR",
    help="The workspace folder (default: BABELWIRE_WORKSPACE, or the current one).",
)
@click.version_option(package_name="babelwire")
@click.pass_context
def babelwire(ctx: click.Context, workspace: Path) -> None:
    """Follow what media and officials say, in their own languages.

    Start with "babelwire demo", then "babelwire init DIR".
    """
    ctx.obj = workspace


def main() -> NoReturn:
    """The `babelwire` command."""
    signal.signal(signal.SIGTERM, _terminate)
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(encoding="utf-8", errors="backslashreplace")  # type: ignore[union-attr]
    sys.exit(_run())


def _run() -> int:
    try:
        status = babelwire.main(standalone_mode=False)
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except BabelwireError as error:
        return _failed(str(error), error.exit_status)
    except (KeyboardInterrupt, click.Abort):
        return _failed("interrupted; what was done stays done", EXIT_INTERRUPTED)
    except TerminatedError:
        return _failed("terminated; what was done stays done", EXIT_TERMINATED)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:
        if error.errno not in {errno.ENOSPC, errno.EDQUOT}:
            raise
        return _failed(f"the disk is full, nothing was lost: {error}", EXIT_UNAVAILABLE)
    return status if isinstance(status, int) else 0


def _failed(message: str, status: int) -> int:
    from babelwire.terminal import error

    error(message)
    return status


def _terminate(_signal: int, _frame: FrameType | None) -> None:
    raise TerminatedError
