"""What payments refuses."""

from typing import Final

from threadly.platform.errors import Kind, Refusal

__all__ = [
    "AmountUnpayable",
    "AuthenticationRequired",
    "CardDeclined",
    "CardExpired",
    "DiscrepancyMissing",
    "InsufficientFunds",
    "MethodInvalid",
    "MethodUnavailable",
    "NotRefundable",
    "NoteMissing",
    "PaymentMissing",
    "ProviderAway",
    "ProviderMissing",
    "RefundTooLarge",
    "SplitUneven",
    "WebhookUnreadable",
    "WebhookUnsigned",
    "declined",
]


class PaymentMissing(Refusal):
    code = "payments.payment_missing"
    kind = Kind.MISSING
    message = "There is no such payment."


class MethodUnavailable(Refusal):
    code = "payments.method_unavailable"
    kind = Kind.INVALID
    message = "This way of paying is not available here. Please choose another."
    field = "payment"


class RefundTooLarge(Refusal):
    code = "payments.refund_too_large"
    kind = Kind.CONFLICT
    message = "That is more than is left to refund of this payment."
    field = "amount"


class SplitUneven(Refusal):
    code = "payments.split_uneven"
    kind = Kind.INVALID
    message = "The parts of the amount do not add up to it."


class NotRefundable(Refusal):
    code = "payments.not_refundable"
    kind = Kind.CONFLICT
    message = "Only a payment that has succeeded can be refunded."


class CardDeclined(Refusal):
    code = "payments.card_declined"
    kind = Kind.CONFLICT
    message = "Your card was declined. Try another card."


class InsufficientFunds(Refusal):
    code = "payments.insufficient_funds"
    kind = Kind.CONFLICT
    message = "Your card has not enough funds for this. Try another card."


class AuthenticationRequired(Refusal):
    """A payment at PayPal can be approved once more; a bank's question about a card cannot be answered here
    (docs/payments.md says why)."""

    code = "payments.authentication_required"
    kind = Kind.CONFLICT
    message = (
        "This payment had to be confirmed with your bank, which cannot be done here. Try another card, or "
        "another way to pay."
    )


class CardExpired(Refusal):
    code = "payments.expired_card"
    kind = Kind.CONFLICT
    message = "Your card has expired. Try another card."


class MethodInvalid(Refusal):
    code = "payments.method_invalid"
    kind = Kind.CONFLICT
    message = "These payment details are not valid any more. Enter them again, or try another card."


class AmountUnpayable(Refusal):
    code = "payments.amount_unpayable"
    kind = Kind.CONFLICT
    message = (
        "This amount is too small or too large to be paid this way. Choose another, or change your cart."
    )


class ProviderMissing(Refusal):
    code = "payments.provider_missing"
    kind = Kind.MISSING
    message = "There is no such payment provider here."


class ProviderAway(Refusal):
    code = "payments.provider_away"
    kind = Kind.UNAVAILABLE
    message = "This way of paying does not answer at the moment. Choose another, or try again in a minute."
    field = "payment"
    retry_after_s = 60


class WebhookUnsigned(Refusal):
    """Also for one that was sent too long ago: somebody may be repeating it."""

    code = "payments.webhook_unsigned"
    kind = Kind.UNAUTHENTICATED
    message = "The signature of this webhook is not the provider’s, or it is too old."


class WebhookUnreadable(Refusal):
    code = "payments.webhook_unverified"
    kind = Kind.UNAVAILABLE
    message = "The signature of this webhook cannot be checked right now. Please send it again."
    retry_after_s = 30


class DiscrepancyMissing(Refusal):
    code = "payments.discrepancy_missing"
    kind = Kind.MISSING
    message = "There is no such difference, or it is settled already."


class NoteMissing(Refusal):
    code = "payments.note_missing"
    kind = Kind.INVALID
    message = "Say how the difference was settled, in 1 to 1,000 characters."
    field = "note"


_DECLINES: Final[dict[str, type[Refusal]]] = {
    "amount_unpayable": AmountUnpayable,
    "card_declined": CardDeclined,
    "insufficient_funds": InsufficientFunds,
    "authentication_required": AuthenticationRequired,
    "expired_card": CardExpired,
    "method_invalid": MethodInvalid,
}


def declined(code: str | None) -> Refusal:
    """What to tell a buyer whose payment was declined with that code."""
    return _DECLINES.get(code or "", CardDeclined)()
