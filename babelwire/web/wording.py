"""The interface's language: its words, dates and numbers.

Words are looked up with gettext in `locales/LANGUAGE.po`. Translators edit those files
as they are: they are compiled when they are first needed.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from babel import Locale, dates, numbers
from babel.support import Translations

from babelwire.answers import TO_THE_HOUR, country_name, language_name

if TYPE_CHECKING:
    from pipeline.documents import Precision

LANGUAGES = {"en": "English", "vi": "Tiếng Việt", "ru": "Русский", "ar": "العربية"}
"""Of the interface, each by its own name; the first one where nothing else fits."""


@dataclass(frozen=True)
class Wording:
    """How the interface speaks to one reader.

    Attributes:
        language: One of `LANGUAGES`.
        timezone: IANA name.
    """

    language: str
    timezone: str

    @property
    def locale(self) -> Locale:
        """Of the CLDR."""
        return Locale.parse(self.language)

    @property
    def direction(self) -> str:
        """`ltr` or `rtl`."""
        return self.locale.text_direction

    @property
    def translations(self) -> Translations:
        """For the templates."""
        return _translations(self.language)

    def text(self, message: str, **values: object) -> str:
        """A message in the interface's language, with its values."""
        return self.translations.ugettext(message) % values

    def texts(self, one: str, many: str, number: int, **values: object) -> str:
        """The same, by the rules of plurals; `%(number)s` is written by locale."""
        found = self.translations.ungettext(one, many, number)
        return found % {"number": self.number(number), **values}

    def number(self, value: int) -> str:
        """With the separators of the locale.

        >>> Wording("en", "UTC").number(12345), Wording("vi", "UTC").number(12345)
        ('12,345', '12.345')
        """
        return numbers.format_decimal(value, locale=self.locale)

    def day(self, value: date) -> str:
        """A day, in full.

        >>> Wording("en", "UTC").day(date(2024, 6, 21))
        '21 June 2024'
        """
        return dates.format_date(value, format="d MMMM y", locale=self.locale)

    def moment(self, value: datetime) -> str:
        """A time in the reader's zone."""
        there = value.astimezone(ZoneInfo(self.timezone))
        return dates.format_datetime(there, format="d MMM y HH:mm", locale=self.locale)

    def published(
        self,
        published_at: datetime | None,
        precision: Precision,
        first_seen_at: datetime,
    ) -> str:
        """When a document was published, as exactly as it is known."""
        if published_at is None:
            seen = self.moment(first_seen_at)
            return self.text("undated, first seen %(time)s", time=seen)
        if precision in TO_THE_HOUR:
            return self.moment(published_at)
        # A day has no zone: it is the publisher's.
        shape = {"day": "d MMM y", "month": "MMM y"}.get(precision, "y")
        return dates.format_date(published_at.date(), format=shape, locale=self.locale)

    def language_name(self, tag: str) -> str:
        """The name of a language in the interface's own.

        >>> Wording("en", "UTC").language_name("vi")
        'Vietnamese'
        """
        if tag in {"", "und"}:
            return self.text("language unknown")
        return language_name(tag, self.language)

    def country_name(self, code: str) -> str:
        """The name of a country; the code where the CLDR has none."""
        return country_name(code, self.language)


def choose_language(wanted: str, accepted: str) -> str:
    """The interface's language: as chosen, else as the browser asks (RFC 9110, 12.5.4).

    >>> choose_language("", "vi-VN,vi;q=0.9,en;q=0.8"), choose_language("ar", "en")
    ('vi', 'ar')
    >>> choose_language("xx", "de;q=1, ru;q=0.4"), choose_language("", "fr")
    ('ru', 'en')
    """
    if wanted in LANGUAGES:
        return wanted
    for tag in _by_quality(accepted):
        if tag.partition("-")[0] in LANGUAGES:
            return tag.partition("-")[0]
    return next(iter(LANGUAGES))


def _by_quality(accepted: str) -> Sequence[str]:
    asked: list[tuple[float, str]] = []
    for part in accepted.lower().split(",")[:20]:
        tag, _, parameter = part.strip().partition(";")
        try:
            quality = float(parameter.strip().removeprefix("q=") or 1)
        except ValueError:
            continue
        asked.append((quality, tag.strip()))
    return [tag for quality, tag in sorted(asked, key=lambda a: -a[0]) if quality > 0]


@cache
def _translations(language: str) -> Translations:
    from babel.messages.mofile import write_mo
    from babel.messages.pofile import read_po

    path = files("babelwire.web") / "locales" / f"{language}.po"
    if not path.is_file():  # the messages are English
        return Translations()
    with path.open("rb") as file:
        catalog = read_po(file, locale=language)
    compiled = io.BytesIO()
    write_mo(compiled, catalog)
    compiled.seek(0)
    return Translations(compiled)
