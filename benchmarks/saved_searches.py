"""Saved searches on new documents: matched in Python, and by asking an engine."""

import tempfile
import time
from pathlib import Path

from benchmarks.articles import START, Articles
from benchmarks.measured import verdict
from search_index import open_index
from search_index.analysis import ANALYSIS_VERSION
from search_index.clauses import Clause, Terms, all_of
from search_index.entry import build_entry
from search_index.interpretation import SearchContext, interpret
from search_index.planning import plan
from search_index.query import SearchRequest
from search_index.saved_searches import SavedSearches

BATCH = 500
GOAL = 3_600
"""Documents per second with 100 searches: the slower figure that was measured."""


def main(documents: int = 3_000) -> None:
    """100 and 1,000 searches of one to three words, some with filters."""
    articles = Articles()
    entries = [build_entry(each, "en") for each in articles.take(documents)]
    with tempfile.TemporaryDirectory() as folder:
        index = open_index(Path(folder) / "index")
        index.create("bench", analysis=ANALYSIS_VERSION, target="en")
        index.activate("bench")
        with index.write("bench") as writer:
            writer.put(entries)
            writer.commit()
        snapshot = index.snapshot()
        for number in (100, 1_000):
            clauses = {
                f"search {n}": _clause(text, n)
                for n, text in enumerate(articles.queries(number))
            }
            saved = SavedSearches(snapshot.frequencies)
            for name, clause in clauses.items():
                saved.add(name, clause)
            started = time.process_time()
            found = {entry.id: saved.matching(entry) for entry in entries}
            rate = documents / (time.process_time() - started)
            if number == 100:
                verdict("documents/s, 100 searches", rate, GOAL, at_least=True)
            else:
                print(f"  documents/s, {number:,} searches: {rate:.0f}")
            ids = tuple(entry.id for entry in entries[:BATCH])
            started = time.process_time()
            asked = {
                name: snapshot.count(all_of(clause, Terms(field="id", tokens=ids)))
                for name, clause in clauses.items()
            }
            engine_rate = BATCH / (time.process_time() - started)
            print(f"  documents/s by asking tantivy per {BATCH}: {engine_rate:.0f}")
            matched = sum(len(found[i]) for i in ids)
            assert matched == sum(asked.values()), (matched, sum(asked.values()))
            print(f"  matches in {BATCH}, the same of both: {matched}")
        index.close()


def _clause(text: str, number: int) -> Clause:
    """One, two or three words; every fifth with a filter."""
    words = " ".join(text.split()[: 1 + number % 3])
    filters = " lang:vi,ru kind:news" if number % 5 == 0 else ""
    request = SearchRequest(text=words + filters, query_language="en")
    return plan(interpret(request, SearchContext(now=START))).full


if __name__ == "__main__":
    main()
