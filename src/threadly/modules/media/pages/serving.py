"""GET /media/{key}/{variant} and /files/{key}: the bytes, for browsers and a CDN.

Not admitted as pages are: a page has dozens of images, no image depends on who asks, and a CDN asks for all.
"""

import re
from collections.abc import AsyncIterator
from typing import Any

from litestar import Request, Response, get
from litestar.params import FromPath
from litestar.response import Stream
from litestar.types import ControllerRouterHandler
from msgspec import Struct

from threadly.modules.media.errors import FileMissing, MediaMissing
from threadly.modules.media.judging import served_as
from threadly.modules.media.naming import disposition_of
from threadly.modules.media.repository.keeping import FIND_FILE, FIND_SERVED, Served
from threadly.modules.media.rules import VARIANTS, path_of, serving_of, subject_of
from threadly.platform.actor import Tenant
from threadly.platform.http.conditional import is_unchanged
from threadly.platform.http.exchange import exchange_of
from threadly.platform.ids import UUID, parse_id
from threadly.platform.runtime import Runtime
from threadly.platform.signing import is_signed_until
from threadly.platform.storage import ObjectMissing, storage_of

__all__ = ["file_route", "image_route"]

KEY = re.compile(r"[0-9a-f]{64}")
FOREVER = "public, max-age=31536000, immutable"
# The whole picture stands in for a smaller form that is still being made.
FOR_NOW = "public, no-cache"
# Nothing in it may run, should a browser ever take an image for a page.
POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'none'; sandbox"
)

# Of a file that somebody made nothing is ever shown in its place: it is saved, whatever it says that it is.
CLOSED = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; sandbox"
# Asked again each time, since its address ends when its message does.
ASKED_AGAIN = "private, no-cache"

AnyRequest = Request[Any, Any, Any]


class Ticket(Struct, frozen=True):
    """A signature that holds: for which upload, and for how many seconds more."""

    upload_id: UUID
    own: bool
    left_s: int


def image_route(runtime: Runtime) -> ControllerRouterHandler:
    """The route, which finds the community of a request by itself."""

    @get("/media/{key:str}/{variant:str}", opt={"admit": False}, include_in_schema=False)
    async def show_image(request: AnyRequest, key: FromPath[str], variant: FromPath[str]) -> Response[Any]:
        if variant not in VARIANTS or not KEY.fullmatch(key):
            raise MediaMissing
        tenant = await _tenant_of(runtime, request)
        ticket = _ticket_of(runtime, request, key)
        served = await _find(runtime, tenant, key, ticket)
        chosen = serving_of(variant, served.variants or ())
        headers = {
            "ETag": f'"{key[:32]}.{chosen}"',
            "Cache-Control": _caching(served, variant, ticket),
            "Content-Security-Policy": POLICY,
            "Cross-Origin-Resource-Policy": "cross-origin",
        }
        if is_unchanged(request, headers["ETag"]):
            return Response(None, status_code=304, headers=headers)
        kind = served.content_type if chosen == "main" else "image/webp"
        sent = await _send(runtime, path_of(tenant.id, served.place, chosen), kind, headers)
        if sent is None:
            raise MediaMissing
        return sent

    return show_image


def file_route(runtime: Runtime) -> ControllerRouterHandler:
    """The same for files, which are there by signed addresses only."""

    @get("/files/{key:str}", opt={"admit": False}, include_in_schema=False)
    async def send_file(request: AnyRequest, key: FromPath[str]) -> Response[Any]:
        tenant = await _tenant_of(runtime, request)
        ticket = _ticket_of(runtime, request, key) if KEY.fullmatch(key) else None
        if ticket is None:
            raise FileMissing
        async with runtime.works.read(tenant, fresh=True) as work:
            served = await work.one(FIND_FILE, key, ticket.upload_id, ticket.own)
        if served is None:
            raise FileMissing
        headers = {
            "ETag": f'"{key[:32]}.file"',
            "Cache-Control": ASKED_AGAIN,
            "Content-Disposition": disposition_of(served.name),
            "Content-Security-Policy": CLOSED,
            "Cross-Origin-Resource-Policy": "same-origin",
        }
        if is_unchanged(request, headers["ETag"]):
            return Response(None, status_code=304, headers=headers)
        kind = served_as(served.content_type)
        sent = await _send(runtime, path_of(tenant.id, served.place, "main"), kind, headers)
        if sent is None:
            raise FileMissing
        return sent

    return send_file


async def _tenant_of(runtime: Runtime, request: AnyRequest) -> Tenant:
    host = exchange_of(request.scope).headers.get(b"host", b"").decode("latin-1")
    return await runtime.tenants.of_host(host)


async def _find(runtime: Runtime, tenant: Tenant, key: str, ticket: Ticket | None) -> Served:
    upload_id, own = (ticket.upload_id, ticket.own) if ticket else (None, False)
    async with runtime.works.read(tenant) as work:
        served = await work.one(FIND_SERVED, key, upload_id, own)
    if served is None or not (served.public or served.held):
        raise MediaMissing
    return served


async def _send(runtime: Runtime, path: str, kind: str, headers: dict[str, str]) -> Response[Any] | None:
    """None if the store does not have it."""
    try:
        found = await storage_of(runtime.settings).get(path)
    except ObjectMissing:
        return None

    async def chunks() -> AsyncIterator[bytes]:
        async for chunk in found.chunks:
            yield chunk

    return Stream(chunks, media_type=kind, headers={**headers, "Content-Length": str(found.size)})


def _ticket_of(runtime: Runtime, request: AnyRequest, key: str) -> Ticket | None:
    """None if the address is not signed, or not any more."""
    given = request.query_params
    expires, signature = given.get("expires", ""), given.get("signature", "")
    if not (expires.isascii() and expires.isdecimal() and len(expires) <= 12):
        return None
    own = "own" in given
    upload_id = parse_id(given["own"] if own else given.get("of", ""))
    if upload_id is None:
        return None
    now, subject = runtime.works.clock(), subject_of(key, upload_id, own=own)
    if not is_signed_until(runtime.settings, subject, int(expires), signature, now=now):
        return None
    return Ticket(upload_id, own, int(int(expires) - now.timestamp()))


def _caching(served: Served, variant: str, ticket: Ticket | None) -> str:
    if not served.public:
        return f"private, max-age={ticket.left_s if ticket else 0}"
    return FOREVER if variant == "main" or served.variants is not None else FOR_NOW
