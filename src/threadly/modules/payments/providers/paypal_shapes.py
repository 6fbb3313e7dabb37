"""What of PayPal's objects we read, and how they are told in our terms.

Shapes: PayPal's own OpenAPI files (github.com/paypal/paypal-rest-api-specifications): checkout_orders_v2,
payments_payment_v2, reporting_transactions_v1, notifications_webhooks_v1.
"""

from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Literal

import msgspec
from msgspec import UNSET, UnsetType, field

from threadly.modules.payments.providers.http import as_json
from threadly.modules.payments.providers.interface import (
    Charge,
    DeclineCode,
    Movement,
    ProviderEvent,
    ProviderRefused,
    ProviderUnknown,
    RefundOutcome,
)
from threadly.platform.ids import parse_id
from threadly.platform.money import Money, exponent_of

__all__ = [
    "DECLINES",
    "WHOLE",
    "Amount",
    "Capture",
    "Order",
    "Page",
    "Problem",
    "Refund",
    "Token",
    "WebhookEvent",
    "charge_of",
    "event_of",
    "movements_of",
    "refund_of",
    "to_amount",
    "to_money",
]

WHOLE = ("HUF", "JPY", "TWD")
"""Currencies in which PayPal takes no decimals (developer.paypal.com/api/rest/reference/currency-codes)."""

DECLINES: dict[str, DeclineCode] = {
    "INSTRUMENT_DECLINED": "card_declined",
    "TRANSACTION_REFUSED": "card_declined",
    "TRANSACTION_BLOCKED_BY_PAYEE": "card_declined",
    "PAYEE_BLOCKED_TRANSACTION": "card_declined",
    "TRANSACTION_LIMIT_EXCEEDED": "card_declined",
    "COMPLIANCE_VIOLATION": "card_declined",
    "MAX_NUMBER_OF_PAYMENT_ATTEMPTS_EXCEEDED": "card_declined",
    "DOMESTIC_TRANSACTION_REQUIRED": "card_declined",
    "PAYER_ACCOUNT_LOCKED_OR_CLOSED": "card_declined",
    "PAYER_ACCOUNT_RESTRICTED": "card_declined",
    "PAYER_CANNOT_PAY": "insufficient_funds",
    "REDIRECT_PAYER_FOR_ALTERNATE_FUNDING": "authentication_required",
    "PAYER_ACTION_REQUIRED": "authentication_required",
    "ORDER_NOT_APPROVED": "authentication_required",
    "CARD_EXPIRED": "expired_card",
    "REFERENCED_CARD_EXPIRED": "expired_card",
    "ORDER_EXPIRED": "method_invalid",
}
"""The issues of a 422 that are the buyer's or the bank's no; any other is a mistake of ours."""

CAPTURE_EVENTS = tuple(f"PAYMENT.CAPTURE.{told}" for told in ("COMPLETED", "PENDING", "DENIED", "DECLINED"))


class Amount(msgspec.Struct, frozen=True):
    currency_code: str
    value: str


class Token(msgspec.Struct, frozen=True):
    access_token: str
    expires_in: int


class Breakdown(msgspec.Struct, frozen=True):
    paypal_fee: Amount | None = None


class Capture(msgspec.Struct, frozen=True):
    id: str
    status: Literal["COMPLETED", "DECLINED", "PARTIALLY_REFUNDED", "PENDING", "REFUNDED", "FAILED"]
    amount: Amount
    custom_id: str | None = None
    seller_receivable_breakdown: Breakdown | None = None


class Payments(msgspec.Struct, frozen=True):
    captures: tuple[Capture, ...] = ()


class Unit(msgspec.Struct, frozen=True):
    amount: Amount
    reference_id: str = "default"
    custom_id: str | None = None
    payments: Payments = field(default_factory=Payments)


class Link(msgspec.Struct, frozen=True):
    href: str
    rel: str


class Order(msgspec.Struct, frozen=True):
    id: str
    status: Literal["CREATED", "SAVED", "APPROVED", "VOIDED", "COMPLETED", "PAYER_ACTION_REQUIRED"]
    intent: Literal["CAPTURE", "AUTHORIZE"] = "CAPTURE"
    purchase_units: tuple[Unit, ...] = ()
    links: tuple[Link, ...] = ()

    @property
    def captures(self) -> list[Capture]:
        return [capture for unit in self.purchase_units for capture in unit.payments.captures]


class Refund(msgspec.Struct, frozen=True):
    id: str
    status: Literal["CANCELLED", "FAILED", "PENDING", "COMPLETED"] = "COMPLETED"
    custom_id: str | None = None


class Detail(msgspec.Struct, frozen=True):
    issue: str = ""


class Problem(msgspec.Struct, frozen=True):
    name: str = ""
    details: tuple[Detail, ...] = ()

    @property
    def issues(self) -> set[str]:
        return {self.name, *(detail.issue for detail in self.details)}


