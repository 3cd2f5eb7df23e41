"""An OpenID Connect provider on loopback, honest or not."""

import base64
import hashlib
import json
import ssl
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

from joserfc import jwt
from joserfc.jwk import KeySet, OctKey, RSAKey

CLIENT, SECRET = "desk", "kept-elsewhere"


class FakeProvider:
    """Lets `name` in; `claims` and `key` change what its tokens say."""

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        """Args: a context makes it speak https."""
        self.name = "omar"
        self.claims: dict[str, Any] = {}
        self.issuer_said = ""
        self.header: dict[str, str] = {"alg": "RS256"}
        self.own_key = RSAKey.generate_key(2048, {"kid": "1"})
        self.key: RSAKey | OctKey = self.own_key
        self.is_down = False
        self.asked: list[str] = []
        self.given: dict[str, str] = {}
        self.authorization = ""
        self._codes: dict[str, dict[str, str]] = {}
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self.port = self._server.server_port
        self.issuer = f"http://127.0.0.1:{self.port}"
        if tls is not None:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def sign_in(self, address: str) -> str:
        """What a browser is told after signing in: the address to go back to."""
        query = {k: v[0] for k, v in parse_qs(urlsplit(address).query).items()}
        assert query["response_type"] == "code"
        assert query["client_id"] == CLIENT
        assert query["code_challenge_method"] == "S256"
        assert "openid" in query["scope"].split()
        code = f"code-{len(self._codes)}"
        self._codes[code] = query
        return f"{query['redirect_uri']}?code={code}&state={query['state']}"

    def answer(self, path: str, form: dict[str, str]) -> tuple[int, dict[str, Any]]:
        self.asked.append(path)
        if self.is_down:
            return 503, {}
        if path == "/.well-known/openid-configuration":
            return 200, {
                "issuer": self.issuer_said or self.issuer,
                "authorization_endpoint": f"{self.issuer}/authorize",
                "token_endpoint": f"{self.issuer}/token",
                "jwks_uri": f"{self.issuer}/keys",
            }
        if path == "/keys":
            keys: Any = KeySet([self.own_key]).as_dict(private=False)
            return 200, keys
        self.given = form
        begun = self._codes.pop(form.get("code", ""), None)
        if (
            begun is None
            or _challenge(form["code_verifier"]) != begun["code_challenge"]
        ):
            return 400, {"error": "invalid_grant"}
        return 200, {
            "access_token": "unused",
            "token_type": "Bearer",
            "id_token": self._token(begun["nonce"]),
        }

    def _token(self, nonce: str) -> str:
        at = int(time.time())
        said = {
            "iss": self.issuer,
            "aud": CLIENT,
            "sub": "1",
            "iat": at,
            "exp": at + 300,
            "nonce": nonce,
            "preferred_username": self.name,
        }
        header = {**self.header, "kid": "1"}
        return jwt.encode(header, {**said, **self.claims}, self.key)


def _challenge(verifier: str) -> str:
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def _handler(provider: FakeProvider) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer({})

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            provider.authorization = self.headers.get("Authorization", "")
            self._answer({k: v[0] for k, v in parse_qs(body).items()})

        def _answer(self, form: dict[str, str]) -> None:
            status, said = provider.answer(urlsplit(self.path).path, form)
            body = json.dumps(said).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Quiet."""

    return Handler
