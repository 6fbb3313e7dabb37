"""The way to one provider: it is spared when it fails, and holds up nobody else."""

import asyncio

import pytest
from msgspec.structs import replace

from tests.conftest import eventually
from tests.modules.payments.fake import FakeProvider
from tests.modules.payments.till import FAST, Till
from threadly.modules import payments
from threadly.modules.payments.cashier import Cashier, use_cashier
from threadly.modules.payments.providers.interface import ProviderUnreached
from threadly.platform.money import Money


async def fail_often(till: Till) -> None:
    till.sandbox.mode = "lost_before"
    for _ in range(3):
        await till.pay()


async def test_a_provider_that_fails_is_left_alone_for_a_while(till: Till) -> None:
    await fail_often(till)
    assert await till.cashier.is_open("sandbox")
    till.sandbox.calls.clear()
    payment = await till.pay("sandbox", "stripe")
    assert (payment.state, payment.provider) == ("succeeded", "stripe")
    assert till.sandbox.calls == []


async def test_it_is_asked_again_after_that_while(till: Till) -> None:
    await fail_often(till)
    till.sandbox.mode = "works"
    await asyncio.sleep(FAST.breaker_open_s + 0.05)
    payment = await till.pay("sandbox", "stripe")
    assert (payment.state, payment.provider) == ("succeeded", "sandbox")
    assert not await till.cashier.is_open("sandbox")


async def test_it_is_left_alone_again_if_that_fails_too(till: Till) -> None:
    await fail_often(till)
    await asyncio.sleep(FAST.breaker_open_s + 0.05)
    till.sandbox.calls.clear()
    await till.pay("sandbox")
    assert len(till.sandbox.calls) == 1
    assert await till.cashier.is_open("sandbox")


async def test_declines_and_refusals_leave_the_way_open(till: Till) -> None:
    for mode in ("declines", "refuses"):
        till.sandbox.mode = mode
        for _ in range(FAST.breaker_threshold + 2):
            await till.pay()
    assert not await till.cashier.is_open("sandbox")


class Approver(FakeProvider):
    """Its buyers approve; it is down."""

    async def create_order(self, **_asked: object) -> tuple[str, str]:
        self.calls.append("create_order")
        raise ProviderUnreached("down")


async def test_buyers_are_not_sent_to_a_provider_that_is_left_alone(till: Till) -> None:
    paypal = Approver("paypal")
    use_cashier(till.works, Cashier(till.works, {"paypal": paypal}, limits=FAST))
    for _ in range(FAST.breaker_threshold + 2):
        with pytest.raises(payments.ProviderAway):
            await payments.begin_approval(
                till.works,
                "paypal",
                amount=Money(5_000, "USD"),
                reference="a checkout",
                return_url="https://shop.test/back",
                cancel_url="https://shop.test/checkout",
            )
    assert paypal.calls == ["create_order"] * FAST.breaker_threshold


async def test_only_so_many_calls_are_made_at_once(till: Till) -> None:
    till.sandbox.mode = "hangs"
    limits = replace(FAST, call_s=5, waited_for_s=5, line_patience_s=0.05)
    cashier = till.another_process(limits)
    opened = [await till.open("sandbox", "stripe") for _ in range(10)]
    collecting = [asyncio.create_task(till.collect(each, by=cashier)) for each in opened]

    async def passed_on() -> bool:
        return len(till.stripe.charged) >= len(opened) - FAST.at_once

    await eventually(passed_on)
    till.sandbox.released.set()
    done: list[payments.Payment] = await asyncio.gather(*collecting)
    by_provider = [each.provider for each in done]
    assert till.sandbox.most_in_flight == FAST.at_once
    assert by_provider.count("sandbox") == FAST.at_once
    assert by_provider.count("stripe") == len(opened) - FAST.at_once


async def test_what_is_being_collected_is_ended_before_the_process(till: Till) -> None:
    till.sandbox.script.append("hangs")
    payment = await till.open()
    collecting = asyncio.create_task(till.collect(payment))

    async def called() -> bool:
        return bool(till.sandbox.calls)

    await eventually(called)
    asyncio.get_running_loop().call_later(0.05, till.sandbox.released.set)
    await till.cashier.aclose()
    assert collecting.done() or (await collecting).state == "succeeded"
    assert (await till.get(payment)).state == "succeeded"
    assert till.sandbox.closed
