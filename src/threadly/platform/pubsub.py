"""Hints for live pages: best-effort messages through Valkey, on one connection however many are listening.

A hint says that something changed; it is never the only way to learn it. Whoever may have missed some is told
so: `Marker.LAGGED` when its queue ran over, `Marker.RESYNC` when the connection was lost and is back. Either
means: read the present state again.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Iterable, Mapping
from enum import Enum
from types import TracebackType
from typing import TypeAlias, cast

import msgspec
import structlog
from msgspec import Struct
from redis.exceptions import RedisError

from threadly.platform.resilience import Backoff
from threadly.platform.valkey import Link, Valkey, ValkeyDown, pack

__all__ = ["Hint", "Marker", "News", "PubSub", "Subscription", "channel_of"]

MOST_QUEUED = 64
MOST_PER_COMMAND = 1_000
CONFIRM_S = 1.0
FIRST_WAIT_S = 0.1
MOST_WAIT_S = 3.0

Payload: TypeAlias = Mapping[str, object]
"""JSON, whose shape is a matter between publisher and page."""

_PREFIX = "hint:"
_log = structlog.get_logger()


class Hint(Struct, frozen=True):
    channel: str
    payload: Payload


class Marker(Enum):
    RESYNC = "resync"
    LAGGED = "lagged"


News: TypeAlias = Hint | Marker


def channel_of(tenant_id: int, topic: str) -> str:
    """The channel of `topic` in one tenant; every channel is made here, so that no tenant hears another."""
    return f"{tenant_id}:{topic}"


class Subscription:
    """One listener on some channels: `async with pubsub.subscribe(…) as news: async for item in news: …`.

    Entered, it misses nothing published from then on, or will receive RESYNC. It holds at most 64 items:
    a slower consumer loses the oldest and finds LAGGED in their place. It ends when the PubSub stops.
    """

    def __init__(self, pubsub: "PubSub", channels: tuple[str, ...]) -> None:
        self._pubsub = pubsub
        self._channels = channels
        self._queue: deque[News] = deque()
        self._arrived = asyncio.Event()
        self._ended = False

    async def __aenter__(self) -> "Subscription":
        try:
            await self._pubsub._join(self, self._channels)
        except BaseException:
            self._pubsub._leave(self, self._channels)
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pubsub._leave(self, self._channels)

    def __aiter__(self) -> AsyncIterator[News]:
        return self

    def drain(self) -> bool:
        """Whether anything has come, without waiting; it is gone then."""
        came = bool(self._queue)
        self._queue.clear()
        return came

    async def __anext__(self) -> News:
        while not self._queue:
            if self._ended:
                raise StopAsyncIteration
            self._arrived.clear()
            await self._arrived.wait()
        return self._queue.popleft()

    def _put(self, item: News) -> None:
        if item is Marker.RESYNC and item in self._queue:
            return  # it is read after what causes this one, so one is enough
        if len(self._queue) >= MOST_QUEUED:
            self._drop_oldest()
        self._queue.append(item)
        self._arrived.set()

    def _end(self) -> None:
        self._ended = True
        self._arrived.set()

    def _drop_oldest(self) -> None:
        """Makes room for one item, keeping the first place for what says that some are missing."""
        first = self._queue.popleft()
        if first is Marker.LAGGED or first is Marker.RESYNC:
            self._queue.popleft()
            self._queue.appendleft(first)
        else:
            self._queue.popleft()
            self._queue.appendleft(Marker.LAGGED)


class _Channel:
    """A channel someone here listens to, and who must be told to resync once the server confirms it."""

    def __init__(self) -> None:
        self.listeners: set[Subscription] = set()
        self.confirmed = asyncio.Event()
        self.owed: set[Subscription] = set()

    def lose(self) -> None:
        self.confirmed.clear()
        self.owed = set(self.listeners)

    def confirm(self) -> None:
        self.confirmed.set()
        for listener in self.owed:
            listener._put(Marker.RESYNC)
        self.owed.clear()


class PubSub:
    """Publishes hints, and hears them on one connection that it keeps while started.

    Every `beat_s` seconds the server is asked for a sign of life; without one until the next, it is left.
    """

    def __init__(self, valkey: Valkey, *, beat_s: float = 5.0) -> None:
        self._valkey = valkey
        self._beat_s = beat_s
        self._channels: dict[str, _Channel] = {}
        self._link: Link | None = None
        self._task: asyncio.Task[None] | None = None
        self._stopped = False

    @property
    def connected(self) -> bool:
        return self._link is not None

    async def start(self) -> None:
        """Begins to connect, and keeps doing so in the background; never fails for a server that is down."""
        self._stopped = False
        if self._task is None:
            self._task = asyncio.create_task(self._stay_connected(), name="pubsub")

    async def stop(self) -> None:
        """Ends every subscription, and those to come at once."""
        self._stopped = True
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None
        for channel in self._channels.values():
            for listener in channel.listeners:
                listener._end()

    async def publish(self, channel: str, payload: Payload) -> None:
        """Sends a hint to every process, this one included. Without Valkey it is lost, silently."""
        await self.publish_many([(channel, payload)])

    async def publish_many(self, hints: Iterable[tuple[str, Payload]]) -> None:
        """Sends several hints in one go, in their order."""
        commands = [
            ("PUBLISH", _PREFIX + channel, msgspec.json.encode(payload)) for channel, payload in hints
        ]
        try:
            await self._valkey.call_all(commands)
        except ValkeyDown:
            return

    def subscribe(self, *channels: str) -> Subscription:
        """A listener on `channels`, once entered; none of their earlier hints."""
        return Subscription(self, channels)

    async def _join(self, listener: Subscription, names: tuple[str, ...]) -> None:
        fresh = [name for name in names if name not in self._channels]
        for name in names:
            self._channels.setdefault(name, _Channel()).listeners.add(listener)
        if self._stopped:
            listener._end()
        link = self._link
        if link is None:
            self._owe(listener, names)
            return
        try:
            if fresh:
                await _tell(link, "SUBSCRIBE", fresh)
            async with asyncio.timeout(CONFIRM_S):
                for name in names:
                    await self._channels[name].confirmed.wait()
        except (RedisError, OSError):  # TimeoutError is an OSError
            self._owe(listener, names)

    def _owe(self, listener: Subscription, names: tuple[str, ...]) -> None:
        for name in names:
            self._channels[name].owed.add(listener)

    def _leave(self, listener: Subscription, names: tuple[str, ...]) -> None:
        # The server is told at the next beat: a page that reloads comes back to its channels in a moment.
        for name in names:
            if channel := self._channels.get(name):
                channel.listeners.discard(listener)
                channel.owed.discard(listener)
                if self._link is None and not channel.listeners:
                    del self._channels[name]

    async def _stay_connected(self) -> None:
        backoff = Backoff(first_s=FIRST_WAIT_S, most_s=MOST_WAIT_S)
        while True:
            try:
                await self._listen(backoff)
            except ValkeyDown:
                pass  # not reached: said once, by what was lost or by the first command
            except (RedisError, OSError) as error:
                _log.info("pubsub.lost", reason=repr(error))
            except Exception:
                _log.exception("pubsub.failed")  # a bug must not end the hints of every page
            await asyncio.sleep(backoff.next_s())

    async def _listen(self, backoff: Backoff) -> None:
        link = await self._valkey.open_link()
        self._link = link
        _log.debug("pubsub.connected", channels=len(self._channels))
        try:
            for channel in self._channels.values():
                channel.lose()
            await _tell(link, "SUBSCRIBE", list(self._channels))
            await self._read(link, backoff)
        finally:
            self._link = None
            for channel in self._channels.values():
                channel.lose()
            await link.disconnect(nowait=True)

    async def _read(self, link: Link, backoff: Backoff) -> None:
        loop = asyncio.get_running_loop()
        beat_at, heard = loop.time() + self._beat_s, True
        while True:
            wait_s = max(0.001, beat_at - loop.time())
            reply = await link.read_response(timeout=wait_s, disconnect_on_error=False)
            if reply is not None:
                heard = True
                backoff.reset()
                self._hear(reply)
            if loop.time() >= beat_at:
                if not heard:
                    raise TimeoutError("Valkey has not answered the last beat")
                beat_at, heard = loop.time() + self._beat_s, False
                await self._beat(link)

    async def _beat(self, link: Link) -> None:
        """Asks for a sign of life, and leaves the channels that nobody here listens to any more."""
        idle = [name for name, it in self._channels.items() if it.confirmed.is_set() and not it.listeners]
        for name in idle:
            del self._channels[name]
        await _tell(link, "UNSUBSCRIBE", idle)
        await link.send_packed_command(pack("PING"), check_health=False)

    def _hear(self, reply: object) -> None:
        match reply:
            case [b"message", bytes(raw_name), bytes(raw)]:
                self._deliver(raw_name.decode().removeprefix(_PREFIX), raw)
            case [b"subscribe", bytes(raw_name), _]:
                if channel := self._channels.get(raw_name.decode().removeprefix(_PREFIX)):
                    channel.confirm()

    def _deliver(self, name: str, raw: bytes) -> None:
        channel = self._channels.get(name)
        if channel is None:
            return
        try:
            hint = Hint(name, cast("Payload", msgspec.json.decode(raw, type=dict)))
        except msgspec.DecodeError:
            _log.warning("pubsub.unreadable", channel=name)
            return
        for listener in channel.listeners:
            listener._put(hint)


async def _tell(link: Link, verb: str, names: list[str]) -> None:
    for start in range(0, len(names), MOST_PER_COMMAND):
        some = [_PREFIX + name for name in names[start : start + MOST_PER_COMMAND]]
        await link.send_packed_command(pack(verb, *some), check_health=False)
