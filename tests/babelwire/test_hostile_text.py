"""Text of pages on a terminal and in a spreadsheet."""

import pytest

from babelwire.exports import harmless
from babelwire.terminal import one_line, safe


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_a_cell_that_a_spreadsheet_would_run_is_neutralised(start: str) -> None:
    """W6"""
    assert harmless(f"{start}cmd|' /C calc'!A0") == f"'{start}cmd|' /C calc'!A0"


def test_terminal_escapes_and_bidi_controls_are_shown_not_obeyed() -> None:
    """W3"""
    hostile = "a\x1b]0;title\x07\x1b[31mb\u202ec\u2066d"
    shown = safe(hostile)
    assert not set(shown) & {"\x1b", "\x07", "\u202e", "\u2066"}
    assert "\\x1b[31m" in shown
    assert "\\u202e" in shown


def test_right_to_left_text_is_isolated() -> None:
    """W3"""
    assert one_line("قازان\n2024") == "\u2068قازان 2024\u2069"
