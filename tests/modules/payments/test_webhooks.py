"""Webhooks in, over HTTP with the real Sandbox adapter: signed, once, in any order, late."""

import asyncio
import hmac
import time
from collections.abc import AsyncIterator
from hashlib import sha256
from typing import Any

import httpx
import msgspec
import pytest
from msgspec.structs import replace

from tests.conftest import client_of, eventually
from tests.modules.payments.conftest import configured
from tests.modules.payments.fake import FakeProvider
from tests.modules.payments.till import Clock, Till
from threadly.app import make_app
from threadly.modules import payments
from threadly.modules.payments.cashier import Cashier, use_cashier
from threadly.modules.payments.providers.configured import make_providers
from threadly.platform.db import sql
from threadly.platform.ids import new_id
from threadly.platform.relay import Relay
from threadly.platform.runtime import Runtime
from threadly.platform.tenants import PUBLIC_TENANT_ID, Tenants
from threadly.platform.work import SYSTEM, Tenant
from threadly.wiring import make_reactions

# It follows from the key that the settings name.
SECRET = hmac.new(b"the key of the sandbox", b"webhook", sha256).hexdigest()


class HandledRow(msgspec.Struct, frozen=True):
    event_id: str
    outcome: str | None


HANDLED = sql(
    "test.webhooks", "SELECT event_id, outcome FROM payments.webhook_events ORDER BY id", into=HandledRow
)


class Shop:
    """A till, its webhooks' address, and the Sandbox that sends to it."""

    def __init__(self, till: Till, client: httpx.AsyncClient, relay: Relay, tenants: Tenants) -> None:
        self.till = till
        self.tenants = tenants
        self.client = client
        self.relay = relay

    async def send(
        self, body: bytes, *, secret: str = SECRET, at: float | None = None, **headers: str
    ) -> httpx.Response:
        sent_at = int(time.time() if at is None else at)
        signature = hmac.new(secret.encode(), b"%d." % sent_at + body, sha256).hexdigest()
        signed = {"Sandbox-Signature": f"t={sent_at},v1={signature}", "Content-Type": "application/json"}
        return await self.client.post("/webhooks/sandbox", content=body, headers=signed | headers)

    async def tell(self, key: str, status: str, *, event_id: str = "", amount_minor: int = 5_000) -> int:
        """The Sandbox tells of a charge; says with which status we took it."""
        return (await self.send(event(key, status, event_id=event_id, amount_minor=amount_minor))).status_code

    async def drain(self) -> None:
        await self.relay.drain(self.till.tenant)

    async def outcomes(self) -> list[str | None]:
        rows = await self.till.read(lambda work: work.all(HANDLED))
        return [each.outcome for each in rows]

    async def first(self) -> Tenant:
        return await self.tenants.get(PUBLIC_TENANT_ID)

    async def outcome_elsewhere(self, event_id: str) -> str | None:
        """In the first community, where other tests' webhooks may be as well."""
        async with self.till.works.read(await self.first(), SYSTEM, fresh=True) as work:
            rows = await work.all(HANDLED)
        (outcome,) = [each.outcome for each in rows if each.event_id == event_id]
        return outcome

    async def lost(self) -> tuple[payments.Payment, str]:
        """A payment whose only attempt has no answer, and that attempt's key."""
        self.till.sandbox.mode = "lost_after"
        payment = await self.till.pay()
        (attempt,) = await self.till.read(lambda work: payments.list_attempts(work, payment_id=payment.id))
        return payment, str(attempt.id)


def event(key: str, status: str, *, event_id: str = "", amount_minor: int = 5_000) -> bytes:
    charge = {
        "id": f"ch_{key}",
        "key": key,
        "status": status,
        "amount_minor": amount_minor,
        "currency": "USD",
        "fee_minor": 59,
        "decline_code": "card_declined" if status == "declined" else None,
        "label": "Visa •••• 4242",
    }
    return msgspec.json.encode(
        {"id": event_id or f"evt_{new_id()}", "kind": f"charge.{status}", "data": {"charge": charge}}
    )


