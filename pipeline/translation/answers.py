"""Server answers are another program's data: cleaned, and never trusted for shape."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from unicodedata import category

from pipeline.translation.engine import Failure

_SPACE = re.compile(r"\s+")

Asked = Sequence[str | Failure]
"""One entry per text; a `Failure` where the answer had none for it."""

BAD_ANSWER = Failure(reason="bad_answer", detail="no translation of it in the answer")


def clean_answer(answer: object) -> str:
    r"""A text that every database takes: no controls, no lone surrogates.

    >>> clean_answer(" a\x00b\n c "), clean_answer(3)
    ('ab c', '')
    """
    if not isinstance(answer, str):
        return ""
    text = _SPACE.sub(" ", answer)
    return "".join(c for c in text if category(c) not in {"Cc", "Cs"}).strip()


def in_batches(
    texts: Sequence[str], *, segments: int, characters: int
) -> list[list[int]]:
    """Numbers of consecutive texts that go together.

    >>> in_batches(["aa", "bb", "cccc"], segments=2, characters=5)
    [[0, 1], [2]]
    """
    batches: list[list[int]] = []
    size = 0
    for number, text in enumerate(texts):
        full = batches and len(batches[-1]) >= segments
        if not batches or full or size + len(text) > characters:
            batches.append([])
            size = 0
        batches[-1].append(number)
        size += len(text)
    return batches


def ask_twice(
    texts: Sequence[str],
    batches: Sequence[Sequence[int]],
    ask: Callable[[Sequence[Sequence[int]]], Sequence[Asked]],
) -> list[str | Failure]:
    """The answer to each text; one that got none is asked once more, alone.

    Args:
        texts: All of them.
        batches: Their numbers, as they go together.
        ask: Takes batches; gives for each of them one entry per text.
    """
    found: list[str | Failure] = [BAD_ANSWER] * len(texts)
    for batch, answers in zip(batches, ask(batches), strict=True):
        for number, answer in zip(batch, answers, strict=True):
            found[number] = answer
    again = [n for n, answer in enumerate(found) if _is_bad(answer)]
    for number, answers in zip(again, ask([[n] for n in again]), strict=True):
        found[number] = answers[0]
    return found


def _is_bad(answer: str | Failure) -> bool:
    return isinstance(answer, Failure) and answer.reason == "bad_answer"
