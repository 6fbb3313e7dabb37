"""kill -9 amid a checkout: there is one order and one charge, whoever died when"""

import asyncio

import httpx
import pytest

from tests.conftest import eventually
from tests.faults.installation import Installation
from tests.faults.shopper import ON_HAND, Shopper, new_shopper

# The longest that it may take: a lease, a look at what is due, a job, and a process that starts.
HEALED_WITHIN_S = 120.0


@pytest.fixture
async def shopper(installation: Installation, http: httpx.AsyncClient) -> Shopper:
    return await new_shopper(installation, http)


async def test_web_killed_after_the_charge_and_before_the_order_is_paid(
    installation: Installation, http: httpx.AsyncClient, shopper: Shopper
) -> None:
    await shopper.behave(webhooks={"hold": True})  # or the processor tells us before we can die
    asking = asyncio.create_task(shopper.check_out(http, token="tok_timeout_after"))
    await eventually(shopper.is_charged)
    assert await shopper.states() == ["pending"]
    for process in installation.web_processes():
        process.kill()
    with pytest.raises(httpx.TransportError):
        await asking
    await shopper.make_due()
    await eventually(shopper.is_paid, within_s=HEALED_WITHIN_S)
    assert len(await shopper.charges()) == 1
    assert await shopper.stock() == (ON_HAND - 1, 0)
    await eventually(lambda: _answers(http))
    again = await shopper.check_out(http, token="tok_timeout_after")
    assert (again.status_code, again.json()["data"]["state"]) == (201, "paid")
    assert len(await shopper.orders()) == 1
    await shopper.behave()


async def test_a_worker_killed_while_it_collects_what_was_saved(
    installation: Installation, http: httpx.AsyncClient, shopper: Shopper
) -> None:
    await shopper.behave(down=True)
    received = await shopper.check_out(http, token="tok_success")
    assert received.status_code == 202, received.text
    await shopper.behave(latency_ms=2_000)
    await shopper.make_due()
    await eventually(shopper.is_being_charged)
    installation.server("worker").kill()
    await shopper.behave()
    await shopper.make_due()
    await eventually(shopper.is_paid, within_s=HEALED_WITHIN_S)
    assert len(await shopper.charges()) == 1
    assert await shopper.stock() == (ON_HAND - 1, 0)


async def _answers(http: httpx.AsyncClient) -> bool:
    try:
        return (await http.get("/live")).status_code == 200
    except httpx.TransportError:
        return False