@pytest.fixture
async def shop(runtime: Runtime, tenant: Tenant) -> AsyncIterator[Shop]:
    """An application whose web process reads webhooks with the real adapter."""
    settings = configured(runtime.settings)
    own = Runtime(settings)
    await own.start()
    await own.tenants.refresh()
    names: tuple[payments.ProviderName, ...] = ("sandbox", "stripe")
    till = Till(own.works, tenant, Clock(), {name: FakeProvider(name) for name in names})
    use_cashier(own.works, Cashier(own.works, make_providers(replace(settings, stripe_secret_key=None))))
    async with client_of(make_app(own), tenant) as client:
        yield Shop(till, client, Relay(own.works, make_reactions(), own.tenants), own.tenants)
    await payments.close_cashier(own.works)
    await own.stop()


async def test_what_no_answer_told_a_webhook_tells(shop: Shop) -> None:
    payment, key = await shop.lost()
    assert await shop.tell(key, "succeeded") == 200
    assert (await shop.till.get(payment)).state == "saved"
    await shop.drain()
    assert (await shop.till.get(payment)).state == "succeeded"
    assert await shop.outcomes() == ["succeeded: the payment is succeeded"]
    assert (await shop.till.balances())["sales"] == -5_000


async def test_what_the_answer_told_already_is_done_with_at_once(shop: Shop) -> None:
    payment = await shop.till.pay()
    (attempt,) = await shop.till.read(lambda work: payments.list_attempts(work, payment_id=payment.id))
    for _ in range(2):
        assert await shop.tell(str(attempt.id), "succeeded", event_id="evt_same") == 200
    assert await shop.outcomes() == ["nothing new: the attempt is succeeded"]
    assert "payments.webhook_received" not in await shop.till.events()


async def test_a_repeated_webhook_is_taken_and_changes_nothing(shop: Shop) -> None:
    _, key = await shop.lost()
    for _ in range(3):
        assert await shop.tell(key, "succeeded", event_id="evt_same") == 200
        await shop.drain()
    assert len(await shop.outcomes()) == 1
    assert await shop.tell(key, "succeeded", event_id="evt_other") == 200
    await shop.drain()
    assert (await shop.outcomes())[1:] == ["nothing new: the attempt is succeeded"]
    assert (await shop.till.balances())["sales"] == -5_000


async def test_webhooks_in_the_wrong_order_end_the_same(shop: Shop) -> None:
    payment, key = await shop.lost()
    for status in ("succeeded", "pending", "declined"):
        assert await shop.tell(key, status) == 200
    await shop.drain()
    assert (await shop.till.get(payment)).state == "succeeded"
    assert await shop.till.states(payment) == [("sandbox", "succeeded")]


async def test_a_webhook_that_comes_before_the_answer_does_no_harm(shop: Shop) -> None:
    shop.till.sandbox.script.append("hangs")
    payment = await shop.till.open()
    collecting = asyncio.create_task(shop.till.collect(payment))

    async def called() -> bool:
        return bool(shop.till.sandbox.calls)

    await eventually(called)
    (attempt,) = await shop.till.read(lambda work: payments.list_attempts(work, payment_id=payment.id))
    await shop.tell(str(attempt.id), "succeeded")
    assert await shop.outcomes() == ["left to whoever drives the payment"]
    assert (await shop.till.get(payment)).state == "processing"
    shop.till.sandbox.released.set()
    assert (await collecting).state == "succeeded"
    assert shop.till.settled == ["succeeded"]
    assert (await shop.till.balances())["sales"] == -5_000


@pytest.mark.parametrize("key", ["01a1f9e1-47e0-72c0-928c-82b78a461e8e", "not a key of ours", ""])
async def test_a_webhook_about_something_unknown_is_recorded_in_the_first_community(
    shop: Shop, key: str
) -> None:
    event_id = f"evt_{new_id()}"
    assert await shop.tell(key, "succeeded", event_id=event_id) == 200
    assert await shop.outcomes() == []
    assert await shop.outcome_elsewhere(event_id) == "nothing: the key is not ours"


