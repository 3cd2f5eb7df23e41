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
from itertools import islice
from urllib.parse import urlsplit

from lxml import etree
from lxml.html import HtmlElement

from pipeline.dates.day_forms import Order, order_of
from pipeline.dates.moments import EARLIEST_YEAR, day_in_path
from pipeline.dates.scanning import DateReader, WrittenTime
from pipeline.dates.stated import StatedTime, stated
from pipeline.documents import DateFlag, Precision
from pipeline.extraction.structured_data import StructuredData, text_of
from pipeline.extraction.visible_dates import VisibleDate, VisibleDates

EARLIEST = datetime(EARLIEST_YEAR, 1, 1, tzinfo=UTC)
"""Nothing on the web is older; an earlier date is a template's default."""
FUTURE_TOLERANCE = timedelta(days=2)
"""A later date than this after the fetch is an event's or an error (P7)."""
YEARS_OFF = timedelta(days=366)
"""Further from the feed's day, or the address's, one of the two is wrong."""
SAME_EVENT = timedelta(days=1)
"""A feed's time and a page's day may differ by their zones."""

_PUBLISHED_META = (
    "article:published_time",
    "og:published_time",
    "og:article:published_time",
    "datepublished",
    "publishdate",
    "publish-date",
    "publish_date",
    "published_date",
    "publication_date",
    "publicationdate",
    "pubdate",
    "pub_date",
    "parsely-pub-date",
    "sailthru.date",
    "cxenseparse:recs:publishtime",
    "article.published",
    "article_date_original",
    "article:published",
    "published_at",
    "dc.date.issued",
    "dcterms.issued",
    "dc.date.created",
    "dcterms.created",
    "dc.created",
    "dc.date",
    "dcterms.date",
    "citation_publication_date",
    "citation_date",
    "ptime",
    "date",
    "datecreated",
    "created",
)
_MODIFIED_META = (
    "article:modified_time",
    "og:updated_time",
    "article:updated_time",
    "datemodified",
    "dcterms.modified",
    "dc.date.modified",
    "last-modified",
    "lastmod",
    "last_updated",
    "sailthru.modified",
    "revised",
    "updated",
)
_PUBLISHED_CLASS = re.compile(
    r"\b(dt-published|entry-date|published|publish(?:ed)?[-_]?(?:date|time|at)|pubdate"
    r"|post-date|article[-_]date)\b",
    re.IGNORECASE,
)
_MODIFIED_CLASS = re.compile(r"updat|modif|revis|edited", re.IGNORECASE)
_WITH_PROPERTY = etree.XPath("//*[@property and @content and not(self::meta)]")
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
        found: _Candidate | None = None
        for stated_one in self._statements():
            candidate = self._settled(stated_one)
            self._is_unclear |= candidate is None
            if candidate is None or not self._is_believed(candidate):
                continue
            if found is None:
                found = candidate
            if found.time.has_clock:
                break
            if _refines(candidate.time, found.time):
                found = candidate
        return self._with_feed(found)

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
        values = (self._meta.get(key, "") for key in _PUBLISHED_META)
        yield from self._candidates(values, "meta")
        values = (text_of(v) for v in data.microdata("datePublished"))
        yield from self._candidates(values, "microdata")
        yield from self._candidates(_properties(self._tree), "microdata")
        yield from self._candidates(_time_elements(self._tree), "time")
        for name in ("dateCreated", "uploadDate"):
            yield from self._candidates(map(text_of, data.values(name)), "json-ld")

    def _printed(self) -> Iterator[_Candidate]:
        shown = self._visible
        own = [one for one in shown if one.written.label != "modified"]
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
        hint = self._about.hint
        days = (self._url_day, hint.local.date() if hint else None)
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
        if at > self._about.fetched_at + FUTURE_TOLERANCE:
            self._flags.add("future")
        elif at < EARLIEST:
            self._flags.add("too_old")
        return plausible(at, self._about.fetched_at) and not self._is_off(at)

    def _is_off(self, at: datetime) -> bool:
        """Years off the day in the address; without one, off the feed's."""
        hint = self._about.hint
        hinted = hint.at(self._about.zone) if hint else None
        is_off_feed = hinted is not None and abs(at - hinted) > YEARS_OFF
        if self._url_day is None:
            is_off = is_off_feed
        else:
            is_off = abs(at.date() - self._url_day) > YEARS_OFF
        if is_off or is_off_feed:
            self._flags.add("contradicts_feed")
        return is_off

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
        values += [self._meta.get(key, "") for key in _MODIFIED_META]
        found = (stated(value) for value in values if value)
        return frozenset(time.local.date() for time in found if time)

    def _with_feed(self, found: _Candidate | None) -> Moment:
        """The feed knows the minute of a day that the page confirms or leaves open."""
        moment = self._moment(found)
        hint = self._about.hint
        hinted = hint.at() if hint else None
        if hint is None or hinted is None:
            return moment if moment.at else self._guessed()
        if not plausible(hinted, self._about.fetched_at):
            return moment if moment.at else self._guessed()
        fed = Moment(at=hinted, precision=hint.precision, found_in="feed")
        if moment.at is None:
            return fed
        if moment.precision in {"hour", "minute", "second"} or not hint.has_clock:
            return moment
        return fed if abs(hinted - moment.at) <= SAME_EVENT else moment

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
        values = (self._meta.get(key, "") for key in _MODIFIED_META)
        yield from self._candidates(values, "meta")
        values = (text_of(v) for v in data.microdata("dateModified"))
        yield from self._candidates(values, "microdata")
        yield from self._candidates(_changed_elements(self._tree), "time")
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


