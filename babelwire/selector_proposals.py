"""Proposes CSS selectors where the extractor fails on a site's sample articles.

A wrong selector is worse than none: one is proposed only where it finds one element on
every sample, where these differ, and where reading the samples with it was seen to be
better.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from babelwire.sourcefile import ProposedSelector
from pipeline.sources import Selectors

if TYPE_CHECKING:
    from pipeline.documents import Extraction
    from pipeline.errors import StageError
    from pipeline.extraction import PageInput

MIN_SAMPLES = 2
"""What one page has alone says nothing of its site."""

MIN_TEXT = 400
"""Characters of a text that a selector finds: a shorter one is a teaser's."""

MAX_CANDIDATES = 12
"""Selectors of one kind that are tried; each costs a reading of all samples."""

_CLASS = re.compile(r"[A-Za-z_][\w-]{1,60}")
_BODY_CLASS = re.compile(
    r"(article|story|news|post|entry|detail|page)[-_]*(body|text|content|detail)"
    r"|articlebody|fulltext|content[-_]*(body|detail)",
    re.IGNORECASE,
)
_DATE_CLASS = re.compile(r"date|time|publish", re.IGNORECASE)
_LACKING_TEXT = frozenset({"no_text", "too_short"})

Candidates = Mapping[str, Mapping[str, str]]
"""By key of `[selectors]`: selectors with what they find."""


@dataclass(frozen=True, kw_only=True)
class SampleRead:
    """A sample page, read.

    Attributes:
        extraction: As the extract stage reads it.
        candidates: What selectors would find on it.
    """

    extraction: Extraction
    candidates: Candidates = field(default_factory=dict)


Read = Callable[[Selectors], Sequence["SampleRead | StageError"]]


def read_sample_page(page: PageInput) -> SampleRead:
    """Runs in a child: reads a page, and looks for elements to select."""
    from pipeline.extraction import extract_page

    extraction = extract_page(page)
    if page.selectors != Selectors():
        return SampleRead(extraction=extraction)
    return SampleRead(extraction=extraction, candidates=candidates_of(page))


def candidates_of(page: PageInput) -> Candidates:
    """Selectors that find exactly one element of a page, and what it says."""
    from crawler.listings import parse_html

    tree = parse_html(page.body, page.content_type)
    if tree is None:
        return {}
    found: dict[str, dict[str, str]] = {"title": {}, "text": {}, "published": {}}
    seen: dict[str, int] = {}
    for element in tree.iter():
        for key, css in _selectors_of(element):
            seen[css] = seen.get(css, 0) + 1
            found[key].setdefault(css, _told(element, key))
    return {
        key: {css: told for css, told in listed.items() if seen[css] == 1 and told}
        for key, listed in found.items()
    }


def propose(read: Read) -> tuple[ProposedSelector, ...]:
    """Selectors for a site.

    Args:
        read: Reads all samples with given selectors, always in the same order.
    """
    without = _readable(read(Selectors()))
    if len(without) < MIN_SAMPLES:
        return ()
    proposals = (
        _proposal(key, without, read) for key in ("title", "text", "published")
    )
    return tuple(proposal for proposal in proposals if proposal is not None)


def _proposal(
    key: str, without: Sequence[SampleRead], read: Read
) -> ProposedSelector | None:
    lacking = [_lacks(key, sample, without) for sample in without]
    if not any(lacking):
        return None
    for css in _common(key, without)[:MAX_CANDIDATES]:
        chosen: Any = {key: css}
        with_it = _readable(read(Selectors(**chosen)))
        if len(with_it) == len(without) and _is_better(key, without, with_it):
            return ProposedSelector(
                key=key,
                css=css,
                why=_why(key, sum(lacking), len(without)),
                is_needed=all(_fails(key, sample, without) for sample in without),
            )
    return None


def _readable(samples: Sequence[SampleRead | StageError]) -> list[SampleRead]:
    return [sample for sample in samples if isinstance(sample, SampleRead)]


