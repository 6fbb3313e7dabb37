"""Traces: begun, continued in other processes, and handed to the process's keeper when they end.

Nothing is recorded until `record_with` names a keeper. The ids exist regardless: they come from the trail.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import Token

import msgspec

from threadly.platform.telemetry.keeper import Keeper
from threadly.platform.telemetry.spans import (
    Recording,
    Span,
    current_span,
    mark,
    open_span,
    span,
)
from threadly.platform.telemetry.trail import Trail, current_trail, enter_trail, leave_trail, trail_from

__all__ = [
    "Journey",
    "Span",
    "begin_journey",
    "continue_trace",
    "current_traceparent",
    "end_journey",
    "follow",
    "keeper",
    "mark",
    "open_span",
    "record_with",
    "span",
]


class _Process(msgspec.Struct):
    """The one piece of process-wide state: who takes the spans, if anybody."""

    keeper: Keeper | None = None


_process = _Process()


class Journey(msgspec.Struct):
    """A trail that has begun; `end_journey` closes it. `span` is its first span, if it was given a name."""

    trail: Trail
    token: Token[Trail | None]
    span: Span | None = None


def record_with(keeper: Keeper | None) -> None:
    """Record from now on, for `keeper`; for None, no more."""
    _process.keeper = keeper


def keeper() -> Keeper | None:
    """Who takes the spans of this process."""
    return _process.keeper


def follow(*, follower: str | None = None) -> None:
    """Keep the running trace whole and tell it live, to whom knows the key `follower`."""
    trail = current_trail()
    if _process.keeper is not None and trail is not None and trail.recording is not None:
        _process.keeper.follow(trail.recording, follower=follower)


def current_traceparent() -> str | None:
    """What to send along (header, event, job) so that the other side continues this trace."""
    trail = current_trail()
    if trail is None:
        return None
    innermost = current_span()
    if innermost is None or innermost.recording.trail is not trail:
        return trail.traceparent
    return f"00-{trail.trace_id}-{innermost.id:016x}-{'01' if trail.sampled else '00'}"


@contextmanager
def continue_trace(
    traceparent: str | None, *, tenant: str | None = None, tenant_id: int | None = None
) -> Iterator[Trail]:
    """Run an event's reaction or a job as part of the trace that caused it, or of a new one."""
    journey = begin_journey(traceparent)
    journey.trail.tenant, journey.trail.tenant_id = tenant, tenant_id
    recording = journey.trail.recording
    if recording is not None and journey.trail.continued and journey.trail.sampled:
        follow()  # by whoever follows the click that caused it
    try:
        yield journey.trail
    finally:
        end_journey(journey)


def begin_journey(
    traceparent: str | None,
    *,
    request_id: str | None = None,
    name: str | None = None,
    from_outside: bool = False,
) -> Journey:
    """`continue_trace` in two halves, for the HTTP front; with `name` the request is a span from end to end.

    Pair it with `end_journey` in the same task. What comes `from_outside` may name the trace, but not decide
    that it is kept: a stranger must not fill our store.
    """
    trail = trail_from(traceparent, request_id=request_id)
    taker = _process.keeper
    if taker is None:
        return Journey(trail, enter_trail(trail))
    if from_outside or not trail.continued:
        trail.sampled = taker.is_drawn(trail.trace_id)
    trail.recording = Recording(trail)
    token = enter_trail(trail)
    if name is None:
        return Journey(trail, token)
    whole = Span(trail.recording, name, "request", {}, None, 0)
    if not trail.continued:
        whole.id = int(trail.span_id, 16)  # logs and answers show it
    whole.__enter__()
    return Journey(trail, token, whole)


def end_journey(journey: Journey) -> None:
    if journey.span is not None:
        journey.span.__exit__(None, None, None)
    leave_trail(journey.token)
    recording = journey.trail.recording
    if recording is not None and _process.keeper is not None:
        _process.keeper.finish(recording)
