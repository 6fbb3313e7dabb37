"""feed.live: what an open page is told"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager

import httpx
import msgspec

from tests.browsing import browsing
from tests.cast import Visit
from tests.conftest import eventually
from tests.modules.feed.acts import follow, publish, unfollow
from tests.modules.feed.conftest import Drain
from threadly.modules import identity
from threadly.modules.feed.live import BEAT, RESYNC, TOPIC, Concerns, FeedNews, watch_feed
from threadly.modules.feed.pages.stream import event_of
from threadly.platform.http.front import Front
from threadly.platform.http.streams import MOST_STREAMS_PER_MEMBER
from threadly.platform.pubsub import Hint, PubSub, channel_of
from threadly.platform.runtime import Runtime
from threadly.platform.valkey import Valkey
from threadly.platform.work import Work, Works


@asynccontextmanager
async def watching(
    runtime: Runtime, whom: Visit, *, pubsub: PubSub | None = None, beat_s: float = 60.0
) -> AsyncIterator[list[FeedNews]]:
    """What somebody's open page has been told so far; entered once it listens."""
    heard: list[FeedNews] = []
    used = pubsub or runtime.pubsub

    async def listen() -> None:
        news = watch_feed(used, runtime.works, whom.tenant, whom.actor, beat_s=beat_s)
        async for item in news:
            heard.append(item)  # noqa: PERF401  # read while it grows

    task = asyncio.create_task(listen())
    if pubsub is None:
        # Hints of one's own say that the page listens; after the last of them they are taken out again.
        async def probe(name: str) -> bool:
            hint = {"post_id": name, "author_id": "-", "owners": [str(whom.actor.me)]}
            await used.publish(channel_of(whom.tenant.id, TOPIC), hint)
            return bool(heard)

        await eventually(lambda: probe("probe"), every_s=0.05)
        await probe("last probe")
        await eventually(has(heard, FeedNews("post", "last probe")))
        heard.clear()
    try:
        yield heard
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def has(heard: list[FeedNews], item: FeedNews) -> Callable[[], Awaitable[bool]]:
    async def check() -> bool:
        return item in heard

    return check


async def test_a_follower_is_told_of_a_post_and_others_are_not(
    runtime: Runtime, alex: Visit, bob: Visit, sarah: Visit, drain: Drain
) -> None:
    await follow(bob, alex)
    await drain()
    async with watching(runtime, bob) as by_bob, watching(runtime, sarah) as by_sarah:
        post_id = await publish(alex)
        await drain()
        await eventually(has(by_bob, FeedNews("post", str(post_id))))
        mine = await publish(sarah)
        await drain()
        await eventually(has(by_sarah, FeedNews("post", str(mine))))
        assert FeedNews("post", str(post_id)) not in by_sarah


async def test_followers_of_a_pulled_author_are_told_too(
    runtime: Runtime, alex: Visit, bob: Visit, sarah: Visit, drain: Drain
) -> None:
    pulling = Works(runtime.database, msgspec.structs.replace(runtime.settings, feed_pull_threshold=1))
    await follow(Visit(pulling, bob.tenant, bob.actor), alex)
    await drain()
    async with watching(runtime, bob) as by_bob, watching(runtime, sarah) as by_sarah:
        first = await publish(alex)
        await drain()
        await eventually(has(by_bob, FeedNews("post", str(first))))
        # Hints come in order: once this one is there, the one before it was weighed.
        mine = await publish(sarah)
        await drain()
        await eventually(has(by_sarah, FeedNews("post", str(mine))))
        assert FeedNews("post", str(first)) not in by_sarah
        await follow(sarah, alex)
        await drain()
        await eventually(has(by_sarah, RESYNC))
        second = await publish(alex)
        await drain()
        await eventually(has(by_sarah, FeedNews("post", str(second))))


async def test_whom_one_follows_is_remembered_for_a_while_only(
    runtime: Runtime, alex: Visit, bob: Visit
) -> None:
    pulled = Hint("", {"post_id": "p1", "author_id": str(alex.actor.me), "pulled": True})
    await follow(bob, alex)
    sure = Concerns(runtime.works, bob.tenant, bob.actor)
    forgetful = Concerns(runtime.works, bob.tenant, bob.actor, memory_s=0.0)
    for concerns in (sure, forgetful):
        assert await concerns.read(pulled) == FeedNews("post", "p1")
    await unfollow(bob, alex)
    assert await sure.read(pulled) == FeedNews("post", "p1")
    assert await forgetful.read(pulled) is None


