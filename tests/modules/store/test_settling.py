"""What becomes of an order when nobody is left to wait for its payment"""

import asyncio

import msgspec
import pytest

from tests.cast import Visit
from tests.conftest import eventually
from tests.modules.store.shop import Stock, TestShop, usd
from threadly.modules import payments
from threadly.modules.store.errors.catalog import SoldOut
from threadly.modules.store.jobs import WATCHES, release_expired
from threadly.modules.store.types.orders import Order
from threadly.modules.store.verbs.auditing import list_order_discrepancies
from threadly.modules.store.verbs.checkout import begin_checkout
from threadly.modules.store.verbs.refunds import cancel_order
from threadly.modules.store.verbs.settling import settle
from threadly.platform.durable.due import look
from threadly.platform.ids import UUID
from threadly.platform.work import SYSTEM, Work


async def begin(shop: TestShop, buyer: Visit, variant: UUID, *, token: str = "tok_success") -> UUID:
    """A checkout whose process dies before it charges."""
    await shop.fill(buyer, variant)
    begun = await buyer.write(lambda work: begin_checkout(work, request=shop.request(1_000, token=token)))
    return begun.order_id


async def discrepancies(shop: TestShop) -> list[str]:
    found = await shop.owner.read(list_order_discrepancies, fresh=True)
    return [each.kind for each in found]


async def down(shop: TestShop, *, is_down: bool) -> None:
    async with shop.sandbox.client() as client:
        (await client.put("/v1/behaviour", json={"down": is_down})).raise_for_status()


async def test_with_the_provider_down_the_order_is_received_and_paid_when_it_is_back(shop: TestShop) -> None:
    kareem, mug = await shop.join("kareem"), await shop.sell(on_hand=3)
    await down(shop, is_down=True)
    order = await shop.buy(kareem, mug, total=1_000)
    assert order.state == "payment_pending"
    assert order.placed_at is not None
    assert await shop.stock(mug) == Stock(3, 1)
    assert await shop.quantities(kareem) == []
    await down(shop, is_down=False)
    await shop.resume(order.id)
    assert (await shop.order(order.id)).state == "paid"
    assert await shop.stock(mug) == Stock(2, 0)
    assert len(await shop.charges(order.id)) == 1
    assert await discrepancies(shop) == []


async def test_what_was_received_and_is_declined_at_last_comes_back_into_the_cart(shop: TestShop) -> None:
    kareem, mug = await shop.join("kareem"), await shop.sell(on_hand=3)
    await down(shop, is_down=True)
    order = await shop.buy(kareem, mug, quantity=2, total=2_000, token="tok_declined")
    await down(shop, is_down=False)
    await shop.resume(order.id)
    order = await shop.order(order.id)
    assert (order.state, order.reason) == ("cancelled", "payment_declined")
    assert await shop.quantities(kareem) == [2]
    assert await shop.stock(mug) == Stock(3, 0)


async def test_a_checkout_whose_process_died_is_healed_by_a_worker(shop: TestShop) -> None:
    kareem, mug = await shop.join("kareem"), await shop.sell(on_hand=3)
    order_id = await begin(shop, kareem, mug)
    assert (await shop.order(order_id)).state == "pending"
    await shop.resume(order_id)
    assert (await shop.order(order_id)).state == "paid"
    assert await shop.quantities(kareem) == []
    assert len(await shop.charges(order_id)) == 1
    assert await discrepancies(shop) == []


async def test_a_process_that_died_after_the_charge_has_charged_once(shop: TestShop) -> None:
    """The charge is made under the attempt's key, then everything before the settlement is lost."""
    kareem, mug = await shop.join("kareem"), await shop.sell(on_hand=3)
    order_id = await begin(shop, kareem, mug, token="tok_timeout_after")
    payment = await shop.payment(order_id)
    collecting = asyncio.create_task(shop.cashier.collect(shop.tenant, payment.id, settle))

    async def charged() -> bool:
        return len(await shop.charges(order_id)) == 1

    await eventually(charged)
    other = shop.new_cashier(shop.sandbox.url)
    await other.resume(shop.tenant, payment.id)
    await collecting
    await shop.work_off()
    assert (await shop.order(order_id)).state == "paid"
    assert len(await shop.charges(order_id)) == 1
    assert await shop.stock(mug) == Stock(2, 0)


async def test_settling_twice_is_settling_once(shop: TestShop) -> None:
    kareem, mug = await shop.join("kareem"), await shop.sell(on_hand=3)
    order = await shop.buy(kareem, mug, total=1_000)
    payment = await shop.payment(order.id)
    for _ in range(2):
        await shop.owner.write(lambda work: settle(work, payment))
    await shop.work_off()
    assert await shop.stock(mug) == Stock(2, 0)
    assert [step.state for step in (await shop.order(order.id)).history] == ["pending", "paid"]