def _common(key: str, samples: Sequence[SampleRead]) -> list[str]:
    """Selectors that find another thing on each sample, the most telling first."""
    first, *others = (sample.candidates.get(key, {}) for sample in samples)
    return [
        css
        for css in sorted(first, key=lambda css: (_rank(css), css))
        if all(css in other for other in others)
        and len({first[css], *(other[css] for other in others)}) == len(samples)
    ]


def _rank(css: str) -> int:
    """What a site says of an element counts more than how it looks."""
    if css.startswith("[itemprop"):
        return 0
    return 1 if "." in css or "#" in css else 2


def _lacks(key: str, sample: SampleRead, all_: Sequence[SampleRead]) -> bool:
    if key == "published":
        return sample.extraction.published_precision not in {"second", "minute", "hour"}
    return _fails(key, sample, all_)


def _fails(key: str, sample: SampleRead, all_: Sequence[SampleRead]) -> bool:
    extraction = sample.extraction
    if key == "title":
        titles = {other.extraction.title for other in all_}
        return not extraction.title or len(titles) == 1  # the site's own name
    if key == "text":
        return extraction.rejected in _LACKING_TEXT
    return extraction.published_at is None


def _is_better(
    key: str, without: Sequence[SampleRead], with_it: Sequence[SampleRead]
) -> bool:
    if key == "published":
        pairs = zip(without, with_it, strict=True)
        return all(_is_same_day(before, after) for before, after in pairs)
    if key == "title":
        titles = {sample.extraction.title for sample in with_it}
        return "" not in titles and len(titles) == len(with_it)
    texts = [sample.extraction.text for sample in with_it]
    longer = all(
        len(after) >= max(MIN_TEXT, len(before.extraction.text))
        for before, after in zip(without, texts, strict=True)
    )
    return longer and len(set(texts)) == len(texts)


def _is_same_day(before: SampleRead, after: SampleRead) -> bool:
    """By the selector, to the minute, and no other day than without it."""
    at = after.extraction.published_at
    if at is None or after.extraction.published_from != "selector":
        return False
    known = before.extraction.published_at
    if _lacks("published", after, ()):
        return known is None
    return known is None or abs(at - known) <= timedelta(days=1)


def _why(key: str, lacking: int, samples: int) -> str:
    what = {"title": "headline", "text": "text", "published": "time"}[key]
    return f"gives the {what} that {lacking} of {samples} samples lack without it"


# --- Elements ------------------------------------------------------------------


def _selectors_of(element: Any) -> Iterator[tuple[str, str]]:
    """Keys and selectors that an element may be meant by."""
    tag = element.tag
    if not isinstance(tag, str):
        return
    prop = element.get("itemprop") or ""
    names = {"headline": "title", "articleBody": "text", "datePublished": "published"}
    if prop in names:
        yield names[prop], f"[itemprop={prop}]"
    classes = [c for c in (element.get("class") or "").split() if _CLASS.fullmatch(c)]
    if tag in {"h1", "h2"}:
        yield "title", tag
        yield from (("title", f"{tag}.{name}") for name in classes)
    elif tag == "time":
        yield "published", "time"
        yield from (("published", f"time.{name}") for name in classes)
    elif tag in {"article", "main"}:
        yield "text", tag
    elif tag in {"div", "section", "span", "p"}:
        yield from _by_class(tag, classes)
        name = element.get("id") or ""
        if _CLASS.fullmatch(name) and _BODY_CLASS.search(name):
            yield "text", f"#{name}"


def _by_class(tag: str, classes: Sequence[str]) -> Iterator[tuple[str, str]]:
    for name in classes:
        if tag in {"div", "section"} and _BODY_CLASS.search(name):
            yield "text", f"{tag}.{name}"
        elif _DATE_CLASS.search(name):
            yield "published", f"{tag}.{name}"


def _told(element: Any, key: str) -> str:
    """What is compared between the samples; "" where it cannot be what is meant."""
    text = " ".join(element.text_content().split())
    if key == "title":
        return text[:500]
    if key == "text":
        return text[:2000] if len(text) >= MIN_TEXT else ""
    return str(element.get("datetime") or text[:60])
