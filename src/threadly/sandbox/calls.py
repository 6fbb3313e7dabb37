"""What each call of the API does; all answer with a status and what becomes its JSON."""

import asyncio
from collections.abc import Callable
from datetime import datetime
from sqlite3 import Connection
from typing import Annotated, Any, TypeVar
from urllib.parse import parse_qsl

import msgspec
from msgspec import Meta

from threadly.sandbox import book, webhooks
from threadly.sandbox.audit import audit
from threadly.sandbox.behaviour import Behaviour, BehaviourInvalid, Mood
from threadly.sandbox.cards import card_of
from threadly.sandbox.courier import Courier
from threadly.sandbox.signing import webhook_secret
from threadly.sandbox.storage import Storage
from threadly.sandbox.types import (
    Cancellation,
    ChargeOrder,
    Endpoint,
    FailsOnPurpose,
    PayoutOrder,
    Problem,
    RefundOrder,
)

__all__ = ["Call", "Calls"]

T = TypeVar("T")
Answered = tuple[int, Any]
_KEY_LONGEST = 255


class Call(msgspec.Struct, frozen=True):
    path: str
    query_string: bytes
    key: str
    body: bytes

    @property
    def query(self) -> str:
        return self.query_string.decode("latin-1")

    def read(self, kind: type[T]) -> T:
        """The body. Raises msgspec.DecodeError."""
        return msgspec.json.decode(self.body, type=kind)

    def read_query(self, kind: type[T]) -> T:
        return msgspec.convert(dict(parse_qsl(self.query)), kind, strict=False)

    def needed_key(self) -> str:
        if not 1 <= len(self.key) <= _KEY_LONGEST:
            raise Problem(
                400,
                "key_missing",
                f"Send the header Idempotency-Key, 1 to {_KEY_LONGEST} characters; when repeating, the same.",
            )
        return self.key


class _ByKey(msgspec.Struct, forbid_unknown_fields=True):
    key: str


class _Window(msgspec.Struct, forbid_unknown_fields=True):
    since: Annotated[datetime, Meta(tz=True)] | None = None
    until: Annotated[datetime, Meta(tz=True)] | None = None
    after: Annotated[str, Meta(pattern=r"^mv_[0-9]{1,18}$")] | None = None
    limit: Annotated[int, Meta(ge=1, le=1000)] = 100


class Calls:
    """`key` is that of the API, from which the secret of webhooks follows."""

    def __init__(self, storage: Storage, mood: Mood, courier: Courier, *, key: str) -> None:
        self.mood = mood
        self._storage = storage
        self._courier = courier
        self._key = key

    async def charge(self, call: Call) -> Answered:
        """201, or 402 when it is declined. Raises FailsOnPurpose for the cards that do."""
        key, order = call.needed_key(), call.read(ChargeOrder)
        card = card_of(order.token)
        await asyncio.sleep(card.slow_s)
        fault_before = card.fault if card.fault in ("timeout_before", "error_before") else None
        if fault_before and (card.always or await self._storage.run(lambda db: book.take_fault(db, key))):
            raise FailsOnPurpose(fault_before)
        done, is_new = await self._announcing(
            lambda db, told: book.charge(db, key, order, told.webhooks, told.seed)
        )
        if card.fault and is_new and not fault_before:
            raise FailsOnPurpose(card.fault)
        return 402 if done.status == "declined" else 201, done

    async def find_charges(self, call: Call) -> Answered:
        key = call.read_query(_ByKey).key
        return 200, {"charges": await self._storage.run(lambda db: book.find_charges(db, key))}

    async def get_charge(self, call: Call) -> Answered:
        charge_id = call.path.removeprefix("/v1/charges/")
        return 200, await self._storage.run(lambda db: book.get_charge(db, charge_id))

    async def cancel(self, call: Call) -> Answered:
        key = call.read(Cancellation).key
        return 200, {"charge": await self._storage.run(lambda db: book.cancel(db, key))}

    async def refund(self, call: Call) -> Answered:
        key, order = call.needed_key(), call.read(RefundOrder)
        return 201, await self._announcing(
            lambda db, told: book.refund(db, key, order, told.webhooks, told.seed)
        )

    async def pay_out(self, call: Call) -> Answered:
        key, order = call.needed_key(), call.read(PayoutOrder)
        return 201, await self._storage.run(lambda db: book.pay_out(db, key, order))

    async def list_movements(self, call: Call) -> Answered:
        window = call.read_query(_Window)
        after = int(window.after.removeprefix("mv_")) if window.after else 0
        page, next_after = await self._storage.run(
            lambda db: book.list_movements(
                db, since=window.since, until=window.until, after=after, limit=window.limit
            )
        )
        return 200, {"movements": page, "next_after": next_after}

    async def get_behaviour(self, _call: Call) -> Answered:
        return 200, self.mood.behaviour

    async def set_behaviour(self, call: Call) -> Answered:
        """What the body leaves out is as at the start."""
        try:
            self.mood.change(call.read(Behaviour))
        except BehaviourInvalid as reason:
            raise Problem(400, "bad_request", str(reason)) from None
        return 200, self.mood.behaviour

    async def set_endpoint(self, call: Call) -> Answered:
        endpoint = call.read(Endpoint)
        await self.send_webhooks_to(endpoint)
        return 200, {"url": endpoint.url, "host": endpoint.host}

    async def forget_endpoint(self, _call: Call) -> Answered:
        """From now on nothing is told; what was not delivered yet never is."""
        await self._storage.run(webhooks.forget_endpoint)
        return 200, {"url": None, "host": None}

    async def send_webhooks_to(self, endpoint: Endpoint) -> None:
        known = msgspec.structs.replace(endpoint, secret=endpoint.secret or webhook_secret(self._key))
        await self._storage.run(lambda db: webhooks.set_endpoint(db, known))
        self._courier.wake()

    async def release_webhooks(self, _call: Call) -> Answered:
        released = await self._announcing(lambda db, told: webhooks.release(db, told.webhooks, told.seed))
        return 200, {"released": released}

    async def audit(self, _call: Call) -> Answered:
        return 200, await self._storage.run(audit)

    async def _announcing(self, act: Callable[[Connection, Behaviour], T]) -> T:
        """Do `act`, and have the webhooks sent that it queued."""
        told = self.mood.behaviour
        result = await self._storage.run(lambda db: act(db, told))
        self._courier.wake()
        return result
