"""Prices: nothing below zero, parts that sum to the whole, and an order that does not matter."""

from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from threadly.modules.store.errors.cart import CouponConflict, NotShippedThere, RegionUnknown
from threadly.modules.store.rules.pricing import (
    CouponTerms,
    GiftCardBalance,
    PricedLine,
    Quote,
    price,
    spend,
)
from threadly.modules.store.types.shop import Destination, ShippingRate, Shop, Taxes, TaxRate

MINOR = 10**9
minor = st.integers(0, MINOR)
percents = st.builds(
    CouponTerms,
    code=st.just("PERCENT"),
    kind=st.just("percent"),
    basis_points=st.integers(1, 10_000),
    minimum_minor=minor,
)
fixed = st.builds(
    CouponTerms,
    code=st.just("FIXED"),
    kind=st.just("fixed"),
    amount_minor=st.integers(1, MINOR),
    minimum_minor=minor,
)
coupon_sets = st.tuples(st.lists(percents, max_size=1), st.lists(fixed, max_size=1)).map(
    lambda both: [*both[0], *both[1]]
)
lines = st.builds(
    PricedLine,
    variant_id=st.uuids(),
    quantity=st.integers(1, 999),
    price_minor=minor,
    ships=st.booleans(),
    taxable=st.booleans(),
)
carts = st.lists(lines, max_size=12)
rates = st.builds(
    TaxRate,
    country=st.sampled_from(["US", "DE"]),
    name=st.sampled_from(["Sales tax", "County", "VAT"]),
    basis_points=st.integers(1, 10_000),
    region=st.sampled_from(["", "CA", "NY"]),
)
shipping = st.builds(
    ShippingRate,
    country=st.just("*"),
    amount_minor=minor,
    free_from_minor=st.none() | minor,
)
shops = st.builds(
    Shop,
    currency=st.just("USD"),
    taxes=st.builds(Taxes, rates=st.lists(rates, max_size=4), shipping_taxable=st.booleans()),
    shipping=st.lists(shipping, min_size=1, max_size=1),
)
addresses = st.none() | st.builds(
    Destination,
    country=st.sampled_from(["US", "DE", "FR"]),
    region=st.sampled_from(["", "CA", "ca", "TX"]),
    other_region=st.just(True),
)
gift_cards = st.lists(
    st.builds(GiftCardBalance, id=st.uuids(), last_four=st.just("7ZK4"), balance_minor=minor), max_size=4
)
orders: Any = st.fixed_dictionaries(
    {"coupons": coupon_sets, "gift_cards": gift_cards, "shop": shops, "address": addresses}
)

LAMP = PricedLine(UUID(int=1), 1, 1_999)
BOOK = PricedLine(UUID(int=2), 2, 500)
CALIFORNIA = Destination("US", "CA")
CALIFORNIAN = Taxes(rates=[TaxRate("US", "Sales tax", 825, "CA")])


@given(carts, orders)
def test_no_part_is_negative_and_all_parts_sum_to_the_whole(cart: list[PricedLine], order: Any) -> None:
    quote = price(cart, **order)
    # As the constraints of store.orders and store.order_lines have it.
    assert 0 <= quote.discount_minor <= quote.subtotal_minor
    assert min(quote.shipping_minor, quote.tax_minor, quote.gift_card_minor, quote.due_minor) >= 0
    assert quote.total_minor == (
        quote.subtotal_minor - quote.discount_minor + quote.shipping_minor + quote.tax_minor
    )
    assert quote.total_minor == quote.gift_card_minor + quote.due_minor
    for line in quote.lines:
        assert min(line.discount_minor, line.tax_minor, line.total_minor) >= 0
        assert line.discount_minor <= line.subtotal_minor == line.quantity * line.price_minor
        assert line.total_minor == line.subtotal_minor - line.discount_minor + line.tax_minor


