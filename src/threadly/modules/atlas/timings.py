"""What the browser measured of its requests, as parts of their traces.

The browser's clock is its own. What both know is the request: it was sent and answered within the browser's
wait for it, so the server's span is laid into the middle of what the wait was longer.
"""

from secrets import token_hex
from typing import Annotated, Final

import msgspec
from msgspec import Meta

from threadly.platform.http.following import Ticket
from threadly.platform.ids import new_id
from threadly.platform.telemetry.parts import Part, SpanRecord

__all__ = ["MOST_BYTES", "MOST_TIMINGS", "Timing", "Timings", "part_of"]

MOST_TIMINGS: Final = 20
MOST_BYTES: Final = 16_384

# Milliseconds since the page began, as in https://www.w3.org/TR/resource-timing/: an hour at most.
Millis = Annotated[float, Meta(ge=0, le=3_600_000)]

# Name, beginning and end of what is measured, in the order in which it happens.
PHASES: Final = (
    ("redirect", "redirect_start", "redirect_end"),
    ("dns", "dns_start", "dns_end"),
    ("tcp", "connect_start", "connect_end"),
    ("tls", "secure_start", "connect_end"),
    ("wait", "request_start", "response_start"),
    ("download", "response_start", "response_end"),
    ("dom", "response_end", "dom_ready"),
    ("load", "dom_ready", "load_end"),
)


class Timing(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One request by the browser's clock; what did not happen is 0. `ticket` came with the answer."""

    ticket: Annotated[str, Meta(max_length=128)]
    start: Millis
    request_start: Millis
    response_start: Millis
    response_end: Millis
    redirect_start: Millis = 0
    redirect_end: Millis = 0
    dns_start: Millis = 0
    dns_end: Millis = 0
    connect_start: Millis = 0
    connect_end: Millis = 0
    secure_start: Millis = 0
    dom_ready: Millis = 0
    load_end: Millis = 0


class Timings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What one page has measured since it last said so."""

    timings: Annotated[list[Timing], Meta(min_length=1, max_length=MOST_TIMINGS)]


def part_of(timing: Timing, ticket: Ticket, *, follower: str, tenant_id: int) -> Part | None:
    """The browser's part of the trace; None if the times contradict each other."""
    if not timing.start <= timing.request_start <= timing.response_start <= timing.response_end:
        return None
    wait_us = _us(timing.response_start - timing.request_start)
    # Half of what the wait was longer than our work is the way there.
    zero_us = ticket.start_us - max(0, wait_us - ticket.took_us) // 2 - _us(timing.request_start)
    end = max(timing.response_end, timing.dom_ready, timing.load_end)
    root = SpanRecord(
        id=token_hex(8),
        name="browser",
        kind="browser",
        start_us=zero_us + _us(timing.start),
        duration_us=_us(end - timing.start),
    )
    return Part(
        trace_id=ticket.trace_id,
        id=str(new_id()),
        process="browser",
        name=root.name,
        kind=root.kind,
        start_us=root.start_us,
        duration_us=root.duration_us or 0,
        kept="followed",
        tenant_id=tenant_id,
        follower=follower,
        spans=[root, *_phases(timing, ticket, root, zero_us)],
    )


def _phases(timing: Timing, ticket: Ticket, root: SpanRecord, zero_us: int) -> list[SpanRecord]:
    """Those that happened; the wait says `around` which span of ours it was for."""
    found = []
    for name, begins, ends in PHASES:
        begin, end = getattr(timing, begins), getattr(timing, ends)
        if name == "tcp" and timing.secure_start:
            end = timing.secure_start
        if not begin or end < begin or (end == begin and name != "wait"):
            continue
        found.append(
            SpanRecord(
                id=token_hex(8),
                name=name,
                kind="browser",
                start_us=zero_us + _us(begin),
                duration_us=_us(end - begin),
                parent=root.id,
                attributes={"around": ticket.span_id} if name == "wait" else {},
            )
        )
    return found


def _us(millis: float) -> int:
    return round(millis * 1_000)
