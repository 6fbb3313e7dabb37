"""What of Stripe's objects we read, and how they are told in our terms.

Shapes: the API reference of version 2026-10-28 (docs.stripe.com/api), which the pinned SDK speaks.
"""

from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Literal

import msgspec

from threadly.modules.payments.providers.interface import Charge, DeclineCode, Movement, RefundOutcome
from threadly.platform.money import Money

__all__ = [
    "Event",
    "Intent",
    "Refund",
    "Transaction",
    "charge_of",
    "decline_of",
    "movements_of",
    "refund_of",
]

Metadata = dict[str, str]

DECLINES: dict[str, DeclineCode] = {
    "insufficient_funds": "insufficient_funds",
    "expired_card": "expired_card",
    "authentication_required": "authentication_required",
    "authentication_not_handled": "authentication_required",
    "payment_intent_authentication_failure": "authentication_required",
    "incorrect_number": "method_invalid",
    "invalid_number": "method_invalid",
    "invalid_expiry_month": "method_invalid",
    "invalid_expiry_year": "method_invalid",
    "invalid_account": "method_invalid",
    "payment_method_not_available": "method_invalid",
    "payment_method_unactivated": "method_invalid",
}
"""docs.stripe.com/error-codes and /declines/codes; any other is a plain `card_declined`."""


class Card(msgspec.Struct, frozen=True):
    brand: str | None = None
    last4: str | None = None


class MethodDetails(msgspec.Struct, frozen=True):
    type: str = ""
    card: Card | None = None


class Balance(msgspec.Struct, frozen=True):
    fee: int
    currency: str
    exchange_rate: float | None = None


class LatestCharge(msgspec.Struct, frozen=True):
    id: str
    balance_transaction: Balance | str | None = None
    payment_method_details: MethodDetails | None = None


class PaymentError(msgspec.Struct, frozen=True):
    code: str | None = None
    decline_code: str | None = None


class Intent(msgspec.Struct, frozen=True):
    id: str
    amount: int
    currency: str
    status: Literal[
        "requires_payment_method",
        "requires_confirmation",
        "requires_action",
        "processing",
        "requires_capture",
        "canceled",
        "succeeded",
    ]
    metadata: Metadata = {}
    latest_charge: LatestCharge | str | None = None
    last_payment_error: PaymentError | None = None


class Refund(msgspec.Struct, frozen=True):
    id: str
    status: Literal["pending", "requires_action", "succeeded", "failed", "canceled"] | None
    metadata: Metadata = {}


class Source(msgspec.Struct, frozen=True):
    """What a balance transaction is of: a charge, a refund, a payout and more."""

    id: str
    object: str
    metadata: Metadata = {}
    payment_intent: str | None = None


class Transaction(msgspec.Struct, frozen=True):
    """`amount` is gross, in minor units, negative for what we are owed less; `fee` is taken off it."""

    id: str
    type: str
    amount: int
    fee: int
    currency: str
    created: int
    source: Source | str | None = None


class Subject(msgspec.Struct, frozen=True):
    id: str
    object: str
    metadata: Metadata | None = None


class Data(msgspec.Struct, frozen=True):
    object: msgspec.Raw


class Event(msgspec.Struct, frozen=True):
    id: str
    type: str
    data: Data


def decline_of(code: str | None, decline_code: str | None) -> DeclineCode:
    return DECLINES.get(decline_code or "") or DECLINES.get(code or "") or "card_declined"


def charge_of(intent: Intent, key: str) -> Charge | None:
    """What became of the intent; None while nobody has tried to pay with it."""
    amount = Money(intent.amount, intent.currency.upper())
    match intent.status:
        case "succeeded":
            fee_minor, label = _fee_of(intent), _label_of(intent)
            return Charge(key, "succeeded", intent.id, amount, fee_minor=fee_minor, label=label)
        case "processing" | "requires_capture":
            return Charge(key, "pending", intent.id, amount)
        case "canceled":
            return Charge(key, "cancelled", intent.id, amount)
        case "requires_action":
            code: DeclineCode = "authentication_required"
            return Charge(key, "declined", intent.id, amount, decline_code=code)
    if (error := intent.last_payment_error) is None:
        return None
    code = decline_of(error.code, error.decline_code)
    return Charge(key, "declined", intent.id, amount, decline_code=code)


def _fee_of(intent: Intent) -> int:
    """In the currency of the charge: of an account settled in another one, at the rate of the exchange."""
    charge = intent.latest_charge
    balance = charge.balance_transaction if isinstance(charge, LatestCharge) else None
    if not isinstance(balance, Balance):
        return 0
    if balance.currency == intent.currency or not balance.exchange_rate:
        return balance.fee
    exact = Decimal(balance.fee) / Decimal(str(balance.exchange_rate))
    return int(exact.quantize(Decimal(1), ROUND_HALF_UP))


def _label_of(intent: Intent) -> str:
    charge = intent.latest_charge
    details = charge.payment_method_details if isinstance(charge, LatestCharge) else None
    if details is None:
        return ""
    if details.card is None:
        return details.type.replace("_", " ").title()
    return f"{(details.card.brand or 'card').title()} •••• {details.card.last4 or '????'}"


def refund_of(refund: Refund, key: str) -> RefundOutcome:
    match refund.status:
        case "succeeded" | None:  # Stripe documents null for refunds made before it kept a state
            return RefundOutcome(key, "succeeded", refund.id)
        case "failed" | "canceled":
            return RefundOutcome(key, "failed", refund.id)
        case _:
            return RefundOutcome(key, "pending", refund.id)


def movements_of(transaction: Transaction) -> list[Movement]:
    """The transaction, and its fee apart. What is none of ours (a dispute, an adjustment) has no key, so that
    reconciliation finds it, not passes it over."""
    source = transaction.source if isinstance(transaction.source, Source) else None
    currency = transaction.currency.upper()
    at = datetime.fromtimestamp(transaction.created, UTC)
    key = source.metadata.get("key") if source else None
    reference = source.id if source else transaction.source
    if source and source.object == "charge":
        reference = source.payment_intent or source.id
    provider_ref = reference if isinstance(reference, str) else None
    kind = _kind_of(transaction)
    lines = [
        Movement(transaction.id, kind, Money(transaction.amount, currency), at, key, provider_ref),
    ]
    if transaction.fee:
        fee = Money(-transaction.fee, currency)
        lines.append(Movement(f"{transaction.id}:fee", "fee", fee, at, key, provider_ref))
    return lines


def _kind_of(transaction: Transaction) -> Literal["charge", "refund", "fee", "payout"]:
    if transaction.type.startswith("payout"):
        return "payout"
    if transaction.type in ("stripe_fee", "stripe_fx_fee", "tax_fee"):
        return "fee"
    if transaction.type in ("charge", "payment"):
        return "charge"
    if "refund" in transaction.type or transaction.amount < 0:
        return "refund"
    return "charge"
