"""The API against its own description: whatever is asked, an answer it describes."""

from typing import Any, cast

import schemathesis
from hypothesis import HealthCheck, settings
from starlette.testclient import TestClient

from babelwire.web.app import make_app

schema = schemathesis.openapi.from_dict(make_app(cast("Any", None)).openapi())


@schema.parametrize()
@settings(max_examples=40, suppress_health_check=list(HealthCheck))
def test_no_question_breaks_the_api(case: Any, client: TestClient) -> None:
    """W9"""
    response = client.request(
        case.method, case.formatted_path, params=dict(case.query or {})
    )
    assert response.status_code in {200, 400, 404, 405}, response.text
    if response.status_code != 200:
        assert response.headers["content-type"] == "application/problem+json"
        assert response.json()["status"] == response.status_code
        return
    case.operation.validate_response(schemathesis.Response.from_any(response))
