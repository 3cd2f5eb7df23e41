"""Reads a query into its tree (`search_index/query.py`), and prints it back.

```
query   = all {"OR" all}                 AND binds closer than OR
all     = part {part}
part    = ["-"] near
near    = operand ["NEAR/"n operand]     operands: a word or a quotation
operand = word | word"*" | "*" | quotation | filter":"value{","value} | "(" query ")"
```

What has neither letter nor digit (`&`, `–`) is passed over. An unknown `x:` is
plain text. Whatever else has no meaning is an error with its position.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from pipeline.errors import QueryError
from search_index import days
from search_index.analysis.words import WORD, is_unspaced, plain_tokens
from search_index.lexer import Lexeme, lexemes
from search_index.query import (
    And,
    Everything,
    Filter,
    Group,
    Leaf,
    Near,
    Not,
    Or,
    Phrase,
    Prefix,
    Tree,
    Word,
)

MAX_LENGTH = 10_000
"""Code points of a query: some three pages of names joined by OR."""

MAX_TOKENS = 256
"""Words of a query (characters, in Chinese or Japanese); a search with so many
still answers in 2 s on 100,000 documents (W4)."""

MAX_DEPTH = 20
"""Parentheses inside parentheses."""

MAX_VALUES = 100
"""Values of one filter."""

MAX_DISTANCE = 100
"""Places NEAR may reach: a long paragraph."""

MIN_PREFIX = 2
"""Letters before `*`; one alone would stand for a tenth of all words."""

_SURROGATE = re.compile("[\ud800-\udfff]")
_DATE_FIELDS = frozenset({"from", "to", "seen"})
_SHAPES = {
    "lang": (
        r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*",
        "a language tag such as vi or zh-Hans",
    ),
    "country": (r"[A-Za-z]{2}", "a country's two letters such as VN"),
    "audience": (r"[A-Za-z]{2}", "a country's two letters such as VN"),
    "kind": (r"news|official", "news or official"),
    "id": (r"d[a-z2-7]{16}(@\d{1,9})?", "a document's id such as dfxhautcqiqn7zt5j"),
}


def parse(text: str) -> Tree:
    """The tree of a query.

    Raises:
        QueryError: With the position of the trouble.

    >>> str(parse('thành phố -"Hà Nội" lang:vi,ar (a OR b)'))
    'thành phố -"Hà Nội" lang:vi,ar (a OR b)'
    """
    _check_letters(text)
    parser = _Parser(list(lexemes(text)))
    tree = parser.query(depth=0)
    if parser.next().kind == ")":
        raise QueryError("this parenthesis closes nothing", parser.next().position)
    if tree is None:
        raise QueryError("nothing to search for; * stands for everything", 0)
    return tree


def check_filter(field: str, value: str, position: int = 0) -> str:
    """A filter's value as the tree holds it.

    Raises:
        QueryError: What was found and what was expected.
    """
    if field in _DATE_FIELDS and not days.is_day(value):
        raise QueryError(f'{field}: found "{value}", {days.EXPECTED}', position)
    pattern, expected = _SHAPES.get(field, (".+", "a value"))
    if re.fullmatch(pattern, value, re.DOTALL) is None:
        raise QueryError(f'{field}: found "{value}", expected {expected}', position)
    if field in {"title", "owner", "publisher"} and not WORD.search(value):
        raise QueryError(f'{field}: found "{value}", expected a word', position)
    return value.upper() if field in {"country", "audience"} else value


def _check_letters(text: str) -> None:
    if len(text) > MAX_LENGTH:
        raise QueryError(
            f"the query has {len(text):,} characters, at most {MAX_LENGTH:,} are read",
            MAX_LENGTH,
        )
    match = _SURROGATE.search(text)
    if match is not None:
        raise QueryError("half of a surrogate pair is no character", match.start())


class _Parser:
    def __init__(self, found: Sequence[Lexeme]) -> None:
        self._lexemes = found
        self._place = 0
        self._tokens = 0

    def next(self) -> Lexeme:
        """The lexeme to be read."""
        return self._lexemes[self._place]

    def query(self, depth: int) -> Tree | None:
        """Alternatives joined by OR."""
        first_position = self.next().position
        parts = [self._all(depth)]
        operators = []
        while self.next().kind == "or":
            operators.append(self._take().position)
            parts.append(self._all(depth))
        if not operators:
            return parts[0]
        operands: list[Leaf | Group | Not | And] = []
        for place, part in enumerate(parts):
            if part is None:
                at = operators[min(place, len(operators) - 1)]
                raise QueryError(
                    "OR needs a word on both sides", max(at, first_position)
                )
            operands += part.operands if isinstance(part, Or) else (part,)
        return Or(operands=tuple(operands))

    def _all(self, depth: int) -> Tree | None:
        parts: list[Leaf | Group | Not | Or] = []
        while self.next().kind not in {"or", ")", "end"}:
            part = self._part(depth)
            if part is not None:
                parts.append(part)
        if not parts:
            return None
        return parts[0] if len(parts) == 1 else And(operands=tuple(parts))

    def _part(self, depth: int) -> Leaf | Group | Not | Or | None:
        if self.next().kind != "-":
            return self._near(depth)
        self._take()
        operand = self._near(depth)
        return None if operand is None else Not(operand=operand)

    def _near(self, depth: int) -> Leaf | Group | Or | None:
        left = self._operand(depth)
        if self.next().kind != "near":
            return left
        sign = self._take()
        right = self._operand(depth)
        if not isinstance(left, Word | Phrase) or not isinstance(right, Word | Phrase):
            raise QueryError(
                "NEAR needs a word or a quotation on both sides", sign.position
            )
        distance = int(sign.text)
        if not 1 <= distance <= MAX_DISTANCE:
            raise QueryError(
                f"NEAR/{distance}: expected 1 to {MAX_DISTANCE} places", sign.position
            )
        if isinstance(left, Phrase) or isinstance(right, Phrase):
            self._count(sign, distance)  # an engine looks at every distance
        if self.next().kind == "near":
            raise QueryError("NEAR joins two words, not three", self.next().position)
        return Near(left=left, right=right, distance=distance)

    def _operand(self, depth: int) -> Leaf | Group | Or | None:
        lexeme = self._take()
        if lexeme.kind == "(":
            return self._parentheses(lexeme, depth + 1)
        if lexeme.kind == "phrase":
            self._count(lexeme)
            return Phrase(text=lexeme.text) if WORD.search(lexeme.text) else None
        if lexeme.kind == "filter":
            return self._filter(lexeme)
        if lexeme.kind == "word":
            return self._word(lexeme)
        if lexeme.kind == "near":
            raise QueryError("NEAR needs a word on both sides", lexeme.position)
        raise QueryError("a word is missing here", lexeme.position)

    def _parentheses(self, opening: Lexeme, depth: int) -> Leaf | Group | Or | None:
        if depth > MAX_DEPTH:
            raise QueryError(
                f"more than {MAX_DEPTH} parentheses inside each other", opening.position
            )
        tree = self.query(depth)
        if self.next().kind != ")":
            raise QueryError("this parenthesis is never closed", opening.position)
        self._take()
        if tree is None:
            raise QueryError("nothing in these parentheses", opening.position)
        return tree if isinstance(tree, Or | Group) else Group(operand=tree)

    def _word(self, lexeme: Lexeme) -> Leaf | None:
        text = lexeme.text
        if text == "*":
            return Everything()
        if "*" in text[:-1]:
            star = lexeme.position + text.index("*")
            raise QueryError("* may only end a word, or stand alone", star)
        self._count(lexeme)
        if text.endswith("*"):
            return self._prefix(lexeme)
        return Word(text=text) if WORD.search(text) else None

    def _prefix(self, lexeme: Lexeme) -> Prefix:
        text = lexeme.text[:-1]
        words = list(WORD.finditer(text))
        if not words or words[-1].end() != len(text):
            raise QueryError("* must follow a letter", lexeme.position + len(text))
        last = words[-1][0]
        if not is_unspaced(last) and len(plain_tokens(last)[-1]) < MIN_PREFIX:
            raise QueryError(
                f"at least {MIN_PREFIX} letters must stand before *", lexeme.position
            )
        return Prefix(text=text)

    def _filter(self, lexeme: Lexeme) -> Filter:
        if len(lexeme.values) > MAX_VALUES:
            raise QueryError(
                f"{lexeme.text}: more than {MAX_VALUES} values",
                lexeme.values[MAX_VALUES][1],
            )
        values = tuple(
            check_filter(lexeme.text, value, position)
            for value, position in lexeme.values
        )
        self._count(lexeme, len(values))
        return Filter(field=lexeme.text, values=values)

    def _count(self, lexeme: Lexeme, tokens: int | None = None) -> None:
        """Adds to the words so far; the one too many is an error."""
        if tokens is None:
            words = WORD.findall(lexeme.text)[: MAX_TOKENS + 1]
            tokens = sum(
                len(word) if is_unspaced(word) else len(plain_tokens(word))
                for word in words
            )
        self._tokens += tokens
        if self._tokens > MAX_TOKENS:
            raise QueryError(f"more than {MAX_TOKENS} words", lexeme.position)

    def _take(self) -> Lexeme:
        lexeme = self.next()
        if lexeme.kind != "end":
            self._place += 1
        return lexeme
