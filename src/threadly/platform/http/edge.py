"""The edge: where a request becomes a Work and a verb's answer becomes a response.

Before each handler `EdgeKit.admit` finds the tenant by host name and the actor by token or cookie, and counts
the request against its limits; handlers then get an `Edge` and say what to do in one sentence:

    return await edge.create(lambda work: feed.publish_post(work, content=data.content), location=…)
"""

import re
from collections.abc import Awaitable, Callable
from types import NoneType
from typing import Any, Protocol, TypeVar, cast

import msgspec
from litestar import Request, Response

from threadly.platform.actor import ANONYMOUS, Actor, Tenant
from threadly.platform.db import sql
from threadly.platform.errors import Kind, Refusal
from threadly.platform.http.conditional import etag_of, is_unchanged, require_match
from threadly.platform.http.csrf import SESSION_COOKIE
from threadly.platform.http.envelope import Listing, Pagination, Success
from threadly.platform.http.exchange import exchange_of
from threadly.platform.http.idempotency import IdempotentRequest, StoredAnswer
from threadly.platform.http.pagination import DEFAULT_LIMIT, Cursors
from threadly.platform.http.parameters import pick, select_fields
from threadly.platform.ids import UUID
from threadly.platform.limits import Allowance, Limit
from threadly.platform.paging import Keyset, Page
from threadly.platform.runtime import Runtime
from threadly.platform.telemetry import identify
from threadly.platform.work import Work, Works

__all__ = [
    "DOOR",
    "Authenticate",
    "Edge",
    "EdgeKit",
    "InvalidIdempotencyKey",
    "TooManyRequests",
    "edge_of",
]

T = TypeVar("T")
AnyRequest = Request[Any, Any, Any]

IDEMPOTENCY_KEY = re.compile(rb"[!-~]{1,255}")
# How long a writer's own reads come from the primary, when there is a replica that may lag.
READ_YOUR_WRITES_MS = 5_000
# `opt={DOOR: True}`: a route that people come to with a token that has expired, to get another.
DOOR = "door"

# Per minute: signed in by user, anonymous by address; and by address where guessing pays.
SIGNED_IN = Limit("user", 600, 60)
ANONYMOUS_ADDRESS = Limit("address", 240, 60)
GUESSING = Limit("guessing", 10, 60)
GUESSABLE = frozenset(
    {"/auth/signup", "/auth/login", "/auth/password/forgot", "/auth/password/reset", "/auth/verify"}
) | frozenset(
    {
        "/signup",
        "/login",
        "/password/forgot",
        "/password/reset",
        "/settings/password",
        "/settings/delete",
        "/verify",
    }
)


LOCK_STATE = sql(
    "platform.lock_state", "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", into=NoneType
)


class TooManyRequests(Refusal):
    code = "http.too_many_requests"
    kind = Kind.LIMITED
    message = "That was a lot in a short time. Please wait a moment, then go on."


class InvalidIdempotencyKey(Refusal):
    code = "http.idempotency_key_invalid"
    kind = Kind.INVALID
    message = "An Idempotency-Key is 1 to 255 visible ASCII characters, a UUID for example."
    field = "Idempotency-Key"


class Authenticate(Protocol):
    """Who sends a request, by access token or session cookie: identity's part of the edge."""

    async def __call__(
        self, works: Works, tenant: Tenant, *, bearer: str | None, session: str | None
    ) -> Actor: ...


class EdgeKit:
    """What all edges of a process share; its `admit` runs before every handler."""

    def __init__(self, runtime: Runtime, *, authenticate: Authenticate, secret: str) -> None:
        self.runtime = runtime
        self.secret = secret
        self.cursors = Cursors(secret)
        self._authenticate = authenticate

    async def admit(self, request: AnyRequest) -> None:
        """Raises TooManyRequests, and what a bad token or a missing database raise."""
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
        identify(tenant=tenant.slug, user=str(actor.user_id) if actor.user_id else None)
        request.scope["state"]["edge"] = Edge(self, request, tenant, actor)

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
        if request.method == "POST" and request.scope["path"].removeprefix("/api/v1") in GUESSABLE:
            return await self.runtime.limiter.check(f"{tenant.id}:{self._address(request)}", GUESSING)
        if actor.user_id:
            return await self.runtime.limiter.check(f"{tenant.id}:{actor.user_id}", SIGNED_IN)
        return await self.runtime.limiter.check(f"{tenant.id}:{self._address(request)}", ANONYMOUS_ADDRESS)

    def _address(self, request: AnyRequest) -> str:
        """Where the request comes from: as the nearest proxy that is not ours saw it."""
        proxies = self.runtime.settings.trusted_proxies
        address = request.client.host if request.client else "unknown"
        if address not in proxies:
            return address
        forwarded = exchange_of(request.scope).headers.get(b"x-forwarded-for", b"").decode("latin-1")
        hops = [hop.strip() for hop in forwarded.split(",") if hop.strip()]
        return next((hop for hop in reversed(hops) if hop not in proxies), address)


