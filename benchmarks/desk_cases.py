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
FEW = 10
"""An operation that has fewer different questions is not asked again and again."""


def report(desk: Served) -> None:
    """Prints how many questions of each kind of answer there were; none may be a 5xx.

    Answers that the description does not know are counted, too.
    """
    schema = schemathesis.openapi.from_url(desk.address + "/api/v1/openapi.json")
    operations = [found.ok() for found in schema.get_all_operations()]
    started = time.perf_counter()
    with httpx.Client(base_url=desk.address, trust_env=False, timeout=60) as client:
        asked = _Asked(client)
        many = [each for each in operations if asked.ask(each, FEW) == FEW]
        for place, operation in enumerate(many):
            share = -(-(CASES - asked.answers.total()) // (len(many) - place))
            asked.ask(operation, share)
    seconds = time.perf_counter() - started
    kinds = ", ".join(f"{status}: {n:,}" for status, n in sorted(asked.answers.items()))
    total = asked.answers.total()
    print(f"  {total:,} questions to the API in {seconds:.0f} s: {kinds}")
    for what, number in asked.unknown.most_common():
        print(f"  not described: {what} ({number:,} times)")
    failures = sum(n for status, n in asked.answers.items() if status >= 500)
    verdict("5xx", failures, 0, at_least=False)
    verdict("not described", asked.unknown.total(), 0, at_least=False)


class _Asked:
    """What was answered: how often each status, and what the description lacks."""

    def __init__(self, client: httpx.Client) -> None:
        self._client = client
        self.answers: Counter[int] = Counter()
        self.unknown: Counter[str] = Counter()

    def ask(self, operation: Any, cases: int) -> int:
        """Asks so many different questions, or as many as there are; how many."""
        before = self.answers.total()

        @given(case=operation.as_strategy())
        @settings(
            max_examples=cases,
            database=None,
            deadline=None,
            derandomize=True,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        def one(case: Any) -> None:
            self._ask_one(operation, case)

        one()
        return self.answers.total() - before

    def _ask_one(self, operation: Any, case: Any) -> None:
        query = dict(case.query or {})
        response = self._client.request(case.method, case.formatted_path, params=query)
        self.answers[response.status_code] += 1
        described = operation.definition.raw["responses"]
        if str(response.status_code) not in described:
            what = f"{response.status_code} of {case.method} {operation.path}"
            self.unknown[what] += 1
