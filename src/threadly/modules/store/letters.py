"""What the store writes to buyers."""

from html import escape
from typing import Final

from threadly.modules.store.types.orders import Order
from threadly.platform.mail import Letter

__all__ = [
    "cancelled_letter",
    "receipt_letter",
    "received_letter",
    "refunded_letter",
    "sent_letter",
    "text_message",
]

# Why an order that was received came to nothing; what else a person decided is said as theirs.
_WHY: Final = {
    "payment_declined": "your payment was declined, so your order is cancelled.",
    "payment_abandoned": "no payment provider answered in time, so your order is cancelled.",
    "expired": "your order was not paid within the time it was held, so it is cancelled.",
    "cancelled_by_buyer": "your order is cancelled, as you wished.",
    "cancelled_by_shop": "the shop has cancelled your order.",
}
# A payment that was under way may still come through.
_NOT_PAID: Final = (
    "You pay nothing for it: should a payment still arrive, it goes back to you by itself. Its products are "
    "in your cart again."
)
_BANK: Final = "It may take your bank some days to show the money."


def receipt_letter(order: Order, *, site: str, link: str) -> Letter:
    return _letter(
        order,
        subject=f"Your receipt from {site}: order {order.number}",
        before=f"thank you for your order. It is paid{_with(order)}, and we prepare it now.",
        rows=[*_line_rows(order), *_sum_rows(order)],
        link=link,
        action="Look at your order",
        after="Keep this mail as your receipt.",
    )


def received_letter(order: Order, *, site: str, link: str) -> Letter:
    return _letter(
        order,
        subject=f"We received your order {order.number} at {site}",
        before="we received your order and keep its products for you. Your payment could not be confirmed "
        "yet, because the payment provider does not answer at this moment. We go on trying; you need not "
        "do anything.",
        rows=[*_line_rows(order), *_sum_rows(order)],
        link=link,
        action="Follow your order",
        after="You get your receipt as soon as the payment is confirmed. You are charged once at most.",
    )


def cancelled_letter(order: Order, *, site: str, link: str) -> Letter:
    """For an order that was received and then came to nothing, or was paid and is given back."""
    why = _WHY.get(order.reason or "", "your order is cancelled.")
    if order.refunded.amount_minor:
        outcome = f"{order.refunded} go back to you."
    elif order.paid_at:
        outcome = "There was nothing to pay, so nothing goes back."
    else:
        outcome = _NOT_PAID
    by_bank = order.refunded.amount_minor and order.due.amount_minor
    return _letter(
        order,
        subject=f"Your order {order.number} at {site} is cancelled",
        before=f"{why} {outcome}",
        rows=_line_rows(order),
        link=link,
        action="Look at your order",
        after=_BANK if by_bank else "You are welcome to order again.",
    )


def refunded_letter(order: Order, *, site: str, link: str) -> Letter:
    return _letter(
        order,
        subject=f"Your refund for order {order.number} at {site}",
        before=f"{order.refunded} of {order.total} have been given back to you for this order.",
        rows=[(refund.reason, str(refund.amount)) for refund in order.refunds if refund.state != "failed"],
        link=link,
        action="Look at your order",
        after=_BANK,
    )


def sent_letter(order: Order, *, site: str, link: str) -> Letter:
    return _letter(
        order,
        subject=f"Your order {order.number} from {site} is on its way",
        before="your order has been sent.",
        rows=_line_rows(order),
        link=link,
        action="Look at your order",
        after="We hope you enjoy it.",
    )


def text_message(order: Order, *, site: str, link: str) -> str:
    return f"{site}: your order {order.number} ({order.total}) is paid. {link}"


def _with(order: Order) -> str:
    return f" with {order.paid_with}" if order.paid_with else ""


def _line_rows(order: Order) -> list[tuple[str, str]]:
    return [
        (
            f"{line.quantity} × {line.title}{f' ({line.options})' if line.options else ''}",
            str(line.price * line.quantity),
        )
        for line in order.lines
    ]


def _sum_rows(order: Order) -> list[tuple[str, str]]:
    parts = (
        ("Discount", order.discount * -1),
        ("Shipping", order.shipping),
        ("Tax", order.tax),
        ("Total", order.total),
        ("Gift card", order.gift_card * -1),
    )
    return [(name, str(amount)) for name, amount in parts if amount.amount_minor or name == "Total"]


def _letter(
    order: Order,
    *,
    subject: str,
    before: str,
    rows: list[tuple[str, str]],
    link: str,
    action: str,
    after: str,
) -> Letter:
    greeting = f"Hello {order.address.name}," if order.address else "Hello,"
    table = "\n".join(f"{amount:>14}  {what}" for what, amount in rows)
    text = f"{greeting}\n\n{before}\n\n{table}\n\n{link}\n\n{after}\n"
    cells = "".join(
        f'<tr><td>{escape(what)}</td><td style="text-align:right;padding-left:2em">{escape(amount)}</td></tr>'
        for what, amount in rows
    )
    html = (
        '<div style="font:16px/1.5 system-ui,sans-serif;max-width:32em">'
        f"<p>{escape(greeting)}</p><p>{escape(before)}</p><table>{cells}</table>"
        f'<p><a href="{escape(link)}" style="font-weight:600">{escape(action)}</a></p>'
        f"<p>{escape(after)}</p></div>"
    )
    return Letter(order.email, subject, text, html)
