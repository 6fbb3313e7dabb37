"""What only Stripe does: keys that it records and forgets, and intents that outlive a call."""

import asyncio
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from tests.modules.payments.doubles import stripe as double_of
from tests.modules.payments.doubles.rigs import PRICE, StripeRig, order, return_of
from tests.modules.payments.doubles.serving import Fault, Stage, staging
from threadly.modules.payments.providers.interface import ProviderRefused, ProviderUnknown, RefundOutcome
from threadly.modules.payments.providers.stripe import StripeProvider
from threadly.modules.payments.providers.stripe_shapes import Transaction, movements_of
from threadly.modules.payments.types import Method
from threadly.platform.ids import id_at
from threadly.platform.money import Money

pytestmark = pytest.mark.filterwarnings("ignore:Use 'content=<...>':DeprecationWarning")

CARD = Method("stripe", "pm_card_visa")


@pytest.fixture(scope="module")
async def stage() -> AsyncIterator[Stage]:
    async with staging() as stage:
        yield stage


@pytest.fixture
async def rig(stage: Stage) -> AsyncIterator[StripeRig]:
    async with StripeRig.running(stage) as rig:
        yield rig


@pytest.fixture
async def tomorrow(rig: StripeRig) -> AsyncIterator[StripeProvider]:
    """The same provider a day later, when Stripe has forgotten its keys."""
    provider = StripeProvider(
        secret_key=double_of.SECRET_KEY,
        webhook_secret=double_of.WEBHOOK_SECRET,
        url=rig.url,
        clock=lambda: datetime.now(UTC) + timedelta(days=1),
    )
    yield provider
    await provider.aclose()


@pytest.mark.parametrize("fault", ["timeout_before", "timeout_after", "error_before", "error_after"])
async def test_an_intent_that_was_made_without_an_answer_is_charged_once(
    rig: StripeRig, fault: Fault
) -> None:
    request = order(CARD)
    rig.double.fail("POST …/payment_intents", fault)
    with pytest.raises(ProviderUnknown):
        await rig.impatient.charge(request)
    assert rig.double.charges == {}
    assert (await rig.provider.charge(request)).state == "succeeded"
    assert await rig.charged(request.key) == [PRICE.amount_minor]


@pytest.mark.parametrize("minor", [49, 100_000_000])
async def test_an_amount_that_stripe_never_takes_is_declined(rig: StripeRig, minor: int) -> None:
    """Refused, it would be saved and tried again for hours, as what nobody answers."""
    request = msgspec.structs.replace(order(CARD), amount=Money(minor, "USD"))
    charge = await rig.provider.charge(request)
    assert (charge.state, charge.decline_code) == ("declined", "amount_unpayable")
    assert await rig.provider.find(request) is None
    assert await rig.provider.cancel(request) is None
    assert rig.double.charges == {}


async def test_a_failure_that_is_recorded_twice_is_asked_about_a_third_time(rig: StripeRig) -> None:
    request = order(CARD)
    for _ in range(2):
        rig.double.fail("POST …/confirm", "error_before")
        with pytest.raises(ProviderUnknown):
            await rig.provider.charge(request)
    assert (await rig.provider.charge(request)).state == "succeeded"


async def test_a_key_in_use_tells_nothing(rig: StripeRig) -> None:
    request = order(CARD)
    rig.double.hold_key(request.key)
    with pytest.raises(ProviderUnknown):
        await rig.provider.charge(request)


async def test_the_same_key_for_something_else_is_refused(rig: StripeRig) -> None:
    request = order(CARD)
    await rig.provider.charge(request)
    with pytest.raises(ProviderRefused):
        await rig.provider.charge(msgspec.structs.replace(request, amount=Money(1, "USD")))
    assert await rig.charged(request.key) == [PRICE.amount_minor]


async def test_a_key_that_stripe_has_forgotten_is_not_charged_again(
    rig: StripeRig, tomorrow: StripeProvider
) -> None:
    request = order(CARD)
    charge = await rig.provider.charge(request)
    for _ in range(120):  # more than a page, and all newer
        await rig.provider.find(order(CARD))
    rig.double.forget_keys()
    assert await tomorrow.charge(request) == charge
    assert await tomorrow.find(request) == charge
    assert await rig.charged(request.key) == [PRICE.amount_minor]


async def test_a_cancelled_key_that_stripe_has_forgotten_stays_cancelled(
    rig: StripeRig, tomorrow: StripeProvider
) -> None:
    request = order(CARD)
    await rig.provider.cancel(request)
    rig.double.forget_keys()
    assert (await tomorrow.charge(request)).state == "cancelled"
    assert await tomorrow.cancel(request) is None
    assert rig.double.charges == {}


async def test_a_refund_that_stripe_has_forgotten_is_not_given_again(
    rig: StripeRig, tomorrow: StripeProvider
) -> None:
    charge = await rig.provider.charge(order(CARD))
    request = return_of(charge, Money(1000, "USD"))
    refund = await rig.provider.refund(request)
    rig.double.forget_keys()
    assert await tomorrow.refund(request) == refund
    assert len(rig.double.refunds) == 1


