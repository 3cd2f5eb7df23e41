"""What visits change in the store: one transaction for a batch of them.

What an answer means for a URL's outcome depends on what its row says *now*: the
extract stage may have processed its page meanwhile.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, bindparam, insert, select, update

from pipeline.failpoints import failpoint
from pipeline.revisits import NEWS_AGE, appeared, learned_rate, next_revisit
from pipeline.store.frontier import DueUrl, Outcome, Role, chunked
from pipeline.store.links import Link, Links, lead_to_documents
from pipeline.store.moves import Move, move_between, note_moves
from pipeline.store.tables import pages, urls, work
from pipeline.store.visits import (
    MAX_REDIRECTS,
    Committed,
    NewPage,
    Visit,
    VisitedEndpoint,
)
from pipeline.store.withdrawals import (
    MISSING_REASONS,
    MISSING_RECHECK,
    MISSING_VISITS,
    mark_withdrawn,
)
from pipeline.store.work import enqueue

MAX_ANCESTORS = 5
"""A feed's redirect, and sitemaps nested as deep as they are read."""


def commit_batch(
    connection: Connection,
    visits: Sequence[Visit],
    now: datetime,
    *,
    run_started_at: datetime,
    revisit_days: Mapping[str, int] | int = 7,
) -> Committed:
    """Writes pages, links and outcomes of visits, and what `extract` has to do.

    Args:
        connection: In a writing transaction; their archive records are synced.
        visits: At most one of each row.
        now: The time.
        run_started_at: Endpoints visited since then are not made due again.
        revisit_days: So long after it appeared an article is revisited; one number
            for all sources, or by source.
    """
    batch = _Batch(connection, visits, now, run_started_at, revisit_days)
    return batch.write()


