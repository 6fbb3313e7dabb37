"""The cashier: collects payments from providers, outside of any transaction, so that no crash and no silence
charges twice or forgets a charge.

Each attempt is a row before it is a call, and its id is the provider's idempotency key. Another method is
tried only when the one before certainly had no effect; whatever is in doubt is asked again under its own key,
by whoever comes first.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import TypeVar
from weakref import WeakKeyDictionary

import structlog

from threadly.modules.payments.calling import Limits, Line
from threadly.modules.payments.providers.configured import make_providers
from threadly.modules.payments.providers.interface import (
    Charge,
    ChargeRequest,
    Provider,
    ProviderError,
    ProviderRefused,
    ProviderUnknown,
    ProviderUnreached,
    RefundOutcome,
    RefundRequest,
)
from threadly.modules.payments.types import Payment, ProviderName
from threadly.modules.payments.verbs.outcomes import AmountDiffers, record_outcome
from threadly.modules.payments.verbs.turn import Turn
from threadly.modules.payments.verbs.turns import (
    begin_turn,
    doubt_attempt,
    end_abandoning,
    mark_unreached,
    save_payment,
)
from threadly.platform.ids import UUID
from threadly.platform.telemetry.spans import mark
from threadly.platform.work import SYSTEM, Tenant, Work, Works

__all__ = ["Cashier", "Then", "cashier_of", "close_cashier", "use_cashier"]

T = TypeVar("T")

log = structlog.get_logger(__name__)

Then = Callable[[Work, Payment], Awaitable[None]]


class Cashier:
    """One per process. `providers` are those that are configured, or those given."""

    def __init__(
        self,
        works: Works,
        providers: Mapping[ProviderName, Provider] | None = None,
        *,
        limits: Limits | None = None,
    ) -> None:
        self.providers = make_providers(works.settings) if providers is None else dict(providers)
        self._works = works
        self._limits = limits or Limits()
        self._lines = {name: Line(provider, self._limits) for name, provider in self.providers.items()}
        self._collecting: dict[tuple[int, UUID], asyncio.Task[Payment]] = {}

    async def collect(
        self, tenant: Tenant, payment_id: UUID, then: Then, *, first: Turn | None = None
    ) -> Payment:
        """Get the payment from the first of its methods that can be reached; about 8 s at most. `first` is
        the turn that `begin_payment` has written down already.

        `then(work, payment)` runs in the Work that records the outcome. Safe to call by any number of
        processes at once; in this one they share the same call. Whoever waits may go (a time limit, a closed
        connection): what was begun is ended and recorded. Raises PaymentMissing and DatabaseUnavailable.
        """
        drive = self._drive(tenant, payment_id, then, self._limits.waited_for_s, first=first)
        return await self._share(drive)

    async def resume(self, tenant: Tenant, payment_id: UUID) -> Payment:
        """As `collect`, for a job: patient, asks what became of an earlier attempt before repeating it, and
        makes sure that what is abandoned is not charged."""
        drive = self._drive(tenant, payment_id, _nothing, self._limits.patient_s, ask_first=True)
        return await self._share(drive)

    async def refund(self, provider: ProviderName, request: RefundRequest) -> RefundOutcome:
        """Raises ProviderError; the same request may be repeated for ever."""
        line = self._line(provider)
        return await line.call_repeatedly(
            "refund",
            lambda: line.provider.refund(request),
            until_s=self._until(self._limits.patient_s),
            key=request.key,
        )

    async def find(self, provider: ProviderName, request: ChargeRequest) -> Charge | None:
        """What became of a charge. Raises ProviderError."""
        line = self._line(provider)
        return await line.call("find", lambda: line.provider.find(request), key=request.key)

    async def call(self, provider: ProviderName, what: str, act: Callable[[], Awaitable[T]]) -> T:
        """One call that no payment has begun for. Raises ProviderError."""
        return await self._line(provider).call(what, act)

    async def is_open(self, provider: ProviderName) -> bool:
        """Whether the provider has failed so often that it is left alone for a while."""
        return await self._line(provider).is_open()

    async def aclose(self) -> None:
        """Ends what is being collected, then the connections."""
        if self._collecting:
            await asyncio.wait(list(self._collecting.values()), timeout=self._limits.waited_for_s)
        for provider in self.providers.values():
            await provider.aclose()

    # Inside

    def _drive(
        self,
        tenant: Tenant,
        payment_id: UUID,
        then: Then,
        budget_s: float,
        *,
        ask_first: bool = False,
        first: Turn | None = None,
    ) -> "_Drive":
        until_s = self._until(budget_s)
        return _Drive(self, tenant, payment_id, then, until_s, ask_first=ask_first, first=first)

    async def _share(self, drive: "_Drive") -> Payment:
        task = self._collecting.get(drive.key)
        if task is None:
            task = self._collecting[drive.key] = asyncio.create_task(drive.run())
            task.add_done_callback(lambda done: self._forget(drive.key, done))
        return await asyncio.shield(task)

    def _forget(self, key: tuple[int, UUID], task: asyncio.Task[Payment]) -> None:
        del self._collecting[key]
        if not task.cancelled() and (error := task.exception()):
            # Told here too, as whoever waited may have gone. A worker goes on with it.
            log.warning("collecting was cut short", payment=str(key[1]), error=repr(error))

    def _line(self, provider: ProviderName) -> Line:
        """Raises ProviderUnreached for one that is not configured (any more)."""
        if provider not in self._lines:
            raise ProviderUnreached(f"{provider} is not configured")
        return self._lines[provider]

    def _until(self, budget_s: float) -> float:
        return asyncio.get_running_loop().time() + budget_s


class _Drive:
    """One payment, driven from turn to turn until it is decided or nobody can be reached."""

    def __init__(
        self,
        cashier: Cashier,
        tenant: Tenant,
        payment_id: UUID,
        then: Then,
        until_s: float,
        *,
        ask_first: bool,
        first: Turn | None,
    ) -> None:
        self.key = tenant.id, payment_id
        self._cashier = cashier
        self._tenant = tenant
        self._payment_id = payment_id
        self._then = then
        self._until_s = until_s
        self._ask_first = ask_first
        self._first = first
        self._passed: set[int] = set()

    async def run(self) -> Payment:
        while True:
            turn, self._first = self._first, None
            if turn is None:
                turn = await self._write(self._begin)
            if turn.request is None:
                return await self._write(self._end_without_call(turn))
            try:
                charge = await self._call(turn, turn.request)
            except ProviderUnknown as error:
                return await self._save_in_doubt(turn, error)
            except (ProviderUnreached, ProviderRefused) as error:
                if turn.in_doubt or not await self._pass_on(turn, error):
                    return await self._save_in_doubt(turn, error)
                continue
            try:
                return await self._write(self._recording(turn, charge))
            except AmountDiffers as error:
                return await self._save_in_doubt(turn, error)

    async def _begin(self, work: Work) -> Turn:
        return await begin_turn(
            work, payment_id=self._payment_id, passed=self._passed, providers=self._cashier.providers
        )

    async def _call(self, turn: Turn, request: ChargeRequest) -> Charge:
        """What the provider says of the attempt, in the end. Raises ProviderError."""
        assert turn.provider, "comes with the request"
        line = self._cashier._line(turn.provider)
        provider = line.provider
        if turn.payment.state == "abandoning":
            voided = await line.call_repeatedly(
                "cancel", lambda: provider.cancel(request), until_s=self._until_s, key=request.key
            )
            return voided or Charge(request.key, "cancelled", "", request.amount)
        if turn.in_doubt and self._ask_first:
            found = await line.call_repeatedly(
                "find", lambda: provider.find(request), until_s=self._until_s, key=request.key
            )
            if found is not None:
                return found
        return await line.call_repeatedly(
            "charge", lambda: provider.charge(request), until_s=self._until_s, key=request.key
        )

    def _recording(self, turn: Turn, charge: Charge) -> Callable[[Work], Awaitable[Payment]]:
        async def record(work: Work) -> Payment:
            assert turn.attempt_id, "comes with the request"
            payment = await record_outcome(work, attempt_id=turn.attempt_id, charge=charge)
            if charge.state == "pending":
                await doubt_attempt(work, attempt_id=turn.attempt_id)
                payment = await save_payment(work, payment_id=self._payment_id)
            await self._then(work, payment)
            return payment

        return record

    async def _pass_on(self, turn: Turn, error: ProviderError) -> bool:
        """Whether the next method may be tried."""
        assert turn.attempt_id, "comes with the request"
        attempt_id = turn.attempt_id
        mark("payments.passed_on", "internal", after=turn.provider)
        log.warning("a provider cannot be reached", provider=turn.provider, error=str(error))
        self._passed.add(turn.method)
        return await self._write(lambda work: mark_unreached(work, attempt_id=attempt_id))

    async def _save_in_doubt(self, turn: Turn, error: Exception) -> Payment:
        mark("payments.in_doubt", "internal", provider=turn.provider, key=str(turn.attempt_id))
        log.warning(
            "a payment is in doubt", provider=turn.provider, attempt=str(turn.attempt_id), error=str(error)
        )

        async def save(work: Work) -> Payment:
            assert turn.attempt_id, "comes with the request"
            await doubt_attempt(work, attempt_id=turn.attempt_id)
            return await self._saved(work)

        return await self._write(save)

    def _end_without_call(self, turn: Turn) -> Callable[[Work], Awaitable[Payment]]:
        async def end(work: Work) -> Payment:
            if turn.payment.state == "abandoning":
                payment = await end_abandoning(work, payment_id=self._payment_id)
                await self._then(work, payment)
                return payment
            if turn.payment.state in ("processing", "saved"):
                return await self._saved(work)
            await self._then(work, turn.payment)
            return turn.payment

        return end

    async def _saved(self, work: Work) -> Payment:
        payment = await save_payment(work, payment_id=self._payment_id)
        await self._then(work, payment)
        return payment

    async def _write(self, act: Callable[[Work], Awaitable[T]]) -> T:
        return await self._cashier._works.attempt(self._tenant, SYSTEM, act)


async def _nothing(_work: Work, _payment: Payment) -> None:
    """In a job nobody waits: whom it concerns hears of it by the event."""


_cashiers: WeakKeyDictionary[Works, Cashier] = WeakKeyDictionary()


def cashier_of(works: Works) -> Cashier:
    """The cashier of the process that `works` belongs to: breakers are of use only if they are shared."""
    if works not in _cashiers:
        _cashiers[works] = Cashier(works)
    return _cashiers[works]


def use_cashier(works: Works, cashier: Cashier) -> None:
    """Have `cashier_of` answer this one: for an installation with a provider of its own."""
    _cashiers[works] = cashier


async def close_cashier(works: Works) -> None:
    """When the process ends."""
    if cashier := _cashiers.pop(works, None):
        await cashier.aclose()
