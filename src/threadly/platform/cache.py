"""A cache of made values: made once however many ask, and never stale after its tags were forgotten.

Every tag has a generation, a random word kept in Valkey. An entry carries the generations that were current
before its making began and is served only while they still are; so a value whose making was overtaken by
`forget` can be stored but is never served. A lost generation (restart, eviction) is replaced by a new word,
which costs a miss and nothing else.
"""

import asyncio
import random
import secrets
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar, cast

import msgspec
import structlog
from msgspec import Struct

from threadly.platform.telemetry.spans import Nothing, Span, mark, span
from threadly.platform.valkey import Script, Valkey, ValkeyDown

__all__ = ["Cache"]

T = TypeVar("T")

TTL_JITTER = 0.1
"""Entries live up to this share shorter, so that what was made together does not expire together."""
MOST_BYTES = 1_048_576
LOCK_MS = 5_000
WAIT_S = 2.0
POLL_S = (0.01, 0.04)
TAG_TTL_S = 7 * 86_400
MOST_OWED = 10_000

_log = structlog.get_logger()


class _Wanted(Struct, Generic[T], frozen=True):
    """What is asked for: the keys it has in Valkey, and how to make it."""

    key: str
    tags: tuple[str, ...]
    ttl_s: float
    make: Callable[[], Awaitable[T]]
    into: type[T]


class _Found(Struct, frozen=True):
    """An entry, if there is a current one, and the generations it must carry (None: Valkey is down)."""

    raw: bytes | None
    generations: bytes | None


class _HandedOver(Exception):
    """Whoever was making the value was cancelled; one of those waiting makes it."""


class Cache:
    """Values made on demand, kept in Valkey; without it they are made each time, still once per process.

    One server, not a cluster: an entry and its tags are read in one script.
    """

    def __init__(self, valkey: Valkey) -> None:
        self._valkey = valkey
        self._flights: dict[tuple[str, bytes | None], asyncio.Future[object]] = {}
        self._owed: dict[str, object] = {}  # tag key -> a mark of the latest `forget` that wanted it

    async def get_or_make(
        self,
        key: str,
        *,
        tenant_id: int,
        ttl_s: float,
        make: Callable[[], Awaitable[T]],
        into: type[T],
        tags: Sequence[str] = (),
    ) -> T:
        """The cached value of `key`, or the one that `make` returns, kept for about `ttl_s` seconds.

        Those who ask while it is being made share the value (so nobody may change it) or the exception,
        which is not cached. `make` runs in its caller's own task; if that is cancelled, one of those waiting
        runs its own. Another process is waited for at most 2 s. `into` is what the value decodes to.
        """
        wanted = _Wanted(
            f"cache:{tenant_id}:{key}", tuple(_tag_key(tenant_id, tag) for tag in tags), ttl_s, make, into
        )
        with span(f"cache {key.partition(':')[0]}", kind="cache") as it:
            return await self._get_or_make(wanted, it)

    async def _get_or_make(self, wanted: _Wanted[T], it: Span | Nothing) -> T:
        while True:
            found = await self._look(wanted)
            if (hit := _decode(wanted, found)) is not None:
                it.set(outcome="hit")
                return hit[0]
            flight = self._flights.get((wanted.key, found.generations))
            if flight is None:
                it.set(outcome="made")
                return await self._lead(wanted, found.generations)
            try:
                it.set(outcome="shared")  # somebody is making it: one flight for all who ask
                # Shielded: a waiter that is cancelled must not cancel the others' value.
                return cast("T", await asyncio.shield(flight))
            except _HandedOver:
                continue

    async def forget(self, *tags: str, tenant_id: int) -> None:
        """Ends every entry with any of `tags`. With Valkey down it is done when that is back."""
        self._owed.update({_tag_key(tenant_id, tag): object() for tag in tags})
        # Without Valkey there are no generations to tell old from new: whoever asks from now on makes anew.
        for slot in [slot for slot in self._flights if slot[1] is None]:
            del self._flights[slot]
        try:
            await self._settle_owed()
        except ValkeyDown:
            self._bound_owed()

    async def _look(self, wanted: _Wanted[T]) -> _Found:
        try:
            if self._owed:
                await self._settle_owed()
            reply = await self._valkey.run(
                _LOOK, keys=[wanted.key, *wanted.tags], args=[secrets.token_bytes(8), TAG_TTL_S]
            )
        except ValkeyDown:
            mark("cache.bypassed", "internal")
            return _Found(None, None)
        generations, raw = cast("tuple[bytes, bytes | None]", reply)
        return _Found(raw, generations)

    async def _lead(self, wanted: _Wanted[T], generations: bytes | None) -> T:
        """Makes the value for everyone in this process who asked for it since `generations`."""
        slot = (wanted.key, generations)
        flight: asyncio.Future[object] = asyncio.get_running_loop().create_future()
        self._flights[slot] = flight
        try:
            value = await self._make_or_await(wanted, generations)
        except BaseException as error:
            flight.set_exception(error if isinstance(error, Exception) else _HandedOver())
            flight.exception()  # read, so that asyncio does not warn when nobody was waiting
            raise
        finally:
            if self._flights.get(slot) is flight:
                del self._flights[slot]
        flight.set_result(value)
        return value

    async def _make_or_await(self, wanted: _Wanted[T], generations: bytes | None) -> T:
        """The value, from another process if one is already making it."""
        lock = secrets.token_bytes(8)
        deadline = asyncio.get_running_loop().time() + WAIT_S
        while generations is not None and not await self._take_lock(wanted.key, lock):
            if asyncio.get_running_loop().time() > deadline:
                break
            await asyncio.sleep(random.uniform(*POLL_S))  # noqa: S311  # spreads load, hides nothing
            found = await self._look(wanted)
            if (hit := _decode(wanted, found)) is not None:
                return hit[0]
            generations = found.generations
        if generations is not None:
            # Another process may have made it between the last look and the lock.
            found = await self._look(wanted)
            if (hit := _decode(wanted, found)) is not None:
                await self._unlock(wanted.key, lock)
                return hit[0]
            generations = found.generations
        try:
            value = await wanted.make()
        except BaseException:
            await self._unlock(wanted.key, lock)
            raise
        if generations is not None:
            await self._store(wanted, value, generations, lock)
        return value

    async def _take_lock(self, key: str, lock: bytes) -> bool:
        try:
            return await self._valkey.call("SET", f"{key}:lock", lock, "NX", "PX", LOCK_MS) is not None
        except ValkeyDown:
            return True

    async def _store(self, wanted: _Wanted[T], value: T, generations: bytes, lock: bytes) -> None:
        raw = msgspec.msgpack.encode(value)
        if len(raw) > MOST_BYTES:
            _log.warning("cache.too_large", key=wanted.key, size_bytes=len(raw))
            await self._unlock(wanted.key, lock)
            return
        ttl_ms = max(1, int(wanted.ttl_s * 1000 * random.uniform(1 - TTL_JITTER, 1)))  # noqa: S311  # as above
        try:
            await self._valkey.run(
                _STORE, keys=[wanted.key, f"{wanted.key}:lock"], args=[generations, raw, ttl_ms, lock]
            )
        except ValkeyDown:
            return

    async def _unlock(self, key: str, lock: bytes) -> None:
        try:
            await self._valkey.run(_UNLOCK, keys=[f"{key}:lock"], args=[lock])
        except ValkeyDown:
            return

    async def _settle_owed(self) -> None:
        owed = dict(self._owed)
        word = secrets.token_bytes(8)
        await self._valkey.call_all([("SET", key, word, "EX", TAG_TTL_S) for key in owed])
        for key, owing in owed.items():
            if self._owed.get(key) is owing:  # else it was forgotten again meanwhile, and is still owed
                del self._owed[key]

    def _bound_owed(self) -> None:
        """What is owed beyond the bound is left to the entries' own lifetime."""
        if len(self._owed) > MOST_OWED:
            _log.warning("cache.owed_dropped", tags=len(self._owed))
            self._owed.clear()


