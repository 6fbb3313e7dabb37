"""Who is at the other end of a socket."""

from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
from litestar.connection import WebSocket

from threadly.platform.actor import Actor, Tenant
from threadly.platform.runtime import Runtime
from threadly.platform.standing import Standing

__all__ = ["AnySocket", "Guest", "guest_of", "is_from_here"]

AnySocket = WebSocket[Any, Any, Any]
Authenticate = Callable[[str | None, str | None], Awaitable[Actor]]


class Guest(msgspec.Struct):
    """Who is at the other end. `authenticate` takes a token and a session cookie; `spend` counts a command as
    the request that it could be."""

    runtime: Runtime
    tenant: Tenant
    actor: Actor
    address: str
    bearer: str | None
    session: str | None
    follower: str | None
    authenticate: Authenticate
    spend: Callable[[Actor], Awaitable[None]]

    async def name(self, token: str) -> None:
        """Raises what a bad token raises."""
        self.bearer, self.session = token, None
        self.actor = await self.authenticate(token, None)

    @property
    def standing(self) -> Standing:
        """Raises SignInRequired."""
        return Standing(self.tenant, self.actor, lambda: self.authenticate(self.bearer, self.session))


def guest_of(socket: AnySocket) -> Guest:
    """Who was admitted."""
    found: Guest = socket.scope["state"]["guest"]
    return found


def is_from_here(headers: dict[bytes, bytes], *, public_url: str) -> bool:
    """Whether the page that opens a socket is ours: browsers say so, and no script can."""
    origin = headers.get(b"origin", b"").decode("latin-1")
    host = headers.get(b"host", b"").decode("latin-1")
    return bool(origin) and (origin == public_url or origin.partition("://")[2] == host)
