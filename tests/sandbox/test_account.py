"""Cancelled keys, refunds, payouts and the movements of the account."""

import asyncio

import httpx
import pytest

from tests.conftest import eventually
from tests.sandbox.merchant import Merchant, new_key
from tests.sandbox.server import SandboxServer
from threadly.sandbox.book import fee_of


async def test_a_key_cancelled_before_its_charge_is_void_for_ever(
    own_sandbox: SandboxServer, sole_merchant: Merchant
) -> None:
    assert await sole_merchant.cancel("void") is None
    assert await sole_merchant.cancel("void") is None
    refused = await sole_merchant.charge("void")
    assert (refused.status_code, refused.json()["error"]) == (409, "key_cancelled")
    own_sandbox.kill()
    own_sandbox.start()
    assert (await sole_merchant.charge("void")).status_code == 409
    assert await sole_merchant.find("void") == []
    assert (await sole_merchant.audit())["cancelled_keys"] == ["void"]


@pytest.mark.parametrize("token", ["tok_success", "tok_declined"])
async def test_cancelling_too_late_answers_the_charge(merchant: Merchant, token: str) -> None:
    key = new_key()
    charge = (await merchant.charge(key, token)).json()
    assert await merchant.cancel(key) == charge
    assert (await merchant.charge(key, token)).json() == charge


async def test_a_charge_on_its_way_while_its_key_is_cancelled_is_refused_when_it_arrives(
    merchant: Merchant,
) -> None:
    key = new_key()
    on_its_way = asyncio.create_task(merchant.charge(key, "tok_slow"))
    await asyncio.sleep(0.3)
    assert await merchant.cancel(key) is None
    assert (await on_its_way).status_code == 409


async def test_a_pending_charge_that_is_cancelled_is_never_paid(merchant: Merchant) -> None:
    key = new_key()
    await merchant.charge(key, "tok_pending")
    assert await merchant.cancel(key) is None
    await asyncio.sleep(1.2)
    assert await merchant.find(key) == []
    assert [line for line in await merchant.movements() if line["key"] == key] == []


async def test_a_charge_and_its_cancellation_at_the_same_instant_agree(merchant: Merchant) -> None:
    for key in [new_key() for _ in range(20)]:
        charged, cancelled = await asyncio.gather(merchant.charge(key), merchant.cancel(key))
        assert (charged.status_code, cancelled) in [(409, None), (201, charged.json())]


async def test_no_more_is_refunded_than_was_charged(merchant: Merchant) -> None:
    charge = (await merchant.charge(amount_minor=1000)).json()["id"]
    first = await merchant.refund(charge, 600, "half of it " + charge)
    assert first.status_code == 201
    refund = first.json()
    assert refund["id"].startswith("re_")
    assert (refund["charge"], refund["amount_minor"], refund["status"]) == (charge, 600, "succeeded")
    refused = await merchant.refund(charge, 401)
    assert (refused.status_code, refused.json()["error"]) == (400, "amount_too_large")
    assert "400 USD" in refused.json()["message"]
    both = await asyncio.gather(merchant.refund(charge, 400), merchant.refund(charge, 400))
    assert sorted(answer.status_code for answer in both) == [201, 400]


async def test_only_what_was_paid_can_be_refunded(merchant: Merchant) -> None:
    declined = (await merchant.charge(token="tok_declined")).json()["id"]
    assert (await merchant.refund(declined, 1)).json()["error"] == "charge_not_succeeded"
    unknown = await merchant.refund("ch_none", 1)
    assert (unknown.status_code, unknown.json()["error"]) == (404, "charge_not_found")


async def test_the_movements_sum_to_the_balance(sole_merchant: Merchant) -> None:
    for number, token in enumerate(["tok_success", "tok_declined", "tok_pending", "tok_error_after"] * 3):
        await sole_merchant.charge(f"c{number}", token, amount_minor=1000 + number)
    await sole_merchant.cancel("c2")
    (charge,) = await sole_merchant.find("c0")
    await sole_merchant.refund(charge["id"], 300)
    assert (await sole_merchant.pay_out(2000)).json()["id"].startswith("po_")
    assert (await sole_merchant.pay_out(10**9)).json()["error"] == "balance_too_small"
    assert (await sole_merchant.pay_out(1, "EUR")).json()["error"] == "balance_too_small"

    async def all_are_decided() -> bool:
        return all(each["status"] != "pending" for each in (await sole_merchant.audit())["charges"])

    await eventually(all_are_decided)
    movements = await sole_merchant.movements(limit=3)
    assert len({line["id"] for line in movements}) == len(movements) == 2 * 8 + 2
    assert {"USD": sum(line["amount_minor"] for line in movements)} == (await sole_merchant.audit())[
        "balances"
    ]
    fees = [line for line in movements if line["kind"] == "fee"]
    assert all(line["amount_minor"] < 0 and line["charge"] for line in fees)


