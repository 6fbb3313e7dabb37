"""Pure decisions about payments: how long to wait, and what an event means to the ledger."""

from collections.abc import Mapping
from datetime import timedelta

from threadly.modules.payments.types import LedgerAccount, Method, Split

__all__ = [
    "CHARGED",
    "LEASE",
    "MOST_METHODS",
    "charge_entries",
    "fee_entries",
    "is_even",
    "is_readable",
    "negated",
    "payout_entries",
    "provider_account",
    "refund_entries",
    "retry_after",
]

Entries = dict[LedgerAccount, int]

# Of attempts: money was taken.
CHARGED = ("succeeded", "duplicate")
# Whoever drives a payment is done, or has renewed this, before it ends; then a worker takes over.
LEASE = timedelta(seconds=20)
FIRST_RETRY_S = 5.0
LONGEST_RETRY_S = 600.0
MOST_METHODS = 5
# Every provider has shorter ones.
LONGEST_TOKEN = 200
LONGEST_LABEL = 200


def retry_after(tries: int, chance: float) -> timedelta:
    """How long to wait after so many tries: doubling from 5 s to 10 min, of which `chance` (0 to 1) picks
    from the upper half, so that what failed together is not repeated together."""
    ceiling_s = min(LONGEST_RETRY_S, FIRST_RETRY_S * 2.0 ** min(tries, 30))
    return timedelta(seconds=ceiling_s * (0.5 + 0.5 * chance))


def provider_account(provider: str) -> LedgerAccount:
    """What a provider owes us."""
    return f"provider:{provider}"


def is_even(amount_minor: int, split: Split) -> bool:
    """Whether the parts are the whole."""
    return sum(split.values()) == amount_minor


def is_readable(method: Method) -> bool:
    """Whether a provider could know the token, and a person read the label. What is not is refused at once: a
    provider would answer it with an error that says nothing about the card, and be asked again for hours."""
    token, label = method.token, method.label
    is_token = 1 <= len(token) <= LONGEST_TOKEN and token.isascii() and token.isprintable()
    return is_token and len(label) <= LONGEST_LABEL and label.isprintable()


def charge_entries(provider: str, amount_minor: int, split: Split) -> Entries:
    """The provider owes us the whole; each account earns its part."""
    return _entries({provider_account(provider): amount_minor}, negated(split))


def fee_entries(provider: str, fee_minor: int) -> Entries:
    return _entries({"fees": fee_minor}, {provider_account(provider): -fee_minor})


def refund_entries(provider: str, amount_minor: int, split: Split) -> Entries:
    """A charge backwards."""
    return _entries(split, {provider_account(provider): -amount_minor})


def payout_entries(provider: str, amount_minor: int) -> Entries:
    """What the provider owed us is in the bank."""
    return _entries({"bank": amount_minor}, {provider_account(provider): -amount_minor})


def negated(split: Split) -> Split:
    return {account: -amount for account, amount in split.items()}


def _entries(*sides: Mapping[LedgerAccount, int]) -> Entries:
    """Both sides, an account that is on both once, without what is nothing."""
    together: Entries = {}
    for side in sides:
        for account, amount in side.items():
            together[account] = together.get(account, 0) + amount
    return {account: amount for account, amount in together.items() if amount}
