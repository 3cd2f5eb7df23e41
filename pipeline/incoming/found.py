"""What the readers of files give: a page to be taken in, or why there is none."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from pipeline.archive import ArchivedResponse

MAX_PAGE_BYTES: Final = 15 << 20
"""As in a crawl; a larger page is passed over."""


@dataclass(frozen=True, kw_only=True)
class Incoming:
    """A page to be taken in.

    Attributes:
        response: With its body decoded; status 200, or a resource.
        hints: What the file says of it, as a feed would.
        host: Whose it is; "" where the address tells (a mail's may not).
        attachments: Files that came with it and are not read.
    """

    response: ArchivedResponse
    hints: Mapping[str, str] = field(default_factory=dict)
    host: str = ""
    attachments: int = 0


@dataclass(frozen=True, kw_only=True)
class Skipped:
    """A record that is no page to be taken in.

    Attributes:
        reason: Short and stable; readable once underscores are blanks.
        detail: Where and what, for people; "" where that is nothing unusual.
    """

    reason: str
    detail: str = ""
