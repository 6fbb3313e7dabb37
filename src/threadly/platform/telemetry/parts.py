"""What a process hands on of a trace: its part of it, with the spans that ended there. Plain values."""

from typing import Any, Final, Literal

import msgspec

__all__ = ["CHANNEL", "Kept", "LogLine", "Part", "SpanRecord", "opentelemetry_kind", "span_kinds"]

# Why a part was kept: somebody follows it, something went wrong, it was slow, the draw, or since another part
# of the same trace was kept.
Kept = Literal["followed", "failed", "slow", "sampled", "asked"]

# The channel of PubSub on which followed traces are told live, in all processes of an installation.
CHANNEL: Final = "journeys"

# What a span's kind says, from the outside in. A card, a layer and a part of the plan belong to each.
span_kinds: Final = {
    "browser": "what the browser measured itself",
    "request": "one HTTP request, as our process saw it",
    "gate": "a check before the handler",
    "verb": "what a module does",
    "rule": "a decision without I/O",
    "render": "a page is put together",
    "pool": "the wait for a connection",
    "transaction": "from BEGIN to COMMIT",
    "sql": "one statement",
    "valkey": "one command or script of Valkey",
    "cache": "one look into the cache, with the making on a miss",
    "call": "one call of another system over the network",
    "pause": "the wait before another attempt",
    "event": "a fact was written to the outbox (an instant)",
    "reaction": "a reaction to an event, in a worker",
    "job": "a durable job",
    "step": "a step of a job",
    "internal": "anything else",
}

# What our kinds are called in OpenTelemetry; anything else is INTERNAL.
_OPENTELEMETRY: Final = {
    "request": "SERVER",
    "sql": "CLIENT",
    "valkey": "CLIENT",
    "call": "CLIENT",
    "browser": "CLIENT",
    "event": "PRODUCER",
    "reaction": "CONSUMER",
    "job": "CONSUMER",
}


def opentelemetry_kind(kind: str) -> str:
    """The name of OpenTelemetry's kind of span for one of ours."""
    return _OPENTELEMETRY.get(kind, "INTERNAL")


class SpanRecord(msgspec.Struct, frozen=True, omit_defaults=True):
    """`start_us` is µs since the Unix epoch; `duration_us` None means that it has not ended.

    `source` is "modules/feed/verbs/posts.py:42", below the package. `refused` is a Refusal's code: an answer,
    no failure. `error` is the failure's type and message.
    """

    id: str
    name: str
    kind: str
    start_us: int
    duration_us: int | None = None
    parent: str | None = None
    source: str | None = None
    error: str | None = None
    refused: str | None = None
    attributes: dict[str, Any] = {}


class LogLine(msgspec.Struct, frozen=True, omit_defaults=True):
    """One line of the log, redacted. `fields` holds what is not named here."""

    at_us: int
    level: str
    event: str
    trace_id: str | None = None
    request_id: str | None = None
    tenant: str | None = None
    user: str | None = None
    fields: dict[str, Any] = {}


class Part(msgspec.Struct, frozen=True, omit_defaults=True):
    """One process's part of a trace: a request, a reaction or a job, whole.

    `process` is "web-4711" or "worker-4712". `follower` is the key of who follows it. `status` is the HTTP
    status of a request. `dropped` counts spans beyond the bound.
    """

    trace_id: str
    id: str
    process: str
    name: str
    kind: str
    start_us: int
    duration_us: int
    kept: Kept
    tenant_id: int | None = None
    tenant: str | None = None
    user: str | None = None
    request_id: str | None = None
    follower: str | None = None
    route: str | None = None
    status: int | None = None
    error: str | None = None
    dropped: int = 0
    spans: list[SpanRecord] = []
