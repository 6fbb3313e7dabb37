"""GET /media/{key}/{variant}: the bytes, for browsers and a CDN.

Not admitted as pages are: a page has dozens of images, no image depends on who asks, and a CDN asks for all.
"""

import re
from collections.abc import AsyncIterator
from typing import Any

from litestar import Request, Response, get
from litestar.params import FromPath
from litestar.response import Stream
from litestar.types import ControllerRouterHandler

from threadly.modules.media.errors import MediaMissing
from threadly.modules.media.repository.keeping import FIND_SERVED, Served
from threadly.modules.media.rules import VARIANTS, path_of, serving_of
from threadly.platform.actor import Tenant
from threadly.platform.http.conditional import is_unchanged
from threadly.platform.http.exchange import exchange_of
from threadly.platform.runtime import Runtime
from threadly.platform.signing import is_signed_until
from threadly.platform.storage import ObjectMissing, storage_of
from threadly.platform.work import Work

__all__ = ["image_route"]

KEY = re.compile(r"[0-9a-f]{64}")
FOREVER = "public, max-age=31536000, immutable"
# The whole picture stands in for a smaller form that is still being made.
FOR_NOW = "public, no-cache"
# Nothing in it may run, should a browser ever take an image for a page.
POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'none'; sandbox"
)

AnyRequest = Request[Any, Any, Any]


def image_route(runtime: Runtime) -> ControllerRouterHandler:
    """The route, which finds the community of a request by itself."""

    @get("/media/{key:str}/{variant:str}", opt={"admit": False}, include_in_schema=False)
    async def show_image(request: AnyRequest, key: FromPath[str], variant: FromPath[str]) -> Response[Any]:
        if variant not in VARIANTS or not KEY.fullmatch(key):
            raise MediaMissing
        host = exchange_of(request.scope).headers.get(b"host", b"").decode("latin-1")
        tenant = await runtime.tenants.of_host(host)
        left_s = _signed_for_s(runtime, request, key)
        served = await _find(runtime, tenant, key, signed=left_s is not None)
        chosen = serving_of(variant, served.variants or ())
        headers = {
            "ETag": f'"{key[:32]}.{chosen}"',
            "Cache-Control": _caching(served, variant, left_s),
            "Content-Security-Policy": POLICY,
            "Cross-Origin-Resource-Policy": "cross-origin",
        }
        if is_unchanged(request, headers["ETag"]):
            return Response(None, status_code=304, headers=headers)
        return await _send(runtime, path_of(tenant.id, served.place, chosen), served, chosen, headers)

    return show_image


async def _find(runtime: Runtime, tenant: Tenant, key: str, *, signed: bool) -> Served:
    async def find(work: Work) -> Served | None:
        return await work.one(FIND_SERVED, key)

    async with runtime.works.read(tenant) as work:
        served = await find(work)
    if served is None or not (signed or served.public):
        raise MediaMissing
    return served


async def _send(
    runtime: Runtime, path: str, served: Served, chosen: str, headers: dict[str, str]
) -> Response[Any]:
    try:
        found = await storage_of(runtime.settings).get(path)
    except ObjectMissing:
        raise MediaMissing from None
    kind = served.content_type if chosen == "main" else "image/webp"

    async def chunks() -> AsyncIterator[bytes]:
        async for chunk in found.chunks:
            yield chunk

    return Stream(chunks, media_type=kind, headers={**headers, "Content-Length": str(found.size)})


def _signed_for_s(runtime: Runtime, request: AnyRequest, key: str) -> int | None:
    """For how many seconds more the address is good; None if it is not signed, or not any more."""
    expires, signature = request.query_params.get("expires", ""), request.query_params.get("signature", "")
    if not (expires.isascii() and expires.isdecimal() and len(expires) <= 12):
        return None
    now = runtime.works.clock()
    if not is_signed_until(runtime.settings, key, int(expires), signature, now=now):
        return None
    return int(int(expires) - now.timestamp())


def _caching(served: Served, variant: str, left_s: int | None) -> str:
    if not served.public:
        return f"private, max-age={left_s or 0}"
    return FOREVER if variant == "main" or served.variants is not None else FOR_NOW
