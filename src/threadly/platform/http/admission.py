"""Admission: which community a request is for, who sends it, and whether they have asked too often."""

from typing import Protocol

from threadly.platform.actor import ANONYMOUS, Actor, SignInRequired, Tenant
from threadly.platform.errors import Kind, Refusal
from threadly.platform.http.csrf import SESSION_COOKIE
from threadly.platform.http.edge import AnyRequest, Edge, EdgeParts, address_of
from threadly.platform.http.exchange import exchange_of
from threadly.platform.http.following import MAY_FOLLOW, OFF, follow_if_asked, follower_of
from threadly.platform.http.keyed import refuse_beyond_key
from threadly.platform.http.pagination import Cursors
from threadly.platform.http.socket_guest import AnySocket, Guest, is_from_here
from threadly.platform.limits import Allowance, Limit
from threadly.platform.runtime import Runtime
from threadly.platform.telemetry import identify
from threadly.platform.work import Works

__all__ = ["ANONYMOUS_ADDRESS", "DOOR", "GUESSING", "SIGNED_IN", "Authenticate", "EdgeKit", "TooManyRequests"]

# `opt={DOOR: True}`: a route that people come to with a token that has expired, to get another.
DOOR = "door"
BEARER_PROTOCOL = "bearer."

# Per minute: signed in by user or API key, anonymous by address; and by address where guessing pays.
SIGNED_IN = Limit("user", 600, 60)
ANONYMOUS_ADDRESS = Limit("address", 240, 60)
GUESSING = Limit("guessing", 10, 60)
GUESSABLE = frozenset(
    {
        "/auth/signup",
        "/auth/login",
        "/auth/password/forgot",
        "/auth/password/reset",
        "/auth/verify",
        "/auth/email",
        "/auth/email/confirm",
        "/auth/password/change",
        "/auth/second-factor",
        "/auth/second-factor/confirm",
        "/auth/second-factor/remove",
        "/gift-cards/balance",
    }
) | frozenset(
    {
        "/signup",
        "/login",
        "/login/code",
        "/password/forgot",
        "/password/reset",
        "/settings/password",
        "/settings/delete",
        "/settings/email",
        "/settings/email/confirm",
        "/settings/second-factor",
        "/settings/second-factor/confirm",
        "/settings/second-factor/remove",
        "/setup",
        "/verify",
    }
)
# A sign-up by an invitation, whose code is in the path.
GUESSABLE_BELOW = "/join/"


class TooManyRequests(Refusal):
    code = "http.too_many_requests"
    kind = Kind.LIMITED
    message = "That was a lot in a short time. Please wait a moment, then go on."


class SocketRefused(Refusal):
    code = "socket.foreign_origin"
    kind = Kind.DENIED
    message = "This connection was opened by a page of another site."


class Authenticate(Protocol):
    """Who sends a request, by access token or session cookie: identity's part of the edge."""

    async def __call__(
        self, works: Works, tenant: Tenant, *, bearer: str | None, session: str | None
    ) -> Actor: ...


