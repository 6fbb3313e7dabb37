"""Reconciliation: the provider's account against our attempts, refunds and ledger.

What the provider knows and we do not, because a webhook or an answer was lost, is recorded here (healed).
What does not fit is listed as a discrepancy until a person has settled it.

The account is one for all communities, so each reads of it what bears a key of its own. What bears none that
we know, and what was paid out to the bank, is the first community's, whose people run the installation.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from functools import partial
from typing import Final, Literal

import structlog

from threadly.modules.payments.cashier import Cashier, cashier_of
from threadly.modules.payments.comparing import (
    Difference,
    compare,
    fee_differs,
    is_returned,
    missing_at_provider,
)
from threadly.modules.payments.errors import ProviderMissing
from threadly.modules.payments.providers.interface import Movement, ProviderError, RefundOutcome
from threadly.modules.payments.repository.payments import LIST_OPEN_ATTEMPTS
from threadly.modules.payments.repository.reconciliations import (
    FIND_CHARGES,
    FIND_REFUNDS,
    FIRST_ATTEMPT_AT,
    LAST_UNTIL,
    LIST_CHARGED,
    LIST_REFUNDED,
)
from threadly.modules.payments.repository.rows import KnownRow
from threadly.modules.payments.rules import fee_entries, payout_entries
from threadly.modules.payments.types import ProviderName, Reconciliation
from threadly.modules.payments.verbs.ledger import post
from threadly.modules.payments.verbs.outcomes import AmountDiffers, record_outcome
from threadly.modules.payments.verbs.owners import find_owners
from threadly.modules.payments.verbs.reconciliations import record_reconciliation
from threadly.modules.payments.verbs.refunds import record_refund
from threadly.modules.payments.verbs.turns import request_of
from threadly.platform.db import DatabaseUnavailable, Statement
from threadly.platform.ids import FIRST_ID, UUID, parse_id
from threadly.platform.work import SYSTEM, Tenant, Work, Works

__all__ = ["heal_open_attempts", "reconcile"]

log = structlog.get_logger(__name__)

BATCH = 200
# A provider's account shows what happened only after a while (PayPal says up to three hours).
LAG: Final[dict[ProviderName, timedelta]] = {
    "paypal": timedelta(hours=4),
    "stripe": timedelta(minutes=10),
    "sandbox": timedelta(0),
}
# What we recorded late is further back in the provider's account.
OVERLAP = timedelta(days=1)
FIRST_TIME = timedelta(days=1)
# Whoever drives an attempt is done with it by then.
LEFT_ALONE = timedelta(minutes=1)
MOST_HEALED = 500

Kind = Literal["charge", "refund"]
KINDS: Final[tuple[Kind, ...]] = ("charge", "refund")


async def reconcile(
    works: Works,
    tenant: Tenant,
    *,
    provider: ProviderName | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
) -> list[Reconciliation]:
    """Compare the tenant's part of one provider's account, or of each that is configured; from where the last
    time ended until now, less the time that a provider takes to show what happened. Raises ProviderMissing
    and ProviderError."""
    cashier = cashier_of(works)
    if provider is not None and provider not in cashier.providers:
        raise ProviderMissing
    wanted = [provider] if provider else sorted(cashier.providers)
    made = []
    for name in wanted:
        await heal_open_attempts(works, tenant, name)
        end = until or works.clock() - LAG[name]
        start = since or await _last_time(works, tenant, name) or end - FIRST_TIME
        made.append(await _Comparison(works, tenant, name, start, end).run())
    return made


async def heal_open_attempts(works: Works, tenant: Tenant, provider: ProviderName) -> int:
    """Ask the provider about attempts whose end nobody knows. Returns how many are known now."""
    cashier = cashier_of(works)
    async with works.read(tenant, SYSTEM, fresh=True) as work:
        attempts = await work.all(LIST_OPEN_ATTEMPTS, provider, work.now - LEFT_ALONE, MOST_HEALED)
    healed = 0
    for attempt in attempts:
        try:
            healed += await _heal_charge(works, tenant, cashier, attempt.id)
        except ProviderError as error:
            log.warning("cannot ask about open attempts", provider=provider, error=str(error))
            break
        except DatabaseUnavailable:
            raise
        except Exception:
            log.exception("an attempt cannot be healed; the others go on", attempt=str(attempt.id))
    return healed


async def _heal_charge(works: Works, tenant: Tenant, cashier: Cashier, attempt_id: UUID) -> bool:
    """Record what a provider says of an attempt; False if it says nothing definite. Raises ProviderError."""
    async with works.read(tenant, SYSTEM, fresh=True) as work:
        provider, request = await request_of(work, attempt_id=attempt_id)
    charge = await cashier.find(provider, request)
    if charge is None or charge.state == "pending":
        return False
    try:
        await works.attempt(
            tenant, SYSTEM, lambda work: record_outcome(work, attempt_id=attempt_id, charge=charge)
        )
    except AmountDiffers:
        return False
    return True


async def _last_time(works: Works, tenant: Tenant, provider: ProviderName) -> datetime | None:
    async with works.read(tenant, SYSTEM, fresh=True) as work:
        found = await work.one(LAST_UNTIL, provider)
        if found is None:
            found = await work.one(FIRST_ATTEMPT_AT, provider)
        return found


class _Comparison:
    """One provider's account, read once from end to end in batches."""

    def __init__(
        self, works: Works, tenant: Tenant, provider: ProviderName, since: datetime, until: datetime
    ) -> None:
        self._works = works
        self._tenant = tenant
        self._cashier = cashier_of(works)
        self._provider = provider
        self._since = since
        self._until = until
        self._seen: set[str] = set()
        self._differences: list[Difference] = []
        self._matched = 0
        self._healed = 0

    async def run(self) -> Reconciliation:
        batch: list[Movement] = []
        provider = self._cashier.providers[self._provider]
        async for movement in provider.movements(since=self._since - OVERLAP, until=self._until):
            batch.append(movement)
            if len(batch) == BATCH:
                await self._compare_batch(batch)
                batch = []
        await self._compare_batch(batch)
        await self._look_for_missing("charge", LIST_CHARGED)
        await self._look_for_missing("refund", LIST_REFUNDED)
        return await self._works.attempt(self._tenant, SYSTEM, self._record)

    async def _compare_batch(self, movements: list[Movement]) -> None:
        batch = await self._ours(movements)
        for kind in KINDS:
            await self._compare_kind(kind, [each for each in batch if each.kind == kind])
        fees = [each for each in batch if each.kind == "fee"]
        known = await self._find("charge", (each.key for each in fees))
        late = [each for each in fees if self._is_late(each, known.get(each.key or ""))]
        payouts = [each for each in batch if each.kind == "payout"]
        if late or payouts:
            posting = partial(_post_told, provider=self._provider, fees=late, payouts=payouts, known=known)
            await self._works.attempt(self._tenant, SYSTEM, posting)

    async def _ours(self, movements: list[Movement]) -> list[Movement]:
        async with self._works.read(self._tenant, SYSTEM, fresh=True) as work:
            owners = await find_owners(work, keys=(each.key for each in movements))
        return [each for each in movements if owners[each.key] == self._tenant.id]

    async def _compare_kind(self, kind: Kind, movements: list[Movement]) -> None:
        known = await self._find(kind, (each.key for each in movements))
        behind = [each for each in movements if _is_behind(compare(each, known.get(each.key or "")))]
        for each in behind:
            self._healed += await self._heal_if_possible(kind, each)
        known |= await self._find(kind, (each.key for each in behind))
        for each in movements:
            self._seen.add(each.key or "")
            if is_returned(each):
                self._forget_refund(each.key or "")
            self._note(each, compare(each, known.get(each.key or "")))

    def _forget_refund(self, key: str) -> None:
        """That the provider has done what failed here, is no difference once it came back."""
        made = ("refund_unrecorded", key)
        self._differences = [each for each in self._differences if (each.kind, each.subject) != made]

    async def _heal_if_possible(self, kind: Kind, movement: Movement) -> bool:
        """What cannot be recorded is a difference, as what never was: the rest of the account is read on."""
        try:
            return await self._heal(kind, movement)
        except (ProviderError, DatabaseUnavailable):
            raise
        except Exception:
            log.exception("what the provider tells cannot be recorded", key=movement.key)
            return False

    async def _heal(self, kind: Kind, movement: Movement) -> bool:
        key = parse_id(movement.key or "")
        assert key, "found by it"
        if kind == "charge":
            return await _heal_charge(self._works, self._tenant, self._cashier, key)
        state: Literal["failed", "succeeded"] = "failed" if is_returned(movement) else "succeeded"
        outcome = RefundOutcome(str(key), state, movement.provider_ref or "")
        await self._works.attempt(self._tenant, SYSTEM, lambda work: record_refund(work, outcome=outcome))
        return True

    def _is_late(self, fee: Movement, known: KnownRow | None) -> bool:
        """Whether the fee was not known when the charge was recorded, and is to be posted now."""
        if known is not None and known.fee_minor is None:
            return True
        differs = known is None or known.fee_minor != -fee.amount.amount_minor
        self._note(fee, fee_differs(fee, known) if differs else None)
        return False

    def _note(self, movement: Movement, difference: Difference | None) -> None:
        if difference is not None:
            self._differences.append(difference)
        elif movement.at >= self._since:
            self._matched += 1

    async def _look_for_missing(self, kind: Kind, statement: Statement[str]) -> None:
        """Of what we recorded in that time, what the provider's account does not show."""
        after = FIRST_ID
        while True:
            async with self._works.read(self._tenant, SYSTEM, fresh=True) as work:
                keys = await work.all(statement, self._provider, self._since, self._until, after, BATCH)
            known = await self._find(kind, (key for key in keys if key not in self._seen))
            for each in known.values():
                if not await self._is_there(kind, each):
                    self._differences.append(missing_at_provider(kind, each))
            if len(keys) < BATCH:
                return
            after = UUID(keys[-1])

    async def _is_there(self, kind: Kind, known: KnownRow) -> bool:
        """Whether the provider has the charge all the same: it may be further back than we looked."""
        if kind == "refund":
            return False
        async with self._works.read(self._tenant, SYSTEM, fresh=True) as work:
            provider, request = await request_of(work, attempt_id=UUID(known.key))
        charge = await self._cashier.find(provider, request)
        return charge is not None and charge.state == "succeeded"

    async def _find(self, kind: Kind, keys: Iterable[str | None]) -> dict[str, KnownRow]:
        ids = [found for key in keys if (found := parse_id(key or ""))]
        if not ids:
            return {}
        statement = FIND_CHARGES if kind == "charge" else FIND_REFUNDS
        async with self._works.read(self._tenant, SYSTEM, fresh=True) as work:
            return {row.key: row for row in await work.all(statement, self._provider, ids)}

    async def _record(self, work: Work) -> Reconciliation:
        return await record_reconciliation(
            work,
            provider=self._provider,
            since=self._since,
            until=self._until,
            matched=self._matched,
            healed=self._healed,
            found=self._differences,
        )


def _is_behind(difference: Difference | None) -> bool:
    """Whether the provider knows what we have not heard."""
    return difference is not None and difference.kind in (
        "charge_unrecorded",
        "refund_unrecorded",
        "refund_returned",
    )


async def _post_told(
    work: Work,
    *,
    provider: ProviderName,
    fees: list[Movement],
    payouts: list[Movement],
    known: dict[str, KnownRow],
) -> None:
    """What only the provider can tell: fees that came later than the charge, and what it paid out."""
    for fee in fees:
        row = known[fee.key or ""]
        entries = fee_entries(provider, -fee.amount.amount_minor)
        await post(work, "fee", row.key, reference=row.reference, entries=entries, currency=row.currency)
    for payout in payouts:
        entries = payout_entries(provider, -payout.amount.amount_minor)
        source, currency = f"{provider}:{payout.id}", payout.amount.currency
        await post(work, "payout", source, reference=None, entries=entries, currency=currency)