async def test_a_webhook_about_nothing_of_ours_is_taken_and_recorded(shop: Shop) -> None:
    event_id = f"evt_{new_id()}"
    body = msgspec.json.encode({"id": event_id, "kind": "something.new", "data": {}})
    assert (await shop.send(body)).status_code == 200
    await shop.relay.drain(await shop.first())
    assert await shop.outcome_elsewhere(event_id) == "nothing: it concerns nothing of ours"


@pytest.mark.parametrize("host", ["127.0.0.1:8000", "payments.example"])
async def test_a_webhook_is_its_communitys_at_whatever_host_it_arrives(shop: Shop, host: str) -> None:
    """A provider has one address for the whole installation."""
    payment, key = await shop.lost()
    assert (await shop.send(event(key, "succeeded"), Host=host)).status_code == 200
    await shop.drain()
    assert (await shop.till.get(payment)).state == "succeeded"
    refund = await shop.till.refund(payment, 5_000)
    told = {"id": f"re_{refund.id}", "key": str(refund.id), "status": "succeeded"}
    body = msgspec.json.encode(
        {"id": f"evt_{refund.id}", "kind": "refund.succeeded", "data": {"refund": told}}
    )
    assert (await shop.send(body, Host=host)).status_code == 200
    await shop.drain()
    assert [each.state for each in await shop.till.refunds(payment)] == ["succeeded"]


async def test_a_webhook_with_another_amount_pays_for_nothing(shop: Shop) -> None:
    payment, key = await shop.lost()
    assert await shop.tell(key, "succeeded", amount_minor=1) == 200
    await shop.drain()
    assert (await shop.till.get(payment)).state == "saved"
    assert await shop.outcomes() == ["nothing: the amount is not what was asked for"]


async def test_a_refund_that_was_pending_is_told_by_webhook(shop: Shop) -> None:
    payment = await shop.till.pay()
    refund = await shop.till.refund(payment, 5_000)
    told = {"id": "re_1", "key": str(refund.id), "status": "succeeded"}
    body = msgspec.json.encode({"id": "evt_r", "kind": "refund.succeeded", "data": {"refund": told}})
    await shop.send(body)
    await shop.drain()
    assert (await shop.till.get(payment)).refunded.amount_minor == 5_000


@pytest.mark.parametrize("at", [-400, 400])
async def test_a_stale_or_early_webhook_is_refused(shop: Shop, at: int) -> None:
    _, key = await shop.lost()
    answer = await shop.send(event(key, "succeeded"), at=time.time() + at)
    assert answer.status_code == 401
    assert answer.json()["error"]["code"] == "payments.webhook_unsigned"
    assert await shop.outcomes() == []


async def test_a_forged_webhook_is_refused(shop: Shop) -> None:
    _, key = await shop.lost()
    body = event(key, "succeeded")
    forged: list[dict[str, Any]] = [
        {"secret": "a guess"},
        {"Sandbox-Signature": "t=1,v1=00"},
        {"Sandbox-Signature": ""},
        {"Sandbox-Signature": "v1=00"},
    ]
    for each in forged:
        assert (await shop.send(body, **each)).status_code == 401
    signed_for_another = (await shop.send(body)).request.headers["sandbox-signature"]
    changed = body.replace(b"5000", b"5001")
    stolen: dict[str, Any] = {"Sandbox-Signature": signed_for_another}
    assert (await shop.send(changed, **stolen)).status_code == 401


async def test_only_configured_providers_have_an_address(shop: Shop) -> None:
    for provider in ("stripe", "nobody", "Sandbox"):
        assert (await shop.client.post(f"/webhooks/{provider}", content=b"{}")).status_code == 404
    assert (await shop.client.get("/webhooks/sandbox")).status_code == 405


async def test_too_large_a_webhook_is_refused(shop: Shop) -> None:
    assert (await shop.send(b" " * 300_000)).status_code == 413


async def test_webhooks_are_not_counted_as_a_visitors_requests(shop: Shop) -> None:
    answer = await shop.send(event("", "succeeded"))
    assert answer.status_code == 200
    assert answer.content == b""
    assert "x-ratelimit-limit" not in answer.headers
