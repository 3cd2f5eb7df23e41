"""Whose certificates are believed (C12).

The system's authorities and those of `[network] ca_file`. Only a host that a source
names in `unverified_hosts` is believed as it is, and only for that source.
"""

from __future__ import annotations

import ipaddress
from typing import Any

from OpenSSL import SSL
from twisted.internet._sslverify import IOpenSSLTrustRoot
from twisted.internet.interfaces import IOpenSSLClientConnectionCreator
from twisted.internet.ssl import CertificateOptions, optionsForClientTLS, platformTrust
from twisted.python.compat import nativeString
from twisted.web.iweb import IPolicyForHTTPS
from zope.interface import implementer

LEGACY: dict[str, Any] = {"fixBrokenPeers": True}
"""As Scrapy asks of Twisted: old servers are spoken to as well."""


@implementer(IOpenSSLTrustRoot)
class Authorities:
    """The system's authorities, and those in a file."""

    def __init__(self, ca_file: str = "") -> None:
        """Args: a PEM file, or ""."""
        self._ca_file = ca_file

    def _addCACertsToContext(self, context: SSL.Context) -> None:  # noqa: N802
        """Twisted's one method of the interface."""
        system: Any = platformTrust()  # type: ignore[no-untyped-call]
        system._addCACertsToContext(context)
        if self._ca_file:
            context.load_verify_locations(self._ca_file)


@implementer(IPolicyForHTTPS)
class Verified:
    """Certificates must be signed by an authority, be in time and name the host."""

    def __init__(self, ca_file: str = "") -> None:
        """Args: a PEM file with further authorities, or ""."""
        self._authorities: Any = Authorities(ca_file)

    def creatorForNetloc(self, hostname: bytes, port: int) -> Any:  # noqa: N802
        """Twisted's name: what makes the connections to a host."""
        return optionsForClientTLS(
            nativeString(hostname),
            trustRoot=self._authorities,
            extraCertificateOptions=LEGACY,
        )


@implementer(IPolicyForHTTPS)
class Unverified:
    """Any certificate will do: nobody listens in, but who answers is not known."""

    def __init__(self) -> None:
        self._options = CertificateOptions(verify=False, **LEGACY)

    def creatorForNetloc(self, hostname: bytes, port: int) -> Any:  # noqa: N802
        """Twisted's name: what makes the connections to a host."""
        return _Believing(self._options.getContext(), hostname)


@implementer(IOpenSSLClientConnectionCreator)
class _Believing:
    def __init__(self, context: SSL.Context, hostname: bytes) -> None:
        self._context = context
        self._hostname = hostname

    def clientConnectionForTLS(self, tlsProtocol: Any) -> SSL.Connection:  # noqa: N802, N803
        connection = SSL.Connection(self._context, None)
        # One address may have many certificates; which to show is asked by name.
        # An address is no name (RFC 6066 §3).
        if not _is_address(nativeString(self._hostname)):
            connection.set_tlsext_host_name(self._hostname)
        return connection


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
