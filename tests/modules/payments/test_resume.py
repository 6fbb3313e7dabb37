"""What was left undecided: taken up later, tried again, or abandoned."""

import asyncio
from datetime import timedelta

import asyncpg
import pytest
from msgspec.structs import replace

from tests.conftest import eventually
from tests.modules.payments.fake import FEE_MINOR
from tests.modules.payments.till import Till
from threadly.modules import payments
from threadly.modules.payments.rules import LEASE
from threadly.modules.payments.verbs.outcomes import record_outcome
from threadly.modules.payments.verbs.turns import request_of
from threadly.platform.ids import new_id
from threadly.platform.work import SYSTEM, Works

HOUR = timedelta(hours=1)


async def abandon(till: Till, payment: payments.Payment) -> None:
    await till.write(lambda work: payments.abandon_payment(work, payment_id=payment.id))


async def test_a_saved_payment_is_paid_when_the_provider_is_back(till: Till) -> None:
    till.sandbox.mode = "down"
    payment = await till.pay()
    till.recover()
    assert (await till.resume(payment)).state == "succeeded"
    assert await till.states(payment) == [("sandbox", "succeeded")]
    assert await till.events() == ["payments.saved", "payments.succeeded"]


async def test_what_may_have_been_charged_is_asked_for_before_it_is_repeated(till: Till) -> None:
    till.sandbox.mode = "lost_after"
    payment = await till.pay()
    till.recover()
    assert (await till.resume(payment)).state == "succeeded"
    assert till.sandbox.calls == ["find"]
    assert len(till.sandbox.charged) == 1


async def test_what_never_arrived_is_charged_under_the_same_key(till: Till) -> None:
    till.sandbox.mode = "lost_before"
    payment = await till.pay()
    till.recover()
    assert (await till.resume(payment)).state == "succeeded"
    assert till.sandbox.calls == ["find", "charge"]
    assert await till.states(payment) == [("sandbox", "succeeded")]


async def test_a_process_that_died_while_it_charged_is_succeeded_by_a_worker(till: Till) -> None:
    till.sandbox.script.append("hangs")
    payment = await till.open()
    dying = asyncio.create_task(till.collect(payment, by=till.another_process()))
    await eventually(lambda: _called(till))
    due = await till.due(payment)
    assert due.due_at is not None
    assert abs(due.due_at - till.clock() - LEASE) < timedelta(seconds=5)
    assert (await till.resume(payment)).state == "succeeded"
    till.sandbox.released.set()
    assert (await dying).state == "succeeded"
    assert len(till.sandbox.charged) == 1


async def test_it_waits_longer_each_time(till: Till) -> None:
    till.sandbox.mode = "down"
    payment = await till.pay()
    waits = []
    for tries in range(1, 10):
        await till.resume(payment)
        due = await till.due(payment)
        assert due.tries == tries
        assert due.due_at is not None
        waits.append((due.due_at - till.clock()).total_seconds())
    for number, wait_s in enumerate(waits, start=1):
        assert min(600, 5 * 2**number) / 2 - 5 <= wait_s <= min(600, 5 * 2**number)
    assert await till.events() == ["payments.saved"]


async def test_a_turn_is_taken_once(till: Till) -> None:
    till.sandbox.mode = "down"
    payment = await till.pay()
    await till.resume(payment, tries=0)
    till.recover()
    assert (await till.resume(payment, tries=0)).state == "saved"
    assert till.sandbox.calls == []
    assert (await till.resume(payment, tries=1)).state == "succeeded"


async def test_a_decided_payment_is_not_taken_up(till: Till) -> None:
    payment = await till.pay()
    await till.resume(payment)
    assert till.sandbox.calls == ["charge"]


async def test_a_pending_charge_is_asked_about_until_it_is_decided(till: Till) -> None:
    till.sandbox.script.append("pending")
    payment = await till.pay()
    assert payment.state == "saved"
    assert (await till.resume(payment)).state == "saved"
    (key,) = till.sandbox.charges
    till.sandbox.settle(key)
    assert (await till.resume(payment)).state == "succeeded"


async def test_an_abandoned_payment_that_was_not_charged_never_will_be(till: Till) -> None:
    till.sandbox.mode = "lost_before"
    payment = await till.pay()
    await abandon(till, payment)
    till.recover()
    assert (await till.resume(payment)).state == "abandoned"
    assert await till.states(payment) == [("sandbox", "cancelled")]
    assert till.sandbox.voided
    assert await till.balances() == {}
    assert await till.events() == ["payments.saved", "payments.abandoned"]


async def test_a_payment_abandoned_too_late_has_succeeded(till: Till) -> None:
    till.sandbox.mode = "lost_after"
    payment = await till.pay()
    await abandon(till, payment)
    till.recover()
    assert (await till.resume(payment)).state == "succeeded"
    assert await till.events() == ["payments.saved", "payments.succeeded"]