async def test_who_follows_somebody_is_told_to_look_again(
    runtime: Runtime, alex: Visit, bob: Visit, drain: Drain
) -> None:
    async with watching(runtime, bob) as heard:
        await follow(bob, alex)
        await drain()
        await eventually(has(heard, RESYNC))


async def test_a_stream_without_news_shows_that_it_is_there(runtime: Runtime, bob: Visit) -> None:
    async with watching(runtime, bob, beat_s=0.05) as heard:
        await eventually(has(heard, BEAT))


async def test_without_valkey_the_page_is_told_to_look_at_every_beat(runtime: Runtime, bob: Visit) -> None:
    away = PubSub(Valkey("unix:///nonexistent/valkey.sock"))
    await away.start()
    try:
        async with watching(runtime, bob, pubsub=away, beat_s=0.05) as heard:
            await eventually(has(heard, RESYNC))
            assert BEAT not in heard
    finally:
        await away.stop()


async def test_a_stream_ends_with_its_process(runtime: Runtime, bob: Visit) -> None:
    pubsub = PubSub(runtime.valkey)
    await pubsub.start()
    news = watch_feed(pubsub, runtime.works, bob.tenant, bob.actor, beat_s=0.01)
    heard = [await anext(news)]
    await pubsub.stop()
    async with asyncio.timeout(30):
        heard += [item async for item in news]
    assert heard


async def test_a_stream_ends_by_itself_after_its_lifetime(runtime: Runtime, bob: Visit) -> None:
    news = watch_feed(
        runtime.pubsub,
        runtime.works,
        bob.tenant,
        bob.actor,
        beat_s=0.01,
        lifetime_s=0.1,
    )
    async with asyncio.timeout(30):
        assert [item async for item in news]


def test_events_are_written_as_browsers_read_them() -> None:
    assert event_of(FeedNews("post", "p1")) == b'event: post\ndata: {"post_id":"p1"}\n\n'
    assert event_of(RESYNC) == b"event: resync\ndata: {}\n\n"
    assert event_of(BEAT).startswith(b":")


async def cookie_of(whom: Visit) -> str:
    async def open_session(work: Work) -> identity.BrowserSession:
        return await identity.open_browser_session(work, await identity.get_account(work))

    return f"threadly_session={(await whom.write(open_session)).token}"


async def test_the_stream_reaches_the_browser_as_it_happens_and_ends_when_that_leaves(
    app: Front, alex: Visit, client: httpx.AsyncClient, drain: Drain
) -> None:
    posts: list[FeedNews] = []
    async with browsing(app, client.base_url.host, await cookie_of(alex)) as browser:

        async def told() -> bool:
            posts.append(FeedNews("post", str(await publish(alex))))
            await drain()
            return any(event_of(post) in browser.sent for post in posts)

        # More than one post, because the first may come before the stream listens.
        await eventually(told, every_s=0.05)


async def test_a_member_has_so_many_streams_and_a_place_is_free_again_when_one_ends(
    app: Front, alex: Visit, bob: Visit, client: httpx.AsyncClient
) -> None:
    host, cookie = client.base_url.host, await cookie_of(alex)
    async with AsyncExitStack() as tabs:
        for _ in range(MOST_STREAMS_PER_MEMBER):
            await tabs.enter_async_context(browsing(app, host, cookie))
        async with asyncio.timeout(30):
            refused = await client.get("/stream", headers={"Cookie": cookie})
        assert (refused.status_code, refused.headers["retry-after"]) == (503, "5")
        async with browsing(app, host, await cookie_of(bob)) as others:
            assert others.status == 200
    async with browsing(app, host, cookie) as again:
        assert again.status == 200


async def test_the_stream_asks_for_a_sign_in(client: httpx.AsyncClient) -> None:
    assert (await client.get("/stream")).status_code == 401


async def test_a_head_of_the_stream_ends_at_once(app: Front, alex: Visit, client: httpx.AsyncClient) -> None:
    async with asyncio.timeout(30):
        answer = await client.head("/stream", headers={"Cookie": await cookie_of(alex)})
    assert (answer.status_code, answer.content) == (200, b"")
