"""What may leave the desk: the default by kind, cutting, the source's file."""

import tomllib
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import regex
from hypothesis import given
from hypothesis import strategies as st

from babelwire.reading import load_rights
from babelwire.rights import MARK, Texts, excerpt, how_much, may_leave
from babelwire.sourcefile import SourceDraft, draft_text, write_source
from pipeline.errors import SourceError
from pipeline.sources import Rights, Source, read_source
from pipeline.store import open_database, sqlite_url
from pipeline.store.sources import keep_sources, mark_removed, source_rows

FOUND = datetime(2024, 6, 21, 12, tzinfo=UTC)
TEXTS = Texts(
    title="Thị trưởng họp",
    translated_title="Mayors meet",
    text="Các thị trưởng họp ở Kazan. " * 40,
    translation="The mayors met in Kazan. " * 40,
)

letters = st.characters(max_codepoint=0x24F)  # no two versions of Unicode disagree
pieces = st.sampled_from(
    [
        *("a", "é", "e\u0301\u0323", " ", "\n", "\r\n", ". ", "。", "! ", "(", "“"),
        *(
            "今",
            "天",
            "ก็",
            "กำ",
            "क्षि",
            "한",
            "ق",
            "\u200d",
            "👨‍👩‍👧‍👦",
            "🇻🇳",
            "\ud800",
        ),
    ]
)
texts = st.lists(pieces | letters, max_size=200).map("".join)


def read(tmp_path: Path, kind: str, rights: str) -> Source:
    path = tmp_path / "paper.toml"
    path.write_text(
        f'name = "paper"\nkind = "{kind}"\npublisher = "Paper"\n{rights}', "utf-8"
    )
    return read_source(path)


def leaving(rights: Rights, *, age_days: float = 0) -> tuple[str, Texts]:
    found = may_leave(
        TEXTS,
        rights,
        published_at=None,
        first_seen_at=FOUND,
        now=FOUND + timedelta(days=age_days),
    )
    assert found.notice == rights.notice
    return found.show, found.texts


@given(texts, st.integers(1, 80))
def test_an_excerpt_is_a_beginning_and_never_too_long(text: str, limit: int) -> None:
    cut = excerpt(text, limit)
    assert len(cut) <= limit
    if len(text.rstrip()) <= limit:
        assert cut == text.rstrip()
    else:
        assert cut.endswith(MARK)
        assert text.startswith(cut.removesuffix(MARK).removesuffix(" "))


@given(texts, st.integers(1, 80))
def test_no_visible_character_is_cut_in_two(text: str, limit: int) -> None:
    """Its boundaries are told by another implementation than the one that cuts."""
    shown = excerpt(text, limit)
    if len(text.rstrip()) <= limit:
        return
    end = len(shown.removesuffix(MARK).removesuffix(" "))
    boundaries = {0, *(match.end() for match in regex.finditer(r"\X", text))}
    assert end in boundaries


@pytest.mark.parametrize(
    ("text", "limit", "shown"),
    [
        ("Короткий текст.", 50, "Короткий текст."),
        ("Thị trưởng họp ở Kazan hôm thứ Sáu.", 20, "Thị trưởng họp ở…"),
        ("اجتمع رؤساء البلديات. ثم افترقوا جميعا.", 30, "اجتمع رؤساء البلديات. …"),
        ("กรุงเทพสวัสดีครับผม", 13, "กรุงเทพ…"),
        ("東京都知事が会見した。続報を待つ。", 14, "東京都知事が会見した。…"),
        ("He spoke (in Kazan) at length", 11, "He spoke…"),
        ("a" * 20, 10, "a" * 9 + "…"),
        ("e\u0301" * 10, 10, "e\u0301" * 4 + "…"),
        ("e" + "\u0301" * 30, 10, "…"),
    ],
)
def test_the_cut_is_where_a_sentence_or_a_word_ends(
    text: str, limit: int, shown: str
) -> None:
    assert excerpt(text, limit) == shown


def test_everything_leaves_of_full_rights() -> None:
    assert leaving(Rights(show="full", notice="© Paper")) == ("full", TEXTS)


def test_an_excerpt_leaves_with_the_headline() -> None:
    show, shown = leaving(Rights(show="excerpt", excerpt_characters=60))
    assert show == "excerpt"
    assert (shown.title, shown.translated_title) == (
        TEXTS.title,
        TEXTS.translated_title,
    )
    assert shown.text == "Các thị trưởng họp ở Kazan. Các thị trưởng họp ở Kazan. …"
    assert shown.translation == "The mayors met in Kazan. The mayors met in Kazan. …"


