"""What becomes of recorded spans: kept, told live, or forgotten (tail sampling).

A part of a trace is kept when somebody follows it, when it failed or was slow, when the draw by its trace id
says so, or when another part of its trace was kept for such a reason. The last needs memory: what ended a
moment ago is held back, and the processes tell each other which traces they keep.

Nothing waits for any of this: parts go to their takers from a task of its own, and what is too much is
counted and dropped.
"""

import asyncio
import os
from collections import OrderedDict, deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from contextvars import ContextVar
from hashlib import blake2b
from secrets import token_hex
from threading import get_ident
from time import monotonic
from typing import Any, Final

import msgspec
import structlog

from threadly.platform.chores import doing
from threadly.platform.errors import Refusal
from threadly.platform.ids import new_id
from threadly.platform.keys import derive_key
from threadly.platform.telemetry.parts import CHANNEL, Kept, LogLine, Part, SpanRecord
from threadly.platform.telemetry.redaction import redact_text
from threadly.platform.telemetry.sources import source_of
from threadly.platform.telemetry.spans import Recording, Span
from threadly.settings import Settings

__all__ = ["KEEP_CHANNEL", "Keeper", "Publish", "Take"]

# Takes parts that are kept, and the lines of the log. May say for how many parts it had no room; if it fails
# all are lost, and it is said.
Take = Callable[[Sequence[Part], Sequence[LogLine]], Awaitable[int | None]]

# Sends messages to all processes of the installation, on the channel that each names: best effort.
Publish = Callable[[Iterable[tuple[str, Mapping[str, object]]]], Awaitable[None]]

# What ended lately and is not kept so far; bounded by age and by the number of its spans.
HELD_S: Final = 10.0
HELD_SPANS: Final = 10_000
# Traces that another part was kept of.
MOST_ASKED: Final = 2_000
# What waits for the takers.
MOST_WAITING: Final = 2_000
MOST_LINES_WAITING: Final = 5_000
MOST_TOLD: Final = 5_000
FLUSH_EVERY_S: Final = 0.25
TELL_EVERY_S: Final = 0.05
# In one message, so that none is large.
MOST_TOLD_AT_ONCE: Final = 200
# On which the processes tell each other what they keep: {"traces": [trace id, …]}.
KEEP_CHANNEL: Final = "journeys-kept"
LONGEST_TEXT: Final = 500

_log = structlog.get_logger(__name__)

# While lines are handed to the takers: what is logged then, since a taker fails, is not handed on again.
_handing_on: ContextVar[bool] = ContextVar("threadly_handing_on", default=False)


