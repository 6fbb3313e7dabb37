"""What only PayPal does: orders that a buyer approves, access tokens, reports in windows."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from tests.modules.payments.doubles.rigs import PRICE, PayPalRig, order, return_of
from tests.modules.payments.doubles.serving import Stage, staging
from threadly.modules.payments.providers.interface import ProviderRefused, ProviderUnknown, SignatureInvalid
from threadly.modules.payments.providers.paypal_shapes import to_amount
from threadly.modules.payments.types import Method
from threadly.platform.money import Money


@pytest.fixture(scope="module")
async def stage() -> AsyncIterator[Stage]:
    async with staging() as stage:
        yield stage


@pytest.fixture
async def rig(stage: Stage) -> AsyncIterator[PayPalRig]:
    async with PayPalRig.running(stage) as rig:
        yield rig


async def test_an_order_that_nobody_approved_is_not_charged(rig: PayPalRig) -> None:
    charge = await rig.provider.charge(order(Method("paypal", await rig.order())))
    assert (charge.state, charge.decline_code) == ("declined", "authentication_required")


async def test_an_order_of_another_sum_is_not_taken_for_ours(rig: PayPalRig) -> None:
    order_id = await rig.order(Money(100, "USD"))
    rig.double.approve(order_id)
    request = order(Method("paypal", order_id), amount=PRICE)
    charge = await rig.provider.charge(request)
    assert (charge.state, charge.decline_code) == ("declined", "method_invalid")
    assert rig.double.captures == {}


async def test_an_order_pays_once_whoever_names_it(rig: PayPalRig) -> None:
    method = await rig.method()
    first, second = order(method), order(method)
    assert (await rig.provider.charge(first)).state == "succeeded"
    charge = await rig.provider.charge(second)
    assert (charge.state, charge.decline_code) == ("declined", "method_invalid")
    assert await rig.provider.find(second) is None
    assert len(rig.double.captures) == 1


async def test_an_order_that_two_name_at_once_pays_one_of_them(rig: PayPalRig) -> None:
    for _ in range(5):
        method = await rig.method()
        requests = order(method), order(method)
        charges = await asyncio.gather(*map(rig.provider.charge, requests))
        assert sorted(charge.state for charge in charges) == ["declined", "succeeded"]
        for request, charge in zip(requests, charges, strict=True):
            assert len(await rig.charged(request.key)) == (charge.state == "succeeded")


async def test_a_request_that_paypal_has_forgotten_is_still_one_charge(rig: PayPalRig) -> None:
    request = order(await rig.method())
    charge = await rig.provider.charge(request)
    rig.double.forget_keys()
    assert await rig.provider.charge(request) == charge
    assert len(rig.double.captures) == 1


@pytest.mark.parametrize("token", ["../../v1/oauth2/token", "lower", "", "A" * 37, "5O19/capture"])
async def test_a_token_that_is_no_order_never_reaches_paypal(rig: PayPalRig, token: str) -> None:
    charge = await rig.provider.charge(order(Method("paypal", token)))
    assert (charge.state, charge.decline_code) == ("declined", "method_invalid")
    assert rig.double.calls == []


async def test_the_access_token_is_asked_for_once(rig: PayPalRig) -> None:
    for _ in range(3):
        await rig.provider.charge(order(await rig.method()))
    assert rig.double.calls.count("POST /v1/oauth2/token") == 1


async def test_an_access_token_that_was_withdrawn_is_renewed(rig: PayPalRig) -> None:
    request = order(await rig.method())
    rig.double.tokens.clear()
    assert (await rig.provider.charge(request)).state == "succeeded"
    assert rig.double.calls.count("POST /v1/oauth2/token") == 2


async def test_a_report_is_read_in_windows_and_pages(rig: PayPalRig) -> None:
    rig.double.page_size_most = 2
    keys = []
    for _ in range(5):
        request = order(await rig.method())
        await rig.provider.charge(request)
        keys.append(request.key)
    now = datetime.now(UTC)
    lines = rig.provider.movements(since=now - timedelta(days=80), until=now + timedelta(days=1))
    charged = [line.key async for line in lines if line.kind == "charge"]
    assert sorted(str(key) for key in charged) == sorted(keys)


async def test_a_webhook_tells_of_a_refund(rig: PayPalRig) -> None:
    charge = await rig.provider.charge(order(await rig.method()))
    refund = await rig.provider.refund(return_of(charge, Money(1000, "USD")))
    (kept,) = rig.double.refunds
    body = rig.double.event("PAYMENT.CAPTURE.REFUNDED", {name: kept[name] for name in kept if name != "of"})
    headers = rig.double.send(body, at=datetime.now(UTC))
    event = await rig.provider.read_webhook(headers=headers, body=body, now=datetime.now(UTC))
    assert event.refund == refund


@pytest.mark.parametrize("kind", ["CHECKOUT.ORDER.APPROVED", "PAYMENT.CAPTURE.REVERSED"])
async def test_a_webhook_of_something_else_concerns_nobody(rig: PayPalRig, kind: str) -> None:
    body = rig.double.event(kind, {"id": "5O190127TN364715T"})
    headers = rig.double.send(body, at=datetime.now(UTC))
    event = await rig.provider.read_webhook(headers=headers, body=body, now=datetime.now(UTC))
    assert (event.kind, event.charge, event.refund) == (kind, None, None)


async def test_a_webhook_of_a_capture_that_is_not_ours_has_no_charge(rig: PayPalRig) -> None:
    amount = {"currency_code": "USD", "value": "5.00"}
    capture = {"id": "CAPTURE001", "status": "COMPLETED", "amount": amount, "custom_id": "another shop"}
    body = rig.double.event("PAYMENT.CAPTURE.COMPLETED", capture)
    headers = rig.double.send(body, at=datetime.now(UTC))
    event = await rig.provider.read_webhook(headers=headers, body=body, now=datetime.now(UTC))
    assert event.charge is None


async def test_a_webhook_without_json_is_not_even_passed_on(rig: PayPalRig) -> None:
    headers = rig.double.send(b"not json", at=datetime.now(UTC))
    with pytest.raises(SignatureInvalid):
        await rig.provider.read_webhook(headers=headers, body=b"not json", now=datetime.now(UTC))
    assert rig.double.calls == []


async def test_paypal_at_work_on_the_order_tells_nothing_yet(rig: PayPalRig) -> None:
    order_id = await rig.order()
    rig.double.approve(order_id, issue="ORDER_COMPLETION_IN_PROGRESS")
    with pytest.raises(ProviderUnknown):
        await rig.provider.charge(order(Method("paypal", order_id)))


async def test_a_mistake_of_ours_is_no_decline(rig: PayPalRig) -> None:
    order_id = await rig.order()
    rig.double.approve(order_id, issue="PAYEE_NOT_ENABLED_FOR_CARD_PROCESSING")
    with pytest.raises(ProviderRefused):
        await rig.provider.charge(order(Method("paypal", order_id)))


def test_paypal_takes_no_decimals_of_some_currencies() -> None:
    assert to_amount(Money(150000, "HUF")).value == "1500"
    assert to_amount(Money(1500, "JPY")).value == "1500"
    assert to_amount(Money(1500, "USD")).value == "15.00"
    with pytest.raises(ProviderRefused):
        to_amount(Money(150050, "HUF"))
