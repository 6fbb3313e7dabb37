"""What a cart costs. Pure: the same input is the same price, to the last minor unit.

docs/prices.md says the rules in words. Amounts are minor units of the shop's currency.
"""

from collections.abc import Iterable, Sequence
from itertools import groupby

import msgspec

from threadly.modules.store.errors.cart import CouponConflict, NotShippedThere, RegionUnknown
from threadly.modules.store.types.cart import CouponKind
from threadly.modules.store.types.shop import Place, ShippingRate, Shop, Taxes, TaxRate
from threadly.platform.ids import UUID
from threadly.platform.money import apportion, share_of

__all__ = [
    "ANYWHERE",
    "CouponTerms",
    "Discount",
    "GiftCardBalance",
    "GiftCardPart",
    "PricedLine",
    "Quote",
    "QuoteLine",
    "TaxLine",
    "price",
    "regions_of",
    "spend",
]

ANYWHERE = "*"


class PricedLine(msgspec.Struct, frozen=True):
    """`price_minor` is of one piece."""

    variant_id: UUID
    quantity: int
    price_minor: int
    ships: bool = True
    taxable: bool = True

    @property
    def subtotal_minor(self) -> int:
        return self.quantity * self.price_minor


class CouponTerms(msgspec.Struct, frozen=True):
    """A coupon gives `basis_points` of the goods, or `amount_minor` off them; from `minimum_minor` on."""

    code: str
    kind: CouponKind
    basis_points: int | None = None
    amount_minor: int | None = None
    minimum_minor: int = 0


class GiftCardBalance(msgspec.Struct, frozen=True):
    id: UUID
    last_four: str
    balance_minor: int


class QuoteLine(msgspec.Struct, frozen=True):
    """`total_minor` is subtotal - discount + tax."""

    variant_id: UUID
    quantity: int
    price_minor: int
    subtotal_minor: int
    discount_minor: int
    tax_minor: int
    total_minor: int


class Discount(msgspec.Struct, frozen=True):
    code: str
    amount_minor: int


class TaxLine(msgspec.Struct, frozen=True):
    """One tax on all of the order, its shipping included where that is taxed."""

    name: str
    basis_points: int
    amount_minor: int


class GiftCardPart(msgspec.Struct, frozen=True):
    id: UUID
    last_four: str
    amount_minor: int


class Quote(msgspec.Struct, frozen=True):
    """The price of a cart and how it comes about.

    `total = subtotal - discount + shipping + tax = gift_card + due`; the lines' totals, `shipping_minor` and
    `shipping_tax_minor` sum to the total as well. `final` is false while no address says what shipping and
    taxes are: then they are 0.
    """

    currency: str
    lines: list[QuoteLine]
    discounts: list[Discount]
    taxes: list[TaxLine]
    gift_cards: list[GiftCardPart]
    subtotal_minor: int
    discount_minor: int
    shipping_minor: int
    shipping_tax_minor: int
    tax_minor: int
    total_minor: int
    gift_card_minor: int
    due_minor: int
    final: bool


def price(
    lines: Sequence[PricedLine],
    *,
    coupons: Sequence[CouponTerms] = (),
    gift_cards: Sequence[GiftCardBalance] = (),
    shop: Shop,
    address: Place | None = None,
) -> Quote:
    """What the lines cost. A coupon whose minimum is not reached gives nothing.

    Raises CouponConflict for two coupons of one kind, NotShippedThere, RegionUnknown.
    """
    subtotals = [line.subtotal_minor for line in lines]
    subtotal = sum(subtotals)
    discounts = _discounts(subtotal, coupons)
    discount = sum(each.amount_minor for each in discounts)
    parts = apportion(discount, subtotals)
    goods = [whole - part for whole, part in zip(subtotals, parts, strict=True)]
    shipping = _shipping(lines, sum(goods), shop.shipping, address)
    taxes, line_taxes, shipping_tax = _taxes(lines, goods, shipping, shop.taxes, address)
    tax = sum(each.amount_minor for each in taxes)
    total = subtotal - discount + shipping + tax
    spent = spend(total, gift_cards)
    gift_card = sum(each.amount_minor for each in spent)
    return Quote(
        currency=shop.currency,
        lines=[_quoted(*each) for each in zip(lines, parts, line_taxes, strict=True)],
        discounts=discounts,
        taxes=taxes,
        gift_cards=spent,
        subtotal_minor=subtotal,
        discount_minor=discount,
        shipping_minor=shipping,
        shipping_tax_minor=shipping_tax,
        tax_minor=tax,
        total_minor=total,
        gift_card_minor=gift_card,
        due_minor=total - gift_card,
        final=address is not None,
    )


