"""What reconciliation found, and how a person settled it."""

from collections.abc import Sequence
from datetime import datetime

from threadly.modules.payments.comparing import Difference
from threadly.modules.payments.errors import DiscrepancyMissing, NoteMissing
from threadly.modules.payments.repository.reconciliations import (
    COUNT_DIFFERENCES,
    GET_DISCREPANCY,
    INSERT_DISCREPANCIES,
    INSERT_RECONCILIATION,
    LIST_DISCREPANCIES,
    LIST_RECONCILIATIONS,
    SETTLE_DISCREPANCY,
)
from threadly.modules.payments.types import Discrepancy, ProviderName, Reconciliation
from threadly.modules.payments.verbs.ledger import RECONCILE
from threadly.platform.ids import UUID, new_id
from threadly.platform.paging import Keyset, Page, id_before, page_of
from threadly.platform.work import Work

__all__ = [
    "get_discrepancy",
    "list_discrepancies",
    "list_reconciliations",
    "note_difference",
    "record_reconciliation",
    "settle_discrepancy",
]

LONGEST_NOTE = 1_000


async def record_reconciliation(
    work: Work,
    *,
    provider: ProviderName,
    since: datetime,
    until: datetime,
    matched: int,
    healed: int,
    found: Sequence[Difference],
) -> Reconciliation:
    """Write down a comparison; what was found before is not listed twice."""
    run_id = new_id()
    await work.run(INSERT_RECONCILIATION, run_id, provider, since, until, matched, healed, work.now)
    differences = await _insert(work, run_id, found) if found else 0
    return Reconciliation(run_id, provider, since, until, matched, healed, differences, work.now)


async def note_difference(work: Work, difference: Difference) -> None:
    """Write down what was found on another way than by a comparison; twice is the same."""
    await _list(work, None, [difference])


async def _insert(work: Work, run_id: UUID, found: Sequence[Difference]) -> int:
    await _list(work, run_id, found)
    kinds, subjects = [each.kind for each in found], [each.subject for each in found]
    return await work.one(COUNT_DIFFERENCES, run_id, kinds, subjects) or 0


async def _list(work: Work, run_id: UUID | None, found: Sequence[Difference]) -> None:
    await work.run(
        INSERT_DISCREPANCIES,
        *(run_id, work.now, [new_id() for _ in found]),
        [each.kind for each in found],
        [each.subject for each in found],
        [each.payment_id for each in found],
        [each.reference for each in found],
        [each.expected_minor for each in found],
        [each.found_minor for each in found],
        [each.currency for each in found],
        [each.explanation for each in found],
    )


async def list_reconciliations(
    work: Work, *, after: Keyset | None = None, limit: int = 20
) -> Page[Reconciliation]:
    """Newest first. Raises Denied."""
    work.actor.require(RECONCILE)
    rows = await work.all(LIST_RECONCILIATIONS, id_before(after), limit + 1)
    return page_of(rows, limit=limit, key=lambda row: (str(row.id),))


async def list_discrepancies(
    work: Work, *, settled: bool | None = None, after: Keyset | None = None, limit: int = 20
) -> Page[Discrepancy]:
    """Newest first: all, or only those that are `settled` or not. Raises Denied."""
    work.actor.require(RECONCILE)
    rows = await work.all(LIST_DISCREPANCIES, id_before(after), settled, limit + 1)
    return page_of(rows, limit=limit, key=lambda row: (str(row.id),))


async def get_discrepancy(work: Work, *, discrepancy_id: UUID) -> Discrepancy:
    """Raises Denied and DiscrepancyMissing."""
    work.actor.require(RECONCILE)
    found = await work.one(GET_DISCREPANCY, discrepancy_id)
    if found is None:
        raise DiscrepancyMissing
    return found


async def settle_discrepancy(work: Work, *, discrepancy_id: UUID, note: str) -> Discrepancy:
    """A person has looked into it, and says how. Raises Denied, NoteMissing and DiscrepancyMissing."""
    work.actor.require(RECONCILE)
    if not 1 <= len(note.strip()) <= LONGEST_NOTE or "\x00" in note:
        raise NoteMissing
    settled = await work.one(SETTLE_DISCREPANCY, discrepancy_id, work.now, work.actor.user_id, note.strip())
    if settled is None:
        raise DiscrepancyMissing
    return settled
