"""How the community sells: read by every price, changed by who manages the store."""

import msgspec

from threadly.modules.store.errors.cart import CurrencyFixed
from threadly.modules.store.repository.shop import FIND_SHOP, HAS_PRICES, SAVE_SHOP
from threadly.modules.store.rules.shop import check_shop
from threadly.modules.store.types.shop import ShippingRate, Shop, Taxes
from threadly.platform.work import Work

__all__ = ["STORE_MANAGE", "change_shop", "get_shop", "shop_of"]

STORE_MANAGE = "store.manage"


async def get_shop(work: Work) -> Shop:
    """The shop's settings, or those that a shop begins with."""
    row = await work.one(FIND_SHOP)
    return Shop() if row is None else shop_of(row.currency, row.taxes, row.shipping)


def shop_of(currency: str | None, taxes: object, shipping: object) -> Shop:
    """The settings of a row; without a currency there is none."""
    if currency is None:
        return Shop()
    return Shop(currency, msgspec.convert(taxes, Taxes), msgspec.convert(shipping, list[ShippingRate]))


async def change_shop(work: Work, *, shop: Shop) -> Shop:
    """These settings from now on. Raises SignInRequired, Denied, InvalidInput, CurrencyFixed."""
    work.actor.require(STORE_MANAGE)
    check_shop(shop)
    if shop.currency != (await get_shop(work)).currency and await work.one(HAS_PRICES):
        raise CurrencyFixed
    taxes, shipping = msgspec.to_builtins(shop.taxes), msgspec.to_builtins(shop.shipping)
    await work.run(SAVE_SHOP, shop.currency, taxes, shipping, work.now)
    return shop
