"""The API asked 10,000 questions made from its own description (schemathesis)."""

import time
from collections import Counter
from typing import Any

import httpx
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings

from benchmarks.desk_served import Served
from benchmarks.measured import verdict

CASES = 10_000


def report(desk: Served) -> None:
    """Prints how many questions of each kind of answer there were; none may be a 5xx.

    Answers that the description does not know are counted, too.
    """
    schema = schemathesis.openapi.from_url(desk.address + "/api/v1/openapi.json")
    operations = [found.ok() for found in schema.get_all_operations()]
    answers: Counter[int] = Counter()
    unknown: Counter[str] = Counter()
    started = time.perf_counter()
    with httpx.Client(base_url=desk.address, trust_env=False, timeout=60) as client:
        for operation in operations:
            _ask(operation, client, -(-CASES // len(operations)), answers, unknown)
    seconds = time.perf_counter() - started
    kinds = ", ".join(f"{status}: {n:,}" for status, n in sorted(answers.items()))
    print(f"  {answers.total():,} questions to the API in {seconds:.0f} s: {kinds}")
    for what, number in unknown.most_common():
        print(f"  not described: {what} ({number:,} times)")
    failures = sum(n for status, n in answers.items() if status >= 500)
    verdict("5xx", failures, 0, at_least=False)
    verdict("not described", unknown.total(), 0, at_least=False)


def _ask(
    operation: Any,
    client: httpx.Client,
    cases: int,
    answers: Counter[int],
    unknown: Counter[str],
) -> None:
    asked = 0

    @given(case=operation.as_strategy())
    @settings(
        max_examples=cases,
        database=None,
        deadline=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    def ask(case: Any) -> None:
        nonlocal asked
        asked += 1
        query = dict(case.query or {})
        response = client.request(case.method, case.formatted_path, params=query)
        answers[response.status_code] += 1
        described = operation.definition.raw["responses"]
        if str(response.status_code) not in described:
            unknown[f"{response.status_code} of {case.method} {operation.path}"] += 1

    while asked < cases:  # few different questions: they are asked again
        before = asked
        ask()
        if asked == before:
            break
