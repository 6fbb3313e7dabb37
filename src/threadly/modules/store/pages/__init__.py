"""The pages of the shop, the cart, the checkout and the orders."""

from litestar.types import ControllerRouterHandler

from threadly.modules.store.cart_cookie import CART_COOKIE, read_cart
from threadly.modules.store.pages import cart, checkout, orders, owner, product, reporting, shop

__all__ = ["CART_COOKIE", "read_cart", "routes"]

routes: list[ControllerRouterHandler] = [
    *shop.routes,
    *product.routes,
    *reporting.routes,
    *cart.routes,
    *checkout.routes,
    *orders.routes,
    *owner.routes,
]
