"""Collecting while a buyer waits: one charge, whatever happens on the way."""

import asyncio

import pytest
from msgspec.structs import replace

from tests.conftest import eventually
from tests.modules.payments.fake import FEE_MINOR
from tests.modules.payments.till import FAST, Till
from threadly.modules import payments
from threadly.modules.payments.errors import CardDeclined, InsufficientFunds
from threadly.modules.payments.verbs.outcomes import record_outcome
from threadly.modules.payments.verbs.turns import request_of
from threadly.platform.db import sql
from threadly.platform.ids import UUID, new_id
from threadly.platform.money import Money
from threadly.platform.work import SYSTEM, Tenant, Work

WAITING = sql(
    "test.waiting",
    """
    SELECT count(*) FROM pg_stat_activity
    WHERE wait_event_type = 'Lock' AND datname = current_database() AND query LIKE '%attempt_state%'
    """,
    into=int,
)
TAKE_ATTEMPT = sql(
    "test.take_attempt", "SELECT id FROM payments.attempts WHERE id = $1 FOR UPDATE NOWAIT", into=UUID
)


async def test_a_charge_succeeds_and_the_ledger_says_so(till: Till) -> None:
    payment = await till.pay()
    assert payment.state == "succeeded"
    assert (payment.provider, payment.label) == ("sandbox", "Visa •••• 4242")
    assert till.settled == ["succeeded"]
    assert await till.states(payment) == [("sandbox", "succeeded")]
    assert await till.balances() == {
        "provider:sandbox": 5_000 - FEE_MINOR,
        "sales": -5_000,
        "fees": FEE_MINOR,
    }
    assert await till.events() == ["payments.succeeded"]
    assert (await till.due(payment)).due_at is None


async def test_a_decline_is_final_and_tries_no_other_method(till: Till) -> None:
    till.sandbox.mode = "declines"
    payment = await till.pay("sandbox", "stripe")
    assert (payment.state, payment.decline_code) == ("declined", "insufficient_funds")
    assert isinstance(payments.declined(payment.decline_code), InsufficientFunds)
    assert isinstance(payments.declined("something new"), CardDeclined)
    assert till.stripe.calls == []
    assert await till.balances() == {}
    assert till.settled == ["declined"]


async def test_a_charge_that_two_are_told_of_pays_for_one(till: Till) -> None:
    till.sandbox.one_ref = f"ch_{new_id()}"
    opened = [await till.open() for _ in range(2)]
    paid = await asyncio.gather(*map(till.collect, opened))
    assert sorted(each.state for each in paid) == ["declined", "succeeded"]
    (refused,) = [each for each in paid if each.state == "declined"]
    assert refused.decline_code == "method_invalid"
    assert (await till.balances())["sales"] == -5_000
    (listed,) = (await till.read(payments.list_discrepancies)).items
    assert (listed.kind, listed.payment_id, listed.expected_minor) == ("charge_taken", refused.id, 5_000)


async def test_a_charge_pays_for_one_in_all_communities(till: Till, other_tenant: Tenant) -> None:
    till.sandbox.one_ref = f"ch_{new_id()}"
    assert (await till.pay()).state == "succeeded"
    other = Till(till.works, other_tenant, till.clock, till.providers)
    assert (await other.pay()).state == "declined"
    assert await other.balances() == {}


async def test_a_charge_that_is_told_late_and_is_anothers_is_declined_once(till: Till) -> None:
    till.sandbox.one_ref = f"ch_{new_id()}"
    payment = await till.open()
    till.sandbox.mode = "lost_after"
    await till.collect(payment)
    till.recover()
    (attempt,) = await till.read(lambda work: payments.list_attempts(work, payment_id=payment.id))
    other = await till.pay()
    charge = till.sandbox.charges[str(attempt.id)]
    decided = await till.write(lambda work: record_outcome(work, attempt_id=attempt.id, charge=charge))
    assert (other.state, decided.state) == ("succeeded", "declined")
    again = await till.write(lambda work: record_outcome(work, attempt_id=attempt.id, charge=charge))
    assert again.state == "declined"
    assert await till.refunds(payment) == []


async def test_a_timeout_after_charging_is_one_charge(till: Till) -> None:
    till.sandbox.script.append("lost_after")
    payment = await till.pay("sandbox", "stripe")
    assert payment.state == "succeeded"
    assert len(till.sandbox.charged) == 1
    assert till.stripe.calls == []


async def test_no_other_method_is_tried_while_one_may_have_been_charged(till: Till) -> None:
    till.sandbox.mode = "lost_after"
    payment = await till.pay("sandbox", "stripe")
    assert payment.state == "saved"
    assert await till.states(payment) == [("sandbox", "unknown")]
    assert till.stripe.calls == []
    assert till.settled == ["saved"]


