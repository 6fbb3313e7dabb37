"""A till: payments opened, collected and looked at, for one tenant."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import TypeVar

import msgspec

from tests.modules.identity.runs import run_job
from tests.modules.payments.fake import FakeProvider
from threadly.modules import payments
from threadly.modules.payments.calling import Limits
from threadly.modules.payments.cashier import Cashier, Then, use_cashier
from threadly.modules.payments.jobs import execute_refund, resume
from threadly.platform.db import sql
from threadly.platform.ids import UUID, new_id
from threadly.platform.money import Money
from threadly.platform.work import SYSTEM, Tenant, Work, Works

T = TypeVar("T")

FAST = Limits(
    call_s=0.25,
    waited_for_s=0.8,
    patient_s=0.8,
    first_pause_s=0.01,
    longest_pause_s=0.05,
    breaker_threshold=4,
    breaker_open_s=0.3,
    at_once=3,
    in_line=2,
    line_patience_s=0.1,
)
EVENTS = sql("test.payment_events", "SELECT name FROM platform.outbox ORDER BY id", into=str)


class DueRow(msgspec.Struct, frozen=True):
    tries: int
    due_at: datetime | None


DUE = sql("test.payment_due", "SELECT tries, due_at FROM payments.payments WHERE id = $1", into=DueRow)
REFUND_TRIES = sql("test.refund_tries", "SELECT tries FROM payments.refunds WHERE id = $1", into=int)


class Clock:
    """The time of the works, which a test may put forward."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead


class Till:
    def __init__(
        self,
        works: Works,
        tenant: Tenant,
        clock: Clock,
        providers: Mapping[payments.ProviderName, FakeProvider],
    ) -> None:
        self.works = works
        self.tenant = tenant
        self.clock = clock
        self.providers = providers
        self.settled: list[payments.PaymentState] = []
        self.turns: dict[UUID, payments.Turn] = {}
        self.cashier = self.another_process()
        use_cashier(works, self.cashier)

    def another_process(self, limits: Limits = FAST) -> Cashier:
        """Another cashier, with breakers of its own."""
        return Cashier(self.works, self.providers, limits=limits)

    def recover(self) -> None:
        """Every provider works again, for a process that does not know otherwise."""
        for provider in self.providers.values():
            provider.mode = "works"
            provider.calls.clear()
        self.cashier = self.another_process()
        use_cashier(self.works, self.cashier)

    @property
    def sandbox(self) -> FakeProvider:
        return self.providers["sandbox"]

    @property
    def stripe(self) -> FakeProvider:
        return self.providers["stripe"]

    async def open(
        self,
        *names: payments.ProviderName,
        amount_minor: int = 5_000,
        expires_in: timedelta = timedelta(hours=1),
        split: payments.Split | None = None,
        token: str = "tok_success",
    ) -> payments.Payment:
        """Begun, and nobody has called its provider yet: the first who collects it does."""

        async def begin(work: Work) -> payments.Turn:
            return await payments.begin_payment(
                work,
                reference=new_id(),
                payer_id=new_id(),
                amount=Money(amount_minor, "USD"),
                methods=[payments.Method(name, token) for name in names or ("sandbox",)],
                split=split or {"sales": amount_minor},
                description="An order",
                expires_at=work.now + expires_in,
            )

        turn = await self.write(begin)
        self.turns[turn.payment.id] = turn
        return turn.payment

    async def collect(
        self, payment: payments.Payment, *, by: Cashier | None = None, then: Then | None = None
    ) -> payments.Payment:
        cashier, first = by or self.cashier, self.turns.pop(payment.id, None)
        return await cashier.collect(self.tenant, payment.id, then or self.then, first=first)

    async def pay(self, *names: payments.ProviderName, amount_minor: int = 5_000) -> payments.Payment:
        return await self.collect(await self.open(*names, amount_minor=amount_minor))

    async def resume(self, payment: payments.Payment, *, tries: int | None = None) -> payments.Payment:
        """What the worker does when the payment is due."""
        turn = (await self.due(payment)).tries if tries is None else tries
        await run_job(self.works, self.tenant, resume, subject_id=str(payment.id), tries=turn)
        return await self.get(payment)

    async def refund(self, payment: payments.Payment, amount_minor: int) -> payments.Refund:
        return await self.write(
            lambda work: payments.request_refund(
                work,
                payment_id=payment.id,
                amount=Money(amount_minor, "USD"),
                split={"sales": amount_minor},
                reason="Sent back",
            )
        )

    async def execute(self, refund_id: UUID) -> None:
        """What the worker does when a refund is due."""
        tries = await self.read(lambda work: work.one(REFUND_TRIES, refund_id))
        await run_job(self.works, self.tenant, execute_refund, subject_id=str(refund_id), tries=tries)

    async def get(self, payment: payments.Payment) -> payments.Payment:
        return await self.read(lambda work: payments.get_payment(work, reference=payment.reference))

    async def due(self, payment: payments.Payment) -> DueRow:
        found = await self.read(lambda work: work.one(DUE, payment.id))
        assert found
        return found

    async def states(self, payment: payments.Payment) -> list[tuple[str, str]]:
        """Of the attempts: provider and state."""
        attempts = await self.read(lambda work: payments.list_attempts(work, payment_id=payment.id))
        return [(each.provider, each.state) for each in attempts]

    async def refunds(self, payment: payments.Payment) -> Sequence[payments.Refund]:
        return await self.read(lambda work: payments.list_refunds(work, payment_id=payment.id))

    async def balances(self) -> dict[str, int]:
        found = await self.read(payments.ledger_balances)
        return {each.account: each.amount_minor for each in found if each.amount_minor}

    async def events(self) -> list[str]:
        return await self.read(lambda work: work.all(EVENTS))

    async def write(self, act: Callable[[Work], Awaitable[T]]) -> T:
        return await self.works.attempt(self.tenant, SYSTEM, act)

    async def read(self, act: Callable[[Work], Awaitable[T]]) -> T:
        async with self.works.read(self.tenant, SYSTEM) as work:
            return await act(work)

    async def then(self, _work: Work, payment: payments.Payment) -> None:
        self.settled.append(payment.state)
