"""`babelwire user add|list|role|password|remove|token|log`."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from pipeline.store import Database

ROLE = click.Choice(["reader", "editor", "admin"])
LOG_SHOWN = 200
MAX_TOKEN_DAYS = 3650


@click.group("user")
def command() -> None:
    """Who may work at the desk, where others than this machine reach it.

    A reader searches and exports. An editor also corrects translations, puts press
    reviews together and changes names. An admin also looks after sources and users.
    """


@command.command("add")
@click.argument("name")
@click.option("--role", type=ROLE, default="reader", show_default=True)
@click.option("--generate", is_flag=True, help="Make a password, and print it.")
@click.option("--no-password", is_flag=True, help="A proxy lets them in.")
@click.pass_obj
def add(root: Path, name: str, *, role: str, generate: bool, no_password: bool) -> None:
    """Add a user. The password is asked for, or read from standard input."""
    from typing import cast

    from babelwire.assembly import now
    from babelwire.deeds import log
    from babelwire.terminal import say
    from babelwire.users import add_user, checked_name
    from pipeline.store.users import Role

    checked_name(name)
    password = None if no_password else _password(generate=generate)
    with _store(root) as database:
        add_user(database, name, cast("Role", role), password, now())
        log(database, "user added", f"{name}, {role}")
    say(f"Added {name}, {role}.")
    _show_made(password, generate=generate)


@command.command("list")
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
@click.pass_obj
def list_(root: Path, *, as_json: bool) -> None:
    """Who there is."""
    from babelwire.terminal import print_json, say, table
    from pipeline.store import users

    with _store(root) as database, database.read() as connection:
        found = users.load_all(connection)
    if as_json:
        lines = [
            {"name": u.name, "role": u.role, "created_at": u.created_at.isoformat()}
            for u in found
        ]
        print_json({"schema": 1, "users": lines})
    elif not found:
        say("No users: the desk answers on this machine only, and asks for nothing.")
    else:
        rows = [(u.name, u.role, f"{u.created_at:%Y-%m-%d}") for u in found]
        table(("user", "role", "added"), rows)


@command.command("role")
@click.argument("name")
@click.argument("role", type=ROLE)
@click.pass_obj
def role_(root: Path, name: str, role: str) -> None:
    """Give a user another role; they sign in again."""
    from typing import cast

    from babelwire.deeds import log
    from babelwire.terminal import say
    from pipeline.store import users

    with _store(root) as database:
        with database.write() as connection:
            users.change(connection, name, role=cast("users.Role", role))
        log(database, "user changed", f"{name}, {role}")
    say(f"{name}: {role}.")


@command.command("password")
@click.argument("name")
@click.option("--generate", is_flag=True, help="Make a password, and print it.")
@click.pass_obj
def password_(root: Path, name: str, *, generate: bool) -> None:
    """Set a user's password; their sessions and tokens end."""
    from babelwire.deeds import log
    from babelwire.terminal import say
    from babelwire.users import set_password

    password = _password(generate=generate)
    with _store(root) as database:
        set_password(database, name, password)
        log(database, "password set", name)
    say(f"{name} signs in with the new password.")
    _show_made(password, generate=generate)


@command.command("remove")
@click.argument("name")
@click.pass_obj
def remove(root: Path, name: str) -> None:
    """Take a user out; what they did stays in the log."""
    from babelwire.deeds import log
    from babelwire.terminal import say
    from pipeline.store import users

    with _store(root) as database:
        with database.write() as connection:
            users.remove(connection, name)
        log(database, "user removed", name)
    say(f"Removed {name}.")


@command.command("token")
@click.argument("name")
@click.option(
    "--days",
    type=click.IntRange(1, MAX_TOKEN_DAYS),
    default=90,
    show_default=True,
    help="It lasts so long.",
)
@click.pass_obj
def token(root: Path, name: str, days: int) -> None:
    """Print a token with which a program asks the API as this user.

    Send it as "Authorization: Bearer TOKEN"; a feed reader takes it as the password.
    """
    from datetime import timedelta

    from babelwire.assembly import now
    from babelwire.deeds import log
    from babelwire.terminal import say, write
    from babelwire.users import new_session

    with _store(root) as database:
        made = new_session(database, name, "token", now(), timedelta(days=days))
        log(database, "token made", f"{name}, {days} days")
    write(made)
    say(f'It is shown once. "babelwire user password {name}" ends it early.')


@command.command("log")
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
@click.pass_obj
def log_(root: Path, *, as_json: bool) -> None:
    """Who exported, sent, corrected, deleted or changed what, the newest first."""
    from babelwire.terminal import print_json, table
    from pipeline.store import users

    with _store(root) as database, database.read() as connection:
        found = users.load_log(connection, limit=LOG_SHOWN)
    if as_json:
        lines = [
            {
                "at": deed.at.isoformat(),
                "user": deed.actor,
                "action": deed.action,
                "detail": deed.detail,
            }
            for deed in found
        ]
        print_json({"schema": 1, "log": lines})
        return
    rows = [
        (f"{deed.at.astimezone():%Y-%m-%d %H:%M}", deed.actor, deed.action, deed.detail)
        for deed in found
    ]
    table(("when", "who", "did", "what"), rows)


@contextlib.contextmanager
def _store(root: Path) -> Iterator[Database]:
    from babelwire.workspace import find_workspace

    database = find_workspace(root).open()
    try:
        yield database
    finally:
        database.close()


def _password(*, generate: bool) -> str:
    from babelwire.users import new_password

    if generate:
        return new_password()
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\r\n")
    typed: str = click.prompt("Password", hide_input=True, confirmation_prompt=True)
    return typed


def _show_made(password: str | None, *, generate: bool) -> None:
    from babelwire.terminal import write

    if generate and password is not None:
        write(password)
