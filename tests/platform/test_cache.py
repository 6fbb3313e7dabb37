import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from types import NoneType

import pytest
from msgspec import Struct

from tests.platform.valkey_server import ValkeyServer, running_valkey
from threadly.platform.cache import Cache
from threadly.platform.ids import new_id
from threadly.platform.valkey import Valkey, ValkeyDown

REST_S = 0.3


class Card(Struct, frozen=True):
    title: str
    likes: int


CARD = Card("Hello", 3)


class Kitchen:
    """Makes cards, counts them, and can be told to wait before it serves."""

    def __init__(self) -> None:
        self.made = 0
        self.begun = asyncio.Event()
        self.gate = asyncio.Event()
        self.gate.set()

    async def __call__(self) -> Card:
        self.made += 1
        self.begun.set()
        number = self.made
        await self.gate.wait()
        return Card("card", number)


@pytest.fixture(scope="module")
def server() -> Iterator[ValkeyServer]:
    with running_valkey() as it:
        yield it


@pytest.fixture
async def valkeys(server: ValkeyServer) -> AsyncIterator[tuple[Valkey, Valkey]]:
    server.start()
    pair = (Valkey(server.url, rest_s=REST_S), Valkey(server.url, rest_s=REST_S))
    yield pair
    for it in pair:
        await it.aclose()


@pytest.fixture
def cache(valkeys: tuple[Valkey, Valkey]) -> Cache:
    return Cache(valkeys[0])


@pytest.fixture
def other(valkeys: tuple[Valkey, Valkey]) -> Cache:
    """The cache as another process has it."""
    return Cache(valkeys[1])


@pytest.fixture
def key() -> str:
    return str(new_id())


@pytest.fixture
def kitchen() -> Kitchen:
    return Kitchen()


async def ask(
    cache: Cache,
    key: str,
    make: Callable[[], Awaitable[Card]],
    *,
    tenant_id: int = 1,
    ttl_s: float = 60,
    tags: tuple[str, ...] = ("cards",),
) -> Card:
    return await cache.get_or_make(key, tenant_id=tenant_id, ttl_s=ttl_s, make=make, into=Card, tags=tags)


async def poll_until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not true():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.01)


async def test_a_value_is_made_once_and_then_comes_from_the_cache(
    cache: Cache, other: Cache, key: str, kitchen: Kitchen
) -> None:
    assert await ask(cache, key, kitchen) == Card("card", 1)
    assert await ask(cache, key, kitchen) == Card("card", 1)
    assert await ask(other, key, kitchen) == Card("card", 1)


async def test_fifty_at_once_in_one_process_make_once(cache: Cache, key: str, kitchen: Kitchen) -> None:
    assert set(await asyncio.gather(*[ask(cache, key, kitchen) for _ in range(50)])) == {Card("card", 1)}
    assert kitchen.made == 1


async def test_twins_in_two_processes_make_once(
    cache: Cache, other: Cache, key: str, kitchen: Kitchen
) -> None:
    kitchen.gate.clear()
    twins = [asyncio.create_task(ask(each, key, kitchen)) for each in (cache, other) for _ in range(5)]
    await kitchen.begun.wait()
    await asyncio.sleep(0.1)  # time enough for the other process to make one too, if it would
    kitchen.gate.set()
    assert set(await asyncio.gather(*twins)) == {Card("card", 1)}
    assert kitchen.made == 1


async def test_the_wait_for_another_process_is_bounded(
    server: ValkeyServer, cache: Cache, key: str, kitchen: Kitchen
) -> None:
    server.ask("SET", f"cache:1:{key}:lock", "someone-who-died", "PX", "60000")
    started = time.monotonic()
    assert await ask(cache, key, kitchen) == Card("card", 1)
    assert 1.9 < time.monotonic() - started < 30  # the lock's own time is a minute
    assert await ask(cache, key, kitchen) == Card("card", 1)


async def test_none_and_lists_are_values_like_any_other(cache: Cache, key: str) -> None:
    made = 0

    async def nothing() -> None:
        nonlocal made
        made += 1

    async def several() -> list[Card]:
        return [CARD, CARD]

    for _ in range(2):
        found_none: object = await cache.get_or_make(key, tenant_id=1, ttl_s=60, make=nothing, into=NoneType)
        assert found_none is None
    assert made == 1
    for _ in range(2):
        found = await cache.get_or_make(key + "l", tenant_id=1, ttl_s=60, make=several, into=list[Card])
        assert found == [CARD, CARD]