class _Batch:
    def __init__(
        self,
        connection: Connection,
        visits: Sequence[Visit],
        now: datetime,
        run_started_at: datetime,
        revisit_days: Mapping[str, int] | int,
    ) -> None:
        self._connection = connection
        self._visits = visits
        self._now = now
        self._links = Links(connection, now, run_started_at)
        self._days = revisit_days
        self._rows = self._load_rows()
        self._due: dict[str, datetime] = {}
        self._aliases: dict[tuple[Role, str], str] = {}
        self._extract: list[int] = []
        self._outcomes: Counter[tuple[str, Outcome, str]] = Counter()
        self._settled: Counter[str] = Counter()
        self._endpoints: list[VisitedEndpoint] = []
        self._endpoints_due = False
        self._credits: Counter[int] = Counter()
        self._missing: dict[str, datetime | None] = {}
        self._moved_articles: list[Move] = []
        self._moved_endpoints: list[Move] = []

    def write(self) -> Committed:
        page_ids = self._insert_pages()
        failpoint("crawl.in_commit")
        discovered: Counter[str] = Counter()
        changes = []
        for visit, page_id in zip(self._visits, page_ids, strict=True):
            new = self._insert_links(visit)
            discovered[visit.target.source] += new
            change = self._change(visit, page_id)
            if visit.target.role == "endpoint":
                self._endpoints.append(_visited(visit, change, new))
            changes.append(change)
        self._update(changes)
        self._give_credits()
        moves = note_moves(
            self._connection, self._moved_articles, self._moved_endpoints, self._now
        )
        for move in moves:
            self._note_due(move.from_host, self._now)
        mark_withdrawn(self._connection, self._missing)
        lead_to_documents(
            self._connection,
            {
                k: target
                for (role, k), target in self._aliases.items()
                if role == "article"
            },
            self._now,
        )
        enqueue(self._connection, "extract", self._extract, now=self._now)
        return Committed(
            discovered=discovered,
            outcomes=self._outcomes,
            settled=self._settled,
            endpoints=self._endpoints,
            due=self._due,
            endpoints_due=self._endpoints_due,
            moves=moves,
        )

    def _insert_links(self, visit: Visit) -> int:
        links = [*visit.links]
        if (redirect := _followed(visit)) is not None:
            links.append(redirect)
        new = self._links.insert_articles(visit.target, links)
        for link in new:
            self._note_due(link.host, self._now)
        self._credits[visit.target.id] += sum(self._is_news(link) for link in new)
        self._endpoints_due |= self._links.insert_endpoints(
            visit.target, links, shows_news=bool(new)
        )
        if visit.is_index and not visit.problem:
            self._links.drop_unlisted(visit.target, visit.links)
        return len(new)

    def _is_news(self, link: Link) -> bool:
        return self._now - appeared(link.hints, self._now) <= NEWS_AGE

    def _give_credits(self) -> None:
        """What a child found is its parents' doing: they are read for it."""
        for row_id, number in self._credits.items():
            holder: int | None = row_id
            for _ in range(MAX_ANCESTORS):
                if holder is None or not number:
                    break
                credited = (
                    update(urls)
                    .where(urls.c.id == holder, urls.c.role == "endpoint")
                    .values(found=urls.c.found + number)
                    .returning(urls.c.parent_id)
                )
                holder = self._connection.scalar(credited)

    def _load_rows(self) -> dict[int, Row[Any]]:
        rows: dict[int, Row[Any]] = {}
        for chunk in chunked(visit.target.id for visit in self._visits):
            found = select(urls).where(urls.c.id.in_(chunk)).with_for_update()
            rows |= {row.id: row for row in self._connection.execute(found)}
        return rows

    def _insert_pages(self) -> list[int | None]:
        values = [_page_values(v, v.page) for v in self._visits if v.page is not None]
        if not values:
            return [None] * len(self._visits)
        statement = insert(pages).returning(pages.c.id, sort_by_parameter_order=True)
        ids = iter(self._connection.scalars(statement, values).all())
        return [None if v.page is None else next(ids) for v in self._visits]

    # --- The visited row -----------------------------------------------------

    def _change(self, visit: Visit, page_id: int | None) -> dict[str, Any]:
        row = self._rows[visit.target.id]
        change = _unchanged_row(row, visit)
        self._note_move(row, visit)
        if visit.target.role == "endpoint":
            self._change_endpoint(visit, page_id, change)
            self._learn(row, visit, change)
        else:
            self._change_article(row, visit, page_id, change)
            outcome, reason = change["outcome"], change["reason"]
            self._outcomes[visit.target.source, outcome, reason] += 1
            again = visit.verdict in {"later", "moved"} and outcome == "pending"
            self._settled[visit.target.source] += not again
        if change["due_at"] is not None:
            self._note_due(row.host, change["due_at"])
        return change

    def _change_endpoint(
        self, visit: Visit, page_id: int | None, change: dict[str, Any]
    ) -> None:
        self._change_common(visit, change)
        if visit.verdict == "later":
            self._endpoints_due = True
        if visit.verdict == "not_modified":
            change |= {"outcome": "unchanged", "fetched_at": visit.at}
        if visit.verdict == "read" and visit.page is not None:
            same = visit.page.body_checksum == change["body_checksum"]
            change |= {
                "outcome": "failed" if visit.problem else "stored",
                "reason": visit.problem,
            }
            if same and not visit.problem:
                change["outcome"] = "unchanged"
            self._keep_body(visit, page_id, change)
            if visit.is_index or visit.problem:
                # Without a validator the next answer has a body: its children
                # may have changed, or it may be whole by then.
                change |= {"etag": "", "last_modified": "", "body_checksum": ""}

    def _learn(self, row: Row[Any], visit: Visit, change: dict[str, Any]) -> None:
        """How often it brings something new."""
        shown = self._credits[row.id]
        found = row.found + shown
        change["found_before"] = found
        if row.visited_at is not None:
            new, elapsed = found - row.found_before, visit.at - row.visited_at
            change["new_per_day"] = learned_rate(row.new_per_day, new, elapsed)
        if visit.verdict in {"read", "not_modified"}:
            change["idle_reads"] = 0 if shown else row.idle_reads + 1

    def _note_move(self, row: Row[Any], visit: Visit) -> None:
        link = visit.redirect
        if link is None or not visit.is_permanent:
            return
        move = move_between(visit.target.source, visit.target.url, link.url)
        is_first = row.reason != "redirect_out_of_scope"
        if move is not None and visit.target.role == "endpoint":
            self._moved_endpoints.append(move)
        elif move is not None and is_first:
            self._moved_articles.append(move)

    def _change_article(
        self, row: Row[Any], visit: Visit, page_id: int | None, change: dict[str, Any]
    ) -> None:
        self._change_common(visit, change)
        self._note_presence(row, visit, change)
        if visit.verdict == "not_modified":
            self._same_text(row, visit, change)
        if visit.verdict == "read" and visit.page is not None:
            if (
                row.page_id is not None
                and visit.page.body_checksum == row.body_checksum
            ):
                self._same_text(row, visit, change)
                change |= {"etag": visit.etag, "last_modified": visit.last_modified}
            else:
                change |= {"outcome": "pending", "reason": ""}
                self._keep_body(visit, page_id, change)
                if page_id is not None:
                    self._extract.append(page_id)
                self._schedule_revisit(row, change)

    def _note_presence(
        self, row: Row[Any], visit: Visit, change: dict[str, Any]
    ) -> None:
        """Whether a page that was fetched before is still there."""
        is_there = visit.verdict in {"read", "not_modified"}
        if is_there and row.missing_visits:
            change["missing_visits"] = 0
            self._missing[row.url_key] = None
        if visit.verdict != "rejected" or visit.reason not in MISSING_REASONS:
            return
        if row.page_id is None:
            return
        missing = change["missing_visits"] = row.missing_visits + 1
        if missing < MISSING_VISITS:
            change["due_at"] = self._now + MISSING_RECHECK
        else:
            self._missing[row.url_key] = visit.at
            self._schedule_revisit(row, change)

    def _change_common(self, visit: Visit, change: dict[str, Any]) -> None:
        match visit.verdict:
            case "later":
                self._later(visit, change)
            case "rejected" | "failed":
                change |= {"outcome": visit.verdict, "reason": visit.reason}
            case "redirect":
                self._redirect(visit, change)
            case "moved":
                self._moved(visit, change)
            case _:
                pass

    def _later(self, visit: Visit, change: dict[str, Any]) -> None:
        tried = visit.counts_as_attempt
        if change["outcome"] == "rejected" and visit.target.role == "article" and tried:
            # A page that was refused is asked again at the next revisit; a
            # retry would forget why it was refused.
            return
        change |= {
            "outcome": "pending",
            "reason": visit.reason,
            "due_at": visit.due_at,
            "attempts": visit.target.attempts + tried,
        }

    def _moved(self, visit: Visit, change: dict[str, Any]) -> None:
        is_hop = visit.target.via in {"redirect", "seed"}
        hops = (visit.target.depth if is_hop else 0) + 1
        link = visit.redirect
        if link is None or link.url == visit.target.url or hops > MAX_REDIRECTS:
            change |= {"outcome": "failed", "reason": "redirect_loop"}
            return
        change |= {
            "outcome": "pending",
            "reason": "",
            "url": link.url,
            "due_at": self._now,
            "depth": hops,
        }
        if visit.target.via != "seed":
            change["via"] = "redirect"
        self._endpoints_due |= visit.target.role == "endpoint"

    def _redirect(self, visit: Visit, change: dict[str, Any]) -> None:
        link = visit.redirect
        assert link is not None  # noqa: S101 - a redirect leads somewhere
        if link.depth > MAX_REDIRECTS:
            change |= {"outcome": "failed", "reason": "too_many_redirects"}
        elif self._leads_back(visit.target, link.url_key):
            change |= {"outcome": "failed", "reason": "redirect_loop"}
        elif visit.redirect_in_scope or self._links.known_articles([link.url_key]):
            change |= {
                "outcome": "duplicate",
                "reason": "",
                "alias_of_key": link.url_key,
            }
            self._aliases[visit.target.role, visit.target.url_key] = link.url_key
        else:
            change |= {"outcome": "rejected", "reason": "redirect_out_of_scope"}

    def _leads_back(self, target: DueUrl, key: str) -> bool:
        for _ in range(MAX_REDIRECTS):
            following = self._aliases.get((target.role, key)) or self._alias(
                target, key
            )
            if not following:
                return False
            if following == target.url_key:
                return True
            key = following
        return True

    def _alias(self, target: DueUrl, key: str) -> str:
        statement = select(urls.c.alias_of_key).where(
            urls.c.role == target.role, urls.c.url_key == key
        )
        if target.role == "endpoint":
            statement = statement.where(urls.c.source == target.source)
        return self._connection.scalar(statement) or ""

    def _same_text(self, row: Row[Any], visit: Visit, change: dict[str, Any]) -> None:
        change["fetched_at"] = visit.at
        change["attempts"] = 0
        if row.outcome in {"stored", "unchanged", "duplicate"}:
            change["outcome"] = "unchanged"
        elif row.outcome in {"pending", "failed"}:
            self._as_processed(row, change)
        self._schedule_revisit(row, change)

    def _as_processed(self, row: Row[Any], change: dict[str, Any]) -> None:
        state = self._connection.scalar(
            select(work.c.state).where(
                work.c.stage == "extract", work.c.item == row.page_id
            )
        )
        if state == "done":
            change |= {"outcome": "unchanged", "reason": ""}
        elif state in {"due", "claimed", "waiting"}:
            change |= {"outcome": "pending", "reason": ""}
        elif row.page_id is not None and state is None:
            change |= {"outcome": "pending", "reason": ""}
            self._extract.append(row.page_id)

    def _schedule_revisit(self, row: Row[Any], change: dict[str, Any]) -> None:
        known = self._days
        days = known if isinstance(known, int) else known.get(row.source, 0)
        born = appeared(row.hints, row.discovered_at)
        change["due_at"] = next_revisit(born, self._now, days)

    def _keep_body(
        self, visit: Visit, page_id: int | None, change: dict[str, Any]
    ) -> None:
        assert visit.page is not None  # noqa: S101 - the callers looked
        change |= {
            "fetched_at": visit.at,
            "page_id": page_id,
            "body_checksum": visit.page.body_checksum,
            "etag": visit.etag,
            "last_modified": visit.last_modified,
        }

    def _note_due(self, host: str, due_at: datetime) -> None:
        self._due[host] = min(due_at, self._due.get(host, due_at))

    def _update(self, changes: list[dict[str, Any]]) -> None:
        if not changes:
            return
        columns = [name for name in changes[0] if name != "row_id"]
        statement = (
            update(urls)
            .where(urls.c.id == bindparam("row_id"))
            .values({name: bindparam(f"new_{name}") for name in columns})
        )
        self._connection.execute(
            statement,
            [
                {n if n == "row_id" else f"new_{n}": v for n, v in change.items()}
                for change in changes
            ],
        )


