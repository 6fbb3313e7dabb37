"""Valkey: one pipelined connection, small timeouts, and one clear answer when the server is gone.

Commands that are asked for at the same time travel together in one write and one read. The server works
through them one after the other anyway, and rate limiting puts a command into every request: batching
costs less than half of the processor time of a connection per caller.

Nothing is retried here. After a failure the server counts as down for a second, in which every call is
refused at once; then a single call tries again while the others go on being refused.
"""

import asyncio
import contextlib
import hashlib
import math
import time
from collections import deque
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any, Protocol, TypeAlias, cast

import structlog
from msgspec import Struct
from redis.asyncio.connection import ConnectionPool
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import NoScriptError, OutOfMemoryError, ReadOnlyError, RedisError, ResponseError

from threadly.platform.errors import Kind, Refusal
from threadly.platform.telemetry.spans import open_span

__all__ = ["Link", "Part", "Reply", "Script", "Valkey", "ValkeyDown", "pack"]

MOST_AT_ONCE = 256
MOST_WAITING = 4_096
# What a server answers that cannot save, has lost its replicas, or is held up by a script: no fault of ours.
UNABLE = ("MISCONF", "NOREPLICAS", "BUSY")

Part: TypeAlias = str | bytes | int
Reply: TypeAlias = "bytes | int | list[Reply] | None"
"""What the server answers in RESP2: a string, a number, a list of these, or nothing."""

_log = structlog.get_logger()


class ValkeyDown(Refusal):
    """The server cannot be used now; whoever calls has a way on without it."""

    code = "platform.valkey_down"
    kind = Kind.UNAVAILABLE
    message = "This is not available for a moment. Please try again."
    retry_after_s = 1


class Script(Struct, frozen=True):
    """A Lua script, sent by its hash; `name` is what traces show."""

    name: str
    text: str

    @property
    def sha(self) -> str:
        return _sha1(self.text)


class Link(Protocol):
    """What we use of redis-py's connection, which is not typed throughout."""

    @property
    def is_connected(self) -> bool: ...
    async def connect(self) -> None: ...
    async def can_read(self) -> bool: ...
    async def send_packed_command(self, command: bytes, check_health: bool = True) -> None: ...
    async def read_response(
        self,
        *,
        timeout: float | None = None,  # noqa: ASYNC109  # redis-py's own name; None after it has passed
        disconnect_on_error: bool = True,
    ) -> Any: ...  # a Reply, but narrowing it belongs to whoever knows the command
    async def disconnect(self, nowait: bool = False) -> None: ...


class _Links(Protocol):
    def make_connection(self) -> Link: ...


class _Asked(Struct):
    packed: bytes
    answer: asyncio.Future[Reply]