async def test_a_doubt_is_not_forgotten_when_the_provider_goes_down_after_it(till: Till) -> None:
    till.sandbox.script.append("lost_after")
    till.sandbox.mode = "down"
    payment = await till.pay("sandbox", "stripe")
    assert payment.state == "saved"
    assert till.stripe.calls == []


@pytest.mark.parametrize("mode", ["down", "refuses"])
async def test_the_next_method_is_tried_when_one_certainly_had_no_effect(till: Till, mode: str) -> None:
    till.sandbox.mode = mode
    payment = await till.pay("sandbox", "stripe")
    assert (payment.state, payment.provider) == ("succeeded", "stripe")
    assert await till.states(payment) == [("sandbox", "unreached"), ("stripe", "succeeded")]
    assert await till.balances() == {"provider:stripe": 5_000 - FEE_MINOR, "sales": -5_000, "fees": FEE_MINOR}


async def test_when_nobody_can_be_reached_it_is_saved_for_later(till: Till) -> None:
    till.sandbox.mode = till.stripe.mode = "down"
    payment = await till.pay("sandbox", "stripe")
    assert payment.state == "saved"
    due = await till.due(payment)
    assert due.due_at is not None
    assert 2 <= (due.due_at - till.clock()).total_seconds() <= 5
    assert await till.events() == ["payments.saved"]


async def test_a_provider_that_hangs_is_given_up_in_time(till: Till) -> None:
    till.sandbox.mode = "hangs"
    stubborn = till.another_process(replace(FAST, repeated_calls=50, breaker_threshold=50))
    payment = await till.collect(await till.open(), by=stubborn)
    assert payment.state == "saved"
    assert len(till.sandbox.calls) <= FAST.waited_for_s / FAST.call_s + 1


async def test_a_provider_that_fails_at_once_is_not_asked_for_ever(till: Till) -> None:
    till.sandbox.mode = "lost_before"
    patient = till.another_process(replace(FAST, breaker_threshold=50))
    payment = await till.collect(await till.open(), by=patient)
    assert payment.state == "saved"
    assert len(till.sandbox.calls) == FAST.repeated_calls


async def test_two_who_collect_in_one_process_share_the_call(till: Till) -> None:
    payment = await till.open()
    both = await asyncio.gather(till.collect(payment), till.collect(payment))
    assert [each.state for each in both] == ["succeeded", "succeeded"]
    assert till.sandbox.calls == ["charge"]


async def test_two_processes_that_collect_at_once_make_one_charge(till: Till) -> None:
    others = [till.another_process() for _ in range(4)]
    for _ in range(5):
        payment = await till.open("sandbox", "stripe")
        done = await asyncio.gather(*(till.collect(payment, by=other) for other in others))
        assert {each.state for each in done} == {"succeeded"}
        assert await till.states(payment) == [("sandbox", "succeeded")]
    assert len(till.sandbox.charged) == 5
    assert (await till.balances())["sales"] == -25_000


async def test_what_another_process_has_begun_may_have_been_charged(till: Till) -> None:
    till.sandbox.script.extend(["hangs", "lost_before"])
    payment = await till.open("sandbox", "stripe")
    first = asyncio.create_task(till.collect(payment))
    await eventually(lambda: _called(till, 1))
    till.sandbox.mode = "down"
    second = await till.collect(payment, by=till.another_process())
    assert second.state == "saved"
    till.sandbox.mode = "works"
    till.sandbox.released.set()
    assert (await first).state == "succeeded"
    assert till.stripe.calls == []


async def test_what_could_not_be_reached_may_have_been_reached_by_another(till: Till) -> None:
    """The first finds no connection while the second, who has taken over, charges: no other method then."""
    till.sandbox.script.extend(["hangs_up", "hangs"])
    till.sandbox.mode = "down"
    payment = await till.open("sandbox", "stripe")
    limits = replace(FAST, call_s=5, waited_for_s=5)
    first = asyncio.create_task(till.collect(payment, by=till.another_process(limits)))
    await eventually(lambda: _called(till, 1))
    second = asyncio.create_task(till.collect(payment, by=till.another_process(limits)))
    await eventually(lambda: _called(till, 2))
    till.sandbox.let_go.set()
    assert (await first).state == "saved"
    assert till.stripe.calls == []
    till.sandbox.mode = "works"
    till.sandbox.released.set()
    assert (await second).state == "succeeded"
    assert await till.states(payment) == [("sandbox", "succeeded")]


