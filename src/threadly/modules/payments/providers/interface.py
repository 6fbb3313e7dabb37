"""What every provider can do, in our terms. Nothing outside `payments` knows a provider."""

from collections.abc import AsyncIterator, Mapping
from datetime import datetime
from typing import Literal, Protocol

import msgspec

from threadly.modules.payments.types import Method, ProviderName
from threadly.platform.money import Money

__all__ = [
    "Charge",
    "ChargeRequest",
    "DeclineCode",
    "Movement",
    "Provider",
    "ProviderError",
    "ProviderEvent",
    "ProviderRefused",
    "ProviderUnknown",
    "ProviderUnreached",
    "RefundOutcome",
    "RefundRequest",
    "SignatureInvalid",
]

DeclineCode = Literal[
    "card_declined",
    "insufficient_funds",
    "authentication_required",
    "expired_card",
    "method_invalid",
    "amount_unpayable",
]


class ProviderError(Exception):
    """Base of what can go wrong between us and a provider."""


class ProviderUnreached(ProviderError):
    """The request certainly had no effect: no connection, or refused before it was looked at (429, 503
    of a provider that promises so). Safe to go to another provider."""


class ProviderUnknown(ProviderError):
    """No answer, or one that tells nothing (timeout, broken connection, 5xx): it may have had its effect.
    Safe only to repeat with the same key, or to ask."""


class ProviderRefused(ProviderError):
    """A definite no that is our mistake or a misconfiguration (bad credentials, a malformed request): nothing
    was charged; repeating is pointless until somebody mends it."""


class SignatureInvalid(ProviderError):
    """A webhook that the provider did not send, or too long ago."""


class ChargeRequest(msgspec.Struct, frozen=True):
    """`key` is the idempotency key: the same key is the same charge, for ever."""

    key: str
    amount: Money
    method: Method
    reference: str
    description: str


class Charge(msgspec.Struct, frozen=True):
    """`state` "succeeded": the money is the provider's debt to us. "declined": a definite no of the bank or
    the buyer's; the key is used up. "cancelled": the key was made void. "pending": decided later."""

    key: str
    state: Literal["succeeded", "declined", "cancelled", "pending"]
    provider_ref: str
    amount: Money
    fee_minor: int = 0
    decline_code: DeclineCode | None = None
    label: str = ""


class RefundRequest(msgspec.Struct, frozen=True):
    key: str
    provider_ref: str
    amount: Money
    reason: str


class RefundOutcome(msgspec.Struct, frozen=True):
    key: str
    state: Literal["succeeded", "failed", "pending"]
    provider_ref: str


class ProviderEvent(msgspec.Struct, frozen=True):
    """A webhook, understood: `key` and `charge` or `refund` where it concerns one of ours, else both None."""

    event_id: str
    kind: str
    charge: Charge | None = None
    refund: RefundOutcome | None = None


class Movement(msgspec.Struct, frozen=True):
    """A line of the provider's own account of our balance. `amount` is positive when we are owed more. `key`
    is ours of the charge or refund it belongs to; `id` is the provider's, the same each time."""

    id: str
    kind: Literal["charge", "refund", "fee", "payout"]
    amount: Money
    at: datetime
    key: str | None = None
    provider_ref: str | None = None


class Provider(Protocol):
    """Every method raises ProviderUnreached, ProviderUnknown or ProviderRefused; none retries by itself, and
    each answers or gives up within its timeout. All that take a key are idempotent under it."""

    name: ProviderName

    async def charge(self, request: ChargeRequest) -> Charge: ...

    async def find(self, request: ChargeRequest) -> Charge | None:
        """What became of the charge under the request's key; None if the provider never heard of it. The
        whole request, as some providers look by what else they know of it (PayPal: by the order)."""
        ...

    async def cancel(self, request: ChargeRequest) -> Charge | None:
        """Make the key void, so that a charge still on its way is refused when it arrives. Answers the
        charge if it was too late; None if it never came to be and now never will."""
        ...

    async def refund(self, request: RefundRequest) -> RefundOutcome: ...

    def movements(self, *, since: datetime, until: datetime) -> AsyncIterator[Movement]:
        """The provider's account, oldest first."""
        ...

    async def read_webhook(self, *, headers: Mapping[str, str], body: bytes, now: datetime) -> ProviderEvent:
        """Raises SignatureInvalid; `headers` have lower-case names. (PayPal's signature needs a call.)"""
        ...

    async def aclose(self) -> None: ...
