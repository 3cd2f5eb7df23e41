"""The walls between the rooms, from the source: DESIGN.md, "The rooms"."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from pipeline.failpoints import POINTS

ROOT = Path(__file__).parent.parent
ROOMS = ("pipeline", "search_index", "crawler", "babelwire")

MAY_IMPORT = {
    "pipeline": set(),
    "search_index": {"pipeline"},
    "crawler": {"pipeline"},
    "babelwire": {"pipeline", "search_index", "crawler"},
}

CONTRACTS = (
    "pipeline/documents.py",
    "pipeline/egress.py",
    "pipeline/sources.py",
    "pipeline/reviews.py",
    "search_index/query.py",
    "crawler/frontier.py",
)
IO = {
    *(
        "asyncio",
        "http",
        "httpx",
        "lxml",
        "multiprocessing",
        "os",
        "requests",
        "scrapy",
    ),
    *("shutil", "socket", "sqlalchemy", "sqlite3", "ssl", "subprocess", "tantivy"),
    *("tempfile", "threading", "time", "twisted", "urllib.request"),
}
"""What a contract module must not import: it holds records and rules."""

CALLS_FOR_IO = {"open", "read_bytes", "read_text", "write_bytes", "write_text"}

NAMELESS = re.compile(r"(^|_)(utils?|commons?|helpers?|base|managers?|misc)(_|$)")

HEAVY = {"scrapy", "torch", "transformers", "fastapi", "trafilatura", "py3langid"}
"""Imported where they are needed, not when the command line starts."""


def modules(*rooms: str) -> list[Path]:
    found = [p for room in rooms for p in sorted((ROOT / room).rglob("*.py"))]
    assert found
    return found


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@cache
def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"), str(path))


def imported(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "relative imports hide which room is meant"
            yield node.module or ""
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def roots(tree: ast.AST) -> set[str]:
    return {module.split(".")[0] for module in imported(tree)}


@pytest.mark.parametrize("path", modules(*ROOMS), ids=name)
def test_imports_point_one_way(path: Path) -> None:
    room = path.relative_to(ROOT).parts[0]
    others = (roots(parsed(path)) & {*ROOMS, "tests", "benchmarks"}) - {room}
    assert others <= MAY_IMPORT[room]


@pytest.mark.parametrize("contract", CONTRACTS)
def test_contract_modules_import_nothing_that_does_input_or_output(contract) -> None:
    tree = parsed(ROOT / contract)
    found = {m for m in imported(tree) for banned in IO if m == banned}
    found |= {m for m in imported(tree) if m.split(".")[0] in IO}
    assert found == set()


@pytest.mark.parametrize("contract", CONTRACTS)
def test_contract_modules_open_no_file(contract) -> None:
    called = {
        node.func.id if isinstance(node.func, ast.Name) else node.func.attr
        for node in ast.walk(parsed(ROOT / contract))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name | ast.Attribute)
    }
    assert called & CALLS_FOR_IO == set()


@pytest.mark.parametrize("room", ["pipeline", "search_index"])
def test_only_the_crawler_knows_scrapy(room: str) -> None:
    for path in modules(room):
        assert not roots(parsed(path)) & {"scrapy", "twisted"}, name(path)


def test_no_file_has_a_name_that_says_nothing() -> None:
    for path in modules(*ROOMS, "tests", "benchmarks"):
        assert not NAMELESS.search(path.stem), name(path)
        assert not NAMELESS.search(path.parent.name), name(path)


def test_heavy_packages_are_imported_where_they_are_needed() -> None:
    for path in modules("pipeline", "search_index", "babelwire"):
        body = parsed(path).body
        top = [n for n in body if isinstance(n, ast.Import | ast.ImportFrom)]
        found = roots(ast.Module(body=top, type_ignores=[]))
        allowed = {"fastapi"} if is_of_the_desk(path) else set()
        assert not found & (HEAVY - allowed), name(path)


def test_the_desk_is_imported_only_to_be_served() -> None:
    for path in modules("babelwire"):
        if not is_of_the_desk(path):
            body = parsed(path).body
            top = [n.module or "" for n in body if isinstance(n, ast.ImportFrom)]
            assert not [m for m in top if m.startswith("babelwire.web")], name(path)


def is_of_the_desk(path: Path) -> bool:
    return name(path).startswith("babelwire/web/")


def test_test_folders_mirror_the_rooms() -> None:
    folders = {path.name for path in (ROOT / "tests").iterdir() if path.is_dir()}
    assert folders - {"quality", "trained", "__pycache__"} == set(ROOMS)


# --- Named points of death (P1) --------------------------------------------------


def strings(tree: ast.AST) -> set[str]:
    return {
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }


def passed(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or not node.args:
            continue
        function = node.func
        called = function.id if isinstance(function, ast.Name) else ""
        called = function.attr if isinstance(function, ast.Attribute) else called
        if called in {"failpoint", "is_hit"} and isinstance(node.args[0], ast.Constant):
            yield node.args[0].value


def test_every_named_point_is_passed_and_every_passed_one_is_named() -> None:
    """P1"""
    found = {point for path in modules(*ROOMS) for point in passed(parsed(path))}
    assert found == set(POINTS)


@pytest.mark.parametrize("point", POINTS)
def test_a_test_dies_at_every_named_point(point: str) -> None:
    """P1"""
    tests = [path for path in modules("tests") if path != Path(__file__)]
    provoked = any(
        text == point or text.startswith(f"{point}:")
        for path in tests
        for text in strings(parsed(path))
    )
    assert provoked, f"no test provokes {point}"