async def test_a_charge_on_its_way_is_refused_when_it_is_abandoned_first(till: Till) -> None:
    till.sandbox.script.append("hangs")
    payment = await till.open()
    late = asyncio.create_task(till.collect(payment, by=till.another_process()))
    await eventually(lambda: _called(till))
    await abandon(till, payment)
    assert (await till.resume(payment)).state == "abandoned"
    till.sandbox.released.set()
    assert (await late).state == "abandoned"
    assert till.sandbox.charged == []
    assert await till.states(payment) == [("sandbox", "cancelled")]


async def test_abandoning_goes_on_until_the_provider_answers(till: Till) -> None:
    till.sandbox.mode = "lost_after"
    payment = await till.pay()
    await abandon(till, payment)
    till.sandbox.mode = "down"
    assert (await till.resume(payment)).state == "abandoning"
    assert (await till.due(payment)).due_at is not None
    till.recover()
    assert (await till.resume(payment)).state == "succeeded"


async def test_it_is_abandoned_only_when_nothing_can_be_charged_any_more(
    till: Till, owner: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    till.sandbox.mode = "lost_before"
    payment = await till.pay("sandbox", "stripe")
    # There are never two at once; should there be, both must be void.
    await owner.execute(
        """
        INSERT INTO payments.attempts (id, tenant_id, payment_id, method, provider, state, started_at)
        VALUES ($1, $2, $3, 1, 'stripe', 'unknown', now())
        """,
        *(new_id(), till.tenant.id, payment.id),
    )
    await abandon(till, payment)
    till.recover()
    assert (await till.resume(payment)).state == "abandoning"
    assert (await till.resume(payment)).state == "abandoned"
    assert await till.states(payment) == [("sandbox", "cancelled"), ("stripe", "cancelled")]


async def test_one_whose_driver_died_before_the_call_is_voided_all_the_same(till: Till) -> None:
    payment = await till.open()
    await abandon(till, payment)
    assert (await till.resume(payment)).state == "abandoned"
    assert till.sandbox.calls == ["cancel"]
    assert await till.states(payment) == [("sandbox", "cancelled")]


async def test_one_that_reached_no_provider_is_abandoned_without_a_call(till: Till) -> None:
    till.sandbox.mode = "down"
    payment = await till.pay()
    till.recover()
    await abandon(till, payment)
    assert (await till.resume(payment)).state == "abandoned"
    assert till.sandbox.calls == []


async def test_past_its_time_it_is_abandoned_by_itself(till: Till) -> None:
    till.sandbox.mode = "lost_before"
    payment = await till.collect(await till.open(expires_in=HOUR))
    assert payment.state == "saved"
    till.clock.ahead = 2 * HOUR
    till.recover()
    assert (await till.resume(payment)).state == "abandoned"
    assert till.sandbox.charged == []


async def test_it_is_due_when_its_time_ends_at_the_latest(till: Till) -> None:
    till.sandbox.mode = "down"
    payment = await till.collect(await till.open(expires_in=timedelta(seconds=3)))
    due = await till.due(payment)
    assert due.due_at is not None
    assert due.due_at - payment.created_at <= timedelta(seconds=3.1)


async def test_money_that_comes_after_all_is_not_ignored(till: Till) -> None:
    """A provider that cannot void a key may charge what was abandoned: the shop hears that it succeeded."""
    till.sandbox.mode = "lost_before"
    payment = await till.pay()
    await abandon(till, payment)
    till.recover()
    assert (await till.resume(payment)).state == "abandoned"
    (attempt,) = await till.read(lambda work: payments.list_attempts(work, payment_id=payment.id))
    till.sandbox.voided.clear()
    _, request = await till.read(lambda work: request_of(work, attempt_id=attempt.id))
    charge = await till.sandbox.charge(request)
    late = await till.write(lambda work: record_outcome(work, attempt_id=attempt.id, charge=charge))
    assert late.state == "succeeded"
    assert (await till.events())[-1] == "payments.succeeded"
    assert (await till.balances())["provider:sandbox"] == 5_000 - FEE_MINOR


async def test_abandoning_a_decided_payment_changes_nothing(till: Till) -> None:
    payment = await till.pay()
    await abandon(till, payment)
    assert (await till.get(payment)).state == "succeeded"
    with pytest.raises(payments.PaymentMissing):
        await till.write(lambda work: payments.abandon_payment(work, payment_id=new_id()))


async def test_a_method_that_is_not_configured_is_refused(till: Till) -> None:
    bare = Works(till.works.database, replace(till.works.settings, stripe_secret_key=None))
    async with bare.write(till.tenant, SYSTEM) as work:
        assert not payments.is_configured(work.settings, "stripe")
        assert [each.provider for each in payments.list_methods(work.settings)] == ["paypal", "sandbox"]
    till.works.settings = bare.settings
    with pytest.raises(payments.MethodUnavailable):
        await till.open("sandbox", "stripe")


async def test_a_split_that_is_not_the_amount_is_refused(till: Till) -> None:
    with pytest.raises(payments.SplitUneven):
        await till.open(split={"sales": 4_999})


async def _called(till: Till) -> bool:
    return bool(till.sandbox.calls)
