"""What a buyer is told of an order: one entry, which says where it stands"""

from collections.abc import AsyncIterator

import pytest

from tests.modules.notifications.acts import bell_of, happen
from tests.modules.store.shop import TestShop, usd
from tests.sandbox.server import SandboxServer
from threadly.modules import payments, store
from threadly.platform.ids import new_id
from threadly.platform.runtime import Runtime
from threadly.platform.work import Tenant, Work


@pytest.fixture
async def shop(paying_runtime: Runtime, tenant: Tenant, sandbox: SandboxServer) -> AsyncIterator[TestShop]:
    shop = TestShop(paying_runtime, tenant, sandbox)
    yield shop
    await shop.aclose()
    sandbox.reset()


async def test_an_order_is_one_entry_and_each_refund_is_told_once(
    shop: TestShop, paying_runtime: Runtime
) -> None:
    buyer = await shop.join("kareem")
    order = await shop.buy(buyer, await shop.sell(on_hand=5), quantity=3, total=3_000)
    await shop.work_off()
    (entry,) = await bell_of(buyer)
    assert (entry.title, entry.text) == (f"Your order {order.number} is paid", "$30.00")
    assert entry.url == f"/orders/{order.id}"

    async def refund(work: Work) -> None:
        await store.refund_order(work, order_id=order.id, reason="It broke", amount=usd(1_000))

    for given_back in ("$10.00 of $30.00", "$20.00 of $30.00"):
        await shop.owner.write(refund)
        await shop.work_off()
        (entry,) = await bell_of(buyer)
        assert (entry.title, entry.text) == (f"You got a refund for your order {order.number}", given_back)
    assert entry.count == 3

    again = [
        store.OrderPaid(order_id=order.id, buyer_id=buyer.actor.me, amount_minor=3_000, currency="USD"),
        store.OrderRefunded(order_id=order.id, buyer_id=buyer.actor.me, amount_minor=1_000, currency="USD"),
    ]
    await happen(paying_runtime, buyer, *again)
    assert await bell_of(buyer) == [entry]
    assert await bell_of(shop.owner) == []


async def test_an_order_that_waits_is_told_and_one_that_nobody_knows_is_not(
    shop: TestShop, paying_runtime: Runtime
) -> None:
    buyer = await shop.join("kareem")
    order = await shop.buy(buyer, await shop.sell(), total=1_000)
    nobody = new_id()
    await happen(
        paying_runtime,
        buyer,
        payments.PaymentSaved(payment_id=new_id(), reference=order.id),
        payments.PaymentSaved(payment_id=new_id(), reference=nobody),
        store.OrderSent(order_id=order.id, buyer_id=buyer.actor.me),
        store.OrderSent(order_id=nobody, buyer_id=buyer.actor.me),
    )
    (entry,) = await bell_of(buyer)
    assert entry.title == f"Your order {order.number} is on its way"


async def test_what_is_heard_late_does_not_take_an_order_back(
    shop: TestShop, paying_runtime: Runtime
) -> None:
    buyer = await shop.join("kareem")
    order = await shop.buy(buyer, await shop.sell(), total=1_000)
    await shop.owner.write(lambda work: store.fulfil_order(work, order_id=order.id))
    await happen(
        paying_runtime,
        buyer,
        store.OrderSent(order_id=order.id, buyer_id=buyer.actor.me),
        store.OrderPaid(order_id=order.id, buyer_id=buyer.actor.me, amount_minor=1_000, currency="USD"),
        payments.PaymentSaved(payment_id=new_id(), reference=order.id),
    )
    (entry,) = await bell_of(buyer)
    assert (entry.title, entry.count) == (f"Your order {order.number} is on its way", 1)