def _properties(tree: HtmlElement) -> Iterator[str]:
    """RDFa's, as content systems write them on elements of the page."""
    wanted = {"datepublished", "date", "created", "issued", "pubdate"}
    for node in _WITH_PROPERTY(tree)[:200]:
        names = (node.get("property") or "").lower().split()
        if wanted & {re.split("[:/#]", n)[-1] for n in names}:
            yield node.get("content") or ""


def _time_elements(tree: HtmlElement) -> Iterator[str]:
    """Those that are marked as the publication's; then the one by the headline."""
    times = [n for n in islice(tree.iter("time"), 200) if n.get("datetime")]
    marked = [n for n in times if n.get("pubdate") is not None or _is_marked(n)]
    marked += islice(tree.iterfind(".//abbr[@class='published'][@title]"), 1)
    for node in marked[:1]:
        yield node.get("datetime") or node.get("title") or ""
    heading = tree.find(".//h1")
    near = _near(times, heading)
    if near is not None:
        yield near.get("datetime") or ""


def _is_marked(node: HtmlElement) -> bool:
    names = f"{node.get('class', '')} {node.get('itemprop', '')}"
    return bool(_PUBLISHED_CLASS.search(names)) and not _MODIFIED_CLASS.search(names)


def _near(times: list[HtmlElement], heading: HtmlElement | None) -> HtmlElement | None:
    """The time of the smallest of the few elements around the headline that has one."""
    times = [n for n in times if not _MODIFIED_CLASS.search(n.get("class") or "")]
    if heading is None:
        return times[0] if len(times) == 1 else None
    above = [heading, *islice(heading.iterancestors(), 4)]
    for node in above:
        if node.tag in {"body", "html"}:
            break
        within = next(node.iter("time"), None)
        if within is not None and within in times:
            return within
    return times[0] if times and len(times) <= 3 else None


def _changed_elements(tree: HtmlElement) -> Iterator[str]:
    for node in islice(tree.iter("time"), 50):
        names = f"{node.get('class', '')} {node.get('itemprop', '')}"
        if _MODIFIED_CLASS.search(names) or "dt-updated" in names:
            yield node.get("datetime") or ""
            return


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
