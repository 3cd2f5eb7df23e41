"""`babelwire doctor`."""

from __future__ import annotations

from pathlib import Path

import click


@click.command("doctor")
@click.option("--outside", is_flag=True, help="Every host ever contacted, and why.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
@click.pass_obj
def command(root: Path, *, outside: bool, as_json: bool) -> int:
    """Check the installation; --outside: say whom it contacted, and with what.

    Exit status: 0 all is well, 1 something needs attention. With --outside always 0.
    """
    from babelwire.workspace import find_workspace

    workspace = find_workspace(root)
    if outside:
        from babelwire.outside import load_outside, show_outside
        from babelwire.terminal import print_json

        database = workspace.open()
        try:
            document = load_outside(workspace, database)
        finally:
            database.close()
        (print_json if as_json else show_outside)(document)
        return 0
    from babelwire.assembly import now
    from babelwire.checkup import examine, show, to_json
    from babelwire.terminal import print_json

    checks = examine(workspace, now())
    if as_json:
        print_json(to_json(checks))
    else:
        show(checks)
    return 0 if all(check.ok for check in checks) else 1