async def test_whoever_waits_may_go_and_the_charge_is_recorded(till: Till) -> None:
    till.sandbox.script.append("hangs")
    payment = await till.open()
    waiting = asyncio.create_task(till.collect(payment))
    await eventually(lambda: _called(till, 1))
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    till.sandbox.released.set()

    async def recorded() -> bool:
        return (await till.get(payment)).state == "succeeded"

    await eventually(recorded)
    assert till.settled == ["succeeded"]


async def test_a_second_success_is_given_back_by_itself(till: Till) -> None:
    """Two attempts may succeed only if a provider breaks its word; nobody pays twice all the same."""
    till.sandbox.mode = "down"
    payment = await till.pay("sandbox", "stripe")
    (first, _) = await till.read(lambda work: payments.list_attempts(work, payment_id=payment.id))
    till.sandbox.mode = "works"
    _, request = await till.read(lambda work: request_of(work, attempt_id=first.id))
    charge = await till.sandbox.charge(request)
    for _ in range(2):
        again = await till.write(lambda work: record_outcome(work, attempt_id=first.id, charge=charge))
        assert (again.state, again.provider) == ("succeeded", "stripe")
    assert await till.states(payment) == [("sandbox", "duplicate"), ("stripe", "succeeded")]
    (refund,) = await till.refunds(payment)
    await till.execute(refund.id)
    assert list(till.sandbox.refunds) == [str(refund.id)]
    balances = await till.balances()
    assert balances["provider:sandbox"] == -FEE_MINOR
    assert balances["sales"] == -5_000
    assert "refunds" not in balances
    assert (await till.get(payment)).refunded.amount_minor == 0


async def test_a_second_charge_that_cannot_be_given_back_is_told_to_people(till: Till) -> None:
    till.sandbox.mode = "down"
    payment = await till.pay("sandbox", "stripe")
    (first, _) = await till.read(lambda work: payments.list_attempts(work, payment_id=payment.id))
    till.recover()
    _, request = await till.read(lambda work: request_of(work, attempt_id=first.id))
    charge = await till.sandbox.charge(request)
    await till.write(lambda work: record_outcome(work, attempt_id=first.id, charge=charge))
    (refund,) = await till.refunds(payment)
    till.sandbox.script.append("declines")
    await till.execute(refund.id)
    (listed,) = (await till.read(payments.list_discrepancies)).items
    assert (listed.kind, listed.subject) == ("refund_failed", str(refund.id))
    assert "second charge" in listed.explanation


async def test_who_records_an_outcome_waits_for_the_payment_and_holds_nothing_meanwhile(till: Till) -> None:
    till.sandbox.mode = "lost_after"
    payment = await till.pay()
    (attempt,) = await till.read(lambda work: payments.list_attempts(work, payment_id=payment.id))
    (charge,) = till.sandbox.charged

    async def record(work: Work) -> payments.Payment:
        return await record_outcome(work, attempt_id=attempt.id, charge=charge)

    async def waits() -> bool:
        return bool(await till.read(lambda work: work.one(WAITING)))

    async with till.works.write(till.tenant, SYSTEM) as first:
        await payments.lock_payment(first, reference=payment.reference)
        second = asyncio.create_task(till.write(record))
        await eventually(waits)
        # Had it taken the attempt before the payment, whoever has the payment could not take the attempt.
        await first.one(TAKE_ATTEMPT, attempt.id)
        await record(first)
    assert (await second).state == "succeeded"
    assert await till.states(payment) == [("sandbox", "succeeded")]
    assert await till.refunds(payment) == []
    assert (await till.balances())["sales"] == -5_000


async def test_a_charge_of_another_amount_is_not_taken_for_a_payment(till: Till) -> None:
    till.sandbox.script.append("pending")
    payment = await till.pay()
    (key,) = till.sandbox.charges
    till.sandbox.charges[key] = replace(till.sandbox.charges[key], state="succeeded", amount=Money(1, "USD"))
    assert (await till.resume(payment)).state == "saved"
    assert await till.balances() == {}


async def test_what_then_does_is_undone_with_the_outcome(till: Till) -> None:
    payment = await till.open()

    async def fail(*_: object) -> None:
        raise RuntimeError("the shop has a bug")

    with pytest.raises(RuntimeError):
        await till.collect(payment, then=fail)
    assert (await till.get(payment)).state == "processing"
    assert await till.balances() == {}
    assert (await till.resume(payment)).state == "succeeded"
    assert len(till.sandbox.charged) == 1


async def test_a_payment_that_is_not_there_is_refused(till: Till) -> None:
    with pytest.raises(payments.PaymentMissing):
        await till.cashier.collect(till.tenant, new_id(), till.then)


async def _called(till: Till, times: int) -> bool:
    return len(till.sandbox.calls) >= times
