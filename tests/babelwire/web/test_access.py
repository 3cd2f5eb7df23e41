"""Who may ask for what: users, roles, sessions, tokens, proxies."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute
from starlette.testclient import TestClient

from babelwire.assembly import now
from babelwire.config import DeskConfig
from babelwire.users import add_user
from babelwire.web.app import make_app
from babelwire.web.reader import TOKEN
from babelwire.web.services import Services, open_services
from babelwire.workspace import find_workspace
from pipeline.store import users
from pipeline.store.users import Deed
from tests.babelwire.conftest import Demo, copied
from tests.babelwire.web.conftest import send

ROLES: dict[str, users.Role] = {"lan": "reader", "omar": "editor", "ada": "admin"}
PASSWORD = "correct horse battery staple"
ELSEWHERE = ("203.0.113.9", 50_000)
PROXY = ("10.0.0.5", 50_000)
HOME = "https://desk.example"
DESK = DeskConfig(names=("desk.example",), requests_per_minute=0)
PROXIED = DeskConfig(
    names=("desk.example",),
    trusted_proxies=("10.0.0.0/24",),
    user_header="X-Forwarded-User",
)


@dataclass(frozen=True)
class Office:
    """A desk that others reach."""

    services: Services

    def browser(
        self, desk: DeskConfig = DESK, peer: tuple[str, int] = ELSEWHERE
    ) -> TestClient:
        client = TestClient(
            make_app(self.services, desk),
            base_url=HOME,
            client=peer,
            follow_redirects=False,
            headers={"accept-language": "en"},
        )
        client.get("/login")
        return client

    def signed_in(self, name: str, desk: DeskConfig = DESK) -> TestClient:
        client = self.browser(desk)
        assert send(client, "/login", name=name, password=PASSWORD) == "/"
        return client

    def log(self) -> list[Deed]:
        """What its users did; the demo was exported by others before."""
        with self.services.database.read() as connection:
            found = users.load_log(connection, limit=1000)
        return [deed for deed in found if deed.actor in ROLES]


@pytest.fixture
def empty(demo: Demo, tmp_path: Path) -> Iterator[Office]:
    """Without users."""
    copied(demo.workspace, tmp_path / "copy")
    with open_services(find_workspace(tmp_path / "copy")) as services:
        yield Office(services)


@pytest.fixture
def office(empty: Office) -> Office:
    """Lan reads, Omar edits, Ada looks after it."""
    for name, role in ROLES.items():
        add_user(empty.services.database, name, role, PASSWORD, now())
    return empty


# --- Nobody in particular ----------------------------------------------------------

WITHOUT_SIGNING_IN = {
    ("GET", "/login"),
    ("POST", "/login"),
    ("POST", "/logout"),
    ("POST", "/settings"),
    ("GET", "/login/oidc"),
    ("GET", "/login/oidc/back"),
}


def routes(app: FastAPI) -> list[tuple[str, str]]:
    rooms = [getattr(each, "original_router", app) for each in app.routes]
    found = [
        (method, route.path)
        for router in {id(room): room for room in rooms}.values()
        for route in router.routes
        if isinstance(route, APIRoute)
        for method in sorted(route.methods)
    ]
    return [*found, ("GET", "/api/v1/openapi.json")]


def test_every_route_asks_who_is_there(office: Office) -> None:
    """W5"""
    client = office.browser()
    assert isinstance(client.app, FastAPI)
    every = routes(client.app)
    assert len(every) > 40
    for method, path in every:
        if (method, path) in WITHOUT_SIGNING_IN:
            continue
        asked = re.sub(r"\{[^}]+\}", "1", path)
        token = {"token": client.cookies[TOKEN]}
        answer = client.request(method, asked, data=token if method != "GET" else None)
        assert answer.status_code in {401, 303}, (method, path)
        if answer.status_code == 303:
            assert answer.headers["location"].startswith("/login?back=")
        assert "kazan" not in answer.text.lower()


def test_a_program_is_told_how_to_sign_in(office: Office) -> None:
    client = office.browser()
    answer = client.get("/api/v1/status")
    assert answer.status_code == 401
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["www-authenticate"].startswith("Bearer ")
    feed = client.get("/feed.atom")
    assert feed.headers["www-authenticate"].startswith("Basic ")


@pytest.mark.parametrize(
    "header",
    ["X-Forwarded-For", "X-Real-IP", "Forwarded", "X-Forwarded-User", "X-User"],
)
def test_a_forged_header_lets_nobody_in(office: Office, header: str) -> None:
    """W5"""
    for desk in (DESK, PROXIED):
        client = office.browser(desk)
        for value in ("127.0.0.1", "ada", "for=127.0.0.1", "10.0.0.5"):
            answer = client.get("/api/v1/status", headers={header: value})
            assert answer.status_code == 401


def test_a_desk_without_users_is_for_its_own_machine(empty: Office) -> None:
    here = empty.browser(peer=("127.0.0.1", 1))
    assert here.get("/api/v1/status").status_code == 200
    assert here.get("/api/v1/status", headers={"host": "localhost"}).is_success
    there = empty.browser()
    assert there.get("/api/v1/status").status_code == 401
    assert "babelwire user add" in there.get("/login").text


@pytest.mark.parametrize(
    "header", ["X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Host", "Forwarded"]
)
def test_whom_a_proxy_here_passes_on_is_not_at_this_machine(
    empty: Office, header: str
) -> None:
    """A proxy that nobody told the desk of opens it to nobody."""
    here = empty.browser(peer=("127.0.0.1", 1))
    answer = here.get("/api/v1/status", headers={header: "203.0.113.9"})
    assert answer.status_code == 401


def test_a_desk_with_users_asks_at_its_own_machine_too(office: Office) -> None:
    here = office.browser(peer=("127.0.0.1", 1))
    assert here.get("/api/v1/status").status_code == 401


def test_only_its_names_are_the_desks(office: Office) -> None:
    client = office.browser()
    answer = client.get("/login", headers={"host": "evil.example"})
    assert answer.status_code == 421
    assert '"names" under [desk]' in answer.text


# --- Signing in --------------------------------------------------------------------


def test_signing_in_leads_back_to_where_one_was(office: Office) -> None:
    client = office.browser()
    led = client.get("/?q=kazan&lang=ar").headers["location"]
    assert "back=%2F%3Fq%3Dkazan%26lang%3Dar" in led
    assert 'value="/?q=kazan&amp;lang=ar"' in client.get(led).text
    back = send(
        client, "/login", name="lan", password=PASSWORD, back="/?q=kazan&lang=ar"
    )
    assert back == "/?q=kazan&lang=ar"
    page = client.get(back)
    assert page.status_code == 200
    assert "lan</bdi>" in page.text
    assert client.get("/login?back=/sources").headers["location"] == "/sources"


def test_signing_in_leads_nowhere_else(office: Office) -> None:
    for back in ("//evil.example", "https://evil.example", "/\\evil.example"):
        client = office.browser()
        assert send(client, "/login", name="lan", password=PASSWORD, back=back) == "/"


def test_the_cookie_is_for_this_desk_alone(office: Office) -> None:
    client = office.browser()
    fields = {"token": client.cookies[TOKEN], "name": "lan", "password": PASSWORD}
    said = client.post("/login", data=fields).headers["set-cookie"].lower()
    for wanted in ("session=", "httponly", "secure", "samesite=lax", "path=/"):
        assert wanted in said
    assert "domain" not in said


def test_a_wrong_password_says_no_more_than_a_wrong_name(office: Office) -> None:
    client = office.browser()
    wrong = [
        send(client, "/login", name=name, password="some other long words")
        for name in ("lan", "nobody")
    ]
    assert wrong[0] == wrong[1]
    assert "There is no user with this name and this password." in wrong[0]
    assert client.get("/api/v1/status").status_code == 401


def test_guessing_is_stopped_for_a_name_and_for_an_address(office: Office) -> None:
    client = office.browser()
    for _ in range(10):
        send(client, "/login", name="lan", password="guess")
    token = client.cookies[TOKEN]
    right = {"token": token, "name": "lan", "password": PASSWORD}
    stopped = client.post("/login", data=right)
    assert stopped.status_code == 429
    assert 0 < int(stopped.headers["retry-after"]) <= 15 * 60 + 1
    forged = {"X-Forwarded-For": "198.51.100.1"}
    other = {**right, "name": "omar"}
    assert client.post("/login", data=other, headers=forged).status_code == 429


def test_a_form_of_another_site_signs_nobody_in(office: Office) -> None:
    """W5"""
    client = office.browser()
    fields = {"name": "lan", "password": PASSWORD, "token": client.cookies[TOKEN]}
    answer = client.post(
        "/login", data=fields, headers={"origin": "https://evil.example"}
    )
    assert answer.status_code == 403
    assert client.post("/login", data={**fields, "token": ""}).status_code == 403


def test_signing_out_ends_the_session(office: Office) -> None:
    client = office.signed_in("lan")
    session = client.cookies["session"]
    assert send(client, "/logout") == "/login"
    client.cookies.set("session", session, domain="desk.example")
    assert client.get("/api/v1/status").status_code == 401


def test_who_knows_the_old_password_sets_another(office: Office) -> None:
    client, other = office.signed_in("lan"), office.signed_in("lan")
    wrong = send(client, "/account/password", password="x", new="a long new password")
    assert "The old password is another one." in wrong
    short = send(client, "/account/password", password=PASSWORD, new="short")
    assert "expected 15 to" in short
    done = send(
        client, "/account/password", password=PASSWORD, new="a long new password"
    )
    assert "The new password holds." in client.get(done).text
    assert other.get("/api/v1/status").status_code == 401
    assert client.get("/api/v1/status").status_code == 200
    fresh = office.browser()
    assert "no user" in send(fresh, "/login", name="lan", password=PASSWORD)


# --- Roles -------------------------------------------------------------------------

EDITORS = ["/reviews", "/reviews/add", "/names", "/corrections/1/undo"]
ADMINS = ["/status/retry", "/sources/try", "/sources/add", "/users"]


def status(client: TestClient, path: str) -> int:
    return client.post(path, data={"token": client.cookies[TOKEN]}).status_code


def test_a_reader_changes_nothing(office: Office) -> None:
    """W5"""
    client = office.signed_in("lan")
    assert client.get("/?q=kazan").status_code == 200
    assert client.get("/users").status_code == 403
    for path in (*EDITORS, *ADMINS):
        assert status(client, path) == 403, path
    page = client.get("/?q=kazan").text
    assert "add to review" not in page


def test_an_editor_edits_and_does_not_look_after_the_desk(office: Office) -> None:
    """W5"""
    client = office.signed_in("omar")
    assert client.get("/users").status_code == 403
    for path in ADMINS:
        assert status(client, path) == 403, path
    for path in EDITORS:
        assert status(client, path) != 403, path
    assert "add to review" in client.get("/?q=kazan").text


def test_an_admin_looks_after_users(office: Office) -> None:
    client = office.signed_in("ada")
    added = send(
        client, "/users", name="minh", role="editor", password="a long new password"
    )
    assert added == "/users"
    assert "minh" in client.get("/users").text
    assert send(client, "/users/minh", action="role", role="reader") == "/users"
    assert send(client, "/users/minh", action="remove") == "/users"
    assert "there is no user" in send(client, "/users/minh", action="remove")
    assert "expected 15 to" in send(client, "/users", name="x", password="short")
    assert "expected reader, editor" in send(
        client, "/users", name="x", role="king", password=PASSWORD
    )
    assert [deed.action for deed in office.log()[:3]] == [
        "user removed",
        "user changed",
        "user added",
    ]


def test_somebody_always_looks_after_users(office: Office) -> None:
    client = office.signed_in("ada")
    for fields in ({"action": "remove"}, {"action": "role", "role": "reader"}):
        assert "somebody must stay" in send(client, "/users/ada", **fields)
    assert client.get("/users").status_code == 200


# --- Programs and proxies ----------------------------------------------------------


def test_a_token_opens_the_api_and_a_feed(office: Office) -> None:
    from datetime import timedelta

    from babelwire.users import new_session

    database = office.services.database
    token = new_session(database, "lan", "token", now(), timedelta(days=1))
    client = office.browser()
    bearer = {"authorization": f"Bearer {token}"}
    assert client.get("/api/v1/status", headers=bearer).status_code == 200
    assert client.get("/feed.atom", auth=("lan", token)).status_code == 200
    assert client.get("/feed.atom", auth=("lan", PASSWORD)).status_code == 401
    wrong = {"authorization": "Bearer " + token[:-1]}
    assert client.get("/api/v1/status", headers=wrong).status_code == 401
    posted = client.post("/reviews", headers=bearer)
    assert posted.status_code == 403


def test_a_trusted_proxy_names_who_asks(office: Office) -> None:
    client = office.browser(PROXIED, PROXY)
    omar = {"X-Forwarded-User": "omar"}
    assert client.get("/users", headers=omar).status_code == 403
    assert client.get("/users", headers={"X-Forwarded-User": "ada"}).is_success
    stranger = {"X-Forwarded-User": "stranger"}
    assert client.get("/api/v1/status", headers=stranger).status_code == 401
    assert client.get("/api/v1/status").status_code == 401


def test_whom_a_proxy_names_has_the_role_for_such(office: Office) -> None:
    from dataclasses import replace

    client = office.browser(replace(PROXIED, default_role="reader"), PROXY)
    client.headers["X-Forwarded-User"] = "stranger"
    assert client.get("/api/v1/status").status_code == 200
    assert status(client, "/reviews") == 403
    assert "stranger</bdi>" in client.get("/").text


def test_a_trusted_proxy_says_whether_it_speaks_https(office: Office) -> None:
    """The form's origin and the cookie go by what the browser sees."""
    inside = "http://desk.example"
    for peer, expected in ((PROXY, 303), (ELSEWHERE, 403)):
        client = office.browser(PROXIED, peer)
        client.base_url = inside  # as the proxy asks
        fields = {"token": client.cookies[TOKEN], "name": "lan", "password": PASSWORD}
        answer = client.post(
            "/login",
            data=fields,
            headers={
                "origin": HOME,
                "X-Forwarded-Proto": "https",
                "cookie": f"{TOKEN}={client.cookies[TOKEN]}",
            },
        )
        assert answer.status_code == expected
        if expected == 303:
            assert "secure" in answer.headers["set-cookie"].lower()


