"""How we try again, when we stop trying, and how much of us one neighbour may hold up.

Valkey's client has a circuit breaker of its own (`valkey.py`), and mail is sent from durable jobs, which wait
for as long as a mail server takes to come back: `Breaker` and `Bulkhead` are for calls somebody waits for.
"""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from purgatory import AsyncCircuitBreakerFactory
from purgatory.domain.model import OpenedState

from threadly.platform.telemetry.spans import mark

__all__ = ["Backoff", "Breaker", "Bulkhead", "BulkheadFull", "CircuitOpen"]


class Backoff:
    """Waits that double from `first_s` to `most_s`, each taken at random from its upper half.

    The randomness keeps processes that lost the same server from coming back in step.
    """

    def __init__(self, *, first_s: float, most_s: float) -> None:
        self._first_s = first_s
        self._most_s = most_s
        self._next_s = first_s

    def next_s(self) -> float:
        """How long to wait now; the next wait is twice as long."""
        wait_s, self._next_s = self._next_s, min(self._most_s, self._next_s * 2)
        return wait_s * random.uniform(0.5, 1)  # noqa: S311  # spreads load, hides nothing

    def reset(self) -> None:
        """Starts from `first_s` again: what was tried has worked."""
        self._next_s = self._first_s


class CircuitOpen(Exception):
    """It failed too often just now; nothing was tried."""


class BulkheadFull(Exception):
    """Too many are at it already; nothing was tried."""


class Breaker:
    """Stops calls for `open_s` after `threshold` failures in a row; then one that works closes it again, and
    one that fails opens it for as long. What `harmless` names is an answer like any other."""

    def __init__(
        self, name: str, *, threshold: int, open_s: float, harmless: tuple[type[BaseException], ...] = ()
    ) -> None:
        self._name = name
        # A call that is cut short says nothing about the other side.
        self._circuits = AsyncCircuitBreakerFactory(
            default_threshold=threshold, default_ttl=open_s, exclude=[asyncio.CancelledError, *harmless]
        )

    @asynccontextmanager
    async def guard(self) -> AsyncIterator[None]:
        """Raises CircuitOpen."""
        breaker = await self._circuits.get_breaker(self._name)
        try:
            breaker.context.handle_new_request()
        except OpenedState as opened:
            raise CircuitOpen(f"{self._name} failed too often") from opened
        before = breaker.context.state
        try:
            async with breaker:
                yield
        finally:
            if (after := breaker.context.state) != before:
                mark(f"breaker.{after}", "internal", of=self._name)

    async def is_open(self) -> bool:
        """Whether calls are stopped at this moment."""
        return (await self._circuits.get_breaker(self._name)).context.state == "opened"


class Bulkhead:
    """At most `most` at once, and at most `waiting` in line, for `patience_s` at most: what hangs there holds
    up nobody else."""

    def __init__(self, *, most: int, waiting: int, patience_s: float) -> None:
        self._slots = asyncio.Semaphore(most)
        self._left_in_line = waiting
        self._patience_s = patience_s

    @asynccontextmanager
    async def slot(self) -> AsyncIterator[None]:
        """Raises BulkheadFull."""
        await self._enter()
        try:
            yield
        finally:
            self._slots.release()

    async def _enter(self) -> None:
        if self._slots.locked() and self._left_in_line <= 0:
            raise BulkheadFull
        self._left_in_line -= 1
        try:
            async with asyncio.timeout(self._patience_s):
                await self._slots.acquire()
        except TimeoutError:
            raise BulkheadFull from None
        finally:
            self._left_in_line += 1
