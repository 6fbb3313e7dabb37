"""Following one's own clicks: turned on and off, told on each page, measured by the browser too."""

import re
from collections.abc import AsyncIterator, Sequence
from typing import Any

import httpx
import msgspec
import pytest

from tests.modules.atlas.lookers import KEY, OTHER_KEY, demo_app, guest, operator, other_guest
from threadly.modules.atlas.timings import MOST_BYTES, MOST_TIMINGS, Timing, part_of
from threadly.platform.http.following import (
    FOLLOW_COOKIE,
    LAST_COOKIE,
    OFF,
    Ticket,
    cookie_that_follows,
    last_cookie,
)
from threadly.platform.runtime import Runtime
from threadly.platform.telemetry import tracing
from threadly.platform.telemetry.keeper import Keeper
from threadly.platform.telemetry.parts import LogLine, Part
from threadly.settings import Settings

__all__ = ["demo_app", "guest", "operator", "other_guest"]

TICKET = Ticket("a" * 32, "b" * 16, start_us=10_000_000, took_us=40_000)


class Taken:
    """What was kept."""

    def __init__(self, keeper: Keeper) -> None:
        self._keeper = keeper
        self._parts: list[Part] = []
        keeper.takers.append(self._take)

    async def _take(self, parts: Sequence[Part], _lines: Sequence[LogLine]) -> None:
        self._parts += parts

    async def from_the_browser(self) -> list[Part]:
        await self._keeper.flush()
        return [each for each in self._parts if each.process == "browser"]


@pytest.fixture(autouse=True)
async def taken(runtime: Runtime) -> AsyncIterator[Taken]:
    before, keeper = tracing.keeper(), Keeper(runtime.settings, "tests")
    tracing.record_with(keeper)
    yield Taken(keeper)
    tracing.record_with(before)


def ticket_in(answer: httpx.Response) -> str:
    (found,) = re.findall(r'journey;desc="([^"]+)"', answer.headers["server-timing"])
    return str(found)


def timing(ticket: str, **changes: float) -> dict[str, Any]:
    """60 ms of waiting, after a connection was made."""
    return {
        "ticket": ticket,
        "start": 0,
        "dns_start": 1,
        "dns_end": 3,
        "connect_start": 3,
        "secure_start": 5,
        "connect_end": 9,
        "request_start": 10,
        "response_start": 70,
        "response_end": 75,
        "dom_ready": 90,
        "load_end": 90,
        **changes,
    }


async def send(client: httpx.AsyncClient, *timings: dict[str, Any]) -> httpx.Response:
    return await client.post("/map/timings", json={"timings": list(timings)})


# On and off


async def test_on_the_demo_everybody_is_followed_from_their_first_page(guest: httpx.AsyncClient) -> None:
    guest.cookies.clear()
    first = await guest.get("/explore")
    assert re.fullmatch("[0-9a-f]{32}", first.cookies[FOLLOW_COOKIE])
    assert f'href="/map/journeys/{first.headers["x-trace-id"]}"' in first.text
    second = await guest.get("/explore")
    assert FOLLOW_COOKIE not in second.cookies


async def test_it_is_turned_off_and_on_by_a_form(guest: httpx.AsyncClient) -> None:
    page = await guest.get("/explore")
    csrf = re.findall('name="_csrf" value="([^"]+)"', page.text)[0]
    answer = await guest.post("/map/follow", data={"follow": "off", "next": "/explore", "_csrf": csrf})
    assert (answer.status_code, answer.headers["location"]) == (303, "/explore")
    assert answer.cookies[FOLLOW_COOKIE] == OFF
    guest.cookies.set(FOLLOW_COOKIE, OFF)
    page = await guest.get("/explore")
    assert 'id="ribbon"' not in page.text
    assert "server-timing" not in page.headers
    assert ">Follow me</button>" in page.text
    guest.cookies.delete(FOLLOW_COOKIE)
    answer = await guest.post("/map/follow", data={"follow": "on", "_csrf": csrf})
    assert len(answer.cookies[FOLLOW_COOKIE]) == 32


async def test_turning_it_on_twice_keeps_what_was_followed(guest: httpx.AsyncClient) -> None:
    csrf = re.findall('name="_csrf" value="([^"]+)"', (await guest.get("/map")).text)[0]
    answer = await guest.post("/map/follow", data={"follow": "on", "_csrf": csrf})
    assert answer.cookies[FOLLOW_COOKIE] == KEY


async def test_elsewhere_nobody_is_followed_without_the_permission(client: httpx.AsyncClient) -> None:
    client.cookies.set(FOLLOW_COOKIE, KEY)
    page = await client.get("/explore")
    assert "server-timing" not in page.headers
    assert "Follow me" not in page.text
    csrf = re.findall('name="_csrf" value="([^"]+)"', (await client.get("/login")).text)[0]
    answer = await client.post("/map/follow", data={"follow": "on", "_csrf": csrf})
    assert answer.status_code == 403


async def test_who_has_the_permission_is_followed_once_they_want_it(operator: httpx.AsyncClient) -> None:
    assert "server-timing" not in (await operator.get("/explore")).headers
    operator.cookies.set(FOLLOW_COOKIE, KEY)
    assert "server-timing" in (await operator.get("/explore")).headers


