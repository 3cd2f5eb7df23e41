"""Learns which lines of a page are its article's, and says how well by hosts left out.

Writes `pipeline/extraction/judge.toml`. Needs the evaluation data that
`BABELWIRE_QUALITY_DATA` names: `python -m benchmarks.judge`.
"""

import os
import random
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
from numpy.typing import NDArray

from benchmarks.gold_pages import GoldPage, f1, gold_pages, overlap
from pipeline.extraction import judge
from pipeline.extraction.article_text import Known, best_of
from pipeline.extraction.blocks import FEATURES, Block, features, page_blocks, words
from pipeline.extraction.encoding import decode
from pipeline.extraction.extractors import candidate_texts
from pipeline.extraction.tree_text import parse_html

MODEL = Path(judge.__file__).with_name("judge.toml")
PARTS = 10
PENALTY = 10.0
"""On the squares of the standardised weights; 1 to 100 give the same to .001."""
STEPS = 30
"""Newton's method has converged long before."""
LEAST_WEIGHT = 0.0005
"""Of a line without words, as the share of an article: menus must be learned too."""

Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class Learned:
    """A page as the model learns from it."""

    page: GoldPage
    blocks: Sequence[Block]
    rows: Numbers
    is_article: Numbers
    weights: Numbers
    candidates: Mapping[str, str]

    @property
    def host(self) -> str:
        """Of the page."""
        return urlsplit(self.page.url).hostname or ""


def main() -> None:
    pages = [_prepared(page) for page in gold_pages(_data())]
    _print_cross_validation(pages)
    weights = _fit(pages)
    lines = [
        f"{name} = {value:.4f}" for name, value in zip(_NAMES, weights, strict=True)
    ]
    text = "\n".join([_HEAD, "[weights]", *lines, ""])
    MODEL.write_text(text, encoding="utf-8")
    print(f"written: {MODEL.name}")


_NAMES = ("constant", *FEATURES)
_HEAD = """# Weights of the features of a line (blocks.py) by which it is told whether
# it belongs to the article. Made by `python -m benchmarks.judge`."""


def _data() -> Path:
    return Path(os.environ["BABELWIRE_QUALITY_DATA"])


def _prepared(page: GoldPage) -> Learned:
    html = decode(page.body)
    tree = parse_html(html)
    blocks = [] if tree is None else page_blocks(tree)
    held = judge.coverage(blocks, page.text, words(page.text))
    is_article = np.array([float(share > 0.5) for share in held])
    sizes = np.array([len(block.words) for block in blocks], dtype=float)
    total = max(1.0, float(sizes @ is_article)) if blocks else 1.0
    return Learned(
        page=page,
        blocks=blocks,
        rows=np.array(features(blocks)).reshape(-1, len(FEATURES)),
        is_article=is_article,
        weights=np.minimum(sizes / total, 1.0) + LEAST_WEIGHT,
        candidates=_candidates(html, page.url),
    )


def _candidates(html: str, url: str) -> Mapping[str, str]:
    tree = parse_html(html)
    return {} if tree is None else candidate_texts(tree, url)


def _fit(pages: Collection[Learned]) -> Numbers:
    """Constant and weights of the features as they are, by iterated least squares."""
    x = np.vstack([page.rows for page in pages])
    y = np.concatenate([page.is_article for page in pages])
    w = np.concatenate([page.weights for page in pages])
    mean, spread = x.mean(0), x.std(0)
    spread[spread == 0] = 1.0
    z = np.hstack([np.ones((len(x), 1)), (x - mean) / spread])
    penalty = np.diag([0.0] + [PENALTY] * x.shape[1])
    beta = np.zeros(z.shape[1])
    for _ in range(STEPS):
        p = 1 / (1 + np.exp(-np.clip(z @ beta, -30, 30)))
        gradient = z.T @ (w * (p - y)) + penalty @ beta
        curvature = (z * (w * p * (1 - p))[:, None]).T @ z + penalty
        beta -= np.linalg.solve(curvature, gradient)
    slopes = beta[1:] / spread
    return np.concatenate([[beta[0] - slopes @ mean], slopes])


def _print_cross_validation(pages: Sequence[Learned]) -> None:
    """Pages of a host are judged by a model that saw none of that host."""
    hosts = sorted({page.host for page in pages})
    random.Random(1).shuffle(hosts)
    part = {host: n % PARTS for n, host in enumerate(hosts)}
    found: list[tuple[GoldPage, str]] = []
    for number in range(PARTS):
        constant, *weights = _fit([p for p in pages if part[p.host] != number])
        model = judge.Model(constant=constant, weights=tuple(weights))
        asked = [page for page in pages if part[page.host] == number]
        found += [(each.page, _text(each, model)) for each in asked]
    for name, belongs in _groups(pages):
        pairs = [overlap(text, page.text) for page, text in found if belongs(page)]
        print(f"{name:32} {len(pairs):4} pages {f1(pairs):.4f}")


def _text(page: Learned, model: judge.Model) -> str:
    judged = judge.JudgedPage(page.blocks, model)
    return best_of(judged, page.candidates, Known()).text


def _groups(
    pages: Sequence[Learned],
) -> Iterator[tuple[str, Callable[[GoldPage], bool]]]:
    for name in sorted({p.page.set for p in pages}):
        yield name, lambda page, name=name: page.set == name  # type: ignore[misc]
        languages = sorted({p.page.language for p in pages if p.page.set == name})
        for language in languages if len(languages) > 1 else ():
            yield (
                f"  {language}",
                lambda page, n=name, tag=language: (
                    (page.set, page.language) == (n, tag)
                ),  # type: ignore[misc]
            )


if __name__ == "__main__":
    main()
