"""What becomes of an attempt: recorded once, by whoever hears of it first, under the payment's lock."""

from datetime import datetime
from typing import Any, Literal

import structlog
from msgspec.structs import replace

from threadly.modules.payments.comparing import charge_taken
from threadly.modules.payments.errors import PaymentMissing
from threadly.modules.payments.events import PaymentAbandoned, PaymentDeclined, PaymentSucceeded
from threadly.modules.payments.providers.interface import Charge
from threadly.modules.payments.repository.payments import (
    COUNT_OPEN_ATTEMPTS,
    DECIDE,
    END_ATTEMPT,
    LOCK_ATTEMPTED,
    SET_ABANDONED,
)
from threadly.modules.payments.repository.rows import AttemptedRow, PaymentRow
from threadly.modules.payments.rules import CHARGED, charge_entries, fee_entries
from threadly.modules.payments.types import AttemptState, Payment, Split
from threadly.modules.payments.verbs.ledger import post_kinds
from threadly.modules.payments.verbs.payments import payment_of
from threadly.modules.payments.verbs.reconciliations import note_difference
from threadly.modules.payments.verbs.refunds import request_duplicate_refund
from threadly.platform.db import Statement
from threadly.platform.ids import UUID
from threadly.platform.money import Money
from threadly.platform.work import Work

__all__ = ["AmountDiffers", "finish_abandoning", "record_outcome"]

log = structlog.get_logger(__name__)

UNDECIDED = ("processing", "saved")


class AmountDiffers(Exception):
    """A provider says that it took another sum than it was asked for: nothing is recorded, reconciliation
    shows it."""


async def record_outcome(work: Work, *, attempt_id: UUID, charge: Charge) -> Payment:
    """Record what a provider says of an attempt; told again, or told something older, nothing changes.

    The first success decides the payment, whatever it was before: money that came is never ignored. Any
    other success is given back. A success whose charge is another attempt's is a decline, and a difference to
    be settled. Raises PaymentMissing and AmountDiffers.
    """
    row = await work.one(LOCK_ATTEMPTED, attempt_id)
    if row is None:
        raise PaymentMissing
    match charge.state:
        case "succeeded" if row.attempt_state not in CHARGED:
            return await _record_success(work, row, charge)
        case "declined" if row.attempt_state not in (*CHARGED, "declined"):
            return await _record_decline(work, row, charge)
        case "cancelled" if row.attempt_state in ("calling", "unknown"):
            return await _record_cancellation(work, row, charge)
        case _:
            return payment_of(row)


async def finish_abandoning(work: Work, row: PaymentRow) -> Payment:
    """Abandoned, if no attempt can be charged any more."""
    if row.state != "abandoning":
        return payment_of(row)
    if await work.one(COUNT_OPEN_ATTEMPTS, row.id):
        return payment_of(row)
    work.emit(PaymentAbandoned(payment_id=row.id, reference=row.reference))
    await work.run(SET_ABANDONED, row.id)
    return payment_of(replace(row, state="abandoned"))


async def _record_success(work: Work, row: AttemptedRow, charge: Charge) -> Payment:
    if charge.amount != Money(row.amount_minor, row.currency):
        log.error(
            "a provider charged another amount", attempt=str(row.attempt_id), charged=str(charge.amount)
        )
        raise AmountDiffers
    if row.state == "succeeded":
        return await _record_duplicate(work, row, charge)
    payment = await _decide(work, row, "succeeded", charge)
    if payment is None:
        return await _refuse_taken(work, row, charge)
    await _post_charge(work, row, charge, row.split)
    work.emit(PaymentSucceeded(payment_id=row.id, reference=row.reference))
    return payment


async def _record_duplicate(work: Work, row: AttemptedRow, charge: Charge) -> Payment:
    if not await _end(work, row, "duplicate", charge):
        return await _refuse_taken(work, row, charge)
    log.error("charged twice; the second is given back", payment=str(row.id), attempt=str(row.attempt_id))
    await _post_charge(work, row, charge, {"refunds": row.amount_minor})
    await request_duplicate_refund(work, row, row.attempt_id)
    return payment_of(row)


async def _refuse_taken(work: Work, row: AttemptedRow, charge: Charge) -> Payment:
    """One charge does not pay twice, whatever a provider says: the attempt that was recorded first has it."""
    log.error("a charge of another attempt", attempt=str(row.attempt_id), provider_ref=charge.provider_ref)
    await note_difference(work, charge_taken(row, charge))
    if row.attempt_state == "declined":
        return payment_of(row)
    return await _record_decline(
        work, row, replace(charge, state="declined", provider_ref="", decline_code="method_invalid")
    )


async def _post_charge(work: Work, row: AttemptedRow, charge: Charge, split: Split) -> None:
    await post_kinds(
        work,
        str(row.attempt_id),
        {
            "charge": charge_entries(row.attempt_provider, row.amount_minor, split),
            "fee": fee_entries(row.attempt_provider, charge.fee_minor),
        },
        reference=row.reference,
        currency=row.currency,
    )


async def _record_decline(work: Work, row: AttemptedRow, charge: Charge) -> Payment:
    """A decline is final: whether to try something else is the buyer's to decide."""
    if row.state in UNDECIDED:
        told = replace(charge, decline_code=charge.decline_code or "card_declined")
        work.emit(PaymentDeclined(payment_id=row.id, reference=row.reference))
        return await _decide(work, row, "declined", told) or payment_of(row)
    await _end(work, row, "declined", charge)
    return await finish_abandoning(work, row)


async def _record_cancellation(work: Work, row: AttemptedRow, charge: Charge) -> Payment:
    await _end(work, row, "cancelled", charge)
    return await finish_abandoning(work, row)


async def _end(work: Work, row: AttemptedRow, state: AttemptState, charge: Charge) -> bool:
    return await _write(work, END_ATTEMPT, row, state, charge)


async def _decide(
    work: Work, row: AttemptedRow, state: Literal["succeeded", "declined"], charge: Charge
) -> Payment | None:
    """The attempt, ended, and the locked payment, decided by it. Not read again: while it is locked nobody
    else writes it. None if the charge is another attempt's."""
    provider, label = row.attempt_provider, charge.label or None
    if not await _write(work, DECIDE, row, state, charge, row.id, provider, label):
        return None
    decided = replace(row, state=state, provider=provider, label=label, decline_code=charge.decline_code)
    return payment_of(decided)


async def _write(
    work: Work,
    statement: Statement[Any],
    row: AttemptedRow,
    state: AttemptState,
    charge: Charge,
    *more: object,
) -> bool:
    """Whether the attempt ended so. One that took no money ends in any case, if need be without the
    provider's name for it."""
    if await work.run(statement, *_ending(work, row, state, charge), *more):
        return True
    if state in CHARGED:
        return False
    nameless = replace(charge, provider_ref="")
    return await work.run(statement, *_ending(work, row, state, nameless), *more) > 0


def _ending(
    work: Work, row: AttemptedRow, state: AttemptState, charge: Charge
) -> tuple[UUID, str, str, int | None, str | None, datetime]:
    fee = charge.fee_minor if charge.state == "succeeded" else None
    return row.attempt_id, state, charge.provider_ref, fee, charge.decline_code, work.now
