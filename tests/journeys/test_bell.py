"""Alex has several tabs open: all of them show the same bell, and one of them holds its stream."""

import json

from playwright.async_api import Page, Request, Route, expect

from tests.cast import Visit
from tests.conftest import eventually
from tests.journeys.conftest import Meet, Settle
from tests.modules.feed.acts import comment, follow, publish
from tests.modules.notifications.acts import bell_of, like, unread_of

STREAM = "/api/v1/notifications/stream"


async def shows(tab: Page, count: int) -> None:
    """The number on the bell, and before the page's title."""
    number = tab.locator("#bell [data-count]")
    if count == 0:
        await expect(number).to_be_hidden()
    else:
        await expect(number).to_have_text(f"{count} unread")
    assert (await tab.title()).startswith(f"({count}) ") == (count > 0)


async def test_every_tab_shows_the_same_count_and_whoever_takes_over_the_stream_misses_nothing(
    meet: Meet, settle: Settle
) -> None:
    alex_himself, kareem, bob = [await settle(name) for name in ("alexsmith", "kareem", "bob")]
    post_id = await publish(alex_himself, "A walk along the river")
    streams: list[str] = []

    def note(request: Request) -> None:
        if STREAM in request.url:
            streams.append(request.url.partition(STREAM)[2])

    alex = await meet()
    alex.context.on("request", note)
    await alex.sign_in("alexsmith")
    first = alex.page
    second, third = await alex.new_tab("/explore"), await alex.new_tab("/people")
    tabs = [first, second, third]

    async def one_streams() -> bool:
        return len(streams) > 0

    await eventually(one_streams)
    await like(kareem, post_id)
    for tab in tabs:
        await shows(tab, 1)
    held = len(streams)
    # The tab that is looked at says what happened; a click leads there, and it is read everywhere.
    said = third.locator("#toasts a", has_text="Kareem liked your post")
    await expect(said).to_be_visible()
    await said.click()
    await expect(third).to_have_url(f"{alex.url}/posts/{post_id}")
    for tab in tabs:
        await shows(tab, 0)
    assert await unread_of(alex_himself) == 0

    # Who held the stream leaves, and another tab goes on where it was.
    await follow(bob, alex_himself)
    for tab in tabs:
        await shows(tab, 1)
    await first.close()
    await comment(kareem, post_id, "Which one?")
    for tab in (second, third):
        await shows(tab, 2)
        await expect(tab.locator("#toasts a", has_text="Kareem commented")).to_have_count(1)

    async def taken_over() -> bool:
        return len(streams) > held

    await eventually(taken_over)
    assert "?after=" in streams[-1]

    # The page of notifications says that there is something new, and marks all of it as read.
    await second.goto("/notifications")
    entries = second.locator("[data-entry]")
    await expect(entries).to_have_count(3)
    await follow(kareem, alex_himself)
    fresh = second.get_by_role("link", name="Show what is new")
    await fresh.click()
    await expect(entries.first).to_contain_text("Kareem and Bob started to follow you")
    button = entries.first.get_by_role("button", name="Mark as read")
    await button.click()
    await expect(button).to_have_count(0)
    for tab in (second, third):
        await shows(tab, 1)
    await second.get_by_role("button", name="Mark all as read").click()
    await expect(second.get_by_role("button", name="Mark")).to_have_count(0)
    await shows(second, 0)
    await shows(third, 0)


async def test_a_telephone_that_lost_its_connection_is_told_what_it_missed_once(
    meet: Meet, settle: Settle
) -> None:
    alex_himself, kareem, bob = [await settle(name) for name in ("alexsmith", "kareem", "bob")]
    post_id = await publish(alex_himself, "A walk along the river")
    await follow(bob, alex_himself)
    await eventually(lambda: _has_unread(alex_himself, 1))
    (seen,) = await bell_of(alex_himself)
    told = json.dumps({"unread_count": 1})
    cut_off = f"retry: 20\n\nevent: unread\nid: {seen.position}\ndata: {told}\n\n"
    asked: list[str] = []

    async def break_off(route: Route) -> None:
        """The first answer ends in the middle; then the browser asks again by itself."""
        asked.append(route.request.url)
        if len(asked) > 1:
            await route.continue_()
            return
        await like(kareem, post_id)
        await comment(kareem, post_id, "Which one?")
        await eventually(lambda: _has_unread(alex_himself, 3))
        await route.fulfill(status=200, content_type="text/event-stream", body=cut_off)

    alex = await meet(phone=True)
    await alex.page.route(f"**{STREAM}*", break_off)
    await alex.sign_in("alexsmith")
    await shows(alex.page, 3)
    await expect(alex.page.locator("#toasts a")).to_have_text(
        ["Kareem liked your post", "Kareem commented on your post"]
    )
    # By itself, that is with the id of the last event in a header; this script would have put it there.
    assert [url.partition(STREAM)[2] for url in asked] == ["", ""]


async def _has_unread(whom: Visit, count: int) -> bool:
    return await unread_of(whom) == count
