"""The command line: exit statuses, plain errors, one step alone."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from babelwire.cli import COMMANDS
from tests.babelwire.conftest import ROOT, babelwire, environment


def test_help_lists_every_command() -> None:
    ran = babelwire("--help")
    assert ran.status == 0
    for name, line in COMMANDS.items():
        assert re.search(rf"^  {name}\s+{re.escape(line)}$", ran.out, re.MULTILINE)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help(name: str) -> None:
    ran = babelwire(name, "--help")
    assert ran.status == 0, ran.err
    assert "Usage:" in ran.out


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys; sys.argv = ['babelwire', '--help']\n"
        "from babelwire.cli import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "heavy = {'scrapy', 'twisted', 'sqlalchemy', 'tantivy', 'trafilatura',\n"
        "         'py3langid', 'pydantic', 'rich.console', 'httpx', 'babel'}\n"
        "print(sorted(heavy & set(sys.modules)), file=sys.stderr)\n"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        env=environment(),
        check=True,
    )
    assert ran.stderr.strip() == "[]"


def test_no_workspace_is_wrong_use(tmp_path: Path) -> None:
    ran = babelwire("status", workspace=tmp_path)
    assert ran.status == 2
    assert "no workspace here" in ran.err
    assert "Traceback" not in ran.err


def test_an_unknown_key_names_file_and_key(workspace: Path) -> None:
    with (workspace / "babelwire.toml").open("a", encoding="utf-8") as file:
        file.write("\n[crawling]\nspeed = 3\n")
    ran = babelwire("status", workspace=workspace)
    assert ran.status == 2
    assert "babelwire.toml: crawling: unknown key" in ran.err


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x = ", "not valid TOML"),
        ('name = "bad"\nkind = "news"\npublisher = "B"\nfoo = 1\n', "foo: unknown key"),
        ('name = "bad"\nkind = "newz"\npublisher = "B"\n', "expected 'news' or"),
        (
            'name = "bad"\nkind = "news"\npublisher = "B"\nfeeds = ["nowhere"]\n',
            "not an http or https URL",
        ),
        ('name = "other"\nkind = "news"\npublisher = "B"\n', "the file's own name"),
        (
            'name = "bad"\nkind = "news"\npublisher = "B"\ndelay_seconds = -1\n',
            "delay_seconds: found -1",
        ),
    ],
)
def test_a_bad_source_file_is_one_plain_line(
    workspace: Path, text: str, expected: str
) -> None:
    (workspace / "sources" / "bad.toml").write_text(text, "utf-8")
    for command in (("crawl",), ("config", "check")):
        ran = babelwire(*command, workspace=workspace)
        assert ran.status == 2
        assert "bad.toml" in ran.err
        assert expected in ran.err
        assert "Traceback" not in ran.err


@pytest.mark.parametrize("name", ["../evil", "a/b", "..", "A", ""])
def test_a_source_name_cannot_leave_the_folder(workspace: Path, name: str) -> None:
    """W8: path traversal in a source name."""
    ran = babelwire(
        "source",
        "add",
        "http://127.0.0.1:9/",
        "--yes",
        "--name",
        name,
        workspace=workspace,
    )
    assert ran.status in {1, 2}
    assert list(workspace.parent.glob("*.toml")) == []


def test_a_newer_workspace_is_refused(workspace: Path) -> None:
    """P2: an older program on a newer database."""
    from pipeline.store.database import sqlite_module

    connection = sqlite_module().connect(str(workspace / "babelwire.db"))
    connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.commit()
    connection.close()
    ran = babelwire("status", workspace=workspace)
    assert ran.status == 3
    assert "newer version" in ran.err


def test_a_second_init_is_refused_and_changes_nothing(workspace: Path) -> None:
    before = (workspace / "babelwire.toml").read_bytes()
    ran = babelwire("init", workspace)
    assert ran.status == 2
    assert (workspace / "babelwire.toml").read_bytes() == before


def test_a_query_without_meaning_says_where(workspace: Path) -> None:
    ran = babelwire("search", "kazan (forum", workspace=workspace)
    assert ran.status == 2
    assert "at character" in ran.err


def test_a_search_without_an_index_says_what_to_do(workspace: Path) -> None:
    ran = babelwire("search", "kazan", workspace=workspace)
    assert ran.status == 3
    assert "babelwire index" in ran.err


def test_crawl_needs_a_contact_for_public_sites(workspace: Path) -> None:
    babelwire("source", "add", "kremlin-en", workspace=workspace)
    ran = babelwire("crawl", workspace=workspace)
    assert ran.status == 2
    assert "[crawl] contact" in ran.err


def test_catalogue_filters_by_language_and_country() -> None:
    arabic = babelwire("source", "catalogue", "--lang", "ar").out
    assert "sputnik-ar" in arabic
    assert "vnexpress" not in arabic
    assert "vnexpress" in babelwire("source", "catalogue", "--country", "vn").out


def test_disable_and_enable_keep_the_files_comments(workspace: Path) -> None:
    babelwire("source", "add", "vnexpress", workspace=workspace)
    path = workspace / "sources" / "vnexpress.toml"
    before = path.read_text("utf-8")
    assert babelwire("source", "disable", "vnexpress", workspace=workspace).status == 0
    assert "enabled = false" in path.read_text("utf-8")
    assert "disabled" in babelwire("source", "list", workspace=workspace).out
    assert babelwire("source", "enable", "vnexpress", workspace=workspace).status == 0
    after = path.read_text("utf-8")
    assert [line for line in before.splitlines() if line.startswith("#")] == [
        line for line in after.splitlines() if line.startswith("#")
    ]


def test_identify_answers_line_by_line_in_order() -> None:
    lines = "Мэры городов встретились в Казани\nThe mayors of the cities met\n\n12345\n"
    rows = babelwire("identify", stdin=lines).rows
    assert [row["language"] for row in rows] == ["ru", "en", "und", "und"]
    assert all(0 <= row["confidence"] <= 1 for row in rows)


def test_langdetect_is_selectable_and_gives_the_same_answer_twice() -> None:
    line = "Diễn đàn các thành phố khai mạc tại Kazan hôm nay\n"
    first = babelwire("identify", "--identifier", "langdetect", stdin=line)
    second = babelwire("identify", "--identifier", "langdetect", stdin=line)
    assert first.out == second.out
    assert first.rows[0]["language"] == "vi"


def test_analyze_shows_tokens_by_field() -> None:
    row = babelwire("analyze", "--lang", "en", stdin="The cities met\n").rows[0]
    assert "citi" in row["f1"]
    assert row["f3"] == ["the", "cities", "met"]
    row = babelwire("analyze", "--lang", "ru", stdin="Казань\n").rows[0]
    assert row["sounds"] == ["ksn"]


def test_extract_reads_saved_pages_in_order(tmp_path: Path) -> None:
    words = " ".join(["The forum of cities opened in Kazan on Friday morning."] * 12)
    good = tmp_path / "good.html"
    good.write_text(
        f"<html><head><title>Forum opens</title></head><body><h1>Forum opens</h1>"
        f"<article><p>{words}</p><p>{words}</p></article></body></html>",
        "utf-8",
    )
    binary = tmp_path / "picture.html"
    binary.write_bytes(bytes(range(256)) * 8)
    rows = babelwire("extract", binary, good, "--url", "https://example.org/a").rows
    assert [row["rejected"] for row in rows] == ["not_text", None]
    assert rows[1]["title"] == "Forum opens"
    assert rows[1]["language"] == "en"


def test_translate_uses_saved_translations_and_says_when_it_has_none(
    workspace: Path,
) -> None:
    added = babelwire(
        "memory",
        "add",
        "Xin chào «Kazan»",
        "Hello “Kazan”",
        "--from",
        "vi",
        workspace=workspace,
    )
    assert added.status == 0
    rows = babelwire(
        "translate",
        "--from",
        "vi",
        stdin='Xin chào "Kazan"\nTạm biệt\n',
        workspace=workspace,
    ).rows
    assert rows[0]["text"] == "Hello “Kazan”"
    assert rows[0]["engine"] == "memory"
    assert rows[1] == {
        "text": None,
        "engine": "ctranslate2",
        "model": "",
        "version": "",
        "licence": "",
        "parameters": "",
        "flags": [],
        "reason": "no_model",
        "detail": "vi-en",
    }


def test_saved_translations_survive_export_and_import(
    workspace: Path, tmp_path: Path
) -> None:
    babelwire("memory", "add", "a < b & «c»", "x", "--from", "ru", workspace=workspace)
    file = tmp_path / "saved.tmx"
    assert babelwire("memory", "export", "-o", file, workspace=workspace).status == 0
    other = tmp_path / "other"
    babelwire("init", other)
    assert babelwire("memory", "import", file, workspace=other).status == 0
    again = babelwire("memory", "export", workspace=other).out
    assert again == file.read_text("utf-8")


def test_broken_tmx_is_refused_with_its_line(workspace: Path, tmp_path: Path) -> None:
    file = tmp_path / "broken.tmx"
    file.write_text("<tmx><body><tu></body></tmx>", "utf-8")
    ran = babelwire("memory", "import", file, workspace=workspace)
    assert ran.status == 2
    assert "not valid TMX" in ran.err


def test_output_to_a_closed_pipe_is_no_error(workspace: Path) -> None:
    command = f"{sys.executable} -m babelwire source catalogue | head -n 1"
    ran = subprocess.run(
        ["bash", "-c", f"set -o pipefail; {command}"],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env=environment(),
        check=False,
    )
    assert "Traceback" not in ran.stderr
    assert ran.returncode == 0


def test_json_output_is_one_document(workspace: Path) -> None:
    ran = babelwire("status", "--json", workspace=workspace)
    assert json.loads(ran.out)["schema"] == 1
    assert len(ran.out.splitlines()) == 1
