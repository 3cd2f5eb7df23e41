"""An `Egress` for HTTP clients: httpx, and httpx2, which is its like.

None of them reads the environment's proxies (C17), and each trusts the authorities of
`ca_file` besides those it trusts anyway.
"""

from __future__ import annotations

from types import ModuleType
from typing import TYPE_CHECKING, Any

from pipeline.contacts import NoteContact
from pipeline.egress import Egress, Route

if TYPE_CHECKING:
    import ssl


def client_options(egress: Egress, host: str, library: ModuleType) -> dict[str, Any]:
    """What a client that asks one host, without following redirects, is made with.

    Args:
        egress: The ways out.
        host: Of all requests, as `host_of` has it.
        library: httpx or httpx2.
    """
    return {
        "trust_env": False,
        "proxy": _proxy(egress.choose(host), library),
        "verify": trusted(egress.ca_file),
    }


def routed_transport(
    egress: Egress, library: ModuleType, note_contact: NoteContact
) -> Any:
    """A transport for a client that asks many hosts: each request by its own route.

    Args:
        egress: The ways out.
        library: httpx or httpx2.
        note_contact: Told of a proxy before a request is handed to it.
    """

    class Routed(library.BaseTransport):  # type: ignore[name-defined, misc]
        def __init__(self) -> None:
            self._by_route: dict[Route, Any] = {}

        def handle_request(self, request: Any) -> Any:
            route = egress.choose(request.url.host)
            if not route.is_direct:
                note_contact(route.host, "proxy")
            return self._transport(route).handle_request(request)

        def close(self) -> None:
            for transport in self._by_route.values():
                transport.close()

        def _transport(self, route: Route) -> Any:
            if route not in self._by_route:
                self._by_route[route] = library.HTTPTransport(
                    trust_env=False,
                    proxy=_proxy(route, library),
                    verify=trusted(egress.ca_file),
                )
            return self._by_route[route]

    return Routed()


def trusted(ca_file: str) -> ssl.SSLContext | bool:
    """Whom a client trusts: as ever, or the system's authorities and a file's, too."""
    if not ca_file:
        return True
    import httpx

    context = httpx.create_ssl_context(trust_env=False)
    context.load_default_certs()  # an office may have put its own there
    context.load_verify_locations(ca_file)
    return context


def _proxy(route: Route, library: ModuleType) -> Any:
    if route.is_direct:
        return None
    login = (route.user, route.password) if route.user else None
    return library.Proxy(route.proxy, auth=login)
