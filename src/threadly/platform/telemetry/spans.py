"""Spans: what ran, from when to when, because of what, and which line of code asked for it.

They are recorded for every request, reaction and job, since whether a trace is worth keeping shows at its end
(`keeper.py`). So they must be cheap: an OpenTelemetry span costs about 12 µs here, one of these about 1.5.
Names, kinds and ids are OpenTelemetry's; `otlp.py` exports them.
"""

import sys
from asyncio import CancelledError
from collections.abc import Callable
from contextvars import ContextVar, Token
from random import getrandbits
from time import perf_counter_ns, time_ns
from types import CodeType, TracebackType
from typing import Any, Final

from threadly.platform.errors import Refusal
from threadly.platform.telemetry.trail import Trail, current_trail

__all__ = ["NOTHING", "Nothing", "Recording", "Span", "current_span", "mark", "open_span", "span", "span_of"]

# In one part of a trace. What is beyond is counted only.
MOST_SPANS: Final = 20_000
LONGEST_ERROR: Final = 500

_open: ContextVar["Span | None"] = ContextVar("threadly_span", default=None)


class Recording:
    """The spans of one part of a trace, while it runs. `caller_id` is the span that caused it, if any.
    `failed` says that a span of it failed, or that an error was logged meanwhile.

    `tell` is set while somebody follows: it is called with each span that begins or ends.
    """

    __slots__ = (
        "anchor_ns", "caller_id", "causes", "closed", "dropped", "failed", "follower", "last_ns", "route",
        "spans", "status", "streams", "tell", "trail",
    )  # fmt: skip

    def __init__(self, trail: Trail) -> None:
        self.trail = trail
        self.caller_id = int(trail.span_id, 16) if trail.continued else 0
        self.anchor_ns = time_ns() - perf_counter_ns()
        self.spans: list[Span] = []
        self.last_ns = 0
        self.dropped = 0
        self.closed = False
        self.failed = False
        # Whether an event or a job goes on with the trace, in another part.
        self.causes = False
        self.follower: str | None = None
        self.tell: Callable[[Recording, Span], None] | None = None
        self.route: str | None = None
        self.status: int | None = None
        self.streams = False

    @property
    def duration_us(self) -> int:
        """From the first beginning to the last end."""
        return max(0, self.last_ns - self.spans[0].started_ns) // 1_000 if self.spans else 0


class Span:
    """`with span("feed.get_post") as it: … it.set(rows=20)`. Ends with the block; a failure is noted.

    Once it has ended it lets go of its recording and its context: without a cycle, memory is free at once,
    where the garbage collector took half as long again as all else here.
    """

    __slots__ = (
        "_token", "attributes", "code", "ended_ns", "error", "id", "kind", "line", "name", "parent_id",
        "recording", "refused", "started_ns",
    )  # fmt: skip

    _token: Token["Span | None"]

    def __init__(
        self,
        recording: Recording,
        name: str,
        kind: str,
        attributes: dict[str, Any],
        code: CodeType | None,
        line: int,
    ) -> None:
        self.recording = recording
        self.name = name
        self.kind = kind
        self.attributes = attributes
        self.code = code
        self.line = line
        self.id = getrandbits(64) or 1
        self.ended_ns = 0
        self.error: str | None = None
        self.refused: str | None = None

    def __enter__(self) -> "Span":
        recording = self.recording
        parent = _open.get()
        # One that has ended is of a task that made this one's; one of another part may still be open around
        # this one: a reaction that runs inside a request.
        if parent is not None and not parent.ended_ns and parent.recording is recording:
            self.parent_id = parent.id
        else:
            self.parent_id = recording.caller_id
        self._token = _open.set(self)
        if len(recording.spans) < MOST_SPANS:
            recording.spans.append(self)
        else:
            recording.dropped += 1
        self.started_ns = perf_counter_ns()
        if recording.tell is not None:
            recording.tell(recording, self)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        recording = self.recording
        recording.last_ns = self.ended_ns = perf_counter_ns()
        _open.reset(self._token)
        if error is not None:
            self.fail(error)
        if recording.tell is not None and not recording.closed:
            recording.tell(recording, self)
        del self._token, self.recording

    def set(self, **attributes: Any) -> None:
        """Note what became known meanwhile."""
        if self.attributes:
            self.attributes.update(attributes)
        else:
            self.attributes = attributes

    def fail(self, error: BaseException) -> None:
        if isinstance(error, Refusal):
            self.refused = error.code
        else:
            self.error = f"{type(error).__name__}: {error}"[:LONGEST_ERROR]
            if not isinstance(error, CancelledError):  # whoever waited has left: nothing is wrong with us
                self.recording.failed = True


class Nothing:
    """What stands in for a span where nothing is recorded."""

    __slots__ = ()

    def __enter__(self) -> "Nothing":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return None

    def set(self, **attributes: Any) -> None: ...

    def fail(self, error: BaseException) -> None: ...


NOTHING: Final = Nothing()


def span(name: str, *, kind: str = "internal", **attributes: Any) -> Span | Nothing:
    """`with span("feed.get_post", kind="sql", rows=20) as it:`, told to come from the caller's line.

    An exception that passes through is noted on the span. Kinds are in `parts.span_kinds`.
    """
    return open_span(name, kind, attributes, depth=2)


def open_span(name: str, kind: str, attributes: dict[str, Any], *, depth: int) -> Span | Nothing:
    """`span` for helpers: told to come from the line `depth` calls up."""
    trail = current_trail()
    if trail is None or trail.recording is None:
        return NOTHING
    if kind == "event":
        trail.recording.causes = True
    frame = sys._getframe(depth)
    return Span(trail.recording, name, kind, attributes, frame.f_code, frame.f_lineno)


def span_of(code: CodeType, name: str, kind: str) -> Span | Nothing:
    """A span told to come from where `code` is written."""
    trail = current_trail()
    if trail is None or trail.recording is None:
        return NOTHING
    return Span(trail.recording, name, kind, {}, code, code.co_firstlineno)


def mark(name: str, kind: str, **attributes: Any) -> None:
    """Note an instant: a span without length."""
    with open_span(name, kind, attributes, depth=2):
        pass


def current_span() -> Span | None:
    """The innermost open span of the running code. A task may outlive the span that it was made in."""
    it = _open.get()
    return it if it is not None and not it.ended_ns else None
