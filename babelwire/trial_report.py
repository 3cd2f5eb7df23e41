"""Tells what trials of sources showed: to people, and as JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from babelwire.answers import language_name
from babelwire.balance import plain_reason
from babelwire.how_read import choice_json, reading_lines
from babelwire.terminal import counted, one_line, out, table
from babelwire.trial import Trial, TriedArticle, works

SCOPE_WORDS = {
    "other_host": "on other hosts",
    "path_not_allowed": "that `allow` leaves out",
    "endpoint": "of its own lists",
    "no_address": "without a usable address",
}
"""Why an entry is no article, behind a number."""


WITHOUT_BLANKS = frozenset({"zh", "ja", "th", "km", "lo", "my"})
"""Languages whose words nothing divides."""


def show_trial(trial: Trial) -> None:
    """Prints what a source gave, and what would be rejected and why."""
    _print(f"{trial.source}:")
    for endpoint in trial.endpoints:
        _print(_endpoint_line(endpoint))
    if not trial.problem:
        plural = "" if trial.in_scope == 1 else "es"
        _print(f"{trial.in_scope:,} article address{plural} in scope")
    for article in trial.articles:
        _print("")
        for line in _article_lines(article):
            _print(line)
    if trial.articles:
        _print("")
    for failure in trial.failures:
        _print(one_line(f"{trial.source} fails: {failure}"))


def show_summary(trials: Sequence[Trial]) -> None:
    """A table of several sources, those that fail named below it."""
    table(
        ["source", "listed", "in scope", "fetched", "read", ""],
        [
            [
                trial.source,
                sum(endpoint["entries"] for endpoint in trial.endpoints),
                trial.in_scope,
                sum(not article.problem for article in trial.articles),
                sum(article.is_good for article in trial.articles),
                "fails" if trial.failures else "good",
            ]
            for trial in trials
        ],
        numbers=frozenset({1, 2, 3, 4}),
    )
    for trial in trials:
        for failure in trial.failures:
            _print(one_line(f"{trial.source}: {failure}"))


def trials_json(trials: Sequence[Trial]) -> dict[str, Any]:
    """The document of `source test --json`."""
    return {
        "schema": 1,
        "sources": [_trial_json(trial) for trial in trials],
        "failed": [trial.source for trial in trials if trial.failures],
    }


def _trial_json(trial: Trial) -> dict[str, Any]:
    return {
        "source": trial.source,
        "good": not trial.failures,
        "failures": trial.failures,
        "endpoints": [
            {**endpoint, "works": works(endpoint)} for endpoint in trial.endpoints
        ],
        "in_scope": trial.in_scope,
        "articles": [_article_json(article) for article in trial.articles],
    }


def _article_json(article: TriedArticle) -> dict[str, Any]:
    at = article.published_at
    told = {**asdict(article), "published_at": at.isoformat() if at else None}
    del told["choice"]
    choice = choice_json(article.choice)
    return told | {"text_choice": choice, "good": article.is_good}


def _endpoint_line(endpoint: Mapping[str, Any]) -> str:
    where = f"{endpoint['kind']} {endpoint['url']}: "
    problem = plain_reason(endpoint["problem"]) if endpoint["problem"] else ""
    if not works(endpoint):
        return one_line(where + (problem or "no entries"))
    parts = [_entries(endpoint["entries"])]
    if endpoint["children"]:
        parts.append(f"some of {counted(endpoint['children'], 'sitemap')}")
    parts.append(f"{endpoint['in_scope']:,} in scope")
    parts += [
        f"{number:,} {SCOPE_WORDS[reason]}{_hosts(reason, endpoint)}"
        for reason, number in endpoint["out_of_scope"].items()
    ]
    if endpoint["newest"]:
        parts.append(f"newest {endpoint['newest'][:10]}")
    return one_line(where + ", ".join(parts) + (f" ({problem})" if problem else ""))


def _entries(number: int) -> str:
    return "1 entry" if number == 1 else f"{number:,} entries"


def _hosts(reason: str, endpoint: Mapping[str, Any]) -> str:
    hosts = endpoint["other_hosts"] if reason == "other_host" else ()
    return f" ({', '.join(hosts)})" if hosts else ""


def _article_lines(article: TriedArticle) -> list[str]:
    lines = [one_line(article.url)]
    if article.problem:
        reason = SCOPE_WORDS.get(article.problem) or plain_reason(article.problem)
        return [*lines, f"  not read: {one_line(reason)}"]
    if article.rejected:
        lines.append(f"  would be rejected: {plain_reason(article.rejected)}")
    at = article.published_at
    has_hours = article.published_precision in {"second", "minute", "hour"}
    when = f"{at:%Y-%m-%d %H:%M} UTC" if at and has_hours else ""
    when = when or (f"{at:%Y-%m-%d}" if at else "undated")
    lines.append(f"  {one_line(article.title) or '(no headline)'}")
    lines.append(f"  {language_name(article.language)}, {when}, {_length(article)}")
    if article.excerpt:
        lines.append(f"  {one_line(article.excerpt)} …")
    lines += [f"  {line}" for line in reading_lines(article.choice)]
    return lines


def _length(article: TriedArticle) -> str:
    if article.language.split("-")[0] in WITHOUT_BLANKS:
        return counted(article.characters, "character")
    return counted(article.words, "word")


def _print(text: str) -> None:
    from rich.text import Text

    out().print(Text(text), soft_wrap=True)
