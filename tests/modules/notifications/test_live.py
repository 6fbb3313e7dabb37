"""notifications.live: what an open page is told, and what somebody who was away missed"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager
from typing import cast

import msgspec

from tests.cast import Visit
from tests.conftest import eventually
from tests.modules.notifications.acts import bell_of, follow, happen, like, publish, read
from tests.modules.notifications.conftest import Crowd, Drain
from threadly.modules import notifications
from threadly.modules.notifications.live import BellNews, watch_bell
from threadly.modules.notifications.rest import events_of
from threadly.platform.pubsub import PubSub
from threadly.platform.runtime import Runtime
from threadly.platform.valkey import Valkey


class Page:
    """An open page: what it was told, and how many are unread by that."""

    def __init__(self) -> None:
        self.beats = 0
        self.told: list[BellNews] = []

    @property
    def titles(self) -> list[str]:
        return [entry.title for news in self.told for entry in news.entries]

    @property
    def unread(self) -> int | None:
        return self.told[-1].unread_count if self.told else None

    async def shows(self, *titles: str, unread: int) -> None:
        async def check() -> bool:
            return self.titles == list(titles) and self.unread == unread

        try:
            await eventually(check, within_s=10)
        except AssertionError:
            raise AssertionError((self.titles, self.unread)) from None


@asynccontextmanager
async def page_of(
    runtime: Runtime,
    whom: Visit,
    *,
    after: int | None = None,
    pubsub: PubSub | None = None,
    beat_s: float = 60.0,
) -> AsyncIterator[Page]:
    page = Page()

    async def listen() -> None:
        news = watch_bell(
            pubsub or runtime.pubsub,
            runtime.works,
            whom.tenant,
            whom.actor,
            after=after,
            beat_s=beat_s,
        )
        async with aclosing(cast("AsyncGenerator[BellNews | None, None]", news)):
            async for item in news:
                if item is None:
                    page.beats += 1
                else:
                    page.told.append(item)

    task = asyncio.create_task(listen())
    try:
        await eventually(lambda: _answered(page), within_s=10)
        yield page
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def _answered(page: Page) -> bool:
    return bool(page.told)


async def test_all_open_pages_are_told_and_show_the_same_count(
    runtime: Runtime, alex: Visit, bob: Visit, kareem: Visit, drain: Drain
) -> None:
    post_id = await publish(alex)
    async with page_of(runtime, alex) as one, page_of(runtime, alex) as other, page_of(runtime, bob) as his:
        assert one.unread == 0
        await like(kareem, post_id)
        await drain()
        await one.shows("Kareem liked your post", unread=1)
        await follow(bob, alex)
        await drain()
        for page in (one, other):
            await page.shows("Kareem liked your post", "Bob started to follow you", unread=2)
        await read(alex, (await bell_of(alex))[:1])
        for page in (one, other):
            await page.shows("Kareem liked your post", "Bob started to follow you", unread=1)
        assert (his.titles, his.unread) == ([], 0)


async def test_who_was_away_is_told_what_they_missed_each_once_and_in_order(
    runtime: Runtime, alex: Visit, bob: Visit, kareem: Visit, crowd: Crowd, drain: Drain
) -> None:
    post_id = await publish(alex)
    async with page_of(runtime, alex) as page:
        await like(kareem, post_id)
        await drain()
        await page.shows("Kareem liked your post", unread=1)
        last = page.told[-1].position

    await follow(bob, alex)
    await like(bob, post_id)
    for fan in await crowd(3):
        await like(fan, post_id)
    await drain()
    missed = ["Bob started to follow you", "Member2 and 4 others liked your post"]
    async with page_of(runtime, alex, after=last) as page:
        await page.shows(*missed, unread=2)
        last = page.told[-1].position
        await follow(kareem, alex)
        await drain()
        await page.shows(*missed, "Kareem and Bob started to follow you", unread=2)
        last = page.told[-1].position
    async with page_of(runtime, alex, after=last) as page:
        assert (page.titles, page.unread) == ([], 2)
    async with page_of(runtime, alex, after=last + 1_000) as page:  # of a database that is no more
        assert (page.titles, page.unread, page.told[-1].position) == ([], 2, last)


async def test_without_hints_a_page_looks_by_itself(
    runtime: Runtime, alex: Visit, kareem: Visit, drain: Drain
) -> None:
    valkey = Valkey("unix:///nowhere/valkey.sock")
    post_id = await publish(alex)
    try:
        async with page_of(runtime, alex, pubsub=PubSub(valkey), beat_s=0.05) as page:
            await like(kareem, post_id)
            await drain()
            await page.shows("Kareem liked your post", unread=1)
            assert page.beats
    finally:
        await valkey.aclose()


async def test_more_than_one_look_finds_is_told_all_the_same(
    runtime: Runtime, alex: Visit, kareem: Visit, drain: Drain
) -> None:
    post_ids = [await publish(alex, f"Number {number}") for number in range(105)]
    for post_id in post_ids:
        await like(kareem, post_id)
    await drain()
    async with page_of(runtime, alex, after=0) as page:
        await page.shows(*["Kareem liked your post"] * 105, unread=105)
    assert await alex.write(notifications.mark_all_read) == 0


async def test_on_the_wire_each_event_carries_the_position_that_it_is_up_to(
    runtime: Runtime, alex: Visit, kareem: Visit
) -> None:
    await like(kareem, await publish(alex))
    await happen(runtime, alex)
    (entry,) = await bell_of(alex)
    lines = events_of(BellNews(1, [entry], entry.position)).decode().split("\n")
    assert lines[:2] == ["event: notification", f"id: {entry.position}"]
    assert msgspec.json.decode(lines[2].removeprefix("data: "))["title"] == "Kareem liked your post"
    assert lines[4:7] == ["event: unread", f"id: {entry.position}", 'data: {"unread_count":1}']