class EdgeKit:
    """Its `admit` runs before every handler, `count_unrouted` where there is none."""

    def __init__(self, runtime: Runtime, *, authenticate: Authenticate, secret: str) -> None:
        self.runtime = runtime
        self._parts = EdgeParts(runtime, Cursors(secret), secret, self._find_actor)
        self._authenticate = authenticate

    async def admit(self, request: AnyRequest) -> None:
        """Raises TooManyRequests, KeyRefused, and what a bad token or a missing database raise."""
        headers = exchange_of(request.scope).headers
        tenant = await self.runtime.tenants.of_host(headers.get(b"host", b"").decode("latin-1"))
        try:
            actor = await self._find_actor(request, tenant)
        except Refusal as refusal:
            if refusal.kind is not Kind.UNAUTHENTICATED:
                raise
            await self._spend(request, tenant, ANONYMOUS)  # guessing tokens counts too
            if not request.route_handler.opt.get(DOOR):
                raise
            actor = ANONYMOUS
        else:
            await self._spend(request, tenant, actor)
            if actor.key_id is not None:
                refuse_beyond_key(request, actor)
        identify(tenant=tenant.slug, tenant_id=tenant.id, user=str(actor.user_id) if actor.user_id else None)
        follow_if_asked(request, actor, self.runtime.settings)
        request.scope["state"]["edge"] = Edge(self._parts, request, tenant, actor)

    async def count_unrouted(self, request: AnyRequest) -> None:
        """Counts a request that no handler takes, for whoever sends it; a bad token does not matter there.

        Raises TooManyRequests, and what a missing database raises.
        """
        headers = exchange_of(request.scope).headers
        tenant = await self.runtime.tenants.of_host(headers.get(b"host", b"").decode("latin-1"))
        try:
            actor = await self._find_actor(request, tenant)
        except Refusal as refusal:
            if refusal.kind is not Kind.UNAUTHENTICATED:
                raise
            actor = ANONYMOUS
        await self._spend(request, tenant, actor)

    async def admit_socket(self, socket: AnySocket) -> None:
        """As `admit`, for a socket, which may still say who it is; a cookie counts from our own pages only.

        Raises SocketRefused, TooManyRequests, and what a bad token or a missing database raise: the handshake
        is then answered 403.
        """
        headers, settings = exchange_of(socket.scope).headers, self.runtime.settings
        tenant = await self.runtime.tenants.of_host(headers.get(b"host", b"").decode("latin-1"))
        bearer = _bearer(headers) or _offered(socket)
        session = None if bearer else socket.cookies.get(SESSION_COOKIE)
        foreign = b"origin" in headers and headers[b"origin"].decode("latin-1") not in settings.cors_origins
        if not bearer and (session or foreign) and not is_from_here(headers, public_url=settings.public_url):
            raise SocketRefused
        address = address_of(socket, settings)

        async def authenticate(token: str | None, cookie: str | None) -> Actor:
            actor = await self._authenticate(self.runtime.works, tenant, bearer=token, session=cookie)
            if actor.key_id is not None:
                raise SignInRequired("An API key opens no socket: sign in, and use your access token.")
            return actor

        async def spend(actor: Actor) -> None:
            who, limit = (str(actor.user_id), SIGNED_IN) if actor.user_id else (address, ANONYMOUS_ADDRESS)
            allowance = await self.runtime.limiter.check(f"{tenant.id}:{who}", limit)
            if allowance.refused:
                raise TooManyRequests(retry_after_s=allowance.retry_after_s)

        try:
            actor = await authenticate(bearer, session)
        except Refusal:
            await spend(ANONYMOUS)  # guessing tokens counts too
            raise
        await spend(actor)
        identify(tenant=tenant.slug, tenant_id=tenant.id, user=str(actor.user_id) if actor.user_id else None)
        follower = follower_of(headers) if settings.demo or actor.may(MAY_FOLLOW) else None
        socket.scope["state"]["guest"] = Guest(
            runtime=self.runtime,
            tenant=tenant,
            actor=actor,
            address=address,
            bearer=bearer,
            session=session,
            follower=None if follower == OFF else follower,
            authenticate=authenticate,
            spend=spend,
        )

    async def _find_actor(self, request: AnyRequest, tenant: Tenant) -> Actor:
        bearer = _bearer(exchange_of(request.scope).headers)
        session = None if bearer else request.cookies.get(SESSION_COOKIE)
        return await self._authenticate(self.runtime.works, tenant, bearer=bearer, session=session)

    async def _spend(self, request: AnyRequest, tenant: Tenant, actor: Actor) -> None:
        allowance = await self._count(request, tenant, actor)
        exchange_of(request.scope).extra += _limit_headers(allowance)
        if allowance.refused:
            raise TooManyRequests(retry_after_s=allowance.retry_after_s)

    async def _count(self, request: AnyRequest, tenant: Tenant, actor: Actor) -> Allowance:
        settings = self.runtime.settings
        if request.method == "POST" and _invites_guessing(request.scope["path"].removeprefix("/api/v1")):
            who, limit = address_of(request, settings), GUESSING
        elif actor.user_id:
            who, limit = str(actor.key_id or actor.user_id), SIGNED_IN
        else:
            who, limit = address_of(request, settings), ANONYMOUS_ADDRESS
        return await self.runtime.limiter.check(f"{tenant.id}:{who}", limit)


def _invites_guessing(path: str) -> bool:
    return path in GUESSABLE or path.startswith(GUESSABLE_BELOW)


def _offered(socket: AnySocket) -> str | None:
    """A token among the subprotocols: the one header that a script can set for a socket."""
    for offered in socket.scope["subprotocols"]:
        if offered.startswith(BEARER_PROTOCOL):
            return offered.removeprefix(BEARER_PROTOCOL)
    return None


def _bearer(headers: dict[bytes, bytes]) -> str | None:
    scheme, _, token = headers.get(b"authorization", b"").decode("latin-1").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else None


def _limit_headers(allowance: Allowance) -> list[tuple[bytes, bytes]]:
    return [
        (b"x-ratelimit-limit", b"%d" % allowance.limit),
        (b"x-ratelimit-remaining", b"%d" % allowance.remaining),
        (b"x-ratelimit-reset", b"%d" % allowance.reset_epoch_s),
    ]
