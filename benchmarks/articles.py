"""Invented articles of news length, their words as frequent as in a real language."""

import random
from bisect import bisect_left
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import accumulate

from pipeline.documents import Document, Segment, TranslatedSegment, Translation

START = datetime(2024, 6, 1, tzinfo=UTC)
DAYS = 60
WORDS = 60_000
"""Different words of a language: what 20,000 articles have."""

SENTENCES, SENTENCE_WORDS = 12, (8, 22)
"""Of an article: some 180 words a side, an agency's report. With all its tokens it has
10 kB."""

_LETTERS = {
    "en": ("bcdfghklmnprstvw", "aeiou"),
    "vi": ("bcdghklmnprstvx", "aăâeêioôơuư"),
    "ru": ("бвгджзклмнпрстфхцчш", "аеиоуыэюя"),
    "ar": ("بتثجحخدرزسشصضطعغفقكلمنه", "اوي"),
    "tr": ("bcçdfgğhklmnprsştvyz", "aeıioöuü"),
}


class Articles:
    """The same articles for the same seed.

    Args:
        seed: Of everything.
    """

    def __init__(self, seed: int = 7) -> None:
        self._chosen = random.Random(seed)
        self.vocabulary = {
            language: self._words(*letters) for language, letters in _LETTERS.items()
        }
        # Zipf's law with Mandelbrot's shift: the most frequent words are even.
        self._sums = list(accumulate(1 / (rank + 2.7) for rank in range(WORDS)))

    def queries(self, number: int, ranks: tuple[int, int] = (200, 5_000)) -> list[str]:
        """Three English words each, none of the most frequent ones."""
        words = self.vocabulary["en"][slice(*ranks)]
        return [" ".join(self._chosen.sample(words, 3)) for _ in range(number)]

    def take(self, number: int, first: int = 0) -> Iterator[Document]:
        """So many articles, translated into English where they are not."""
        languages = sorted(self.vocabulary)
        for place in range(first, first + number):
            language = languages[place % len(languages)]
            yield self._article(place, language)

    def _article(self, place: int, language: str) -> Document:
        originals = [self._sentence(language) for _ in range(SENTENCES)]
        title, *body = originals
        is_foreign = language != "en"
        english = tuple(
            TranslatedSegment(position=n, text=self._sentence("en"), engine="memory")
            for n in range(SENTENCES if is_foreign else 0)
        )
        moment = START + timedelta(minutes=self._chosen.randrange(60 * 24 * DAYS))
        publisher = place % 60
        return Document(
            id=f"d{place:016}".translate(str.maketrans("0189", "abcd")),
            revision=1,
            version=place + 1,
            url=f"https://example.org/{place}",
            source=f"source-{publisher}",
            publisher=f"Publisher {publisher}",
            country=self._chosen.choice(["VN", "EG", "RU", "FR", "BR"]),
            owner=f"Owner {publisher % 20}",
            audience=(),
            kind=self._chosen.choice(["news", "news", "news", "official"]),
            language=language,
            published_at=moment,
            published_precision="minute",
            first_seen_at=moment,
            title=title,
            text=" ".join(body),
            segments=tuple(_segments(title, body)),
            translations=(
                (Translation(target="en", status="done", segments=english),)
                if english
                else ()
            ),
        )

    def _sentence(self, language: str) -> str:
        words = self.vocabulary[language]
        size = self._chosen.randint(*SENTENCE_WORDS)
        places = (
            bisect_left(self._sums, self._chosen.random() * self._sums[-1])
            for _ in range(size)
        )
        text = " ".join(words[place] for place in places)
        return f"{text[0].upper()}{text[1:]}."

    def _words(self, consonants: str, vowels: str) -> list[str]:
        found: dict[str, None] = {}
        while len(found) < WORDS:
            syllables = self._chosen.choice((1, 2, 2, 3, 3, 4))
            word = "".join(
                self._chosen.choice(consonants) + self._chosen.choice(vowels)
                for _ in range(syllables)
            ) + self._chosen.choice(["", *consonants])
            found[word] = None
        return sorted(found, key=lambda word: (len(word), word))


def _segments(title: str, body: list[str]) -> Iterator[Segment]:
    yield Segment(position=0, field="title", start=0, end=len(title), text=title)
    at = 0
    for place, sentence in enumerate(body, start=1):
        end = at + len(sentence)
        yield Segment(position=place, field="text", start=at, end=end, text=sentence)
        at = end + 1
