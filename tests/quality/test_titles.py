"""How often the headline is the first line that a person copied from the page.

No set with headlines is at hand; but in DAnIEL's pages the text that a person took
begins with it more often than not. What is missing are mostly texts without it.
"""

import gzip
import json
from collections import Counter, defaultdict
from pathlib import Path

from pipeline.extraction.encoding import decode
from pipeline.extraction.metadata import PageMetadata
from pipeline.extraction.structured_data import alike
from pipeline.extraction.tree_text import parse_html

FLOORS = {"el": 0.87, "en": 0.81, "pl": 0.83, "ru": 0.71, "zh": 0.88}
"""As measured (.92, .86, .88, .76, .94), less .05."""


def test_the_headline_begins_the_text_that_a_person_copied(quality_data: Path) -> None:
    folder = quality_data / "extraction-dev"
    table: defaultdict[str, Counter[str]] = defaultdict(Counter)
    with gzip.open(folder / "gold.jsonl.gz", "rt", encoding="utf-8") as file:
        entries = [json.loads(line) for line in file]
    for entry in entries:
        if entry["set"] != "DAnIEL":
            continue
        html = decode(gzip.decompress((folder / entry["page"]).read_bytes()))
        tree = parse_html(html)
        title = PageMetadata(tree, entry["url"]).headline()
        first = alike(entry["text"].strip().partition("\n")[0])
        row = table[entry["language"]]
        row["pages"] += 1
        row["same"] += alike(title) == first
        if alike(title) != first:
            print(f"\n{entry['url']}: {title!r}\n   {entry['text'].strip()[:70]!r}")
    for language, row in sorted(table.items()):
        print(f"\n{language}: {row['same']} of {row['pages']}", end="")
    for language, row in table.items():
        assert row["same"] >= FLOORS[language] * row["pages"], language
