import asyncio
import time
from collections.abc import AsyncIterator, Iterator

import pytest
from structlog.testing import capture_logs

from tests.platform.valkey_server import ValkeyServer, running_valkey
from threadly.platform.ids import new_id
from threadly.platform.limits import Allowance, Limit, Limiter
from threadly.platform.valkey import Valkey

TEN_A_MINUTE = Limit("ten", 10, 60)
TEN_A_SECOND = Limit("ten", 10, 1)


@pytest.fixture(scope="module")
def server() -> Iterator[ValkeyServer]:
    with running_valkey() as it:
        yield it


@pytest.fixture
async def valkey(server: ValkeyServer) -> AsyncIterator[Valkey]:
    server.start()
    it = Valkey(server.url, rest_s=0.1)
    yield it
    await it.aclose()


@pytest.fixture
def limiter(valkey: Valkey) -> Limiter:
    return Limiter(valkey)


def someone() -> str:
    return f"1:user:{new_id()}"


async def at_once(limiter: Limiter, key: str, count: int, *limits: Limit) -> list[Allowance]:
    return await asyncio.gather(*[limiter.check(key, *limits) for _ in range(count)])


async def test_of_a_hundred_at_once_exactly_the_limit_is_let_in(limiter: Limiter) -> None:
    answers = await at_once(limiter, someone(), 100, TEN_A_MINUTE)
    assert sorted(it.remaining for it in answers if not it.refused) == list(range(10))
    assert sum(it.refused for it in answers) == 90


async def test_two_processes_share_one_limit(server: ValkeyServer, limiter: Limiter) -> None:
    other = Valkey(server.url)
    key = someone()
    both = await asyncio.gather(
        at_once(limiter, key, 50, TEN_A_MINUTE), at_once(Limiter(other), key, 50, TEN_A_MINUTE)
    )
    assert sum(not it.refused for half in both for it in half) == 10
    await other.aclose()


async def test_the_headers_say_what_is_left_and_when_it_is_whole_again(limiter: Limiter) -> None:
    key = someone()
    before = int(time.time())
    answer = await limiter.check(key, TEN_A_MINUTE)
    assert (answer.limit, answer.remaining, answer.retry_after_s) == (10, 9, None)
    assert before + 60 <= answer.reset_epoch_s <= before + 68


async def test_a_refusal_says_how_long_to_wait(limiter: Limiter) -> None:
    key = someone()
    answer = (await at_once(limiter, key, 11, TEN_A_MINUTE))[-1]
    assert answer.remaining == 0
    assert answer.retry_after_s is not None
    assert 60 <= answer.retry_after_s <= 66


async def test_no_second_ever_sees_more_than_the_limit_and_waiting_frees_it(limiter: Limiter) -> None:
    key = someone()
    let_in: list[tuple[float, float]] = []

    async def knock() -> None:
        asked = time.monotonic()
        if not (await limiter.check(key, TEN_A_SECOND)).refused:
            let_in.append((asked, time.monotonic()))

    started = time.monotonic()
    while len(let_in) < 30:
        await asyncio.gather(*[knock() for _ in range(5)])
        await asyncio.sleep(0.005)
        # A tenth of the window is the most that a place comes back late: the third ten are in after 2.2 s, on
        # a machine that does nothing else.
        assert time.monotonic() - started < 20
    let_in.sort(key=lambda it: it[1])
    # The server counted each somewhere between its being asked and answered.
    spans = [later[1] - earlier[0] for earlier, later in zip(let_in, let_in[10:], strict=False)]
    assert min(spans) >= 1.0


async def test_refused_requests_do_not_prolong_the_wait(limiter: Limiter) -> None:
    key = someone()
    await at_once(limiter, key, 10, TEN_A_SECOND)
    started = time.monotonic()
    while (await limiter.check(key, TEN_A_SECOND)).refused:
        await asyncio.sleep(0.01)
        assert time.monotonic() - started < 20
    assert time.monotonic() - started >= 0.9


async def test_a_request_refused_by_one_limit_is_counted_in_none(limiter: Limiter) -> None:
    key, tight, wide = someone(), Limit("tight", 2, 60), Limit("wide", 20, 60)
    answers = await at_once(limiter, key, 10, wide, tight)
    assert [it.refused for it in answers] == [False] * 2 + [True] * 8
    assert {it.limit for it in answers} == {2}  # the tightest is the one that is told
    assert (await limiter.check(key, wide)).remaining == 17


async def test_limits_of_one_name_on_two_subjects_are_apart(limiter: Limiter) -> None:
    await at_once(limiter, someone(), 10, TEN_A_MINUTE)
    assert (await limiter.check(someone(), TEN_A_MINUTE)).remaining == 9


@pytest.mark.parametrize(("factor", "expected"), [(3.0, 30), (0.5, 5), (0.001, 1)])
async def test_the_factor_multiplies_every_limit_and_leaves_at_least_one(
    valkey: Valkey, factor: float, expected: int
) -> None:
    answers = await at_once(Limiter(valkey, factor=factor), someone(), 40, TEN_A_MINUTE)
    assert sum(not it.refused for it in answers) == expected
    assert answers[0].limit == expected


async def test_counts_left_by_a_longer_ago_or_later_clock_are_dropped(
    server: ValkeyServer, limiter: Limiter
) -> None:
    key = someone()
    stored = f"limit:{{{key}}}:ten"
    server.ask("HSET", stored, "5", "10", "999999999999", "10")
    assert (await limiter.check(key, TEN_A_MINUTE)).remaining == 9
    assert server.ask("HLEN", stored) == b":1\r\n"


async def test_nothing_is_left_behind_after_the_window(server: ValkeyServer, limiter: Limiter) -> None:
    key = someone()
    await limiter.check(key, TEN_A_MINUTE)
    assert 66_000 <= int(server.ask("PTTL", f"limit:{{{key}}}:ten")[1:-2]) <= 72_000


async def test_limits_are_open_while_valkey_is_gone_and_hold_again_once_it_is_back(
    server: ValkeyServer, limiter: Limiter
) -> None:
    key = someone()
    await at_once(limiter, key, 11, TEN_A_MINUTE)
    server.kill()
    with capture_logs() as logs:
        answers = await at_once(limiter, key, 30, TEN_A_MINUTE)
        answers += await at_once(limiter, key, 30, TEN_A_MINUTE)
    assert {(it.limit, it.remaining, it.refused) for it in answers} == {(10, 10, False)}
    assert [it["event"] for it in logs if it["log_level"] == "warning"] == ["valkey.down", "limits.open"]

    server.start()
    deadline = time.monotonic() + 30
    while not (await at_once(limiter, key, 11, TEN_A_MINUTE))[-1].refused:
        assert time.monotonic() < deadline
        await asyncio.sleep(0.02)