def test_failures_are_counted_by_who_is_behind_the_proxy(office: Office) -> None:
    """W5: what a browser itself says of where it comes from does not count."""
    client = office.browser(PROXIED, PROXY)
    client.headers["X-Forwarded-For"] = "1.2.3.4, 198.51.100.1"
    for number in range(10):
        send(client, "/login", name=f"n{number}", password="guess")
    right = {"token": client.cookies[TOKEN], "name": "lan", "password": PASSWORD}
    client.headers["X-Forwarded-For"] = "5.6.7.8, 198.51.100.1"
    assert client.post("/login", data=right).status_code == 429
    client.headers["X-Forwarded-For"] = "1.2.3.4, 198.51.100.2"
    assert client.post("/login", data=right).status_code == 303


def test_who_asks_too_often_waits(office: Office) -> None:
    client = office.signed_in(
        "lan", DeskConfig(names=DESK.names, requests_per_minute=3)
    )
    answers = [client.get("/api/v1/status") for _ in range(4)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    assert answers[-1].headers["content-type"] == "application/problem+json"
    assert 0 < int(answers[-1].headers["retry-after"]) <= 61


# --- What is written down ----------------------------------------------------------


def test_who_exported_sent_corrected_and_deleted_is_written_down(
    office: Office,
) -> None:
    client = office.signed_in("omar")
    hit = client.get("/api/v1/search?q=forum&lang=ar").json()["hits"][0]
    client.get("/export?format=csv&q=kazan")
    send(client, f"/documents/{hit['id']}/sentences/1", text="A better one.")
    first = send(client, "/reviews", title="Morning")
    version = re.search(r'name="version" value="(\d+)"', client.get(first).text)
    assert version
    send(client, first, action="delete", version=version[1])
    deeds = [(deed.actor, deed.action) for deed in office.log()]
    assert deeds == [
        ("omar", "review deleted"),
        ("omar", "corrected"),
        ("omar", "exported"),
    ]


def test_what_is_searched_for_is_not_written_down(office: Office) -> None:
    client = office.signed_in("lan")
    client.get("/?q=secretword")
    client.get("/api/v1/search?q=secretword")
    client.get("/export?format=csv&q=secretword")
    assert [deed.action for deed in office.log()] == ["exported"]
    assert "secretword" not in str(office.log())
    shown = office.signed_in("ada").get("/users").text
    assert "exported" in shown
    assert "csv, 0 documents" in shown


def test_a_correction_names_who_made_it(office: Office) -> None:
    client = office.signed_in("omar")
    hit = client.get("/api/v1/search?q=forum&lang=ar").json()["hits"][0]
    send(client, f"/documents/{hit['id']}/sentences/1", text="A better one.")
    found = client.get("/api/v1/corrections").json()["corrections"]
    assert found[0]["author"] == "omar"


@pytest.fixture
def clock() -> Callable[..., float]:
    """Seconds that pass as told."""
    at = [0.0]

    def clock(passed: float = 0.0) -> float:
        at[0] += passed
        return at[0]

    return clock


def test_a_limit_slides(clock: Callable[..., float]) -> None:
    from babelwire.web.limits import RateLimiter

    limiter = RateLimiter(2, 60, clock)
    limiter.note("a")
    clock(30)
    limiter.note("a")
    assert limiter.wait_seconds("a") == 30
    assert limiter.wait_seconds("b") == 0
    clock(30)
    assert limiter.wait_seconds("a") == 0
    limiter.note("a")
    assert limiter.wait_seconds("a") == 30
    limiter.forget("a")
    assert limiter.wait_seconds("a") == 0


def test_a_limit_remembers_only_so_many(clock: Callable[..., float]) -> None:
    from babelwire.web import limits

    limiter = limits.RateLimiter(1, 60, clock)
    for number in range(limits.MAX_KEYS + 1):
        limiter.note(str(number))
    assert limiter.wait_seconds("0") == 0
    assert limiter.wait_seconds("1") == 60
