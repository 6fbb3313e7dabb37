import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator

import pytest

from tests.platform.valkey_server import ValkeyServer, running_valkey
from threadly.platform.ids import new_id
from threadly.platform.pubsub import MOST_QUEUED, Hint, Marker, News, PubSub, Subscription, channel_of
from threadly.platform.valkey import Valkey


@pytest.fixture(scope="module")
def server() -> Iterator[ValkeyServer]:
    with running_valkey() as it:
        yield it


@pytest.fixture
async def valkey(server: ValkeyServer) -> AsyncIterator[Valkey]:
    server.start()
    it = Valkey(server.url, rest_s=0.1)
    yield it
    await it.aclose()


@pytest.fixture
async def pubsub(valkey: Valkey) -> AsyncIterator[PubSub]:
    it = PubSub(valkey)
    await it.start()
    await poll_until(lambda: it.connected)
    yield it
    await it.stop()


@pytest.fixture
def channel() -> str:
    return channel_of(1, f"feed:{new_id()}")


async def poll_until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not true():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.01)


async def take(news: Subscription, count: int) -> list[News]:
    async with asyncio.timeout(30):
        return [await anext(news) for _ in range(count)]


def subscribers(server: ValkeyServer, channel: str) -> int:
    return int(server.ask("PUBSUB", "NUMSUB", f"hint:{channel}").rstrip().rsplit(b":", 1)[1])


async def test_a_hint_reaches_every_listener_of_its_channel_in_every_process(
    server: ValkeyServer, pubsub: PubSub, channel: str
) -> None:
    elsewhere = Valkey(server.url)
    async with pubsub.subscribe(channel) as one, pubsub.subscribe(channel) as two:
        await PubSub(elsewhere).publish(channel, {"post": "1"})  # a worker publishes without ever listening
        assert await take(one, 1) == await take(two, 1) == [Hint(channel, {"post": "1"})]
        assert subscribers(server, channel) == 1
    await elsewhere.aclose()


async def test_many_listeners_on_many_channels_need_one_connection(
    server: ValkeyServer, pubsub: PubSub, channel: str
) -> None:
    async def hear(number: int) -> News:
        async with pubsub.subscribe(f"{channel}:{number}") as news:
            ready.append(number)
            return (await take(news, 1))[0]

    ready: list[int] = []
    listeners = [asyncio.create_task(hear(number)) for number in range(200)]
    await poll_until(lambda: len(ready) == 200)
    assert server.ask("CLIENT", "LIST", "TYPE", "pubsub").count(b" name=") == 1
    await pubsub.publish_many([(f"{channel}:{number}", {"n": number}) for number in range(200)])
    assert await asyncio.gather(*listeners) == [Hint(f"{channel}:{n}", {"n": n}) for n in range(200)]


async def test_hints_of_several_channels_arrive_in_their_order(pubsub: PubSub, channel: str) -> None:
    async with pubsub.subscribe(channel, channel + "b") as news:
        sent = [(channel if n % 2 else channel + "b", {"n": n}) for n in range(20)]
        await pubsub.publish_many(sent)
        assert await take(news, 20) == [Hint(*each) for each in sent]


async def test_a_tenant_does_not_hear_another(pubsub: PubSub) -> None:
    topic = str(new_id())
    async with pubsub.subscribe(channel_of(1, topic)) as news:
        await pubsub.publish(channel_of(2, topic), {"whose": "theirs"})
        await pubsub.publish(channel_of(1, topic), {"whose": "ours"})
        assert await take(news, 1) == [Hint(channel_of(1, topic), {"whose": "ours"})]


async def test_what_was_published_before_is_not_heard(pubsub: PubSub, channel: str) -> None:
    await pubsub.publish(channel, {"n": 1})
    async with pubsub.subscribe(channel) as news:
        await pubsub.publish(channel, {"n": 2})
        assert await take(news, 1) == [Hint(channel, {"n": 2})]


async def test_a_slow_listener_loses_the_oldest_and_is_told_and_others_lose_nothing(
    pubsub: PubSub, channel: str
) -> None:
    many = MOST_QUEUED * 2
    async with pubsub.subscribe(channel) as slow, pubsub.subscribe(channel) as quick:
        heard = asyncio.create_task(take(quick, many))
        for n in range(many):
            await pubsub.publish(channel, {"n": n})
        assert await heard == [Hint(channel, {"n": n}) for n in range(many)]
        first, *rest = await take(slow, MOST_QUEUED)
        assert first is Marker.LAGGED
        assert rest == [Hint(channel, {"n": n}) for n in range(many - MOST_QUEUED + 1, many)]
        await pubsub.publish(channel, {"n": "next"})
        assert await take(slow, 1) == [Hint(channel, {"n": "next"})]


