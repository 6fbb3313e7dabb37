"""Giving back: wished for in a Work, done by a job, recorded once."""

import random
from typing import Literal

from threadly.modules.payments.comparing import refund_failed
from threadly.modules.payments.errors import NotRefundable, PaymentMissing, RefundTooLarge, SplitUneven
from threadly.modules.payments.events import RefundFailed, RefundRequested, RefundSucceeded
from threadly.modules.payments.providers.interface import RefundOutcome, RefundRequest
from threadly.modules.payments.repository.payments import ADD_REFUNDED, LOCK_PAYMENT
from threadly.modules.payments.repository.refunds import (
    CHARGED_ATTEMPT,
    CLAIM_REFUND,
    END_REFUND,
    INSERT_REFUND,
    LIST_REFUNDS,
    LOCK_REFUND,
    SUM_REFUNDS,
)
from threadly.modules.payments.repository.rows import PaymentRow, RefundRow
from threadly.modules.payments.rules import is_even, negated, refund_entries, retry_after
from threadly.modules.payments.types import Refund, Split
from threadly.modules.payments.verbs.ledger import post
from threadly.modules.payments.verbs.reconciliations import note_difference
from threadly.platform.ids import UUID, new_id
from threadly.platform.money import Money
from threadly.platform.work import Work

__all__ = [
    "claim_refund",
    "list_refunds",
    "record_refund",
    "refund_request",
    "request_duplicate_refund",
    "request_refund",
]

DUPLICATE_REASON = "Charged twice by mistake; given back automatically."


async def request_refund(work: Work, *, payment_id: UUID, amount: Money, split: Split, reason: str) -> Refund:
    """Give `amount` back, of the accounts in `split`; RefundSucceeded or RefundFailed follows.

    Raises PaymentMissing, NotRefundable, SplitUneven, and RefundTooLarge when all refunds together would be
    more than was paid.
    """
    payment = await work.one(LOCK_PAYMENT, payment_id)
    if payment is None:
        raise PaymentMissing
    attempt_id = await work.one(CHARGED_ATTEMPT, payment_id)
    if payment.state != "succeeded" or attempt_id is None:
        raise NotRefundable
    await _require_covered(work, payment, amount, split)
    refund_id = await _insert(work, payment, attempt_id, "refund", amount, split, reason)
    return Refund(refund_id, payment_id, payment.reference, amount, "requested", reason, work.now)


async def _require_covered(work: Work, payment: PaymentRow, amount: Money, split: Split) -> None:
    if amount.amount_minor <= 0 or not is_even(amount.amount_minor, split):
        raise SplitUneven
    left_minor = payment.amount_minor - (await work.one(SUM_REFUNDS, payment.id) or 0)
    if amount.currency != payment.currency or amount.amount_minor > left_minor:
        left = Money(left_minor, payment.currency)
        raise RefundTooLarge(f"Of this payment {left} can still be refunded, not {amount}.")


async def request_duplicate_refund(work: Work, payment: PaymentRow, attempt_id: UUID) -> None:
    """Give back a second charge for one payment; once, however often it is asked."""
    amount = Money(payment.amount_minor, payment.currency)
    split = {"refunds": amount.amount_minor}
    await _insert(work, payment, attempt_id, "duplicate", amount, split, DUPLICATE_REASON)


async def _insert(
    work: Work,
    payment: PaymentRow,
    attempt_id: UUID,
    kind: Literal["refund", "duplicate"],
    amount: Money,
    split: Split,
    reason: str,
) -> UUID:
    """A job follows the event; `due_at` is for when that comes to nothing."""
    refund_id = new_id()
    inserted = await work.run(
        INSERT_REFUND,
        *(refund_id, payment.id, attempt_id, kind, amount.amount_minor, amount.currency, split, reason),
        *(work.actor.user_id, work.now + retry_after(0, 1), work.now),
    )
    if inserted:
        work.emit(RefundRequested(refund_id=refund_id, payment_id=payment.id, reference=payment.reference))
    return refund_id


async def list_refunds(work: Work, *, payment_id: UUID) -> list[Refund]:
    """All of a payment, oldest first, that of a second charge too."""
    return [_refund_of(row) for row in await work.all(LIST_REFUNDS, payment_id)]


async def claim_refund(work: Work, *, refund_id: UUID, tries: int) -> RefundRow | None:
    """Take the turn with that number; None if it is taken, or there is nothing to do any more."""
    due_at = work.now + retry_after(tries + 1, random.random())  # noqa: S311  # spreads load, hides nothing
    if not await work.run(CLAIM_REFUND, refund_id, tries, due_at):
        return None
    return await work.one(LOCK_REFUND, refund_id)


async def record_refund(work: Work, *, outcome: RefundOutcome) -> str:
    """What became of a refund, told once or more often. Returns what that changed, for whoever looks.

    A failure is final and may follow a success: the provider paid, and the buyer's bank sent it back.
    """
    row = await work.one(LOCK_REFUND, UUID(outcome.key))
    if row is None:
        return "unknown refund"
    if outcome.state == "pending" or row.state in ("failed", outcome.state):
        return f"nothing: the refund is {row.state}"
    await work.run(END_REFUND, row.id, outcome.state, outcome.provider_ref, work.now)
    if outcome.state == "failed":
        return await _record_failure(work, row)
    entries = refund_entries(row.provider, row.amount_minor, row.split)
    await post(
        *(work, "refund", str(row.id)), reference=row.reference, entries=entries, currency=row.currency
    )
    if row.kind == "refund":
        await work.run(ADD_REFUNDED, row.payment_id, row.amount_minor)
        work.emit(RefundSucceeded(refund_id=row.id, payment_id=row.payment_id, reference=row.reference))
    return "refund succeeded"


async def _record_failure(work: Work, row: RefundRow) -> str:
    """A person is told of what nobody would notice: a refund that counted as done, and the second charge of a
    payment, for which nobody but us has asked."""
    was_done = row.state == "succeeded"
    if was_done:
        await _take_back(work, row)
    if was_done or row.kind == "duplicate":
        await note_difference(work, refund_failed(row))
    if row.kind == "refund":
        work.emit(RefundFailed(refund_id=row.id, payment_id=row.payment_id, reference=row.reference))
    return "refund taken back" if was_done else "refund failed"


async def _take_back(work: Work, row: RefundRow) -> None:
    entries = negated(refund_entries(row.provider, row.amount_minor, row.split))
    source = f"{row.id}, taken back"
    await post(work, "refund", source, reference=row.reference, entries=entries, currency=row.currency)
    if row.kind == "refund":
        await work.run(ADD_REFUNDED, row.payment_id, -row.amount_minor)


def refund_request(row: RefundRow) -> RefundRequest:
    """What the provider is asked."""
    return RefundRequest(
        key=str(row.id),
        provider_ref=row.charge_ref or "",
        amount=Money(row.amount_minor, row.currency),
        reason=row.reason,
    )


def _refund_of(row: RefundRow) -> Refund:
    amount = Money(row.amount_minor, row.currency)
    return Refund(row.id, row.payment_id, row.reference, amount, row.state, row.reason, row.created_at)
