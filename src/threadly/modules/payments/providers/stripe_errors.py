"""Stripe's errors in our terms.

The exceptions of this file steer `stripe`; where it does not expect one, it is what it derives from.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import stripe

from threadly.modules.payments.providers.http import NEVER_CONNECTED
from threadly.modules.payments.providers.interface import (
    ProviderError,
    ProviderRefused,
    ProviderUnknown,
    ProviderUnreached,
)

__all__ = ["Declined", "NotNow", "RecordedFailure", "TooLarge", "translated"]


class Declined(ProviderRefused):
    """The bank's no, or a payment method that is none."""

    def __init__(self, code: str | None, decline_code: str | None) -> None:
        super().__init__(code)
        self.code = code
        self.decline_code = decline_code


class NotNow(ProviderRefused):
    """The intent is in a state in which this cannot be done: somebody was faster."""


class RecordedFailure(ProviderUnknown):
    """A 5xx repeated from Stripe's record: repeating it once more tells nothing new."""


class TooLarge(ProviderRefused):
    """More than is left to refund; or no amount that can be charged, be it too large or too small."""


@contextmanager
def translated() -> Iterator[None]:
    """The SDK's errors in our terms (docs.stripe.com/api/errors, /error-low-level)."""
    try:
        yield
    except stripe.APIConnectionError as error:
        if isinstance(error.__cause__, NEVER_CONNECTED):
            raise ProviderUnreached("Stripe takes no connection") from error
        raise ProviderUnknown(f"Stripe gave no answer: {type(error.__cause__).__name__}") from error
    except stripe.StripeError as error:
        raise _translate(error) from error


def _translate(error: stripe.StripeError) -> ProviderError:
    said = f"{error.http_status} {error.user_message}"
    if isinstance(error, stripe.CardError):
        return Declined(error.code, error.error.decline_code if error.error else None)
    if isinstance(error, stripe.RateLimitError):
        # lock_timeout: another request is at work on the same object, so somebody's has had its effect.
        locked = error.error is not None and error.error.code == "lock_timeout"
        return ProviderUnknown(said) if locked else ProviderUnreached(said)
    if isinstance(error, stripe.InvalidRequestError):
        if error.code in ("payment_intent_unexpected_state", "intent_invalid_state"):
            return NotNow(said)
        if error.param == "payment_method":
            return Declined("payment_method_not_available", None)
        if error.code == "charge_already_refunded" or error.param == "amount":
            return TooLarge(said)
        return ProviderRefused(said)
    if isinstance(error, stripe.AuthenticationError | stripe.PermissionError | stripe.IdempotencyError):
        return ProviderRefused(said)
    is_recorded = (error.http_status or 0) >= 500 and (error.headers or {}).get("idempotent-replayed")
    return RecordedFailure(said) if is_recorded else ProviderUnknown(said)
