"""Orders given back, sent and called off"""

import asyncio

import pytest

from tests.cast import Visit
from tests.modules.store.shop import Stock, TestShop, usd
from threadly.modules import payments
from threadly.modules.store.errors.orders import (
    AmountInvalid,
    NothingToRefund,
    OrderFulfilled,
    OrderMissing,
    OrderNotPaid,
    RefundAboveRest,
    RefundLineUnknown,
    RestockNeedsLines,
)
from threadly.modules.store.types.catalog import VariantChange
from threadly.modules.store.types.orders import Order, OrderRefund, ReturnedLine
from threadly.modules.store.types.shop import ShippingRate, Shop, Taxes, TaxRate
from threadly.modules.store.verbs.auditing import list_order_discrepancies
from threadly.modules.store.verbs.gift_cards import list_gift_cards, void_gift_card
from threadly.modules.store.verbs.orders import get_order
from threadly.modules.store.verbs.refunds import cancel_order, fulfil_order, refund_order
from threadly.modules.store.verbs.shop import change_shop
from threadly.modules.store.verbs.variants import edit_variant
from threadly.platform.ids import UUID
from threadly.platform.work import SYSTEM, Denied, Work


@pytest.fixture
async def kareem(shop: TestShop) -> Visit:
    return await shop.join("kareem")


@pytest.fixture
async def order(shop: TestShop, kareem: Visit) -> Order:
    """Three mugs for $30, paid."""
    return await shop.buy(kareem, await shop.sell(on_hand=5), quantity=3, total=3_000)


async def refund(shop: TestShop, order: Order, **values: object) -> OrderRefund:
    """By the owner, and executed."""

    async def act(work: Work) -> OrderRefund:
        return await refund_order(work, order_id=order.id, reason="It broke", **values)  # type: ignore[arg-type]

    made = await shop.owner.write(act)
    await shop.work_off()
    return made


async def balances(shop: TestShop) -> dict[str, int]:
    """The ledger, by account."""
    async with shop.works.read(shop.tenant, SYSTEM, fresh=True) as work:
        return {each.account: each.amount_minor for each in await payments.ledger_balances(work)}


async def agree(shop: TestShop) -> bool:
    return await shop.owner.read(list_order_discrepancies, fresh=True) == []


def mug(order: Order) -> UUID:
    return order.lines[0].variant_id


async def test_a_full_refund_gives_all_back_and_leaves_the_shelf_as_it_is(
    shop: TestShop, order: Order
) -> None:
    made = await refund(shop, order)
    assert (made.amount, made.state) == (usd(3_000), "requested")
    now = await shop.order(order.id)
    assert (now.state, now.refunded, now.refunds[0].state) == ("refunded", usd(3_000), "succeeded")
    assert (await shop.payment(order.id)).refunded == usd(3_000)
    assert await shop.stock(mug(order)) == Stock(2, 0)
    assert await agree(shop)


async def test_lines_are_given_back_at_their_price_and_put_back_by_choice(
    shop: TestShop, order: Order
) -> None:
    made = await refund(shop, order, lines=[ReturnedLine(1, 2)], restock_units=True)
    assert made.amount == usd(2_000)
    now = await shop.order(order.id)
    assert (now.state, now.refunded, now.lines[0].restocked) == ("partially_refunded", usd(2_000), 2)
    assert await shop.stock(mug(order)) == Stock(4, 0)
    await refund(shop, order, restock_units=True)
    assert (await shop.order(order.id)).state == "refunded"
    assert await shop.stock(mug(order)) == Stock(5, 0)
    assert await agree(shop)


async def test_a_unit_is_given_back_once_back_on_the_shelf_or_not(shop: TestShop, order: Order) -> None:
    await refund(shop, order, lines=[ReturnedLine(1, 2)])
    assert (await shop.order(order.id)).lines[0].refunded_units == 2
    with pytest.raises(RefundLineUnknown) as refused:
        await refund(shop, order, lines=[ReturnedLine(1, 2)])
    assert "1 unit of “Mug”" in refused.value.message
    await refund(shop, order, lines=[ReturnedLine(1, 1)], restock_units=True)
    now = await shop.order(order.id)
    assert (now.state, now.lines[0].refunded_units, now.lines[0].restocked) == ("refunded", 3, 1)


async def test_units_given_back_one_by_one_are_worth_what_they_are_together(
    shop: TestShop, kareem: Visit
) -> None:
    await shop.coupon("TENTH", basis_points=1_000)
    cup = await shop.sell(price=371, on_hand=3)
    await shop.fill(kareem, cup, quantity=3, coupon="TENTH")
    order = (await shop.check_out(kareem, shop.request(1_002))).order
    one_by_one = [await refund(shop, order, lines=[ReturnedLine(1, 1)]) for _ in range(3)]
    assert sum(each.amount.amount_minor for each in one_by_one) == 1_002
    assert (await shop.order(order.id)).state == "refunded"
    assert await agree(shop)


