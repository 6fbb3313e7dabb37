"""What only the Sandbox does: pretend to be down, decide later, pay out."""

from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta

import httpx
import msgspec
import pytest

from tests.modules.payments.doubles.rigs import PRICE, SandboxRig, order
from tests.modules.payments.doubles.serving import Stage, staging
from tests.sandbox.server import SandboxServer, sandbox_server
from threadly.modules.payments.providers.interface import ProviderRefused, ProviderUnreached
from threadly.modules.payments.types import Method
from threadly.platform.ids import new_id
from threadly.platform.money import Money

CARD = Method("sandbox", "tok_success")


@pytest.fixture(scope="module")
def server() -> Iterator[SandboxServer]:
    with sandbox_server() as server:
        yield server


@pytest.fixture(scope="module")
async def stage() -> AsyncIterator[Stage]:
    async with staging() as stage:
        yield stage


@pytest.fixture
async def rig(server: SandboxServer, stage: Stage) -> AsyncIterator[SandboxRig]:
    async with SandboxRig.running(server, stage) as rig:
        yield rig


@pytest.fixture
async def client(server: SandboxServer) -> AsyncIterator[httpx.AsyncClient]:
    async with server.client() as client:
        yield client


async def test_down_is_certainly_without_effect(rig: SandboxRig, client: httpx.AsyncClient) -> None:
    request = order(CARD)
    await client.put("/v1/behaviour", json={"down": True})
    with pytest.raises(ProviderUnreached):
        await rig.provider.charge(request)
    await client.put("/v1/behaviour", json={})
    assert await rig.charged(request.key) == []


async def test_the_same_key_for_something_else_is_refused(rig: SandboxRig) -> None:
    request = order(CARD)
    await rig.provider.charge(request)
    with pytest.raises(ProviderRefused):
        await rig.provider.charge(msgspec.structs.replace(request, amount=Money(1, "USD")))
    assert await rig.charged(request.key) == [PRICE.amount_minor]


async def test_a_pending_charge_is_decided_and_a_webhook_says_so(rig: SandboxRig) -> None:
    request = order(Method("sandbox", "tok_pending"))
    charge = await rig.provider.charge(request)
    assert charge.state == "pending"
    headers, body = await rig.webhook(charge)
    event = await rig.provider.read_webhook(headers=headers, body=body, now=datetime.now(UTC))
    assert event.charge
    assert event.charge.state == "succeeded"
    assert await rig.provider.find(request) == event.charge


async def test_the_account_lists_payouts_over_many_pages(rig: SandboxRig, client: httpx.AsyncClient) -> None:
    since = datetime.now(UTC) - timedelta(seconds=1)
    keys = {(await rig.provider.charge(order(CARD))).key for _ in range(60)}
    payout = {"amount_minor": 1000, "currency": "USD"}
    key = str(new_id())
    response = await client.post("/v1/payouts", json=payout, headers={"idempotency-key": key})
    assert response.status_code == 201
    until = datetime.now(UTC) + timedelta(seconds=1)
    lines = [line async for line in rig.provider.movements(since=since, until=until)]
    assert {line.key for line in lines if line.kind == "charge"} >= keys
    (paid,) = [line for line in lines if line.kind == "payout"]
    assert (paid.amount, paid.provider_ref) == (Money(-1000, "USD"), response.json()["id"])
