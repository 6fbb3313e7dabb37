"""The ledger: posted once per source, listed, summed up."""

from collections.abc import Mapping, Sequence
from typing import Literal

from threadly.modules.payments.errors import SplitUneven
from threadly.modules.payments.repository.ledger import BALANCES, LIST_LEDGER, POST
from threadly.modules.payments.repository.rows import LedgerRow
from threadly.modules.payments.types import (
    Balance,
    LedgerAccount,
    LedgerEntry,
    LedgerKind,
    LedgerTransaction,
)
from threadly.platform.ids import UUID, new_id
from threadly.platform.money import Money
from threadly.platform.paging import Keyset, Page, id_before, page_of
from threadly.platform.work import Work

__all__ = ["ledger_balances", "list_ledger", "post", "post_kinds", "post_ledger"]

RECONCILE = "payments.reconcile"

Entries = Mapping[LedgerAccount, int]


async def post_ledger(
    work: Work,
    *,
    kind: Literal["gift_card"],
    source: str,
    reference: UUID | None,
    entries: Mapping[LedgerAccount, int],
    currency: str,
) -> None:
    """Record what happened to money without a provider. Debits are positive; a source is recorded once,
    however often it is posted. Raises SplitUneven unless the entries sum to zero."""
    await post(work, kind, source, reference=reference, entries=entries, currency=currency)


async def post(
    work: Work,
    kind: LedgerKind,
    source: str,
    *,
    reference: UUID | None,
    entries: Entries,
    currency: str,
) -> bool:
    """Whether it was posted now, and not before."""
    return await post_kinds(work, source, {kind: entries}, reference=reference, currency=currency)


async def post_kinds(
    work: Work,
    source: str,
    kinds: Mapping[LedgerKind, Entries],
    *,
    reference: UUID | None,
    currency: str,
) -> bool:
    """A transaction of each kind; one without any amount is none. Whether any was posted now, and not
    before."""
    transactions: list[tuple[UUID, LedgerKind]] = []
    lines: list[tuple[UUID, int, LedgerAccount, int]] = []
    for kind, entries in kinds.items():
        if sum(entries.values()) != 0:
            raise SplitUneven
        moved = {account: amount for account, amount in entries.items() if amount}
        if moved:
            transactions.append((new_id(), kind))
            made = transactions[-1][0]
            lines += [(made, number, *entry) for number, entry in enumerate(moved.items(), 1)]
    if not transactions:
        return False
    posted = await work.run(
        POST,
        *_columns(transactions),
        *(source, reference, work.now),
        *_columns(lines),
        currency,
    )
    return posted > 0


def _columns(rows: Sequence[tuple[object, ...]]) -> list[list[object]]:
    return [list(column) for column in zip(*rows, strict=True)]


async def list_ledger(
    work: Work, *, reference: UUID | None = None, after: Keyset | None = None, limit: int = 20
) -> Page[LedgerTransaction]:
    """Newest first, all or those for `reference`. Raises Denied."""
    work.actor.require(RECONCILE)
    rows = await work.all(LIST_LEDGER, id_before(after), reference, limit + 1)
    page = page_of(rows, limit=limit, key=lambda row: (str(row.id),))
    return Page([_transaction_of(row) for row in page.items], page.after)


async def ledger_balances(work: Work) -> list[Balance]:
    """Every account, by name. Raises Denied."""
    work.actor.require(RECONCILE)
    return await work.all(BALANCES)


def _transaction_of(row: LedgerRow) -> LedgerTransaction:
    entries = [LedgerEntry(account, Money(amount, currency)) for account, amount, currency in row.entries]
    return LedgerTransaction(row.id, row.kind, row.source, row.reference, row.at, entries)
