"""A proxy in front of one dependency: bytes in, the same bytes out, later or not at all if that is asked."""

import asyncio
from collections import deque
from typing import Final, cast

from threadly.faults.condition import CLEAR, Condition
from threadly.faults.places import Place

__all__ = ["Proxy"]

CONNECT_TIMEOUT_S: Final = 5.0
REOPEN_EVERY_S: Final = 0.05
BACKLOG: Final = 1024
# Held back for each direction of a connection; who sends more waits.
MOST_HELD_BYTES: Final = 262_144


class Proxy:
    """Listens at `listen` and passes on to `upstream`, under a condition that can change at any time."""

    def __init__(self, listen: Place, upstream: Place) -> None:
        self._listen = listen
        self._upstream = upstream
        self._server: asyncio.Server | None = None
        self._opening: asyncio.Task[None] | None = None
        self._requests = 0
        self.links: set[Link] = set()
        self.condition = CLEAR

    async def start(self) -> None:
        """Raises OSError when it cannot listen."""
        self._server = await self._open()

    async def stop(self) -> None:
        self._shut()
        for link in list(self.links):
            link.cut()

    def turn(self, condition: Condition) -> None:
        """From now on it is like this; what is on its way arrives when it was due."""
        before, self.condition = self.condition, condition
        if condition.refuses and not before.refuses:
            self._shut()
            for link in list(self.links):
                link.cut()
        elif before.refuses and not condition.refuses and (self._opening is None or self._opening.done()):
            self._opening = asyncio.get_running_loop().create_task(self._reopen())
        if before.loses_answers and not condition.loses_answers:
            for link in [each for each in self.links if each.is_mute]:
                link.cut()  # nobody could make sense of what comes next on it

    def loses_next(self) -> bool:
        """Asked for each request while answers get lost: the first does, the second does not, and so on."""
        self._requests += 1
        return self._requests % 2 == 1

    async def connect(self, end: "_End") -> None:
        """Raises OSError, which TimeoutError is."""
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(CONNECT_TIMEOUT_S):
            if self._upstream.path is not None:
                await loop.create_unix_connection(lambda: end, self._upstream.path)
            else:
                await loop.create_connection(
                    lambda: end, self._upstream.host or "localhost", self._upstream.port or 0
                )

    async def _open(self) -> asyncio.Server:
        loop = asyncio.get_running_loop()
        if self._listen.path is not None:
            return await loop.create_unix_server(
                lambda: Link(self).client, self._listen.path, backlog=BACKLOG
            )
        return await loop.create_server(
            lambda: Link(self).client, self._listen.host, self._listen.port or 0, backlog=BACKLOG
        )

    async def _reopen(self) -> None:
        while not self.condition.refuses:
            try:
                self._server = await self._open()
            except OSError:  # somebody has the port for a moment
                await asyncio.sleep(REOPEN_EVERY_S)
            else:
                break
        if self.condition.refuses:
            self._shut()

    def _shut(self) -> None:
        self._requests = 0
        if self._server is not None:
            self._server.close()
            self._server = None


class Link:
    """One connection through the proxy: a client's end and the server's."""

    def __init__(self, proxy: Proxy) -> None:
        self.proxy = proxy
        self.client = _End(self, is_client=True)
        self.server = _End(self, is_client=False)
        self.client.other, self.server.other = self.server, self.client
        self.is_mute = False
        self._asks = False
        self._connecting: asyncio.Task[None] | None = None

    def opened(self) -> None:
        """The client is there: until the server is too, nothing is read from it."""
        self.proxy.links.add(self)
        self.client.hold("connecting")
        self._connecting = asyncio.get_running_loop().create_task(self._connect())

    async def _connect(self) -> None:
        try:
            await self.proxy.connect(self.server)
        except OSError:
            self.cut()
        else:
            self.client.release("connecting")

    def delay_s(self, end: "_End") -> float:
        """For what comes from `end` now."""
        condition = self.proxy.condition
        return condition.to_server_s if end is self.client else condition.to_client_s

    def passes(self, end: "_End") -> bool:
        """Whether what comes from `end` now is handed on. A request is what a client sends first, or first
        after an answer."""
        if end is self.server:
            self._asks = False
            return not self.is_mute
        if not self._asks:
            self._asks = True
            self.is_mute = self.is_mute or (self.proxy.condition.loses_answers and self.proxy.loses_next())
        return True

    def cut(self) -> None:
        """Both ends, at once."""
        self.proxy.links.discard(self)
        for end in (self.client, self.server):
            end.abort()

    def ended(self, *, by_failure: bool) -> None:
        """One end is gone. What is still to be written to the other is written, unless it failed."""
        if by_failure:
            self.cut()
            return
        self.proxy.links.discard(self)
        for end in (self.client, self.server):
            end.close()


