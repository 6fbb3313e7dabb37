"""What goes in and out of the API; amounts are in minor units of the currency."""

from typing import Annotated, Literal
from urllib.parse import urlsplit

import msgspec
from msgspec import Meta

from threadly.sandbox.cards import Fault

__all__ = [
    "Cancellation",
    "Charge",
    "ChargeOrder",
    "Endpoint",
    "FailsOnPurpose",
    "Movement",
    "Payout",
    "PayoutOrder",
    "Problem",
    "Refund",
    "RefundOrder",
]

AmountMinor = Annotated[int, Meta(ge=1, le=10**12)]
Currency = Annotated[str, Meta(pattern="^[A-Z]{3}$")]
Key = Annotated[str, Meta(min_length=1, max_length=255)]
Text = Annotated[str, Meta(max_length=500)]


class Problem(Exception):
    """A call that is refused: `code` for programs, `message` for people. It had no effect."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message


class FailsOnPurpose(Exception):
    """A call that goes wrong because somebody wanted it to."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault)
        self.fault = fault


class _Order(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a caller asks for."""


class ChargeOrder(_Order, frozen=True):
    amount_minor: AmountMinor
    currency: Currency
    token: Annotated[str, Meta(min_length=1, max_length=200)]
    reference: Text = ""
    description: Text = ""


class Cancellation(_Order, frozen=True):
    key: Key


class RefundOrder(_Order, frozen=True):
    charge: str
    amount_minor: AmountMinor
    reason: Text = ""


class PayoutOrder(_Order, frozen=True):
    amount_minor: AmountMinor
    currency: Currency


class Endpoint(_Order, frozen=True):
    """Where webhooks go. Without a `secret` it is the one that follows from the key. `host` is the header
    Host to send, if not that of the address."""

    url: Annotated[str, Meta(pattern=r"^https?://[^\s]+$", max_length=2000)]
    secret: str | None = None
    host: Annotated[str, Meta(pattern=r"^[A-Za-z0-9.:\[\]-]+$")] | None = None

    def __post_init__(self) -> None:
        """What the pattern lets through and is no address all the same: these raise ValueError."""
        if not (parts := urlsplit(self.url)).hostname or parts.port == 0:
            raise ValueError("The address needs a host, and a port above 0 if any")


class Charge(msgspec.Struct, frozen=True):
    """`decline_code` says why it is declined."""

    id: str
    key: str
    status: Literal["succeeded", "declined", "pending"]
    amount_minor: int
    currency: str
    fee_minor: int
    decline_code: str | None
    label: str
    reference: str
    created_at: str


class Refund(msgspec.Struct, frozen=True):
    id: str
    key: str
    charge: str
    amount_minor: int
    currency: str
    status: Literal["succeeded"]
    reason: str
    created_at: str


class Payout(msgspec.Struct, frozen=True):
    id: str
    key: str
    amount_minor: int
    currency: str
    created_at: str


class Movement(msgspec.Struct, frozen=True):
    """A line of the account: positive is owed to the merchant. `key` is that of what it belongs to."""

    id: str
    kind: Literal["charge", "fee", "refund", "payout"]
    amount_minor: int
    currency: str
    at: str
    key: str
    charge: str | None
    refund: str | None
    payout: str | None
