"""A checkout, on the real database and the real Sandbox processor"""

import asyncio

import pytest
from msgspec.structs import replace

from tests.modules.store.shop import HOME, Stock, TestShop, usd
from tests.sandbox.server import SandboxServer
from threadly.modules import payments
from threadly.modules.store.errors.cart import GiftCardShort, RegionUnknown
from threadly.modules.store.errors.catalog import SoldOut
from threadly.modules.store.errors.orders import CartChanged, CartEmpty, CheckoutKeyReused, MethodMissing
from threadly.modules.store.types.orders import Order
from threadly.modules.store.types.shop import Shop, Taxes, TaxRate
from threadly.modules.store.verbs.shop import change_shop
from threadly.platform.errors import InvalidInput
from threadly.platform.work import Tenant, Work


async def test_a_card_that_is_good_pays_the_order_and_empties_the_cart(shop: TestShop) -> None:
    kareem, mug = await shop.join("kareem"), await shop.sell("Mug", price=1_000, on_hand=10)
    order = await shop.buy(kareem, mug, quantity=2, total=2_000)
    assert (order.state, order.total, order.paid_with) == ("paid", usd(2_000), "Sandbox card 4242")
    assert [(line.title, line.quantity, line.total) for line in order.lines] == [("Mug", 2, usd(2_000))]
    assert [(step.was, step.state) for step in order.history] == [(None, "pending"), ("pending", "paid")]
    assert await shop.stock(mug) == Stock(8, 0)
    assert await shop.quantities(kareem) == []
    (charge,) = await shop.charges(order.id)
    assert charge["amount_minor"] == 2_000


async def test_a_declined_card_keeps_the_cart_and_another_one_pays(shop: TestShop) -> None:
    kareem, mug = await shop.join("kareem"), await shop.sell(on_hand=3)
    with pytest.raises(payments.CardDeclined) as declined:
        await shop.buy(kareem, mug, total=1_000, token="tok_declined")
    assert declined.value.message == "Your card was declined. Try another card."
    assert await shop.stock(mug) == Stock(3, 0)
    assert await shop.quantities(kareem) == [1]
    paid = await shop.check_out(kareem, shop.request(1_000))
    assert paid.order.state == "paid"
    assert await shop.stock(mug) == Stock(2, 0)


async def test_the_same_key_after_a_decline_is_the_same_answer_and_no_second_attempt(shop: TestShop) -> None:
    kareem, mug = await shop.join("kareem"), await shop.sell()
    await shop.fill(kareem, mug)
    request = shop.request(1_000, token="tok_insufficient_funds")
    for _ in range(2):
        with pytest.raises(payments.InsufficientFunds):
            await shop.check_out(kareem, request)


async def test_what_times_out_after_charging_is_one_charge_and_one_order(shop: TestShop) -> None:
    kareem, mug = await shop.join("kareem"), await shop.sell(on_hand=3)
    order = await shop.buy(kareem, mug, total=1_000, token="tok_timeout_after")
    assert order.state == "paid"
    assert len(await shop.charges(order.id)) == 1
    assert await shop.stock(mug) == Stock(2, 0)


async def test_an_empty_cart_is_refused(shop: TestShop) -> None:
    kareem = await shop.join("kareem")
    with pytest.raises(CartEmpty):
        await shop.check_out(kareem, shop.request(1_000))


async def test_another_total_than_was_shown_is_refused_with_both(shop: TestShop) -> None:
    kareem, mug = await shop.join("kareem"), await shop.sell(on_hand=3)
    await shop.fill(kareem, mug)
    with pytest.raises(CartChanged) as changed:
        await shop.check_out(kareem, shop.request(999))
    assert "$10.00" in changed.value.message
    assert "$9.99" in changed.value.message
    assert await shop.stock(mug) == Stock(3, 0)


async def test_what_is_sold_out_is_named_and_nothing_is_written(shop: TestShop) -> None:
    kareem, bob = await shop.join("kareem"), await shop.join("bob")
    mug = await shop.sell("Mug", on_hand=1)
    await shop.fill(kareem, mug)
    await shop.buy(bob, mug, total=1_000)
    request = shop.request(1_000)
    with pytest.raises(SoldOut) as sold_out:
        await shop.check_out(kareem, request)
    assert "Mug" in sold_out.value.message
    with pytest.raises(SoldOut):
        await shop.check_out(kareem, request)
    assert await shop.quantities(kareem) == [1]


async def test_something_to_pay_needs_a_way_to_pay(shop: TestShop) -> None:
    kareem, mug = await shop.join("kareem"), await shop.sell()
    with pytest.raises(MethodMissing):
        await shop.buy(kareem, mug, total=1_000, methods=[])


async def test_a_gift_card_that_covers_it_needs_no_provider(shop: TestShop) -> None:
    kareem, mug = await shop.join("kareem"), await shop.sell(on_hand=3)
    code = await shop.gift_card(1_500)
    order = await shop.buy(kareem, mug, total=1_000, gift_cards=[code], expected_due=usd(0), methods=[])
    assert (order.state, order.gift_card, order.due) == ("paid", usd(1_000), usd(0))
    assert await shop.stock(mug) == Stock(2, 0)
    assert await shop.charges(order.id) == []


