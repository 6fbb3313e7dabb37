"""One way to bring each provider into any situation: what the tests of the contract need of all three."""

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Literal, Protocol

import httpx
import msgspec

from tests.modules.payments.doubles import paypal, stripe
from tests.modules.payments.doubles.serving import Answer, Double, Fault, Request, Stage, free_port
from tests.sandbox.server import SandboxServer
from threadly.modules.payments.providers.interface import Charge, ChargeRequest, Provider, RefundRequest
from threadly.modules.payments.providers.paypal import PayPalProvider
from threadly.modules.payments.providers.sandbox import SandboxProvider
from threadly.modules.payments.providers.stripe import StripeProvider
from threadly.modules.payments.types import Method
from threadly.platform.ids import new_id
from threadly.platform.money import Money

__all__ = ["PRICE", "Outcome", "PayPalRig", "Rig", "SandboxRig", "StripeRig", "order", "return_of"]

PRICE = Money(4999, "USD")
PATIENT_S = 10.0
IMPATIENT_S = 0.5
"""Short enough to wait for in a test, long enough for what has to happen before the fault."""

Outcome = Literal[
    "success",
    "card_declined",
    "insufficient_funds",
    "expired_card",
    "authentication_required",
    "method_invalid",
    "pending",
]
Webhook = tuple[dict[str, str], bytes]


class Rig(Protocol):
    """`impatient` is the same provider to somebody who does not wait long. `gaps`: what the provider is
    documented not to do, and why."""

    provider: Provider
    impatient: Provider
    gaps: Mapping[str, str]

    async def method(self, outcome: Outcome = "success", *, fault: Fault | None = None) -> Method:
        """How to pay PRICE so that this comes of it; the fault happens at the call that moves the money."""
        ...

    async def charged(self, key: str) -> list[int]:
        """The amounts that the provider itself has charged under that key."""
        ...

    async def fail_refund(self, fault: Fault | None) -> None: ...

    async def webhook(self, charge: Charge) -> Webhook:
        """What the provider sends about a charge that succeeded."""
        ...

    def stranger(self, *, url: str | None = None) -> Provider:
        """An adapter with wrong credentials, or at another address."""
        ...


def order(method: Method, *, amount: Money = PRICE, key: str = "") -> ChargeRequest:
    return ChargeRequest(key or str(new_id()), amount, method, reference=str(new_id()), description="Socks")


def return_of(charge: Charge, amount: Money, *, key: str = "") -> RefundRequest:
    return RefundRequest(key or str(new_id()), charge.provider_ref, amount, reason="too small")


class Mailbox(Double):
    """Takes webhooks, and keeps them."""

    def __init__(self) -> None:
        super().__init__()
        self.got: list[Webhook] = []

    async def answer(self, request: Request) -> Answer:
        self.got.append((request.headers, request.body))
        return Answer(204, None)

    async def find(self, text: bytes) -> Webhook:
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            if found := [webhook for webhook in self.got if text in webhook[1]]:
                return found[0]
            await asyncio.sleep(0.02)
        raise AssertionError("the webhook did not come")


class SandboxRig:
    """The real server, which needs no double."""

    gaps: Mapping[str, str] = {"busy": "it limits no rates"}
    TOKENS: Mapping[str, str] = {"success": "tok_success", "card_declined": "tok_declined"}

    def __init__(self, server: SandboxServer, client: httpx.AsyncClient, mailbox: Mailbox) -> None:
        self._server = server
        self._client = client
        self._mailbox = mailbox
        self.provider: Provider = SandboxProvider(url=server.url, key=server.key, timeout_s=PATIENT_S)
        self.impatient: Provider = SandboxProvider(url=server.url, key=server.key, timeout_s=IMPATIENT_S)

    @classmethod
    @asynccontextmanager
    async def running(cls, server: SandboxServer, stage: Stage) -> AsyncIterator["SandboxRig"]:
        stage.double = mailbox = Mailbox()
        async with server.client() as client:
            rig = cls(server, client, mailbox)
            (await client.put("/v1/webhook_endpoint", json={"url": f"{stage.url}/"})).raise_for_status()
            yield rig
            await rig.fail_refund(None)
            await rig.provider.aclose()
            await rig.impatient.aclose()

    async def method(self, outcome: Outcome = "success", *, fault: Fault | None = None) -> Method:
        return Method("sandbox", f"tok_{fault}" if fault else self.TOKENS.get(outcome, f"tok_{outcome}"))

    async def charged(self, key: str) -> list[int]:
        charges = (await self._client.get("/v1/audit")).json()["charges"]
        return [c["amount_minor"] for c in charges if c["key"] == key and c["status"] == "succeeded"]

    async def fail_refund(self, fault: Fault | None) -> None:
        rate = {f"{fault}_rate": 1.0} if fault else {}
        (await self._client.put("/v1/behaviour", json=rate)).raise_for_status()

    async def webhook(self, charge: Charge) -> Webhook:
        return await self._mailbox.find(charge.key.encode())

    def stranger(self, *, url: str | None = None) -> Provider:
        key = self._server.key if url else "wrong"
        return SandboxProvider(url=url or self._server.url, key=key, timeout_s=PATIENT_S)


