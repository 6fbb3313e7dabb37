"""The trail: which request, event or job the running code belongs to.

One small object in one context variable carries the ids that logs, answers, events and jobs repeat. It is
mutable on purpose: the edge learns the tenant and the user after the trail has begun.
"""

from contextvars import ContextVar, Token
from secrets import token_hex
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from threadly.platform.telemetry.spans import Recording

__all__ = ["Trail", "current_trail", "enter_trail", "identify", "leave_trail", "note_outside", "trail_from"]

_current: ContextVar["Trail | None"] = ContextVar("threadly_trail", default=None)

_HEX = frozenset("0123456789abcdef")
_TRACEPARENT_LENGTH = 55


class Trail(msgspec.Struct):
    """`trace_id` is 32 and `span_id` 16 lower-case hex digits (W3C Trace Context).

    `continued` says that `span_id` is a span of somebody else, who caused what runs here. `sampled` says that
    the trace is certainly kept, here and in whatever it causes. `outside_s` is how long calls to other
    services took so far. `recording` holds the spans while there is somebody to take them.
    """

    request_id: str
    trace_id: str
    span_id: str
    sampled: bool = False
    continued: bool = False
    tenant: str | None = None
    user: str | None = None
    tenant_id: int | None = None
    outside_s: float = 0.0
    recording: "Recording | None" = None

    @property
    def traceparent(self) -> str:
        return f"00-{self.trace_id}-{self.span_id}-{'01' if self.sampled else '00'}"


def trail_from(traceparent: str | None, *, request_id: str | None = None) -> Trail:
    """A trail that continues `traceparent`, or starts a new trace where that is missing or malformed."""
    random = token_hex(32)
    request_id = request_id or random[48:]
    if traceparent and (parent := _parse(traceparent)):
        trace_id, span_id, sampled = parent
        return Trail(request_id, trace_id, span_id, sampled=sampled, continued=True)
    return Trail(request_id, random[:32], random[32:48])


def current_trail() -> Trail | None:
    return _current.get()


def enter_trail(trail: Trail) -> Token[Trail | None]:
    return _current.set(trail)


def leave_trail(token: Token[Trail | None]) -> None:
    _current.reset(token)


def identify(*, tenant: str | None = None, tenant_id: int | None = None, user: str | None = None) -> None:
    """Name who acts, for every log line from here on."""
    trail = _current.get()
    if trail is None:
        return
    trail.tenant = tenant or trail.tenant
    trail.tenant_id = tenant_id or trail.tenant_id
    trail.user = user or trail.user


def note_outside(duration_s: float) -> None:
    """A call to another service took so long: people's browsers are told (Server-Timing)."""
    trail = _current.get()
    if trail is not None:
        trail.outside_s += duration_s


def _parse(traceparent: str) -> tuple[str, str, bool] | None:
    """Trace id, parent's span id and whether it is sampled (https://www.w3.org/TR/trace-context/#version)."""
    parts = traceparent[:_TRACEPARENT_LENGTH].split("-")
    if [len(part) for part in parts] != [2, 32, 16, 2] or not _HEX.issuperset("".join(parts)):
        return None
    version, trace_id, span_id, flags = parts
    if version == "ff" or not trace_id.strip("0") or not span_id.strip("0"):
        return None
    if version == "00" and len(traceparent) != _TRACEPARENT_LENGTH:
        return None
    return trace_id, span_id, bool(int(flags, 16) & 1)
