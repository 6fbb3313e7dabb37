"""/manage: the pages of who manages the store."""

from litestar.types import ControllerRouterHandler

from threadly.modules.store.pages.owner import (
    categories,
    coupons,
    gift_cards,
    imports,
    orders,
    overview,
    pictures,
    products,
    reconciliation,
    settings,
    stock,
    variants,
)

__all__ = ["routes"]

routes: list[ControllerRouterHandler] = [
    *overview.routes,
    *orders.routes,
    *products.routes,
    *pictures.routes,
    *variants.routes,
    *categories.routes,
    *imports.routes,
    *stock.routes,
    *coupons.routes,
    *gift_cards.routes,
    *settings.routes,
    *reconciliation.routes,
]
