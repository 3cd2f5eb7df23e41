"""What a run takes over from those before it."""

from __future__ import annotations

from crawler.clock import Clock
from crawler.committer import Committer
from crawler.frontier import Frontier
from crawler.scope import Scope
from pipeline.store import moves
from pipeline.store.runs import last_end


async def remember_moves(committer: Committer, scope: Scope) -> None:
    """Where sites and their endpoints moved to belongs to their sources."""
    names = scope.names
    for move in await committer.read(lambda c: moves.confirmed_moves(c, names)):
        scope.learn(move)
    for name, host in await committer.read(lambda c: moves.redirected_hosts(c, names)):
        scope.learn_host(name, host)


async def keep_pace(
    committer: Committer, scope: Scope, frontier: Frontier, clock: Clock
) -> None:
    """A run that begins just after another one keeps the pace of both.

    The delays of the hosts must be set. One whose process died counts as ended when
    that was noticed.
    """
    ended_at = await committer.read(last_end)
    if ended_at is None:
        return
    # No later than now: the clock may have been set back (P7).
    until = min(clock.at(ended_at), clock.monotonic())
    for source in scope:
        for host in source.own_hosts:
            frontier.was_asked(host, until)
