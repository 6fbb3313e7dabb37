"""Money: an integer of minor units and an ISO 4217 currency; never a float.

Rounding, wherever a rule needs it, is half away from zero (what people expect of a receipt), and what is
divided is divided so that its parts sum to the whole.
"""

import re
from collections.abc import Sequence
from decimal import Decimal
from typing import Annotated

import msgspec
from msgspec import Meta

from threadly.platform.errors import Kind, Refusal

__all__ = ["Currency", "Money", "PriceUnreadable", "apportion", "exponent_of", "parse_price", "share_of"]

# (A `$` alone would let a line break follow.)
Currency = Annotated[str, Meta(pattern=r"^[A-Z]{3}$(?!\n)")]
# What the database can hold.
Minor = Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)]

# ISO 4217 gives these another number of decimals than two.
_EXPONENTS = {
    **dict.fromkeys(
        (
            "BIF",
            "CLP",
            "DJF",
            "GNF",
            "ISK",
            "JPY",
            "KMF",
            "KRW",
            "PYG",
            "RWF",
            "UGX",
            "UYI",
            "VND",
            "VUV",
            "XAF",
            "XOF",
            "XPF",
        ),
        0,
    ),
    **dict.fromkeys(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), 3),
}
_SIGNS = {"USD": "$", "EUR": "€", "GBP": "£", "JPY": "¥"}
_CODES = {sign: code for code, sign in _SIGNS.items()}
# Shops of these write no more than the sign.
_DOLLARS = frozenset({"AUD", "CAD", "HKD", "MXN", "NZD", "SGD", "TWD", "USD"})
_MARK = r"[A-Za-z]{3}|[$€£¥]"
# At most 30 characters; it ends with a digit, and starts with one or with the decimal separator.
_AMOUNT = r"(?:[0-9]|[.,](?=[0-9]))(?:[0-9.,'’ \u00a0\u202f]{0,28}[0-9])?"
_PRICE = re.compile(rf"(?P<before>{_MARK})?\s*(?P<amount>{_AMOUNT})\s*(?P<after>{_MARK})?")
_SEPARATOR = re.compile(r"[.,'’ \u00a0\u202f]")
BASIS_POINTS = 10_000
MOST_MINOR = 10**12


class PriceUnreadable(Refusal):
    code = "money.price_unreadable"
    kind = Kind.INVALID
    message = "That is not a price. Write it like 50.99 or 50,99."


class Money(msgspec.Struct, frozen=True, order=False):
    """What the API shows: `{"amount_minor": 9998, "currency": "USD"}`."""

    amount_minor: Minor
    currency: Currency

    def __add__(self, other: "Money") -> "Money":
        return Money(self.amount_minor + self._same(other), self.currency)

    def __sub__(self, other: "Money") -> "Money":
        return Money(self.amount_minor - self._same(other), self.currency)

    def __mul__(self, count: int) -> "Money":
        return Money(self.amount_minor * count, self.currency)

    def __str__(self) -> str:
        """For people: `$1,099.00`, `1,099 CHF`."""
        exponent = exponent_of(self.currency)
        sign = "-" if self.amount_minor < 0 else ""
        amount = f"{Decimal(abs(self.amount_minor)).scaleb(-exponent):,.{exponent}f}"
        if self.currency in _SIGNS:
            return f"{sign}{_SIGNS[self.currency]}{amount}"
        return f"{sign}{amount} {self.currency}"

    def _same(self, other: "Money") -> int:
        assert other.currency == self.currency, "amounts of two currencies have no sum"
        return other.amount_minor


def exponent_of(currency: str) -> int:
    """How many decimals the currency has (ISO 4217)."""
    return _EXPONENTS.get(currency, 2)


def share_of(amount_minor: int, basis_points: int) -> int:
    """That many hundredths of a percent of the amount, half a unit rounded away from zero."""
    share = (2 * abs(amount_minor) * basis_points + BASIS_POINTS) // (2 * BASIS_POINTS)
    return -share if amount_minor < 0 else share


def apportion(amount_minor: int, weights: Sequence[int]) -> list[int]:
    """The amount in parts proportional to `weights` (none negative) that sum to it exactly.

    By largest remainder; of equal remainders the earlier part gets the unit. With no weight at all there is
    nothing to apportion by, and `amount_minor` must be 0.
    """
    whole = sum(weights)
    if whole == 0:
        assert amount_minor == 0, "nothing to apportion by"
        return [0] * len(weights)
    sign = -1 if amount_minor < 0 else 1
    shares = [divmod(abs(amount_minor) * weight, whole) for weight in weights]
    parts = [share for share, _ in shares]
    by_remainder = sorted(range(len(parts)), key=lambda index: -shares[index][1])
    for index in by_remainder[: abs(amount_minor) - sum(parts)]:
        parts[index] += 1
    return [sign * part for part in parts]


def parse_price(text: str, currency: str) -> Money:
    """A price as people and shops write it: `$50.99`, `50,99`, `1.234,50 €`, `1 234.50`, `USD 12`.

    The last point or comma is the decimal one when at most as many digits follow as the currency has decimals
    (`1,234` of dollars is a thousand and some, `50,99` is not). Raises PriceUnreadable for whatever can be
    read in no way or in two: `1.234`, which some write for a thousand and others for a price by weight,
    `0.999`, `1.23.456`, `1e5`, a price in another currency, a negative one.
    """
    found = _PRICE.fullmatch(text.strip())
    if found is None or not all(_names(found[end], currency) for end in ("before", "after")):
        raise PriceUnreadable
    whole, fraction = _split(found["amount"], exponent_of(currency))
    minor = int(whole + fraction.ljust(exponent_of(currency), "0"))
    if minor > MOST_MINOR:
        raise PriceUnreadable
    return Money(minor, currency)


def _names(mark: str | None, currency: str) -> bool:
    """Whether what stands beside the amount can mean the currency."""
    if mark is None:
        return True
    return currency in _DOLLARS if mark == "$" else _CODES.get(mark, mark.upper()) == currency


def _split(amount: str, exponent: int) -> tuple[str, str]:
    """The digits before and after the decimal separator."""
    at = max(amount.rfind("."), amount.rfind(","))
    fraction = amount[at + 1 :]
    is_decimal = at >= 0 and amount.count(amount[at]) == 1 and fraction.isdigit()
    if is_decimal and amount[at] == "." and 0 < exponent < len(fraction):
        raise PriceUnreadable
    if not is_decimal or len(fraction) > exponent:
        return _grouped(amount), ""
    return _grouped(amount[:at]) or "0", fraction


def _grouped(whole: str) -> str:
    """The digits, whose thousands one kind of separator may group, each group of three."""
    first, *groups = _SEPARATOR.split(whole)
    if not groups:
        return whole
    if len(set(_SEPARATOR.findall(whole))) > 1 or any(len(group) != 3 for group in groups):
        raise PriceUnreadable
    if not 1 <= len(first) <= 3 or first.startswith("0"):
        raise PriceUnreadable
    return first + "".join(groups)
