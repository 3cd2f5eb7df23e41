"""Every setting that something rests on, as Scrapy really has it in the end."""

import pytest
from scrapy.crawler import Crawler
from scrapy.settings import Settings

from crawler.guard import Guard
from crawler.job import Limits, user_agent
from crawler.settings import check_settings, scrapy_settings
from crawler.spider import WorkSpider

EXPECTED = {
    "DOWNLOAD_VERIFY_CERTIFICATES": True,  # C12
    "DOWNLOAD_TIMEOUT": 20.0,
    "DOWNLOAD_MAXSIZE": 15 << 20,
    "DOWNLOAD_FAIL_ON_DATALOSS": True,  # C16
    "COMPRESSION_ENABLED": False,
    "ROBOTSTXT_OBEY": False,
    "REDIRECT_ENABLED": False,  # C4
    "METAREFRESH_ENABLED": False,
    "RETRY_ENABLED": False,
    "COOKIES_ENABLED": False,  # C15
    "REFERER_ENABLED": False,
    "HTTPPROXY_ENABLED": False,  # C17
    "HTTPCACHE_ENABLED": False,
    "TELNETCONSOLE_ENABLED": False,
    "REMOTE_CONTROL_ENABLED": False,
    "AUTOTHROTTLE_ENABLED": False,
    "DNSCACHE_ENABLED": False,  # C5
    "TWISTED_DNS_RESOLVER": "crawler.guard.GuardResolver",
    "JOBDIR": None,
    "LOG_ENABLED": False,
    "USER_AGENT": "Mozilla/5.0 (compatible; babelwire/0.1; +me@example.org)",
}


@pytest.fixture(scope="module")
def settings():
    made = scrapy_settings(
        guard=Guard(), limits=Limits(), agent=user_agent("me@example.org")
    )
    return Crawler(WorkSpider, Settings(made)).settings


@pytest.mark.parametrize(("name", "value"), EXPECTED.items())
def test_the_setting_is_as_designed(settings, name, value):
    assert settings[name] == value


def test_http_and_https_go_through_our_handler_and_nothing_else_goes(settings):
    """C4."""
    handlers = settings.getwithbase("DOWNLOAD_HANDLERS")
    ours = "crawler.download_handler.GuardedHandler"
    assert {k: v for k, v in handlers.items() if v} == {"http": ours, "https": ours}


def test_our_own_settings_pass_the_check_that_every_crawl_makes(settings):
    check_settings(settings)


def test_the_url_rules_come_first(settings):
    middlewares = settings.getwithbase("DOWNLOADER_MIDDLEWARES")
    numbers = {k: v for k, v in middlewares.items() if v is not None}
    assert min(numbers, key=numbers.get) == "crawler.guard.UrlRules"


def test_no_server_of_scrapys_is_started(settings):
    assert settings.getwithbase("EXTENSIONS")
    assert not settings.getbool("REMOTE_CONTROL_ENABLED")
    assert not settings.getbool("TELNETCONSOLE_ENABLED")
