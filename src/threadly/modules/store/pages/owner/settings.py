"""/manage/settings: the shop's currency, taxes and shipping."""

from collections.abc import Mapping
from typing import Any, Final

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.types import ControllerRouterHandler

from threadly.modules.store.pages.countries import COUNTRY_NAMES
from threadly.modules.store.pages.owner.forms import Reading, amount_text, form_of, percent_text
from threadly.modules.store.pages.owner.frame import done, require_owner
from threadly.modules.store.rules.shop import CURRENCIES
from threadly.modules.store.types.shop import ShippingRate, Shop, Taxes, TaxRate
from threadly.modules.store.verbs.shop import change_shop, get_shop
from threadly.platform.errors import Refusal
from threadly.platform.http.edge import Edge
from threadly.platform.money import Money
from threadly.web import Form
from threadly.web.forms import fields_of
from threadly.web.pages import Pages

__all__ = ["routes"]

MOST_ROWS: Final = 300
SPARE_ROWS: Final = 1
MORE_ROWS: Final = 4
TAX_FIELDS: Final = ("tax_country", "tax_region", "tax_name", "tax_percent")
SHIPPING_FIELDS: Final = ("ship_country", "ship_amount", "ship_free_from")
_LABELS: Final = {
    "tax_country": "Country",
    "tax_region": "Region",
    "tax_name": "Name of the tax",
    "tax_percent": "Rate",
    "ship_country": "Country",
    "ship_amount": "Price",
    "ship_free_from": "Free from",
}


class Row(msgspec.Struct, frozen=True):
    """A line of fields; `number` is in their names."""

    number: int
    values: dict[str, str]


@get("/manage/settings", include_in_schema=False)
async def show_settings(edge: NamedDependency[Edge], pages: NamedDependency[Pages]) -> Response[str]:
    require_owner(edge)
    shop = await edge.read(get_shop)
    return await _page(edge, pages, Form(_values(shop)))


@post("/manage/settings", include_in_schema=False)
async def change(edge: NamedDependency[Edge], pages: NamedDependency[Pages]) -> Response[Any]:
    require_owner(edge)
    typed = await fields_of(edge)
    if typed.get("do") == "rows":
        return await _page(edge, pages, Form(typed), spare=MORE_ROWS)
    try:
        shop = _read(typed)
        await edge.write(lambda work: change_shop(work, shop=shop))
    except Refusal as refusal:
        return await _page(edge, pages, _form(typed, refusal), status=400)
    return done(edge, pages, "/manage/settings", "The settings are saved. They hold from the next cart on.")


async def _page(
    edge: Edge, pages: Pages, form: Form, *, spare: int = SPARE_ROWS, status: int = 200
) -> Response[str]:
    return await pages.show(
        edge,
        "store/owner/settings.html",
        status=status,
        form=form,
        taxes=_rows(form.values, TAX_FIELDS, spare),
        rates=_rows(form.values, SHIPPING_FIELDS, spare),
        countries=sorted(COUNTRY_NAMES.items(), key=lambda each: each[1]),
        currencies=sorted(CURRENCIES),
    )


def _read(typed: Mapping[str, str]) -> Shop:
    """Raises InvalidInput."""
    currency = typed.get("currency", "").strip()
    reading = Reading(typed, currency=currency)
    taxes = [_tax(reading, number) for number in _used(typed, TAX_FIELDS)]
    shipping = [_rate(reading, number) for number in _used(typed, SHIPPING_FIELDS)]
    reading.refuse()
    return Shop(currency, Taxes(taxes, shipping_taxable=reading.ticked("shipping_taxable")), shipping)


def _tax(reading: Reading, number: int) -> TaxRate:
    basis_points = reading.percent(f"tax_percent-{number}")
    if basis_points is None:
        reading.wrong(f"tax_percent-{number}", "Write percents from 0.01 to 100, like 8.25.")
    if not reading.text(f"tax_country-{number}"):
        reading.wrong(f"tax_country-{number}", "Choose the country.")
    return TaxRate(
        country=reading.text(f"tax_country-{number}"),
        name=reading.text(f"tax_name-{number}"),
        basis_points=basis_points or 0,
        region=reading.text(f"tax_region-{number}"),
    )


def _rate(reading: Reading, number: int) -> ShippingRate:
    amount = reading.price(f"ship_amount-{number}", required=True)
    free_from = reading.price(f"ship_free_from-{number}")
    if not reading.text(f"ship_country-{number}"):
        reading.wrong(f"ship_country-{number}", "Choose where it goes to.")
    return ShippingRate(
        country=reading.text(f"ship_country-{number}"),
        amount_minor=amount.amount_minor if amount else 0,
        free_from_minor=free_from.amount_minor if free_from else None,
    )


def _form(typed: Mapping[str, str], refusal: Refusal) -> Form:
    """A refusal counts the rates that were given, the page its rows."""
    labels = {"currency": "Currency", "taxes": "Taxes", "shipping": "Shipping"}
    places = {"taxes.rates": "taxes"}
    for index, number in enumerate(_used(typed, TAX_FIELDS)):
        places |= _places(f"taxes.rates.{index}", "tax_", ("country", "region", "name"), number)
        places[f"taxes.rates.{index}.basis_points"] = f"tax_percent-{number}"
    for index, number in enumerate(_used(typed, SHIPPING_FIELDS)):
        places[f"shipping.{index}.country"] = f"ship_country-{number}"
        places[f"shipping.{index}.amount_minor"] = f"ship_amount-{number}"
        places[f"shipping.{index}.free_from_minor"] = f"ship_free_from-{number}"
    for name in typed:
        field, dash, _ = name.partition("-")
        if dash and field in _LABELS:
            labels[name] = _LABELS[field]
    return form_of(typed, refusal, labels, places=places)


def _places(at: str, prefix: str, fields: tuple[str, ...], number: int) -> dict[str, str]:
    return {f"{at}.{field}": f"{prefix}{field}-{number}" for field in fields}


def _used(typed: Mapping[str, str], fields: tuple[str, ...]) -> list[int]:
    """The rows that say anything. To empty a row is to remove it."""
    return [
        number
        for number in range(MOST_ROWS + MORE_ROWS)
        if any(typed.get(f"{field}-{number}", "").strip() for field in fields)
    ]


def _rows(values: Mapping[str, str], fields: tuple[str, ...], spare: int) -> list[Row]:
    last = max(_used(values, fields), default=-1)
    return [
        Row(number, {field: values.get(f"{field}-{number}", "") for field in fields})
        for number in range(last + 1 + spare)
    ]


def _values(shop: Shop) -> dict[str, str]:
    values = {"currency": shop.currency}
    if shop.taxes.shipping_taxable:
        values["shipping_taxable"] = "on"
    for number, tax in enumerate(shop.taxes.rates):
        values |= {
            f"tax_country-{number}": tax.country,
            f"tax_region-{number}": tax.region,
            f"tax_name-{number}": tax.name,
            f"tax_percent-{number}": percent_text(tax.basis_points),
        }
    for number, rate in enumerate(shop.shipping):
        free_from = None if rate.free_from_minor is None else Money(rate.free_from_minor, shop.currency)
        values |= {
            f"ship_country-{number}": rate.country,
            f"ship_amount-{number}": amount_text(Money(rate.amount_minor, shop.currency)),
            f"ship_free_from-{number}": amount_text(free_from),
        }
    return values


routes: list[ControllerRouterHandler] = [show_settings, change]
