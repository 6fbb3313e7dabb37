"""The store's part of the API, under /api/v1, one file per room."""

from litestar.types import ControllerRouterHandler

from threadly.modules.store.rest import cart, catalog, checkout, coupons, imports, orders, pictures, stock

__all__ = ["routes"]

routes: list[ControllerRouterHandler] = [
    *catalog.routes,
    *pictures.routes,
    *stock.routes,
    *cart.routes,
    *coupons.routes,
    *imports.routes,
    *checkout.routes,
    *orders.routes,
]
