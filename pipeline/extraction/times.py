"""When an article was published and last changed, as its page says.

The order of the places is the one measured best (FACTS, Extraction): JSON-LD, then
meta, then microdata and `<time>`, then what is printed beside the headline, the day in
the address, the feed; htmldate last, because it guesses. A statement that cannot be
true is passed over and flagged (P7); one that gives only the day takes the minute from
another that names the same day.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta, tzinfo
from functools import cached_property
from urllib.parse import urlsplit

from lxml.html import HtmlElement

from pipeline.dates.day_forms import Order, order_of
from pipeline.dates.moments import EARLIEST_YEAR, day_in_path
from pipeline.dates.scanning import DateReader, WrittenTime
from pipeline.dates.stated import StatedTime, stated
from pipeline.documents import DateFlag, Precision
from pipeline.extraction.declared_times import (
    MODIFIED_META,
    PUBLISHED_META,
    changed_elements,
    rdfa_dates,
    time_elements,
)
from pipeline.extraction.structured_data import StructuredData, text_of
from pipeline.extraction.visible_dates import VisibleDate, VisibleDates

EARLIEST = datetime(EARLIEST_YEAR, 1, 1, tzinfo=UTC)
"""Nothing on the web is older; an earlier date is a template's default."""
FUTURE_TOLERANCE = timedelta(days=2)
"""A later date than this after the fetch is an event's or an error (P7)."""
YEARS_OFF = timedelta(days=366)
"""Further from the feed's day, or the address's, one of the two is wrong."""
WIDEST_ZONE = timedelta(hours=14)
"""No clock of the world is further from UTC."""
MINUTES_APART = timedelta(minutes=14)
"""A feed may be made so much later than its article; zones differ by more."""
FAR_LIKELIER = 2.0
"""Of the score by which printed dates are weighed: a class of its own, or a clock."""
SAME_EVENT = timedelta(days=1)
"""A feed's time and a page's day may differ by their zones."""

_GENERIC_DOMAINS = frozenset("io tv co me ai cc ws fm us ph la ly gl to".split())
"""Country domains that say nothing of a country, or where the month comes first."""


@dataclass(frozen=True, kw_only=True)
class Moment:
    """A time with how exact it is, where it stood and the zone it was stated in."""

    at: datetime | None = None
    precision: Precision = "none"
    found_in: str = ""
    zone: str = ""


