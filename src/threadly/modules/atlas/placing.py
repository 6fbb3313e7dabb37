"""Where a span belongs: its place on the plan, its layer, and the card that explains it."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from threadly.modules.atlas.concepts import CONCEPTS
from threadly.modules.atlas.types import BarLayer, Placed

__all__ = ["LAYER_NAMES", "MODULES", "PROVIDERS", "place_of"]

MODULES: Final = frozenset(
    {
        "identity", "media", "moderation", "payments", "messaging", "feed", "store",
        "notifications", "search", "atlas", "admin",
    }
)  # fmt: skip
PROVIDERS: Final = frozenset({"stripe", "paypal", "sandbox"})

# In the order in which a request meets them, as people read them beside a time.
LAYER_NAMES: Final[Mapping[BarLayer, str]] = {
    "network": "Browser and network",
    "entry": "Entry",
    "security": "Security",
    "application": "Application",
    "data": "Data",
    "cache": "Cache",
    "resilience": "Resilience",
    "payments": "Payments",
    "events": "Events and jobs",
    "observability": "Observability",
}

# The first card that says a span of this name shows it at work.
_CARDS: Final = {
    name: concept.slug for concept in reversed(CONCEPTS) for name in concept.spans if name != "request"
}


def place_of(kind: str, name: str, process: str, attributes: Mapping[str, Any]) -> Placed:
    """`kind` as in `parts.span_kinds`; `process` is "web-4711". What it does not know is in the edge."""
    return _PLACERS.get(kind, _internal)(name, process, attributes)


def _browser(_name: str, _process: str, _attributes: Mapping[str, Any]) -> Placed:
    return Placed("browser", "network", "connection-reuse")


def _request(_name: str, _process: str, _attributes: Mapping[str, Any]) -> Placed:
    return Placed("front", "entry", "middleware")


def _gate(_name: str, _process: str, _attributes: Mapping[str, Any]) -> Placed:
    return Placed("gate", "security", "sessions")


def _verb(name: str, _process: str, attributes: Mapping[str, Any]) -> Placed:
    if attributes.get("replayed") or name == "idempotent answer":
        return Placed("edge", "application", "idempotency-key")
    module = _module_of(name)
    return Placed(module or "edge", "application", _CARDS.get(name, "verbs-and-repositories"))


def _render(_name: str, _process: str, _attributes: Mapping[str, Any]) -> Placed:
    return Placed("edge", "application", "escaping")


def _pool(_name: str, _process: str, _attributes: Mapping[str, Any]) -> Placed:
    return Placed("postgresql", "data", "connection-pool")


def _transaction(name: str, _process: str, _attributes: Mapping[str, Any]) -> Placed:
    return Placed("postgresql", "data", "savepoints" if name == "savepoint" else "transactions")


def _sql(name: str, _process: str, attributes: Mapping[str, Any]) -> Placed:
    place = "postgresql-replica" if attributes.get("replica") else "postgresql"
    return Placed(place, "data", _CARDS.get(name, "row-level-security"))


def _valkey(name: str, _process: str, _attributes: Mapping[str, Any]) -> Placed:
    if name == "valkey limits.check":
        return Placed("valkey", "security", "rate-limits")
    return Placed("valkey", "cache", _CARDS.get(name, "pipelining"))


def _cache(_name: str, _process: str, attributes: Mapping[str, Any]) -> Placed:
    shared = attributes.get("outcome") == "shared"
    return Placed("valkey", "cache", "single-flight" if shared else "cache-aside")


def _call(name: str, _process: str, attributes: Mapping[str, Any]) -> Placed:
    neighbour = name.partition(".")[0]
    if neighbour == "storage":
        return Placed("storage", "data", "object-storage")
    if neighbour not in PROVIDERS:
        return Placed(neighbour, "network", "timeouts")
    if attributes.get("breaker") == "open":
        return Placed(neighbour, "resilience", "circuit-breaker")
    repeated = (attributes.get("attempt") or 1) > 1
    return Placed(neighbour, "payments", "retry" if repeated else "adapter")


# What is noted where something that fails is coped with.
COPING: Final[Mapping[str, Placed]] = {
    "limits.open": Placed("gate", "resilience", "graceful-degradation"),
    "cache.bypassed": Placed("valkey", "resilience", "graceful-degradation"),
    "breaker.opened": Placed("payments", "resilience", "circuit-breaker"),
    "breaker.closed": Placed("payments", "resilience", "circuit-breaker"),
    "payments.passed_on": Placed("payments", "resilience", "fallback"),
    "payments.in_doubt": Placed("payments", "resilience", "payment-in-doubt"),
    "idempotency.replayed": Placed("edge", "resilience", "idempotency-key"),
    "store.compensate": Placed("store", "resilience", "compensation"),
}


def _pause(_name: str, _process: str, attributes: Mapping[str, Any]) -> Placed:
    if str(attributes.get("after", "")).endswith(("DeadlockDetectedError", "SerializationError")):
        return Placed("postgresql", "resilience", "deadlock-retry")
    return Placed("payments", "resilience", "retry")


def _event(_name: str, _process: str, attributes: Mapping[str, Any]) -> Placed:
    if "queue" in attributes:
        return Placed("jobs", "events", "durable-jobs")
    return Placed("relay", "events", "outbox")


def _reaction(_name: str, _process: str, _attributes: Mapping[str, Any]) -> Placed:
    return Placed("relay", "events", "events")


def _job(name: str, _process: str, _attributes: Mapping[str, Any]) -> Placed:
    return Placed("jobs", "events", _CARDS.get(name, "durable-jobs"))


def _step(_name: str, _process: str, _attributes: Mapping[str, Any]) -> Placed:
    return Placed("jobs", "events", "durable-jobs")


def _internal(name: str, _process: str, _attributes: Mapping[str, Any]) -> Placed:
    return COPING.get(name) or Placed(_module_of(name) or "edge", "application", _CARDS.get(name))


def _module_of(name: str) -> str | None:
    module = name.partition(".")[0]
    return module if module in MODULES else None


_PLACERS: Final[Mapping[str, Callable[[str, str, Mapping[str, Any]], Placed]]] = {
    "browser": _browser,
    "request": _request,
    "gate": _gate,
    "verb": _verb,
    "rule": _internal,
    "render": _render,
    "pool": _pool,
    "transaction": _transaction,
    "sql": _sql,
    "valkey": _valkey,
    "cache": _cache,
    "call": _call,
    "pause": _pause,
    "event": _event,
    "reaction": _reaction,
    "job": _job,
    "step": _step,
    "internal": _internal,
}
