"""Waiting before trying again, not trying at all for a while, and not too many at once."""

import asyncio

import pytest

from threadly.platform.resilience import Backoff, Breaker, Bulkhead, BulkheadFull, CircuitOpen
from threadly.platform.telemetry import tracing
from threadly.platform.telemetry.keeper import Keeper
from threadly.platform.telemetry.spans import Recording
from threadly.settings import Settings

# Long enough that what comes next finds the circuit open, also where other things run.
OPEN_S = 0.3


def test_waits_double_up_to_a_bound_and_start_anew_after_a_success() -> None:
    backoff = Backoff(first_s=0.1, most_s=1.0)
    waits = [backoff.next_s() for _ in range(6)]
    for wait_s, whole_s in zip(waits, [0.1, 0.2, 0.4, 0.8, 1.0, 1.0], strict=True):
        assert whole_s / 2 <= wait_s <= whole_s
    backoff.reset()
    assert backoff.next_s() <= 0.1


async def fail(breaker: Breaker, error: type[Exception]) -> None:
    with pytest.raises(error):
        async with breaker.guard():
            raise error


async def test_a_circuit_opens_after_failures_in_a_row_and_closes_after_a_success() -> None:
    breaker = Breaker("there", threshold=3, open_s=OPEN_S)
    await fail(breaker, OSError)
    await fail(breaker, OSError)
    async with breaker.guard():
        pass
    for _ in range(3):
        assert not await breaker.is_open()
        await fail(breaker, OSError)
    assert await breaker.is_open()
    with pytest.raises(CircuitOpen):
        async with breaker.guard():
            pytest.fail("nothing is tried")
    await asyncio.sleep(OPEN_S + 0.01)
    async with breaker.guard():
        pass
    await fail(breaker, OSError)
    assert not await breaker.is_open()


async def test_a_circuit_opens_again_at_once_if_it_still_fails() -> None:
    breaker = Breaker("there", threshold=3, open_s=OPEN_S)
    for _ in range(3):
        await fail(breaker, OSError)
    await asyncio.sleep(OPEN_S + 0.01)
    await fail(breaker, OSError)
    assert await breaker.is_open()


async def test_a_circuit_that_opens_and_closes_tells_the_trace() -> None:
    recorded: list[Recording] = []
    before, keeper = tracing.keeper(), Keeper(Settings(), "tests")
    keeper.observers.append(recorded.append)
    tracing.record_with(keeper)
    breaker = Breaker("there", threshold=2, open_s=OPEN_S)
    with tracing.continue_trace(None):
        await fail(breaker, OSError)
        await fail(breaker, OSError)
        await asyncio.sleep(OPEN_S + 0.01)
        async with breaker.guard():
            pass
    tracing.record_with(before)
    marks = [(each.name, each.attributes) for recording in recorded for each in recording.spans]
    assert marks == [("breaker.opened", {"of": "there"}), ("breaker.closed", {"of": "there"})]


async def test_what_is_harmless_opens_no_circuit() -> None:
    breaker = Breaker("there", threshold=1, open_s=60, harmless=(KeyError,))
    await fail(breaker, KeyError)
    assert not await breaker.is_open()


async def test_a_bulkhead_has_room_for_so_many_and_a_short_line() -> None:
    bulkhead = Bulkhead(most=2, waiting=1, patience_s=5)
    leave = asyncio.Event()

    async def stay() -> str:
        try:
            async with bulkhead.slot():
                await leave.wait()
        except BulkheadFull:
            return "full"
        return "was in"

    staying = [asyncio.create_task(stay()) for _ in range(5)]
    await asyncio.sleep(0.01)
    leave.set()
    assert sorted(await asyncio.gather(*staying)) == ["full", "full", "was in", "was in", "was in"]
    async with bulkhead.slot(), bulkhead.slot():
        pass


async def test_nobody_waits_in_line_for_ever() -> None:
    bulkhead = Bulkhead(most=1, waiting=5, patience_s=0.01)
    async with bulkhead.slot():
        with pytest.raises(BulkheadFull):
            async with bulkhead.slot():
                pytest.fail("there is no room")
    async with bulkhead.slot():
        pass
