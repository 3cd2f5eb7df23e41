"""The desk over the demo's workspace, asked without a network."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from babelwire.web.app import make_app
from babelwire.web.reader import TOKEN
from babelwire.web.services import Services, open_services
from babelwire.workspace import find_workspace
from tests.babelwire.conftest import Demo, copied

HOME = "http://127.0.0.1:8787"
HERE = ("127.0.0.1", 50_000)
"""Where the browser is."""


@pytest.fixture(scope="session")
def services(demo: Demo) -> Iterator[Services]:
    with open_services(find_workspace(demo.workspace)) as services:
        yield services


@pytest.fixture
def client(services: Services) -> Iterator[TestClient]:
    """A browser on this machine that speaks English and lives in UTC."""
    app = make_app(services)
    with TestClient(
        app, base_url=HOME, client=HERE, raise_server_exceptions=False
    ) as client:
        client.headers["accept-language"] = "en"
        client.cookies.set("timezone", "UTC")
        yield client


@pytest.fixture
def own(demo: Demo, tmp_path: Path) -> Iterator[TestClient]:
    """The same over a copy of the workspace, which may be changed."""
    copy = tmp_path / "copy"
    copied(demo.workspace, copy)
    with (
        open_services(find_workspace(copy)) as services,
        TestClient(make_app(services), base_url=HOME, client=HERE) as client,
    ):
        client.headers["accept-language"] = "en"
        client.cookies.set("timezone", "UTC")
        client.get("/")
        yield client


def send(client: TestClient, path: str, **fields: object) -> str:
    """What a form leads to: an address, or the page it answers with."""
    sent = {"token": client.cookies[TOKEN], **fields}
    answer = client.post(path, data=sent, follow_redirects=False)
    return answer.headers["location"] if answer.status_code == 303 else answer.text


def search(client: TestClient, **parameters: Any) -> Any:
    """The answer of the API."""
    return client.get("/api/v1/search", params=parameters).json()


@pytest.fixture
def arabic(client: TestClient) -> str:
    """Id of a translated Arabic document."""
    found: str = search(client, q="forum", lang="ar")["hits"][0]["id"]
    return found
