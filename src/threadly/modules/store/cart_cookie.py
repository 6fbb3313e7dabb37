"""The cookie by which a guest's browser keeps its cart, for the API and the pages alike.

A member's request that still carries one has just signed in: its cart is merged, and the cookie goes.
"""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from threadly.modules.store.rules.cart import FORGOTTEN_AFTER
from threadly.modules.store.rules.guests import is_token, new_token
from threadly.modules.store.verbs.cart import merge_cart
from threadly.platform.http.edge import Edge
from threadly.platform.http.exchange import exchange_of
from threadly.platform.work import Work

__all__ = ["CART_COOKIE", "change_cart", "read_cart"]

T = TypeVar("T")

CART_COOKIE = "threadly_cart"


async def read_cart(edge: Edge, act: Callable[[Work, str | None], Awaitable[T]]) -> T:
    """`act` with a read Work and the guest's secret, after what a guest had put in is the member's."""
    guest = _guest_of(edge)
    if guest is None or edge.actor.user_id is None:
        return await edge.read(lambda work: act(work, guest))
    token = guest
    await edge.write(lambda work: merge_cart(work, guest=token))
    _keep(edge, None)
    return await edge.read(lambda work: act(work, None), fresh=True)


async def change_cart(edge: Edge, run: Callable[[str | None], Awaitable[T]]) -> T:
    """`run` with the guest's secret, a new one where a guest has none; their browser keeps it if it succeeds.

    What it runs are verbs that change a cart: they merge a guest's into a member's by themselves.
    """
    found = _guest_of(edge)
    guest = found or (None if edge.actor.user_id else new_token())
    result = await run(guest)
    if edge.actor.user_id is None:
        _keep(edge, guest)
    elif found:
        _keep(edge, None)
    return result


def _guest_of(edge: Edge) -> str | None:
    token = edge.request.cookies.get(CART_COOKIE, "")
    return token if is_token(token) else None


def _keep(edge: Edge, token: str | None) -> None:
    """None has the browser forget it."""
    seconds = int(FORGOTTEN_AFTER.total_seconds()) if token else 0
    secure = "; Secure" if edge.runtime.settings.secure_cookies else ""
    cookie = f"{CART_COOKIE}={token or ''}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Lax{secure}"
    exchange_of(edge.request.scope).extra.append((b"set-cookie", cookie.encode()))
