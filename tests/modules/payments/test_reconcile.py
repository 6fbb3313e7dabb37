"""Reconciliation: what was lost is found, what does not fit is listed until somebody settles it."""

import contextlib
from datetime import UTC, datetime, timedelta

import asyncpg
import pytest

from tests.modules.identity.runs import run_job
from tests.modules.payments.conftest import NAMES
from tests.modules.payments.fake import FEE_MINOR, FakeProvider
from tests.modules.payments.till import Till
from threadly.modules import payments
from threadly.modules.payments.jobs import heal, reconcile_all
from threadly.modules.payments.providers.interface import Movement, Provider, ProviderUnreached
from threadly.platform.durable import Job
from threadly.platform.ids import UUID, new_id
from threadly.platform.money import Money
from threadly.platform.work import ANONYMOUS, Denied, SignInRequired, Tenant

DAY = timedelta(days=1)


def movement(kind: str, amount_minor: int, *, key: str | None = None, at: datetime | None = None) -> Movement:
    return Movement(
        f"mv_{new_id()}",
        kind,  # type: ignore[arg-type]  # one of the four words
        Money(amount_minor, "USD"),
        at or datetime.now(UTC),
        key=key,
        provider_ref="ref",
    )


async def reconcile(till: Till, name: payments.ProviderName = "sandbox") -> payments.Reconciliation:
    (made,) = await payments.reconcile(
        till.works, till.tenant, provider=name, until=datetime.now(UTC) + timedelta(seconds=1)
    )
    return made


async def differences(till: Till) -> list[payments.Discrepancy]:
    page = await till.read(payments.list_discrepancies)
    return list(page.items)


async def key_of(till: Till, payment: payments.Payment) -> str:
    attempts = await till.read(lambda work: payments.list_attempts(work, payment_id=payment.id))
    return str(attempts[-1].id)


async def test_what_matches_is_counted(till: Till) -> None:
    payment = await till.pay()
    await till.execute((await till.refund(payment, 1_000)).id)
    made = await reconcile(till)
    assert (made.matched, made.healed, made.differences) == (3, 0, 0)
    assert await differences(till) == []
    (listed,) = (await till.read(payments.list_reconciliations)).items
    assert listed == made


async def test_a_missing_webhook_is_found(till: Till) -> None:
    till.sandbox.mode = "lost_after"
    payment = await till.pay()
    till.recover()
    made = await reconcile(till)
    assert (made.healed, made.differences) == (1, 0)
    assert (await till.get(payment)).state == "succeeded"
    assert (await till.events())[-1] == "payments.succeeded"
    assert await till.balances() == {
        "provider:sandbox": 5_000 - FEE_MINOR,
        "sales": -5_000,
        "fees": FEE_MINOR,
    }


async def test_open_attempts_are_asked_about_every_few_minutes(till: Till) -> None:
    till.sandbox.mode = "lost_after"
    payment = await till.pay()
    till.recover()
    await run_job(till.works, till.tenant, heal)
    assert (await till.get(payment)).state == "saved", "somebody may still drive it"
    till.clock.ahead = timedelta(minutes=2)
    await run_job(till.works, till.tenant, heal)
    assert (await till.get(payment)).state == "succeeded"


async def test_what_cannot_be_recorded_holds_up_nothing_else(till: Till) -> None:
    till.sandbox.script.extend(["pending"] * 3)
    paid = [await till.pay() for _ in range(3)]
    for each in paid:
        till.sandbox.settle(await key_of(till, each))
    till.sandbox.cursed.add(await key_of(till, paid[1]))
    till.clock.ahead = timedelta(minutes=2)
    await run_job(till.works, till.tenant, heal)
    assert [(await till.get(each)).state for each in paid] == ["succeeded", "saved", "succeeded"]
    made = await reconcile(till)
    assert [each.kind for each in await differences(till)] == ["charge_unrecorded"]
    assert made.differences == 1


@pytest.mark.parametrize("what", [heal, reconcile_all])
async def test_a_provider_that_fails_holds_up_none_of_the_others(till: Till, what: Job) -> None:
    paid = []
    for name in NAMES:
        till.providers[name].mode = "lost_after"
        paid.append(await till.pay(name))
    till.recover()
    till.providers["paypal"].mode = "breaks"
    till.clock.ahead = DAY
    with contextlib.suppress(LookupError):
        await run_job(till.works, till.tenant, what)
    assert [(await till.get(each)).state for each in paid] == ["succeeded", "succeeded", "saved"]


