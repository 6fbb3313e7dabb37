"""What the cashier is to do next with a payment."""

import msgspec

from threadly.modules.payments.providers.interface import ChargeRequest
from threadly.modules.payments.types import Payment, ProviderName
from threadly.platform.ids import UUID

__all__ = ["Turn"]


class Turn(msgspec.Struct, frozen=True):
    """What to do next. Without `request` there is nothing to call: the payment is decided, is being
    abandoned, or has no method left. `in_doubt`: the attempt may have been charged before."""

    payment: Payment
    tries: int
    provider: ProviderName | None = None
    method: int = -1
    attempt_id: UUID | None = None
    request: ChargeRequest | None = None
    in_doubt: bool = False