@given(carts, orders)
def test_lines_discounts_taxes_and_cards_say_what_the_totals_say(cart: list[PricedLine], order: Any) -> None:
    quote = price(cart, **order)
    lines = quote.lines
    assert [line.variant_id for line in lines] == [line.variant_id for line in cart]
    assert quote.subtotal_minor == sum(line.subtotal_minor for line in lines)
    assert quote.discount_minor == sum(line.discount_minor for line in lines)
    assert quote.discount_minor == sum(discount.amount_minor for discount in quote.discounts)
    assert quote.tax_minor == sum(tax.amount_minor for tax in quote.taxes)
    assert quote.tax_minor == sum(line.tax_minor for line in lines) + quote.shipping_tax_minor
    assert quote.gift_card_minor == sum(card.amount_minor for card in quote.gift_cards)
    assert quote.total_minor == (
        sum(line.total_minor for line in lines) + quote.shipping_minor + quote.shipping_tax_minor
    )


@given(carts, orders)
def test_the_order_of_coupons_does_not_matter(cart: list[PricedLine], order: Any) -> None:
    turned = {**order, "coupons": order["coupons"][::-1]}
    assert price(cart, **order) == price(cart, **turned)


@given(carts, percents, percents)
def test_two_coupons_of_one_kind_are_refused(
    cart: list[PricedLine], one: CouponTerms, other: CouponTerms
) -> None:
    with pytest.raises(CouponConflict):
        price(cart, coupons=[one, other], shop=Shop())


@given(carts, orders, st.permutations(range(4)))
def test_in_whichever_order_gift_cards_come_what_is_due_is_the_same(
    cart: list[PricedLine], order: Any, turn: list[int]
) -> None:
    cards = order["gift_cards"]
    turned = {**order, "gift_cards": [cards[index] for index in turn if index < len(cards)]}
    assert price(cart, **order).due_minor == price(cart, **turned).due_minor


@given(carts, orders)
def test_no_gift_card_pays_more_than_it_holds(cart: list[PricedLine], order: Any) -> None:
    quote = price(cart, **order)
    held = {card.id: card.balance_minor for card in order["gift_cards"]}
    assert all(0 < part.amount_minor <= held[part.id] for part in quote.gift_cards)
    assert quote.gift_card_minor == min(quote.total_minor, sum(held.values()))


@given(minor, gift_cards)
def test_cards_are_spent_one_after_the_other(amount: int, cards: list[GiftCardBalance]) -> None:
    parts = spend(amount, cards)
    balances = {card.id: card.balance_minor for card in cards}
    assert all(part.amount_minor == balances[part.id] for part in parts[:-1])


@given(carts, lines, st.integers(1, 100), shops, addresses)
def test_without_coupons_and_free_shipping_more_never_costs_less(
    cart: list[PricedLine], line: PricedLine, more: int, shop: Shop, address: Destination | None
) -> None:
    shop = replace(shop, shipping=[replace(shop.shipping[0], free_from_minor=None)])
    larger = replace(line, quantity=line.quantity + more)
    before = price([*cart, line], shop=shop, address=address)
    assert price([*cart, larger], shop=shop, address=address).total_minor >= before.total_minor
    assert price([*cart, line], shop=shop, address=address).total_minor >= (
        price(cart, shop=shop, address=address).total_minor
    )


@given(carts, lines, st.integers(1, 100), coupon_sets)
def test_with_coupons_that_hold_for_both_more_goods_never_cost_less(
    cart: list[PricedLine], line: PricedLine, more: int, coupons: list[CouponTerms]
) -> None:
    coupons = [replace(coupon, minimum_minor=0) for coupon in coupons]
    larger = replace(line, quantity=line.quantity + more)
    before, after = (price([*cart, each], coupons=coupons, shop=Shop()) for each in (line, larger))
    assert after.total_minor >= before.total_minor


