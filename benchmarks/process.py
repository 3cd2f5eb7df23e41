"""Documents per second of `process` against trafilatura alone on the same cores.

Ours reads the archive, extracts with the metadata cascade in supervised
children, identifies, groups, segments, looks translations up, and stores it all.
The pages have a news page's size, menus and scripts; their words are those of
the demo's articles in twelve languages, shuffled, so that no two are alike.
"""

import json
import tempfile
from pathlib import Path

from babelwire.demo.world import World
from babelwire.workspace import make_workspace
from benchmarks.measured import child, median, verdict
from benchmarks.pages import page
from pipeline.importing import file_checksum, import_pages
from pipeline.incoming.files import read_file

PAGES, ROUNDS = 600, 3


def main() -> None:
    """Prints the ratio of each round, and memory."""
    ratios, peaks = [], []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        pages = write_pages(folder)
        for number in range(ROUNDS):
            alone = child(["-m", "benchmarks.trafilatura_alone", str(folder / "pages")])
            workspace = fill_workspace(folder, number)
            ours = child(["-m", "benchmarks.process_alone", str(workspace)])
            seconds, done = map(float, ours.out.split())
            ratios.append((done / seconds) / (pages / float(alone.out)))
            peaks.append(ours.peak_mib)
            print(
                f"  round {number + 1}: ours {done / seconds:.0f} documents/s, "
                f"trafilatura {pages / float(alone.out):.0f}, "
                f"{ours.peak_mib:.0f} MiB in the largest process"
            )
    # Reading a page costs up to 2.5 times trafilatura's text, and that is most of it.
    verdict("speed of trafilatura alone", median(ratios), 0.35, at_least=True)
    verdict("MiB at most", max(peaks), 400, at_least=False)


def write_pages(folder: Path) -> int:
    """Pages of a real page's size in many languages, no two alike; how many."""
    words = words_by_language()
    languages = sorted(words)
    (folder / "pages").mkdir()
    lines = []
    for number in range(PAGES):
        language = languages[number % len(languages)]
        body = page(number // 100, number, words[language])
        (folder / "pages" / f"{number:05}.html").write_bytes(body)
        row = {"url": f"https://example.org/{number}", "html": body.decode()}
        lines.append(json.dumps(row))
    (folder / "pages.jsonl").write_text("\n".join(lines), "utf-8")
    return PAGES


def words_by_language() -> dict[str, list[str]]:
    """The words of the demo's articles in languages that write blanks."""
    words: dict[str, list[str]] = {}
    for article in World.load().articles:
        if article.language.startswith("zh"):
            continue
        for paragraph in article.paragraphs:
            words.setdefault(article.language, []).extend(" ".join(paragraph).split())
    return words


def fill_workspace(folder: Path, number: int) -> Path:
    """A new workspace with every page imported and nothing processed."""
    from babelwire.assembly import now

    workspace = make_workspace(folder / f"workspace{number}")
    database = workspace.open()
    path = folder / "pages.jsonl"
    import_pages(
        database,
        workspace.archive,
        read_file(path, now=now()),
        sources={},
        chosen=None,
        evidence=file_checksum(path),
        now=now(),
    )
    database.close()
    return workspace.root


if __name__ == "__main__":
    main()
