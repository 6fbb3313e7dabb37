import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from redis.exceptions import ResponseError
from structlog.testing import capture_logs

from tests.conftest import eventually
from tests.platform.valkey_server import ValkeyServer, running_valkey
from threadly.platform.telemetry import tracing
from threadly.platform.telemetry.keeper import Keeper
from threadly.platform.telemetry.spans import Recording
from threadly.platform.valkey import Script, Valkey, ValkeyDown
from threadly.settings import Settings

REST_S = 0.15
TIMEOUT_S = 0.25
WRITES = Script("test.writes", "return redis.call('SET', KEYS[1], 'value')")


@pytest.fixture(scope="module")
def server() -> Iterator[ValkeyServer]:
    with running_valkey() as it:
        yield it


@pytest.fixture
async def valkey(server: ValkeyServer) -> AsyncIterator[Valkey]:
    server.start()
    it = Valkey(server.url, op_timeout_s=TIMEOUT_S, rest_s=REST_S)
    yield it
    await it.aclose()


async def test_commands_asked_at_once_each_get_their_own_answer_over_one_connection(
    server: ValkeyServer, valkey: Valkey
) -> None:
    answers = await asyncio.gather(*[valkey.call("ECHO", f"{n}") for n in range(1_000)])
    assert answers == [str(n).encode() for n in range(1_000)]
    assert server.ask("CLIENT", "LIST").count(b"\nid=") == 2  # ours and the one that asks


async def test_bytes_and_long_values_arrive_unchanged(valkey: Valkey) -> None:
    value = bytes(range(256)) * 2_000
    assert await valkey.call_all([("SET", "long", value), ("GET", "long"), ("DEL", "long")]) == [
        b"OK",
        value,
        1,
    ]


async def test_a_wrong_command_fails_alone(valkey: Valkey) -> None:
    wrong, right = await asyncio.gather(
        valkey.call("NO-SUCH-COMMAND"), valkey.call("ECHO", "fine"), return_exceptions=True
    )
    assert isinstance(wrong, ResponseError)
    assert right == b"fine"
    assert not valkey.down


async def test_a_caller_that_gives_up_does_not_disturb_the_others(
    server: ValkeyServer, valkey: Valkey
) -> None:
    await valkey.ping()
    server.freeze()
    impatient = asyncio.create_task(valkey.call("ECHO", "impatient"))
    patient = asyncio.create_task(valkey.call("ECHO", "patient"))
    await asyncio.sleep(0.02)
    impatient.cancel()
    server.thaw()
    assert await patient == b"patient"
    assert await valkey.call("ECHO", "next") == b"next"


async def test_a_script_unknown_to_a_restarted_server_is_sent_again(
    server: ValkeyServer, valkey: Valkey
) -> None:
    script = Script("test.double", "return tonumber(ARGV[1]) * 2")
    assert await valkey.run(script, keys=[], args=[21]) == 42
    await asyncio.to_thread(server.restart)
    assert await valkey.run(script, keys=[], args=[4]) == 8


async def test_a_script_that_must_be_sent_first_is_no_failure_in_a_trace(valkey: Valkey) -> None:
    script = Script("test.new", f"return {time.time_ns()} % 7")
    keeper, before = Keeper(Settings(), "tests"), tracing.keeper()
    seen: list[Recording] = []
    keeper.observers.append(seen.append)
    tracing.record_with(keeper)
    try:
        with tracing.continue_trace(None):
            await valkey.run(script, keys=[])
    finally:
        tracing.record_with(before)
    ((asked,),) = (each.spans for each in seen)
    assert (asked.name, asked.error) == ("valkey test.new", None)


async def test_a_restart_while_nobody_calls_goes_unnoticed(server: ValkeyServer, valkey: Valkey) -> None:
    await valkey.ping()
    await asyncio.to_thread(server.restart)
    await valkey.ping()