async def test_an_old_key_that_was_never_used_is_charged(rig: StripeRig, tomorrow: StripeProvider) -> None:
    request = order(CARD, key=str(id_at(datetime.now(UTC) - timedelta(hours=2), 1)))
    assert (await tomorrow.charge(request)).state == "succeeded"


async def test_a_charge_and_a_cancellation_at_once_agree(rig: StripeRig) -> None:
    for _ in range(10):
        request = order(CARD)
        charge, cancelled = await asyncio.gather(
            rig.provider.charge(request), rig.provider.cancel(request), return_exceptions=True
        )
        assert not isinstance(charge, BaseException)
        assert not isinstance(cancelled, BaseException)
        assert (charge.state == "succeeded") == (cancelled is not None)
        assert len(await rig.charged(request.key)) == (1 if cancelled else 0)


async def test_a_declined_charge_cannot_be_confirmed_any_more_once_cancelled(rig: StripeRig) -> None:
    request = order(await rig.method("card_declined"))
    await rig.provider.charge(request)
    charge = await rig.provider.cancel(request)
    assert charge
    assert (charge.state, charge.decline_code) == ("declined", "card_declined")
    (intent,) = rig.double.intents.values()
    assert intent["status"] == "canceled"


async def test_a_decline_stands_although_the_card_would_be_good_now(rig: StripeRig) -> None:
    request = order(await rig.method("insufficient_funds"))
    first = await rig.provider.charge(request)
    rig.double.declined.clear()
    assert await rig.provider.charge(request) == first
    assert rig.double.charges == {}


async def test_the_label_says_which_card(rig: StripeRig) -> None:
    assert (await rig.provider.charge(order(CARD))).label == "Visa •••• 4242"


async def test_a_webhook_of_something_else_concerns_nobody(rig: StripeRig) -> None:
    body = rig.double.event("customer.created", {"id": "cus_1", "object": "customer", "metadata": {}})
    headers = {"stripe-signature": rig.double.sign(body, at=int(time.time()))}
    event = await rig.provider.read_webhook(headers=headers, body=body, now=datetime.now(UTC))
    assert (event.kind, event.charge, event.refund) == ("customer.created", None, None)


async def test_a_refund_that_came_back_is_told_and_listed(rig: StripeRig) -> None:
    charge = await rig.provider.charge(order(await rig.method()))
    refund = await rig.provider.refund(return_of(charge, Money(1000, "USD")))
    body = rig.double.event("refund.failed", rig.double.return_refund(refund.provider_ref))
    signed = {"stripe-signature": rig.double.sign(body, at=int(time.time()))}
    event = await rig.provider.read_webhook(headers=signed, body=body, now=datetime.now(UTC))
    assert event.refund == RefundOutcome(refund.key, "failed", refund.provider_ref)
    now = datetime.now(UTC)
    lines = rig.provider.movements(since=now - timedelta(minutes=1), until=now + timedelta(minutes=1))
    listed = [(line.kind, line.amount.amount_minor) async for line in lines if line.key == refund.key]
    assert listed == [("refund", -1000), ("refund", 1000)]


async def test_a_webhook_tells_of_a_refund(rig: StripeRig) -> None:
    charge = await rig.provider.charge(order(CARD))
    refund = await rig.provider.refund(return_of(charge, Money(1000, "USD")))
    body = rig.double.event("refund.updated", rig.double.refunds[refund.provider_ref])
    headers = {"stripe-signature": rig.double.sign(body, at=int(time.time()))}
    event = await rig.provider.read_webhook(headers=headers, body=body, now=datetime.now(UTC))
    assert event.refund == refund


async def test_the_account_is_read_page_after_page(rig: StripeRig) -> None:
    requests = [order(CARD) for _ in range(105)]
    for request in requests:
        await rig.provider.charge(request)
    now = datetime.now(UTC)
    lines = rig.provider.movements(since=now - timedelta(hours=1), until=now + timedelta(hours=1))
    charged = [line.key async for line in lines if line.kind == "charge"]
    assert sorted(str(key) for key in charged) == sorted(request.key for request in requests)


def test_a_payout_and_a_dispute_are_told_without_a_key() -> None:
    payout = Transaction("txn_1", "payout", -900, 0, "usd", 1_700_000_000, "po_1")
    dispute = Transaction("txn_2", "adjustment", -500, 1500, "usd", 1_700_000_000, "dp_1")
    (paid,) = movements_of(payout)
    taken, fee = movements_of(dispute)
    assert (paid.kind, paid.amount, paid.provider_ref) == ("payout", Money(-900, "USD"), "po_1")
    assert (taken.kind, taken.key, fee.kind, fee.amount) == ("refund", None, "fee", Money(-1500, "USD"))
