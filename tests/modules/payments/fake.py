"""A provider that lives in the test: a book of charges, and what goes wrong by script."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime

from msgspec.structs import replace

from threadly.modules.payments.providers.interface import (
    Charge,
    ChargeRequest,
    Movement,
    ProviderEvent,
    ProviderRefused,
    ProviderUnknown,
    ProviderUnreached,
    RefundOutcome,
    RefundRequest,
    SignatureInvalid,
)
from threadly.modules.payments.types import ProviderName
from threadly.platform.money import Money

FEE_MINOR = 59


class FakeProvider:
    """Idempotent under a key, as every provider is. `script` is what happens to the next charges, one word
    each, `mode` to all after:

    works, declines, pending; down (no connection), refuses; lost_before and lost_after (no answer, without
    and with an effect); hangs (until `released`, then it works); hangs_up (until `let_go`, and never was
    connected); breaks (a bug of ours).

    `cursed`: keys about which nothing can be asked without a bug. `one_ref`: what it calls every charge.
    """

    def __init__(self, name: ProviderName) -> None:
        self.name: ProviderName = name
        self.mode = "works"
        self.fee_minor = FEE_MINOR
        self.script: deque[str] = deque()
        self.released = asyncio.Event()
        self.let_go = asyncio.Event()
        self.calls: list[str] = []
        self.in_flight = 0
        self.most_in_flight = 0
        self.charges: dict[str, Charge] = {}
        self.refunds: dict[str, RefundRequest] = {}
        self.voided: set[str] = set()
        self.moved: list[Movement] = []
        self.cursed: set[str] = set()
        self.one_ref = ""
        self.closed = False

    @property
    def charged(self) -> list[Charge]:
        return [each for each in self.charges.values() if each.state == "succeeded"]

    async def charge(self, request: ChargeRequest) -> Charge:
        self.calls.append("charge")
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        try:
            return await self._charge(request, self._word())
        finally:
            self.in_flight -= 1

    async def find(self, request: ChargeRequest) -> Charge | None:
        self.calls.append("find")
        self._fail("breaks" if request.key in self.cursed else self.mode)
        return self.charges.get(request.key)

    async def cancel(self, request: ChargeRequest) -> Charge | None:
        self.calls.append("cancel")
        self._fail(self.mode)
        if request.key not in self.charges:
            self.voided.add(request.key)
        return self.charges.get(request.key)

    async def refund(self, request: RefundRequest) -> RefundOutcome:
        self.calls.append("refund")
        word = self._word()
        self._fail(word)
        if word == "declines":
            return RefundOutcome(request.key, "failed", "")
        if request.key not in self.refunds:
            self.refunds[request.key] = request
            self._move("refund", -request.amount.amount_minor, request.amount.currency, request.key)
        if word == "lost_after":
            raise ProviderUnknown(word)
        return RefundOutcome(request.key, "succeeded", f"re_{request.key}")

    async def movements(self, *, since: datetime, until: datetime) -> AsyncIterator[Movement]:
        self._fail(self.mode)
        for movement in self.moved:
            if since <= movement.at < until:
                yield movement

    async def read_webhook(self, *, headers: Mapping[str, str], body: bytes, now: datetime) -> ProviderEvent:
        raise SignatureInvalid

    async def aclose(self) -> None:
        self.closed = True

    # Inside, and what happens at the provider without us

    def settle(self, key: str) -> Charge:
        """What was pending is paid now."""
        charge = self.charges[key] = replace(self.charges[key], state="succeeded")
        self._move("charge", charge.amount.amount_minor, charge.amount.currency, key)
        return charge

    def move(self, movement: Movement) -> None:
        self.moved.append(movement)

    async def _charge(self, request: ChargeRequest, word: str) -> Charge:
        if word == "hangs":
            await self.released.wait()
        if word == "hangs_up":
            await self.let_go.wait()
        self._fail(word)
        if request.key in self.voided:
            return Charge(request.key, "cancelled", "", request.amount)
        if request.key not in self.charges:
            self.charges[request.key] = self._made(request, word)
        if word == "lost_after":
            raise ProviderUnknown(word)
        return self.charges[request.key]

    def _made(self, request: ChargeRequest, word: str) -> Charge:
        if word == "declines":
            return Charge(
                request.key,
                "declined",
                f"ch_{request.key}",
                request.amount,
                decline_code="insufficient_funds",
            )
        charge = Charge(
            request.key,
            "pending" if word == "pending" else "succeeded",
            self.one_ref or f"ch_{request.key}",
            request.amount,
            fee_minor=self.fee_minor,
            label="Visa •••• 4242",
        )
        if word != "pending":
            self._move("charge", request.amount.amount_minor, request.amount.currency, request.key)
            self._move("fee", -self.fee_minor, request.amount.currency, request.key)
        return charge

    def _move(self, kind: str, amount_minor: int, currency: str, key: str) -> None:
        self.moved.append(
            Movement(
                f"mv_{self.name}_{len(self.moved)}",
                kind,  # type: ignore[arg-type]  # one of the four words
                Money(amount_minor, currency),
                datetime.now(UTC),
                key=key,
                provider_ref=f"ref_{key}",
            )
        )

    def _word(self) -> str:
        return self.script.popleft() if self.script else self.mode

    def _fail(self, word: str) -> None:
        if word in ("down", "hangs_up"):
            raise ProviderUnreached(word)
        if word == "refuses":
            raise ProviderRefused(word)
        if word == "lost_before":
            raise ProviderUnknown(word)
        if word == "breaks":
            raise LookupError(word)
