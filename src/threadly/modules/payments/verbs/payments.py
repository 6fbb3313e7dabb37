"""A payment from its beginning to the wish to abandon it."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from threadly.modules.payments.errors import (
    AmountUnpayable,
    MethodInvalid,
    MethodUnavailable,
    PaymentMissing,
    SplitUneven,
)
from threadly.modules.payments.providers.configured import is_configured
from threadly.modules.payments.providers.interface import ChargeRequest
from threadly.modules.payments.repository.payments import (
    BEGIN_PAYMENT,
    GET_PAYMENT_FOR,
    LIST_ATTEMPTS,
    LIST_SUCCEEDED,
    LOCK_PAYMENT,
    LOCK_PAYMENT_FOR,
    SET_UNDECIDED,
)
from threadly.modules.payments.repository.rows import PaymentRow
from threadly.modules.payments.rules import LEASE, MOST_METHODS, is_even, is_readable
from threadly.modules.payments.types import Attempt, Method, Payment, Split
from threadly.modules.payments.verbs.turn import Turn
from threadly.platform.ids import UUID, new_id
from threadly.platform.money import MOST_MINOR, Money
from threadly.platform.paging import Keyset, Page, id_after, page_of
from threadly.platform.telemetry.tracing import current_traceparent
from threadly.platform.work import Work

__all__ = [
    "abandon_payment",
    "begin_payment",
    "find_payment",
    "get_payment",
    "list_attempts",
    "list_succeeded",
    "lock_payment",
    "payment_of",
]


async def begin_payment(
    work: Work,
    *,
    reference: UUID,
    payer_id: UUID,
    amount: Money,
    methods: Sequence[Method],
    split: Split,
    description: str,
    expires_at: datetime,
) -> Turn:
    """Owe `amount` for `reference`, to be collected by the first of `methods` that can be reached, with the
    first attempt written down: its turn, for `Cashier.collect`.

    Whoever begins it drives it; if they are gone, a worker does after a while. Raises MethodUnavailable, also
    for no method at all, MethodInvalid, AmountUnpayable, and SplitUneven.
    """
    _require_payable(work, amount, methods, split)
    payment_id, attempt_id, provider = new_id(), new_id(), methods[0].provider
    await work.run(
        BEGIN_PAYMENT,
        *(payment_id, reference, payer_id, amount.amount_minor, amount.currency),
        *(msgspec.to_builtins(list(methods)), split, description),
        *(work.now + LEASE, expires_at, current_traceparent() or "", work.now),
        *(attempt_id, provider),
    )
    nothing = Money(0, amount.currency)
    payment = Payment(
        payment_id, reference, payer_id, amount, "processing", None, None, None, nothing, work.now
    )
    request = ChargeRequest(str(attempt_id), amount, methods[0], str(reference), description)
    return Turn(payment, 0, provider, 0, attempt_id, request)


def _require_payable(work: Work, amount: Money, methods: Sequence[Method], split: Split) -> None:
    offered = all(is_configured(work.settings, method.provider) for method in methods)
    if not offered or not 1 <= len(methods) <= MOST_METHODS:
        raise MethodUnavailable
    if not all(map(is_readable, methods)):
        raise MethodInvalid
    if amount.amount_minor > MOST_MINOR:
        raise AmountUnpayable
    if not is_even(amount.amount_minor, split):
        raise SplitUneven


async def get_payment(work: Work, *, reference: UUID) -> Payment:
    """The payment for `reference`. Raises PaymentMissing."""
    payment = await find_payment(work, reference=reference)
    if payment is None:
        raise PaymentMissing
    return payment


async def find_payment(work: Work, *, reference: UUID) -> Payment | None:
    """As `get_payment`, None where there is none."""
    row = await work.one(GET_PAYMENT_FOR, reference)
    return None if row is None else payment_of(row)


async def lock_payment(work: Work, *, reference: UUID) -> Payment | None:
    """As `find_payment`, and nobody changes it until this Work ends.

    Whoever changes what it pays for locks the payment first, as whoever records its outcome does: so none of
    them waits for what the other holds.
    """
    row = await work.one(LOCK_PAYMENT_FOR, reference)
    return None if row is None else payment_of(row)


async def list_attempts(work: Work, *, payment_id: UUID) -> list[Attempt]:
    """All of them, oldest first; a payment has few."""
    return await work.all(LIST_ATTEMPTS, payment_id)


async def list_succeeded(
    work: Work, *, since: datetime, until: datetime, after: Keyset | None = None, limit: int = 500
) -> Page[Payment]:
    """Payments opened in that time that have succeeded, oldest first: what must have its like elsewhere."""
    rows = await work.all(LIST_SUCCEEDED, since, until, id_after(after), limit + 1)
    page = page_of(rows, limit=limit, key=lambda row: (str(row.id),))
    return Page([payment_of(row) for row in page.items], page.after)


async def abandon_payment(work: Work, *, payment_id: UUID) -> None:
    """It is not wanted any more: a worker makes sure that it is not charged.

    PaymentAbandoned follows, or PaymentSucceeded where that was too late. Nothing happens to one that is
    decided. Raises PaymentMissing."""
    row = await work.one(LOCK_PAYMENT, payment_id)
    if row is None:
        raise PaymentMissing
    if row.state in ("processing", "saved"):
        await work.run(SET_UNDECIDED, payment_id, "abandoning", work.now)


def payment_of(row: PaymentRow) -> Payment:
    return Payment(
        row.id,
        row.reference,
        row.payer_id,
        Money(row.amount_minor, row.currency),
        row.state,
        row.provider,
        row.label,
        row.decline_code,
        Money(row.refunded_minor, row.currency),
        row.created_at,
    )
