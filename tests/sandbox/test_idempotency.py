"""The same key is the same charge: at the same instant, and after kill -9."""

import asyncio

import httpx
import pytest

from tests.conftest import eventually
from tests.sandbox.merchant import Merchant, merchant_of, new_key
from tests.sandbox.server import SandboxServer

AT_ONCE = 40
CALLERS = 12


async def test_the_same_key_at_the_same_instant_is_charged_once(merchant: Merchant) -> None:
    key = new_key()
    answers = await asyncio.gather(*(merchant.charge(key) for _ in range(AT_ONCE)))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.text for answer in answers}) == 1
    assert sum(line["key"] == key for line in await merchant.movements()) == 2, "the charge and its fee"


@pytest.mark.parametrize(
    "change", [{"amount_minor": 5001}, {"token": "tok_declined"}, {"reference": "x"}, {"description": "x"}]
)
async def test_the_same_key_with_another_body_is_refused(
    merchant: Merchant, change: dict[str, str | int]
) -> None:
    key = new_key()
    first = await merchant.charge(key)
    refused = await merchant.charge(key, **change)  # type: ignore[arg-type]  # each value fits its name
    assert (refused.status_code, refused.json()["error"]) == (422, "key_reused")
    assert (await merchant.charge(key)).text == first.text


async def test_the_same_key_of_a_refund_or_a_payout_is_carried_out_once(sole_merchant: Merchant) -> None:
    charge = (await sole_merchant.charge(amount_minor=10_000)).json()["id"]
    refunds = await asyncio.gather(*(sole_merchant.refund(charge, 4000, "r") for _ in range(10)))
    payouts = await asyncio.gather(*(sole_merchant.pay_out(1000, key="p") for _ in range(10)))
    for answers in (refunds, payouts):
        assert {answer.status_code for answer in answers} == {201}
        assert len({answer.text for answer in answers}) == 1
    assert (await sole_merchant.audit())["balances"] == {"USD": 10_000 - 320 - 4000 - 1000}
    assert (await sole_merchant.refund(charge, 4001, "r")).json()["error"] == "key_reused"
    assert (await sole_merchant.pay_out(1001, key="p")).json()["error"] == "key_reused"


async def test_after_kill_nine_every_acknowledged_charge_is_there_and_none_is_doubled(
    own_sandbox: SandboxServer, sole_merchant: Merchant
) -> None:
    acknowledged: dict[str, str] = {}
    unanswered: list[str] = []
    enough = asyncio.Event()

    async def keep_charging() -> None:
        while True:
            key = new_key()
            try:
                acknowledged[key] = (await sole_merchant.charge(key)).text
            except httpx.TransportError:
                unanswered.append(key)
                return
            if len(acknowledged) >= 60:
                enough.set()

    charging = asyncio.gather(*(keep_charging() for _ in range(CALLERS)))
    await asyncio.wait_for(enough.wait(), 60)
    own_sandbox.kill()
    await charging
    own_sandbox.start()
    for key, text in acknowledged.items():
        assert (await sole_merchant.charge(key)).text == text
    for key in unanswered:
        assert (await sole_merchant.charge(key)).status_code == 201
    charged = [charge["key"] for charge in (await sole_merchant.audit())["charges"]]
    assert sorted(charged) == sorted([*acknowledged, *unanswered])


async def test_a_cards_fault_is_not_repeated_after_a_restart(own_sandbox: SandboxServer) -> None:
    async with merchant_of(own_sandbox) as merchant:
        assert (await merchant.charge("k", "tok_error_before")).status_code == 500
        own_sandbox.kill()
        own_sandbox.start()
        assert (await merchant.charge("k", "tok_error_before")).status_code == 201


async def test_a_pending_charge_is_decided_after_a_restart(own_sandbox: SandboxServer) -> None:
    async with merchant_of(own_sandbox) as merchant:
        await merchant.charge("k", "tok_pending")
        own_sandbox.kill()
        await asyncio.sleep(1.1)
        own_sandbox.start()
        (charge,) = await merchant.find("k")
        assert charge["status"] == "succeeded"


async def test_it_stops_in_order_with_a_call_that_hangs(
    own_sandbox: SandboxServer, sole_merchant: Merchant
) -> None:
    hanging = asyncio.create_task(sole_merchant.charge("h", "tok_timeout_after"))

    async def has_charged() -> bool:
        return bool(await sole_merchant.find("h"))

    await eventually(has_charged)
    assert await asyncio.to_thread(own_sandbox.stop) == 0
    assert (await hanging).status_code == 504
    assert not list(own_sandbox.storage.glob("*-wal")), "the storage was closed"
