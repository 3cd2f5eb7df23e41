"""RFC 9309, answer by answer; and Retry-After."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from crawler.fetching import Answer
from crawler.job import Limits
from crawler.judge import BUSY_SECONDS, retry_after_seconds
from crawler.robots import LIFETIME, MAX_PARSED_BYTES, Policy, learn_policy, policy_of
from pipeline.archive import ArchivedResponse

NOW = datetime(2024, 6, 21, 10, 0, tzinfo=UTC)
ORIGIN = "https://example.org"
DENY = b"User-agent: *\nDisallow: /\n"


def answer(status=200, body=b"", url=ORIGIN + "/robots.txt", **headers):
    response = ArchivedResponse(
        url=url,
        at=NOW,
        status=status,
        headers=tuple((k.replace("_", "-"), v) for k, v in headers.items()),
        body=body,
    )
    return Answer(url=url, at=NOW, status=status, response=response, body=body)


def failure(reason, *, refused=False):
    return Answer(url=ORIGIN, at=NOW, reason=reason, refused=refused)


def permission(given, url=ORIGIN + "/a"):
    policy = policy_of(given, ORIGIN, retry_after=timedelta(minutes=10))
    return policy.permission(url)


ANSWERS = [
    (answer(200, DENY), "deny"),
    (answer(200, b""), "allow"),
    (answer(200, b"<html>not found</html>"), "allow"),
    (answer(200, b"\xff\xfe\x00 bytes"), "allow"),
    (answer(401, DENY), "allow"),
    (answer(403, DENY), "allow"),
    (answer(404, DENY), "allow"),
    (answer(429, DENY), "postpone"),
    (answer(500), "postpone"),
    (answer(503), "postpone"),
    (failure("connection_lost"), "postpone"),
    (failure("timeout"), "postpone"),
    (failure("address_not_public", refused=True), "allow"),
]


@pytest.mark.parametrize(("given", "expected"), ANSWERS)
def test_each_answer_means_what_the_rfc_says(given, expected):
    """C1, C2."""
    assert permission(given) == expected


def test_our_own_rules_win_over_those_for_everybody():
    body = b"User-agent: *\nDisallow: /\n\nUser-agent: Babelwire\nDisallow: /private\n"
    assert permission(answer(200, body)) == "allow"
    assert permission(answer(200, body), ORIGIN + "/private/x") == "deny"


def test_only_the_first_500_kib_are_parsed():
    """C2."""
    padding = b"# x\n" * (MAX_PARSED_BYTES // 4)
    assert permission(answer(200, padding + DENY)) == "allow"
    assert permission(answer(200, DENY + padding)) == "deny"


def test_rules_hold_for_a_day_and_silence_for_minutes():
    """C2."""
    retry = timedelta(minutes=10)
    rules = policy_of(answer(200, DENY), ORIGIN, retry_after=retry)
    silence = policy_of(answer(503), ORIGIN, retry_after=retry)
    assert rules.expires_at == NOW + LIFETIME == NOW + timedelta(hours=24)
    assert silence.expires_at == NOW + retry


def test_a_policy_survives_the_store():
    policy = policy_of(answer(200, DENY), ORIGIN, retry_after=timedelta(0))
    assert Policy.of_record(policy.as_record()) == policy


def learn(answers):
    asked = []

    async def ask(url):
        asked.append(url)
        return answers[min(len(asked), len(answers)) - 1]

    return asyncio.run(learn_policy(ask, ORIGIN)), asked


def test_five_redirects_are_followed_to_other_hosts_too():
    """C2."""
    hops = [answer(301, Location=f"https://other.org/{n}") for n in range(5)]
    policy, asked = learn([*hops, answer(200, DENY)])
    assert policy.permission(ORIGIN + "/a") == "deny"
    assert policy.origin == ORIGIN
    assert asked[-1] == "https://other.org/4"


def test_a_sixth_redirect_is_taken_for_no_robots_txt():
    policy, asked = learn([answer(302, Location="/again")])
    assert policy.state == "allow"
    assert len(asked) == 6


RETRY_AFTER = [
    (answer(429, Retry_After="120"), 120),
    (answer(503, Retry_After="Fri, 21 Jun 2024 10:05:00 GMT"), 300),
    (answer(503, Retry_After="Fri, 21 Jun 2024 09:00:00 GMT"), 0),
    (answer(503, Retry_After="Sat, 21 Jun 2025 10:00:00 GMT"), 86_400),
    (answer(503, Retry_After="9" * 400), 86_400),
    (answer(503, Retry_After="soon"), 0),
    (answer(503), 0),
    (answer(429), BUSY_SECONDS),
    (answer(429, Retry_After="²"), BUSY_SECONDS),
    (answer(200, Retry_After="120"), 0),
]


@pytest.mark.parametrize(("given", "seconds"), RETRY_AFTER)
def test_retry_after_is_seconds_or_a_date_and_has_a_cap(given, seconds):
    """C3."""
    assert retry_after_seconds(given, Limits()) == seconds
