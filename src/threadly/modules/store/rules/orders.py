"""Orders: which state may follow which, and which part of a sum belongs where."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Final

import msgspec

from threadly.modules.store.types.orders import OrderState
from threadly.platform.errors import Kind, Refusal
from threadly.platform.money import apportion

__all__ = [
    "HELD_FOR",
    "JOINED_WITHIN",
    "OPEN",
    "PAID",
    "REFUNDABLE",
    "Parts",
    "TransitionRefused",
    "may_follow",
    "refund_split",
    "refunded_state",
    "require_transition",
    "split_of",
    "units_worth",
]

# So long a checkout holds its units: a buyer's card is answered within seconds, and what no provider answers
# is tried again until then.
HELD_FOR: Final = timedelta(hours=6)
# A second tab that asks for the same total so soon after means the same order.
JOINED_WITHIN: Final = timedelta(minutes=10)

# Not decided yet.
OPEN: Final = frozenset[OrderState]({"pending", "payment_pending"})
# Money was taken and kept, in part at least.
PAID: Final = frozenset[OrderState]({"paid", "fulfilled", "partially_refunded", "refunded"})
REFUNDABLE: Final = frozenset[OrderState]({"paid", "fulfilled", "partially_refunded"})

# A refund that the provider refuses is taken back, hence the ways from refunded to what it was before.
_FOLLOWS: Final[Mapping[OrderState | None, frozenset[OrderState]]] = {
    None: frozenset({"pending"}),
    "pending": frozenset({"payment_pending", "paid", "cancelled"}),
    "payment_pending": frozenset({"paid", "cancelled"}),
    "paid": frozenset({"fulfilled", "cancelled", "refunded", "partially_refunded"}),
    "fulfilled": frozenset({"refunded", "partially_refunded"}),
    "partially_refunded": frozenset({"fulfilled", "cancelled", "refunded", "partially_refunded", "paid"}),
    "refunded": frozenset({"paid", "fulfilled", "partially_refunded"}),
    "cancelled": frozenset(),
}


class TransitionRefused(Refusal):
    code = "store.order_transition_refused"
    kind = Kind.CONFLICT
    message = "The order is in another state by now. Look at it again."


def may_follow(was: OrderState | None, state: OrderState) -> bool:
    return state in _FOLLOWS[was]


def require_transition(was: OrderState | None, state: OrderState) -> None:
    """Raises TransitionRefused."""
    if not may_follow(was, state):
        raise TransitionRefused


class Parts(msgspec.Struct, frozen=True):
    """A total, by what it is for, in minor units: `sales` are without discount and tax."""

    sales: int
    shipping: int
    tax: int

    @property
    def total(self) -> int:
        return self.sales + self.shipping + self.tax

    def accounts(self) -> dict[str, int]:
        """As the ledger names them, without those that got nothing."""
        return {name: amount for name, amount in msgspec.structs.asdict(self).items() if amount}


def split_of(parts: Parts, *, gift_card: int) -> tuple[Parts, Parts]:
    """What of each part the gift cards pay, and what the payment pays. The parts of both sum to `parts`."""
    amounts = (parts.sales, parts.shipping, parts.tax)
    by_card = apportion(gift_card, amounts)
    rest = [amount - part for amount, part in zip(amounts, by_card, strict=True)]
    return Parts(*by_card), Parts(*rest)


def refund_split(of: Parts, *, before: int, amount: int) -> dict[str, int]:
    """Which accounts a refund of `amount` is debited to when `before` was refunded already.

    The tax goes back with the amount, cumulatively: refunds of the whole sum give back the whole tax, however
    many there are.
    """
    tax = (before + amount) * of.tax // of.total - before * of.tax // of.total
    return {name: part for name, part in (("refunds", amount - tax), ("tax", tax)) if part}


def refunded_state(*, total: int, refunded: int, fulfilled: bool) -> OrderState:
    """What an order that was paid is, once `refunded` of its `total` was given back."""
    if refunded == 0:
        return "fulfilled" if fulfilled else "paid"
    return "refunded" if refunded == total else "partially_refunded"


def units_worth(total: int, *, of: int, quantity: int, after: int = 0) -> int:
    """What `quantity` of a line's `of` units cost, when the line costs `total` and `after` units were given
    back before: however they are divided, all units together are worth the whole line."""
    return sum(apportion(total, [1] * of)[after : after + quantity])
