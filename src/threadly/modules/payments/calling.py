"""One provider, called with care: a time limit, repetition where that is safe, a breaker and a bulkhead."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

import msgspec
import structlog

from threadly.modules.payments.providers.configured import CALL_TIMEOUT_S
from threadly.modules.payments.providers.interface import (
    Provider,
    ProviderRefused,
    ProviderUnknown,
    ProviderUnreached,
)
from threadly.platform.resilience import Backoff, Breaker, Bulkhead, BulkheadFull, CircuitOpen
from threadly.platform.telemetry.metrics import observe_call
from threadly.platform.telemetry.tracing import span
from threadly.platform.telemetry.trail import note_outside

__all__ = ["Limits", "Line"]

T = TypeVar("T")

log = structlog.get_logger(__name__)


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """How long and how often. `waited_for_s` is the whole time when a buyer waits, `patient_s` in a job."""

    call_s: float = CALL_TIMEOUT_S
    waited_for_s: float = 8.0
    patient_s: float = 30.0
    first_pause_s: float = 0.2
    longest_pause_s: float = 2.0
    # In a row, for one payment; fewer of those that do not even arrive, as another provider may be tried.
    repeated_calls: int = 5
    unreached_calls: int = 2
    # More than the calls for one payment, so that a single card cannot close a provider to everybody.
    breaker_threshold: int = 10
    breaker_open_s: float = 15.0
    at_once: int = 32
    in_line: int = 64
    line_patience_s: float = 1.0


class Line:
    """The way to one provider: what happens to one call changes what becomes of the next."""

    def __init__(self, provider: Provider, limits: Limits) -> None:
        self.provider = provider
        self._limits = limits
        self._breaker = Breaker(
            provider.name,
            threshold=limits.breaker_threshold,
            open_s=limits.breaker_open_s,
            harmless=(ProviderRefused,),  # it answers; that it says no is ours to mend
        )
        self._bulkhead = Bulkhead(
            most=limits.at_once, waiting=limits.in_line, patience_s=limits.line_patience_s
        )

    async def is_open(self) -> bool:
        """Whether the breaker holds calls back now."""
        return await self._breaker.is_open()

    async def call(
        self, what: str, act: Callable[[], Awaitable[T]], *, key: str | None = None, attempt: int = 1
    ) -> T:
        """One call; `key` (the provider's idempotency key) and `attempt` are noted for those who watch.

        Raises ProviderUnreached when it certainly had no effect, ProviderUnknown when it may have had one,
        ProviderRefused.
        """
        started_s = asyncio.get_running_loop().time()
        outcome = "answered"
        try:
            with span(f"{self.provider.name}.{what}", kind="call", key=key, attempt=attempt) as it:
                try:
                    return await self._guarded(act)
                except (ProviderUnreached, ProviderUnknown, ProviderRefused) as error:
                    outcome = type(error).__name__.removeprefix("Provider").lower()
                    it.set(
                        outcome=outcome,
                        breaker="open" if isinstance(error.__cause__, CircuitOpen) else "closed",
                    )
                    raise
        finally:
            duration_s = asyncio.get_running_loop().time() - started_s
            observe_call(self.provider.name, what, outcome, duration_s)
            note_outside(duration_s)

    async def call_repeatedly(
        self, what: str, act: Callable[[], Awaitable[T]], *, until_s: float, key: str | None = None
    ) -> T:
        """Until it answers, a few times at most and until the loop's clock says `until_s`: only for what is
        idempotent.

        Raises as `call`, but ProviderUnknown if any of the calls may have had an effect.
        """
        backoff = Backoff(first_s=self._limits.first_pause_s, most_s=self._limits.longest_pause_s)
        doubt: ProviderUnknown | None = None
        calls = unreached = 0
        while True:
            calls += 1
            try:
                return await self.call(what, act, key=key, attempt=calls)
            except ProviderRefused as error:
                log.error(
                    "a provider refuses; are its settings right?",
                    provider=self.provider.name,
                    error=str(error),
                )
                raise doubt or error from error
            except ProviderUnknown as error:
                doubt = error
            except ProviderUnreached as error:
                unreached += 1
                if doubt is None and unreached >= self._limits.unreached_calls:
                    raise
                if await self.is_open():
                    raise doubt or error from error
            pause_s = backoff.next_s()
            is_late = asyncio.get_running_loop().time() + pause_s >= until_s
            if is_late or calls >= self._limits.repeated_calls:
                raise doubt or ProviderUnreached("no time is left")
            with span("before the next attempt", kind="pause", after=repr(doubt) if doubt else "unreached"):
                await asyncio.sleep(pause_s)

    async def _guarded(self, act: Callable[[], Awaitable[T]]) -> T:
        try:
            async with self._bulkhead.slot(), self._breaker.guard():
                return await self._timed(act)
        except (BulkheadFull, CircuitOpen) as held_back:
            raise ProviderUnreached(repr(held_back)) from held_back

    async def _timed(self, act: Callable[[], Awaitable[T]]) -> T:
        try:
            async with asyncio.timeout(self._limits.call_s):
                return await act()
        except TimeoutError as error:
            raise ProviderUnknown("no answer in time") from error
