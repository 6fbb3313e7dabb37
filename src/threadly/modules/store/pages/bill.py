"""What a checkout would cost now, as far as what was typed tells."""

import msgspec

from threadly.modules.store.cart_cookie import read_cart
from threadly.modules.store.errors.cart import NotShippedThere, RegionUnknown
from threadly.modules.store.pages.cart_view import CartView, cart_view
from threadly.modules.store.pages.checkout_form import typed_of
from threadly.modules.store.pages.countries import COUNTRY_NAMES
from threadly.modules.store.rules.pricing import regions_of
from threadly.modules.store.types.cart import Cart
from threadly.modules.store.types.shop import Destination
from threadly.modules.store.verbs.cart import get_cart
from threadly.modules.store.verbs.shop import get_shop
from threadly.platform.errors import Refusal
from threadly.platform.http.edge import Edge

__all__ = ["WHICH_REGION", "Bill", "find_bill", "view_of"]

WHICH_REGION = "Choose the state or province that it goes to: its taxes depend on it."


class Bill(msgspec.Struct, frozen=True):
    """The cart as it would be ordered now; `problems` of what was typed keep the price from being final.
    `regions`: one of these is to be chosen, because taxes depend on it."""

    cart: Cart
    problems: dict[str, str]
    regions: list[str]


async def find_bill(edge: Edge, values: dict[str, str]) -> Bill:
    """The cart and its price. Without a country or a region that is needed, or with a country that nothing is
    shipped to, it is not final; a gift card that cannot be used is left out."""
    typed = typed_of(values)
    address = typed.destination if values["country"] in COUNTRY_NAMES else None
    regions = await _regions(edge, values["country"])
    problems: dict[str, str] = {}
    try:
        return Bill(await _priced(edge, address, typed.gift_cards), problems, regions)
    except RegionUnknown:
        if typed.destination.region:
            problems["region"] = WHICH_REGION
        address = None
    except NotShippedThere as refusal:
        problems["country"] = refusal.message
        address = None
    except Refusal as refusal:
        if refusal.field != "gift_cards":
            raise
        problems["gift_card"] = refusal.message
    cards = [] if "gift_card" in problems else typed.gift_cards
    try:
        return Bill(await _priced(edge, address, cards), problems, regions)
    except Refusal as refusal:
        if not isinstance(refusal, RegionUnknown):
            problems["country" if isinstance(refusal, NotShippedThere) else "gift_card"] = refusal.message
        return Bill(await _priced(edge, None, []), problems, regions)


async def _regions(edge: Edge, country: str) -> list[str]:
    shop = await edge.read(lambda work: get_shop(work))
    return regions_of(country, shop.taxes.rates)


async def _priced(edge: Edge, address: Destination | None, gift_cards: list[str]) -> Cart:
    return await read_cart(
        edge, lambda work, guest: get_cart(work, guest=guest, address=address, gift_cards=gift_cards)
    )


def view_of(edge: Edge, cart: Cart) -> CartView:
    return cart_view(cart, host=edge.request.headers.get("host", ""))
