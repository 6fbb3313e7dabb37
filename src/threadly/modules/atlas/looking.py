"""Who looks at journeys: an operator at all of them, a follower at their own."""

from typing import TypeVar

import msgspec

from threadly.modules.atlas.verbs.journeys import MAY_OBSERVE
from threadly.platform.http.edge import Edge
from threadly.platform.http.exchange import exchange_of
from threadly.platform.http.following import OFF, follower_of

__all__ = ["Looker", "looker_of"]

T = TypeVar("T")


class Looker(msgspec.Struct, frozen=True):
    """`follower` is the key that they see the journeys of; None is for all of them. `key` is their own key
    also where they see more."""

    follower: str | None
    key: str | None


def looker_of(edge: Edge, *, mine: bool = False) -> Looker:
    """With `mine` an operator looks at their own too. Raises SignInRequired, Denied."""
    exchange = exchange_of(edge.request.scope)
    key = follower_of(exchange.headers)
    if key == OFF or not exchange.may_follow:
        key = None
    if key is None or (edge.actor.may(MAY_OBSERVE) and not mine):
        edge.actor.require(MAY_OBSERVE)
        return Looker(None, key)
    return Looker(key, key)
