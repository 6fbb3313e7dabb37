"""The Sandbox: our own processor, over its HTTP API. See `threadly.sandbox`."""

import hmac
from collections.abc import AsyncIterator, Mapping
from datetime import datetime
from hashlib import sha256
from typing import Literal

import httpx
import msgspec

from threadly.modules.payments.providers.http import (
    as_json,
    deadline,
    decode,
    require_signature,
    send,
    timeout_of,
    unexpected,
)
from threadly.modules.payments.providers.interface import (
    Charge,
    ChargeRequest,
    DeclineCode,
    Movement,
    ProviderError,
    ProviderEvent,
    ProviderRefused,
    ProviderUnreached,
    RefundOutcome,
    RefundRequest,
)
from threadly.modules.payments.types import ProviderName
from threadly.platform.money import Money

__all__ = ["SandboxProvider"]

PAGE = 100
MOST_PAGES = 1_000


class _Charge(msgspec.Struct, frozen=True):
    id: str
    key: str
    status: Literal["succeeded", "declined", "pending", "cancelled"]
    amount_minor: int
    currency: str
    fee_minor: int = 0
    decline_code: DeclineCode | None = None
    label: str = ""


class _Charges(msgspec.Struct, frozen=True):
    charges: list[_Charge]


class _Cancelled(msgspec.Struct, frozen=True):
    charge: _Charge | None


class _Refund(msgspec.Struct, frozen=True):
    id: str
    key: str
    status: Literal["succeeded", "failed", "pending"]


class _Movement(msgspec.Struct, frozen=True):
    id: str
    kind: Literal["charge", "refund", "fee", "payout"]
    amount_minor: int
    currency: str
    at: datetime
    key: str | None = None
    charge: str | None = None
    refund: str | None = None
    payout: str | None = None


class _Movements(msgspec.Struct, frozen=True):
    movements: list[_Movement]
    next_after: str | None = None


class _Subject(msgspec.Struct, frozen=True):
    charge: _Charge | None = None
    refund: _Refund | None = None


class _Event(msgspec.Struct, frozen=True):
    id: str
    kind: str
    data: _Subject


class _Error(msgspec.Struct, frozen=True):
    error: str = ""


class SandboxProvider:
    """`key` is the bearer's; webhooks are signed with the secret that follows from it, unless another was
    registered with their endpoint."""

    name: ProviderName = "sandbox"

    def __init__(
        self, *, url: str, key: str, webhook_secret: str | None = None, timeout_s: float = 10.0
    ) -> None:
        self._timeout_s = timeout_s
        self._webhook_secret = webhook_secret or hmac.new(key.encode(), b"webhook", sha256).hexdigest()
        self._client = httpx.AsyncClient(
            base_url=url, headers={"authorization": f"Bearer {key}"}, timeout=timeout_of(timeout_s)
        )

    async def charge(self, request: ChargeRequest) -> Charge:
        body = {
            "amount_minor": request.amount.amount_minor,
            "currency": request.amount.currency,
            "token": request.method.token,
            "reference": request.reference,
            "description": request.description,
        }
        async with deadline(self._timeout_s):
            headers = {"idempotency-key": request.key}
            response = await send(self._client, "POST", "/v1/charges", headers=headers, body=body)
        if response.status_code in (200, 201, 402):
            return _charge_of(decode(response, _Charge))
        if response.status_code == 409 and decode(response, _Error).error == "key_cancelled":
            return Charge(request.key, "cancelled", "", request.amount)
        raise _refusal(response)

    async def find(self, request: ChargeRequest) -> Charge | None:
        async with deadline(self._timeout_s):
            response = await send(self._client, "GET", "/v1/charges", params={"key": request.key})
        if response.status_code != 200:
            raise _refusal(response)
        charges = decode(response, _Charges).charges
        return _charge_of(charges[0]) if charges else None

    async def cancel(self, request: ChargeRequest) -> Charge | None:
        async with deadline(self._timeout_s):
            response = await send(self._client, "POST", "/v1/charges/cancel", body={"key": request.key})
        if response.status_code != 200:
            raise _refusal(response)
        charge = decode(response, _Cancelled).charge
        return _charge_of(charge) if charge else None

    async def refund(self, request: RefundRequest) -> RefundOutcome:
        body = {
            "charge": request.provider_ref,
            "amount_minor": request.amount.amount_minor,
            "reason": request.reason,
        }
        async with deadline(self._timeout_s):
            headers = {"idempotency-key": request.key}
            response = await send(self._client, "POST", "/v1/refunds", headers=headers, body=body)
        if response.status_code in (200, 201):
            return _refund_of(decode(response, _Refund))
        if response.status_code == 400 and decode(response, _Error).error == "amount_too_large":
            return RefundOutcome(request.key, "failed", "")
        raise _refusal(response)

    async def movements(self, *, since: datetime, until: datetime) -> AsyncIterator[Movement]:
        """Raises ProviderRefused for more than 100,000 lines: ask for a shorter time."""
        asked = {"since": since.isoformat(), "until": until.isoformat(), "limit": str(PAGE)}
        after: dict[str, str] = {}
        for _ in range(MOST_PAGES):
            async with deadline(self._timeout_s):
                response = await send(self._client, "GET", "/v1/movements", params=asked | after)
            if response.status_code != 200:
                raise _refusal(response)
            page = decode(response, _Movements)
            for movement in page.movements:
                yield _movement_of(movement)
            if page.next_after is None:
                return
            after = {"after": page.next_after}
        raise ProviderRefused("too many movements at once: ask for a shorter time")

    async def read_webhook(self, *, headers: Mapping[str, str], body: bytes, now: datetime) -> ProviderEvent:
        require_signature(headers.get("sandbox-signature"), body=body, secret=self._webhook_secret, now=now)
        event = as_json(body, _Event)
        return ProviderEvent(
            event.id,
            event.kind,
            charge=_charge_of(event.data.charge) if event.data.charge else None,
            refund=_refund_of(event.data.refund) if event.data.refund else None,
        )

    async def aclose(self) -> None:
        await self._client.aclose()


def _refusal(response: httpx.Response) -> ProviderError:
    """While it pretends to be down it promises that it looked at nothing."""
    if response.status_code == 503 and decode(response, _Error).error == "down":
        return ProviderUnreached("the Sandbox is down")
    return unexpected(response)


def _charge_of(found: _Charge) -> Charge:
    return Charge(
        key=found.key,
        state=found.status,
        provider_ref=found.id,
        amount=Money(found.amount_minor, found.currency),
        fee_minor=found.fee_minor,
        decline_code=found.decline_code,
        label=found.label,
    )


def _refund_of(found: _Refund) -> RefundOutcome:
    return RefundOutcome(found.key, found.status, found.id)


def _movement_of(found: _Movement) -> Movement:
    return Movement(
        id=found.id,
        kind=found.kind,
        amount=Money(found.amount_minor, found.currency),
        at=found.at,
        key=found.key,
        provider_ref=found.refund or found.charge or found.payout,
    )
