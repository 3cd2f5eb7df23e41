"""Whether two hosts are one publisher's: the same registered domain.

`www.`, `m.` and `amp.` are that, and so are a publisher's language editions on their
own subdomains. Who lets anybody register below their domain (`github.io`,
`blogspot.com`, `gov.vn`) stands on the Public Suffix List, of which the package brings
a copy: nothing is asked of the network.
"""

from __future__ import annotations

import ipaddress
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tldextract import TLDExtract


def is_one_site(host: str, other: str) -> bool:
    """Whether two hosts, as `pipeline.urls.host_of` gives them, are one publisher's.

    >>> is_one_site("amp.e.example", "www.e.example")
    True
    >>> is_one_site("a.github.io", "b.github.io"), is_one_site("e.org:81", "e.org")
    (False, False)
    """
    if host == other:
        return True
    name, port = _parts(host)
    other_name, other_port = _parts(other)
    if port != other_port or _is_address(name) or _is_address(other_name):
        return False
    domain = _domain(name)
    return bool(domain) and domain == _domain(other_name)


def _parts(host: str) -> tuple[str, str]:
    if host.endswith("]"):
        return host, ""
    name, _, port = host.rpartition(":")
    return (name, port) if name else (host, "")


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name.strip("[]"))
    except ValueError:
        return False
    return True


@cache
def _domain(name: str) -> str:
    """The registered domain; "" of a public suffix itself and of a single label.

    A suffix that nobody has listed (`.example`, a company's own) has one label.
    """
    found = _extractor()(name)
    if found.suffix:
        return f"{found.domain}.{found.suffix}" if found.domain else ""
    labels = name.split(".")
    return ".".join(labels[-2:]) if len(labels) > 1 else ""


@cache
def _extractor() -> TLDExtract:
    from tldextract import TLDExtract

    return TLDExtract(
        suffix_list_urls=(),
        cache_dir=None,
        include_psl_private_domains=True,
    )
