"""TMX files come back as they were written, and hostile ones do no harm."""

import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import InputError
from pipeline.translation.tmx import SavedTranslation, read_tmx, write_tmx

XML = '<?xml version="1.0"?>\n'
SAFE = st.characters(
    exclude_categories=["Cc", "Cs", "Zs", "Zl", "Zp"], exclude_characters="\ufffe\uffff"
)
TEXTS = st.text(SAFE, min_size=1, max_size=60)
TAGS = st.sampled_from(["vi", "ar", "ru", "zh-Hans", "zh-Hant", "fa"])


def pair(source: str, target: str, language: str = "vi") -> SavedTranslation:
    return SavedTranslation(
        source_language=language,
        target_language="en",
        source_text=source,
        target_text=target,
        origin="memory.tmx",
    )


def read(folder: Path, content: str | bytes) -> list[SavedTranslation]:
    path = folder / "memory.tmx"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return list(read_tmx(path))


def unit(*variants: str) -> str:
    body = "".join(variants)
    return f'{XML}<tmx version="1.4"><header/><body><tu>{body}</tu></body></tmx>'


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("tmx")


@given(pairs=st.lists(st.tuples(TEXTS, TEXTS, TAGS), max_size=5))
def test_what_is_written_is_read_again(folder: Path, pairs) -> None:
    expected = [pair(*found) for found in pairs]
    file = io.StringIO()
    assert write_tmx(expected, file) == len(expected)
    assert read(folder, file.getvalue()) == expected


def test_characters_that_xml_forbids_are_left_out(folder: Path) -> None:
    file = io.StringIO()
    write_tmx([pair("a\x00b\x0b<&>\ufffe", "c\x1f\ud800\"'")], file)
    (found,) = read(folder, file.getvalue())
    assert (found.source_text, found.target_text) == ("ab<&>", "c\"'")


def test_regions_are_dropped_and_scripts_kept(folder: Path) -> None:
    text = unit(
        '<tuv xml:lang="ZH-hans"><seg>市长</seg></tuv>',
        '<tuv xml:lang="EN_us"><seg>mayor</seg></tuv>',
        '<tuv lang="pt-BR"><seg>prefeito</seg></tuv>',
    )
    found = [(p.source_language, p.target_language) for p in read(folder, text)]
    assert found == [("zh-Hans", "en"), ("zh-Hans", "pt")]


def test_a_script_is_kept_beside_a_region(folder: Path) -> None:
    text = unit(
        '<tuv xml:lang="zh-Hant-TW"><seg>市長</seg></tuv>',
        '<tuv xml:lang="en"><seg>mayor</seg></tuv>',
    )
    assert read(folder, text)[0].source_language == "zh-Hant"


def test_inline_marks_are_read_as_their_text(folder: Path) -> None:
    text = unit(
        '<tuv xml:lang="vi"><seg>Một <bpt i="1"/>thành phố<ept i="1"/></seg></tuv>',
        '<tuv xml:lang="en"><seg>A <hi>city</hi></seg></tuv>',
    )
    assert read(folder, text)[0].source_text == "Một thành phố"
    assert read(folder, text)[0].target_text == "A city"


def test_units_without_two_texts_are_left_out(folder: Path) -> None:
    text = unit('<tuv xml:lang="vi"><seg>Một</seg></tuv>', '<tuv xml:lang="en"/>')
    assert read(folder, text) == []
    assert read(folder, unit("<tuv><seg>Một</seg></tuv>")) == []


@pytest.mark.parametrize(
    "content",
    [
        "",
        "no XML",
        unit('<tuv xml:lang="vi"><seg>Một</seg>'),
        XML + "<tmx><body><tu></body></tmx>",
        b"\xff\xfe\x00",
    ],
)
def test_a_file_that_is_no_xml_is_named(folder: Path, content) -> None:
    with pytest.raises(InputError, match=r"memory\.tmx"):
        read(folder, content)


def test_a_file_that_is_not_there_is_named(folder: Path) -> None:
    with pytest.raises(InputError, match="none"):
        list(read_tmx(folder / "none.tmx"))


def hostile(text: str, *entities: str) -> str:
    head = "<!DOCTYPE tmx [" + "".join(f"<!ENTITY {e}>" for e in entities) + "]>"
    content = unit(
        f'<tuv xml:lang="vi"><seg>Một {text}</seg></tuv>',
        '<tuv xml:lang="en"><seg>One</seg></tuv>',
    )
    return content.replace("<tmx", f"{head}\n<tmx", 1)


def test_a_file_is_not_read_through_an_entity(folder: Path) -> None:
    """C8"""
    secret = folder / "secret.txt"
    secret.write_text("secret")
    content = hostile("&x;", f'x SYSTEM "{secret.as_uri()}"')
    (found,) = read(folder, content)
    assert "secret" not in found.source_text


def test_an_entity_bomb_is_refused(folder: Path) -> None:
    """C8"""
    more = [f'l{n} "{f"&l{n - 1};" * 10}"' for n in range(1, 10)]
    with pytest.raises(InputError):
        read(folder, hostile("&l9;", 'l0 "lol"', *more))
