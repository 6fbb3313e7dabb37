"""Faults on demand: as often as asked, and the same ones for the same seed."""

import asyncio
import time

import httpx
import pytest

from tests.sandbox.merchant import Merchant, merchant_of, new_key
from tests.sandbox.server import SandboxServer
from threadly.sandbox.behaviour import Behaviour, Mood

KEYS = [f"call {number}" for number in range(2000)]


def test_the_same_seed_and_key_have_the_same_fate_and_another_seed_has_another() -> None:
    fates = [[_faulty(seed).fault(key, nth=0) for key in KEYS] for seed in (1, 1, 2)]
    assert fates[0] == fates[1] != fates[2]


def test_faults_are_as_frequent_as_asked() -> None:
    fates = [_faulty(7).fault(key, nth=0) for key in KEYS]
    shares = {fate: fates.count(fate) / len(fates) for fate in set(fates)}
    assert shares == {
        None: pytest.approx(0.5, abs=0.05),
        "error_before": pytest.approx(0.1, abs=0.03),
        "error_after": pytest.approx(0.1, abs=0.03),
        "timeout_before": pytest.approx(0.2, abs=0.04),
        "timeout_after": pytest.approx(0.1, abs=0.03),
    }


def test_a_repetition_has_a_fate_of_its_own() -> None:
    mood = Mood()
    mood.change(_faulty(1))
    fates = {tuple(mood.draw(key) is None for _ in range(3)) for key in KEYS}
    assert len(fates) == 8, "every combination occurs: what failed may succeed when repeated"
    mood.change(_faulty(1))
    assert mood.draw(KEYS[0]) == _faulty(1).fault(KEYS[0], nth=0), "and setting it begins anew"


async def test_errors_on_demand_are_the_same_in_each_run(merchant: Merchant) -> None:
    keys = [new_key() for _ in range(30)]
    runs = []
    for _ in range(2):
        await merchant.behave(error_rate=0.5, seed=11)
        runs.append([(await merchant.charge(key)).status_code for key in keys])
    assert runs[0] == runs[1]
    assert set(runs[0]) == {201, 500}
    charged = [len(await _undisturbed(merchant, key)) for key in keys]
    failed = [effect for status, effect in zip(runs[0], charged, strict=True) if status == 500]
    assert set(failed) == {0, 1}, "some had their effect, some had not"


@pytest.mark.parametrize(("rate", "has_effect"), [("timeout_before_rate", 0), ("timeout_after_rate", 1)])
async def test_timeouts_on_demand(
    sandbox: SandboxServer, merchant: Merchant, rate: str, has_effect: int
) -> None:
    await merchant.behave(**{rate: 1.0})
    key = new_key()
    async with merchant_of(sandbox, timeout_s=0.3) as impatient:
        with pytest.raises(httpx.ReadTimeout):
            await impatient.charge(key)
    assert len(await _undisturbed(merchant, key)) == has_effect


async def test_a_hang_ends_after_its_time(merchant: Merchant) -> None:
    await merchant.behave(timeout_before_rate=1.0, hang_s=0.3)
    began = time.monotonic()
    assert (await merchant.charge()).status_code == 504
    assert 0.3 <= time.monotonic() - began < 10  # what it is without being told


async def test_while_it_is_down_nothing_happens(merchant: Merchant) -> None:
    key = new_key()
    await merchant.behave(down=True)
    answers = await asyncio.gather(
        merchant.charge(key), merchant.refund("ch_1", 1), merchant.http.get("/v1/movements")
    )
    assert {(answer.status_code, answer.json()["error"]) for answer in answers} == {(503, "down")}
    assert await _undisturbed(merchant, key) == []


async def test_answers_can_be_slow(merchant: Merchant) -> None:
    await merchant.behave(latency_ms=300)
    began = time.monotonic()
    assert (await merchant.charge()).status_code == 201
    assert time.monotonic() - began >= 0.3


async def test_the_behaviour_is_shown_and_what_is_left_out_is_reset(merchant: Merchant) -> None:
    await merchant.behave(latency_ms=5, webhooks={"repeat": 1})
    shown = (await merchant.http.get("/v1/behaviour")).json()
    assert (shown["latency_ms"], shown["webhooks"]["repeat"], shown["down"]) == (5, 1, False)
    await merchant.behave(seed=4)
    shown = (await merchant.http.get("/v1/behaviour")).json()
    assert (shown["latency_ms"], shown["webhooks"]["repeat"], shown["seed"]) == (0, 0, 4)


@pytest.mark.parametrize(
    ("behaviour", "said"),
    [
        ({"error_rate": 1.5}, "<= 1"),
        ({"error_rate": 0.6, "timeout_after_rate": 0.6}, "sum is 1"),
        ({"latency": 5}, "latency"),
        ({"webhooks": {"repeat": -1}}, "$.webhooks.repeat"),
    ],
)
async def test_a_behaviour_that_cannot_be_is_refused(
    merchant: Merchant, behaviour: dict[str, object], said: str
) -> None:
    answer = await merchant.http.put("/v1/behaviour", json=behaviour)
    assert (answer.status_code, answer.json()["error"]) == (400, "bad_request")
    assert said in answer.json()["message"]


async def _undisturbed(merchant: Merchant, key: str) -> list[object]:
    await merchant.behave()
    return list(await merchant.find(key))


def _faulty(seed: int) -> Behaviour:
    return Behaviour(error_rate=0.2, timeout_before_rate=0.2, timeout_after_rate=0.1, seed=seed)