@pytest.mark.parametrize("show", ["headline", None])
def test_a_headline_leaves_alone(show) -> None:
    """Also where nobody decided."""
    headline = replace(TEXTS, text="", translation="")
    assert leaving(Rights(show=show)) == ("headline", headline)


@pytest.mark.parametrize(
    ("days", "age_days", "show"),
    [(0, 30_000, "full"), (7, 7, "full"), (7, 7.01, "headline")],
)
def test_only_the_headline_leaves_after_some_days(days, age_days, show) -> None:
    rights = Rights(show="full", pass_on_days=days)
    assert leaving(rights, age_days=age_days)[0] == show


def test_a_publication_time_counts_and_one_in_the_future_does_not() -> None:
    """P7"""
    rights = Rights(show="full", pass_on_days=7)
    week_later = FOUND + timedelta(days=7)

    def shown(published_at: datetime) -> str:
        return how_much(
            rights, published_at=published_at, first_seen_at=FOUND, now=week_later
        )

    assert shown(FOUND - timedelta(days=1)) == "headline"
    assert shown(FOUND + timedelta(days=365)) == "full"
    assert (
        how_much(
            rights,
            published_at=FOUND + timedelta(days=365),
            first_seen_at=FOUND,
            now=week_later + timedelta(days=1),
        )
        == "headline"
    )


@pytest.mark.parametrize(
    ("kind", "rights", "show"),
    [
        ("official", "", "full"),
        ("news", "", "excerpt"),
        ("news", "[rights]\nnotice = 'N'", "excerpt"),
        ("news", "[rights]\nshow = 'full'", "full"),
        ("official", "[rights]\nshow = 'headline'", "headline"),
    ],
)
def test_the_kind_decides_unless_the_file_does(tmp_path, kind, rights, show) -> None:
    assert read(tmp_path, kind, rights).rights.show == show


def test_every_key_of_rights_is_read(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        "news",
        '[rights]\nshow = "excerpt"\nexcerpt_characters = 50\n'
        'notice = "© Paper"\npass_on_days = 36500\n',
    )
    assert found.rights == Rights(
        show="excerpt", excerpt_characters=50, notice="© Paper", pass_on_days=36_500
    )


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('show = "all"', "rights.show: found 'all', expected 'full', 'excerpt' or"),
        ("excerpt_characters = 49", "rights.excerpt_characters: found 49, expected"),
        ("excerpt_characters = 5001", "rights.excerpt_characters: found 5001"),
        ("pass_on_days = -1", "rights.pass_on_days: found -1, expected"),
        ("pass_on_days = 36501", "rights.pass_on_days: found 36501"),
        ("notice = 3", "rights.notice: found 3, expected"),
        ("shows = 3", "rights.shows: unknown key"),
    ],
)
def test_what_rights_may_not_be_is_said(tmp_path, line: str, message: str) -> None:
    with pytest.raises(SourceError, match=r"paper\.toml") as raised:
        read(tmp_path, "news", f"[rights]\n{line}\n")
    assert message in str(raised.value)


@pytest.mark.parametrize(("kind", "show"), [("official", "full"), ("news", "excerpt")])
def test_a_new_sources_file_says_what_its_kind_gives(tmp_path, kind, show) -> None:
    draft = SourceDraft(
        name="paper",
        kind=kind,
        publisher="Paper",
        country="",
        languages=(),
        feeds=("https://paper.example/feed",),
        sitemaps=(),
        listings=(),
        hosts=(),
        allow=(),
        delay_seconds=2,
    )
    path = write_source(tmp_path, "paper", draft_text(draft))
    assert tomllib.loads(path.read_text("utf-8"))["rights"]["show"] == show
    assert read_source(path).rights == Rights(show=show)


def test_the_store_remembers_rights_after_the_file_is_gone(tmp_path: Path) -> None:
    """A file that is there counts as it is now, for its imported pages, too."""
    kept = Rights(show="excerpt", excerpt_characters=80, notice="©", pass_on_days=3)
    paper = Source(name="paper", kind="news", publisher="P", rights=kept)
    imported = replace(paper, name="import-paper")
    database = open_database(sqlite_url(tmp_path / "store.db"))
    try:
        with database.write() as connection:
            keep_sources(connection, [paper, imported], FOUND)
            keep_sources(connection, [paper, imported], FOUND)
            mark_removed(connection, "paper", FOUND)
            assert source_rows(connection)["paper"].rights == kept
        gone = load_rights(database, {})
        assert gone("paper") == gone("import-paper") == kept
        assert gone("stranger").show == "headline"
        stricter = replace(paper, rights=Rights(show="headline"))
        now = load_rights(database, {"paper": stricter})
        assert now("paper") == now("import-paper") == Rights(show="headline")
    finally:
        database.close()
