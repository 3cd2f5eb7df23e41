"""A reader's language: its words, dates and numbers.

Words are looked up with gettext in `web/locales/LANGUAGE.po`. Translators edit those
files as they are: they are compiled when they are first needed.
"""

from __future__ import annotations

import io
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache, lru_cache
from importlib.resources import files
from typing import IO, TYPE_CHECKING
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
    """How one reader is spoken to.

    Attributes:
        language: One of `LANGUAGES`.
        timezone: IANA name.
    """

    language: str
    timezone: str

    @property
    def locale(self) -> Locale:
        """Of the CLDR."""
        return _locale(self.language)

    @property
    def direction(self) -> str:
        """`ltr` or `rtl`."""
        return self.locale.text_direction

    @property
    def comma(self) -> str:
        """Between the parts of a list, with the blank behind it."""
        return "، " if self.language == "ar" else ", "

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
        return _number(value, self.language)

    def share(self, value: float) -> str:
        """A share of one, in per cent.

        >>> Wording("en", "UTC").share(0.973), Wording("vi", "UTC").share(0.2)
        ('97%', '20%')
        """
        return numbers.format_percent(value, locale=self.locale)

    def day(self, value: date) -> str:
        """A day, in full.

        >>> Wording("en", "UTC").day(date(2024, 6, 21))
        '21 June 2024'
        """
        return _day(value, self.language)

    def weekday(self, value: date) -> str:
        """A day of the week with its date.

        The CLDR has it in full for each language; its English is American.

        >>> Wording("en", "UTC").weekday(date(2024, 6, 21))
        'Friday, 21 June 2024'
        >>> Wording("vi", "UTC").weekday(date(2024, 6, 21))
        'Thứ Sáu, 21 tháng 6, 2024'
        """
        shape = "EEEE, d MMMM y" if self.language == "en" else "full"
        return dates.format_date(value, format=shape, locale=self.locale)

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
        return _language_name(tag, self.language)

    def country_name(self, code: str) -> str:
        """The name of a country; the code where the CLDR has none."""
        return _country_name(code, self.language)


def message(text: str) -> str:
    """Marks a message for translators; it is translated where it is shown."""
    return text


def toml_messages(
    file: IO[bytes], keywords: object, comments: object, options: object
) -> Iterator[tuple[int, str, str, list[str]]]:
    """The values of a TOML file, for `pybabel extract`: each one is a message."""
    for text in tomllib.load(file).values():
        yield 1, "message", text, []


# A page has hundreds of these, most of them the same ones as the page before; written
# anew they take as long as the search itself (measured: a fifth of a page's time).

_WRITTEN = 4096
"""Kept of each kind: some 0.5 MB."""


@cache
def _locale(language: str) -> Locale:
    return Locale.parse(language)


@lru_cache(_WRITTEN)
def _number(value: int, language: str) -> str:
    return numbers.format_decimal(value, locale=_locale(language))


@lru_cache(_WRITTEN)
def _day(value: date, language: str) -> str:
    return dates.format_date(value, format="d MMMM y", locale=_locale(language))


_language_name = lru_cache(_WRITTEN)(language_name)
_country_name = lru_cache(_WRITTEN)(country_name)


@cache
def _translations(language: str) -> Translations:
    from babel.messages.mofile import write_mo
    from babel.messages.pofile import read_po

    path = files("babelwire") / "web" / "locales" / f"{language}.po"
    if not path.is_file():  # the messages are English
        return Translations()
    with path.open("rb") as file:
        catalog = read_po(file, locale=language)
    compiled = io.BytesIO()
    write_mo(compiled, catalog)
    compiled.seek(0)
    return Translations(compiled)