class Edge:
    """One request's way to the Works and back."""

    __slots__ = ("_kit", "actor", "request", "tenant")

    def __init__(self, kit: EdgeKit, request: AnyRequest, tenant: Tenant, actor: Actor) -> None:
        self._kit = kit
        self.request = request
        self.tenant = tenant
        self.actor = actor

    @property
    def runtime(self) -> Runtime:
        return self._kit.runtime

    # Works

    async def read(self, act: Callable[[Work], Awaitable[T]], *, fresh: bool = False) -> T:
        """`act` in a read Work: on the replica, unless `fresh` or the actor has just written."""
        fresh = fresh or await self._wrote_just_now()
        async with self.runtime.works.read(self.tenant, self.actor, fresh=fresh) as work:
            return await act(work)

    async def write(self, act: Callable[[Work], Awaitable[T]]) -> T:
        """`act` in one transaction; it may run again after a deadlock, so it touches nothing but its Work."""
        result = await self.runtime.works.attempt(self.tenant, self.actor, act)
        await self._remember_writing()
        return result

    async def cached(
        self,
        key: str,
        act: Callable[[Work], Awaitable[T]],
        *,
        into: type[T],
        ttl_s: float,
        tags: tuple[str, ...] = (),
    ) -> T:
        """`act`'s answer, the same for everyone in the tenant, from the cache while it is fresh."""
        return await self.runtime.cache.get_or_make(
            key,
            tenant_id=self.tenant.id,
            ttl_s=ttl_s,
            make=lambda: self.read(act),
            into=into,
            tags=tags,
        )

    # Answers

    def resource(self, data: T) -> Response[Success[T]]:
        """200 with an ETag, or 304; `?fields=` chooses."""
        answer = Success(data=self._chosen(data))
        return self._tagged(_encode(answer))

    def listing(self, page: Page[T], *, name: str) -> Response[Listing[T]]:
        """200 with one page; `name` binds the cursor to this list."""
        pagination = Pagination(
            per_page=self._limit,
            has_next=page.after is not None,
            next_cursor=self.cursor(page.after, name=name),
            total=msgspec.UNSET if page.total is None else page.total,
        )
        if self._fields is None:
            return cast(
                "Response[Listing[T]]", _json(_encode(Listing(data=page.items, pagination=pagination)))
            )
        names = select_fields(self._fields, _entry_type(self.request))
        chosen = [pick(cast(msgspec.Struct, item), names) for item in page.items]
        return cast("Response[Listing[T]]", _json(_encode(Listing(data=chosen, pagination=pagination))))

    async def create(
        self, act: Callable[[Work], Awaitable[T]], *, location: Callable[[T], str]
    ) -> Response[Success[T]]:
        """201 with Location; twice with one Idempotency-Key is once."""
        return await self._answer_once(act, status=201, location=location)

    async def post(self, act: Callable[[Work], Awaitable[T]], *, status: int = 200) -> Response[Success[T]]:
        """As `create`, for a POST that makes nothing that has an address."""
        return await self._answer_once(act, status=status, location=None)

    async def change(
        self, act: Callable[[Work], Awaitable[T]], *, current: Callable[[Work], Awaitable[T]]
    ) -> Response[Success[T]]:
        """200 with the new state. An If-Match that names another state than the `current` one is refused."""

        return self._tagged(_encode(Success(data=await self.write(self._if_matched(act, current)))))

    async def remove(
        self,
        act: Callable[[Work], Awaitable[object]],
        *,
        current: Callable[[Work], Awaitable[object]] | None = None,
    ) -> Response[None]:
        """204: it is so, whether or not it was so before. `current` as in `change`, for what has an ETag."""
        await self.write(self._if_matched(act, current) if current else act)
        return Response(None, status_code=204)

    # Cursors

    def after(self, cursor: str | None, *, name: str) -> Keyset | None:
        """The keyset to go on after. Raises InvalidCursor for one that was not given out for this list."""
        return self._kit.cursors.decode(name, cursor, into=tuple[str, ...]) if cursor else None

    def cursor(self, after: Keyset | None, *, name: str) -> str | None:
        return None if after is None else self._kit.cursors.encode(name, after)

    # Inside

    def _if_matched(
        self, act: Callable[[Work], Awaitable[T]], current: Callable[[Work], Awaitable[object]]
    ) -> Callable[[Work], Awaitable[T]]:
        """`act`, unless the request has an If-Match that names another state than the `current` one."""
        if b"if-match" not in exchange_of(self.request.scope).headers:
            return act

        async def state(work: Work) -> str:
            return etag_of(_encode(Success(data=await current(work))))

        async def checked(work: Work) -> T:
            before = await state(work)
            require_match(self.request, before)
            # Of several who would change this state, one goes first, and the others find another state.
            await work.run(LOCK_STATE, before)
            require_match(self.request, await state(work))
            return await act(work)

        return checked

    async def _answer_once(
        self, act: Callable[[Work], Awaitable[T]], *, status: int, location: Callable[[T], str] | None
    ) -> Response[Success[T]]:
        once = await self._idempotent_request()

        async def answer(work: Work) -> tuple[StoredAnswer, bool]:
            if once and (stored := await once.find_answer(work)):
                return stored, True
            result = await act(work)
            headers = {"Location": location(result)} if location else {}
            fresh = StoredAnswer(status, headers, _encode(Success(data=result)))
            if once:
                await once.store(work, fresh)
            return fresh, False

        stored, replayed = await self.write(answer)
        headers = {**stored.headers, **({"Idempotent-Replayed": "true"} if replayed else {})}
        return cast("Response[Success[T]]", _json(stored.body, status=stored.status, headers=headers))

    async def _idempotent_request(self) -> IdempotentRequest | None:
        raw = exchange_of(self.request.scope).headers.get(b"idempotency-key")
        if raw is None:
            return None
        if not IDEMPOTENCY_KEY.fullmatch(raw):
            raise InvalidIdempotencyKey
        key = raw.decode("ascii")
        scope = f"{self.actor.user_id or 'anonymous'} {self.request.method} {self.request.scope['path']}"
        return IdempotentRequest(self._kit.secret, key=key, scope=scope, body=await self.request.body())

    def _tagged(self, body: bytes) -> "Response[Success[T]]":
        etag = etag_of(body)
        headers = {"ETag": etag, "Cache-Control": "private, no-cache"}
        if is_unchanged(self.request, etag):
            return cast("Response[Success[T]]", Response(None, status_code=304, headers=headers))
        return cast("Response[Success[T]]", _json(body, headers=headers))

    @property
    def _limit(self) -> int:
        if not self.request.scope["query_string"]:
            return DEFAULT_LIMIT
        # As the handler got it: "1e1" is ten.
        return msgspec.convert(self.request.query_params.get("limit", DEFAULT_LIMIT), int, strict=False)

    @property
    def _fields(self) -> str | None:
        return self.request.query_params.get("fields") if self.request.scope["query_string"] else None

    def _chosen(self, data: T) -> T:
        if self._fields is None or not isinstance(data, msgspec.Struct):
            return data
        return cast(T, pick(data, select_fields(self._fields, type(data))))

    async def _wrote_just_now(self) -> bool:
        if not self.runtime.database.has_replica or self.actor.user_id is None:
            return False
        try:
            return await self.runtime.valkey.call("EXISTS", _wrote_key(self.actor.user_id)) == 1
        except Refusal:
            return True  # unknown, so the primary answers

    async def _remember_writing(self) -> None:
        if not self.runtime.database.has_replica or self.actor.user_id is None:
            return
        try:
            await self.runtime.valkey.call(
                "SET", _wrote_key(self.actor.user_id), 1, "PX", READ_YOUR_WRITES_MS
            )
        except Refusal:
            return  # with Valkey down every read of a signed-in person is on the primary anyway


