"""Rows: what a statement fills by position."""

from datetime import datetime
from typing import Any

import msgspec

from threadly.modules.payments.types import (
    AttemptState,
    LedgerKind,
    PaymentState,
    ProviderName,
    RefundState,
)
from threadly.platform.ids import UUID


class PaymentRow(msgspec.Struct, frozen=True):
    id: UUID
    reference: UUID
    payer_id: UUID
    amount_minor: int
    currency: str
    methods: Any
    split: Any
    description: str
    state: PaymentState
    provider: ProviderName | None
    label: str | None
    decline_code: str | None
    refunded_minor: int
    tries: int
    expires_at: datetime
    traceparent: str
    created_at: datetime


class AttemptedRow(PaymentRow, frozen=True):
    """A payment, and one of the attempts to get it."""

    attempt_id: UUID
    attempt_provider: ProviderName
    attempt_state: AttemptState


class StandingRow(msgspec.Struct, frozen=True):
    """How an attempt stands, and whether somebody drives its payment at this moment."""

    provider: ProviderName
    state: AttemptState
    driven: bool


class RefundRow(msgspec.Struct, frozen=True):
    """`charge_ref` is the provider's name for the charge that is given back."""

    id: UUID
    payment_id: UUID
    reference: UUID
    attempt_id: UUID
    provider: ProviderName
    charge_ref: str | None
    kind: str
    amount_minor: int
    currency: str
    split: Any
    reason: str
    state: RefundState
    tries: int
    created_at: datetime


class LedgerRow(msgspec.Struct, frozen=True):
    id: UUID
    kind: LedgerKind
    source: str
    reference: UUID | None
    at: datetime
    entries: Any


class WebhookRow(msgspec.Struct, frozen=True):
    id: UUID
    provider: ProviderName
    understood: Any
    handled_at: datetime | None


class OwnerRow(msgspec.Struct, frozen=True):
    """The tenant that a key of ours belongs to."""

    key: str
    tenant_id: int


class KnownRow(msgspec.Struct, frozen=True):
    """An attempt or a refund, as its key finds it; `posted_minor` and `fee_minor` are what the ledger says of
    it, None for nothing."""

    key: str
    payment_id: UUID
    reference: UUID
    state: str
    amount_minor: int
    currency: str
    posted_minor: int | None
    fee_minor: int | None