async def test_movements_are_found_by_their_time(sole_merchant: Merchant) -> None:
    for key in "abc":
        await sole_merchant.charge(key)
    moments = {
        line["key"]: line["at"] for line in await sole_merchant.movements() if line["kind"] == "charge"
    }
    found = await sole_merchant.movements(since=moments["b"], until=moments["c"])
    assert [(line["key"], line["kind"]) for line in found] == [("b", "charge"), ("b", "fee")]


def test_fees_are_rounded_half_up() -> None:
    assert [fee_of(amount) for amount in (1, 17, 18, 500, 5000, 100_000)] == [30, 30, 31, 45, 175, 2930]


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({}, "amount_minor"),
        ({"amount_minor": 0, "currency": "USD", "token": "t"}, ">= 1"),
        ({"amount_minor": "5", "currency": "USD", "token": "t"}, "Expected `int`"),
        ({"amount_minor": 5, "currency": "usd", "token": "t"}, "$.currency"),
        ({"amount_minor": 5, "currency": "USD", "token": "t", "card": "4242"}, "card"),
        ("no object", "Expected `object`"),
    ],
)
async def test_bad_orders_are_refused_with_what_is_wrong(merchant: Merchant, body: object, said: str) -> None:
    answer = await merchant.http.post("/v1/charges", json=body, headers={"Idempotency-Key": new_key()})
    assert (answer.status_code, answer.json()["error"]) == (400, "bad_request")
    assert said in answer.json()["message"]


async def test_a_body_that_is_no_text_is_refused(merchant: Merchant) -> None:
    for body in (b"", b"{", b'{"amount_minor":5,"currency":"USD","token":"\xff"}'):
        answer = await merchant.http.post("/v1/charges", content=body, headers={"Idempotency-Key": new_key()})
        assert (answer.status_code, answer.json()["error"]) == (400, "bad_request")


async def test_a_charge_without_a_key_is_refused(merchant: Merchant) -> None:
    order = {"amount_minor": 5, "currency": "USD", "token": "tok_success"}
    for headers in ({}, {"Idempotency-Key": "k" * 256}):
        answer = await merchant.http.post("/v1/charges", json=order, headers=headers)
        assert (answer.status_code, answer.json()["error"]) == (400, "key_missing")


@pytest.mark.parametrize(
    "query",
    [
        "since=yesterday",
        "since=2026-01-01T00:00:00",
        "since=0001-01-01T00:00:00%2B01:00",
        "limit=0",
        "after=7",
        "x=1",
    ],
)
async def test_bad_windows_are_refused(merchant: Merchant, query: str) -> None:
    answer = await merchant.http.get(f"/v1/movements?{query}")
    assert (answer.status_code, answer.json()["error"]) == (400, "bad_request")


async def test_what_is_not_there_and_what_is_too_large(merchant: Merchant) -> None:
    assert (await merchant.http.get("/v1/nothing")).status_code == 404
    assert (await merchant.http.get("/v1/charges/ch_none")).status_code == 404
    too_large = await merchant.http.post("/v1/charges", content=b"x" * 70_000)
    assert too_large.status_code == 413


@pytest.mark.parametrize(
    "authorization", ["", "Bearer", "Bearer wrong", "Basic a key that only the tests know"]
)
async def test_without_the_key_nothing_is_done(sandbox: SandboxServer, authorization: str) -> None:
    async with httpx.AsyncClient(base_url=sandbox.url, headers={"Authorization": authorization}) as stranger:
        for method, path in [("POST", "/v1/charges"), ("GET", "/v1/audit"), ("PUT", "/v1/behaviour")]:
            answer = await stranger.request(method, path)
            assert (answer.status_code, answer.json()["error"]) == (401, "unauthorized")