def _followed(visit: Visit) -> Link | None:
    link = visit.redirect
    if visit.verdict != "redirect" or link is None or not visit.redirect_in_scope:
        return None
    return link if link.depth <= MAX_REDIRECTS else None


def _unchanged_row(row: Row[Any], visit: Visit) -> dict[str, Any]:
    return {
        "row_id": row.id,
        "outcome": row.outcome,
        "reason": row.reason,
        "due_at": None,
        "attempts": 0,
        "visited_at": visit.at,
        "fetched_at": row.fetched_at,
        "page_id": row.page_id,
        "etag": row.etag,
        "last_modified": row.last_modified,
        "body_checksum": row.body_checksum,
        "alias_of_key": row.alias_of_key,
        "url": row.url,
        "via": row.via,
        "depth": row.depth,
        "found_before": row.found_before,
        "new_per_day": row.new_per_day,
        "idle_reads": row.idle_reads,
        "missing_visits": row.missing_visits,
    }


def _visited(visit: Visit, change: Mapping[str, Any], new: int) -> VisitedEndpoint:
    return VisitedEndpoint(
        source=visit.target.source,
        kind=visit.target.endpoint_kind,
        url=visit.target.url,
        outcome=change["outcome"],
        reason=change["reason"],
        discovered=new,
    )


def _page_values(visit: Visit, page: NewPage) -> dict[str, Any]:
    target = visit.target
    return {
        "url_id": target.id,
        "url": target.url,
        "source": target.source,
        "fetched_at": visit.at,
        "status": page.status,
        "content_type": page.content_type,
        "body_checksum": page.body_checksum,
        "body_bytes": page.body_bytes,
        "hints": {
            **target.hints,
            **({"rendered": page.rendered} if page.rendered else {}),
        },
        "archive_file": page.place.file,
        "archive_offset": page.place.offset,
        "archive_length": page.place.length,
    }