def _tag_key(tenant_id: int, tag: str) -> str:
    return f"cachetag:{tenant_id}:{tag}"


def _decode(wanted: _Wanted[T], found: _Found) -> tuple[T] | None:
    """The value in a tuple, since it may itself be None; no value if another version of the code wrote it."""
    if found.raw is None:
        return None
    try:
        return (msgspec.msgpack.decode(found.raw, type=wanted.into),)
    except msgspec.DecodeError:
        return None


# KEYS: the entry, its tags. ARGV: a new word for tags that have none, their lifetime in s.
# Answers {the tags' generations, the value or nothing}.
_LOOK = Script(
    "cache.look",
    """
local generations = ''
for i = 2, #KEYS do
  local word = redis.call('GET', KEYS[i])
  if not word then
    word = ARGV[1]
    redis.call('SET', KEYS[i], word, 'EX', ARGV[2])
  end
  generations = generations .. word
end
local entry = redis.call('HMGET', KEYS[1], 'g', 'v')
return { generations, entry[1] == generations and entry[2] }
""",
)

# KEYS: the entry, its lock. ARGV: generations, value, lifetime in ms, our word in the lock.
_STORE = Script(
    "cache.store",
    """
redis.call('HSET', KEYS[1], 'g', ARGV[1], 'v', ARGV[2])
redis.call('PEXPIRE', KEYS[1], ARGV[3])
if redis.call('GET', KEYS[2]) == ARGV[4] then redis.call('DEL', KEYS[2]) end
return 1
""",
)

# KEYS: the lock. ARGV: our word in it.
_UNLOCK = Script(
    "cache.unlock",
    "if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end return 1",
)
