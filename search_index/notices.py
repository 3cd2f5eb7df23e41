"""Says what an answer could not see, and what it did on its own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from search_index import query as tree_of
from search_index.clauses import Between, Clause, Plan, Terms, all_of
from search_index.engines.contract import Found, Page
from search_index.planning import UNTRANSLATED, Interpretation, plan, scored_text
from search_index.query import Filter, Notice, SearchRequest, Tree


@dataclass(frozen=True, kw_only=True)
class Unseen:
    """What to count beside the hits: documents that a reader should be told of.

    Attributes:
        untranslated: Not (wholly) translated, among what the filters leave; None where
            nobody would miss a translation.
        undated: Full matches without a time of publication; None where times do not
            matter.
    """

    untranslated: Clause | None
    undated: Clause | None

    @classmethod
    def of(cls, request: SearchRequest, asked: Interpretation, planned: Plan) -> Unseen:
        """What matters to a request."""
        dated = any(node.field in {"from", "to"} for node in _filter_nodes(asked.tree))
        has_words = any(scored_text(asked.tree))
        waiting = Terms(field="translation_status", tokens=UNTRANSLATED)
        unsaid = Between(field="undated", low=1, high=1)
        return cls(
            untranslated=all_of(filters_of(asked), waiting) if has_words else None,
            undated=all_of(planned.full, unsaid)
            if dated or request.sort == "time"
            else None,
        )

    @property
    def clauses(self) -> tuple[Clause, ...]:
        """To be counted."""
        return tuple(c for c in (self.untranslated, self.undated) if c is not None)

    def counted(self, counts: Sequence[int]) -> tuple[int, int]:
        """How many are untranslated and undated, of the counts of `clauses`."""
        found = iter(counts)
        untranslated = 0 if self.untranslated is None else next(found)
        return untranslated, 0 if self.undated is None else next(found)


def notices_of(
    asked: Interpretation,
    page: Page,
    unseen: tuple[int, int],
    suggested: str | None = None,
) -> tuple[Notice, ...]:
    """Everything a reader should be told of an answer.

    Args:
        asked: How the request was understood.
        page: What was found.
        unseen: How many documents are untranslated, and undated (`Unseen`).
        suggested: The query with another spelling.
    """
    untranslated, undated = unseen
    found = [*_language_notices(asked), *_partial_notices(page.full, page.some)]
    if suggested:
        found.insert(
            0,
            Notice(
                code="did_you_mean",
                text=f"Did you mean: {suggested}",
                values={"query": suggested},
            ),
        )
    if untranslated:
        text = (
            f"{untranslated} documents are not (wholly) translated yet and were "
            "searched in their original language."
        )
        values = {"documents": untranslated}
        found.append(Notice(code="untranslated", text=text, values=values))
    if undated:
        text = (
            f"{undated} of these documents say nothing of when they were published "
            "and count by when they were first seen."
        )
        values = {"documents": undated}
        found.append(Notice(code="undated", text=text, values=values))
    return tuple(found)


def _language_notices(asked: Interpretation) -> Iterator[Notice]:
    if asked.languages[0] == asked.target or not any(scored_text(asked.tree)):
        return
    if asked.like:  # its words were typed by nobody
        return
    language = _name(asked.languages[0])
    spoken: dict[str, str | int] = {"language": asked.languages[0]}
    if asked.translated is not None:
        words = " ".join(scored_text(asked.translated))
        yield Notice(
            code="query_translated",
            text=f'The words seem to be {language}; translations were searched for "'
            f'{words}".',
            values={**spoken, "words": words},
        )
    elif asked.named:
        names = ", ".join(name.id for name in asked.named)
        yield Notice(
            code="names_spelt",
            text=f"The words seem to be {language} and were not translated: in other "
            f"languages the spellings of these names were searched: {names}.",
            values={**spoken, "names": names},
        )
    else:
        yield Notice(
            code="query_not_translated",
            text=f"The words seem to be {language} and were not translated: pages in "
            "other languages are found by what is written alike.",
            values=spoken,
        )


def _partial_notices(full: Found, some: Found) -> Iterator[Notice]:
    if not some.hits:
        return
    if full.total:
        text = f"Below the {full.total} with all words are pages with some of them."
    else:
        text = "No page has all the words; these have some of them."
    yield Notice(code="partial_matches", text=text, values={"full": full.total})


def filters_of(asked: Interpretation) -> Clause:
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