class _End(asyncio.Protocol):
    """One end of a link. What it reads goes to the other end, in order, and not before it is due."""

    __slots__ = (
        "_due_s", "_held", "_held_bytes", "_is_client", "_link", "_reasons", "_said_all", "_timer",
        "_transport", "other",
    )  # fmt: skip

    other: "_End"

    def __init__(self, link: Link, *, is_client: bool) -> None:
        self._link = link
        self._is_client = is_client
        self._transport: asyncio.Transport | None = None
        self._reasons: set[str] = set()
        self._held: deque[tuple[float, bytes | None]] = deque()
        self._held_bytes = 0
        self._due_s = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._said_all = False

    # What the loop calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        if self._is_client:
            self._link.opened()
        elif self._link not in self._link.proxy.links:
            self.abort()  # the client has gone meanwhile

    def data_received(self, data: bytes) -> None:
        link = self._link
        if not link.passes(self):
            return
        delay_s = link.delay_s(self)
        if not delay_s and not self._held:
            self.other.write(data)
        else:
            self._keep(data, delay_s)

    def eof_received(self) -> bool:
        delay_s = self._link.delay_s(self)
        if not delay_s and not self._held:
            self._hand_on(None)
        else:
            self._keep(None, delay_s)
        return True  # the other direction goes on

    def connection_lost(self, error: Exception | None) -> None:
        self._transport = None
        self._forget()
        self._link.ended(by_failure=error is not None)

    def pause_writing(self) -> None:
        self.other.hold("the other end is slow")

    def resume_writing(self) -> None:
        self.other.release("the other end is slow")

    # What the link and the other end ask

    def write(self, data: bytes) -> None:
        if self._transport is not None:
            self._transport.write(data)

    def hold(self, reason: str) -> None:
        """Read nothing while there is any reason not to."""
        if not self._reasons and self._transport is not None:
            self._transport.pause_reading()
        self._reasons.add(reason)

    def release(self, reason: str) -> None:
        self._reasons.discard(reason)
        if not self._reasons and self._transport is not None and not self._transport.is_closing():
            self._transport.resume_reading()

    def say_end(self) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write_eof()

    @property
    def has_said_all(self) -> bool:
        return self._said_all

    def close(self) -> None:
        self._forget()
        if self._transport is not None:
            self._transport.close()

    def abort(self) -> None:
        self._forget()
        if self._transport is not None:
            self._transport.abort()

    # Late

    def _keep(self, data: bytes | None, delay_s: float) -> None:
        now_s = asyncio.get_running_loop().time()
        self._due_s = max(self._due_s, now_s + delay_s)  # a delay that has ended overtakes nothing
        self._held.append((self._due_s, data))
        self._held_bytes += len(data or b"")
        if self._held_bytes > MOST_HELD_BYTES:
            self.hold("much is held back")
        if self._timer is None:
            self._wait()

    def _wait(self) -> None:
        self._timer = asyncio.get_running_loop().call_at(self._held[0][0], self._send_due)

    def _send_due(self) -> None:
        self._timer = None
        now_s = asyncio.get_running_loop().time()
        while self._held and self._held[0][0] <= now_s:
            _, data = self._held.popleft()
            self._held_bytes -= len(data or b"")
            self._hand_on(data)
        if self._held_bytes <= MOST_HELD_BYTES:
            self.release("much is held back")
        if self._held:
            self._wait()

    def _hand_on(self, data: bytes | None) -> None:
        if data is not None:
            self.other.write(data)
            return
        self._said_all = True
        if not (self._link.is_mute and not self._is_client):
            self.other.say_end()
        if self.other.has_said_all:
            self._link.ended(by_failure=False)

    def _forget(self) -> None:
        self._held.clear()
        self._held_bytes = 0
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
