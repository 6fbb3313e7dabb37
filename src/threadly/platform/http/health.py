"""/live, /ready and /metrics: for orchestrators and scrapers, outside the envelope.

Not ready means: send no requests here. That is so without the database. Without Valkey the site goes on, only
slower, so its loss is named but costs no readiness: it would take every instance away at the same moment.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping

import structlog
from litestar import Response, get
from litestar.handlers import HTTPRouteHandler

from threadly.platform.http.edge import AnyRequest, address_of
from threadly.platform.http.exchange import exchange_of
from threadly.platform.telemetry import metrics
from threadly.platform.telemetry.scraping import refuse_scraper
from threadly.settings import Settings

__all__ = ["Check", "health_routes"]

CHECK_TIMEOUT_S = 2.0

# Returns when the part answers, raises when it does not.
Check = Callable[[], Awaitable[object]]

_log = structlog.get_logger()
_OPEN = {"admit": False}
_TEXT = {"Content-Type": "text/plain", "WWW-Authenticate": "Bearer"}
_NO_STORE = {"Cache-Control": "no-store"}


def health_routes(
    *, needed: Mapping[str, Check], helpful: Mapping[str, Check], settings: Settings
) -> list[HTTPRouteHandler]:
    """The three routes; /ready is 503 while one of the `needed` parts is down and names every part."""

    @get("/live", include_in_schema=False, opt=_OPEN)
    async def live() -> Response[dict[str, str]]:
        return Response({"status": "live"}, headers=_NO_STORE)

    @get("/ready", include_in_schema=False, opt=_OPEN)
    async def ready() -> Response[dict[str, str]]:
        found = await _ask({**needed, **helpful})
        is_ready = all(found[name] == "up" for name in needed)
        body = {"status": "ready" if is_ready else "not ready", **found}
        return Response(body, status_code=200 if is_ready else 503, headers=_NO_STORE)

    @get("/metrics", include_in_schema=False, opt=_OPEN)
    async def scrape(request: AnyRequest) -> Response[bytes]:
        sent = exchange_of(request.scope).headers
        refused = refuse_scraper(
            settings,
            authorization=sent.get(b"authorization", b"").decode("latin-1"),
            address=address_of(request, settings),
            is_forwarded=b"x-forwarded-for" in sent or b"forwarded" in sent,
        )
        if refused is not None:
            return Response(refused.phrase.encode(), status_code=refused, headers=_NO_STORE | _TEXT)
        headers = {"Content-Type": metrics.CONTENT_TYPE_LATEST, **_NO_STORE}
        return Response(metrics.render_metrics(), headers=headers)

    return [live, ready, scrape]


async def _ask(checks: Mapping[str, Check]) -> dict[str, str]:
    answers = await asyncio.gather(*(_is_up(name, check) for name, check in checks.items()))
    return dict(zip(checks, answers, strict=True))


async def _is_up(name: str, check: Check) -> str:
    try:
        async with asyncio.timeout(CHECK_TIMEOUT_S):
            await check()
    except Exception as cause:  # whatever keeps a part from answering, it is down
        _log.warning("down", part=name, cause=repr(cause))
        return "down"
    return "up"
