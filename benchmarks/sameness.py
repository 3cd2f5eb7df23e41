"""Near-duplicates through the store, beside MinHash LSH and SimHash on the same texts.

Needs the evaluation data that `BABELWIRE_QUALITY_DATA` names; left out without them.
"""

import hashlib
import os
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import text as sql

from benchmarks.edited_articles import Text, make_texts
from benchmarks.grouping_scores import score
from benchmarks.measured import verdict
from benchmarks.stored_texts import add, group, groups, temporary_store
from pipeline.fingerprints import fingerprint
from pipeline.store import Database
from pipeline.tokens import tokens

EVERY_LANGUAGE = 59
BANDS, ROWS = 25, 5
"""As FACTS measured: about one half of similarity is met."""

SIMHASH_BITS, SIMHASH_DISTANCE = 64, 3
"""As Manku, Jain and Das Sarma, "Detecting near-duplicates for web crawling" (2007)."""


@dataclass(frozen=True, kw_only=True)
class Grouping:
    """What one way of grouping gave.

    Attributes:
        groups: The name of each text's group by its place; "" for none.
        seconds: Of processor time.
        bytes_each: A document, in the store; 0 where nothing is stored.
    """

    groups: Mapping[int, str]
    seconds: float
    bytes_each: float = 0.0


def main(languages: int = EVERY_LANGUAGE) -> None:
    """Prints precision, recall, documents/s and bytes a document.

    Args:
        languages: So many of the 59.
    """
    if not os.environ.get("BABELWIRE_QUALITY_DATA"):
        print("  left out: BABELWIRE_QUALITY_DATA names no evaluation data")
        return
    data = Path(os.environ["BABELWIRE_QUALITY_DATA"])
    names = sorted(p.name[:2] for p in (data / "flores-dev" / "text").glob("*.gz"))
    texts = make_texts(data, names[:languages])
    print(f"  {len(texts):,} documents in {len(set(names[:languages]))} languages")
    print(
        f"  {'':20}{'precision':>10}{'recall':>8}{'documents/s':>13}{'bytes each':>12}"
    )
    ours = through_store(texts)
    _print("through the store", texts, ours)
    _print("MinHash LSH 25 × 5", texts, by_minhash(texts))
    _print("SimHash, 3 of 64", texts, by_simhash(texts))
    found = score(texts, ours.groups).every
    verdict("precision", found.precision, 0.99, at_least=True)
    verdict("recall", found.recall, 0.95, at_least=True)
    verdict("documents/s", len(texts) / ours.seconds, 500, at_least=True)
    verdict("bytes a document", ours.bytes_each, 1_000, at_least=False)
    print(f"  fingerprints alone: {len(texts) / _fingerprinting(texts):,.0f} texts/s")


def through_store(texts: Sequence[Text]) -> Grouping:
    """As `process` does it, in SQLite; bytes are how much the file grew."""
    with temporary_store() as (database, path):
        add(database, texts)
        before = _size(database, path)
        started = time.process_time()
        group(database, range(1, len(texts) + 1))
        seconds = time.process_time() - started
        grown = _size(database, path) - before
        found = {number - 1: name for number, name in groups(database).items()}
    return Grouping(groups=found, seconds=seconds, bytes_each=grown / len(texts))


def by_minhash(texts: Sequence[Text]) -> Grouping:
    """datasketch, on the same word triples; pairs are what its buckets share."""
    from datasketch import MinHash, MinHashLSH

    started = time.process_time()
    index = MinHashLSH(params=(BANDS, ROWS), num_perm=BANDS * ROWS)
    pairs = []
    for place, one in enumerate(texts):
        words = tokens(one.text)
        sketch = MinHash(num_perm=BANDS * ROWS)
        sketch.update_batch(
            {" ".join(words[n : n + 3]).encode() for n in range(len(words) - 2)}
        )
        pairs += [(place, other) for other in index.query(sketch)]
        index.insert(place, sketch)
    found = _components(len(texts), pairs)
    return Grouping(groups=found, seconds=time.process_time() - started)


def by_simhash(texts: Sequence[Text]) -> Grouping:
    """64 bits of the words' hashes; equal in all but 3, found by 4 tables of 16."""
    started = time.process_time()
    tables: list[dict[int, list[int]]] = [defaultdict(list) for _ in range(4)]
    hashes: list[int] = []
    pairs = []
    for place, one in enumerate(texts):
        value = _simhash(one.text)
        parts = [value >> 16 * n & 0xFFFF for n in range(4)]
        near = {other for n, part in enumerate(parts) for other in tables[n][part]}
        pairs += [
            (place, other)
            for other in near
            if (hashes[other] ^ value).bit_count() <= SIMHASH_DISTANCE
        ]
        for n, part in enumerate(parts):
            tables[n][part].append(place)
        hashes.append(value)
    found = _components(len(texts), pairs)
    return Grouping(groups=found, seconds=time.process_time() - started)


def _simhash(text: str) -> int:
    votes = [0] * SIMHASH_BITS
    for word in tokens(text):
        value = _word_hash(word)
        for bit in range(SIMHASH_BITS):
            votes[bit] += 1 if value >> bit & 1 else -1
    return sum(1 << bit for bit, vote in enumerate(votes) if vote > 0)


def _word_hash(word: str) -> int:
    return int.from_bytes(hashlib.blake2b(word.encode(), digest_size=8).digest(), "big")


def _components(number: int, pairs: Sequence[tuple[int, int]]) -> dict[int, str]:
    parents = list(range(number))

    def root(place: int) -> int:
        while parents[place] != place:
            parents[place] = parents[parents[place]]
            place = parents[place]
        return place

    for one, other in pairs:
        parents[root(one)] = root(other)
    sizes: dict[int, int] = defaultdict(int)
    for place in range(number):
        sizes[root(place)] += 1
    return {
        place: str(root(place)) if sizes[root(place)] > 1 else ""
        for place in range(number)
    }


def _size(database: Database, path: Path) -> int:
    with database.read() as connection:
        connection.execute(sql("COMMIT"))
        connection.execute(sql("VACUUM"))
        connection.execute(sql("PRAGMA wal_checkpoint(TRUNCATE)"))
        connection.execute(sql("BEGIN"))
    return path.stat().st_size


def _fingerprinting(texts: Sequence[Text]) -> float:
    started = time.process_time()
    for one in texts:
        fingerprint(one.text)
    return time.process_time() - started


def _print(name: str, texts: Sequence[Text], found: Grouping) -> None:
    counts = score(texts, found.groups).every
    each = f"{found.bytes_each:12.0f}" if found.bytes_each else f"{'–':>12}"
    print(
        f"  {name:20}{counts.precision:10.4f}{counts.recall:8.3f}"
        f"{len(texts) / found.seconds:13,.0f}{each}"
    )
