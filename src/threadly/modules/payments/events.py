"""What happened in payments. `reference` is what was paid for."""

from threadly.modules.payments.types import ProviderName
from threadly.platform.events import Event
from threadly.platform.ids import UUID

__all__ = [
    "EVENTS",
    "PaymentAbandoned",
    "PaymentDeclined",
    "PaymentSaved",
    "PaymentSucceeded",
    "RefundFailed",
    "RefundRequested",
    "RefundSucceeded",
    "WebhookReceived",
]


class PaymentSucceeded(Event, frozen=True, tag="payments.succeeded"):
    payment_id: UUID
    reference: UUID


class PaymentDeclined(Event, frozen=True, tag="payments.declined"):
    payment_id: UUID
    reference: UUID


class PaymentSaved(Event, frozen=True, tag="payments.saved"):
    """No provider answers now; it is tried again until it expires."""

    payment_id: UUID
    reference: UUID


class PaymentAbandoned(Event, frozen=True, tag="payments.abandoned"):
    """It will not be charged any more, and was not."""

    payment_id: UUID
    reference: UUID


class RefundRequested(Event, frozen=True, tag="payments.refund_requested"):
    """Also for a second charge of one payment, which nobody but us asks to give back."""

    refund_id: UUID
    payment_id: UUID
    reference: UUID


class RefundSucceeded(Event, frozen=True, tag="payments.refund_succeeded"):
    refund_id: UUID
    payment_id: UUID
    reference: UUID


class RefundFailed(Event, frozen=True, tag="payments.refund_failed"):
    refund_id: UUID
    payment_id: UUID
    reference: UUID


class WebhookReceived(Event, frozen=True, tag="payments.webhook_received"):
    webhook_id: UUID
    provider: ProviderName


EVENTS = (
    PaymentSucceeded,
    PaymentDeclined,
    PaymentSaved,
    PaymentAbandoned,
    RefundRequested,
    RefundSucceeded,
    RefundFailed,
    WebhookReceived,
)
