"""What payments do later, when it is due, or on a schedule."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from functools import partial
from typing import Final

import msgspec
import structlog

from threadly.modules.payments.cashier import cashier_of
from threadly.modules.payments.providers.interface import ProviderError, RefundOutcome
from threadly.modules.payments.reconciling import heal_open_attempts, reconcile
from threadly.modules.payments.repository.payments import LIST_DUE
from threadly.modules.payments.repository.refunds import LIST_DUE_REFUNDS
from threadly.modules.payments.repository.rows import RefundRow
from threadly.modules.payments.repository.webhooks import FORGET_WEBHOOKS
from threadly.modules.payments.types import ProviderName
from threadly.modules.payments.verbs.ledger import RECONCILE
from threadly.modules.payments.verbs.refunds import claim_refund, record_refund, refund_request
from threadly.modules.payments.verbs.turns import claim_payment
from threadly.platform.durable import Job, Run, Schedule, job
from threadly.platform.durable.due import Watch
from threadly.platform.housekeeping import forget_older
from threadly.platform.ids import UUID
from threadly.platform.telemetry.tracing import continue_trace, span
from threadly.platform.work import Tenant, Work, Works

__all__ = ["JOBS", "SCHEDULES", "WATCHES", "execute_refund", "request_reconciliation", "resume"]

log = structlog.get_logger(__name__)

QUEUE = "payments"
WEBHOOKS_KEPT = timedelta(days=90)


@job("payments.resume", queue=QUEUE)
async def resume(run: Run, *, subject_id: str, tries: int) -> None:
    """Take up a payment that nobody drives any more, or whose next try is due; in the trace it began in."""
    payment_id = UUID(subject_id)
    trace = await run.transact("claim", lambda work: claim_payment(work, payment_id=payment_id, tries=tries))
    if trace is None:
        return

    async def drive() -> str:
        tenant = run.tenant
        with (
            continue_trace(trace, tenant=tenant.slug, tenant_id=tenant.id),
            span("payments.resume", kind="job"),
        ):
            return (await cashier_of(run.works).resume(run.tenant, payment_id)).state

    await run.step("drive", drive)


@job("payments.execute_refund", queue=QUEUE)
async def execute_refund(run: Run, *, subject_id: str, tries: int) -> None:
    """Ask the provider, then record what it said; while it does not answer, the refund stays due."""
    refund_id = UUID(subject_id)
    row = await run.transact("claim", lambda work: _claim(work, refund_id, tries))
    if row is None:
        return
    claimed = msgspec.convert(row, RefundRow)

    async def ask() -> dict[str, str] | None:
        try:
            outcome = await cashier_of(run.works).refund(claimed.provider, refund_request(claimed))
        except ProviderError as error:
            log.warning("a refund waits for its provider", refund=subject_id, error=str(error))
            return None
        return {"state": outcome.state, "provider_ref": outcome.provider_ref}

    answer = await run.step("refund", ask)
    if answer is None:
        return
    outcome = msgspec.convert({"key": subject_id, **answer}, RefundOutcome)
    await run.transact("record", lambda work: record_refund(work, outcome=outcome))


async def _claim(work: Work, refund_id: UUID, tries: int) -> object:
    """As plain values, for a job's record."""
    row = await claim_refund(work, refund_id=refund_id, tries=tries)
    return None if row is None else msgspec.to_builtins(row)


@job("payments.heal", queue=QUEUE)
async def heal(run: Run) -> None:
    """Ask about attempts whose end nobody knows: a webhook may be missing."""
    await _ask_each(run, "heal", heal_open_attempts)


@job("payments.reconcile_all", queue=QUEUE)
async def reconcile_all(run: Run) -> None:
    """Each provider's account against ours, since the last time."""
    await _ask_each(run, "reconcile", _compare)


async def _ask_each(
    run: Run, what: str, ask: Callable[[Works, Tenant, ProviderName], Awaitable[int]]
) -> None:
    """A provider that cannot be asked, or whose answers are a bug of ours, holds up none of the others. It is
    raised in the end, so that the job is seen to have failed."""
    first: Exception | None = None
    for provider in sorted(cashier_of(run.works).providers):
        try:
            await run.step(f"{what} {provider}", partial(ask, run.works, run.tenant, provider))
        except Exception as error:
            log.exception("a provider is left out", provider=provider, what=what)
            first = first or error
    if first is not None:
        raise first


async def _compare(works: Works, tenant: Tenant, provider: ProviderName) -> int:
    """How many differences are to be settled."""
    (made,) = await reconcile(works, tenant, provider=provider)
    return made.differences


async def request_reconciliation(work: Work) -> None:
    """Have a worker compare now; asked for again within the minute, it is the same. Raises SignInRequired,
    Denied without `payments.reconcile`."""
    work.actor.require(RECONCILE)
    minute = int(work.now.timestamp()) // 60
    await work.enqueue(reconcile_all, job_id=f"payments.reconcile:{work.tenant.id}:{minute}")


@job("payments.forget_webhooks")
async def forget_webhooks(run: Run) -> None:
    """What came of them stays, in attempts, refunds and the ledger."""
    await forget_older(run, FORGET_WEBHOOKS, WEBHOOKS_KEPT)


JOBS: Final[Sequence[Job]] = [resume, execute_refund, heal, reconcile_all, forget_webhooks]
SCHEDULES: Final[Sequence[Schedule]] = [
    Schedule("*/10 * * * *", heal),
    Schedule("20 4 * * *", reconcile_all),
    Schedule("50 4 * * *", forget_webhooks),
]
WATCHES: Final[Sequence[Watch]] = [
    Watch("payments.due", LIST_DUE, resume),
    Watch("payments.due_refunds", LIST_DUE_REFUNDS, execute_refund),
]
