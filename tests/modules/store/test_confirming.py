"""Who is told of an order, and how often"""

import hashlib
import hmac
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import httpx
import msgspec
import pytest
from msgspec.structs import replace

from tests.cast import Visit
from tests.modules.identity.runs import run_job, run_queued_jobs
from tests.modules.store.shop import TestShop
from threadly.modules.store.confirming import (
    WarehouseBeingTold,
    cancel_at_warehouse,
    tell_warehouse,
    text_buyer,
)
from threadly.modules.store.types.orders import Order
from threadly.modules.store.verbs.refunds import cancel_order, fulfil_order, refund_order
from threadly.platform.mail import KeptLetter, list_letters
from threadly.platform.work import Works
from threadly.wiring import JOBS


class Taken(msgspec.Struct):
    path: str
    headers: dict[str, str]
    body: bytes


class Receiver:
    """Somebody's HTTP server, which refuses as often as it is told to."""

    def __init__(self) -> None:
        self.taken: list[Taken] = []
        self.refusals = 0
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:  # the library's name
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.taken.append(Taken(self.path, dict(self.headers), body))
                receiver.refusals -= 1
                self.send_response(503 if receiver.refusals >= 0 else 204)
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                """Quiet."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    thread = Thread(target=receiver.server.serve_forever)
    thread.start()
    yield receiver
    receiver.server.shutdown()
    thread.join()
    receiver.server.server_close()


@pytest.fixture
async def order(shop: TestShop) -> Order:
    kareem = await shop.join("kareem")
    return await shop.buy(kareem, await shop.sell("Mug"), total=1_000, phone="+20 100 555 01 02")


async def letters(shop: TestShop) -> list[KeptLetter]:
    return await shop.owner.read(list_letters, fresh=True)


def with_settings(shop: TestShop, **values: str) -> Works:
    return Works(shop.works.database, replace(shop.works.settings, **values))


async def test_a_paid_order_is_a_receipt_and_a_text_message(shop: TestShop, order: Order) -> None:
    await shop.work_off()
    text, receipt = sorted(await letters(shop), key=lambda letter: letter.recipient)
    assert receipt.recipient == "kareem@example.com"
    assert f"order {order.number}" in receipt.subject
    assert "1 × Mug" in receipt.text
    assert "$10.00" in receipt.text
    assert f"/orders/{order.id}" in receipt.text
    assert (text.recipient, text.subject) == ("+20 100 555 01 02", "Text message")
    assert f"order {order.number} ($10.00) is paid" in text.text


async def test_the_gateway_gets_the_number_the_text_and_our_token(
    shop: TestShop, order: Order, receiver: Receiver
) -> None:
    works = with_settings(shop, sms_url=f"{receiver.url}/send", sms_token="ours")
    await run_job(works, shop.tenant, text_buyer, order_id=str(order.id))
    (taken,) = receiver.taken
    assert (taken.path, taken.headers["Authorization"]) == ("/send", "Bearer ours")
    assert msgspec.json.decode(taken.body)["to"] == "+20 100 555 01 02"


async def test_the_warehouse_can_check_who_told_it(shop: TestShop, order: Order, receiver: Receiver) -> None:
    works = with_settings(shop, warehouse_url=receiver.url, warehouse_secret="a secret")
    await run_job(works, shop.tenant, tell_warehouse, order_id=str(order.id))
    (taken,) = receiver.taken
    stamp, signature = (part.partition("=")[2] for part in taken.headers["Threadly-Signature"].split(","))
    signed = hmac.new(b"a secret", f"{stamp}.".encode() + taken.body, hashlib.sha256).hexdigest()
    assert hmac.compare_digest(signature, signed)
    told = msgspec.json.decode(taken.body)
    assert told["tenant"] == {"id": shop.tenant.id, "slug": shop.tenant.slug, "name": shop.tenant.name}
    assert (told["order_id"], told["number"]) == (str(order.id), order.number)
    assert [(line["title"], line["quantity"]) for line in told["lines"]] == [("Mug", 1)]
    assert told["address"]["line1"] == "1 River Road"


async def test_without_a_secret_nothing_looks_signed(
    shop: TestShop, order: Order, receiver: Receiver
) -> None:
    works = with_settings(shop, warehouse_url=receiver.url)
    await run_job(works, shop.tenant, tell_warehouse, order_id=str(order.id))
    (taken,) = receiver.taken
    assert "Threadly-Signature" not in taken.headers


async def test_a_warehouse_that_refuses_is_told_again_the_same(
    shop: TestShop, order: Order, receiver: Receiver
) -> None:
    works = with_settings(shop, warehouse_url=receiver.url, warehouse_secret="a secret")
    receiver.refusals = 1
    with pytest.raises(httpx.HTTPStatusError):
        await run_job(works, shop.tenant, tell_warehouse, order_id=str(order.id))
    await run_job(works, shop.tenant, tell_warehouse, order_id=str(order.id))
    first, second = receiver.taken
    assert first.body == second.body


def kinds(receiver: Receiver) -> list[str]:
    return [msgspec.json.decode(taken.body)["kind"] for taken in receiver.taken]


@pytest.mark.parametrize("how", ["cancelled", "refunded"])
async def test_the_warehouse_hears_that_an_order_is_called_off(
    shop: TestShop, order: Order, receiver: Receiver, how: str
) -> None:
    works = with_settings(shop, warehouse_url=receiver.url, warehouse_secret="a secret")
    await run_job(works, shop.tenant, tell_warehouse, order_id=str(order.id))
    owner = Visit(works, shop.tenant, shop.owner.actor)
    if how == "cancelled":
        for _ in range(2):
            await owner.write(lambda work: cancel_order(work, order_id=order.id))
    else:
        await owner.write(lambda work: refund_order(work, order_id=order.id, reason="Sold out"))
    await run_queued_jobs(works, shop.tenant, jobs=JOBS)
    assert kinds(receiver) == ["order.paid", "order.cancelled"]
    told = msgspec.json.decode(receiver.taken[1].body)
    assert (told["id"], told["number"]) == (f"order.cancelled:{order.id}", order.number)
    assert told["tenant"]["slug"] == shop.tenant.slug


async def test_what_was_sent_is_not_called_off_by_its_refund(
    shop: TestShop, order: Order, receiver: Receiver
) -> None:
    works = with_settings(shop, warehouse_url=receiver.url)
    await run_job(works, shop.tenant, tell_warehouse, order_id=str(order.id))
    owner = Visit(works, shop.tenant, shop.owner.actor)
    await owner.write(lambda work: fulfil_order(work, order_id=order.id))
    await owner.write(lambda work: refund_order(work, order_id=order.id, reason="It broke"))
    await run_queued_jobs(works, shop.tenant, jobs=JOBS)
    assert kinds(receiver) == ["order.paid"]


async def test_a_warehouse_that_never_heard_of_an_order_hears_nothing(
    shop: TestShop, order: Order, receiver: Receiver
) -> None:
    works = with_settings(shop, warehouse_url=receiver.url)
    owner = Visit(works, shop.tenant, shop.owner.actor)
    await owner.write(lambda work: cancel_order(work, order_id=order.id))
    await run_job(works, shop.tenant, tell_warehouse, order_id=str(order.id))
    await run_queued_jobs(works, shop.tenant, jobs=JOBS)
    assert kinds(receiver) == []


async def test_the_cancellation_waits_for_the_order_that_is_being_told(
    shop: TestShop, order: Order, receiver: Receiver
) -> None:
    works = with_settings(shop, warehouse_url=receiver.url)
    receiver.refusals = 1
    with pytest.raises(httpx.HTTPStatusError):  # taken, perhaps: the answer may have been lost
        await run_job(works, shop.tenant, tell_warehouse, order_id=str(order.id))
    owner = Visit(works, shop.tenant, shop.owner.actor)
    await owner.write(lambda work: cancel_order(work, order_id=order.id))
    with pytest.raises(WarehouseBeingTold):
        await run_job(works, shop.tenant, cancel_at_warehouse, order_id=str(order.id))
    receiver.refusals = 0
    await run_job(works, shop.tenant, tell_warehouse, order_id=str(order.id))
    await run_job(works, shop.tenant, cancel_at_warehouse, order_id=str(order.id))
    assert kinds(receiver) == ["order.paid", "order.cancelled"]


async def test_a_received_order_says_so_and_the_receipt_comes_with_the_money(shop: TestShop) -> None:
    kareem, mug = await shop.join("kareem"), await shop.sell()
    async with shop.sandbox.client() as client:
        await client.put("/v1/behaviour", json={"down": True})
        order = await shop.buy(kareem, mug, total=1_000)
        await shop.drain()
        await client.put("/v1/behaviour", json={})
    await shop.resume(order.id)
    subjects = [letter.subject for letter in reversed(await letters(shop))]
    assert [subject.partition(" ")[2].partition(" ")[0] for subject in subjects] == ["received", "receipt"]


async def cancellation(shop: TestShop, order: Order, by: Visit) -> str:
    """What the buyer reads."""
    await by.write(lambda work: cancel_order(work, order_id=order.id))
    await shop.work_off()
    (text,) = [each.text for each in await letters(shop) if each.subject.endswith("is cancelled")]
    return text


@pytest.mark.parametrize("who", ["buyer", "shop"])
async def test_who_calls_an_unpaid_order_off_is_not_told_of_a_payment_that_failed(
    shop: TestShop, who: str
) -> None:
    kareem, mug = await shop.join("kareem"), await shop.sell()
    async with shop.sandbox.client() as client:
        await client.put("/v1/behaviour", json={"down": True})
        order = await shop.buy(kareem, mug, total=1_000)
        await client.put("/v1/behaviour", json={})
    text = await cancellation(shop, order, kareem if who == "buyer" else shop.owner)
    assert ("as you wished" if who == "buyer" else "the shop has cancelled") in text
    assert "You pay nothing for it" in text
    assert "in your cart again" in text
    assert "bank" not in text


async def test_a_paid_order_that_is_called_off_says_what_goes_back(shop: TestShop, order: Order) -> None:
    text = await cancellation(shop, order, shop.owner)
    assert "$10.00 go back to you." in text
    assert "cart" not in text


async def test_an_order_that_cost_nothing_is_called_off_without_a_word_of_charges(shop: TestShop) -> None:
    kareem = await shop.join("kareem")
    order = await shop.buy(kareem, await shop.sell(price=0), total=0, methods=[])
    text = await cancellation(shop, order, kareem)
    assert "There was nothing to pay" in text
    assert "cart" not in text


async def test_nobody_is_written_to_whose_address_is_gone(shop: TestShop, order: Order) -> None:
    await shop.blank(order.id)
    await shop.work_off()
    assert await letters(shop) == []
