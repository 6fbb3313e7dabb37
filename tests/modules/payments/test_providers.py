"""The contract of providers: one suite for all, each on a server of its own over real HTTP.

The Sandbox is the real one; Stripe and PayPal are doubles that refuse what the published API would.
"""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime, timedelta

import pytest

from tests.modules.payments.doubles.rigs import (
    PRICE,
    Outcome,
    PayPalRig,
    Rig,
    SandboxRig,
    StripeRig,
    nowhere,
    order,
    return_of,
    tampered,
)
from tests.modules.payments.doubles.serving import Fault, Stage, staging
from tests.sandbox.server import SandboxServer, sandbox_server
from threadly.modules.payments.providers.interface import (
    Charge,
    Movement,
    ProviderRefused,
    ProviderUnknown,
    ProviderUnreached,
    SignatureInvalid,
)
from threadly.platform.ids import new_id
from threadly.platform.money import Money

# The SDK of Stripe hands its forms to httpx in a way that httpx will drop one day.
pytestmark = pytest.mark.filterwarnings("ignore:Use 'content=<...>':DeprecationWarning")

FEE_MINOR = 175  # 2.9 % of 49.99 and 0.30


@pytest.fixture(scope="module")
def sandbox() -> Iterator[SandboxServer]:
    with sandbox_server() as server:
        yield server


@pytest.fixture(scope="module")
async def stage() -> AsyncIterator[Stage]:
    async with staging() as stage:
        yield stage


@pytest.fixture(scope="module")
async def mailbox() -> AsyncIterator[Stage]:
    """Apart from the doubles: the Sandbox sends when it likes."""
    async with staging() as stage:
        yield stage


@pytest.fixture(params=["sandbox", "stripe", "paypal"])
async def rig(
    request: pytest.FixtureRequest, sandbox: SandboxServer, stage: Stage, mailbox: Stage
) -> AsyncIterator[Rig]:
    makers: dict[str, Callable[[], AbstractAsyncContextManager[Rig]]] = {
        "sandbox": lambda: SandboxRig.running(sandbox, mailbox),
        "stripe": lambda: StripeRig.running(stage),
        "paypal": lambda: PayPalRig.running(stage),
    }
    async with makers[request.param]() as rig:
        yield rig


async def test_a_charge_succeeds_and_tells_its_fee(rig: Rig) -> None:
    request = order(await rig.method())
    charge = await rig.provider.charge(request)
    assert (charge.state, charge.key, charge.amount) == ("succeeded", request.key, PRICE)
    assert charge.fee_minor == FEE_MINOR
    assert charge.provider_ref
    assert charge.label
    assert await rig.charged(request.key) == [PRICE.amount_minor]


async def test_the_same_key_is_the_same_charge(rig: Rig) -> None:
    request = order(await rig.method())
    first = await rig.provider.charge(request)
    assert await rig.provider.charge(request) == first
    assert await rig.provider.find(request) == first
    assert await rig.charged(request.key) == [PRICE.amount_minor]


@pytest.mark.parametrize(
    "outcome",
    ["card_declined", "insufficient_funds", "expired_card", "authentication_required", "method_invalid"],
)
async def test_a_decline_says_why_and_takes_nothing(rig: Rig, outcome: Outcome) -> None:
    _skip_gap(rig, outcome)
    request = order(await rig.method(outcome))
    charge = await rig.provider.charge(request)
    assert (charge.state, charge.decline_code) == ("declined", outcome)
    again = await rig.provider.charge(request)
    assert (again.state, again.decline_code) == ("declined", outcome)
    assert await rig.charged(request.key) == []


async def test_a_decline_is_found(rig: Rig) -> None:
    request = order(await rig.method("insufficient_funds"))
    await rig.provider.charge(request)
    found = await rig.provider.find(request)
    if "find_declined" in rig.gaps:
        assert found is None, rig.gaps["find_declined"]
    else:
        assert found
        assert (found.state, found.decline_code) == ("declined", "insufficient_funds")


async def test_a_charge_may_be_decided_later(rig: Rig) -> None:
    _skip_gap(rig, "pending")
    request = order(await rig.method("pending"))
    assert (await rig.provider.charge(request)).state == "pending"


async def test_what_was_never_charged_is_not_found(rig: Rig) -> None:
    assert await rig.provider.find(order(await rig.method())) is None