@given(carts, orders)
def test_a_coupon_never_makes_goods_dearer(cart: list[PricedLine], order: Any) -> None:
    plain = price(cart, **{**order, "coupons": []})
    quote = price(cart, **order)
    assert quote.subtotal_minor - quote.discount_minor <= plain.subtotal_minor


@given(carts, orders)
def test_without_an_address_there_is_neither_shipping_nor_tax_yet(cart: list[PricedLine], order: Any) -> None:
    quote = price(cart, **{**order, "address": None})
    assert not quote.final
    assert (quote.shipping_minor, quote.tax_minor, quote.taxes) == (0, 0, [])


# Examples, as docs/prices.md has them


def terms(kind: str, value: int, minimum: int = 0) -> CouponTerms:
    if kind == "percent":
        return CouponTerms("PERCENT", "percent", basis_points=value, minimum_minor=minimum)
    return CouponTerms("FIXED", "fixed", amount_minor=value, minimum_minor=minimum)


def amounts_of(quote: Quote) -> tuple[int, int, int, int, int]:
    return (
        quote.subtotal_minor,
        quote.discount_minor,
        quote.shipping_minor,
        quote.tax_minor,
        quote.total_minor,
    )


def test_the_percentage_is_of_the_whole_and_comes_before_the_fixed_amount() -> None:
    quote = price([LAMP, BOOK], coupons=[terms("fixed", 500), terms("percent", 1_000)], shop=Shop())
    assert [(each.code, each.amount_minor) for each in quote.discounts] == [("PERCENT", 300), ("FIXED", 500)]
    assert amounts_of(quote) == (2_999, 800, 0, 0, 2_199)
    assert [line.discount_minor for line in quote.lines] == [533, 267]


def test_a_fixed_amount_takes_off_no_more_than_there_is() -> None:
    quote = price([BOOK], coupons=[terms("percent", 5_000), terms("fixed", 9_999)], shop=Shop())
    assert [each.amount_minor for each in quote.discounts] == [500, 500]
    assert quote.total_minor == 0


def test_a_coupon_below_its_minimum_gives_nothing() -> None:
    assert price([BOOK], coupons=[terms("percent", 1_000, 1_001)], shop=Shop()).discounts == []
    assert price([BOOK], coupons=[terms("percent", 1_000, 1_000)], shop=Shop()).discount_minor == 100


def test_tax_is_rounded_per_line_half_away_from_zero_after_discounts() -> None:
    half = PricedLine(UUID(int=3), 1, 200)  # 8.25 % of 2.00 is 16.5 cents
    quote = price(
        [half, replace(half, variant_id=UUID(int=4))], shop=Shop(taxes=CALIFORNIAN), address=CALIFORNIA
    )
    assert [line.tax_minor for line in quote.lines] == [17, 17]
    discounted = price(
        [LAMP], coupons=[terms("percent", 1_000)], shop=Shop(taxes=CALIFORNIAN), address=CALIFORNIA
    )
    assert amounts_of(discounted) == (1_999, 200, 0, 148, 1_947)


@pytest.mark.parametrize("region", ["California", "C.A.", "Calif", "", "NY"])
def test_a_region_that_the_shop_does_not_know_is_refused_with_those_it_knows(region: str) -> None:
    shop = Shop(taxes=Taxes([TaxRate("US", "Sales tax", 725, "CA"), TaxRate("US", "Sales tax", 625, "TX")]))
    with pytest.raises(RegionUnknown) as refused:
        price([BOOK], shop=shop, address=Destination("US", region))
    assert "CA, TX" in refused.value.message
    assert price([BOOK], shop=shop, address=Destination("US", region, True)).tax_minor == 0
    assert price([BOOK], shop=shop, address=Destination("US", " ca ")).tax_minor == 73
    assert price([BOOK], shop=shop, address=Destination("US", "CA", True)).tax_minor == 73
    assert price([BOOK], shop=shop, address=Destination("DE", region)).tax_minor == 0


