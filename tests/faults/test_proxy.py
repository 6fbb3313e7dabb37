"""The proxy of experiments: bytes pass, late, never, or not at all, and nothing is mixed up"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from tests.conftest import eventually
from tests.faults.installation import free_port
from threadly.faults.condition import CLEAR, Condition
from threadly.faults.places import Place, before_database, before_provider, before_valkey
from threadly.faults.proxy import MOST_HELD_BYTES, Proxy

LATE_S = 0.15
Ask = Callable[[bytes], Awaitable[bytes]]


class Echo:
    """A server that answers each line with itself, and counts what it got."""

    def __init__(self, path: Path) -> None:
        self.place = Place(path=str(path))
        self.heard: list[bytes] = []
        self.received = 0
        self.reads = asyncio.Event()
        self.reads.set()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while data := await self._read(reader):
                self.received += len(data)
                if data.endswith(b"\n"):
                    self.heard.append(data)
                    writer.write(data)
            writer.write(b"all of it\n")
        finally:
            writer.close()

    async def _read(self, reader: asyncio.StreamReader) -> bytes:
        await self.reads.wait()
        return await reader.read(65_536)


class Client:
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def ask(self, line: bytes) -> bytes:
        self.writer.write(line)
        return await self.reader.readline()


@pytest.fixture
async def echo(tmp_path: Path) -> AsyncIterator[Echo]:
    echo = Echo(tmp_path / "echo")
    async with await asyncio.start_unix_server(echo.serve, echo.place.path):
        yield echo


@pytest.fixture
async def proxy(echo: Echo) -> AsyncIterator[Proxy]:
    proxy = Proxy(Place(host="127.0.0.1", port=free_port()), echo.place)
    await proxy.start()
    yield proxy
    await proxy.stop()


async def connect(proxy: Proxy) -> Client:
    place = proxy._listen
    return Client(*await asyncio.open_connection(place.host, place.port))


async def is_cut(reader: asyncio.StreamReader) -> bool:
    """Whether it ends without another byte."""
    try:
        return await reader.read() == b""
    except ConnectionError:
        return True


def now_s() -> float:
    return asyncio.get_running_loop().time()


async def test_bytes_pass_both_ways_and_an_end_of_one_direction_leaves_the_other(proxy: Proxy) -> None:
    client = await connect(proxy)
    assert await client.ask(b"one\n") == b"one\n"
    client.writer.write_eof()
    assert await client.reader.read() == b"all of it\n"
    await eventually(lambda: _none_left(proxy))


async def test_what_is_sent_or_answered_comes_late_in_its_order(proxy: Proxy) -> None:
    client = await connect(proxy)
    await client.ask(b"soon\n")
    for condition in (Condition(to_server_s=LATE_S), Condition(to_client_s=LATE_S)):
        proxy.turn(condition)
        began_s = now_s()
        assert await client.ask(b"late\n") == b"late\n"
        assert now_s() - began_s >= LATE_S
    # What is not late any more overtakes nothing that still is.
    client.writer.write(b"first\n")
    await asyncio.sleep(LATE_S / 3)
    proxy.turn(CLEAR)
    assert await client.ask(b"second\n") == b"first\n"
    assert await client.reader.readline() == b"second\n"


async def test_an_end_is_late_too_and_nothing_before_it_is_lost(proxy: Proxy) -> None:
    proxy.turn(Condition(to_server_s=LATE_S, to_client_s=LATE_S))
    client = await connect(proxy)
    client.writer.write(b"one\n")
    client.writer.write_eof()
    assert await client.reader.read() == b"one\nall of it\n"


async def test_nobody_takes_a_connection_until_it_ends(proxy: Proxy) -> None:
    before = await connect(proxy)
    await before.ask(b"one\n")
    proxy.turn(Condition(refuses=True))
    assert await is_cut(before.reader)
    with pytest.raises(ConnectionRefusedError):
        await connect(proxy)
    proxy.turn(CLEAR)
    proxy.turn(Condition(refuses=True))
    proxy.turn(CLEAR)
    await eventually(lambda: _answers(proxy))


async def test_every_second_answer_is_lost_after_the_request_got_through(proxy: Proxy, echo: Echo) -> None:
    proxy.turn(Condition(loses_answers=True))
    client = await connect(proxy)
    client.writer.write(b"charge 1\n")
    await eventually(lambda: _heard(echo, b"charge 1\n"))
    assert not await _says_something(client)
    again = await connect(proxy)
    assert await again.ask(b"charge 1\n") == b"charge 1\n"
    again.writer.write(b"charge 2\n")
    await eventually(lambda: _heard(echo, b"charge 2\n"))
    assert not await _says_something(again)
    proxy.turn(CLEAR)
    for mute in (client, again):  # in the middle of an answer nobody could go on
        assert await is_cut(mute.reader)


async def test_who_sends_more_than_is_taken_waits(proxy: Proxy, echo: Echo) -> None:
    echo.reads.clear()
    client = await connect(proxy)
    much = b"x" * (32 * 1024 * 1024)
    client.writer.write(much)
    sending = asyncio.create_task(client.writer.drain())
    await asyncio.sleep(0.2)
    assert not sending.done()
    (link,) = proxy.links
    assert link.server._transport is not None
    assert link.server._transport.get_write_buffer_size() < 2 * 1024 * 1024
    echo.reads.set()
    await sending
    await eventually(lambda: _received(echo, len(much)))


async def test_no_more_than_a_bound_is_held_back(proxy: Proxy, echo: Echo) -> None:
    proxy.turn(Condition(to_server_s=LATE_S))
    client = await connect(proxy)
    much = b"x" * (8 * MOST_HELD_BYTES)
    client.writer.write(much)
    most = 0
    while echo.received < len(much):
        most = max(most, *(link.client._held_bytes for link in proxy.links))
        await asyncio.sleep(0.005)
    assert most <= 3 * MOST_HELD_BYTES


async def test_without_a_server_a_connection_ends_at_once(tmp_path: Path) -> None:
    proxy = Proxy(Place(path=str(tmp_path / "proxy")), Place(path=str(tmp_path / "nobody")))
    await proxy.start()
    reader, _writer = await asyncio.open_unix_connection(proxy._listen.path)
    assert await is_cut(reader)
    await proxy.stop()


@pytest.mark.parametrize(
    ("url", "told"),
    [
        (
            "postgresql://app@/threadly?host=/run/pg&port=5432",
            "postgresql://app@/threadly?host=/f&port=5432",
        ),
        ("postgresql:///threadly?host=/run/pg", "postgresql:///threadly?host=/f&port=5432"),
        ("postgresql://app:s@db/threadly?a=b", "postgresql://app:s@127.0.0.1:7/threadly?a=b"),
        ("postgresql://app:s@db1,db2/threadly", None),
        ("postgresql://app:s@db/threadly?sslmode=verify-full", None),
    ],
)
def test_a_database_is_reached_through_its_proxy_if_anybody_can_stand_there(
    url: str, told: str | None
) -> None:
    route = before_database("postgresql", url, Path("/f"), lambda: 7)
    assert (route.url if route else None) == told


def test_valkey_and_a_provider_are_reached_through_theirs() -> None:
    near = before_valkey("unix:///run/valkey.sock", Path("/f"), lambda: 7)
    assert near
    assert (near.url, near.upstream) == ("unix:///f/valkey.sock", Place(path="/run/valkey.sock"))
    far = before_valkey("valkey://:secret@cache/0", Path("/f"), lambda: 7)
    assert far
    assert (far.url, far.upstream) == ("valkey://:secret@127.0.0.1:7/0", Place(host="cache", port=6379))
    assert before_valkey("rediss://cache", Path("/f"), lambda: 7) is None
    sandbox = before_provider("sandbox", "http://127.0.0.1:8010", lambda: 7)
    assert sandbox
    assert sandbox.url == "http://127.0.0.1:7"
    assert before_provider("sandbox", "https://sandbox.example", lambda: 7) is None


async def _says_something(client: Client) -> bool:
    try:
        await asyncio.wait_for(client.reader.read(1), LATE_S)
    except TimeoutError:
        return False
    return True


async def _none_left(proxy: Proxy) -> bool:
    return not proxy.links


async def _heard(echo: Echo, line: bytes) -> bool:
    return line in echo.heard


async def _received(echo: Echo, count: int) -> bool:
    return echo.received == count


async def _answers(proxy: Proxy) -> bool:
    try:
        client = await connect(proxy)
        return await client.ask(b"back\n") == b"back\n"
    except ConnectionError:
        return False
