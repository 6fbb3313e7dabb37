"""What a cart may hold, and what of it is not as its buyer last saw it."""

from datetime import timedelta
from typing import Final

from threadly.modules.store.errors.cart import NotEnoughStock, QuantityInvalid
from threadly.modules.store.types.cart import Notice
from threadly.platform.money import Money

__all__ = [
    "FORGOTTEN_AFTER",
    "MOST_COUPONS",
    "MOST_LINES",
    "MOST_UNITS",
    "check_quantity",
    "notices_of",
]

MOST_UNITS: Final = 999
MOST_LINES: Final = 100
MOST_COUPONS: Final = 10
# A guest's cart that nobody touched for so long is deleted.
FORGOTTEN_AFTER: Final = timedelta(days=30)


def check_quantity(quantity: int, *, left: int | None) -> None:
    """Raises QuantityInvalid, NotEnoughStock."""
    if not 1 <= quantity <= MOST_UNITS:
        raise QuantityInvalid
    if left is not None and quantity > left:
        raise NotEnoughStock(_shortage(left))


def notices_of(*, quantity: int, left: int | None, for_sale: bool, seen: Money, price: Money) -> list[Notice]:
    """What the buyer must be told about a line before they pay for it."""
    if not for_sale:
        return [Notice("gone", "This is not for sale any more. Please remove it.", left=0)]
    if left is not None and left <= 0:
        return [Notice("sold_out", "This is sold out. Please remove it.", left=0)]
    notices: list[Notice] = []
    if price != seen:
        message = f"This costs {price} now. It was {seen} when you last saw it."
        notices.append(Notice("price_changed", message, old_price=seen, new_price=price))
    if left is not None and quantity > left:
        notices.append(Notice("only_left", _shortage(left), left=left))
    return notices


def _shortage(left: int) -> str:
    if left <= 0:
        return "This is sold out."
    return "Only one is left. Please take one." if left == 1 else f"Only {left} are left. Please take fewer."
