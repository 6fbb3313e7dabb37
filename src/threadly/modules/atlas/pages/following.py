"""Turns "follow me" on and off: a form, so that it works without a script."""

from secrets import token_hex
from typing import Any

from litestar import Response, post
from litestar.di import NamedDependency
from litestar.types import ControllerRouterHandler

from threadly.modules.atlas.errors import MayNotFollow
from threadly.platform.http.edge import Edge
from threadly.platform.http.exchange import exchange_of
from threadly.platform.http.following import OFF, UNFOLLOWED, cookie_that_follows, follower_of
from threadly.web.forms import field_of, next_of
from threadly.web.pages import Pages
from threadly.web.view import Flash

__all__ = ["routes"]

TURNED_ON = "Each of your clicks is now followed through the system, and shown at the foot of the page."
TURNED_OFF = "Your clicks are no longer followed."


@post("/map/follow", include_in_schema=False, opt={UNFOLLOWED: True})
async def turn_following(edge: NamedDependency[Edge], pages: NamedDependency[Pages]) -> Response[Any]:
    """`follow` is "on" or "off", `next` where to go on. Raises MayNotFollow."""
    exchange = exchange_of(edge.request.scope)
    if not exchange.may_follow:
        raise MayNotFollow
    on = await field_of(edge, "follow") == "on"
    before = follower_of(exchange.headers)
    key = token_hex(16) if before in (None, OFF) else before
    cookie = cookie_that_follows(key if on and key else OFF, edge.runtime.settings)
    exchange.extra.append((b"set-cookie", cookie.encode()))
    flash = Flash("success", TURNED_ON if on else TURNED_OFF)
    return pages.redirect(edge, await next_of(edge, default="/map"), flash=flash)


routes: list[ControllerRouterHandler] = [turn_following]