class StripeRig:
    gaps: Mapping[str, str] = {"pending": "a card is charged or declined at once"}
    TOKENS: Mapping[str, str] = {
        "success": "pm_card_visa",
        "card_declined": "pm_card_visa_chargeDeclined",
        "insufficient_funds": "pm_card_visa_chargeDeclinedInsufficientFunds",
        "expired_card": "pm_card_chargeDeclinedExpiredCard",
        "authentication_required": "pm_card_authenticationRequired",
        "method_invalid": "pm_of_nobody",
    }

    def __init__(self, double: stripe.StripeDouble, url: str) -> None:
        self.double = double
        self.url = url
        self.stripe = self._make(url, stripe.SECRET_KEY)
        self.provider: Provider = self.stripe
        self.impatient: Provider = self._make(url, stripe.SECRET_KEY, IMPATIENT_S)

    @classmethod
    @asynccontextmanager
    async def running(cls, stage: Stage) -> AsyncIterator["StripeRig"]:
        stage.double = double = stripe.StripeDouble()
        rig = cls(double, stage.url)
        yield rig
        await rig.provider.aclose()
        await rig.impatient.aclose()
        assert double.violations == []

    async def method(self, outcome: Outcome = "success", *, fault: Fault | None = None) -> Method:
        if fault:
            self.double.fail("POST …/confirm", fault)
        return Method("stripe", self.TOKENS[outcome])

    async def charged(self, key: str) -> list[int]:
        return [c["amount"] for c in self.double.charges.values() if c["metadata"]["key"] == key]

    async def fail_refund(self, fault: Fault | None) -> None:
        if fault:
            self.double.fail("POST …/refunds", fault)

    async def webhook(self, charge: Charge) -> Webhook:
        body = self.double.event("payment_intent.succeeded", self.double.intents[charge.provider_ref])
        return {"stripe-signature": self.double.sign(body, at=int(time.time()))}, body

    def stranger(self, *, url: str | None = None) -> Provider:
        return self._make(url or self.url, stripe.SECRET_KEY if url else "sk_test_of_nobody")

    def _make(self, url: str, secret_key: str, timeout_s: float = PATIENT_S) -> StripeProvider:
        return StripeProvider(
            secret_key=secret_key, webhook_secret=stripe.WEBHOOK_SECRET, url=url, timeout_s=timeout_s
        )


class PayPalRig:
    gaps: Mapping[str, str] = {
        "expired_card": "a wallet: whose card has expired chooses another one at PayPal",
        "find_declined": "an order keeps no trace of a capture that was declined",
    }
    ISSUES: Mapping[str, str] = {
        "card_declined": "INSTRUMENT_DECLINED",
        "insufficient_funds": "PAYER_CANNOT_PAY",
        "authentication_required": "PAYER_ACTION_REQUIRED",
        "pending": "PENDING",
    }

    def __init__(self, double: paypal.PayPalDouble, url: str) -> None:
        self.double = double
        self.url = url
        self.paypal = self._make(url, paypal.SECRET)
        self.provider: Provider = self.paypal
        self.impatient: Provider = self._make(url, paypal.SECRET, IMPATIENT_S)

    @classmethod
    @asynccontextmanager
    async def running(cls, stage: Stage) -> AsyncIterator["PayPalRig"]:
        stage.double = double = paypal.PayPalDouble()
        rig = cls(double, stage.url)
        yield rig
        await rig.provider.aclose()
        await rig.impatient.aclose()
        assert double.violations == []

    async def method(self, outcome: Outcome = "success", *, fault: Fault | None = None) -> Method:
        if outcome == "method_invalid":
            return Method("paypal", "NOBODYSORDER12345")
        order_id = await self.order()
        self.double.approve(order_id, issue=self.ISSUES.get(outcome))
        if fault:
            self.double.fail("POST …/capture", fault)
        return Method("paypal", order_id)

    async def order(self, amount: Money = PRICE) -> str:
        order_id, approve_url = await self.paypal.create_order(
            amount=amount,
            reference=str(new_id()),
            return_url="https://shop.example/back",
            cancel_url="https://shop.example/cart",
        )
        assert approve_url.startswith("https://www.paypal.com/")
        return order_id

    async def charged(self, key: str) -> list[int]:
        captures = [c for c in self.double.captures.values() if c["custom_id"] == key]
        return [round(float(c["amount"]["value"]) * 100) for c in captures if c["status"] != "PENDING"]

    async def fail_refund(self, fault: Fault | None) -> None:
        if fault:
            self.double.fail("POST …/refund", fault)

    async def webhook(self, charge: Charge) -> Webhook:
        body = self.double.event("PAYMENT.CAPTURE.COMPLETED", self.double.captures[charge.provider_ref])
        return self.double.send(body, at=datetime.now(UTC)), body

    def stranger(self, *, url: str | None = None) -> Provider:
        return self._make(url or self.url, paypal.SECRET if url else "wrong")

    def _make(self, url: str, secret: str, timeout_s: float = PATIENT_S) -> PayPalProvider:
        return PayPalProvider(
            client_id=paypal.CLIENT_ID,
            secret=secret,
            webhook_id=paypal.WEBHOOK_ID,
            url=url,
            timeout_s=timeout_s,
        )


def nowhere() -> str:
    """An address that refuses connections."""
    return f"http://127.0.0.1:{free_port()}"


def tampered(body: bytes) -> bytes:
    """The same event about a hundred times the money."""
    assert b"4999" in body or b"49.99" in body
    event = body.replace(b"4999", b"499900").replace(b"49.99", b"4999.00")
    msgspec.json.decode(event)
    return event