def spend(amount_minor: int, gift_cards: Iterable[GiftCardBalance]) -> list[GiftCardPart]:
    """Which card pays how much of the amount: each all it has, in the order given, until nothing is left."""
    parts: list[GiftCardPart] = []
    for card in gift_cards:
        part = min(card.balance_minor, amount_minor)
        if part > 0:
            parts.append(GiftCardPart(card.id, card.last_four, part))
            amount_minor -= part
    return parts


def regions_of(country: str, rates: Sequence[TaxRate]) -> list[str]:
    """The regions of the country that have rates of their own, as the shop writes them."""
    named = {_plain(rate.region): rate.region for rate in rates if rate.country == country and rate.region}
    return sorted(named.values())


def _quoted(line: PricedLine, discount: int, tax: int) -> QuoteLine:
    subtotal = line.subtotal_minor
    return QuoteLine(
        line.variant_id,
        line.quantity,
        line.price_minor,
        subtotal_minor=subtotal,
        discount_minor=discount,
        tax_minor=tax,
        total_minor=subtotal - discount + tax,
    )


def _discounts(subtotal: int, coupons: Sequence[CouponTerms]) -> list[Discount]:
    """The percentage first, of the whole; then the fixed amount, at most what is left: so their order does
    not matter, and nothing goes below zero."""
    if any(len(list(same)) > 1 for _, same in groupby(sorted(coupon.kind for coupon in coupons))):
        raise CouponConflict
    left = subtotal
    discounts: list[Discount] = []
    for coupon in sorted(coupons, key=lambda coupon: coupon.kind == "fixed"):
        amount = min(_worth(coupon, subtotal), left) if subtotal >= coupon.minimum_minor else 0
        if amount:
            discounts.append(Discount(coupon.code, amount))
            left -= amount
    return discounts


def _worth(coupon: CouponTerms, subtotal: int) -> int:
    if coupon.kind == "percent":
        return share_of(subtotal, coupon.basis_points or 0)
    return coupon.amount_minor or 0


def _shipping(
    lines: Sequence[PricedLine], goods: int, rates: Sequence[ShippingRate], address: Place | None
) -> int:
    if address is None or not any(line.ships for line in lines):
        return 0
    rate = _rate_to(address.country, rates)
    free = rate.free_from_minor is not None and goods >= rate.free_from_minor
    return 0 if free else rate.amount_minor


def _rate_to(country: str, rates: Sequence[ShippingRate]) -> ShippingRate:
    """The country's own rate, or the one for anywhere. Raises NotShippedThere."""
    by_country = {rate.country: rate for rate in rates}
    rate = by_country.get(country) or by_country.get(ANYWHERE)
    if rate is None:
        raise NotShippedThere
    return rate


def _taxes(
    lines: Sequence[PricedLine], goods: Sequence[int], shipping: int, taxes: Taxes, address: Place | None
) -> tuple[list[TaxLine], list[int], int]:
    """Each tax, each line's tax, and the tax on shipping. Every rate is rounded on every line by itself, and
    all sums are sums of these: so what the lines say is what the tax lines say."""
    line_taxes, shipping_tax = [0] * len(lines), 0
    tax_lines: list[TaxLine] = []
    for rate in _rates_at(address, taxes.rates):
        shares = [
            share_of(amount, rate.basis_points) if line.taxable else 0
            for line, amount in zip(lines, goods, strict=True)
        ]
        on_shipping = share_of(shipping, rate.basis_points) if taxes.shipping_taxable else 0
        line_taxes = [sum(both) for both in zip(line_taxes, shares, strict=True)]
        shipping_tax += on_shipping
        tax_lines.append(TaxLine(rate.name, rate.basis_points, sum(shares) + on_shipping))
    return tax_lines, line_taxes, shipping_tax


def _rates_at(address: Place | None, rates: Sequence[TaxRate]) -> list[TaxRate]:
    """Raises RegionUnknown: a rate must not depend on how somebody spells where they live."""
    if address is None:
        return []
    region, known = _plain(address.region), regions_of(address.country, rates)
    if known and not address.other_region and region not in map(_plain, known):
        raise RegionUnknown(
            f"Taxes depend on the region there. Name it as one of these: {', '.join(known)}; "
            "or say with other_region that it is none of them."
        )
    return [rate for rate in rates if rate.country == address.country and _plain(rate.region) in ("", region)]


def _plain(region: str) -> str:
    return " ".join(region.split()).casefold()
