"""Asks the index on behalf of a person: zone, names, query translation."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from babelwire.assembly import now, open_engine
from babelwire.translating import query_translator

if TYPE_CHECKING:
    from babelwire.workspace import Workspace
    from pipeline.documents import Identification, Translated, TranslationRequest
    from pipeline.store import Database
    from search_index.answer import Exported
    from search_index.interpretation import SearchContext
    from search_index.query import Filter, IndexEngine, Results, SearchRequest


REMEMBER_SECONDS = 0.2
"""How long a search waits for the store's lock to keep a query's translation."""


def local_zone() -> str:
    """The IANA name of this machine's time zone."""
    from tzlocal import get_localzone_name

    try:
        return get_localzone_name() or "UTC"
    except (LookupError, ValueError):
        return "UTC"


def flag_filters(**values: str | tuple[str, ...] | None) -> tuple[Filter, ...]:
    """The filters that flags such as `--lang vi,ar` stand for.

    Raises:
        QueryError: A value is not valid.
    """
    from search_index.parser import check_filter
    from search_index.query import Filter

    found = []
    for field, value in values.items():
        given = (value,) if isinstance(value, str) else value or ()
        parts = [part.strip() for text in given for part in text.split(",")]
        chosen = tuple(check_filter(field, part) for part in parts if part)
        if chosen:
            found.append(Filter(field=field, values=chosen))
    return tuple(found)


def checked_id(text: str | None) -> str:
    """A document's id as a flag gave it; "" for none.

    Raises:
        QueryError: It is no id.
    """
    from search_index.parser import check_filter

    return check_filter("id", text) if text else ""


@dataclass(frozen=True, kw_only=True)
class Desk:
    """An open index with all that questions need besides their words."""

    index: IndexEngine
    context: SearchContext

    def ask(self, request: SearchRequest) -> Results:
        """The page that a request asks for."""
        from search_index.answer import answer

        return answer(request, self.context, index=self.index)

    def ask_for_all(self, request: SearchRequest) -> Iterator[Exported]:
        """Every full match, by time and id."""
        from search_index.answer import export

        return export(request, self.context, index=self.index)

    def explain(self, request: SearchRequest, ids: Sequence[str]) -> dict[str, Any]:
        """Why these documents match, by id; as in `search --explain --json`."""
        from search_index.explain import explain
        from search_index.interpretation import complete, interpret

        with contextlib.closing(self.index.snapshot()) as snapshot:
            asked = complete(interpret(request, self.context), request, snapshot)
            found = explain(asked, ids, snapshot=snapshot)
        return {key: explanation.to_json() for key, explanation in found.items()}


@contextlib.contextmanager
def open_desk(workspace: Workspace, database: Database) -> Iterator[Desk]:
    """The workspace's index, ready to be asked."""
    from pipeline.countries import countries
    from search_index.interpretation import SearchContext

    engine = open_engine(workspace)
    try:
        with _query_translator(workspace, database) as translate:
            yield Desk(
                index=engine,
                context=SearchContext(
                    now=now(),
                    target=workspace.config.target,
                    names=workspace.names,
                    countries=countries(),
                    identify_query=_identify,
                    translate_query=translate,
                ),
            )
    finally:
        engine.close()


def _identify(text: str) -> Identification:
    from pipeline.identification import make_identifier

    return make_identifier("fast").identify(text)


@contextlib.contextmanager
def _query_translator(
    workspace: Workspace, database: Database
) -> Iterator[Callable[[str, str], str | None]]:
    """Words to the target language, by the chain that translates documents."""
    from pipeline.documents import TranslationRequest

    known: dict[tuple[str, str], str | None] = {}
    with query_translator(workspace, database) as translation:

        def translate(text: str, language: str) -> str | None:
            """A failure is remembered, too: it may have cost the time limit."""
            if (text, language) not in known:
                request = TranslationRequest(
                    text=text,
                    source_language=language,
                    target_language=workspace.config.target,
                )
                answer = translation.chain.translate([request])[0]
                known[text, language] = answer.text
                _remember(workspace, request, answer)
            return known[text, language]

        yield translate


def _remember(
    workspace: Workspace, request: TranslationRequest, answer: Translated
) -> None:
    """Keeps a machine's translation in the store, where the same chain looks first.

    The next search with the same words loads no model. Whoever holds the store's lock
    is not waited for: a person waits.
    """
    from pipeline.documents import PEOPLE
    from pipeline.errors import UnavailableError
    from pipeline.store import open_database
    from pipeline.store.segment_translations import keep
    from pipeline.translation.checks import bad
    from pipeline.translation.memory import segment_checksum

    if answer.text is None or answer.engine in PEOPLE or bad(answer.flags):
        return
    key = (
        segment_checksum(request.text),
        request.target_language,
        request.source_language,
        answer.recipe,
    )
    with contextlib.suppress(UnavailableError):
        hasty = open_database(
            workspace.database_url, busy_timeout_seconds=REMEMBER_SECONDS
        )
        try:
            with hasty.write() as connection:
                keep(connection, {key: answer.as_segment(0)}, now(), counted=False)
        finally:
            hasty.close()
