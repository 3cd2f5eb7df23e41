"""Certificates for TLS servers on loopback: none that the system's authorities made."""

import ssl
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import NameOID

LOOPBACK = ("localhost", "127.0.0.1")


def self_signed(
    folder: Path,
    names: Sequence[str] = LOOPBACK,
    *,
    lasts: timedelta = timedelta(days=1),
) -> tuple[Path, ssl.SSLContext]:
    """A certificate of its own authority: its file, and a server's context.

    Args:
        folder: For its files.
        names: And addresses that it is for.
        lasts: From now; a negative time makes one that has expired.
    """
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0])])
    until = datetime.now(UTC) + lasts
    alternative = x509.SubjectAlternativeName([_general(each) for each in names])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(until - timedelta(days=2))
        .not_valid_after(until)
        .add_extension(alternative, critical=False)
        .sign(key, hashes.SHA256())
    )
    public = folder / f"{names[0]}.pem"
    public.write_bytes(certificate.public_bytes(Encoding.PEM))
    both = folder / f"{names[0]}-server.pem"
    both.write_bytes(
        public.read_bytes()
        + key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(both)
    return public, context


def _general(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(name))
    except ValueError:
        return x509.DNSName(name)
