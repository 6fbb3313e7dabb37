"""Sockets: who is let in, what they may say, and how they end."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from typing import Any

import httpx
import pytest
from litestar import Response, WebSocket, websocket
from websockets.exceptions import InvalidStatus

from tests.cast import Visit, sign_in, sign_up
from tests.conftest import SECRET_KEY, eventually
from tests.platform.http.socket_client import OURS, connected
from tests.wire.servers import other_app, served
from threadly.modules import identity
from threadly.modules.messaging.socket.talk import open_talk
from threadly.platform.http import sockets
from threadly.platform.http.admission import EdgeKit
from threadly.platform.http.application import make_application
from threadly.platform.http.front import Front
from threadly.platform.http.socket_line import SLOW, Line
from threadly.platform.http.sockets import MOST_FRAME_BYTES, MOST_SOCKETS_PER_MEMBER, Ping
from threadly.platform.runtime import Runtime
from threadly.platform.standing import ASK_S, SETTLED_S
from threadly.platform.telemetry import tracing
from threadly.platform.telemetry.keeper import Keeper
from threadly.platform.telemetry.spans import Recording
from threadly.platform.work import Tenant, Work, Works
from threadly.settings import Settings

TOO_MANY, SIGN_IN, TOO_BIG = 4503, 4401, 1009


@pytest.fixture(scope="module")
async def url(app: Front) -> AsyncIterator[str]:
    async with served(app, ws="auto") as url:
        yield url


@pytest.fixture
async def host(runtime: Runtime, tenant: Tenant) -> str:
    await runtime.tenants.refresh()
    return f"{tenant.slug}.test"


@pytest.fixture
async def alex(works: Works, tenant: Tenant) -> Visit:
    return Visit(works, tenant, await sign_up(works, tenant, "alexsmith"))


async def token_of(whom: Visit) -> str:
    return (await sign_in(whom._works, whom.tenant, whom.actor)).access_token


async def cookie_of(whom: Visit) -> str:
    async def open_session(work: Work) -> identity.BrowserSession:
        return await identity.open_browser_session(work, await identity.get_account(work))

    return f"threadly_session={(await whom.write(open_session)).token}"


async def test_a_program_says_who_it_is_by_header_by_subprotocol_or_first(
    url: str, host: str, alex: Visit
) -> None:
    token = await token_of(alex)
    async with connected(url, host, bearer=token) as client:
        assert (await client.hear("hello"))["user_id"] == str(alex.actor.me)
    async with connected(url, host, protocols=["threadly.v1", f"bearer.{token}"]) as client:
        assert await client.hear("hello")
        assert client.connection.subprotocol == "threadly.v1"
    async with connected(url, host) as client:
        await client.tell("authenticate", token=token)
        assert await client.hear("hello")
    for frame in ({"token": "forged"}, {}):
        async with connected(url, host) as client:
            await client.tell("authenticate", **frame)
            assert await client.end() == SIGN_IN
    with pytest.raises(InvalidStatus):
        async with connected(url, host, bearer="forged"):
            pass


async def test_a_cookie_counts_from_our_own_pages_only(url: str, host: str, alex: Visit) -> None:
    cookie = await cookie_of(alex)
    async with connected(url, host, cookie=cookie, origin=OURS) as client:
        assert await client.hear("hello")
    for origin in ("http://evil.example", "null", f"{OURS}.evil.example", None):
        with pytest.raises(InvalidStatus) as refused:
            async with connected(url, host, cookie=cookie, origin=origin):
                pass
        assert refused.value.response.status_code == 403
    # Without a cookie, too: its token would have to come from that page.
    with pytest.raises(InvalidStatus):
        async with connected(url, host, origin="http://evil.example"):
            pass


async def test_a_frame_that_is_too_large_or_no_text_ends_the_socket(url: str, host: str, alex: Visit) -> None:
    token = await token_of(alex)
    async with connected(url, host, bearer=token) as client:
        await client.connection.send("x" * (MOST_FRAME_BYTES + 1))
        assert await client.end() == TOO_BIG
    async with connected(url, host, bearer=token) as client:
        await client.connection.send(b"\x00\x01")
        assert await client.end() == 1003


async def test_what_is_no_command_is_refused_in_a_sentence_and_the_socket_stays(
    url: str, host: str, alex: Visit
) -> None:
    async with connected(url, host, bearer=await token_of(alex)) as client:
        await client.hear("hello")
        for text in ("", "{", "[1]", '{"type": 7}', "[" * 30_000, '{"type":"mark"}', '{"type":"no.such"}'):
            await client.connection.send(text)
            error = (await client.hear("error"))["error"]
            assert error["code"] == "input.invalid"
            assert error["message"].endswith(".")
        answer = await client.ask("typing", conversation_id="01999999-0000-7000-8000-000000000000")
        assert answer["error"]["code"] == "messaging.conversation_missing"
        assert "data" in await client.ask("presence.watch", user_ids=[])


async def test_a_flood_is_refused_then_cut_and_others_go_on(
    settings: Settings, host: str, alex: Visit, works: Works, tenant: Tenant
) -> None:
    bob = Visit(works, tenant, await sign_up(works, tenant, "bob"))
    async with (
        other_app(settings, rate_limit_factor=1.0) as app,
        served(app, ws="auto") as url,
        connected(url, host, bearer=await token_of(alex)) as flood,
        connected(url, host, bearer=await token_of(bob)) as calm,
    ):
        for _ in range(400):
            await flood.tell("presence.watch", user_ids=[])
        assert await flood.end() == 4429
        codes = [frame["error"]["code"] for frame in flood.heard if frame["type"] == "error"]
        assert codes.count("socket.too_fast") == sockets.MOST_REFUSED_IN_A_ROW
        assert "data" in await calm.ask("presence.watch", user_ids=[])


async def test_a_member_has_so_many_sockets_and_a_place_is_free_again_when_one_ends(
    url: str, host: str, alex: Visit
) -> None:
    token = await token_of(alex)
    async with AsyncExitStack() as tabs:
        for _ in range(MOST_SOCKETS_PER_MEMBER):
            client = await tabs.enter_async_context(connected(url, host, bearer=token))
            await client.hear("hello")
        async with connected(url, host, bearer=token) as refused:
            assert await refused.end() == TOO_MANY

    async def is_let_in() -> bool:
        async with connected(url, host, bearer=token) as again:
            return bool((await again.hear(lambda _: True))["type"] == "hello")

    await eventually(is_let_in)


async def test_a_client_that_never_reads_is_cut_and_costs_a_bounded_buffer() -> None:
    stuck, sent = asyncio.Event(), 0

    async def send(_message: object) -> None:
        nonlocal sent
        sent += 1
        await stuck.wait()

    for most_bytes, most in ((1_000, 10_000), (1_000_000, 50)):
        line = Line(send, most_bytes=most_bytes, most=most)
        running = asyncio.create_task(line.run())
        for _ in range(200):
            line.say(Ping())
            assert line._queued_bytes <= most_bytes
            await asyncio.sleep(0)
        assert line.closing == SLOW
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
    # Whoever has a lot to say waits for one that reads.
    stuck.set()
    patient = Line(send, most_bytes=1_000, most=10_000)
    running = asyncio.create_task(patient.run())
    for _ in range(1_000):
        await patient.room()
        patient.say(Ping())
    assert patient.closing is None
    running.cancel()
    stuck.clear()
    # One that takes too long over a single frame is cut, too.
    slow = Line(send, patience_s=0.01)
    slow.say(Ping())
    async with asyncio.timeout(20):
        await slow.run()
    assert slow.closing == SLOW


@asynccontextmanager
async def fast_site(settings: Settings) -> AsyncIterator[tuple[str, Runtime]]:
    """Where a beat takes no time."""
    runtime = Runtime(settings)
    await runtime.start()
    kit = EdgeKit(runtime, authenticate=identity.authenticate, secret=SECRET_KEY)

    @websocket("/api/v1/socket")
    async def talk(socket: WebSocket[Any, Any, Any]) -> None:
        await sockets.converse(socket, sockets.guest_of(socket), open_talk, beat_s=0.05)

    app = make_application(
        [talk],
        settings=settings,
        secret=SECRET_KEY,
        render_error_page=lambda *_: Response("", media_type="text/html"),
        needed={},
        helpful={},
        admit_socket=kit.admit_socket,
    )
    try:
        async with served(app, ws="auto") as url:
            yield url, runtime
    finally:
        await runtime.stop()


async def test_a_socket_ends_with_its_session_its_silence_and_its_process(
    settings: Settings, host: str, alex: Visit
) -> None:
    async with fast_site(settings) as (url, runtime):
        cookie, token = await cookie_of(alex), await token_of(alex)
        async with connected(url, host, bearer=token) as silent:
            assert await silent.end() == 4408
        async with connected(url, host, cookie=cookie, origin=OURS) as client:
            await client.hear("ping")
            await alex.write(identity.sign_out_everywhere)
            ending = asyncio.create_task(client.end())
            while not ending.done():
                await client.connection.send('{"type":"pong"}')
                await asyncio.sleep(0.01)
            assert await ending == SIGN_IN
        async with connected(url, host, bearer=await token_of(alex)) as client:
            await client.hear("hello")
            await runtime.pubsub.stop()
            assert await client.end() == 1012


async def suspend(work: Work) -> None:
    await identity.suspend_member(
        work, user_id=work.actor.me, until=None, reason="Spam.", appeal_path="/cases/1"
    )


async def delete(work: Work) -> None:
    await identity.delete_account(work, user_id=work.actor.me)


@pytest.mark.parametrize("end", [suspend, identity.sign_out_everywhere, delete])
async def test_who_is_suspended_or_signed_out_hears_nothing_more(
    url: str,
    host: str,
    alex: Visit,
    works: Works,
    tenant: Tenant,
    end: Callable[[Work], Awaitable[object]],
) -> None:
    """A hint tells their sockets, which otherwise ask once a minute."""
    bob = Visit(works, tenant, await sign_up(works, tenant, "bob"))
    await sign_up(works, tenant, "anna")  # somebody is left who may manage members
    async with (
        connected(url, host, cookie=await cookie_of(alex), origin=OURS) as page,
        connected(url, host, bearer=await token_of(alex)) as program,
        connected(url, host, bearer=await token_of(bob)) as other,
    ):
        for client in (page, program, other):
            await client.hear("hello")
        began = asyncio.get_running_loop().time()
        await alex.write(end)
        assert (await page.end(), await program.end()) == (SIGN_IN, SIGN_IN)
        assert asyncio.get_running_loop().time() - began < ASK_S / 6
        assert "data" in await other.ask("presence.watch", user_ids=[])


async def test_who_signs_out_elsewhere_stays_here(url: str, host: str, alex: Visit) -> None:
    other = await sign_in(alex._works, alex.tenant, alex.actor)
    async with connected(url, host, bearer=await token_of(alex)) as client:
        await client.hear("hello")
        await alex.write(partial(identity.sign_out, refresh_token=other.refresh_token))
        assert "data" in await client.ask("presence.watch", user_ids=[])
        await asyncio.sleep(SETTLED_S + 0.2)
        assert "data" in await client.ask("presence.watch", user_ids=[])


async def test_each_command_is_a_journey_as_a_request_is(url: str, host: str, alex: Visit) -> None:
    ended: list[Recording] = []
    keeper, before = Keeper(Settings(), "tests"), tracing.keeper()
    keeper.observers.append(ended.append)
    tracing.record_with(keeper)
    try:
        async with connected(url, host, bearer=await token_of(alex)) as client:
            await client.hear("hello")
            await client.ask("presence.watch", user_ids=[])
            await client.ask("mark", conversation_id="01999999-0000-7000-8000-000000000000")
        seen = {each.spans[0].name: each for each in ended if each.spans}
        assert seen["SOCKET /api/v1/socket"].status == 101
        assert seen["SOCKET presence.watch"].status == 200
        marked = seen["SOCKET mark"]
        assert (marked.status, marked.spans[0].refused) == (404, "messaging.conversation_missing")
        assert {"sql", "verb"} <= {each.kind for each in marked.spans}
    finally:
        tracing.record_with(before)


async def test_the_address_answers_a_request_that_is_no_handshake(client: httpx.AsyncClient) -> None:
    assert (await client.get("/api/v1/socket")).status_code in (404, 405)
