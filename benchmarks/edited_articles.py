"""Articles, edited copies of them, and texts that only look alike, in many languages.

Made of the sentences of `flores-dev`, the paragraphs of `xquad-dev` and the texts of
`extraction-dev` (`BABELWIRE_QUALITY_DATA` names their folder). Equal in every run.
"""

import gzip
import json
import random
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from babel import Locale
from icu4py.breakers import WordBreaker

LANGUAGES = (
    "ar bn de el en es fa fr he hi id ja ko my pl ru sr ta th tr uk vi zh".split()
)
UNSPACED = frozenset({"ja", "my", "th", "zh"})
FIGURE, LEAST_FIGURES = re.compile(r"\d+"), 3
CLDR = {"tl": "fil"}
"""What CLDR calls otherwise."""
DIGITS = {
    "ar": "٠١٢٣٤٥٦٧٨٩",
    "fa": "۰۱۲۳۴۵۶۷۸۹",
    "hi": "०१२३४५६७८९",
    "bn": "০১২৩৪৫৬৭৮৯",
    "my": "၀၁၂၃၄၅၆၇၈၉",
    "th": "๐๑๒๓๔๕๖๗๘๙",
    "ta": "௦௧௨௩௪௫௬௭௮௯",
}
"""Of the scripts whose own digits newspapers use beside the European ones."""

ORIGINALS, ON_SITE, TEMPLATES, ISSUES, QUOTING, FLASHES = 42, 60, 16, 4, 10, 16


@dataclass(frozen=True, kw_only=True)
class Text:
    """One text.

    Attributes:
        language: ISO 639-1.
        story: Texts of one story are duplicates, all others are none.
        edit: How it was made; "original" for what was edited.
    """

    language: str
    story: str
    edit: str
    text: str


def make_texts(
    data: Path, languages: Sequence[str] = LANGUAGES, seed: str = ""
) -> list[Text]:
    """All texts, each language's originals first.

    Args:
        data: The folder of the evaluation data.
        languages: Of `flores-dev`.
        seed: Another one makes other edits of the same articles.
    """
    return [
        text for language in languages for text in _Maker(data, language, seed).make()
    ]


Paragraphs = list[str]


