"""How the community sells."""

from types import NoneType

import msgspec

from threadly.platform.db import sql

__all__ = ["FIND_SHOP", "HAS_PRICES", "SAVE_SHOP", "ShopRow"]


class ShopRow(msgspec.Struct, frozen=True):
    """`taxes` and `shipping` are as JSON says, see `Shop`."""

    currency: str
    taxes: object
    shipping: object


FIND_SHOP = sql("store.find_shop", "SELECT currency, taxes, shipping FROM store.shops", into=ShopRow)
SAVE_SHOP = sql(
    "store.save_shop",
    """
    INSERT INTO store.shops AS shop (currency, taxes, shipping, updated_at) VALUES ($1, $2, $3, $4)
    ON CONFLICT (tenant_id) DO UPDATE
    SET currency = EXCLUDED.currency, taxes = EXCLUDED.taxes, shipping = EXCLUDED.shipping,
        updated_at = EXCLUDED.updated_at
    """,
    into=NoneType,
)
# Whether anything is priced in the shop's currency.
HAS_PRICES = sql(
    "store.has_prices",
    """
    SELECT EXISTS (SELECT FROM store.variants) OR EXISTS (SELECT FROM store.gift_cards)
        OR EXISTS (SELECT FROM store.coupons) OR EXISTS (SELECT FROM store.orders)
    """,
    into=bool,
)