async def test_a_missing_refund_is_found(till: Till) -> None:
    payment = await till.pay()
    refund = await till.refund(payment, 5_000)
    till.sandbox.mode = "lost_after"
    await till.execute(refund.id)
    till.recover()
    assert (await reconcile(till)).healed == 1
    assert [each.state for each in await till.refunds(payment)] == ["succeeded"]
    assert (await till.get(payment)).refunded == Money(5_000, "USD")


async def test_a_refund_that_came_back_is_found(till: Till) -> None:
    payment = await till.pay()
    refund = await till.refund(payment, 1_000)
    await till.execute(refund.id)
    assert (await reconcile(till)).healed == 0
    till.sandbox.move(movement("refund", 1_000, key=str(refund.id)))
    made = [await reconcile(till) for _ in range(2)]
    assert [(each.healed, each.differences) for each in made] == [(1, 0), (0, 0)]
    assert [each.state for each in await till.refunds(payment)] == ["failed"]
    assert (await till.balances())["provider:sandbox"] == 5_000 - FEE_MINOR
    assert [each.kind for each in await differences(till)] == ["refund_failed"]


async def test_a_refund_that_came_back_before_it_was_recorded_is_no_difference(till: Till) -> None:
    payment = await till.pay()
    refund = await till.refund(payment, 1_000)
    till.sandbox.script.append("declines")
    await till.execute(refund.id)
    for amount_minor in (-1_000, 1_000):
        till.sandbox.move(movement("refund", amount_minor, key=str(refund.id)))
    assert (await reconcile(till)).differences == 0
    assert await differences(till) == []


@pytest.mark.parametrize(("kind", "amount_minor"), [("charge", -5_000), ("refund", 999)])
async def test_money_that_went_the_other_way_is_listed(till: Till, kind: str, amount_minor: int) -> None:
    payment = await till.pay()
    refund = await till.refund(payment, 1_000)
    await till.execute(refund.id)
    key = await key_of(till, payment) if kind == "charge" else str(refund.id)
    till.sandbox.move(movement(kind, amount_minor, key=key))
    await reconcile(till)
    (found,) = await differences(till)
    assert (found.kind, found.found_minor) == (f"{kind}_amount", amount_minor)


async def test_a_charge_that_nobody_asked_for_is_told_to_the_first_community(
    till: Till, first_till: Till
) -> None:
    unknown = [movement("charge", 700, key=key) for key in (str(new_id()), "another shop's", None)]
    for each in unknown:
        till.sandbox.move(each)
    assert (await reconcile(till)).differences == 0
    assert (await reconcile(first_till)).differences == 3
    found = [each for each in await differences(first_till) if each.subject in {it.id for it in unknown}]
    assert [(each.kind, each.found_minor) for each in found] == [("charge_unknown", 700)] * 3
    assert "$7.00" in found[0].explanation


async def test_each_community_sees_its_own_of_the_providers_account(
    till: Till, first_till: Till, other_tenant: Tenant
) -> None:
    shops = [till, first_till, Till(till.works, other_tenant, till.clock, till.providers)]
    for shop in shops:
        payment = await shop.pay()
        await shop.execute((await shop.refund(payment, 1_000)).id)
    for shop in shops:
        made = await reconcile(shop)
        assert made.differences == 0
        assert made.matched == 3 or shop is first_till, "others may have compared its books a moment ago"
    assert await differences(till) == []


async def test_another_amount_is_listed(till: Till) -> None:
    payment = await till.pay()
    key = await key_of(till, payment)
    till.sandbox.moved = [movement("charge", 4_999, key=key), movement("fee", -FEE_MINOR, key=key)]
    assert (await reconcile(till)).differences == 1
    (found,) = await differences(till)
    assert (found.kind, found.expected_minor, found.found_minor) == ("charge_amount", 5_000, 4_999)
    assert (found.payment_id, found.reference) == (payment.id, payment.reference)


async def test_what_the_provider_does_not_know_is_listed(till: Till) -> None:
    payment = await till.pay()
    refund = await till.refund(payment, 1_000)
    await till.execute(refund.id)
    till.sandbox.moved.clear()
    till.sandbox.charges.clear()
    await reconcile(till)
    assert {each.kind for each in await differences(till)} == {"charge_missing", "refund_missing"}


async def test_what_was_recorded_late_is_asked_for_and_not_listed(till: Till) -> None:
    await till.pay()
    till.sandbox.moved.clear()
    made = await reconcile(till)
    assert made.differences == 0
    assert till.sandbox.calls[-1] == "find"