async def test_lines_that_cost_more_than_is_left_are_refused_and_not_cut(
    shop: TestShop, order: Order
) -> None:
    await refund(shop, order, amount=usd(2_500))
    with pytest.raises(RefundAboveRest) as refused:
        await refund(shop, order, lines=[ReturnedLine(1, 1)])
    assert "$5.00" in refused.value.message
    made = await refund(shop, order, lines=[ReturnedLine(1, 1)], amount=usd(500))
    assert made.amount == usd(500)


async def test_two_refunds_of_the_same_units_at_once_are_one(shop: TestShop, order: Order) -> None:
    both = [refund(shop, order, lines=[ReturnedLine(1, 2)]) for _ in range(2)]
    outcomes = await asyncio.gather(*both, return_exceptions=True)
    assert [type(each) for each in outcomes].count(RefundLineUnknown) == 1
    await shop.work_off()
    assert (await shop.order(order.id)).refunded == usd(2_000)


async def test_more_than_is_left_is_refused_with_what_is_left(shop: TestShop, order: Order) -> None:
    await refund(shop, order, amount=usd(2_999))
    with pytest.raises(RefundAboveRest) as refused:
        await refund(shop, order, amount=usd(2))
    assert "$0.01" in refused.value.message
    await refund(shop, order, amount=usd(1))
    with pytest.raises(NothingToRefund):
        await refund(shop, order, amount=usd(1))


async def test_two_refunds_at_once_never_give_more_than_was_paid(shop: TestShop, order: Order) -> None:
    both = [refund(shop, order, amount=usd(2_000)) for _ in range(2)]
    outcomes = await asyncio.gather(*both, return_exceptions=True)
    assert [type(each) for each in outcomes].count(RefundAboveRest) == 1
    await shop.work_off()
    assert (await shop.order(order.id)).refunded == usd(2_000)
    assert await agree(shop)


async def test_what_makes_no_sense_is_refused(shop: TestShop, order: Order, kareem: Visit) -> None:
    with pytest.raises(AmountInvalid):
        await refund(shop, order, amount=usd(0))
    with pytest.raises(RefundLineUnknown):
        await refund(shop, order, lines=[ReturnedLine(1, 4)])
    with pytest.raises(RefundLineUnknown):
        await refund(shop, order, lines=[ReturnedLine(2, 1)])
    with pytest.raises(RestockNeedsLines):
        await refund(shop, order, amount=usd(100), restock_units=True)
    with pytest.raises(Denied):
        await kareem.write(lambda work: refund_order(work, order_id=order.id, reason="I want to"))


async def test_the_card_is_given_back_to_before_the_gift_card(shop: TestShop, kareem: Visit) -> None:
    code = await shop.gift_card(1_000)
    variant = await shop.sell(price=2_500, on_hand=1)
    order = await shop.buy(kareem, variant, total=2_500, gift_cards=[code], expected_due=usd(1_500))
    assert (order.gift_card, order.due) == (usd(1_000), usd(1_500))
    first = await refund(shop, order, amount=usd(1_400))
    assert (first.amount, first.gift_card) == (usd(1_400), usd(0))
    second = await refund(shop, order)
    assert (second.amount, second.gift_card) == (usd(1_100), usd(1_000))
    assert await shop.gift_card_balances() == [1_000]
    assert (await shop.payment(order.id)).refunded == usd(1_500)
    assert await agree(shop)


async def test_what_goes_back_to_an_ended_gift_card_can_be_spent_again(shop: TestShop, kareem: Visit) -> None:
    code = await shop.gift_card(1_000)
    mugs = await shop.sell(on_hand=1)
    order = await shop.buy(kareem, mugs, total=1_000, gift_cards=[code], expected_due=usd(0))
    (card,) = (await shop.owner.read(list_gift_cards, fresh=True)).items
    await shop.owner.write(lambda work: void_gift_card(work, card_id=card.id))
    await refund(shop, order)
    (card,) = (await shop.owner.read(list_gift_cards, fresh=True)).items
    assert (card.state, card.balance) == ("active", usd(1_000))
    assert await agree(shop)


async def test_what_was_not_counted_when_it_was_sold_is_not_put_back(shop: TestShop, kareem: Visit) -> None:
    mugs = await shop.sell(on_hand=5)

    async def count(*, tracked: bool) -> None:
        change = VariantChange(tracked=tracked)
        await shop.owner.write(lambda work: edit_variant(work, variant_id=mugs, change=change))

    await count(tracked=False)
    order = await shop.buy(kareem, mugs, quantity=3, total=3_000)
    await count(tracked=True)
    await kareem.write(lambda work: cancel_order(work, order_id=order.id))
    assert await shop.stock(mugs) == Stock(5, 0)
    assert await agree(shop)


