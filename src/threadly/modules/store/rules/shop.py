"""What the shop's settings may be."""

from collections import Counter
from collections.abc import Iterator

from threadly.modules.store.rules.countries import COUNTRIES
from threadly.modules.store.rules.pricing import ANYWHERE
from threadly.modules.store.types.shop import ShippingRate, Shop, TaxRate
from threadly.platform.errors import FieldProblem, invalid_fields
from threadly.platform.money import BASIS_POINTS, MOST_MINOR

__all__ = ["check_shop", "is_text"]

MOST_RATES = 300
MOST_CHARACTERS = 100
# ISO 4217, what banks move today; an unknown code would be found out at the first payment only.
_CODES = """
AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD
CAD CDF CHF CLP CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD
GNF GTQ GYD HKD HNL HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT
LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR
NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP
STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX USD UYU UZS VES VND VUV WST XAF XCD XOF
XPF YER ZAR ZMW ZWG
"""
CURRENCIES = frozenset(_CODES.split())


def check_shop(shop: Shop) -> None:
    """Raises InvalidInput that names every field that cannot be."""
    problems = list(_problems(shop))
    if problems:
        raise invalid_fields(problems)


def is_text(text: str) -> bool:
    """Whether it is something to read on one line."""
    return bool(text.strip()) and text.isprintable() and len(text) <= MOST_CHARACTERS


def _problems(shop: Shop) -> Iterator[FieldProblem]:
    if shop.currency not in CURRENCIES:
        yield _problem("currency", "choice", "Write the currency as its ISO 4217 code, USD for example.")
    if len(shop.taxes.rates) > MOST_RATES:
        yield _problem("taxes.rates", "too_long", f"There may be at most {MOST_RATES} taxes.")
    elif len(shop.shipping) > MOST_RATES:
        yield _problem("shipping", "too_long", f"There may be at most {MOST_RATES} shipping rates.")
    else:
        for index, tax in enumerate(shop.taxes.rates):
            yield from _tax_problems(f"taxes.rates.{index}", tax)
        for index, rate in enumerate(shop.shipping):
            yield from _shipping_problems(f"shipping.{index}", rate)
        yield from _twins(shop)


def _tax_problems(field: str, tax: TaxRate) -> Iterator[FieldProblem]:
    if tax.country not in COUNTRIES:
        yield _problem(
            f"{field}.country", "choice", "Write the country as its ISO 3166 code, US for example."
        )
    if tax.region and not is_text(tax.region):
        yield _problem(f"{field}.region", "text", "Write the region as in addresses, CA for example.")
    if not is_text(tax.name):
        yield _problem(f"{field}.name", "text", "Name the tax as the receipt should, in 1 to 100 characters.")
    if not 1 <= tax.basis_points <= BASIS_POINTS:
        message = "Give the rate in hundredths of a percent, from 1 to 10000: 825 is 8.25 %."
        yield _problem(f"{field}.basis_points", "range", message)


def _shipping_problems(field: str, rate: ShippingRate) -> Iterator[FieldProblem]:
    if rate.country not in COUNTRIES and rate.country != ANYWHERE:
        message = "Write the country as its ISO 3166 code, US for example, or * for all others."
        yield _problem(f"{field}.country", "choice", message)
    for name, amount in (("amount_minor", rate.amount_minor), ("free_from_minor", rate.free_from_minor)):
        if amount is not None and not 0 <= amount <= MOST_MINOR:
            yield _problem(f"{field}.{name}", "range", f"An amount is from 0 to {MOST_MINOR} minor units.")


def _twins(shop: Shop) -> Iterator[FieldProblem]:
    taxes = Counter((tax.country, tax.region.casefold(), tax.name) for tax in shop.taxes.rates)
    if taxes and max(taxes.values()) > 1:
        yield _problem("taxes.rates", "unique", "The same tax is there twice for one place.")
    countries = Counter(rate.country for rate in shop.shipping)
    if countries and max(countries.values()) > 1:
        yield _problem("shipping", "unique", "A country has two shipping rates. Please keep one.")


def _problem(field: str, code: str, message: str) -> FieldProblem:
    return FieldProblem(field, f"input.{code}", message)
