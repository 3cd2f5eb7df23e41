"""The API against its own description: whatever is asked, an answer it describes."""

from typing import Any, cast

import schemathesis
from hypothesis import HealthCheck, settings
from starlette.testclient import TestClient

from babelwire.config import DeskConfig
from babelwire.web.app import make_app

schema = schemathesis.openapi.from_dict(
    make_app(cast("Any", None), DeskConfig()).openapi()
)


@schema.parametrize()
@settings(max_examples=40, suppress_health_check=list(HealthCheck))
def test_no_question_breaks_the_api(case: Any, client: TestClient) -> None:
    """W9"""
    response = client.request(
        case.method, case.formatted_path, params=dict(case.query or {})
    )
    if response.status_code == 405:  # another method, or a path with a slash in it
        return
    assert response.status_code < 500, response.text
    described = case.operation.definition.raw["responses"]
    assert str(response.status_code) in described, response.text
    if response.status_code >= 400:
        assert response.headers["content-type"] == "application/problem+json"
        assert response.json()["status"] == response.status_code
    case.operation.validate_response(schemathesis.Response.from_any(response))