@pytest.mark.parametrize("fault", ["timeout_before", "error_before"])
async def test_without_an_answer_nothing_was_charged_and_a_repetition_charges(rig: Rig, fault: Fault) -> None:
    request = order(await rig.method(fault=fault))
    with pytest.raises(ProviderUnknown):
        await rig.impatient.charge(request)
    assert await rig.charged(request.key) == []
    assert await rig.provider.find(request) is None
    assert (await rig.provider.charge(request)).state == "succeeded"
    assert await rig.charged(request.key) == [PRICE.amount_minor]


@pytest.mark.parametrize("fault", ["timeout_after", "error_after"])
async def test_without_an_answer_what_was_charged_is_found_and_not_charged_again(
    rig: Rig, fault: Fault
) -> None:
    request = order(await rig.method(fault=fault))
    with pytest.raises(ProviderUnknown):
        await rig.impatient.charge(request)
    assert await rig.charged(request.key) == [PRICE.amount_minor]
    found = await rig.provider.find(request)
    assert found
    assert (found.state, found.fee_minor) == ("succeeded", FEE_MINOR)
    assert await rig.provider.charge(request) == found
    assert await rig.charged(request.key) == [PRICE.amount_minor]


async def test_no_connection_is_certainly_without_effect(rig: Rig) -> None:
    request = order(await rig.method())
    provider = rig.stranger(url=nowhere())
    for call in (provider.charge(request), provider.find(request), provider.cancel(request)):
        with pytest.raises(ProviderUnreached):
            await call
    await provider.aclose()


async def test_too_many_requests_are_certainly_without_effect(rig: Rig) -> None:
    _skip_gap(rig, "busy")
    request = order(await rig.method(fault="busy"))
    with pytest.raises(ProviderUnreached):
        await rig.provider.charge(request)
    assert await rig.charged(request.key) == []
    assert (await rig.provider.charge(request)).state == "succeeded"


async def test_wrong_credentials_are_refused(rig: Rig) -> None:
    request = order(await rig.method())
    provider = rig.stranger()
    for call in (provider.charge(request), provider.find(request), provider.cancel(request)):
        with pytest.raises(ProviderRefused):
            await call
    await provider.aclose()
    assert await rig.charged(request.key) == []


async def test_a_cancelled_key_is_never_charged_however_late_the_charge_comes(rig: Rig) -> None:
    request = order(await rig.method())
    assert await rig.provider.cancel(request) is None
    assert (await rig.provider.charge(request)).state == "cancelled"
    assert await rig.provider.cancel(request) is None
    assert await rig.charged(request.key) == []


async def test_what_timed_out_before_it_was_charged_can_be_cancelled(rig: Rig) -> None:
    request = order(await rig.method(fault="timeout_before"))
    with pytest.raises(ProviderUnknown):
        await rig.impatient.charge(request)
    assert await rig.provider.cancel(request) is None
    assert (await rig.provider.charge(request)).state == "cancelled"
    assert await rig.charged(request.key) == []


@pytest.mark.parametrize("fault", [None, "timeout_after"])
async def test_a_cancellation_that_comes_too_late_tells_the_charge(rig: Rig, fault: Fault | None) -> None:
    request = order(await rig.method(fault=fault))
    if fault:
        with pytest.raises(ProviderUnknown):
            await rig.impatient.charge(request)
    else:
        await rig.provider.charge(request)
    charge = await rig.provider.cancel(request)
    assert charge
    assert (charge.state, charge.key, charge.fee_minor) == ("succeeded", request.key, FEE_MINOR)


async def test_a_charge_is_refunded_in_parts_until_nothing_is_left(rig: Rig) -> None:
    charge = await _charge(rig)
    first = await rig.provider.refund(return_of(charge, Money(2000, "USD")))
    rest = await rig.provider.refund(return_of(charge, Money(2999, "USD")))
    assert (first.state, rest.state) == ("succeeded", "succeeded")
    assert first.provider_ref != rest.provider_ref
    assert (await rig.provider.refund(return_of(charge, Money(1, "USD")))).state == "failed"


async def test_the_same_refund_is_given_once(rig: Rig) -> None:
    charge = await _charge(rig)
    request = return_of(charge, Money(3000, "USD"))
    first = await rig.provider.refund(request)
    assert first.key == request.key
    assert await rig.provider.refund(request) == first
    assert (await rig.provider.refund(return_of(charge, Money(1999, "USD")))).state == "succeeded"


