"""Signing in at an OpenID Connect provider: authorization code flow with PKCE.

OpenID Connect Core 1.0 §3.1; RFC 7636 (PKCE); RFC 9700 (best current practice).
"""

from __future__ import annotations

import hmac
import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from babelwire.assembly import now
from babelwire.config import is_local, secret
from babelwire.outside import PERSON_PATIENCE_SECONDS, contact_log
from babelwire.users import checked_name
from babelwire.web.errors import NotFoundError
from babelwire.web.settings import own_path
from babelwire.web.signing_in import begin_session, login_page
from pipeline.contacts import Purpose
from pipeline.egress import Egress
from pipeline.errors import InputError, UnavailableError
from pipeline.http_routes import client_options
from pipeline.store import users
from pipeline.urls import host_of

if TYPE_CHECKING:
    from babelwire.config import DeskConfig, OidcConfig
    from babelwire.web.services import Services
    from babelwire.wording import Wording

router = APIRouter(prefix="/login/oidc", include_in_schema=False)

SEE_OTHER, UNAUTHORIZED = 303, 401

BACK = "/login/oidc/back"
"""Where the provider sends a browser back to."""

STATE = "oidc"
"""Name of the cookie that holds the state: only the browser that began may end it."""

MAX_WAITING, WAITING_SECONDS = 1000, 600
"""Sign-ins under way, and how long one may take (RFC 6749 §4.1.2 recommends at most 10
minutes for a code)."""

TIMEOUT_SECONDS = 10.0
KNOWN_SECONDS = 3600
"""A provider's addresses are believed so long; its keys are fetched at each sign-in."""

ALGORITHMS = ("RS256", "PS256", "ES256", "ES384", "EdDSA", "Ed25519")
"""Of an ID token: signed with the provider's private key, never `none` or `HS256`."""

LEEWAY_SECONDS = 60
"""Clocks differ."""


class SignInError(Exception):
    """The provider let nobody in, or said it in a way that is not to be believed."""


@dataclass(frozen=True, kw_only=True)
class Begun:
    """A sign-in under way."""

    nonce: str
    verifier: str
    onward: str
    at: float


