"""What a source's file may say."""

import pytest

from pipeline.errors import ConfigError
from pipeline.settings import from_mapping
from pipeline.sources import Source

GIVEN = {
    "name": "s",
    "kind": "news",
    "publisher": "P",
    "feeds": ["https://e.org/feed"],
}

WRONG = {
    "every": ["15", "2h..15m", "15m..", "..2h", "15m..2h..3h", "0m..2h", "soon"],
    "timezone": ["Ho Chi Minh", "Asia/Atlantis", "../etc/passwd", "+07:00"],
    "unverified_hosts": [["other.org"]],
    "archives": [["https://e.org/{week}"], ["ftp://e.org/{year}"]],
}


@pytest.mark.parametrize(
    ("key", "value"), [(key, value) for key in WRONG for value in WRONG[key]]
)
def test_what_cannot_be_meant_is_refused_by_name(key, value):
    """W8: a zone's name is no path."""
    with pytest.raises(ConfigError, match=key):
        from_mapping(Source, GIVEN | {key: value})


@pytest.mark.parametrize(
    ("every", "bounds"),
    [("15m", (900, 900)), ("10m..2h", (600, 7200)), ("1d..1d", (86400, 86400))],
)
def test_every_is_one_time_or_two(every, bounds):
    assert from_mapping(Source, GIVEN | {"every": every}).every_bounds == bounds


def test_endpoints_are_what_comes_first():
    both = GIVEN | {"sitemaps": ["https://e.org/feed", "https://e.org/s.xml"]}
    assert from_mapping(Source, both).endpoint_kinds == {
        "https://e.org/feed": "feed",
        "https://e.org/s.xml": "sitemap",
    }
