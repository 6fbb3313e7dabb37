"""How a community sells: its currency, taxes and shipping."""

from typing import Protocol

import msgspec

from threadly.platform.money import Currency

__all__ = ["Destination", "Place", "ShippingRate", "Shop", "TaxRate", "Taxes"]


class TaxRate(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`name` is what the receipt says, `basis_points` are hundredths of a percent: 825 is 8.25 %.

    Without a `region` it holds in the whole `country`, ISO 3166: `US`.
    """

    country: str
    name: str
    basis_points: int
    region: str = ""


class Taxes(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """On top of prices, which are without tax. Every rate of the buyer's country and region applies."""

    rates: list[TaxRate] = []
    shipping_taxable: bool = False


class ShippingRate(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """To one country, or with `*` to all that have no rate of their own; minor units of the shop's currency.

    Nothing is asked from `free_from_minor` on (after discounts); null means it always is.
    """

    country: str
    amount_minor: int
    free_from_minor: int | None = None


class Shop(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All amounts are in minor units of `currency`. Without a shipping rate nothing is shipped."""

    currency: Currency = "USD"
    taxes: Taxes = msgspec.field(default_factory=Taxes)
    shipping: list[ShippingRate] = msgspec.field(default_factory=lambda: [ShippingRate("*", 0)])


class Destination(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What taxes and shipping need to know of an address: ISO 3166 codes, `US` and `CA` for California.

    Where the shop has rates for regions of the country, `region` is one of these, or `other_region` says that
    it is none of them.
    """

    country: str
    region: str = ""
    other_region: bool = False


class Place(Protocol):
    """A Destination, or an address that has one."""

    @property
    def country(self) -> str: ...
    @property
    def region(self) -> str: ...
    @property
    def other_region(self) -> bool: ...
