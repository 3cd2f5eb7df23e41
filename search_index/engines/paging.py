"""What fills a page below its full matches; the same for every engine."""

from __future__ import annotations

from search_index.engines.contract import Found, PageRequest, Snapshot


def partial_below(snapshot: Snapshot, request: PageRequest, full: Found) -> Found:
    """Partial matches for the room that full ones left on a page."""
    room = request.limit - len(full.hits)
    if not room or request.plan.partial is None:
        return Found(total=0, hits=())
    return snapshot.search(
        request.plan,
        partial=True,
        limit=room,
        offset=max(0, request.offset - full.total),
        sort=request.sort,
    )