class Valkey:
    """The server at `url` (`unix:///path`, `redis://`, `rediss://`, `valkey://`), connected to on first use.

    Every call raises ValkeyDown when the server cannot be reached, does not answer in `op_timeout_s`, is out
    of memory, is read-only or takes no writes; redis-py's ResponseError when the command itself is wrong,
    which is a bug. Belongs to the event loop of its first call.
    """

    def __init__(
        self,
        url: str,
        *,
        connect_timeout_s: float = 0.25,
        op_timeout_s: float = 0.25,
        rest_s: float = 1.0,
    ) -> None:
        self._links = _links_to(url)
        self._connect_timeout_s = connect_timeout_s
        self._op_timeout_s = op_timeout_s
        self._rest_s = rest_s
        self._link: Link | None = None
        self._waiting: deque[_Asked] = deque()
        self._pump: asyncio.Task[None] | None = None
        self._down_since: float | None = None
        self._retry_at = 0.0

    @property
    def down(self) -> bool:
        """Whether the last attempt failed."""
        return self._down_since is not None

    async def ping(self) -> None:
        await self.call("PING")

    async def call(self, *command: Part) -> Reply:
        """One command's reply."""
        self._admit()
        with open_span(f"valkey {command[0]!s}", "valkey", {}, depth=2):
            return await self._enqueue(pack(*command))

    async def call_all(self, commands: Sequence[Sequence[Part]]) -> list[Reply]:
        """The replies of several commands sent together; they are not a transaction."""
        packed = [pack(*command) for command in commands]
        if not packed:
            return []
        self._admit()
        with open_span(f"valkey {commands[0][0]!s}", "valkey", {"commands": len(packed)}, depth=2):
            return await asyncio.gather(*[self._enqueue(one) for one in packed])

    async def run(self, script: Script, *, keys: Sequence[str], args: Sequence[Part] = ()) -> Reply:
        """The script's reply; a server that does not know the script yet is given its text."""
        self._admit()
        with open_span(f"valkey {script.name}", "valkey", {}, depth=2):
            try:
                return await self._enqueue(pack("EVALSHA", script.sha, len(keys), *keys, *args))
            except NoScriptError:
                return await self._enqueue(pack("EVAL", script.text, len(keys), *keys, *args))

    async def open_link(self) -> Link:
        """A connection of the caller's own, connected; the caller disconnects it."""
        link = self._links.make_connection()
        try:
            async with asyncio.timeout(self._connect_timeout_s):
                await link.connect()
        except BaseException as error:
            await _close(link)
            if isinstance(error, RedisError | OSError):  # TimeoutError is an OSError
                raise ValkeyDown from error
            raise
        return link

    async def aclose(self) -> None:
        """Closes the connection; calls still waiting are refused."""
        if self._pump is not None:
            self._pump.cancel()
            await asyncio.gather(self._pump, return_exceptions=True)
        await self._drop_link()

    def _admit(self) -> None:
        if len(self._waiting) >= MOST_WAITING:
            raise ValkeyDown
        if self._down_since is None:
            return
        now = time.monotonic()
        if now < self._retry_at:
            raise ValkeyDown
        self._retry_at = now + self._rest_s

    def _enqueue(self, packed: bytes) -> asyncio.Future[Reply]:
        answer: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
        self._waiting.append(_Asked(packed, answer))
        if self._pump is None:
            self._pump = asyncio.create_task(self._pump_all(), name="valkey")
        return answer

    async def _pump_all(self) -> None:
        try:
            while self._waiting:
                await self._pump_batch(self._take_batch())
        finally:
            self._pump = None

    def _take_batch(self) -> list[_Asked]:
        return [self._waiting.popleft() for _ in range(min(MOST_AT_ONCE, len(self._waiting)))]

    async def _pump_batch(self, batch: list[_Asked]) -> None:
        try:
            link = await self._usable_link()
            async with asyncio.timeout(self._op_timeout_s):
                await _exchange(link, batch)
        except (RedisError, OSError, ValkeyDown) as error:
            await self._drop_link()
            self._fall(error)
            _refuse([*batch, *self._waiting], error)
            self._waiting.clear()
        except BaseException as error:
            await self._drop_link()
            _refuse([*batch, *self._waiting], error)
            self._waiting.clear()
            raise
        else:
            self._rise()

    async def _usable_link(self) -> Link:
        # A server that restarted while nobody called left a closed or dirty connection behind.
        if self._link is not None and (not self._link.is_connected or await self._link.can_read()):
            await self._drop_link()
        if self._link is None:
            self._link = await self.open_link()
        return self._link

    async def _drop_link(self) -> None:
        link, self._link = self._link, None
        if link is not None:
            await _close(link)

    def _fall(self, error: Exception) -> None:
        now = time.monotonic()
        self._retry_at = now + self._rest_s
        if self._down_since is None:
            self._down_since = now
            _log.warning("valkey.down", reason=str(error.__cause__ or error) or type(error).__name__)

    def _rise(self) -> None:
        if self._down_since is None:
            return
        _log.info("valkey.back", down_s=round(time.monotonic() - self._down_since, 1))
        self._down_since = None


def pack(*command: Part) -> bytes:
    """A command as the protocol spells it: an array of bulk strings (RESP2)."""
    parts = [b"*%d\r\n" % len(command)]
    for part in command:
        raw = part if isinstance(part, bytes) else str(part).encode()
        parts.append(b"$%d\r\n%b\r\n" % (len(raw), raw))
    return b"".join(parts)


async def _exchange(link: Link, batch: list[_Asked]) -> None:
    await link.send_packed_command(b"".join([asked.packed for asked in batch]), check_health=False)
    for asked in batch:
        try:
            reply = await link.read_response(timeout=math.inf)  # our caller holds the time limit
        except (OutOfMemoryError, ReadOnlyError) as error:
            _refuse([asked], error)
        except ResponseError as error:
            if str(error).startswith(UNABLE):
                _refuse([asked], error)
            elif not asked.answer.done():
                asked.answer.set_exception(error)
        else:
            if not asked.answer.done():
                asked.answer.set_result(reply)


def _refuse(batch: Iterable[_Asked], cause: BaseException) -> None:
    for asked in batch:
        if not asked.answer.done():  # an answer is done early when its caller gave up
            down = ValkeyDown()
            down.__cause__ = cause
            asked.answer.set_exception(down)


async def _close(link: Link) -> None:
    with contextlib.suppress(RedisError, OSError):
        await link.disconnect(nowait=True)


def _links_to(url: str) -> _Links:
    pool = ConnectionPool.from_url(
        url.replace("valkey://", "redis://", 1),
        protocol=2,  # RESP3 would mix push messages into the replies
        retry=Retry(NoBackoff(), 0),
        socket_timeout=None,  # both limits are held here, around a whole batch
        socket_connect_timeout=None,
    )
    return cast("_Links", pool)


@lru_cache(maxsize=256)
def _sha1(text: str) -> str:
    return hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()