@dataclass(frozen=True, kw_only=True)
class PageTimes:
    """The times of one page; empty where it has none.

    Attributes:
        published: When it was published.
        modified: When the publisher last changed it.
        flags: What is odd about what the page states.
    """

    published: Moment = field(default_factory=Moment)
    modified: Moment = field(default_factory=Moment)
    flags: tuple[DateFlag, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Circumstances:
    """What is known of a page's times from elsewhere.

    Attributes:
        fetched_at: Later times are not believed.
        hint: What the feed or sitemap said.
        zone: Of times that name none.
        zone_name: Its IANA name; "" where nothing is known and UTC is taken.
        languages: BCP 47 tags, the likeliest first.
        title: The headline, beside which dates are looked for.
        html: The page, as text.
        chosen: What the source's own selector found.
    """

    fetched_at: datetime
    hint: StatedTime | None = None
    zone: tzinfo = UTC
    zone_name: str = ""
    languages: tuple[str, ...] = ()
    title: str = ""
    html: str = ""
    chosen: str = ""


@dataclass(frozen=True, kw_only=True)
class _Candidate:
    time: StatedTime
    found_in: str
    other: date | None = None


def plausible(at: datetime, fetched_at: datetime) -> bool:
    """Whether a page fetched then may have been published at that time (P7)."""
    return EARLIEST <= at <= fetched_at + FUTURE_TOLERANCE


def read_times(
    tree: HtmlElement,
    url: str,
    meta: Mapping[str, str],
    data: StructuredData,
    about: Circumstances,
) -> PageTimes:
    """The times that a page states; those that cannot be are flagged."""
    return _Reading(tree, url, meta, data, about).done()


class _Reading:
    def __init__(
        self,
        tree: HtmlElement,
        url: str,
        meta: Mapping[str, str],
        data: StructuredData,
        about: Circumstances,
    ) -> None:
        self._tree, self._url, self._meta, self._data = tree, url, meta, data
        self._about = about
        self._flags: set[DateFlag] = set()
        self._is_unclear = False
        self._found: _Candidate | None = None
        found = day_in_path(url)
        self._url_day = found.date() if found else None
        self._reader = DateReader(
            about.languages,
            now=about.fetched_at,
            zone=about.zone,
            order=_order(about.languages, url),
        )

    def done(self) -> PageTimes:
        published = self._published()
        modified = self._modified(published)
        order: tuple[DateFlag, ...] = ("future", "too_old", "contradicts_feed")
        flags = tuple(flag for flag in order if flag in self._flags)
        return PageTimes(published=published, modified=modified, flags=flags)

    # --- Publication ---------------------------------------------------------

    def _published(self) -> Moment:
        for stated_one in self._statements():
            candidate = self._settled(stated_one)
            self._is_unclear |= candidate is None
            if candidate is None or not self._is_believed(candidate):
                continue
            found = self._found or candidate
            self._found = candidate if _refines(candidate.time, found.time) else found
            if self._found.time.has_clock:
                break
        return self._with_feed(self._found)

    def _statements(self) -> Iterator[_Candidate]:
        """In the order in which they are believed; later ones cost more."""
        yield from self._candidates([self._about.chosen], "selector")
        yield from self._declared()
        yield from self._printed()
        if self._url_day:
            day = datetime.combine(self._url_day, datetime.min.time())
            yield _Candidate(
                time=StatedTime(local=day, precision="day"), found_in="url"
            )

    def _declared(self) -> Iterator[_Candidate]:
        data = self._data
        yield from self._candidates(
            map(text_of, data.values("datePublished")), "json-ld"
        )
        values = (self._meta.get(key, "") for key in PUBLISHED_META)
        yield from self._candidates(values, "meta")
        values = (text_of(v) for v in data.microdata("datePublished"))
        yield from self._candidates(values, "microdata")
        yield from self._candidates(rdfa_dates(self._tree), "microdata")
        yield from self._candidates(time_elements(self._tree), "time")
        for name in ("dateCreated", "uploadDate"):
            yield from self._candidates(map(text_of, data.values(name)), "json-ld")

    def _printed(self) -> Iterator[_Candidate]:
        shown = self._visible
        own = [one for one in shown if one.written.label != "modified"]
        if own and _is_elsewhere(own[0], shown[0]):
            own = []
        if self._found:  # only the minute of that day is wanted
            yield from (_of_written(one.written) for one in own)
            return
        agreed = [one for one in own if self._agrees(one.written.time.local.date())]
        if not agreed and self._known_days() and not _is_labelled(own):
            return  # the address or the feed is surer than a text that differs
        for one in agreed or own[:1]:
            yield _of_written(one.written)
        if not own:
            yield from (_only_day(one.written) for one in shown[:1])

    @cached_property
    def _visible(self) -> list[VisibleDate]:
        dates = VisibleDates(self._tree, self._about.title, self._reader)
        return dates.found(self._known_days())

    def _known_days(self) -> frozenset[date]:
        hint, found = self._about.hint, self._found
        days = (
            self._url_day,
            hint.local.date() if hint else None,
            found.time.local.date() if found else None,
        )
        return frozenset(day for day in days if day)

    def _agrees(self, day: date) -> bool:
        known = self._known_days()
        return not known or any(abs(day - other) <= SAME_EVENT for other in known)

    def _candidates(self, values: Iterable[str], place: str) -> Iterator[_Candidate]:
        """Whatever form the values are written in."""
        for value in values:
            text = value.strip()
            if not text:
                continue
            found = stated(text)
            if found is not None:
                yield _Candidate(time=_without_blank_clock(found), found_in=place)
                continue
            if any(c.isdigit() for c in text):
                written = self._reader.read(text)
                yield from (_of_written(one, place) for one in written[:1])

    # --- What is believed ----------------------------------------------------

    def _is_believed(self, candidate: _Candidate) -> bool:
        at = candidate.time.at(self._about.zone)
        if at is None:
            return False
        flag = self._oddity(at)
        # A date that is only printed may be an event's: that is no false statement.
        if flag and candidate.found_in != "text":
            self._flags.add(flag)
        return not flag or (flag == "contradicts_feed" and not self._is_off(at))

    def _oddity(self, at: datetime) -> DateFlag | None:
        if at > self._about.fetched_at + FUTURE_TOLERANCE:
            return "future"
        if at < EARLIEST:
            return "too_old"
        hint = self._about.hint
        hinted = hint.at() if hint else None
        is_off_feed = hinted is not None and abs(at - hinted) > YEARS_OFF
        return "contradicts_feed" if is_off_feed or self._is_off(at) else None

    def _is_off(self, at: datetime) -> bool:
        """Years off the day in the address; without one, off the feed's."""
        if self._url_day is not None:
            return abs(at.date() - self._url_day) > YEARS_OFF
        hint = self._about.hint
        hinted = hint.at() if hint else None
        return hinted is not None and abs(at - hinted) > YEARS_OFF

    def _settled(self, candidate: _Candidate) -> _Candidate | None:
        """With 06/07 told from 07/06 by another date, or by the fetch; else None."""
        other = candidate.other
        if other is None:
            return candidate
        local = candidate.time.local
        known = self._known_days() | self._other_days()
        latest = (self._about.fetched_at + FUTURE_TOLERANCE).date()
        is_day = local.date() in known or other > latest
        is_other = other in known or local.date() > latest
        if is_day == is_other:
            return None
        if is_other:
            local = local.replace(month=other.month, day=other.day)
        time = replace(candidate.time, local=local)
        return _Candidate(time=time, found_in=candidate.found_in)

    def _other_days(self) -> frozenset[date]:
        """Days that the page names without doubt."""
        values = [text_of(v) for v in self._data.values("dateModified")]
        values += [self._meta.get(key, "") for key in MODIFIED_META]
        found = (stated(value) for value in values if value)
        return frozenset(time.local.date() for time in found if time)

    def _with_feed(self, found: _Candidate | None) -> Moment:
        """The feed knows the minute of a day that the page confirms or leaves open."""
        moment = self._moment(found)
        hint = self._about.hint
        hinted = hint.at() if hint else None
        if hinted and hinted > self._about.fetched_at + FUTURE_TOLERANCE:
            self._flags.add("future")
        if not (hint and hinted and plausible(hinted, self._about.fetched_at)):
            return moment if moment.at else self._guessed()
        fed = Moment(at=hinted, precision=hint.precision, found_in="feed")
        if moment.at is None:
            return fed
        if not hint.has_clock:
            return moment
        if moment.precision in {"hour", "minute", "second"}:
            return fed if self._is_shifted(moment, hinted - moment.at) else moment
        return fed if abs(hinted - moment.at) <= SAME_EVENT else moment

    def _is_shifted(self, moment: Moment, difference: timedelta) -> bool:
        """Whether UTC was taken for a time of an unknown zone, which the feed knows."""
        is_unknown = not moment.zone and moment.precision != "hour"
        return is_unknown and MINUTES_APART < abs(difference) <= WIDEST_ZONE

    def _guessed(self) -> Moment:
        if self._is_unclear:
            return Moment()  # what cannot be told is not to be guessed
        return _by_htmldate(
            self._tree, self._about.html, self._url, self._about.fetched_at
        )

    def _moment(self, found: _Candidate | None) -> Moment:
        if found is None:
            return Moment()
        time, about = found.time, self._about
        is_relative = found.found_in == "text" and time.precision == "hour"
        return Moment(
            at=time.at(about.zone),
            precision=time.precision,
            found_in=found.found_in,
            zone="" if is_relative else time.zone_text(about.zone_name),
        )

    # --- Modification --------------------------------------------------------

    def _modified(self, published: Moment) -> Moment:
        for candidate in filter(None, map(self._settled, self._changes())):
            at = candidate.time.at(self._about.zone)
            if at is None or not plausible(at, self._about.fetched_at):
                continue
            if published.at is None or at >= published.at - SAME_EVENT:
                return self._moment(candidate)
        return Moment()

    def _changes(self) -> Iterator[_Candidate]:
        data = self._data
        yield from self._candidates(
            map(text_of, data.values("dateModified")), "json-ld"
        )
        values = (self._meta.get(key, "") for key in MODIFIED_META)
        yield from self._candidates(values, "meta")
        values = (text_of(v) for v in data.microdata("dateModified"))
        yield from self._candidates(values, "microdata")
        yield from self._candidates(changed_elements(self._tree), "time")
        if "_visible" in vars(self):  # read already, because nothing was declared
            changed = (
                o.written for o in self._visible if o.written.label == "modified"
            )
            yield from (_of_written(one) for one in changed)


def _order(languages: tuple[str, ...], url: str) -> Order:
    """Of day and month: by the languages, else by the country of the address."""
    found = order_of(languages)
    try:
        last = (urlsplit(url).hostname or "").rpartition(".")[2]
    except ValueError:
        return found
    is_country = len(last) == 2 and last.isalpha() and last not in _GENERIC_DOMAINS
    return "dmy" if not found and is_country else found


def _is_labelled(found: list[VisibleDate]) -> bool:
    return bool(found) and found[0].written.label == "published"


def _is_elsewhere(own: VisibleDate, best: VisibleDate) -> bool:
    """Whether a date is another article's: this one's change is far likelier."""
    is_change = best.written.label == "modified" and own.written.label is None
    return is_change and own.score < best.score - FAR_LIKELIER


def _of_written(one: WrittenTime, place: str = "text") -> _Candidate:
    return _Candidate(time=one.time, found_in=place, other=one.other)


def _only_day(one: WrittenTime) -> _Candidate:
    """Of a page that shows only when it was changed: it appeared by that day."""
    local = one.time.local.replace(hour=0, minute=0, second=0)
    day = StatedTime(local=local, precision="day")
    return _Candidate(time=day, found_in="text", other=one.other)


def _refines(candidate: StatedTime, found: StatedTime) -> bool:
    """Whether it says more exactly what the other says."""
    if found.precision == "month":
        same = candidate.local.replace(day=1).date() == found.local.date()
        return same and candidate.precision != "month"
    return candidate.has_clock and candidate.local.date() == found.local.date()


def _without_blank_clock(time: StatedTime) -> StatedTime:
    """Midnight to the second is what a day becomes in a field for times."""
    local = time.local
    if not time.has_clock or local.hour or local.minute or local.second:
        return time
    return StatedTime(local=local, precision="day")


def _by_htmldate(
    tree: HtmlElement, html: str, url: str, fetched_at: datetime
) -> Moment:
    """The day by htmldate; only where the page has a four-digit year at all."""
    if re.search(r"(?:19|20)\d\d", html) is None:
        return Moment()
    from htmldate import find_date

    found = find_date(
        tree,
        extensive_search=False,
        original_date=True,
        url=url,
        min_date=EARLIEST.date().isoformat(),
        max_date=(fetched_at + FUTURE_TOLERANCE).date().isoformat(),
    )
    day = stated(found) if found else None
    if day is None:
        return Moment()
    return Moment(at=day.at(), precision="day", found_in="htmldate")
