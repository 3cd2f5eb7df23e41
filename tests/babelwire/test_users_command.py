"""`babelwire user`, and whom `serve` lets in."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from babelwire.users import add_user, hash_password, user_by_password
from babelwire.workspace import make_workspace
from pipeline.errors import InputError
from tests.babelwire.conftest import Demo, Ran, babelwire, copied

PASSWORD = "correct horse battery staple"
AT = datetime(2024, 6, 21, tzinfo=UTC)


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    return make_workspace(tmp_path / "desk").root


def test_users_are_added_changed_listed_and_removed(workspace: Path) -> None:
    def user(*arguments: str, stdin: str = "") -> tuple[int, str, str]:
        ran = babelwire("user", *arguments, workspace=workspace, stdin=stdin)
        return ran.status, ran.out, ran.err

    status, _, said = user("list")
    assert status == 0
    assert "on this machine only" in said
    assert user("add", "lan", "--role", "editor", stdin=PASSWORD + "\n")[0] == 0
    status, made, _ = user("add", "ada", "--role", "admin", "--generate")
    assert status == 0
    assert len(made.strip()) == 20
    assert user("add", "guest", "--no-password")[0] == 0
    assert user("role", "lan", "reader")[0] == 0
    assert user("remove", "guest")[0] == 0
    listing = babelwire("user", "list", "--json", workspace=workspace).json
    found = [(each["name"], each["role"]) for each in listing["users"]]
    assert found == [("ada", "admin"), ("lan", "reader")]
    log = babelwire("user", "log", "--json", workspace=workspace).json["log"]
    assert [line["action"] for line in log] == [
        "user removed",
        "user changed",
        "user added",
        "user added",
        "user added",
    ]


def test_wrong_use_is_said_plainly(workspace: Path) -> None:
    short = babelwire("user", "add", "lan", workspace=workspace, stdin="short\n")
    assert short.status == 2
    assert "found 5 characters, expected 15" in short.err
    odd = babelwire("user", "add", "a b", workspace=workspace, stdin=PASSWORD)
    assert odd.status == 2
    assert 'user: found "a b"' in odd.err
    unknown = babelwire("user", "token", "nobody", workspace=workspace)
    assert unknown.status == 2
    assert 'there is no user "nobody"' in unknown.err
    assert unknown.out == ""


def test_a_token_is_printed_alone(workspace: Path) -> None:
    babelwire("user", "add", "lan", "--no-password", workspace=workspace)
    ran = babelwire("user", "token", "lan", "--days", "3", workspace=workspace)
    assert ran.status == 0
    assert len(ran.out.strip()) == 43


def test_a_password_is_kept_as_argon2id(workspace: Path) -> None:
    hashed = hash_password("lan", PASSWORD)
    assert hashed.startswith("$argon2id$v=19$m=65536,t=3,p=4$")
    assert PASSWORD not in hashed
    assert hash_password("lan", PASSWORD) != hashed


@pytest.mark.parametrize(
    ("name", "password"),
    [("lan", "x" * 14), ("lan", "x" * 1025), ("nguyen.thi.lan", "nguyen.thi.lan-2024")],
)
def test_a_password_that_will_not_do(name: str, password: str) -> None:
    with pytest.raises(InputError, match="password"):
        hash_password(name, password)


def test_who_has_no_password_does_not_sign_in_with_one(workspace: Path) -> None:
    from babelwire.workspace import find_workspace

    database = find_workspace(workspace).open()
    try:
        add_user(database, "guest", "reader", None, AT)
        add_user(database, "lan", "reader", PASSWORD, AT)
        assert user_by_password(database, "guest", "") is None
        assert user_by_password(database, "nobody", PASSWORD) is None
        assert user_by_password(database, "lan", PASSWORD + "!") is None
        found = user_by_password(database, "lan", PASSWORD)
        assert found is not None
        assert found.name == "lan"
    finally:
        database.close()


def test_the_desk_is_not_opened_to_whoever_comes_along(workspace: Path) -> None:
    ran = babelwire("serve", "--host", "0.0.0.0", "--port", "0", workspace=workspace)
    assert ran.status == 2
    assert "nobody would be asked who they are" in ran.err
    assert "babelwire user add" in ran.err


def test_what_the_command_line_passes_on_is_written_down(
    demo: Demo, tmp_path: Path
) -> None:
    copied(demo.workspace, tmp_path / "copy")

    def run(*arguments: str) -> Ran:
        ran = babelwire(*arguments, workspace=tmp_path / "copy")
        assert ran.status == 0, ran.err
        return ran

    hit = run("search", "forum", "--lang", "ar", "--json").json["hits"][0]
    run("export", "secretword", "--format", "csv", "-o", str(tmp_path / "all.csv"))
    run("memory", "correct", hit["id"], "1", "A better one.", "--author", "omar")
    run("memory", "undo", "1")
    run("review", "new", "Morning")
    run("review", "export", "1", "--format", "html", "-o", str(tmp_path / "r.html"))
    run("review", "delete", "1", "--by", "lan")
    log = run("user", "log", "--json").json["log"][:5]  # the demo was exported, too
    assert [(line["action"], line["detail"]) for line in log] == [
        ("review deleted", "1"),
        ("review taken along", "1, html"),
        ("correction undone", "1"),
        ("corrected", f"{hit['id']}, 1"),
        ("exported", "csv, 0 documents"),
    ]
    assert [log[0]["user"], log[3]["user"]] == ["lan", "omar"]