async def test_nobody_pays_with_gift_cards_without_saying_what_those_leave(shop: TestShop) -> None:
    kareem, mug = await shop.join("kareem"), await shop.sell(on_hand=3)
    code = await shop.gift_card(1_500)
    with pytest.raises(InvalidInput) as refused:
        await shop.buy(kareem, mug, total=1_000, gift_cards=[code])
    assert [each.field for each in refused.value.details] == ["expected_due"]


async def test_of_two_who_use_a_gift_card_at_once_one_is_asked_again(shop: TestShop) -> None:
    buyers, mug = await shop.crowd(2), await shop.sell(price=3_000, on_hand=3)
    code = await shop.gift_card(3_000)
    both = [shop.buy(buyer, mug, total=3_000, gift_cards=[code], expected_due=usd(0)) for buyer in buyers]
    outcomes = await asyncio.gather(*both, return_exceptions=True)
    assert [isinstance(each, CartChanged | GiftCardShort) for each in outcomes].count(True) == 1
    (order,) = [each for each in outcomes if isinstance(each, Order)]
    assert (order.gift_card, order.due) == (usd(3_000), usd(0))


async def test_a_region_is_not_spelled_around_its_tax(shop: TestShop) -> None:
    rates = Taxes([TaxRate("EG", "VAT of Cairo", 1_000, "Cairo")])
    await shop.owner.write(lambda work: change_shop(work, shop=Shop(taxes=rates)))
    kareem, mug = await shop.join("kareem"), await shop.sell()
    with pytest.raises(RegionUnknown) as refused:
        await shop.buy(kareem, mug, total=1_000, address=replace(HOME, region="Kairo"))
    assert refused.value.field == "address.region"
    order = await shop.buy(kareem, mug, total=1_100, address=replace(HOME, region="cairo"))
    assert order.tax == usd(100)


async def test_two_clicks_at_the_same_instant_are_one_order(shop: TestShop) -> None:
    kareem, mug = await shop.join("kareem"), await shop.sell(on_hand=9)
    await shop.fill(kareem, mug)
    request = shop.request(1_000, token="tok_slow")
    first, second = await asyncio.gather(shop.check_out(kareem, request), shop.check_out(kareem, request))
    assert first.order.id == second.order.id
    assert {first.order.state, second.order.state} <= {"paid", "payment_pending"}
    assert len(await shop.charges(first.order.id)) <= 1
    assert await shop.quantities(kareem) == []


async def test_a_second_tab_gets_the_order_of_the_first_during_and_after_it(shop: TestShop) -> None:
    kareem, mug = await shop.join("kareem"), await shop.sell(on_hand=9)
    await shop.fill(kareem, mug)
    tabs = [shop.request(1_000) for _ in range(3)]
    answers = await asyncio.gather(*(shop.check_out(kareem, tab) for tab in tabs))
    later = await shop.check_out(kareem, shop.request(1_000))
    assert len({answer.order.id for answer in [*answers, later]}) == 1
    assert later.joined
    assert len(await shop.charges(later.order.id)) == 1
    assert await shop.stock(mug) == Stock(8, 0)


async def test_a_key_with_another_request_is_refused(shop: TestShop) -> None:
    kareem, mug = await shop.join("kareem"), await shop.sell()
    await shop.buy(kareem, mug, total=1_000, key="one")
    with pytest.raises(CheckoutKeyReused):
        await shop.check_out(kareem, shop.request(2_000, key="one"))


async def test_what_is_kept_with_an_outcome_is_undone_with_it(shop: TestShop) -> None:
    kareem, mug = await shop.join("kareem"), await shop.sell(on_hand=3)
    await shop.fill(kareem, mug)
    seen: list[Order] = []

    async def keep(work: Work, order: Order) -> None:
        seen.append(order)
        raise RuntimeError("no room")

    with pytest.raises(RuntimeError, match="no room"):
        await shop.check_out(kareem, shop.request(1_000), keep=keep)
    assert [order.state for order in seen] == ["paid"]
    assert (await shop.order(seen[0].id)).state == "pending"
    await shop.resume(seen[0].id)
    assert (await shop.order(seen[0].id)).state == "paid"
    assert len(await shop.charges(seen[0].id)) == 1


async def test_each_community_counts_its_own_orders(
    shop: TestShop, other_tenant: Tenant, sandbox: SandboxServer
) -> None:
    other = TestShop(shop.runtime, other_tenant, sandbox)
    numbers: dict[str, list[int]] = {"here": [], "there": []}
    for where, each in (("here", shop), ("there", other), ("here", shop)):
        buyer = await each.join(f"buyer{len(numbers['here'])}")
        order = await each.buy(buyer, await each.sell(), total=1_000)
        numbers[where].append(order.number)
    assert numbers == {"here": [1001, 1002], "there": [1001]}


async def test_the_first_orders_of_a_community_at_once_have_numbers_of_their_own(shop: TestShop) -> None:
    buyers, mug = await shop.crowd(6), await shop.sell(on_hand=6)
    orders = await asyncio.gather(*(shop.buy(buyer, mug, total=1_000) for buyer in buyers))
    assert sorted(order.number for order in orders) == list(range(1001, 1007))
