"""The edge: where a request becomes a Work and a verb's answer becomes a response.

Each admitted request (`admission.py`) gets an `Edge`, and its handler says what to do in one sentence:

    return await edge.create(lambda work: feed.publish_post(work, content=data.content), location=…)
"""

import re
from collections.abc import Awaitable, Callable
from types import NoneType
from typing import Any, TypeVar, cast

import msgspec
from litestar import Request, Response
from litestar.connection import ASGIConnection

from threadly.platform.actor import Actor, Tenant
from threadly.platform.db import sql
from threadly.platform.errors import Kind, Refusal
from threadly.platform.http.conditional import etag_of, is_unchanged, kept_tag, require_match
from threadly.platform.http.envelope import Listing, Pagination, Success
from threadly.platform.http.exchange import exchange_of
from threadly.platform.http.idempotency import IdempotentRequest, StoredAnswer
from threadly.platform.http.json_response import JSONBytes
from threadly.platform.http.pagination import DEFAULT_LIMIT, Cursors
from threadly.platform.http.parameters import pick, select_fields
from threadly.platform.ids import UUID
from threadly.platform.paging import Keyset, Page
from threadly.platform.runtime import Runtime
from threadly.platform.standing import Standing
from threadly.platform.telemetry.spans import mark, span
from threadly.platform.work import Work
from threadly.settings import Settings

__all__ = [
    "AnyRequest",
    "Edge",
    "EdgeParts",
    "IdempotencyKeyMissing",
    "InvalidIdempotencyKey",
    "address_of",
    "edge_of",
]

T = TypeVar("T")
AnyRequest = Request[Any, Any, Any]

IDEMPOTENCY_KEY = re.compile(rb"[!-~]{1,255}")
# How long a writer's own reads come from the primary, when there is a replica that may lag.
READ_YOUR_WRITES_MS = 5_000
LOCK_STATE = sql(
    "platform.lock_state", "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", into=NoneType
)


class InvalidIdempotencyKey(Refusal):
    code = "http.idempotency_key_invalid"
    kind = Kind.INVALID
    message = "An Idempotency-Key is 1 to 255 visible ASCII characters, a UUID for example."
    field = "Idempotency-Key"


class IdempotencyKeyMissing(Refusal):
    code = "http.idempotency_key_missing"
    kind = Kind.INVALID
    message = (
        "Send an Idempotency-Key, a UUID for example: money moves here, and a repetition must not move more."
    )
    field = "Idempotency-Key"


class EdgeParts(msgspec.Struct, frozen=True):
    """What all edges of a process share. `secret` keys what is stored of answers, `find_actor` says who sends
    a request, as of now."""

    runtime: Runtime
    cursors: Cursors
    secret: str
    find_actor: Callable[[AnyRequest, Tenant], Awaitable[Actor]]