@pytest.fixture
async def expired(shop: TestShop) -> Order:
    """Held with a coupon and a gift card, and not paid within its time."""
    kareem, mug = await shop.join("kareem"), await shop.sell(on_hand=3)
    await shop.coupon("TEN", basis_points=1_000)
    code = await shop.gift_card(500)
    await shop.fill(kareem, mug, coupon="TEN")
    await down(shop, is_down=True)
    request = shop.request(900, gift_cards=[code], expected_due=usd(400))
    order = (await shop.check_out(kareem, request)).order
    assert (order.state, order.gift_card, order.due) == ("payment_pending", usd(500), usd(400))
    await down(shop, is_down=False)
    await shop.run(release_expired, subject_id=str(order.id), tries=0)
    return await shop.order(order.id)


async def test_an_expired_order_gives_everything_back(shop: TestShop, expired: Order) -> None:
    assert (expired.state, expired.reason) == ("cancelled", "expired")
    assert await shop.stock(expired.lines[0].variant_id) == Stock(3, 0)
    assert await shop.gift_card_balances() == [500]
    assert await shop.coupon_uses() == [0]
    await shop.resume(expired.id)
    assert (await shop.payment(expired.id)).state == "abandoned"
    assert await shop.charges(expired.id) == []
    assert await discrepancies(shop) == []


async def test_the_worker_finds_what_has_expired(shop: TestShop) -> None:
    kareem, mug = await shop.join("kareem"), await shop.sell(on_hand=3)
    order_id = await begin(shop, kareem, mug)
    (watch,) = WATCHES
    await look(shop.works, shop.runtime.tenants, watch)
    await shop.work_off()
    assert (await shop.order(order_id)).state == "pending"
    await shop.let_expire(order_id)
    await look(shop.works, shop.runtime.tenants, watch)
    await shop.work_off()
    assert (await shop.order(order_id)).reason == "expired"
    assert await shop.stock(mug) == Stock(3, 0)
    assert await shop.quantities(kareem) == [1]


async def test_money_that_comes_too_late_goes_back_by_itself(shop: TestShop) -> None:
    kareem, mug = await shop.join("kareem"), await shop.sell(on_hand=3)
    order_id = await begin(shop, kareem, mug)
    await shop.run(release_expired, subject_id=str(order_id), tries=0)
    late = msgspec.structs.replace(await shop.payment(order_id), state="succeeded")
    assert (await shop.order(order_id)).state == "cancelled"
    # The charge was on its way already: the provider has it when it is asked to cancel.
    payment = await shop.payment(order_id)
    attempt = await shop.charge_behind_our_back(payment)
    assert attempt
    await shop.resume(order_id)
    assert (await shop.payment(order_id)).state == "succeeded"
    order = await shop.order(order_id)
    assert (order.state, order.refunded) == ("cancelled", late.amount)
    assert [refund.state for refund in order.refunds] == ["succeeded"]
    assert (await shop.payment(order_id)).refunded == late.amount
    assert await shop.stock(mug) == Stock(3, 0)
    assert await discrepancies(shop) == []


async def test_a_received_order_can_be_called_off_and_is_not_charged(shop: TestShop) -> None:
    kareem, mug = await shop.join("kareem"), await shop.sell(on_hand=3)
    await down(shop, is_down=True)
    order = await shop.buy(kareem, mug, total=1_000)
    cancelled = await kareem.write(lambda work: cancel_order(work, order_id=order.id))
    assert (cancelled.state, cancelled.reason) == ("cancelled", "cancelled_by_buyer")
    await down(shop, is_down=False)
    await shop.resume(order.id)
    assert await shop.charges(order.id) == []
    assert await shop.stock(mug) == Stock(3, 0)


async def test_who_calls_an_order_off_holds_nothing_that_its_settlement_waits_for(shop: TestShop) -> None:
    kareem, mug = await shop.join("kareem"), await shop.sell(on_hand=3)
    await down(shop, is_down=True)
    order = await shop.buy(kareem, mug, total=1_000)

    async def call_off(work: Work) -> None:
        await cancel_order(work, order_id=order.id)

    async with shop.works.write(shop.tenant, SYSTEM) as settling:
        payment = await payments.lock_payment(settling, reference=order.id)
        assert payment is not None
        calling_off = asyncio.create_task(kareem.write(call_off))
        done, _ = await asyncio.wait([calling_off], timeout=0.3)
        assert not done
        async with asyncio.timeout(0.9):  # before the database looks for a deadlock
            await settle(settling, msgspec.structs.replace(payment, state="declined"))
    await calling_off
    assert (await shop.order(order.id)).reason == "payment_declined"


async def test_five_hundred_buyers_of_a_hundred_units_make_a_hundred_orders(shop: TestShop) -> None:
    mug = await shop.sell(on_hand=100)
    crowd = await shop.crowd(500)
    await asyncio.gather(*(shop.fill(buyer, mug) for buyer in crowd))

    async def buy(buyer: Visit) -> str:
        try:
            return (await shop.check_out(buyer, shop.request(1_000))).order.state
        except SoldOut:
            return "sold out"

    async with asyncio.timeout(120):
        outcomes = await asyncio.gather(*(buy(buyer) for buyer in crowd))
    assert outcomes.count("sold out") == 400
    assert outcomes.count("paid") + outcomes.count("payment_pending") == 100
    stock = await shop.stock(mug)
    assert stock.on_hand - stock.reserved == 0
    assert await discrepancies(shop) == []