async def test_the_page_after_a_click_tells_of_the_click(guest: httpx.AsyncClient) -> None:
    csrf = re.findall('name="_csrf" value="([^"]+)"', (await guest.get("/login")).text)[0]
    sarah = {"name": "Sarah", "username": "sarah", "email": "sarah@example.com", "password": "a quiet river"}
    click = await guest.post("/signup", data={"_csrf": csrf, **sarah})
    clicked = click.headers["x-trace-id"]
    assert click.status_code == 303
    assert click.cookies[LAST_COOKIE] == ticket_in(click)
    assert f'href="/map/journeys/{clicked}"' in (await guest.get("/explore")).text


async def test_who_signs_out_leaves_no_key_to_whoever_comes_next(guest: httpx.AsyncClient) -> None:
    csrf = re.findall('name="_csrf" value="([^"]+)"', (await guest.get("/login")).text)[0]
    answer = await guest.post("/logout", data={"_csrf": csrf})
    (told,) = [each for each in answer.headers.get_list("set-cookie") if each.startswith(FOLLOW_COOKIE)]
    assert KEY not in told
    assert "Max-Age=0" in told


@pytest.mark.parametrize(
    ("base_url", "is_secure"), [("https://a.example", True), ("http://a.example", False)]
)
def test_where_the_site_is_encrypted_its_cookies_are_sent_nowhere_else(
    base_url: str, is_secure: bool
) -> None:
    settings = Settings(base_url=base_url)
    cookies = (cookie_that_follows(KEY, settings), last_cookie("ticket", settings).decode())
    assert [each.endswith("; Secure") for each in cookies] == [is_secure] * 2


@pytest.mark.parametrize("made_up", ["x", "a" * 32, f'{"a" * 32}."><script>'])
async def test_a_made_up_click_is_not_told_of(guest: httpx.AsyncClient, made_up: str) -> None:
    page = await guest.get("/explore", headers={"Cookie": f"{FOLLOW_COOKIE}={KEY}; {LAST_COOKIE}={made_up}"})
    assert f'href="/map/journeys/{page.headers["x-trace-id"]}"' in page.text


# What the browser measured


async def test_the_browsers_part_lies_around_ours(guest: httpx.AsyncClient, taken: Taken) -> None:
    page = await guest.get("/explore")
    assert (await send(guest, timing(ticket_in(page)))).status_code == 204
    (part,) = await taken.from_the_browser()
    assert (part.trace_id, part.follower, part.kind) == (page.headers["x-trace-id"], KEY, "browser")
    assert [each.name for each in part.spans] == ["browser", "dns", "tcp", "tls", "wait", "download", "dom"]
    (wait,) = [each for each in part.spans if each.name == "wait"]
    assert wait.attributes == {"around": page.headers["traceparent"].split("-")[2]}
    assert all(each.parent == part.spans[0].id for each in part.spans[1:])


def test_our_span_lies_in_the_middle_of_what_the_browser_waited() -> None:
    part = part_of(msgspec.convert(timing("x"), Timing), TICKET, follower=KEY, tenant_id=1)
    assert part is not None
    (wait,) = [each for each in part.spans if each.name == "wait"]
    # 60 ms of waiting for 40 ms of work: 10 ms there, 10 ms back.
    assert (wait.start_us, wait.duration_us) == (TICKET.start_us - 10_000, 60_000)
    assert part.start_us == TICKET.start_us - 20_000
    assert part.duration_us == 90_000


def test_times_that_contradict_each_other_are_no_part() -> None:
    wrong = msgspec.convert(timing("x", response_start=5), Timing)
    assert part_of(wrong, TICKET, follower=KEY, tenant_id=1) is None


@pytest.mark.parametrize(
    "forge", [lambda it: it[:-1] + "x", lambda it: ("1" if it[0] == "0" else "0") + it[1:], lambda _: "none"]
)
async def test_a_ticket_that_is_not_ours_is_passed_over(
    guest: httpx.AsyncClient, taken: Taken, forge: Any
) -> None:
    ticket = ticket_in(await guest.get("/explore"))
    assert (await send(guest, timing(forge(ticket)))).status_code == 204
    assert await taken.from_the_browser() == []


async def test_another_followers_ticket_is_passed_over(
    guest: httpx.AsyncClient, other_guest: httpx.AsyncClient, taken: Taken
) -> None:
    ticket = ticket_in(await guest.get("/explore"))
    assert OTHER_KEY != KEY
    await send(other_guest, timing(ticket))
    assert await taken.from_the_browser() == []


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        b'{"timings": []}',
        b'{"timings": [{"ticket": "x"}]}',
        msgspec.json.encode({"timings": [timing("x", dom_ready=-1)]}),
        msgspec.json.encode({"timings": [timing("x", load_end=1e9)]}),
        msgspec.json.encode({"timings": [timing("x")] * (MOST_TIMINGS + 1)}),
        msgspec.json.encode({"timings": [{**timing("x"), "more": 1}]}),
    ],
)
async def test_what_is_no_timing_is_refused(guest: httpx.AsyncClient, body: bytes) -> None:
    assert (await guest.post("/map/timings", content=body)).status_code == 400


async def test_a_large_body_is_refused(guest: httpx.AsyncClient) -> None:
    assert (await guest.post("/map/timings", content=b" " * (MOST_BYTES + 1))).status_code == 413


async def test_who_follows_nothing_measures_nothing(guest: httpx.AsyncClient, taken: Taken) -> None:
    ticket = ticket_in(await guest.get("/explore"))
    guest.cookies.set(FOLLOW_COOKIE, OFF)
    assert (await send(guest, timing(ticket))).status_code == 403
    assert await taken.from_the_browser() == []
