"""What does not match between a provider's account and ours, as pure decisions."""

from typing import Literal

import msgspec

from threadly.modules.payments.providers.interface import Charge, Movement
from threadly.modules.payments.repository.rows import AttemptedRow, KnownRow, RefundRow
from threadly.modules.payments.rules import CHARGED
from threadly.platform.ids import UUID
from threadly.platform.money import Money

__all__ = [
    "Difference",
    "charge_taken",
    "compare",
    "fee_differs",
    "is_returned",
    "missing_at_provider",
    "refund_failed",
]


class Difference(msgspec.Struct, frozen=True):
    """As a discrepancy, before it is written down."""

    kind: str
    subject: str
    explanation: str
    payment_id: UUID | None = None
    reference: UUID | None = None
    expected_minor: int | None = None
    found_minor: int | None = None
    currency: str | None = None


def compare(movement: Movement, known: KnownRow | None) -> Difference | None:
    """A charge or refund of the provider's account with what we know under its key."""
    if known is None:
        return Difference(
            f"{movement.kind}_unknown",
            movement.id,
            f"The provider lists a {movement.kind} of {movement.amount} that we know nothing of.",
            found_minor=movement.amount.amount_minor,
            currency=movement.amount.currency,
        )
    if is_returned(movement):
        return _compare_returned(movement, known)
    sign = 1 if movement.kind == "charge" else -1
    found = Money(sign * movement.amount.amount_minor, movement.amount.currency)
    expected = Money(known.amount_minor, known.currency)
    if found != expected:
        sentence = f"The provider says {found}, we asked for {expected}."
        return _differing("amount", movement, known, found, sentence)
    if not _is_recorded(movement.kind, known):
        sentence = f"The provider has done it; here the {movement.kind} is {known.state}."
        return _differing("unrecorded", movement, known, found, sentence)
    if known.posted_minor != known.amount_minor:
        posted = Money(known.posted_minor or 0, known.currency)
        sentence = f"The ledger has {posted} of it instead of {expected}."
        return _differing("ledger", movement, known, found, sentence)
    return None


def is_returned(movement: Movement) -> bool:
    """Whether a refund came back to us: it failed, maybe after it had succeeded."""
    return movement.kind == "refund" and movement.amount.amount_minor > 0


def _compare_returned(movement: Movement, known: KnownRow) -> Difference | None:
    found, expected = movement.amount, Money(known.amount_minor, known.currency)
    if found != expected:
        sentence = f"Of a refund of {expected} the provider gave {found} back to us."
        return _differing("amount", movement, known, found, sentence)
    if known.state != "failed":
        sentence = f"The provider gave it back to us, as it failed; here the refund is {known.state}."
        return _differing("returned", movement, known, found, sentence)
    return None


def fee_differs(movement: Movement, known: KnownRow | None) -> Difference | None:
    """A fee of the provider's account that the ledger has otherwise, or that belongs to nothing of ours."""
    if known is None:
        return compare(movement, None)
    fee = Money(-movement.amount.amount_minor, movement.amount.currency)
    posted = Money(known.fee_minor or 0, known.currency)
    return Difference(
        "fee_amount",
        known.key,
        f"The provider took a fee of {fee}, the ledger has {posted}.",
        *(known.payment_id, known.reference, known.fee_minor, fee.amount_minor, known.currency),
    )


def missing_at_provider(kind: Literal["charge", "refund"], known: KnownRow) -> Difference:
    """What we have recorded and the provider does not list."""
    amount = Money(known.amount_minor, known.currency)
    return Difference(
        f"{kind}_missing",
        known.key,
        f"We recorded a {kind} of {amount} that the provider does not list.",
        *(known.payment_id, known.reference, known.amount_minor, 0, known.currency),
    )


def charge_taken(attempted: AttemptedRow, charge: Charge) -> Difference:
    """What a provider says of an attempt is a charge that another attempt has."""
    return Difference(
        "charge_taken",
        str(attempted.attempt_id),
        f"The provider names the charge {charge.provider_ref} for it, which has paid for something else "
        "already. It is declined here; see whether the provider has a second charge.",
        *(attempted.id, attempted.reference, attempted.amount_minor, 0, attempted.currency),
    )


def refund_failed(row: RefundRow) -> Difference:
    """Of a refund that nobody waits for any more: the buyer has not got their money."""
    amount = Money(row.amount_minor, row.currency)
    what = "The second charge of this payment" if row.kind == "duplicate" else "A refund that was done"
    return Difference(
        "refund_failed",
        str(row.id),
        f"{what} did not reach the buyer: the provider says that {amount} could not be given back. "
        "Give it back in another way.",
        *(row.payment_id, row.reference, row.amount_minor, 0, row.currency),
    )


def _is_recorded(kind: str, known: KnownRow) -> bool:
    if kind == "charge":
        return known.state in CHARGED
    # What failed later was done first, and the ledger has both.
    return known.state == "succeeded" or (known.state == "failed" and known.posted_minor is not None)


def _differing(what: str, movement: Movement, known: KnownRow, found: Money, sentence: str) -> Difference:
    return Difference(
        f"{movement.kind}_{what}",
        known.key,
        sentence,
        *(known.payment_id, known.reference, known.amount_minor, found.amount_minor, known.currency),
    )