class Keeper:
    """One per process, `working` on the loop that serves, once the pools are open."""

    def __init__(self, settings: Settings, service: str, *, takers: Sequence[Take] = ()) -> None:
        self.process = f"{service}-{os.getpid()}"
        self.takers = list(takers)
        # Called with each recording that ends, kept or not: for what is counted of every request.
        self.observers: list[Callable[[Recording], None]] = []
        self.dropped = 0
        # What is running and followed.
        self.followed: set[Recording] = set()
        self._sample = settings.trace_sample
        # A process that has no secret draws for itself alone.
        self._draw_key = derive_key(settings.secret_key or token_hex(), "draw of traces")
        self._slow_us = settings.trace_slow_ms * 1_000
        self._publish: Publish | None = None
        self._held: deque[tuple[float, Recording]] = deque()
        self._held_spans = 0
        self._asked: OrderedDict[str, None] = OrderedDict()
        self._announce: deque[str] = deque(maxlen=MOST_ASKED)
        self._parts: deque[Part] = deque()
        self._lines: deque[LogLine] = deque(maxlen=MOST_LINES_WAITING)
        self._told: deque[tuple[Recording, Span]] = deque()
        self._wake = asyncio.Event()
        self._is_followed = asyncio.Event()
        self._tell_wake = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread = get_ident()

    # What the recorder calls. All of it at once, on the loop.

    def is_drawn(self, trace_id: str) -> bool:
        """Whether the draw keeps it. Every process comes to the same, and who chooses the id cannot tell to
        what: it is not the id itself that is compared, as TraceIdRatioBased would."""
        if self._sample >= 1:
            return True
        drawn = blake2b(trace_id.encode(), key=self._draw_key, digest_size=8).digest()
        return int.from_bytes(drawn) < self._sample * 2**64

    def set_sample(self, share: float) -> None:
        """The share of traces that the draw keeps, from now on: 0 to 1."""
        self._sample = share

    def follow(self, recording: Recording, *, follower: str | None = None) -> None:
        """Keeps the trace whole, here and in what it causes, and tells each of its spans live."""
        recording.follower = follower
        recording.trail.sampled = True
        self.followed.add(recording)
        self._is_followed.set()
        if recording.tell is None and self._publish is not None:
            recording.tell = self._tell
            for each in recording.spans:
                self._tell(recording, each)

    def finish(self, recording: Recording) -> None:
        recording.closed = True
        self.followed.discard(recording)
        recording.trail.recording = None  # nothing more; and no cycle
        for observe in self.observers:
            observe(recording)
        if not recording.spans:
            return
        reason = self._reason(recording)
        if reason is None:
            # A trace that begins and ends here has no other part that could want this one.
            if recording.causes or recording.trail.continued:
                self._hold(recording)
            return
        self._keep(recording, reason)
        if reason in ("failed", "slow"):
            self.ask(recording.trail.trace_id)
            self._announce.append(recording.trail.trace_id)

    def ask(self, trace_id: str) -> None:
        """Keep what else there is of this trace, and what is to come."""
        self._asked[trace_id] = None
        if len(self._asked) > MOST_ASKED:
            self._asked.popitem(last=False)
        wanted = [each for each in self._held if each[1].trail.trace_id == trace_id]
        for each in wanted:
            self._held.remove(each)
            self._held_spans -= len(each[1].spans)
            self._keep(each[1], "asked")

    def hand_in(self, part: Part) -> None:
        """Keeps what somebody else measured of a trace: the browser."""
        if len(self._parts) >= MOST_WAITING:
            self.dropped += 1
            return
        self._parts.append(part)
        self._wake.set()

    def note(self, line: LogLine) -> None:
        """A line of the log, from any thread."""
        if _handing_on.get():
            return
        self.dropped += len(self._lines) == MOST_LINES_WAITING
        self._lines.append(line)
        if get_ident() == self._thread:
            self._wake.set()
        elif self._loop is not None:
            self._loop.call_soon_threadsafe(self._wake.set)

    # Its life

    @asynccontextmanager
    async def working(self, publish: Publish) -> AsyncIterator[None]:
        """Hands on and tells, meanwhile; in the end what still waits, and then nothing more is taken."""
        self._publish = publish
        self._loop, self._thread = asyncio.get_running_loop(), get_ident()
        try:
            async with doing({"keeper.flush": self._keep_flushing, "keeper.tell": self._keep_telling}):
                yield
        finally:
            self._publish = self._loop = None
            await self.flush()

    async def wait_for_followed(self) -> None:
        """Until something that is followed runs."""
        while not self.followed:
            self._is_followed.clear()
            await self._is_followed.wait()

    async def flush(self) -> None:
        """Hands what waits to the takers."""
        parts, lines = list(self._parts), list(self._lines)
        self._parts.clear()
        self._lines.clear()
        if not parts and not lines:
            return
        told = _handing_on.set(True)
        for take in self.takers:
            try:
                self.dropped += await take(parts, lines) or 0
            except Refusal as refusal:  # the database is away
                self.dropped += len(parts)
                _log.debug("spans are lost", parts=len(parts), lines=len(lines), reason=refusal.code)
            except Exception:
                self.dropped += len(parts)
                _log.exception("spans are lost", parts=len(parts), lines=len(lines))
        _handing_on.reset(told)

    # Deciding

    def _reason(self, recording: Recording) -> Kept | None:
        trail = recording.trail
        if recording.tell is not None or recording.follower is not None:
            return "followed"
        if recording.failed or (recording.status or 0) >= 500:
            return "failed"
        if not recording.streams and recording.duration_us >= self._slow_us:
            return "slow"
        if trail.sampled:
            return "sampled"
        return "asked" if trail.trace_id in self._asked else None

    def _hold(self, recording: Recording) -> None:
        now = monotonic()
        self._held.append((now, recording))
        self._held_spans += len(recording.spans)
        while self._held and (self._held_spans > HELD_SPANS or self._held[0][0] < now - HELD_S):
            self._held_spans -= len(self._held.popleft()[1].spans)

    def _keep(self, recording: Recording, reason: Kept) -> None:
        self.hand_in(part_of(recording, reason, process=self.process))

    # Telling

    def _tell(self, recording: Recording, told: Span) -> None:
        if len(self._told) < MOST_TOLD:
            self._told.append((recording, told))
            self._tell_wake.set()

    async def _keep_telling(self) -> None:
        while True:
            await self._tell_wake.wait()
            await asyncio.sleep(TELL_EVERY_S)
            self._tell_wake.clear()
            while self._told:
                batch = [self._told.popleft() for _ in range(min(len(self._told), MOST_TOLD_AT_ONCE))]
                if self._publish is not None:
                    await self._publish([(CHANNEL, each) for each in _messages(batch, self.process)])

    async def _keep_flushing(self) -> None:
        while True:
            await self._wake.wait()
            await asyncio.sleep(FLUSH_EVERY_S)
            self._wake.clear()
            if self._announce and self._publish is not None:
                asked = list(self._announce)
                self._announce.clear()
                await self._publish([(KEEP_CHANNEL, {"traces": asked})])
            await self.flush()