async def test_a_dead_server_is_asked_once_in_a_while_and_warned_about_once(
    server: ValkeyServer, valkey: Valkey
) -> None:
    await valkey.ping()
    server.kill()
    with capture_logs() as logs:
        for _ in range(3):
            with pytest.raises(ValkeyDown):
                await valkey.ping()
        await asyncio.sleep(REST_S)
        with pytest.raises(ValkeyDown):
            await valkey.ping()
        assert valkey.down
        server.start()
        await _until_up(valkey)
    assert [(it["event"], it["log_level"]) for it in logs] == [
        ("valkey.down", "warning"),
        ("valkey.back", "info"),
    ]
    assert not valkey.down


async def test_a_frozen_server_costs_one_caller_its_timeout_and_the_others_nothing(
    server: ValkeyServer, valkey: Valkey
) -> None:
    await valkey.ping()
    server.freeze()
    started = time.monotonic()
    answers = await asyncio.gather(*[valkey.ping() for _ in range(50)], return_exceptions=True)
    assert {type(it) for it in answers} == {ValkeyDown}
    assert TIMEOUT_S * 0.8 < time.monotonic() - started < len(answers) * TIMEOUT_S / 2
    started = time.monotonic()
    for _ in answers:
        with pytest.raises(ValkeyDown):
            await valkey.ping()
    assert time.monotonic() - started < len(answers) * TIMEOUT_S / 2
    await asyncio.sleep(REST_S)
    probe = asyncio.create_task(valkey.ping())
    await asyncio.sleep(0)
    with pytest.raises(ValkeyDown):
        await valkey.ping()
    assert not probe.done(), "one waits for the server, and the other did not"
    with pytest.raises(ValkeyDown):
        await probe
    server.thaw()
    await _until_up(valkey)


async def test_a_full_memory_counts_as_down(server: ValkeyServer, valkey: Valkey) -> None:
    server.ask("CONFIG", "SET", "maxmemory", "1")
    try:
        with pytest.raises(ValkeyDown):
            await valkey.call("SET", "any", "value")
    finally:
        server.ask("CONFIG", "SET", "maxmemory", "0")
    await valkey.call("SET", "any", "value")


async def test_a_server_that_cannot_save_and_therefore_takes_no_writes_counts_as_down(
    server: ValkeyServer, valkey: Valkey
) -> None:
    directory = Path(server.ask("CONFIG", "GET", "dir").split(b"\r\n")[4].decode())
    in_the_way = directory / "dump.rdb"
    in_the_way.mkdir()
    server.ask("CONFIG", "SET", "save", '"3600 1"')
    server.ask("BGSAVE")
    await eventually(lambda: _cannot_save(server))
    try:
        with pytest.raises(ValkeyDown):
            await valkey.call("SET", "any", "value")
        with pytest.raises(ValkeyDown):
            await valkey.run(WRITES, keys=["any"])
    finally:
        in_the_way.rmdir()
        server.ask("CONFIG", "SET", "save", '""')
    await valkey.call("SET", "any", "value")


async def test_nobody_listening_at_the_address_is_down_too() -> None:
    for url in ("valkey://127.0.0.1:1/0", "redis://127.0.0.1:1", "unix:///nowhere/valkey.sock"):
        with pytest.raises(ValkeyDown):
            await Valkey(url).ping()


async def test_closing_refuses_what_still_waits(server: ValkeyServer, valkey: Valkey) -> None:
    await valkey.ping()
    server.freeze()
    waiting = asyncio.create_task(valkey.ping())
    await asyncio.sleep(0.02)
    await valkey.aclose()
    with pytest.raises(ValkeyDown):
        await waiting
    server.thaw()


async def _cannot_save(server: ValkeyServer) -> bool:
    return b"rdb_last_bgsave_status:err" in server.ask("INFO", "persistence")


async def _until_up(valkey: Valkey) -> None:
    async def is_up() -> bool:
        try:
            await valkey.ping()
        except ValkeyDown:
            return False
        return True

    await eventually(is_up)
