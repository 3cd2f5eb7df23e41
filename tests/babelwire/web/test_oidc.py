"""Signing in at an OpenID Connect provider."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from fastapi import FastAPI
from joserfc.jwk import OctKey, RSAKey
from starlette.testclient import TestClient

from babelwire.assembly import now
from babelwire.config import DeskConfig, OidcConfig
from babelwire.outside import load_outside
from babelwire.users import add_user
from babelwire.web.app import make_app
from babelwire.web.oidc import MAX_WAITING, WAITING_SECONDS, Provider, Waiting
from babelwire.web.services import Services, open_services
from babelwire.workspace import find_workspace, make_workspace
from pipeline.egress import Egress, Route
from pipeline.errors import ConfigError
from pipeline.store import users
from pipeline.store.contacts import load
from tests.babelwire.web.provider import CLIENT, SECRET, FakeProvider
from tests.certificates import self_signed
from tests.proxy import Proxy

NOBODY_IN = "The provider let nobody in."


@pytest.fixture
def provider() -> Iterator[FakeProvider]:
    with FakeProvider() as running:
        yield running


@pytest.fixture
def desk(provider: FakeProvider) -> DeskConfig:
    oidc = OidcConfig(issuer=provider.issuer, client_id=CLIENT)
    return DeskConfig(names=("desk.example",), oidc=oidc)


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Services]:
    """Without documents; Omar edits."""
    root = make_workspace(tmp_path / "w").root
    with open_services(find_workspace(root)) as services:
        add_user(services.database, "omar", "editor", None, now())
        yield services


def browser(services: Services, desk: DeskConfig) -> TestClient:
    return asking(make_app(services, desk))


def asking(app: FastAPI) -> TestClient:
    return TestClient(
        app,
        base_url="https://desk.example",
        client=("203.0.113.9", 1),
        follow_redirects=False,
        headers={"accept-language": "en"},
    )


def sign_in(client: TestClient, provider: FakeProvider, back: str = "/sources") -> str:
    """Where it leads, or the page that says why nowhere."""
    led = client.get("/login/oidc", params={"back": back})
    assert led.status_code == 303
    answer = client.get(provider.sign_in(led.headers["location"]))
    return answer.headers["location"] if answer.status_code == 303 else answer.text


def test_who_signs_in_there_is_in_here(
    workspace: Services, desk: DeskConfig, provider: FakeProvider
) -> None:
    client = browser(workspace, desk)
    assert "Sign in with your organisation" in client.get("/login").text
    assert sign_in(client, provider) == "/sources"
    page = client.get("/sources")
    assert page.status_code == 200
    assert "omar</bdi>" in page.text
    assert client.get("/users").status_code == 403
    assert provider.given["grant_type"] == "authorization_code"
    assert provider.authorization == ""


def test_a_provider_outside_is_asked_through_the_proxy_and_who_that_is_is_noted(
    workspace: Services, desk: DeskConfig, tmp_path: Path
) -> None:
    """C17, C15, C12: and believed for the authority in `ca_file`."""
    issuer = "https://login.example"
    authority, context = self_signed(tmp_path, ("login.example",))
    with FakeProvider(context) as provider, Proxy(login=("desk", "word")) as proxy:
        provider.issuer = issuer
        proxy.places["login.example"] = ("127.0.0.1", provider.port)
        app = make_app(workspace, replace(desk, oidc=replace(desk.oidc, issuer=issuer)))
        app.state.provider = Provider(
            app.state.desk.oidc,
            {},
            Egress(
                default=Route(proxy=proxy.url, user="desk", password="word"),
                ca_file=str(authority),
            ),
        )
        assert sign_in(asking(app), provider) == "/sources"
        assert {asked.target for asked in proxy.asked} == {"login.example:443"}
        assert "/token" in provider.asked
        with workspace.database.read() as connection:
            noted = {(each.host, each.purpose) for each in load(connection)}
        assert noted == {
            ("login.example", "sign-in"),
            (f"127.0.0.1:{proxy.port}", "proxy"),
        }


def test_the_desk_takes_its_ways_out_from_the_workspace(
    tmp_path: Path, desk: DeskConfig
) -> None:
    """C17: the environment has no say."""
    root = make_workspace(tmp_path / "proxied").root
    config = root / "babelwire.toml"
    text = config.read_text("utf-8").replace(
        'proxy = ""', 'proxy = "http://p.example:3128"', 1
    )
    config.write_text(text, "utf-8")
    oidc = replace(desk.oidc, issuer="https://login.example")
    with open_services(find_workspace(root)) as services:
        provider = make_app(services, replace(desk, oidc=oidc)).state.provider
        assert provider.contacts == {
            "login.example": "sign-in",
            "p.example:3128": "proxy",
        }


def test_the_desks_secret_comes_from_the_environment(
    workspace: Services,
    desk: DeskConfig,
    provider: FakeProvider,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("DESK_SECRET", SECRET)
    oidc = replace(desk.oidc, client_secret_variable="DESK_SECRET")
    client = browser(workspace, replace(desk, oidc=oidc))
    assert sign_in(client, provider) == "/sources"
    assert provider.authorization.startswith("Basic ")


def test_it_leads_nowhere_else(
    workspace: Services, desk: DeskConfig, provider: FakeProvider
) -> None:
    client = browser(workspace, desk)
    assert sign_in(client, provider, "https://evil.example") == "/"


def test_a_stranger_is_turned_away_unless_there_is_a_role_for_such(
    workspace: Services, desk: DeskConfig, provider: FakeProvider
) -> None:
    provider.name = "stranger"
    client = browser(workspace, desk)
    assert "nobody let you in here yet" in sign_in(client, provider)
    assert client.get("/api/v1/status").status_code == 401
    client = browser(workspace, replace(desk, default_role="reader"))
    assert sign_in(client, provider) == "/sources"
    with workspace.database.read() as connection:
        found = users.find(connection, "stranger")
    assert found is not None
    assert found.role == "reader"


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": "https://evil.example"},
        {"aud": "another-desk"},
        {"nonce": "another"},
        {"nonce": None},
        {"exp": 1},
        {"sub": None},
        {"preferred_username": ""},
        {"preferred_username": "a b"},
        {"preferred_username": None},
    ],
)
def test_a_token_that_does_not_hold_lets_nobody_in(
    workspace: Services,
    desk: DeskConfig,
    provider: FakeProvider,
    claims: dict[str, object],
) -> None:
    """W5"""
    provider.claims = claims
    client = browser(workspace, desk)
    assert NOBODY_IN in sign_in(client, provider)
    assert client.get("/api/v1/status").status_code == 401


def test_a_token_signed_by_another_lets_nobody_in(
    workspace: Services, desk: DeskConfig, provider: FakeProvider
) -> None:
    """W5"""
    client = browser(workspace, desk)
    provider.key = RSAKey.generate_key(2048, {"kid": "1"})
    assert NOBODY_IN in sign_in(client, provider)
    provider.header = {"alg": "HS256"}
    provider.key = OctKey.generate_key(256)
    assert NOBODY_IN in sign_in(client, provider)


def test_only_the_browser_that_began_may_end_it_and_once(
    workspace: Services, desk: DeskConfig, provider: FakeProvider
) -> None:
    """W5: a link that signs somebody in as another is refused."""
    attacker = browser(workspace, desk)
    victim = TestClient(
        attacker.app,
        base_url="https://desk.example",
        client=("203.0.113.9", 2),
        follow_redirects=False,
        headers={"accept-language": "en"},
    )
    link = provider.sign_in(attacker.get("/login/oidc").headers["location"])
    assert NOBODY_IN in victim.get(link).text
    assert attacker.get(link).status_code == 303
    assert NOBODY_IN in attacker.get(link).text
    assert NOBODY_IN in victim.get("/login/oidc/back?state=&code=x").text


def test_a_provider_that_does_not_answer_is_said(
    workspace: Services, desk: DeskConfig, provider: FakeProvider
) -> None:
    client = browser(workspace, desk)
    provider.is_down = True
    answer = client.get("/login/oidc")
    assert answer.status_code == 503
    assert "nobody can sign in now" in answer.text


def test_a_provider_with_another_name_is_not_believed(
    workspace: Services, desk: DeskConfig, provider: FakeProvider
) -> None:
    provider.issuer_said = "https://evil.example"
    assert browser(workspace, desk).get("/login/oidc").status_code == 503


def test_without_a_provider_there_is_no_such_page(workspace: Services) -> None:
    client = browser(workspace, DeskConfig(names=("desk.example",)))
    assert client.get("/login/oidc").status_code == 404
    assert "organisation" not in client.get("/login").text


def test_the_provider_is_among_the_hosts_that_were_contacted(
    workspace: Services, desk: DeskConfig, provider: FakeProvider
) -> None:
    sign_in(browser(workspace, desk), provider)
    found = load_outside(workspace.workspace, workspace.database)
    hosts = {each["host"]: each["contacts"][0]["purpose"] for each in found["hosts"]}
    assert hosts[provider.issuer.removeprefix("http://")] == "sign-in"


@pytest.mark.parametrize(
    ("values", "key"),
    [
        ({"issuer": "http://login.example.org", "client_id": "x"}, "issuer"),
        ({"issuer": "https://login.example.org"}, "client_id"),
        (
            {"issuer": "https://a.example", "client_id": "x", "scopes": ("profile",)},
            "scopes",
        ),
    ],
)
def test_a_provider_that_cannot_be_asked_is_refused(
    values: dict[str, object], key: str
) -> None:
    with pytest.raises(ConfigError, match=key):
        OidcConfig(**values)  # type: ignore[arg-type]


def test_a_sign_in_ends_after_ten_minutes_and_only_so_many_are_under_way() -> None:
    at = [0.0]
    waiting = Waiting(lambda: at[0])
    early, _ = waiting.begin("/")
    late, begun = waiting.begin("/")
    at[0] = WAITING_SECONDS
    assert waiting.end(late) == begun
    at[0] = WAITING_SECONDS + 1
    assert waiting.end(early) is None
    states = [waiting.begin("/")[0] for _ in range(MAX_WAITING + 1)]
    assert waiting.end(states[0]) is None
    assert waiting.end(states[1]) is not None
