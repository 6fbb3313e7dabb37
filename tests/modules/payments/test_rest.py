"""The owner's view over HTTP."""

import httpx
import pytest

from tests.cast import sign_in, sign_up
from tests.modules.payments.test_reconcile import key_of, movement, reconcile
from tests.modules.payments.till import Till
from threadly.platform.work import Tenant, Works

LISTS = ["ledger", "ledger/balances", "reconciliations", "discrepancies"]


async def headers_of(works: Works, tenant: Tenant, username: str) -> dict[str, str]:
    signed_in = await sign_in(works, tenant, await sign_up(works, tenant, username))
    return {"Authorization": f"Bearer {signed_in.access_token}"}


@pytest.fixture
async def omar(client: httpx.AsyncClient, works: Works, tenant: Tenant) -> httpx.AsyncClient:
    """The client of an administrator."""
    client.headers.update(await headers_of(works, tenant, "omar"))
    return client


@pytest.mark.parametrize("what", LISTS)
async def test_only_those_who_reconcile_may_look(
    client: httpx.AsyncClient, works: Works, tenant: Tenant, what: str
) -> None:
    assert (await client.get(f"/api/v1/payments/{what}")).status_code == 401
    kareem = await headers_of(works, tenant, "kareem")
    assert (await client.get(f"/api/v1/payments/{what}", headers=kareem)).status_code == 403


async def test_the_ledger_is_read_in_pages(omar: httpx.AsyncClient, till: Till) -> None:
    payment = await till.pay()
    first = (await omar.get("/api/v1/payments/ledger?limit=1")).json()
    assert first["data"][0]["kind"] == "fee"
    assert first["pagination"]["has_next"] is True
    cursor = first["pagination"]["next_cursor"]
    (charge,) = (await omar.get(f"/api/v1/payments/ledger?limit=1&cursor={cursor}")).json()["data"]
    assert charge["reference"] == str(payment.reference)
    assert charge["entries"][0] == {
        "account": "provider:sandbox",
        "amount": {"amount_minor": 5_000, "currency": "USD"},
    }
    of_it = await omar.get(f"/api/v1/payments/ledger?reference={payment.reference}")
    assert len(of_it.json()["data"]) == 2
    assert (await omar.get("/api/v1/payments/ledger?reference=x")).status_code == 400
    balances = (await omar.get("/api/v1/payments/ledger/balances")).json()["data"]
    assert sum(each["amount_minor"] for each in balances) == 0


async def test_a_difference_is_settled_with_a_note(omar: httpx.AsyncClient, till: Till) -> None:
    key = await key_of(till, await till.pay())
    till.sandbox.moved = [movement("charge", 4_999, key=key)]
    await reconcile(till)
    (made,) = (await omar.get("/api/v1/payments/reconciliations")).json()["data"]
    assert (made["provider"], made["differences"]) == ("sandbox", 1)
    (found,) = (await omar.get("/api/v1/payments/discrepancies?settled=false")).json()["data"]
    address = f"/api/v1/payments/discrepancies/{found['id']}/settlement"
    assert (await omar.put(address, json={"note": " "})).status_code == 400
    settled = await omar.put(address, json={"note": "Not ours."})
    assert settled.status_code == 200
    assert settled.json()["data"]["note"] == "Not ours."
    assert (await omar.put(address, json={"note": "Twice."})).status_code == 404
    assert (await omar.get("/api/v1/payments/discrepancies?settled=false")).json()["data"] == []
    assert len((await omar.get("/api/v1/payments/discrepancies?settled=true")).json()["data"]) == 1
    nowhere = "/api/v1/payments/discrepancies/nothing/settlement"
    assert (await omar.put(nowhere, json={"note": "x"})).status_code == 404