class Edge:
    """One request's way to the Works and back."""

    __slots__ = ("_parts", "actor", "request", "tenant")

    def __init__(self, parts: EdgeParts, request: AnyRequest, tenant: Tenant, actor: Actor) -> None:
        self._parts = parts
        self.request = request
        self.tenant = tenant
        self.actor = actor

    @property
    def runtime(self) -> Runtime:
        return self._parts.runtime

    @property
    def address(self) -> str:
        """Where the request comes from, behind all proxies of ours."""
        return address_of(self.request, self.runtime.settings)

    @property
    def standing(self) -> Standing:
        """Whether the member who sent this may still have what it opened. Raises SignInRequired."""
        return Standing(self.tenant, self.actor, lambda: self._parts.find_actor(self.request, self.tenant))

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
                "Response[Listing[T]]", JSONBytes(_encode(Listing(data=page.items, pagination=pagination)))
            )
        names = select_fields(self._fields, _entry_type(self.request))
        chosen = [pick(cast(msgspec.Struct, item), names) for item in page.items]
        return cast("Response[Listing[T]]", JSONBytes(_encode(Listing(data=chosen, pagination=pagination))))

    async def create(
        self,
        act: Callable[[Work], Awaitable[T]],
        *,
        location: Callable[[T], str],
        key_required: bool = False,
        status: int = 201,
    ) -> Response[Success[T]]:
        """201 with Location; twice with one Idempotency-Key is once. `status` 202 is for what goes on later.

        Raises IdempotencyKeyMissing where one is required.
        """
        once = await (self.idempotent_request() if key_required else self._idempotent_request())
        return await self._answer_once(once, act, status=lambda _: status, location=location)

    async def post(self, act: Callable[[Work], Awaitable[T]], *, status: int = 200) -> Response[Success[T]]:
        """As `create`, for a POST that makes nothing that has an address."""
        return await self._answer_once(await self._idempotent_request(), act, status=lambda _: status)

    async def idempotent_request(self) -> IdempotentRequest:
        """Under which key this request came. Raises IdempotencyKeyMissing, InvalidIdempotencyKey."""
        once = await self._idempotent_request()
        if once is None:
            raise IdempotencyKeyMissing
        return once

    async def answer_once(
        self,
        once: IdempotentRequest,
        act: Callable[[Work], Awaitable[T]],
        *,
        status: Callable[[T], int],
        location: Callable[[T], str],
    ) -> Response[Success[T]]:
        """For an effect of more than one transaction, which knows its repetitions: `act` reads what it came
        to; that is stored, and from then on repeated."""
        return await self._answer_once(once, act, status=status, location=location)

    async def keep_answer(
        self, work: Work, once: IdempotentRequest, result: object, *, status: int, location: str
    ) -> StoredAnswer | None:
        """The answer to such an effect, stored in the Work that ends it, for `answer_kept`; None, and
        `answer_once` is to answer, if one was stored before."""
        answer = StoredAnswer(status, {"Location": location}, _encode(Success(data=result)))
        with span("idempotent answer", kind="verb") as it:
            kept = await once.keep(work, answer)
            it.set(replayed=not kept)
        return answer if kept else None

    async def answer_kept(self, answer: StoredAnswer) -> Response[Success[T]]:
        """What `keep_answer` stored, once its Work is committed."""
        await self._remember_writing()
        return _repeat(answer)

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
        return self._parts.cursors.decode(name, cursor, into=tuple[str, ...]) if cursor else None

    def cursor(self, after: Keyset | None, *, name: str) -> str | None:
        return None if after is None else self._parts.cursors.encode(name, after)

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
        self,
        once: IdempotentRequest | None,
        act: Callable[[Work], Awaitable[T]],
        *,
        status: Callable[[T], int],
        location: Callable[[T], str] | None = None,
    ) -> Response[Success[T]]:
        async def answer(work: Work) -> tuple[StoredAnswer, bool]:
            if once and (stored := await once.find_answer(work)):
                mark("idempotency.replayed", "internal")
                return stored, True
            result = await act(work)
            headers = {"Location": location(result)} if location else {}
            fresh = StoredAnswer(status(result), headers, _encode(Success(data=result)))
            if once:
                await once.store(work, fresh)
            return fresh, False

        with span("idempotent answer" if once else "answer", kind="verb") as it:
            stored, replayed = await self.write(answer)
            it.set(replayed=replayed)
        return _repeat(stored, **({"Idempotent-Replayed": "true"} if replayed else {}))

    async def _idempotent_request(self) -> IdempotentRequest | None:
        raw = exchange_of(self.request.scope).headers.get(b"idempotency-key")
        if raw is None:
            return None
        if not IDEMPOTENCY_KEY.fullmatch(raw):
            raise InvalidIdempotencyKey
        key = raw.decode("ascii")
        scope = f"{self.actor.user_id or 'anonymous'} {self.request.method} {self.request.scope['path']}"
        return IdempotentRequest(self._parts.secret, key=key, scope=scope, body=await self.request.body())

    def _tagged(self, body: bytes) -> "Response[Success[T]]":
        etag = etag_of(body)
        headers = {"ETag": etag, "Cache-Control": "private, no-cache"}
        if is_unchanged(self.request, etag):
            headers["ETag"] = kept_tag(self.request, etag)
            return cast("Response[Success[T]]", Response(None, status_code=304, headers=headers))
        return cast("Response[Success[T]]", JSONBytes(body, headers=headers))

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


def address_of(request: ASGIConnection[Any, Any, Any, Any], settings: Settings) -> str:
    """Where a request comes from: as the nearest proxy that is not ours saw it."""
    proxies = settings.trusted_proxies
    address = request.client.host if request.client else "unknown"
    if address not in proxies:
        return address
    forwarded = exchange_of(request.scope).headers.get(b"x-forwarded-for", b"").decode("latin-1")
    hops = [hop.strip() for hop in forwarded.split(",") if hop.strip()]
    return next((hop for hop in reversed(hops) if hop not in proxies), address)


def edge_of(request: AnyRequest) -> Edge:
    """The dependency `edge` of every handler."""
    return cast(Edge, request.scope["state"]["edge"])


def _repeat(stored: StoredAnswer, **headers: str) -> "Response[Success[T]]":
    answer = JSONBytes(stored.body, status=stored.status, headers=stored.headers | headers)
    return cast("Response[Success[T]]", answer)


def _entry_type(request: AnyRequest) -> type[msgspec.Struct]:
    """T of a handler that returns Response[Listing[T]]: a list may be empty."""
    (listing,) = request.route_handler.parsed_fn_signature.return_type.inner_types
    (entry,) = listing.inner_types
    return cast("type[msgspec.Struct]", entry.annotation)


def _wrote_key(user_id: UUID) -> str:
    return f"wrote:{user_id}"


def _encode(answer: object) -> bytes:
    return msgspec.json.encode(answer)
