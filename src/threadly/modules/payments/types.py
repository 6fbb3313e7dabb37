"""What may leave payments by its door."""

from datetime import datetime
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from threadly.platform.ids import UUID
from threadly.platform.money import Money

__all__ = [
    "Attempt",
    "AttemptState",
    "Balance",
    "Discrepancy",
    "LedgerAccount",
    "LedgerEntry",
    "LedgerKind",
    "LedgerTransaction",
    "Method",
    "Offer",
    "Payment",
    "PaymentState",
    "ProviderName",
    "Reconciliation",
    "Refund",
    "Split",
]

# More than any provider’s token has.
MOST_CHARACTERS = 255

ProviderName = Literal["sandbox", "stripe", "paypal"]
PaymentState = Literal["processing", "saved", "succeeded", "declined", "abandoning", "abandoned"]
AttemptState = Literal["calling", "unknown", "unreached", "succeeded", "declined", "cancelled", "duplicate"]
RefundState = Literal["requested", "succeeded", "failed"]
LedgerKind = Literal["charge", "refund", "fee", "gift_card", "payout"]
LedgerAccount = str
Split = dict[LedgerAccount, int]
"""Which account a sum belongs to, in minor units, credits positive: `{"sales": 4000, "tax": 320}`."""


class Method(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How somebody pays: a provider, and the provider's own token for a card or an approval.

    Never a card number: those go from the buyer's browser to the provider.
    """

    provider: ProviderName
    token: Annotated[str, Meta(min_length=1, max_length=MOST_CHARACTERS)]
    label: Annotated[str, Meta(max_length=MOST_CHARACTERS)] = ""


class Offer(msgspec.Struct, frozen=True):
    """A provider that is configured here, and what buyers call it."""

    provider: ProviderName
    label: str


class Payment(msgspec.Struct, frozen=True):
    """`reference` is what it pays for. `provider` and `label` are those of the attempt that succeeded."""

    id: UUID
    reference: UUID
    payer_id: UUID
    amount: Money
    state: PaymentState
    provider: ProviderName | None
    label: str | None
    decline_code: str | None
    refunded: Money
    created_at: datetime


class Attempt(msgspec.Struct, frozen=True):
    """One call for money; `id` is the idempotency key that the provider knows it by."""

    id: UUID
    payment_id: UUID
    method: int
    provider: ProviderName
    state: AttemptState
    provider_ref: str | None
    fee_minor: int | None
    decline_code: str | None
    started_at: datetime
    ended_at: datetime | None


class Refund(msgspec.Struct, frozen=True):
    id: UUID
    payment_id: UUID
    reference: UUID
    amount: Money
    state: RefundState
    reason: str
    created_at: datetime


class LedgerEntry(msgspec.Struct, frozen=True):
    """`amount` is positive for a debit and negative for a credit."""

    account: LedgerAccount
    amount: Money


class LedgerTransaction(msgspec.Struct, frozen=True):
    """`source` is what it records; `reference` what was paid for."""

    id: UUID
    kind: LedgerKind
    source: str
    reference: UUID | None
    at: datetime
    entries: list[LedgerEntry]


class Balance(msgspec.Struct, frozen=True):
    """The sum of an account's entries: positive for what we have or are owed."""

    account: LedgerAccount
    currency: str
    amount_minor: int


class Reconciliation(msgspec.Struct, frozen=True):
    """One comparison of a provider's account with ours. `healed`: found at the provider, recorded here now.
    `differences`: what a person must look at."""

    id: UUID
    provider: ProviderName
    since: datetime
    until: datetime
    matched: int
    healed: int
    differences: int
    ran_at: datetime


class Discrepancy(msgspec.Struct, frozen=True):
    """`subject` is the provider's or our id of what does not match; `explanation` is for people."""

    id: UUID
    kind: str
    subject: str
    payment_id: UUID | None
    reference: UUID | None
    expected_minor: int | None
    found_minor: int | None
    currency: str | None
    explanation: str
    found_at: datetime
    settled_at: datetime | None
    settled_by: UUID | None
    note: str | None