class _Maker:
    def __init__(self, data: Path, language: str, seed: str) -> None:
        self._language = language
        self._chance = random.Random(language + seed)
        self._space = "" if language in UNSPACED else " "
        path = data / "flores-dev" / "text" / f"{language}.txt.gz"
        with gzip.open(path, "rt", encoding="utf-8") as file:
            self._sentences = file.read().splitlines()
        self._words = [
            w for sentence in self._sentences[::3] for w in self._pieces(sentence)
        ]
        self._taken = 0
        self._longer = [
            [self._headline(), *body]
            for body in (*_xquad(data, language), *_pages(data, language))
        ]

    def make(self) -> Iterator[Text]:
        background = [self._paragraph(2) for _ in range(6)]
        originals = [self._article() for _ in range(ORIGINALS)] + self._longer
        yield from self._copies(originals, background)
        yield from self._site()
        yield from self._flashes()
        for number in range(TEMPLATES):
            yield from self._series(number)
        yield from self._quoting()

    # --- Copies ---------------------------------------------------------------

    def _copies(
        self, originals: Sequence[Paragraphs], background: Sequence[str]
    ) -> Iterator[Text]:
        edits: dict[str, Callable[[Paragraphs], Paragraphs]] = {
            "cut 20 %": lambda p: self._cut(p, 0.2),
            "cut 40 %": lambda p: self._cut(p, 0.4),
            "cut 60 %": lambda p: self._cut(p, 0.6),
            "headline": self._other_headline,
            "agency": self._agency,
            "words 10 %": lambda p: self._edited(p, 0.1),
            "words 15 %": lambda p: self._edited(p, 0.15),
            "reordered": self._reordered,
            "background": lambda p: self._inserted(p, background),
            "several": lambda p: self._agency(
                self._other_headline(self._cut(self._edited(p, 0.05), 0.2))
            ),
        }
        names = list(edits)
        for number, original in enumerate(originals):
            story = f"{self._language}-story-{number}"
            yield self._text(story, "original", original)
            if number % 4 == 3:  # a story that nobody copied
                yield from self._other_figures(story, original)
                continue
            for step in (0, 3, 7):
                name = names[(number + step) % len(names)]
                yield self._text(story, name, edits[name](original))

    def _other_figures(self, story: str, original: Paragraphs) -> Iterator[Text]:
        """The same report of another day: every number is another one."""
        text = "\n".join(original)
        if len(FIGURE.findall(text)) >= LEAST_FIGURES:
            changed = FIGURE.sub(lambda _: str(self._chance.randrange(2, 3000)), text)
            name = "series: other figures"
            yield self._text(f"{story}-figures", name, changed.split("\n"))

    def _cut(self, paragraphs: Paragraphs, share: float) -> Paragraphs:
        """Without whole paragraphs, mostly the last ones, nearly so much of it."""
        kept = list(paragraphs)
        gone, goal = 0, share * sum(map(len, paragraphs))
        while len(kept) > 1:
            place = (
                -1 if self._chance.random() < 0.7 else self._chance.randrange(len(kept))
            )
            if gone + len(kept[place]) > goal + 0.08 * sum(map(len, paragraphs)):
                break
            gone += len(kept.pop(place))
        return kept

    def _other_headline(self, paragraphs: Paragraphs) -> Paragraphs:
        return [self._headline(), *paragraphs[1:]]

    def _agency(self, paragraphs: Paragraphs) -> Paragraphs:
        day = f"{self._chance.randrange(1, 29)}.{self._chance.randrange(1, 13)}.2024"
        line = f"{self._words_of(1).upper()}, {day} /{self._words_of(2)}/ — "
        return (
            [paragraphs[0], line + paragraphs[1], *paragraphs[2:]]
            if len(paragraphs) > 1
            else [line + paragraphs[0]]
        )

    def _edited(self, paragraphs: Paragraphs, share: float) -> Paragraphs:
        return [
            self._space.join(
                self._chance.choice(self._words) if self._chance.random() < share else w
                for w in self._pieces(paragraph)
            )
            for paragraph in paragraphs
        ]

    def _reordered(self, paragraphs: Paragraphs) -> Paragraphs:
        body = paragraphs[1:]
        self._chance.shuffle(body)
        return [paragraphs[0], *body]

    def _inserted(self, paragraphs: Paragraphs, pool: Sequence[str]) -> Paragraphs:
        """With a background paragraph, at most two fifths of what there was."""
        added = self._chance.choice(pool)
        if len(added) > 0.4 * sum(map(len, paragraphs)):
            added = self._paragraph(1)
        place = self._chance.randrange(1, len(paragraphs) + 1)
        return [*paragraphs[:place], added, *paragraphs[place:]]

    # --- What many documents have around their text ---------------------------

    def _site(self) -> Iterator[Text]:
        """Short articles between long legal lines, and copies without those."""
        above, below = self._paragraph(1), [self._paragraph(1) for _ in range(3)]
        for number in range(ON_SITE):
            story = f"{self._language}-site-{number}"
            text = [self._paragraph(self._chance.choice([1, 2, 3, 4]))]
            yield self._text(story, "boilerplate", [above, *text, *below])
            if number % 4 == 0:
                yield self._text(story, "no boilerplate", text)

    def _flashes(self) -> Iterator[Text]:
        for number in range(FLASHES):
            story = f"{self._language}-flash-{number}"
            text = [self._paragraph(1)]
            yield self._text(story, "original", text)
            yield self._text(story, "flash", self._agency(text))

    # --- What only looks alike ------------------------------------------------

    def _series(self, number: int) -> Iterator[Text]:
        """Bulletins: one template with other numbers, days and names."""
        kind = ("numbers", "few numbers", "own digits", "days and names")[number % 4]
        paragraphs = [self._pieces(self._paragraph(1)) for _ in range(4)]
        slots = {"numbers": 8, "few numbers": 2, "own digits": 5}.get(kind, 0)
        places = [
            (p, self._chance.randrange(1, len(paragraphs[p])))
            for p in (self._chance.randrange(4) for _ in range(slots))
        ]
        for issue in range(ISSUES):
            filled = [list(pieces) for pieces in paragraphs]
            for p, place in sorted(places, reverse=True):
                filled[p].insert(place, f" {self._number(kind)} ".strip(self._space))
            if kind != "own digits":
                filled[0].insert(0, self._day())
            if kind == "days and names":
                for place in (1, 2):
                    filled[place].insert(3, self._words_of(2).title())
                    filled[place].insert(0, self._day())
            yield self._text(
                f"{self._language}-series-{number}-{issue}",
                f"series: {kind}",
                [self._space.join(pieces) for pieces in filled],
            )

    def _number(self, kind: str) -> str:
        written = f"{self._chance.randrange(2, 2000):,}"
        digits = DIGITS.get(self._language) if kind == "own digits" else None
        return (
            written.translate(str.maketrans("0123456789", digits))
            if digits
            else written
        )

    def _day(self) -> str:
        names = Locale.parse(CLDR.get(self._language, self._language)).days["format"][
            "wide"
        ]
        return f"{names[self._chance.randrange(7)]} "

    def _quoting(self) -> Iterator[Text]:
        """Articles on other matters that share a quotation or a background."""
        for number in range(QUOTING):
            shared = self._paragraph(2)
            for side in ("a", "b"):
                own = [self._paragraph(1) for _ in range(self._chance.randrange(5, 9))]
                own.insert(self._chance.randrange(1, len(own)), shared)
                story = f"{self._language}-quoting-{number}-{side}"
                yield self._text(story, "shared quotation", own)

    # --- Pieces ---------------------------------------------------------------

    def _article(self) -> Paragraphs:
        body = [
            self._paragraph(self._chance.choice([1, 1, 2]))
            for _ in range(self._chance.randrange(4, 9))
        ]
        return [self._headline(), *body]

    def _paragraph(self, sentences: int) -> str:
        taken = self._sentences[self._taken : self._taken + sentences]
        self._taken += sentences
        if len(taken) < sentences:
            raise ValueError(f"{self._language}: too few sentences")
        return self._space.join(taken)

    def _headline(self) -> str:
        return self._words_of(8)

    def _words_of(self, number: int) -> str:
        number = 2 * number if self._language in UNSPACED else number
        return self._space.join(self._chance.choices(self._words, k=number))

    def _pieces(self, text: str) -> list[str]:
        if self._language in UNSPACED:
            return [str(part) for part in WordBreaker(text, self._language)]
        return text.split()

    def _text(self, story: str, edit: str, paragraphs: Paragraphs) -> Text:
        return Text(
            language=self._language,
            story=story,
            edit=edit,
            text="\n".join(paragraphs),
        )


def _xquad(data: Path, language: str, number: int = 40) -> Iterator[Paragraphs]:
    path = data / "xquad-dev" / f"{language}.json"
    if not path.exists():
        return
    loaded = json.loads(path.read_text("utf-8"))
    for paragraph in loaded["paragraphs"][:number]:
        text = paragraph["text"]
        for end, after in (("。", "。\n"), (". ", ".\n"), ("। ", "।\n")):
            text = text.replace(end, after)
        yield [part for part in text.split("\n") if part.strip()]


def _pages(data: Path, language: str, number: int = 40) -> Iterator[Paragraphs]:
    with gzip.open(data / "extraction-dev" / "gold.jsonl.gz", "rt") as file:
        pages = [page for page in map(json.loads, file) if page["language"] == language]
    for page in pages[:number]:
        parts = [part for part in page["text"].split("\n") if part.strip()]
        if len(parts) >= 3:
            yield parts