def part_of(recording: Recording, reason: Kept, *, process: str) -> Part:
    """What the recording came to."""
    trail, root = recording.trail, recording.spans[0]
    return Part(
        trace_id=trail.trace_id,
        id=str(new_id()),
        process=process,
        name=root.name,
        kind=root.kind,
        start_us=(recording.anchor_ns + root.started_ns) // 1_000,
        duration_us=recording.duration_us,
        kept=reason,
        tenant_id=trail.tenant_id,
        tenant=trail.tenant,
        user=trail.user,
        request_id=trail.request_id,
        follower=recording.follower,
        route=recording.route,
        status=recording.status,
        error=next((redact_text(each.error) for each in recording.spans if each.error), None),
        dropped=recording.dropped,
        spans=[record_of(each, anchor_ns=recording.anchor_ns) for each in recording.spans],
    )


def record_of(it: Span, *, anchor_ns: int) -> SpanRecord:
    return SpanRecord(
        id=f"{it.id:016x}",
        name=it.name,
        kind=it.kind,
        start_us=(anchor_ns + it.started_ns) // 1_000,
        duration_us=(it.ended_ns - it.started_ns) // 1_000 if it.ended_ns else None,
        parent=f"{it.parent_id:016x}" if it.parent_id else None,
        source=source_of(it.code, it.line),
        error=redact_text(it.error) if it.error else None,
        refused=it.refused,
        attributes={key: _plain(value) for key, value in it.attributes.items()},
    )


def _plain(value: object) -> object:
    if value is None or isinstance(value, bool | int | float):
        return value
    return redact_text(str(value)[:LONGEST_TEXT])


def _messages(batch: Sequence[tuple[Recording, Span]], process: str) -> list[Mapping[str, Any]]:
    """One message for each recording of the batch; a span told twice is told as it is now."""
    by_recording: dict[int, tuple[Recording, dict[int, Span]]] = {}
    for recording, told in batch:
        by_recording.setdefault(id(recording), (recording, {}))[1][told.id] = told
    return [
        {
            "trace_id": recording.trail.trace_id,
            "tenant_id": recording.trail.tenant_id,
            "follower": recording.follower,
            "process": process,
            "request": recording.spans[0].kind == "request",
            "spans": [
                msgspec.to_builtins(record_of(each, anchor_ns=recording.anchor_ns)) for each in spans.values()
            ],
        }
        for recording, spans in by_recording.values()
    ]