async def test_after_all_is_given_back_no_account_keeps_any_of_it_but_the_fee(
    shop: TestShop, kareem: Visit
) -> None:
    rates = Taxes([TaxRate("EG", "VAT", 1_400)], shipping_taxable=True)
    settings = Shop("USD", rates, [ShippingRate("*", 499)])
    await shop.owner.write(lambda work: change_shop(work, shop=settings))
    code = await shop.gift_card(700)
    variant = await shop.sell(price=1_999, on_hand=3)
    total = 3 * 1_999 + 499 + 840 + 70
    due = usd(total - 700)
    order = await shop.buy(kareem, variant, quantity=3, total=total, gift_cards=[code], expected_due=due)
    for amount in (1, 2_345, 777):
        await refund(shop, order, amount=usd(amount))
    await refund(shop, order)
    found = await balances(shop)
    assert found.get("tax", 0) == 0
    assert found["sales"] + found["shipping"] + found["refunds"] == 0
    assert found["gift_cards"] == -700
    assert found["provider:sandbox"] + found["fees"] == 0
    assert await agree(shop)


async def test_an_order_is_sent_once(shop: TestShop, order: Order, kareem: Visit) -> None:
    for _ in range(2):
        sent = await shop.owner.write(lambda work: fulfil_order(work, order_id=order.id))
        assert sent.state == "fulfilled"
    assert [step.state for step in sent.history] == ["pending", "paid", "fulfilled"]
    with pytest.raises(OrderFulfilled):
        await kareem.write(lambda work: cancel_order(work, order_id=order.id))
    with pytest.raises(Denied):
        await kareem.write(lambda work: fulfil_order(work, order_id=order.id))


async def test_part_given_back_before_it_is_sent_still_lets_it_be_sent(shop: TestShop, order: Order) -> None:
    await refund(shop, order, amount=usd(100))
    sent = await shop.owner.write(lambda work: fulfil_order(work, order_id=order.id))
    assert (sent.state, sent.refunded) == ("fulfilled", usd(100))


async def test_the_buyer_calls_it_off_before_it_is_sent(shop: TestShop, order: Order, kareem: Visit) -> None:
    for _ in range(2):
        cancelled = await kareem.write(lambda work: cancel_order(work, order_id=order.id))
    assert (cancelled.state, cancelled.refunded) == ("cancelled", usd(3_000))
    await shop.work_off()
    assert await shop.stock(mug(order)) == Stock(5, 0)
    assert (await shop.payment(order.id)).refunded == usd(3_000)
    with pytest.raises(NothingToRefund):
        await refund(shop, order)
    assert await agree(shop)


async def test_the_coupon_of_an_order_that_was_called_off_can_be_used_again(
    shop: TestShop, kareem: Visit
) -> None:
    await shop.coupon("ONCE", basis_points=1_000, most_uses=1)
    mug = await shop.sell(on_hand=5)
    await shop.fill(kareem, mug, coupon="ONCE")
    order = (await shop.check_out(kareem, shop.request(900))).order
    await shop.owner.write(lambda work: cancel_order(work, order_id=order.id))
    assert await shop.coupon_uses() == [0]
    await shop.fill(kareem, mug, coupon="ONCE")
    again = (await shop.check_out(kareem, shop.request(900))).order
    assert (again.state, again.discount) == ("paid", usd(100))
    assert await agree(shop)


async def test_an_order_that_was_never_paid_is_not_given_back(shop: TestShop, kareem: Visit) -> None:
    async with shop.sandbox.client() as client:
        await client.put("/v1/behaviour", json={"down": True})
        order = await shop.buy(kareem, await shop.sell(), total=1_000)
        await client.put("/v1/behaviour", json={})
    with pytest.raises(OrderNotPaid):
        await refund(shop, order)
    await kareem.write(lambda work: cancel_order(work, order_id=order.id))
    with pytest.raises(OrderNotPaid):
        await refund(shop, order)


async def test_somebody_elses_order_is_not_there(shop: TestShop, order: Order) -> None:
    bob = await shop.join("bob")
    with pytest.raises(OrderMissing):
        await bob.read(lambda work: get_order(work, order_id=order.id))
    with pytest.raises(OrderMissing):
        await bob.write(lambda work: cancel_order(work, order_id=order.id))


async def test_a_refund_that_the_provider_refuses_is_taken_back(shop: TestShop, order: Order) -> None:
    await shop.give_back_behind_our_back(order.id)
    await refund(shop, order, lines=[ReturnedLine(1, 2)], restock_units=True)
    now = await shop.order(order.id)
    assert (now.lines[0].refunded_units, now.lines[0].restocked) == (0, 2)
    assert (now.state, now.refunded, now.refunds[0].state) == ("paid", usd(0), "failed")
    assert now.history[-1].why == "The provider refused to give the money back."


async def test_what_the_provider_refused_of_a_cancelled_order_can_be_given_back_again(
    shop: TestShop, order: Order, kareem: Visit
) -> None:
    await shop.give_back_behind_our_back(order.id, amount=1_000)
    await kareem.write(lambda work: cancel_order(work, order_id=order.id))
    await shop.work_off()
    assert (await shop.order(order.id)).refunded == usd(0)
    made = await refund(shop, order, amount=usd(2_000))
    assert made.state == "requested"
    now = await shop.order(order.id)
    assert (now.state, now.refunded) == ("cancelled", usd(2_000))
    assert [each.state for each in now.refunds] == ["failed", "succeeded"]
