"""Without Valkey the site goes on: no cache, no limits, no hints; and nothing has to be restarted after."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import psutil

from tests.conftest import eventually
from tests.faults.installation import Installation, Member, halt, is_ready, resume

AWAY_ROUNDS = 5


async def test_valkey_killed_is_missed_by_nobody_and_live_pages_look_again(
    installation: Installation, http: httpx.AsyncClient
) -> None:
    member = await installation.sign_up(http, "valkey_killed")
    before = _pids(installation, "postgres", "worker", "web")
    async with _live(http, member) as heard:
        await eventually(lambda: _has_heard(heard, b": welcome"))
        killed = installation.server("valkey")
        killed.kill()
        await eventually(lambda: _another_runs(installation, killed))
        await _goes_on(member, "while Valkey comes back")
        await eventually(lambda: _has_heard(heard, b"event: resync"))
        await eventually(lambda: is_ready(http))
        await eventually(lambda: _posts_and_hears(member, heard), every_s=0.5)
    assert _pids(installation, "postgres", "worker", "web") == before, "nothing else was restarted"


async def test_while_valkey_is_away_feed_and_posting_go_on_without_limits(
    installation: Installation, http: httpx.AsyncClient
) -> None:
    member = await installation.sign_up(http, "valkey_away")
    assert _remaining(await member.feed()) < _limit(await member.feed())
    valkey = installation.server("valkey")
    halt([installation_process := psutil.Process(installation.pid)])  # so that nobody starts it again
    try:
        valkey.kill()
        for number in range(AWAY_ROUNDS):
            await _goes_on(member, f"without Valkey {number}")
        answer = await member.feed()
        assert _remaining(answer) == _limit(answer), "limits are open"
        ready = await http.get("/ready")
        assert ready.status_code == 200, "slower is no reason to send people away"
        assert ready.json()["valkey"] == "down"
    finally:
        resume([installation_process])
    await eventually(lambda: _is_limited(member))


async def test_a_valkey_that_hangs_holds_up_no_request_for_long(
    installation: Installation, http: httpx.AsyncClient
) -> None:
    member = await installation.sign_up(http, "valkey_hangs")
    valkey = installation.server("valkey")
    halt([valkey])
    try:
        async with asyncio.timeout(30):
            for number in range(AWAY_ROUNDS):
                await _goes_on(member, f"while Valkey hangs {number}")
    finally:
        resume([valkey])
    await eventually(lambda: _is_limited(member))


async def _goes_on(member: Member, content: str) -> None:
    answer = await member.post(content)
    assert answer.status_code == 201, answer.text
    assert content in await member.feed_contents()


async def _is_limited(member: Member) -> bool:
    answer = await member.feed()
    assert answer.status_code == 200
    return _remaining(answer) < _limit(answer)


async def _posts_and_hears(member: Member, heard: bytearray) -> bool:
    answer = await member.post("heard live")
    return await _has_heard(heard, answer.json()["data"]["id"].encode()) or b"event: post" in heard


def _limit(answer: httpx.Response) -> int:
    return int(answer.headers["X-RateLimit-Limit"])


def _remaining(answer: httpx.Response) -> int:
    return int(answer.headers["X-RateLimit-Remaining"])


@asynccontextmanager
async def _live(http: httpx.AsyncClient, member: Member) -> AsyncIterator[bytearray]:
    """What the member's open page has been told so far."""
    heard = bytearray()

    async def listen() -> None:
        async with http.stream("GET", "/stream", headers=member.headers, timeout=None) as stream:
            assert stream.status_code == 200
            async for piece in stream.aiter_raw():
                heard.extend(piece)

    listening = asyncio.create_task(listen())
    try:
        yield heard
        assert not listening.done(), "the stream stayed open"
    finally:
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)


async def _has_heard(heard: bytearray, what: bytes) -> bool:
    return what in heard


async def _another_runs(installation: Installation, killed: psutil.Process) -> bool:
    try:
        return installation.server("valkey").pid != killed.pid
    except (AssertionError, psutil.NoSuchProcess):
        return False


def _pids(installation: Installation, *names: str) -> list[int]:
    return [installation.server(name).pid for name in names]
