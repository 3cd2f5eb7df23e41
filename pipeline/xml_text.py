"""Text as XML 1.0 may hold it."""

from __future__ import annotations

import re

_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What is no character of XML 1.0 (section 2.2)."""


def xml_text(text: str) -> str:
    r"""A text without what is no character of XML.

    >>> xml_text("a\x00b\x0bc")
    'abc'
    """
    return _FORBIDDEN.sub("", text)
