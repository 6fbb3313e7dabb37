"""/notifications and /settings/notifications, without a script"""

import re
from datetime import UTC, datetime, timedelta
from html import unescape
from zoneinfo import ZoneInfo

import httpx
import pytest

from tests.browsing import browsing
from tests.cast import Visit
from tests.conftest import eventually
from tests.modules.notifications.acts import bell_of, comment, follow, like, publish, unread_of
from tests.modules.notifications.conftest import Drain
from threadly.modules import identity, notifications
from threadly.modules.notifications.pages.view import days_of
from threadly.platform.http.front import Front
from threadly.platform.ids import new_id
from threadly.platform.runtime import Runtime
from threadly.platform.work import Work

HERE = "/notifications"
SETTINGS = "/settings/notifications"
COOKIE = "threadly_session"


class Browser:
    """Alex's, signed in: cookies, and the token that its forms carry."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self.client = client
        self.csrf = ""

    async def open(self, path: str, **headers: str) -> str:
        answer = await self.client.get(path, headers=headers)
        assert answer.status_code == 200, answer.text
        if found := re.search(r'name="_csrf" value="([^"]+)"', answer.text):
            self.csrf = found[1]
        return unescape(answer.text)

    async def send(self, path: str, **fields: str) -> httpx.Response:
        return await self.client.post(path, data={"_csrf": self.csrf, **fields})


@pytest.fixture
async def browser(client: httpx.AsyncClient, alex: Visit) -> Browser:
    async def open_session(work: Work) -> identity.BrowserSession:
        return await identity.open_browser_session(work, await identity.get_account(work))

    client.cookies.set(COOKIE, (await alex.write(open_session)).token)
    return Browser(client)


def badge(page: str) -> str:
    found = re.search(r'id="bell".*?data-count="(\d+)" *(hidden)?', page)
    assert found
    assert bool(found[2]) == (found[1] == "0")
    return found[1]


def titles(page: str) -> list[str]:
    return re.findall(r'data-notification="[^"]+">([^<]+)</a>', page)


async def test_the_page_lists_by_days_filters_and_marks_as_read(
    browser: Browser, alex: Visit, kareem: Visit, bob: Visit, drain: Drain
) -> None:
    empty = await browser.open(HERE)
    assert "Nothing yet" in empty
    assert badge(empty) == "0"

    post_id = await publish(alex, "<b>Bold</b>")
    await like(kareem, post_id)
    await comment(bob, post_id, "“Nice”")
    await follow(kareem, alex)
    await drain()
    page = await browser.open(HERE)
    assert titles(page) == [
        "Kareem started to follow you",
        "Bob commented on your post",
        "Kareem liked your post",
    ]
    assert page.count('class="day__name"') == 1
    assert "Today" in page
    assert "<b>Bold" not in (await browser.client.get(HERE)).text
    assert badge(page) == "3"

    assert titles(await browser.open(f"{HERE}?show=like")) == ["Kareem liked your post"]
    (latest, *_) = await bell_of(alex)
    answer = await browser.send(f"{HERE}/read", id=str(latest.id), next=f"{HERE}?show=unread")
    assert (answer.status_code, answer.headers["location"]) == (303, f"{HERE}?show=unread")
    page = await browser.open(f"{HERE}?show=unread")
    assert len(titles(page)) == 2
    assert badge(page) == "2"

    # What came after the page was opened stays unread by its button.
    up_to = re.search(r'name="up_to" value="(\d+)"', page)
    assert up_to
    await follow(bob, alex)
    await drain()
    await browser.send(f"{HERE}/read", up_to=up_to[1])
    assert await unread_of(alex) == 1
    await browser.send(f"{HERE}/read", id="x", up_to="-1")
    assert titles(await browser.open(f"{HERE}?show=unread")) == ["Bob started to follow you"]
    # All is all, whatever is shown.
    page = await browser.open(f"{HERE}?show=order")
    assert titles(page) == []
    up_to = re.search(r'name="up_to" value="(\d+)"', page)
    assert up_to
    await browser.send(f"{HERE}/read", up_to=up_to[1])
    assert await unread_of(alex) == 0


async def test_older_ones_follow_page_by_page_under_the_days_that_have_begun(
    browser: Browser, alex: Visit, kareem: Visit, drain: Drain
) -> None:
    for number in range(23):
        await like(kareem, await publish(alex, f"Number {number}"))
    await drain()
    first = await browser.open(HERE)
    assert len(titles(first)) == 20
    more = re.search(r'hx-get="([^"]+)"', first)
    assert more
    second = await browser.open(more[1], **{"HX-Request": "true"})
    assert len(titles(second)) == 3
    assert "day__name" not in second
    assert "<html" not in second
    assert len(titles(await browser.open(more[1]))) == 3  # without a script it is a page of its own


def test_days_are_those_of_the_persons_own_clock() -> None:
    now = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)

    def entry(at: datetime) -> notifications.Notification:
        return notifications.Notification(new_id(), "order", "", "", "/", 1, 0, [], 1, at, at, None)

    entries = [entry(now - timedelta(hours=hours)) for hours in (0, 3, 27, 24 * 90)]
    labels = {
        zone: [(day.label, len(day.entries)) for day in days_of(entries, now=now, zone=ZoneInfo(zone))]
        for zone in ("UTC", "America/New_York")
    }
    assert labels == {
        "UTC": [
            ("Today", 1),
            ("Yesterday", 1),
            ("Saturday, 28 February", 1),
            ("Tuesday, 2 December 2025", 1),
        ],
        "America/New_York": [("Today", 2), ("Yesterday", 1), ("Monday, 1 December 2025", 1)],
    }
    assert days_of(entries, now=now, zone=ZoneInfo("UTC"), begun="2026-03-02")[0].label is None


async def test_the_settings_show_what_is_chosen_and_keep_what_was_typed_wrongly(
    browser: Browser, alex: Visit
) -> None:
    page = await browser.open(SETTINGS)
    assert '<input type="checkbox" name="mention.push" value="now" checked' in page
    assert page.count('<option value="digest" selected>') == 3
    assert "Europe/Berlin" in page

    fields = {
        "like.app": "now",
        "like.mail": "off",
        "like.push": "digest",  # no form of ours sends that
        "quiet": "yes",
        "quiet_from": "22:00",
        "quiet_until": "06:30",
        "time_zone": "Asia/Kathmandu",
        "digest": "weekly",
        "digest_hour": "7",
        "digest_weekday": "5",
    }
    assert (await browser.send(SETTINGS, **fields)).status_code == 303
    chosen = await alex.read(notifications.get_preferences, fresh=True)
    assert chosen.modes["like"] == {"app": "now", "mail": "off", "push": "off", "sms": "off"}
    assert chosen.modes["comment"]["app"] == "off"  # a box that is not ticked
    assert chosen.rhythm == notifications.Rhythm("22:00", "06:30", "Asia/Kathmandu", "weekly", 7, 5)

    answer = await browser.send(SETTINGS, **{**fields, "quiet_until": "22:00", "like.mail": "now"})
    assert answer.status_code == 400
    assert "two different times" in answer.text
    assert 'value="22:00"' in answer.text
    page = await browser.open(SETTINGS)
    assert 'value="06:30"' in page
    await browser.send(SETTINGS, time_zone="UTC", digest="sometimes", digest_hour="99")
    rhythm = (await alex.read(notifications.get_preferences, fresh=True)).rhythm
    assert rhythm == notifications.Rhythm(digest="off")


async def test_the_stream_begins_with_the_count_and_goes_on_after_the_last_event(
    app: Front, runtime: Runtime, browser: Browser, alex: Visit, kareem: Visit, drain: Drain
) -> None:
    await follow(kareem, alex)
    await drain()
    host, cookie = f"{alex.tenant.slug}.test", f"{COOKIE}={browser.client.cookies[COOKIE]}"
    path = "/api/v1/notifications/stream"
    async with browsing(app, host, cookie, path=path) as stream:

        async def has(text: bytes) -> bool:
            return text in b"".join(stream.sent)

        await eventually(lambda: has(b'data: {"unread_count":1}'))
        assert not await has(b"event: notification")
        await like(kareem, await publish(alex))
        await drain()
        await eventually(lambda: has(b"Kareem liked your post"))
        await eventually(lambda: has(b'data: {"unread_count":2}'))