def edge_of(request: AnyRequest) -> Edge:
    """The dependency `edge` of every handler."""
    return cast(Edge, request.scope["state"]["edge"])


def _bearer(headers: dict[bytes, bytes]) -> str | None:
    scheme, _, token = headers.get(b"authorization", b"").decode("latin-1").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else None


def _entry_type(request: AnyRequest) -> type[msgspec.Struct]:
    """T of a handler that returns Response[Listing[T]]: a list may be empty."""
    (listing,) = request.route_handler.parsed_fn_signature.return_type.inner_types
    (entry,) = listing.inner_types
    return cast("type[msgspec.Struct]", entry.annotation)


def _wrote_key(user_id: UUID) -> str:
    return f"wrote:{user_id}"


def _limit_headers(allowance: Allowance) -> list[tuple[bytes, bytes]]:
    return [
        (b"x-ratelimit-limit", b"%d" % allowance.limit),
        (b"x-ratelimit-remaining", b"%d" % allowance.remaining),
        (b"x-ratelimit-reset", b"%d" % allowance.reset_epoch_s),
    ]


def _encode(answer: object) -> bytes:
    return msgspec.json.encode(answer)


def _json(body: bytes, *, status: int = 200, headers: dict[str, str] | None = None) -> Response[bytes]:
    # What one person may see, no shared cache may keep.
    headers = {"Cache-Control": "private, no-store", **(headers or {})}
    return Response(body, status_code=status, headers=headers, media_type="application/json")
