"""Calling addresses that strangers named: only public ones, over TLS, and the one that was looked at.

Without that, whoever may name an address that we call could have us call our own database, the metadata of a
cloud's machine, or a printer (server-side request forgery).
"""

import asyncio
import socket
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import Final
from urllib.parse import SplitResult, urlsplit

import msgspec

__all__ = ["LONGEST_URL", "NotPublic", "Target", "checked_url", "find_target"]

LONGEST_URL: Final = 2_048
HTTPS_PORT: Final = 443
# Ways of writing an IPv4 address, which may be a private one (RFC 6052, 3056, 4380).
TRANSLATED: Final = tuple(IPv6Network(each) for each in ("64:ff9b::/96", "2002::/16", "2001::/32"))


class NotPublic(Exception):
    """That address is none that a stranger may have us call. The message says why, and names no address."""


class Target(msgspec.Struct, frozen=True):
    """What to call: `url` has the address that was looked at in place of the name; `host` belongs in the Host
    header, and `name` in the TLS handshake."""

    url: str
    host: str
    name: str


def checked_url(url: str, *, private: bool = False) -> SplitResult:
    """What can be told of `url` without asking anybody: `https`, the usual port, no name and password before
    the host, and no private address in its place. With `private` anything goes that is HTTP.

    Raises NotPublic.
    """
    if len(url) > LONGEST_URL or not url.isascii() or not url.isprintable() or " " in url or "\\" in url:
        raise NotPublic("it is too long, or has characters that no address has")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise NotPublic("it is not written as an address is") from None
    if not parts.hostname or parts.scheme not in ("https", "http") or "@" in parts.netloc:
        raise NotPublic("it names no server")
    if private:
        return parts
    if parts.scheme != "https" or port not in (None, HTTPS_PORT):
        raise NotPublic("it is not reached over TLS at the usual port")
    literal = _literal(parts.hostname)
    if literal is not None and not _is_public(literal):
        raise NotPublic("it is not on the internet")
    return parts


async def find_target(url: str, *, private: bool = False) -> Target:
    """Where `url` leads now. The call must go to that very address: asked again, a name may lead elsewhere.

    Raises NotPublic, and OSError when the name is not known.
    """
    parts = checked_url(url, private=private)
    assert parts.hostname
    port = parts.port or (HTTPS_PORT if parts.scheme == "https" else 80)
    found = await asyncio.get_running_loop().getaddrinfo(
        parts.hostname, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP
    )
    addresses = [ip_address(str(each[4][0]).partition("%")[0]) for each in found]
    if not addresses:
        raise OSError("the name has no address")
    if not private and not all(_is_public(each) for each in addresses):
        raise NotPublic("its name leads to a private address")
    first = addresses[0]
    literal = f"[{first}]" if isinstance(first, IPv6Address) else str(first)
    return Target(
        url=parts._replace(netloc=f"{literal}:{port}", fragment="").geturl(),
        host=parts.netloc,
        name=parts.hostname,
    )


def _literal(host: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(host)
    except ValueError:
        return None


def _is_public(address: IPv4Address | IPv6Address) -> bool:
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            return _is_public(address.ipv4_mapped)
        if any(address in each for each in TRANSLATED):
            return False
    return address.is_global and not address.is_multicast and not address.is_reserved
