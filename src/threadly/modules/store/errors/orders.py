"""What orders and checkouts refuse."""

from threadly.platform.errors import Kind, Refusal

__all__ = [
    "AmountInvalid",
    "CartChanged",
    "CartEmpty",
    "CheckoutKeyReused",
    "CheckoutUnderWay",
    "MethodMissing",
    "NothingToRefund",
    "OrderBeingPaid",
    "OrderCancelledAlready",
    "OrderFulfilled",
    "OrderMissing",
    "OrderNotPaid",
    "RefundAboveRest",
    "RefundLineUnknown",
    "RefundedMeanwhile",
    "RestockNeedsLines",
]


class OrderMissing(Refusal):
    """Also what someone is told who may not know that the order exists."""

    code = "store.order_missing"
    kind = Kind.MISSING
    message = "There is no such order."


class CartChanged(Refusal):
    """`details` name what is not as the buyer saw it."""

    code = "store.cart_changed"
    kind = Kind.CONFLICT
    message = "Something in your cart has changed since you saw it. Look at the new total, then pay again."


class CartEmpty(Refusal):
    code = "store.cart_empty"
    kind = Kind.CONFLICT
    message = "Your cart is empty. Put something in first."


class CheckoutKeyReused(Refusal):
    code = "store.checkout_key_reused"
    kind = Kind.CONFLICT
    message = "This Idempotency-Key was used before with another checkout. Use a new key for a new one."
    field = "Idempotency-Key"


class CheckoutUnderWay(Refusal):
    code = "store.checkout_under_way"
    kind = Kind.CONFLICT
    message = "A payment for this cart is under way. Wait until it is decided, then look at your orders."
    retry_after_s = 5


class MethodMissing(Refusal):
    code = "store.method_missing"
    kind = Kind.INVALID
    message = "Choose how to pay: there is something left to pay."
    field = "methods"


class OrderBeingPaid(Refusal):
    code = "store.order_being_paid"
    kind = Kind.CONFLICT
    message = "This order is being paid at this moment. Wait a few seconds, then try again."
    retry_after_s = 5


class OrderCancelledAlready(Refusal):
    code = "store.order_cancelled"
    kind = Kind.CONFLICT
    message = "The order of this checkout was cancelled. Your cart is as it was; you can check out again."


class OrderFulfilled(Refusal):
    code = "store.order_fulfilled"
    kind = Kind.CONFLICT
    message = "This order has been sent already, so it cannot be cancelled. Ask the shop for a refund."


class OrderNotPaid(Refusal):
    code = "store.order_not_paid"
    kind = Kind.CONFLICT
    message = "This order is not paid, or not any more."


class NothingToRefund(Refusal):
    code = "store.nothing_to_refund"
    kind = Kind.CONFLICT
    message = "All that was paid for this order has been given back already."


class RefundAboveRest(Refusal):
    code = "store.refund_above_rest"
    kind = Kind.INVALID
    message = "That is more than is left of what was paid."
    field = "amount"


class AmountInvalid(Refusal):
    code = "store.amount_invalid"
    kind = Kind.INVALID
    message = "An amount to refund is more than nothing, in the currency of the order."
    field = "amount"


class RefundLineUnknown(Refusal):
    code = "store.refund_line_unknown"
    kind = Kind.INVALID
    message = "The order has no such line, or one is named twice."
    field = "lines"


class RefundedMeanwhile(Refusal):
    code = "store.refunded_meanwhile"
    kind = Kind.CONFLICT
    message = "Something of this order was given back since you saw it. Look at it, then refund again."


class RestockNeedsLines(Refusal):
    code = "store.restock_needs_lines"
    kind = Kind.INVALID
    message = "Say which lines come back to the shelf: part of the amount alone does not tell."
    field = "lines"