async def test_more_than_was_charged_is_not_refunded(rig: Rig) -> None:
    charge = await _charge(rig)
    assert (await rig.provider.refund(return_of(charge, Money(5000, "USD")))).state == "failed"
    assert (await rig.provider.refund(return_of(charge, PRICE))).state == "succeeded"


@pytest.mark.parametrize("fault", ["timeout_before", "timeout_after"])
async def test_a_refund_without_an_answer_is_given_once_when_repeated(rig: Rig, fault: Fault) -> None:
    charge = await _charge(rig)
    request = return_of(charge, Money(3000, "USD"))
    await rig.fail_refund(fault)
    with pytest.raises(ProviderUnknown):
        await rig.impatient.refund(request)
    await rig.fail_refund(None)
    assert (await rig.provider.refund(request)).state == "succeeded"
    assert (await rig.provider.refund(return_of(charge, Money(2000, "USD")))).state == "failed"


async def test_the_account_lists_charges_fees_and_refunds(rig: Rig) -> None:
    charge = await _charge(rig)
    refund = await rig.provider.refund(return_of(charge, Money(2000, "USD")))
    now = datetime.now(UTC)
    lines = await _movements(rig, now - timedelta(minutes=5), now + timedelta(minutes=5))
    of_charge = {line.kind: line for line in lines if line.key == charge.key}
    of_refund = {line.kind: line for line in lines if line.key == refund.key}
    assert of_charge["charge"].amount == PRICE
    assert of_charge["charge"].provider_ref == charge.provider_ref
    assert of_charge["fee"].amount == Money(-FEE_MINOR, "USD")
    assert of_refund["refund"].amount == Money(-2000, "USD")
    assert of_refund["refund"].provider_ref == refund.provider_ref
    assert len({line.id for line in lines}) == len(lines)
    assert [line.at for line in lines] == sorted(line.at for line in lines)


async def test_the_account_is_of_the_time_asked_for(rig: Rig) -> None:
    charge = await _charge(rig)
    now = datetime.now(UTC)
    before = await _movements(rig, now - timedelta(days=2), now - timedelta(days=1))
    assert charge.key not in {line.key for line in before}


async def test_a_genuine_webhook_is_understood(rig: Rig) -> None:
    charge = await _charge(rig)
    headers, body = await rig.webhook(charge)
    event = await rig.provider.read_webhook(headers=headers, body=body, now=datetime.now(UTC))
    assert event.event_id
    assert event.charge
    assert (event.charge.key, event.charge.state) == (charge.key, "succeeded")
    assert (event.charge.provider_ref, event.charge.fee_minor) == (charge.provider_ref, FEE_MINOR)


async def test_a_forged_webhook_is_refused(rig: Rig) -> None:
    headers, body = await rig.webhook(await _charge(rig))
    with pytest.raises(SignatureInvalid):
        await rig.provider.read_webhook(headers=headers, body=tampered(body), now=datetime.now(UTC))
    with pytest.raises(SignatureInvalid):
        await rig.provider.read_webhook(headers={}, body=body, now=datetime.now(UTC))


async def test_a_stale_webhook_is_refused(rig: Rig) -> None:
    headers, body = await rig.webhook(await _charge(rig))
    with pytest.raises(SignatureInvalid):
        await rig.provider.read_webhook(headers=headers, body=body, now=datetime.now(UTC) + timedelta(days=7))


@pytest.mark.parametrize("amount", [Money(50, "USD"), Money(1_000_000, "USD"), Money(4999, "JPY")])
async def test_amounts_come_back_as_they_went(rig: Rig, amount: Money) -> None:
    method = await rig.method()
    if isinstance(rig, PayPalRig):
        order_id = await rig.order(amount)
        rig.double.approve(order_id)
        method = type(method)("paypal", order_id)
    assert (await rig.provider.charge(order(method, amount=amount))).amount == amount


async def _charge(rig: Rig) -> Charge:
    charge = await rig.provider.charge(order(await rig.method(), key=str(new_id())))
    assert charge.state == "succeeded"
    return charge


async def _movements(rig: Rig, since: datetime, until: datetime) -> list[Movement]:
    return [line async for line in rig.provider.movements(since=since, until=until)]


def _skip_gap(rig: Rig, what: str) -> None:
    if what in rig.gaps:
        pytest.skip(rig.gaps[what])
