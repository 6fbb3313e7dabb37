"""Giving back: never more than was paid, and once."""

import asyncio

import pytest

from tests.modules.identity.runs import run_job
from tests.modules.payments.fake import FEE_MINOR
from tests.modules.payments.till import Till
from threadly.modules import payments
from threadly.modules.payments.jobs import execute_refund
from threadly.modules.payments.providers.interface import RefundOutcome
from threadly.modules.payments.verbs.refunds import record_refund
from threadly.platform.ids import new_id
from threadly.platform.money import Money


async def test_a_refund_is_a_charge_backwards(till: Till) -> None:
    payment = await till.pay()
    refund = await till.refund(payment, 2_000)
    assert refund.state == "requested"
    await till.execute(refund.id)
    (made,) = await till.refunds(payment)
    assert (made.state, made.amount) == ("succeeded", Money(2_000, "USD"))
    assert (await till.get(payment)).refunded == Money(2_000, "USD")
    assert await till.balances() == {
        "provider:sandbox": 3_000 - FEE_MINOR,
        "sales": -3_000,
        "fees": FEE_MINOR,
    }
    assert (await till.events())[1:] == ["payments.refund_requested", "payments.refund_succeeded"]


async def test_refunds_are_never_more_than_was_paid(till: Till) -> None:
    payment = await till.pay()
    await till.refund(payment, 4_000)
    with pytest.raises(payments.RefundTooLarge, match=r"\$10.00 can still be refunded, not \$10.01"):
        await till.refund(payment, 1_001)
    await till.refund(payment, 1_000)


async def test_refunds_wished_for_at_once_are_never_more_than_was_paid(till: Till) -> None:
    payment = await till.pay()
    wished = await asyncio.gather(*(till.refund(payment, 2_000) for _ in range(8)), return_exceptions=True)
    granted = [each for each in wished if isinstance(each, payments.Refund)]
    assert len(granted) == 2
    assert all(isinstance(each, payments.RefundTooLarge) for each in wished if each not in granted)


async def test_a_failed_refund_leaves_its_amount_to_be_refunded(till: Till) -> None:
    payment = await till.pay()
    refund = await till.refund(payment, 5_000)
    till.sandbox.script.append("declines")
    await till.execute(refund.id)
    assert [each.state for each in await till.refunds(payment)] == ["failed"]
    assert (await till.events())[-1] == "payments.refund_failed"
    await till.execute((await till.refund(payment, 5_000)).id)
    assert (await till.get(payment)).refunded == Money(5_000, "USD")


async def test_a_refund_that_fails_after_it_succeeded_is_taken_back(till: Till) -> None:
    payment = await till.pay()
    refund = await till.refund(payment, 2_000)
    await till.execute(refund.id)
    before = await till.balances()
    told = RefundOutcome(str(refund.id), "failed", "re_failed")
    said = [await till.write(lambda work: record_refund(work, outcome=told)) for _ in range(2)]
    assert said == ["refund taken back", "nothing: the refund is failed"]
    assert (await till.get(payment)).refunded == Money(0, "USD")
    after = await till.balances()
    assert after["provider:sandbox"] == before["provider:sandbox"] + 2_000
    assert after["sales"] == -5_000
    assert (await till.events())[-2:] == ["payments.refund_succeeded", "payments.refund_failed"]
    (listed,) = (await till.read(payments.list_discrepancies)).items
    assert (listed.kind, listed.payment_id, listed.expected_minor) == ("refund_failed", payment.id, 2_000)
    late = RefundOutcome(str(refund.id), "succeeded", "re_failed")
    assert await till.write(lambda work: record_refund(work, outcome=late)) == "nothing: the refund is failed"


async def test_a_refund_without_an_answer_is_asked_for_again_under_its_key(till: Till) -> None:
    payment = await till.pay()
    refund = await till.refund(payment, 5_000)
    till.sandbox.mode = "lost_after"
    await till.execute(refund.id)
    assert [each.state for each in await till.refunds(payment)] == ["requested"]
    till.recover()
    await till.execute(refund.id)
    assert [each.state for each in await till.refunds(payment)] == ["succeeded"]
    assert len(till.sandbox.refunds) == 1
    assert "sales" not in await till.balances()


async def test_a_turn_of_a_refund_is_taken_once(till: Till) -> None:
    payment = await till.pay()
    refund = await till.refund(payment, 5_000)
    for _ in range(3):
        await run_job(till.works, till.tenant, execute_refund, subject_id=str(refund.id), tries=0)
    assert till.sandbox.calls.count("refund") == 1


async def test_only_what_was_paid_is_refunded(till: Till) -> None:
    till.sandbox.mode = "declines"
    payment = await till.pay()
    with pytest.raises(payments.NotRefundable):
        await till.refund(payment, 1)
    with pytest.raises(payments.PaymentMissing):
        await till.write(
            lambda work: payments.request_refund(
                work, payment_id=new_id(), amount=Money(1, "USD"), split={"sales": 1}, reason=""
            )
        )


@pytest.mark.parametrize("amount_minor", [0, -1])
async def test_nothing_is_no_refund(till: Till, amount_minor: int) -> None:
    payment = await till.pay()
    with pytest.raises(payments.SplitUneven):
        await till.refund(payment, amount_minor)