async def test_what_an_older_version_of_the_code_stored_is_made_anew(
    cache: Cache, key: str, kitchen: Kitchen
) -> None:
    async def old() -> int:
        return 7

    await cache.get_or_make(key, tenant_id=1, ttl_s=60, make=old, into=int, tags=("cards",))
    assert await ask(cache, key, kitchen) == Card("card", 1)


async def test_tenants_do_not_share_entries_or_tags(cache: Cache, key: str, kitchen: Kitchen) -> None:
    assert await ask(cache, key, kitchen, tenant_id=1) == Card("card", 1)
    assert await ask(cache, key, kitchen, tenant_id=2) == Card("card", 2)
    await cache.forget("cards", tenant_id=1)
    assert await ask(cache, key, kitchen, tenant_id=2) == Card("card", 2)
    assert await ask(cache, key, kitchen, tenant_id=1) == Card("card", 3)


async def test_forgetting_any_of_its_tags_ends_an_entry_in_every_process(
    cache: Cache, other: Cache, key: str, kitchen: Kitchen
) -> None:
    await ask(cache, key, kitchen, tags=("cards", "alex"))
    await other.forget("someone else", tenant_id=1)
    assert await ask(cache, key, kitchen, tags=("cards", "alex")) == Card("card", 1)
    await other.forget("alex", "mona", tenant_id=1)
    assert await ask(cache, key, kitchen, tags=("cards", "alex")) == Card("card", 2)


async def test_a_value_whose_making_was_overtaken_by_an_invalidation_is_never_served_again(
    cache: Cache, other: Cache, key: str, kitchen: Kitchen
) -> None:
    kitchen.gate.clear()
    early = asyncio.create_task(ask(cache, key, kitchen))
    await kitchen.begun.wait()
    await other.forget("cards", tenant_id=1)
    kitchen.gate.set()
    assert await early == Card("card", 1)
    assert await ask(cache, key, kitchen) == Card("card", 2)
    assert await ask(other, key, kitchen) == Card("card", 2)


async def test_nobody_who_asks_after_an_invalidation_joins_a_making_from_before(
    cache: Cache, other: Cache, key: str, kitchen: Kitchen
) -> None:
    kitchen.gate.clear()
    early = asyncio.create_task(ask(cache, key, kitchen))
    await kitchen.begun.wait()
    await cache.forget("cards", tenant_id=1)
    late = [asyncio.create_task(ask(each, key, kitchen)) for each in (cache, cache, other)]
    await asyncio.sleep(0.05)
    kitchen.gate.set()
    assert await early == Card("card", 1)
    assert set(await asyncio.gather(*late)) == {Card("card", 2)}


async def test_an_entry_lives_for_its_time_to_live_or_a_little_less(
    server: ValkeyServer, cache: Cache, kitchen: Kitchen
) -> None:
    keys = [str(new_id()) for _ in range(20)]
    for each in keys:
        await ask(cache, each, kitchen, ttl_s=100)
    left_ms = [int(server.ask("PTTL", f"cache:1:{each}")[1:-2]) for each in keys]
    assert all(89_000 < it <= 100_000 for it in left_ms)
    assert max(left_ms) - min(left_ms) > 1_000


async def test_an_expired_entry_is_made_again(cache: Cache, key: str, kitchen: Kitchen) -> None:
    await ask(cache, key, kitchen, ttl_s=0.05)
    await asyncio.sleep(0.06)
    assert await ask(cache, key, kitchen, ttl_s=0.05) == Card("card", 2)


async def test_a_failure_reaches_all_who_wait_and_is_not_kept(
    cache: Cache, key: str, kitchen: Kitchen
) -> None:
    tried = 0

    async def fails() -> Card:
        nonlocal tried
        tried += 1
        await asyncio.sleep(0.02)
        raise LookupError("no such card")

    answers = await asyncio.gather(*[ask(cache, key, fails) for _ in range(5)], return_exceptions=True)
    assert {type(it) for it in answers} == {LookupError}
    assert tried == 1
    started = time.monotonic()
    assert await ask(cache, key, kitchen) == Card("card", 1)
    assert time.monotonic() - started < 1.9  # the lock was given back too


