"""Archive pages by date: a source's `archives`, and the addresses they mean. Pure.

`https://e.org/archive/{year}/{month:02}/{day:02}` is a page for each day; without
`{day}` one for each month, with `{year}` alone one for each year. `{date}` is
`2024-06-21`, `{date:%Y%m%d}` whatever one writes. Without any of them it is one
address: of a sitemap, or of a list of articles that is paged back.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from string import Formatter
from typing import Literal
from urllib.parse import urlsplit

from pipeline.errors import ConfigError
from pipeline.urls import host_of

Unit = Literal["day", "month", "year", ""]

EXPECTED = (
    'expected an address, perhaps with a date in it: "https://example.org/archive/'
    '{year}/{month:02}/{day:02}", or "https://example.org/news?d={date:%Y%m%d}"'
)

_WIDTHS = frozenset({"", "d", "02", "02d"})
_DATE_FORMAT = re.compile(r"(?:%[Yymd]|[^%{}\x00-\x1f]){1,40}")
_DAY = timedelta(days=1)
_SITEMAP_FILE = re.compile(r"\.(xml|gz|txt)$|sitemap[^/]*$", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class ArchivePage:
    """One address that a template means.

    Attributes:
        url: The address.
        last_day: Of its time; None where it is of none in particular.
    """

    url: str
    last_day: date | None


def unit_of(template: str) -> Unit:
    """What a page of the archive is for; "" for one page of all time.

    Raises:
        ConfigError: It is no address, or its placeholders name no date.

    >>> unit_of("https://e.org/{year}/{month:02}"), unit_of("https://e.org/sitemap.xml")
    ('month', '')
    """
    names = set(_placeholders(template))
    _check_place(template, has_date=bool(names))
    if not names:
        return ""
    for smaller, larger in (("day", "month"), ("month", "year")):
        if smaller in names and larger not in names:
            raise _wrong(template, f"a {smaller} without its {larger}")
    return "day" if "day" in names else "month" if "month" in names else "year"


def archive_pages(template: str, since: date, until: date) -> Iterator[ArchivePage]:
    """The pages of a time, newest first.

    Args:
        template: As `unit_of` accepts it.
        since: The first day wanted.
        until: The last one.

    >>> [page.url[14:] for page in archive_pages(
    ...     "https://e.org/{year}-{month}", date(2024, 1, 31), date(2024, 3, 1))]
    ['2024-3', '2024-2', '2024-1']
    """
    unit = unit_of(template)
    if not unit:
        yield ArchivePage(url=template, last_day=None)
        return
    day = until
    while day >= since:
        first = _first_day(day, unit)
        yield ArchivePage(url=_filled(template, first), last_day=_last_day(first, unit))
        day = first - _DAY


def archive_kind(template: str) -> Literal["sitemap", "listing"]:
    """Whether pages of a template are sitemaps or lists of articles.

    >>> archive_kind("https://e.org/sitemaps/{year}.xml.gz"), archive_kind("https://e.org/")
    ('sitemap', 'listing')
    """
    path = urlsplit(template).path
    return "sitemap" if _SITEMAP_FILE.search(path) else "listing"


def is_archive_page(url: str, templates: Sequence[str]) -> bool:
    """Whether an address is one that a template means, of any date.

    >>> is_archive_page("https://e.org/2024/06", ["https://e.org/{year}/{month:02}"])
    True
    """
    return any(_pattern(template).fullmatch(url) for template in templates)


def template_of(url: str) -> str:
    """The template that an address with a day at its end is one page of; "" for none.

    >>> template_of("https://e.org/archive/2024/06/21/")
    'https://e.org/archive/{year}/{month:02}/{day:02}/'
    >>> template_of("https://e.org/news?date=2024-06-21")
    'https://e.org/news?date={date}'
    """
    if "{" in url or "}" in url:
        return ""
    for pattern, placeholder in _ENDINGS:
        match = pattern.search(url)
        if match is not None and _is_day(*match.group("y", "m", "d")):
            start, end = match.span("date")
            return f"{url[:start]}{placeholder}{url[end:]}"
    return ""


_ENDINGS = (
    (
        re.compile(r"/(?P<date>(?P<y>20\d\d)/(?P<m>\d\d)/(?P<d>\d\d))/?$"),
        "{year}/{month:02}/{day:02}",
    ),
    (
        re.compile(r"[/=](?P<date>(?P<y>20\d\d)-(?P<m>\d\d)-(?P<d>\d\d))/?$"),
        "{date}",
    ),
    (
        re.compile(r"=(?P<date>(?P<y>20\d\d)(?P<m>\d\d)(?P<d>\d\d))$"),
        "{date:%Y%m%d}",
    ),
)


def _is_day(year: str, month: str, day: str) -> bool:
    try:
        date(int(year), int(month), int(day))
    except ValueError:
        return False
    return True


def _placeholders(template: str) -> Iterator[str]:
    """The parts of a date that a template names: `year`, `month`, `day`."""
    try:
        parts = list(Formatter().parse(template))
    except ValueError as error:
        raise _wrong(template, str(error)) from error
    for _, name, spec, conversion in parts:
        if name is None:
            continue
        if name == "date" and not conversion:
            yield from _parts_of_format(template, spec or "%Y-%m-%d")
        elif name in {"year", "month", "day"} and not conversion and spec in _WIDTHS:
            yield name
        else:
            shown = f"{name}!{conversion}" if conversion else f"{name}:{spec}"
            raise _wrong(template, f"the placeholder {{{shown.rstrip(':')}}}")


def _parts_of_format(template: str, spec: str) -> Iterator[str]:
    if not _DATE_FORMAT.fullmatch(spec):
        raise _wrong(template, f"the placeholder {{date:{spec}}}")
    names = {"%Y": "year", "%y": "year", "%m": "month", "%d": "day"}
    yield from (name for sign, name in names.items() if sign in spec)


def _check_place(template: str, *, has_date: bool) -> None:
    """A date belongs behind the host: another host would be another site."""
    scheme, _, rest = template.partition("://")
    host = re.split(r"[/?#]", rest, maxsplit=1)[0]
    if rest and "{" in scheme + host:
        raise _wrong(template, "a placeholder before the path")
    url = _filled(template, date(2024, 6, 21)) if has_date else template
    try:
        host_of(url)
    except ValueError as error:
        raise _wrong(template, str(error)) from error


def _wrong(template: str, what: str) -> ConfigError:
    return ConfigError(f'archives: found "{template}" ({what}), {EXPECTED}')


def _filled(template: str, day: date) -> str:
    return template.format(year=day.year, month=day.month, day=day.day, date=day)


def _first_day(day: date, unit: Unit) -> date:
    if unit == "day":
        return day
    return day.replace(day=1) if unit == "month" else day.replace(month=1, day=1)


def _last_day(first: date, unit: Unit) -> date:
    if unit == "day":
        return first
    if unit == "year":
        return first.replace(month=12, day=31)
    return (first.replace(day=28) + 4 * _DAY).replace(day=1) - _DAY


@lru_cache(maxsize=256)
def _pattern(template: str) -> re.Pattern[str]:
    parts = []
    for text, name, spec, _ in Formatter().parse(template):
        parts.append(re.escape(text))
        if name == "date":
            parts.append(r"[\d\W]{4,40}" if spec else r"\d{4}-\d{2}-\d{2}")
        elif name is not None:
            parts.append(r"\d{1,4}")
    return re.compile("".join(parts))
