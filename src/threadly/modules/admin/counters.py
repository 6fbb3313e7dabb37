"""The Prometheus numbers of this module, for all processes of a machine together."""

from typing import Final

from prometheus_client import Counter, Histogram

from threadly.platform.telemetry.metrics import registry

__all__ = [
    "CPU_SECONDS",
    "POOL_BOUNDS_S",
    "POOL_WAIT_SECONDS",
    "SLI_EVENTS",
    "SLI_GOOD_EVENTS",
    "count_business",
]

POOL_BOUNDS_S: Final = (0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0)

CPU_SECONDS = Counter(
    "threadly_cpu_seconds", "Processor time by kind of process.", ("process",), registry=registry
)
POOL_WAIT_SECONDS = Histogram(
    "threadly_db_pool_wait_seconds",
    "How long a connection to PostgreSQL was waited for.",
    buckets=POOL_BOUNDS_S,
    registry=registry,
)
SLI_EVENTS = Counter(
    "threadly_sli_events",
    "What an objective is about: requests, reactions.",
    ("objective",),
    registry=registry,
)
SLI_GOOD_EVENTS = Counter(
    "threadly_sli_good_events", "Of these, the good ones.", ("objective",), registry=registry
)
_SIGNUPS = Counter("threadly_signups", "Members who signed up.", registry=registry)
_POSTS = Counter("threadly_posts", "Posts that were published.", registry=registry)
_COMMENTS = Counter("threadly_comments", "Comments that were published.", registry=registry)
_ORDERS = Counter("threadly_orders", "Orders by what became of them.", ("state",), registry=registry)
_REVENUE = Counter(
    "threadly_revenue_minor", "What orders came to, in minor units.", ("currency",), registry=registry
)
_REFUNDS = Counter(
    "threadly_refunds_minor", "What was given back, in minor units.", ("currency",), registry=registry
)
_PLAIN: Final = {"signups": _SIGNUPS, "posts": _POSTS, "comments": _COMMENTS}
_LABELLED: Final = {"orders": _ORDERS, "revenue": _REVENUE, "refunds": _REFUNDS}


def count_business(figure: str, amount: int) -> None:
    """`figure` is one of `rules.counting.business_of`: "posts", "orders.paid", "revenue.USD"."""
    kind, _, label = figure.partition(".")
    if label:
        _LABELLED[kind].labels(label).inc(amount)
    else:
        _PLAIN[kind].inc(amount)