async def test_when_the_one_who_makes_is_cancelled_one_of_those_waiting_makes_it(
    cache: Cache, key: str, kitchen: Kitchen
) -> None:
    kitchen.gate.clear()
    first = asyncio.create_task(ask(cache, key, kitchen))
    await kitchen.begun.wait()
    others = [asyncio.create_task(ask(cache, key, kitchen)) for _ in range(5)]
    await asyncio.sleep(0.02)
    first.cancel()
    kitchen.gate.set()
    assert set(await asyncio.gather(*others)) == {Card("card", 2)}
    assert first.cancelled()


async def test_a_waiter_that_is_cancelled_disturbs_nobody(cache: Cache, key: str, kitchen: Kitchen) -> None:
    kitchen.gate.clear()
    first = asyncio.create_task(ask(cache, key, kitchen))
    await kitchen.begun.wait()
    second, third = (asyncio.create_task(ask(cache, key, kitchen)) for _ in range(2))
    await asyncio.sleep(0.02)
    second.cancel()
    await asyncio.sleep(0)
    kitchen.gate.set()
    assert set(await asyncio.gather(first, third)) == {Card("card", 1)}


async def test_a_value_too_large_to_keep_is_served_and_not_kept(cache: Cache, key: str) -> None:
    made = 0

    async def large() -> str:
        nonlocal made
        made += 1
        return "x" * 1_100_000

    for _ in range(2):
        assert len(await cache.get_or_make(key, tenant_id=1, ttl_s=60, make=large, into=str)) == 1_100_000
    assert made == 2


async def test_without_valkey_values_are_made_still_once_for_all_who_ask_at_once(
    server: ValkeyServer, cache: Cache, key: str, kitchen: Kitchen
) -> None:
    assert await ask(cache, key, kitchen) == Card("card", 1)
    server.kill()
    kitchen.gate.clear()
    kitchen.begun.clear()
    many = [asyncio.create_task(ask(cache, key, kitchen)) for _ in range(50)]
    await kitchen.begun.wait()
    await asyncio.sleep(0.02)
    kitchen.gate.set()
    assert set(await asyncio.gather(*many)) == {Card("card", 2)}
    assert await ask(cache, key, kitchen) == Card("card", 3)

    server.start()
    await asyncio.sleep(REST_S)
    assert await ask(cache, key, kitchen) == Card("card", 4)
    assert await ask(cache, key, kitchen) == Card("card", 4)


async def test_without_valkey_nobody_who_asks_after_an_invalidation_joins_a_making_from_before(
    server: ValkeyServer, cache: Cache, key: str, kitchen: Kitchen
) -> None:
    server.kill()
    kitchen.gate.clear()
    early = asyncio.create_task(ask(cache, key, kitchen))
    await kitchen.begun.wait()
    await cache.forget("cards", tenant_id=1)
    late = asyncio.create_task(ask(cache, key, kitchen))
    await poll_until(lambda: kitchen.made == 2)
    kitchen.gate.set()
    assert (await early, await late) == (Card("card", 1), Card("card", 2))


async def test_what_was_forgotten_while_valkey_could_not_be_reached_is_not_served_when_it_can(
    server: ValkeyServer, valkeys: tuple[Valkey, Valkey], cache: Cache, key: str, kitchen: Kitchen
) -> None:
    await ask(cache, key, kitchen)
    server.freeze()
    with pytest.raises(ValkeyDown):
        await valkeys[0].ping()
    await cache.forget("cards", tenant_id=1)  # refused at once: nothing of it waits in the server's socket
    server.thaw()
    await asyncio.sleep(REST_S)
    assert await ask(cache, key, kitchen) == Card("card", 2)


async def test_valkey_dying_while_a_value_is_made_loses_only_the_keeping(
    server: ValkeyServer, cache: Cache, key: str, kitchen: Kitchen
) -> None:
    kitchen.gate.clear()
    asked = asyncio.create_task(ask(cache, key, kitchen))
    await kitchen.begun.wait()
    server.kill()
    kitchen.gate.set()
    assert await asked == Card("card", 1)