class Line(msgspec.Struct, frozen=True):
    transaction_id: str
    transaction_event_code: str
    transaction_initiation_date: str
    transaction_amount: Amount
    transaction_status: str = "S"
    fee_amount: Amount | UnsetType = UNSET
    custom_field: str | None = None


class Detailed(msgspec.Struct, frozen=True):
    transaction_info: Line


class Page(msgspec.Struct, frozen=True):
    transaction_details: tuple[Detailed, ...] = ()
    page: int = 1
    total_pages: int = 1


class WebhookEvent(msgspec.Struct, frozen=True):
    id: str
    event_type: str
    resource_type: str = ""
    resource: msgspec.Raw = msgspec.Raw(b"{}")


def to_amount(money: Money) -> Amount:
    """Raises ProviderRefused for a sum that PayPal cannot take."""
    exponent = exponent_of(money.currency)
    value = Decimal(money.amount_minor).scaleb(-exponent)
    if money.currency in WHOLE and exponent:
        if value != value.to_integral_value():
            raise ProviderRefused(f"PayPal takes no decimals in {money.currency}")
        exponent = 0
    return Amount(money.currency, f"{value:.{exponent}f}")


def to_money(amount: Amount) -> Money:
    try:
        minor = Decimal(amount.value).scaleb(exponent_of(amount.currency_code))
    except InvalidOperation as error:
        raise ProviderUnknown(f"PayPal told an amount that is none: {amount.value!r}") from error
    return Money(int(minor), amount.currency_code)


def charge_of(capture: Capture, key: str) -> Charge:
    amount = to_money(capture.amount)
    match capture.status:
        case "PENDING":
            return Charge(key, "pending", capture.id, amount, label="PayPal")
        case "DECLINED" | "FAILED":
            return Charge(key, "declined", capture.id, amount, decline_code="card_declined")
        case _:  # refunded, in part or whole, is paid all the same
            breakdown = capture.seller_receivable_breakdown
            fee = breakdown.paypal_fee if breakdown else None
            fee_minor = to_money(fee).amount_minor if fee else 0
            return Charge(key, "succeeded", capture.id, amount, fee_minor=fee_minor, label="PayPal")


def refund_of(refund: Refund, key: str) -> RefundOutcome:
    match refund.status:
        case "COMPLETED":
            return RefundOutcome(key, "succeeded", refund.id)
        case "PENDING":
            return RefundOutcome(key, "pending", refund.id)
        case _:
            return RefundOutcome(key, "failed", refund.id)


def movements_of(line: Line) -> list[Movement]:
    """The line, and its fee apart; nothing of one that is denied or still pending.

    The groups of event codes: developer.paypal.com/docs/transaction-search/transaction-event-codes.
    """
    if line.transaction_status not in ("S", "V"):
        return []
    at = datetime.fromisoformat(line.transaction_initiation_date)
    key = line.custom_field if line.custom_field and parse_id(line.custom_field) else None
    amount = to_money(line.transaction_amount)
    kind = _kind_of(line.transaction_event_code, amount)
    lines = [Movement(line.transaction_id, kind, amount, at, key, line.transaction_id)]
    fee = to_money(line.fee_amount) if isinstance(line.fee_amount, Amount) else None
    if fee and fee.amount_minor:
        lines.append(Movement(f"{line.transaction_id}:fee", "fee", fee, at, key, line.transaction_id))
    return lines


def _kind_of(code: str, amount: Money) -> Literal["charge", "refund", "fee", "payout"]:
    match code[:3]:
        case "T01":
            return "fee"
        case "T03" | "T04":  # to and from our own bank account
            return "payout"
        case "T11" | "T12":  # reversals, among them refunds (T1107), and adjustments
            return "refund"
    return "charge" if amount.amount_minor > 0 else "refund"


def event_of(event: WebhookEvent) -> ProviderEvent:
    """Captures and refunds of ours have our key in `custom_id`; an older or a foreign one has none."""
    resource = bytes(event.resource)
    if event.event_type == "PAYMENT.CAPTURE.REFUNDED":
        refund = as_json(resource, Refund)
        is_ours = refund.custom_id and parse_id(refund.custom_id)
        outcome = refund_of(refund, str(refund.custom_id)) if is_ours else None
        return ProviderEvent(event.id, event.event_type, refund=outcome)
    if event.event_type not in CAPTURE_EVENTS:
        return ProviderEvent(event.id, event.event_type)
    capture = as_json(resource, Capture)
    is_ours = capture.custom_id and parse_id(capture.custom_id)
    charge = charge_of(capture, str(capture.custom_id)) if is_ours else None
    return ProviderEvent(event.id, event.event_type, charge=charge)
