"""What a member paid, for a copy of it."""

from datetime import datetime

import msgspec

from threadly.platform.db import sql
from threadly.platform.ids import UUID

__all__ = [
    "EXPORT_PAYMENTS",
    "ExportedPayment",
]


class ExportedPayment(msgspec.Struct, frozen=True):
    """In minor units of `currency`; `reference` is the order's id."""

    id: UUID
    reference: UUID
    amount_minor: int
    refunded_minor: int
    currency: str
    state: str
    provider: str | None
    label: str | None
    description: str
    created_at: datetime


EXPORT_PAYMENTS = sql(
    "payments.export_payments",
    """
    SELECT id, reference, amount_minor, refunded_minor, currency, state, provider, label, description,
           created_at
    FROM payments.payments WHERE payer_id = $1 AND id > $2 ORDER BY id LIMIT $3
    """,
    into=ExportedPayment,
)