async def test_after_valkey_was_killed_and_is_back_every_listener_is_told_once_and_hears_again(
    server: ValkeyServer, pubsub: PubSub, channel: str
) -> None:
    async with pubsub.subscribe(channel) as one, pubsub.subscribe(channel, channel + "b") as two:
        server.kill()
        await poll_until(lambda: not pubsub.connected)
        await pubsub.publish(channel, {"n": "lost"})
        server.start()
        assert await take(one, 1) == await take(two, 1) == [Marker.RESYNC]
        assert pubsub.connected
        await poll_until(lambda: subscribers(server, channel + "b") == 1)
        other = Valkey(server.url)
        await PubSub(other).publish_many([(channel, {"n": 1}), (channel + "b", {"n": 2})])
        assert await take(one, 1) == [Hint(channel, {"n": 1})]
        assert await take(two, 2) == [Hint(channel, {"n": 1}), Hint(channel + "b", {"n": 2})]
        await other.aclose()


async def test_a_listener_that_came_while_valkey_was_gone_is_told_to_resync_when_it_is_back(
    server: ValkeyServer, pubsub: PubSub, channel: str
) -> None:
    server.kill()
    await poll_until(lambda: not pubsub.connected)
    async with pubsub.subscribe(channel) as news:
        server.start()
        assert await take(news, 1) == [Marker.RESYNC]
        assert subscribers(server, channel) == 1


async def test_a_process_may_start_before_valkey_does(server: ValkeyServer, channel: str) -> None:
    server.kill()
    valkey = Valkey(server.url, rest_s=0.1)
    pubsub = PubSub(valkey)
    await pubsub.start()
    await pubsub.publish(channel, {"n": "lost"})
    async with pubsub.subscribe(channel) as news:
        server.start()
        assert await take(news, 1) == [Marker.RESYNC]
    await pubsub.stop()
    await valkey.aclose()


async def test_a_server_that_does_not_confirm_leaves_the_listener_waiting_for_a_resync_only(
    server: ValkeyServer, pubsub: PubSub, channel: str
) -> None:
    server.freeze()
    started = time.monotonic()
    async with pubsub.subscribe(channel) as news:
        assert time.monotonic() - started < 20
        server.thaw()
        assert await take(news, 1) == [Marker.RESYNC]
        await poll_until(lambda: pubsub.connected)
        assert subscribers(server, channel) == 1


async def test_a_page_that_is_loaded_again_finds_its_channel_still_open(
    server: ValkeyServer, pubsub: PubSub, channel: str
) -> None:
    async with pubsub.subscribe(channel):
        pass
    assert subscribers(server, channel) == 1
    async with pubsub.subscribe(channel) as news:
        await pubsub.publish(channel, {"n": 1})
        assert await take(news, 1) == [Hint(channel, {"n": 1})]


async def test_channels_that_nobody_listens_to_are_left_at_the_next_beat(
    server: ValkeyServer, valkey: Valkey, channel: str
) -> None:
    pubsub = PubSub(valkey, beat_s=0.05)
    await pubsub.start()
    await poll_until(lambda: pubsub.connected)
    async with pubsub.subscribe(channel + "kept") as news:
        async with pubsub.subscribe(channel):
            pass
        await poll_until(lambda: subscribers(server, channel) == 0)
        await pubsub.publish(channel + "kept", {"n": 1})
        assert await take(news, 1) == [Hint(channel + "kept", {"n": 1})]
    await pubsub.stop()


async def test_a_server_without_a_sign_of_life_is_left(
    server: ValkeyServer, valkey: Valkey, channel: str
) -> None:
    pubsub = PubSub(valkey, beat_s=0.05)
    await pubsub.start()
    await poll_until(lambda: pubsub.connected)
    async with pubsub.subscribe(channel) as news:
        server.freeze()
        await poll_until(lambda: not pubsub.connected)
        server.thaw()
        assert await take(news, 1) == [Marker.RESYNC]
    await pubsub.stop()


async def test_what_is_no_json_is_passed_over(server: ValkeyServer, pubsub: PubSub, channel: str) -> None:
    async with pubsub.subscribe(channel) as news:
        server.ask("PUBLISH", f"hint:{channel}", "nonsense{")
        await pubsub.publish(channel, {"n": 1})
        assert await take(news, 1) == [Hint(channel, {"n": 1})]


async def test_stopping_ends_every_listener(server: ValkeyServer, pubsub: PubSub, channel: str) -> None:
    async def listen() -> list[News]:
        async with pubsub.subscribe(channel) as news:
            return [item async for item in news]

    listener = asyncio.create_task(listen())
    await poll_until(lambda: subscribers(server, channel) == 1)
    await asyncio.sleep(0)
    await pubsub.stop()
    async with asyncio.timeout(30):
        assert await listener == []
    assert not pubsub.connected