def test_all_taxes_of_country_and_region_apply_beside_each_other() -> None:
    taxes = Taxes(
        [TaxRate("CA", "GST", 500), TaxRate("CA", "PST", 700, "BC"), TaxRate("CA", "QST", 998, "QC")]
    )
    quote = price([BOOK], shop=Shop(taxes=taxes), address=Destination("CA", "bc"))
    assert [(tax.name, tax.amount_minor) for tax in quote.taxes] == [("GST", 50), ("PST", 70)]
    assert price([BOOK], shop=Shop(taxes=taxes), address=Destination("US", "BC")).taxes == []


def test_what_is_not_taxable_is_not_taxed_and_shipping_only_where_the_shop_says_so() -> None:
    exempt = replace(BOOK, taxable=False)
    rates = [ShippingRate("*", 1_000)]
    untaxed = price([exempt], shop=Shop(taxes=CALIFORNIAN, shipping=rates), address=CALIFORNIA)
    assert amounts_of(untaxed) == (1_000, 0, 1_000, 0, 2_000)
    taxes = replace(CALIFORNIAN, shipping_taxable=True)
    taxed = price([exempt], shop=Shop(taxes=taxes, shipping=rates), address=CALIFORNIA)
    assert (taxed.tax_minor, taxed.shipping_tax_minor, taxed.lines[0].tax_minor) == (83, 83, 0)


@pytest.mark.parametrize(
    ("country", "lines", "shipping_minor"),
    [
        ("US", [BOOK], 500),
        ("FR", [BOOK], 1_500),
        ("US", [BOOK, LAMP], 500),
        ("US", [replace(BOOK, quantity=8)], 0),
        ("FR", [replace(BOOK, quantity=80)], 1_500),
        ("US", [replace(BOOK, ships=False)], 0),
    ],
)
def test_shipping_is_the_countrys_rate_and_free_from_an_amount(
    country: str, lines: list[PricedLine], shipping_minor: int
) -> None:
    shop = Shop(shipping=[ShippingRate("US", 500, 4_000), ShippingRate("*", 1_500)])
    assert price(lines, shop=shop, address=Destination(country)).shipping_minor == shipping_minor


def test_free_shipping_is_measured_after_discounts() -> None:
    shop = Shop(shipping=[ShippingRate("US", 500, 1_000)])
    quote = price([BOOK], coupons=[terms("fixed", 1)], shop=shop, address=Destination("US"))
    assert quote.shipping_minor == 500


def test_where_nothing_is_shipped_to_only_what_ships_is_refused() -> None:
    shop = Shop(shipping=[ShippingRate("US", 500)])
    with pytest.raises(NotShippedThere):
        price([BOOK], shop=shop, address=Destination("FR"))
    assert price([replace(BOOK, ships=False)], shop=shop, address=Destination("FR")).total_minor == 1_000


def test_an_empty_cart_costs_nothing() -> None:
    shop = Shop(taxes=CALIFORNIAN, shipping=[ShippingRate("*", 500)])
    quote = price([], coupons=[terms("fixed", 500)], shop=shop, address=CALIFORNIA)
    assert amounts_of(quote) == (0, 0, 0, 0, 0)
    assert quote.due_minor == 0


def test_the_example_of_the_documentation() -> None:
    quote = price(
        [LAMP, BOOK],
        coupons=[terms("percent", 1_000), terms("fixed", 500)],
        gift_cards=[GiftCardBalance(UUID(int=3), "7ZK4", 2_000)],
        shop=Shop(taxes=CALIFORNIAN, shipping=[ShippingRate("*", 500)]),
        address=CALIFORNIA,
    )
    assert amounts_of(quote) == (2_999, 800, 500, 181, 2_880)
    assert [(line.discount_minor, line.tax_minor, line.total_minor) for line in quote.lines] == [
        (533, 121, 1_587),
        (267, 60, 793),
    ]
    assert (quote.gift_card_minor, quote.due_minor) == (2_000, 880)
