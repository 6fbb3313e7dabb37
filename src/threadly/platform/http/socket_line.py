"""What goes out of one socket: a bounded queue, so that a client that does not read costs little and is cut,
and a measure of how fast one may speak."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any, Final

import msgspec

__all__ = ["Bucket", "Closing", "Line"]

# What waits for a client that reads slowly.
MOST_QUEUED_BYTES: Final = 262_144
MOST_QUEUED: Final = 1_024
# How long one frame may take to leave.
PATIENCE_S: Final = 10.0

_encode = msgspec.json.Encoder().encode
Send = Callable[[Any], Awaitable[None]]


class Closing(msgspec.Struct, frozen=True):
    """Why a socket ends: `code` as in RFC 6455, section 7.4, and what it says to a person."""

    code: int
    reason: str


GONE: Final = Closing(1000, "")
SLOW: Final = Closing(4413, "You read too slowly. Connect again and ask for what you missed.")


class Line:
    """`say` never waits; `run` sends until somebody says `end`."""

    def __init__(
        self,
        send: Send,
        *,
        most_bytes: int = MOST_QUEUED_BYTES,
        most: int = MOST_QUEUED,
        patience_s: float = PATIENCE_S,
    ) -> None:
        self._send = send
        self._most_bytes = most_bytes
        self._most = most
        self._patience_s = patience_s
        self._queue: deque[bytes] = deque()
        self._queued_bytes = 0
        self._wake = asyncio.Event()
        self._left = asyncio.Event()
        self.closing: Closing | None = None

    def say(self, frame: msgspec.Struct) -> None:
        """Have it sent after what was said before; a client for which too much waits is cut."""
        raw = _encode(frame)
        self._queue.append(raw)
        self._queued_bytes += len(raw)
        if self._queued_bytes > self._most_bytes or len(self._queue) > self._most:
            self._drop()
            self.end(SLOW)
        self._wake.set()

    async def room(self) -> None:
        """Waits while much is queued; for who has a lot to say at once, to a client that reads."""
        while self._queued_bytes > self._most_bytes // 4 and self.closing is None:
            self._left.clear()
            await self._left.wait()

    def end(self, closing: Closing) -> None:
        """The first reason counts. What was said before is still sent."""
        self.closing = self.closing or closing
        self._wake.set()
        self._left.set()

    async def run(self) -> None:
        while True:
            while self._queue:
                raw = self._queue.popleft()
                self._queued_bytes -= len(raw)
                if not await self._sent(raw):
                    return
                self._left.set()
            if self.closing:
                return
            self._wake.clear()
            await self._wake.wait()

    async def _sent(self, raw: bytes) -> bool:
        try:
            async with asyncio.timeout(self._patience_s):
                await self._send({"type": "websocket.send", "text": raw.decode()})
        except TimeoutError:
            self._drop()
            self.end(SLOW)
            return False
        return True

    def _drop(self) -> None:
        self._queue.clear()
        self._queued_bytes = 0


class Bucket:
    """Lets `per_s` through in a second, and `burst` at once; for one socket, in memory."""

    def __init__(self, per_s: float, burst: float) -> None:
        self._per_s = per_s
        self._burst = burst
        self._left = burst
        self._at = asyncio.get_running_loop().time()

    def take(self) -> bool:
        now = asyncio.get_running_loop().time()
        self._left = min(self._burst, self._left + (now - self._at) * self._per_s)
        self._at = now
        if self._left < 1:
            return False
        self._left -= 1
        return True