async def test_what_the_ledger_lacks_is_listed(
    till: Till, owner: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    till.sandbox.script.append("pending")
    payment = await till.pay()
    key = await key_of(till, payment)
    till.sandbox.settle(key)
    # Nothing of ours would, so somebody does it by hand.
    await owner.execute("UPDATE payments.attempts SET state = 'succeeded' WHERE id = $1", UUID(key))
    await reconcile(till)
    (found,) = await differences(till)
    assert (found.kind, found.subject) == ("charge_ledger", key)


async def test_payouts_are_posted_once_in_the_first_community(till: Till, first_till: Till) -> None:
    await till.pay("stripe")
    banked = (await first_till.balances()).get("bank", 0)
    till.stripe.moved.append(movement("payout", -4_000))
    for _ in range(3):
        for shop in (till, first_till):
            assert (await reconcile(shop, "stripe")).differences == 0
    assert (await first_till.balances())["bank"] == banked + 4_000
    assert "bank" not in await till.balances()


async def test_another_fee_than_was_posted_is_listed(till: Till) -> None:
    key = await key_of(till, await till.pay("stripe"))
    till.stripe.moved.append(movement("fee", -60, key=key))
    await reconcile(till, "stripe")
    assert [each.kind for each in await differences(till)] == ["fee_amount"]


async def test_a_fee_told_later_than_the_charge_is_posted(till: Till) -> None:
    till.sandbox.fee_minor = 0
    payment = await till.pay()
    key = await key_of(till, payment)
    till.sandbox.moved[-1] = movement("fee", -77, key=key)
    for _ in range(2):
        assert (await reconcile(till)).differences == 0
    assert (await till.balances())["fees"] == 77


async def test_a_difference_is_listed_once_and_stays_settled(till: Till) -> None:
    key = await key_of(till, await till.pay())
    till.sandbox.moved = [movement("charge", 4_999, key=key)]
    assert [(await reconcile(till)).differences for _ in range(2)] == [1, 1]
    (found,) = await differences(till)
    settled = await till.write(
        lambda work: payments.settle_discrepancy(work, discrepancy_id=found.id, note=" a test of theirs ")
    )
    assert settled.note == "a test of theirs"
    assert settled.settled_at is not None
    assert (await reconcile(till)).differences == 0
    assert len(await differences(till)) == 1
    with pytest.raises(payments.DiscrepancyMissing):
        await till.write(
            lambda work: payments.settle_discrepancy(work, discrepancy_id=found.id, note="again")
        )


async def test_it_goes_on_where_it_ended(till: Till) -> None:
    await till.pay()
    first = await reconcile(till)
    second = await reconcile(till)
    assert second.since == first.until
    assert second.matched == 0


async def test_a_provider_that_is_down_is_compared_next_time(till: Till) -> None:
    await till.pay()
    till.sandbox.mode = "down"
    with pytest.raises(ProviderUnreached):
        await reconcile(till)
    till.recover()
    assert (await reconcile(till)).matched > 0


async def test_every_provider_is_compared_each_day(till: Till) -> None:
    await till.pay("sandbox")
    await till.pay("paypal")
    till.clock.ahead = DAY
    await run_job(till.works, till.tenant, reconcile_all)
    made = (await till.read(payments.list_reconciliations)).items
    assert {each.provider: each.matched > 0 for each in made} == {
        "sandbox": True,
        "stripe": False,
        "paypal": True,
    }


async def test_many_movements_are_compared_in_batches(first_till: Till) -> None:
    banked = (await first_till.balances()).get("bank", 0)
    for _ in range(5):
        await first_till.pay()
    for _ in range(450):
        first_till.sandbox.move(movement("payout", -1))
    assert (await reconcile(first_till)).differences == 0
    assert (await first_till.balances())["bank"] == banked + 450


async def test_it_is_seen_by_those_who_may(till: Till) -> None:
    async with till.works.read(till.tenant, ANONYMOUS) as work:
        for verb in (payments.list_reconciliations, payments.list_discrepancies):
            with pytest.raises((Denied, SignInRequired)):
                await verb(work)


async def test_what_succeeded_is_listed_for_whoever_compares(till: Till) -> None:
    paid = [await till.pay() for _ in range(3)]
    till.sandbox.mode = "declines"
    await till.pay()
    now = datetime.now(UTC)
    first = await till.read(
        lambda work: payments.list_succeeded(work, since=now - DAY, until=now + DAY, limit=2)
    )
    rest = await till.read(
        lambda work: payments.list_succeeded(work, since=now - DAY, until=now + DAY, after=first.after)
    )
    assert [each.id for each in (*first.items, *rest.items)] == [each.id for each in paid]


def test_the_fake_is_a_provider() -> None:
    provider: Provider = FakeProvider("sandbox")
    assert provider.name == "sandbox"
