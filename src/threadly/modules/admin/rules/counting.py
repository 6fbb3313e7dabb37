"""What a request, a reaction or an event counts for."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import msgspec

from threadly.modules.admin.types.objectives import (
    AvailabilityIndicator,
    LatencyIndicator,
    Objective,
    ReactionIndicator,
)

__all__ = [
    "PROBES",
    "Counted",
    "Reacted",
    "business_of",
    "counted_by_route",
    "matches_route",
    "reacted_by_name",
]

SERVER_ERROR: Final = 500
# Asked by orchestrators and scrapers: no part of what the community is promised.
PROBES: Final = frozenset({"/live", "/ready", "/metrics"})


class Counted(msgspec.Struct, frozen=True):
    """What a request on some route counts for: `within_us` None asks only whether it was answered."""

    objective: str
    within_us: int | None


class Reacted(msgspec.Struct, frozen=True):
    objective: str
    within_us: int


def matches_route(pattern: str, route: str) -> bool:
    """Whether "GET /api/v1/posts/{post_id:str}" is meant by "GET /api/v1/posts*"."""
    return re.fullmatch(".*".join(map(re.escape, pattern.split("*"))), route) is not None


def counted_by_route(objectives: Iterable[Objective], route: str) -> tuple[Counted, ...]:
    found = []
    for each in objectives:
        indicator = each.indicator
        if isinstance(indicator, AvailabilityIndicator | LatencyIndicator) and any(
            matches_route(pattern, route) for pattern in indicator.routes
        ):
            within_ms = indicator.within_ms if isinstance(indicator, LatencyIndicator) else None
            found.append(Counted(each.name, within_ms and within_ms * 1_000))
    return tuple(found)


def reacted_by_name(objectives: Iterable[Objective]) -> dict[str, tuple[Reacted, ...]]:
    """By the name of the reaction."""
    found: dict[str, tuple[Reacted, ...]] = {}
    for each in objectives:
        if isinstance(each.indicator, ReactionIndicator):
            reacted = Reacted(each.name, each.indicator.within_ms * 1_000)
            found[each.indicator.reaction] = (*found.get(each.indicator.reaction, ()), reacted)
    return found


def business_of(event: str, payload: Mapping[str, Any]) -> Sequence[tuple[str, int]]:
    """The figures that an event adds to, and how much."""
    if event == "identity.user_signed_up":
        return (("signups", 1),)
    if event == "feed.post_published":
        return (("posts", 1),)
    if event == "feed.comment_published":
        return (("comments", 1),)
    if event.startswith("store.order_"):
        return (
            (f"orders.{event.removeprefix('store.order_')}", 1),
            *((_money(event, payload),) if payload.get("currency") else ()),
        )
    return ()


def _money(event: str, payload: Mapping[str, Any]) -> tuple[str, int]:
    kind = "revenue" if event == "store.order_paid" else "refunds"
    return f"{kind}.{payload['currency']}", int(payload["amount_minor"])
