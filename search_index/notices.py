"""Says what an answer could not see, and what it did on its own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from search_index import query as tree_of
from search_index.clauses import Between, Clause, Plan, Terms, all_of
from search_index.engines.contract import Found, Snapshot
from search_index.planning import Interpretation, plan, scored_text
from search_index.query import Filter, Notice, SearchRequest, Tree

UNSEEN = ("waiting", "partial", "failed")
"""How a translation stands that leaves part of a document unsearched."""


def notices_of(
    request: SearchRequest,
    asked: Interpretation,
    planned: Plan,
    snapshot: Snapshot,
    full: Found,
    some: Found,
) -> tuple[Notice, ...]:
    """Everything a reader should be told of an answer.

    Args:
        request: What was asked.
        asked: How it was understood.
        planned: What the engine was asked.
        snapshot: Of the index that answered.
        full: The full matches of the page.
        some: The partial ones below them.
    """
    found = [
        *_language_notices(asked),
        *_partial_notices(full, some),
        *_untranslated_notices(asked, snapshot),
        *_undated_notices(request, asked, planned, snapshot),
    ]
    return tuple(found)


def _language_notices(asked: Interpretation) -> Iterator[Notice]:
    if asked.languages[0] == asked.target or not any(scored_text(asked.tree)):
        return
    language = _name(asked.languages[0])
    if asked.translated is not None:
        words = " ".join(scored_text(asked.translated))
        yield Notice(
            code="query_translated",
            text=f'The words seem to be {language}; translations were searched for "'
            f'{words}".',
        )
    else:
        yield Notice(
            code="query_not_translated",
            text=f"The words seem to be {language} and were not translated: pages in "
            "other languages are found by what is written alike.",
        )


def _partial_notices(full: Found, some: Found) -> Iterator[Notice]:
    if not some.hits:
        return
    if full.total:
        text = f"Below the {full.total} with all words are pages with some of them."
    else:
        text = "No page has all the words; these have some of them."
    yield Notice(code="partial_matches", text=text)


def _untranslated_notices(
    asked: Interpretation, snapshot: Snapshot
) -> Iterator[Notice]:
    if not any(scored_text(asked.tree)):
        return
    status = Terms(field="translation_status", tokens=UNSEEN)
    unseen = snapshot.count(all_of(_filters(asked), status))
    if unseen:
        yield Notice(
            code="untranslated",
            text=f"{unseen} documents are not (wholly) translated yet and were "
            "searched in their original language.",
        )


def _undated_notices(
    request: SearchRequest, asked: Interpretation, planned: Plan, snapshot: Snapshot
) -> Iterator[Notice]:
    dated = any(node.field in {"from", "to"} for node in _filter_nodes(asked.tree))
    if not dated and request.sort != "time":
        return
    unsaid = Between(field="undated", low=1, high=1)
    undated = snapshot.count(all_of(planned.full, unsaid))
    if undated:
        yield Notice(
            code="undated",
            text=f"{undated} of these documents say nothing of when they were "
            "published and count by when they were first seen.",
        )


def _filters(asked: Interpretation) -> Clause:
    """Only what the filters at the top ask for."""
    kept = tuple(_filter_nodes(asked.tree))
    if not kept:
        return all_of()
    tree = kept[0] if len(kept) == 1 else tree_of.And(operands=kept)
    return plan(replace(asked, tree=tree, translated=None)).full


def _filter_nodes(tree: Tree) -> Iterator[Filter]:
    parts = tree.operands if isinstance(tree, tree_of.And) else (tree,)
    return (part for part in parts if isinstance(part, Filter))


def _name(language: str) -> str:
    """The English name of a language, from the CLDR; the tag where it has none."""
    from babel import Locale

    return str(Locale("en").languages.get(language, language))