class Waiting:
    """Sign-ins under way, by state; each is used once."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """Args: the seconds of a clock."""
        self._clock = clock
        self._begun: OrderedDict[str, Begun] = OrderedDict()
        self._lock = threading.Lock()

    def begin(self, onward: str) -> tuple[str, Begun]:
        """A new one, with its state."""
        state = secrets.token_urlsafe(32)
        begun = Begun(
            nonce=secrets.token_urlsafe(32),
            verifier=secrets.token_urlsafe(48),
            onward=onward,
            at=self._clock(),
        )
        with self._lock:
            self._begun[state] = begun
            while len(self._begun) > MAX_WAITING:
                self._begun.popitem(last=False)
        return state, begun

    def end(self, state: str) -> Begun | None:
        """The one of a state; None where there is none, or it took too long."""
        with self._lock:
            begun = self._begun.pop(state, None)
        is_late = begun is None or self._clock() - begun.at > WAITING_SECONDS
        return None if is_late else begun


class Provider:
    """What an issuer says of itself, asked when it is needed."""

    def __init__(
        self,
        oidc: OidcConfig,
        environment: Mapping[str, str],
        egress: Egress | None = None,
    ) -> None:
        """Args: its configuration, where its secret is, the ways out."""
        self._oidc = oidc
        self._environment = environment
        self._egress = egress or Egress()
        self._metadata: dict[str, Any] = {}
        self._known_at = -float(KNOWN_SECONDS)

    @property
    def contacts(self) -> Mapping[str, Purpose]:
        """Whom it is asked through, and itself: why each is contacted."""
        host = host_of(self._oidc.issuer)
        route = self._egress.choose(host)
        proxy: dict[str, Purpose] = {} if route.is_direct else {route.host: "proxy"}
        return {host: "sign-in", **proxy}

    def address(self, redirect: str, state: str, begun: Begun) -> str:
        """Where a browser is sent to sign in.

        Raises:
            UnavailableError: The provider does not answer, or not as itself.
        """
        endpoint = self._says("authorization_endpoint")
        url, _ = self._client(redirect, endpoint).create_authorization_url(
            endpoint, state=state, code_verifier=begun.verifier, nonce=begun.nonce
        )
        return str(url)

    def claims(self, redirect: str, code: str, begun: Begun) -> dict[str, Any]:
        """What the provider says of who signed in.

        Raises:
            SignInError: It does not know the code, or its token does not hold.
            UnavailableError: It does not answer.
        """
        import httpx2
        from authlib.integrations.base_client import OAuthError
        from joserfc import jwt
        from joserfc.errors import JoseError
        from joserfc.jwk import KeySet

        try:
            endpoint = self._says("token_endpoint")
            with self._client(redirect, endpoint) as client:
                token = client.fetch_token(
                    endpoint,
                    grant_type="authorization_code",
                    code=code,
                    code_verifier=begun.verifier,
                )
                keys = KeySet.import_key_set(self._get(self._says("jwks_uri")))
            read = jwt.decode(token["id_token"], keys, algorithms=list(ALGORITHMS))
            self._registry(begun).validate(read.claims)
        except httpx2.HTTPError as error:
            raise self._unavailable(error) from error
        except (OAuthError, JoseError, KeyError, TypeError, ValueError) as error:
            raise SignInError(str(error) or type(error).__name__) from error
        return dict(read.claims)

    def _registry(self, begun: Begun) -> Any:
        """What an ID token must say (Core §3.1.3.7)."""
        from joserfc.jwt import JWTClaimsRegistry

        return JWTClaimsRegistry(
            leeway=LEEWAY_SECONDS,
            iss={"essential": True, "value": self._oidc.issuer},
            aud={"essential": True, "value": self._oidc.client_id},
            nonce={"essential": True, "value": begun.nonce},
            exp={"essential": True},
            sub={"essential": True},
        )

    def _client(self, redirect: str, url: str) -> Any:
        from authlib.integrations.httpx_client import OAuth2Client

        oidc = self._oidc
        return OAuth2Client(
            client_id=oidc.client_id,
            client_secret=secret(
                "desk.oidc", oidc.client_secret_variable, self._environment
            )
            or None,
            token_endpoint_auth_method=None if oidc.client_secret_variable else "none",
            scope=" ".join(oidc.scopes),
            redirect_uri=redirect,
            code_challenge_method="S256",
            timeout=TIMEOUT_SECONDS,
            **self._options(url),
        )

    def _options(self, url: str) -> dict[str, Any]:
        import httpx2

        return client_options(self._egress, host_of(url), httpx2)

    def _says(self, key: str) -> str:
        if time.monotonic() - self._known_at >= KNOWN_SECONDS:
            issuer = self._oidc.issuer.rstrip("/")
            found = self._get(f"{issuer}/.well-known/openid-configuration")
            if found.get("issuer") != self._oidc.issuer:  # Discovery §4.3
                raise self._unavailable(f'calls itself "{found.get("issuer")}"')
            self._metadata, self._known_at = found, time.monotonic()
        url = str(self._metadata.get(key, ""))
        if not (url.startswith("https://") or is_local(host_of(url).split(":")[0])):
            raise self._unavailable(f'its {key} is "{url}", expected an https address')
        return url

    def _get(self, url: str) -> Any:
        import httpx2

        try:
            answer = httpx2.get(url, timeout=TIMEOUT_SECONDS, **self._options(url))
            return answer.raise_for_status().json()
        except (httpx2.HTTPError, ValueError) as error:
            raise self._unavailable(error) from error

    def _unavailable(self, why: object) -> UnavailableError:
        return UnavailableError(f"{self._oidc.issuer}: nobody can sign in now: {why}")


@router.get("")
def begin(request: Request, back: str = "/") -> Response:
    """Sends the browser to the provider."""
    provider = _provider(request)
    waiting: Waiting = request.app.state.waiting
    state, begun = waiting.begin(own_path(back))
    _note_contact(request, provider)
    url = provider.address(_redirect(request), state, begun)
    response = RedirectResponse(url, SEE_OTHER)
    response.set_cookie(
        STATE,
        state,
        max_age=WAITING_SECONDS,
        path="/login/oidc",
        httponly=True,
        samesite="lax",  # the provider sends the browser back
        secure=request.url.scheme == "https",
    )
    return response


@router.get("/back")
def end(request: Request, state: str = "", code: str = "") -> Response:
    """Begins a session of whom the provider names."""
    w: Wording = request.state.wording
    provider = _provider(request)
    try:
        begun = _begun(request, state)
        _note_contact(request, provider)
        claims = provider.claims(_redirect(request), code, begun)
        name = _admitted(request, claims)
    except SignInError:
        said = w.text("The provider let nobody in. Try again, or ask who runs this.")
        return login_page(request, "/", said, UNAUTHORIZED)
    if not name:
        said = w.text("You are signed in there, but nobody let you in here yet.")
        return login_page(request, "/", said, UNAUTHORIZED)
    response = begin_session(request, name, begun.onward)
    response.delete_cookie(STATE, path="/login/oidc")
    return response


def _provider(request: Request) -> Provider:
    provider: Provider | None = request.app.state.provider
    if provider is None:
        raise NotFoundError("no provider is configured")
    return provider


def _begun(request: Request, state: str) -> Begun:
    """The sign-in that this browser began (RFC 6749 §10.12)."""
    waiting: Waiting = request.app.state.waiting
    cookie = request.cookies.get(STATE, "")
    if not hmac.compare_digest(cookie.encode(), state.encode()):
        raise SignInError("another browser began")
    if (begun := waiting.end(state)) is None:
        raise SignInError("none is under way")
    return begun


def _admitted(request: Request, claims: Mapping[str, Any]) -> str:
    """The name of the user who signed in; "" for who may not come in."""
    services: Services = request.app.state.services
    desk: DeskConfig = request.app.state.desk
    said = claims.get(desk.oidc.name_claim)
    try:
        name = checked_name(said if isinstance(said, str) else "")
    except InputError as error:
        raise SignInError(str(error)) from error
    with services.database.write() as connection:
        if users.find(connection, name) is not None:
            return name
        if not desk.default_role:
            return ""
        users.add(
            connection, name=name, role=desk.default_role, password_hash="", at=now()
        )
    return name


def _redirect(request: Request) -> str:
    return f"{request.url.scheme}://{request.headers.get('host', '')}{BACK}"


def _note_contact(request: Request, provider: Provider) -> None:
    services: Services = request.app.state.services
    with closing(
        contact_log(services.workspace, patience_seconds=PERSON_PATIENCE_SECONDS)
    ) as log:
        for host, purpose in provider.contacts.items():
            log.note(host, purpose)
