"""Turns: who drives a payment does so one attempt at a time, each written down before the call."""

import random
from collections.abc import Collection

import msgspec

from threadly.modules.payments.errors import PaymentMissing
from threadly.modules.payments.events import PaymentSaved
from threadly.modules.payments.providers.interface import ChargeRequest
from threadly.modules.payments.repository.payments import (
    CLAIM_PAYMENT,
    DOUBT_ATTEMPT,
    EXTEND_LEASE,
    GET_ATTEMPT,
    GET_PAYMENT,
    LIST_ATTEMPTS,
    LOCK_PAYMENT,
    MARK_UNREACHED,
    SET_UNDECIDED,
    START_ATTEMPT,
)
from threadly.modules.payments.repository.rows import PaymentRow
from threadly.modules.payments.rules import LEASE, retry_after
from threadly.modules.payments.types import Attempt, Method, Payment, PaymentState, ProviderName
from threadly.modules.payments.verbs.outcomes import finish_abandoning
from threadly.modules.payments.verbs.payments import payment_of
from threadly.modules.payments.verbs.turn import Turn
from threadly.platform.ids import UUID, new_id
from threadly.platform.money import Money
from threadly.platform.work import Work

__all__ = [
    "begin_turn",
    "claim_payment",
    "doubt_attempt",
    "end_abandoning",
    "mark_unreached",
    "request_of",
    "save_payment",
]

OPEN = ("calling", "unknown")
UNDECIDED = ("processing", "saved")


async def begin_turn(
    work: Work, *, payment_id: UUID, passed: Collection[int], providers: Collection[ProviderName]
) -> Turn:
    """Write down the next attempt and extend the lease. `passed`: methods that cannot be reached now.

    An attempt whose end nobody knows comes first, under its own key, so that no other is made while it may
    have been charged. Past its time a payment turns to being abandoned. Raises PaymentMissing.
    """
    row = await work.one(LOCK_PAYMENT, payment_id)
    if row is None:
        raise PaymentMissing
    if row.state == "abandoning":
        return await _doubtful_turn(work, row)
    if row.state not in UNDECIDED:
        return Turn(payment_of(row), row.tries)
    if row.expires_at <= work.now:
        await work.run(SET_UNDECIDED, row.id, "abandoning", work.now + LEASE)
        return await _doubtful_turn(work, msgspec.structs.replace(row, state="abandoning"))
    await work.run(EXTEND_LEASE, row.id, work.now + LEASE)
    attempts = await work.all(LIST_ATTEMPTS, row.id)
    if open_attempt := _find_open(attempts):
        await work.run(DOUBT_ATTEMPT, open_attempt.id)
        return _turn(row, open_attempt.method, open_attempt.id, in_doubt=True)
    return await _start_attempt(work, row, attempts, passed, providers)


async def _doubtful_turn(work: Work, row: PaymentRow) -> Turn:
    """Of a payment that is being abandoned: what may have been charged must be cancelled."""
    if open_attempt := _find_open(await work.all(LIST_ATTEMPTS, row.id)):
        return _turn(row, open_attempt.method, open_attempt.id, in_doubt=True)
    return Turn(payment_of(row), row.tries)


async def _start_attempt(
    work: Work,
    row: PaymentRow,
    attempts: list[Attempt],
    passed: Collection[int],
    providers: Collection[ProviderName],
) -> Turn:
    earlier = {attempt.method: attempt for attempt in attempts}
    for index, method in enumerate(_methods_of(row)):
        before = earlier.get(index)
        if index in passed or method.provider not in providers or (before and before.state != "unreached"):
            continue
        attempt_id = before.id if before else new_id()
        await work.run(START_ATTEMPT, attempt_id, row.id, index, method.provider, work.now)
        return _turn(row, index, attempt_id, in_doubt=False)
    return Turn(payment_of(row), row.tries)


def _find_open(attempts: list[Attempt]) -> Attempt | None:
    return next((attempt for attempt in attempts if attempt.state in OPEN), None)


def _turn(row: PaymentRow, index: int, attempt_id: UUID, *, in_doubt: bool) -> Turn:
    request = _request(row, index, attempt_id)
    provider = request.method.provider
    return Turn(payment_of(row), row.tries, provider, index, attempt_id, request, in_doubt)


def _request(row: PaymentRow, index: int, attempt_id: UUID) -> ChargeRequest:
    return ChargeRequest(
        key=str(attempt_id),
        amount=Money(row.amount_minor, row.currency),
        method=_methods_of(row)[index],
        reference=str(row.reference),
        description=row.description,
    )


def _methods_of(row: PaymentRow) -> list[Method]:
    return msgspec.convert(row.methods, list[Method])


async def request_of(work: Work, *, attempt_id: UUID) -> tuple[ProviderName, ChargeRequest]:
    """What the provider was asked with that attempt. Raises PaymentMissing."""
    attempt = await work.one(GET_ATTEMPT, attempt_id)
    if attempt is None:
        raise PaymentMissing
    row = await work.one(GET_PAYMENT, attempt.payment_id)
    assert row, "an attempt has a payment"
    return attempt.provider, _request(row, attempt.method, attempt_id)


async def mark_unreached(work: Work, *, attempt_id: UUID) -> bool:
    """The attempt certainly had no effect. False if that is not certain any more: somebody else has taken it
    over meanwhile."""
    return await work.run(MARK_UNREACHED, attempt_id, work.now) > 0


async def doubt_attempt(work: Work, *, attempt_id: UUID) -> None:
    """It may have been charged."""
    await work.run(DOUBT_ATTEMPT, attempt_id)


async def save_payment(work: Work, *, payment_id: UUID) -> Payment:
    """Nobody answers now: tried again after a while, longer each time, until it expires."""
    row = await work.one(LOCK_PAYMENT, payment_id)
    if row is None:
        raise PaymentMissing
    if row.state not in (*UNDECIDED, "abandoning"):
        return payment_of(row)
    state: PaymentState = "abandoning" if row.state == "abandoning" else "saved"
    due_at = work.now + retry_after(row.tries, random.random())  # noqa: S311  # spreads load, hides nothing
    if work.now < row.expires_at < due_at:
        due_at = row.expires_at  # so that what it holds is given back in time
    await work.run(SET_UNDECIDED, row.id, state, due_at)
    if row.state == "processing":
        work.emit(PaymentSaved(payment_id=row.id, reference=row.reference))
    return payment_of(msgspec.structs.replace(row, state=state))


async def end_abandoning(work: Work, *, payment_id: UUID) -> Payment:
    """Abandoned for good, unless an attempt came up meanwhile. Raises PaymentMissing."""
    row = await work.one(LOCK_PAYMENT, payment_id)
    if row is None:
        raise PaymentMissing
    return await finish_abandoning(work, row)


async def claim_payment(work: Work, *, payment_id: UUID, tries: int) -> str | None:
    """Take the turn with that number. Returns the trace that the payment began in; None if the turn is taken,
    or there is nothing to do any more."""
    if not await work.run(CLAIM_PAYMENT, payment_id, tries, work.now + LEASE):
        return None
    row = await work.one(GET_PAYMENT, payment_id)
    return row.traceparent if row else None
