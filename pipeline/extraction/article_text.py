"""Whose text of a page is taken, and what of it is left out.

A source's selector wins. Otherwise every extractor reads the page, each text is judged
by how well it is expected to agree with the article, and the best one is taken; then
lines go that are not the article's.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field

from lxml import etree
from lxml.html import HtmlElement

from pipeline.documents import Candidate, TextChoice
from pipeline.extraction.blocks import page_blocks, words
from pipeline.extraction.extractors import candidate_texts
from pipeline.extraction.judge import LINKED, JudgedPage
from pipeline.extraction.lines import foreign_lines
from pipeline.extraction.tree_text import block_text, normalise, parse_light
from pipeline.sources import Selectors

MIN_BODY_CHARACTERS = 400
"""A shorter `articleBody` is often a teaser."""
ALONE = 0.5
"""readability's text of a page in which trafilatura finds none must be judged so well.
Of 352 pages with an article trafilatura misses one, and readability has it with .9."""
MIN_LIKELY_WORDS = 60
"""Fewer words in a page without an article are a notice."""
HEADLINE_WITHIN = 3
"""Lines: a date or a section may stand above the headline."""
SHOWN_REMOVALS = 20
"""So many of the lines left out are kept for people, at most …"""
SHOWN_CHARACTERS = 120
"""… and so much of each."""


@dataclass(frozen=True, kw_only=True)
class ArticleText:
    """A text with how it was come by.

    Attributes:
        text: Without the headline.
        choice: Whose it is.
        lines: How many of some length the taken text had before any was left out.
        headlines: How many of these are, or follow, a link that may be a headline.
    """

    text: str = ""
    choice: TextChoice = field(default_factory=TextChoice)
    lines: int = 0
    headlines: int = 0


@dataclass(frozen=True, kw_only=True)
class Known:
    """What else is known of the page when its text is read.

    Attributes:
        headline: Is left out where it is the text's first line.
        authors: As the page names them.
        boilerplate: Lines that the source's pages have in common.
        declared_body: JSON-LD's `articleBody`, or "".
        by_lines_alone: Whether the extractors are left out.
        html: The page, as text.
        tells_time: Whether there is a date with a time of day in a line.
    """

    headline: str = ""
    authors: tuple[str, ...] = ()
    boilerplate: frozenset[str] = frozenset()
    declared_body: str = ""
    by_lines_alone: bool = False
    html: str = ""
    tells_time: Callable[[str], bool] | None = None


def article_text(
    tree: HtmlElement, url: str, selectors: Selectors, known: Known
) -> ArticleText:
    """The article's text in a page.

    Args:
        tree: The page; loses what the source's selectors remove.
        url: Of the page.
        selectors: The source's.
        known: What else is known.
    """
    for selector in selectors.remove:
        for node in tree.cssselect(selector):
            node.drop_tree()
    if selectors.text:
        return _selected(tree, selectors.text, known)
    judged = JudgedPage(page_blocks(_light(tree, selectors, known)))
    texts = {} if known.by_lines_alone else {**candidate_texts(tree, url)}
    body = normalise(known.declared_body)
    if len(body) >= MIN_BODY_CHARACTERS:
        texts["json-ld"] = body
    if not texts:
        texts = _likely(judged)
    return best_of(judged, texts, known)


def _light(tree: HtmlElement, selectors: Selectors, known: Known) -> etree._Element:
    """The same page as elements of lxml's own: half as dear to walk through."""
    found = None if selectors.remove else parse_light(known.html)
    return tree if found is None else found


def best_of(judged: JudgedPage, texts: Mapping[str, str], known: Known) -> ArticleText:
    """The text that is expected to agree best, without the lines of others.

    Args:
        judged: The page.
        texts: By extractor; of equal ones the first wins.
        known: What else is known of the page.
    """
    scores = {name: judged.score(text) for name, text in texts.items()}
    ranked = sorted(texts, key=lambda name: -scores[name])
    best = ranked[0] if ranked else ""
    if not best or _is_furniture(best, texts, scores[best]):
        return ArticleText()
    text = without_headline(texts[best], known.headline)
    others = [texts[name] for name in ranked[1:]]
    improbable = judged.improbable(text, scores[best], others)
    linked = {n.block.text for n in judged.lines if n.block.linked > LINKED}
    headlines, lines = judged.headlines(text)
    text, removed = cleaned(text, known, improbable, linked)
    candidates = tuple(
        Candidate(
            extractor=name,
            words=len(words(texts[name])),
            score=round(scores[name], 3),
        )
        for name in ranked
    )
    return ArticleText(
        text=text,
        choice=TextChoice(extractor=best, candidates=candidates, removed=removed),
        lines=lines,
        headlines=headlines,
    )


def _likely(judged: JudgedPage) -> dict[str, str]:
    """The lines that are likely the article's, where every extractor gave up."""
    text = judged.likely_text()
    return {"blocks": text} if len(words(text)) >= MIN_LIKELY_WORDS else {}


def _is_furniture(best: str, texts: Collection[str], score: float) -> bool:
    """The text of readability is the whole page where it finds no article."""
    return best == "readability" and "trafilatura" not in texts and score < ALONE


def _selected(tree: HtmlElement, selector: str, known: Known) -> ArticleText:
    found = normalise("\n".join(map(block_text, tree.cssselect(selector))))
    text, removed = cleaned(without_headline(found, known.headline), known)
    return ArticleText(
        text=text, choice=TextChoice(extractor="selectors", removed=removed)
    )


def cleaned(
    text: str,
    known: Known,
    improbable: Collection[str] = (),
    linked: Collection[str] = (),
) -> tuple[str, tuple[tuple[str, str], ...]]:
    """A text without the lines that are not its article's, and those lines.

    Args:
        text: Without the headline.
        known: What else is known of the page.
        improbable: Lines that are hardly the article's.
        linked: Lines that are links as a whole.
    """
    lines = text.split("\n")
    foreign: dict[int, str] = {
        number: "improbable" for number, line in enumerate(lines) if line in improbable
    }
    foreign.update(
        foreign_lines(
            lines,
            boilerplate=known.boilerplate,
            authors=known.authors,
            linked=linked,
            tells_time=known.tells_time,
        )
    )
    kept = [line for number, line in enumerate(lines) if number not in foreign]
    removed = tuple(
        (foreign[number], lines[number][:SHOWN_CHARACTERS])
        for number in sorted(foreign)[:SHOWN_REMOVALS]
    )
    return "\n".join(kept), removed


def without_headline(text: str, headline: str) -> str:
    """The text without the headline where that is among its first lines again."""
    lines = text.split("\n")
    for number, line in enumerate(lines[:HEADLINE_WITHIN]):
        if headline and line.strip() == headline and len(lines) > 1:
            return "\n".join(lines[:number] + lines[number + 1 :])
    return text
