"""The test cards: what each token does."""

from typing import Literal

import msgspec

__all__ = ["CARDS", "PENDING_S", "Card", "Fault", "card_of"]

PENDING_S = 1.0
"""How long the bank of `tok_pending` thinks."""

Fault = Literal["timeout_before", "timeout_after", "error_before", "error_after"]
"""`before`: the call has no effect. `after`: it has, and the caller is not told."""


class Card(msgspec.Struct, frozen=True):
    """A fault happens at the first call of a key only, unless it is for `always`."""

    label: str
    about: str
    decline_code: str | None = None
    slow_s: float = 0.0
    fault: Fault | None = None
    always: bool = False
    pending: bool = False


CARDS = {
    "tok_success": Card("Sandbox card 4242", "Pays."),
    "tok_declined": Card("Sandbox card 0002", "Declined by the bank.", "card_declined"),
    "tok_insufficient_funds": Card("Sandbox card 9995", "Declined: too little money.", "insufficient_funds"),
    "tok_expired_card": Card("Sandbox card 0069", "Declined: expired.", "expired_card"),
    "tok_authentication_required": Card(
        "Sandbox card 3184", "Declined until the bank has asked its holder.", "authentication_required"
    ),
    "tok_slow": Card("Sandbox card 2000", "Pays after two seconds.", slow_s=2.0),
    "tok_pending": Card("Sandbox card 1000", "Pays a second later; a webhook says so.", pending=True),
    "tok_timeout_before": Card(
        "Sandbox card 5041", "Never answers the first time, and charges nothing.", fault="timeout_before"
    ),
    "tok_timeout_after": Card(
        "Sandbox card 5042", "Charges, and never answers the first time.", fault="timeout_after"
    ),
    "tok_error_before": Card(
        "Sandbox card 5001", "Answers 500 the first time, and charges nothing.", fault="error_before"
    ),
    "tok_error_after": Card(
        "Sandbox card 5002", "Charges, and answers 500 the first time.", fault="error_after"
    ),
    "tok_timeout_before_always": Card(
        "Sandbox card 5043", "Never answers, and charges nothing.", fault="timeout_before", always=True
    ),
    "tok_error_before_always": Card(
        "Sandbox card 5003", "Always answers 500, and charges nothing.", fault="error_before", always=True
    ),
}
_UNKNOWN = Card("Unknown card", "Declined: no such card.", "method_invalid")


def card_of(token: str) -> Card:
    """A token that nobody issued is a card that is always declined."""
    return CARDS.get(token, _UNKNOWN)
