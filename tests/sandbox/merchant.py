"""Somebody who has the key of a sandbox and calls it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

import httpx

from tests.sandbox.server import SandboxServer

__all__ = ["Merchant", "merchant_of", "new_key"]


class Merchant:
    def __init__(self, http: httpx.AsyncClient) -> None:
        self.http = http

    async def charge(
        self, key: str | None = None, token: str = "tok_success", amount_minor: int = 5000, **more: str
    ) -> httpx.Response:
        order = {"amount_minor": amount_minor, "currency": "USD", "token": token, **more}
        return await self.http.post("/v1/charges", json=order, headers={"Idempotency-Key": key or new_key()})

    async def find(self, key: str) -> list[dict[str, Any]]:
        answer = await self.http.get("/v1/charges", params={"key": key})
        assert answer.status_code == 200, answer.text
        charges: list[dict[str, Any]] = answer.json()["charges"]
        return charges

    async def cancel(self, key: str) -> Any:
        answer = await self.http.post("/v1/charges/cancel", json={"key": key})
        assert answer.status_code == 200, answer.text
        return answer.json()["charge"]

    async def refund(self, charge: str, amount_minor: int, key: str | None = None) -> httpx.Response:
        order = {"charge": charge, "amount_minor": amount_minor, "reason": "changed their mind"}
        return await self.http.post("/v1/refunds", json=order, headers={"Idempotency-Key": key or new_key()})

    async def pay_out(
        self, amount_minor: int, currency: str = "USD", key: str | None = None
    ) -> httpx.Response:
        order = {"amount_minor": amount_minor, "currency": currency}
        return await self.http.post("/v1/payouts", json=order, headers={"Idempotency-Key": key or new_key()})

    async def behave(self, **behaviour: object) -> None:
        answer = await self.http.put("/v1/behaviour", json=behaviour)
        assert answer.status_code == 200, answer.text

    async def send_webhooks_to(self, url: str, **more: str) -> None:
        answer = await self.http.put("/v1/webhook_endpoint", json={"url": url, **more})
        assert answer.status_code == 200, answer.text

    async def audit(self) -> dict[str, Any]:
        answer = await self.http.get("/v1/audit")
        assert answer.status_code == 200, answer.text
        audit: dict[str, Any] = answer.json()
        return audit

    async def movements(self, **window: str | int) -> list[dict[str, Any]]:
        """All of them, page after page."""
        found: list[dict[str, Any]] = []
        while True:
            answer = await self.http.get("/v1/movements", params=window)
            assert answer.status_code == 200, answer.text
            page = answer.json()
            found += page["movements"]
            if page["next_after"] is None:
                return found
            window["after"] = page["next_after"]


@asynccontextmanager
async def merchant_of(server: SandboxServer, *, timeout_s: float = 10.0) -> AsyncIterator[Merchant]:
    async with server.client(timeout_s=timeout_s) as http:
        yield Merchant(http)


def new_key() -> str:
    return f"key-{uuid4()}"
