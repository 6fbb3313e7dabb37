"""What the layers know about one request: put into the ASGI scope by the front, read by everyone inside."""

import asyncio
from collections.abc import Callable
from secrets import token_urlsafe
from typing import Any, cast

import msgspec
from litestar.connection import ASGIConnection
from litestar.types import Scope

from threadly.platform.telemetry import Trail

__all__ = ["Exchange", "announced_bytes", "announces_body", "csp_nonce", "exchange_of", "open_exchange"]

_KEY = "threadly_exchange"

Connection = ASGIConnection[Any, Any, Any, Any]


class Exchange(msgspec.Struct):
    """`headers` are the request's (lower-case names, the last of several wins); `extra` go on the answer.

    `may_follow` says that who asks may follow their own clicks, `follower` is the key under which this
    request is followed. `end_at` moves the time limit, in the loop's time.
    """

    trail: Trail
    headers: dict[bytes, bytes]
    extra: list[tuple[bytes, bytes]] = msgspec.field(default_factory=list)
    nonce: str | None = None
    csrf_value: str | None = None
    may_follow: bool = False
    follower: str | None = None
    end_at: Callable[[float], None] | None = None

    def take_longer(self, seconds: float) -> None:
        """From now on so long: for a body that is large enough to take its time."""
        if self.end_at is not None:
            self.end_at(asyncio.get_running_loop().time() + seconds)


def open_exchange(scope: Scope, exchange: Exchange) -> None:
    scope.setdefault("state", {})[_KEY] = exchange


def exchange_of(scope: Scope) -> Exchange:
    return cast(Exchange, scope["state"][_KEY])


def csp_nonce(request: Connection) -> str:
    """What an inline script of this page must carry to be allowed to run: `<script nonce="…">`."""
    exchange = exchange_of(request.scope)
    if exchange.nonce is None:
        exchange.nonce = token_urlsafe(16)
    return exchange.nonce


def announced_bytes(headers: dict[bytes, bytes]) -> int | None:
    """How long the body is, as these headers say; None if they leave it open."""
    if b"transfer-encoding" in headers:
        return None
    length = headers.get(b"content-length", b"0")
    return int(length) if length.isdigit() else None


def announces_body(headers: dict[bytes, bytes]) -> bool:
    """Whether a request with these headers has a body."""
    return headers.get(b"content-length", b"0") != b"0" or b"transfer-encoding" in headers
