"""Webhooks: signed, retried, and on demand late, repeated, out of order, held or lost."""

import asyncio
import time
from collections.abc import AsyncIterator

import pytest

from tests.conftest import eventually
from tests.sandbox.merchant import Merchant, merchant_of, new_key
from tests.sandbox.receiver import Receiver, receiver
from tests.sandbox.server import SandboxServer, sandbox_server
from threadly.sandbox.signing import sign

UNTIL_NO_MORE_COMES_S = 0.4


@pytest.fixture
async def taking(merchant: Merchant) -> AsyncIterator[Receiver]:
    """Takes the webhooks of the shared sandbox; at the end that forgets it."""
    async with receiver() as taking:
        await merchant.send_webhooks_to(taking.url)
        yield taking


async def test_what_happened_is_told_and_signed(
    sandbox: SandboxServer, merchant: Merchant, taking: Receiver
) -> None:
    charge = (await merchant.charge()).json()
    await eventually(lambda: taking.has(1))
    declined = (await merchant.charge(token="tok_declined")).json()
    await eventually(lambda: taking.has(2))
    refund = (await merchant.refund(charge["id"], 100)).json()
    await eventually(lambda: taking.has(3))
    events = [letter.event for letter in taking.letters]
    assert [(event["kind"], event["data"]) for event in events] == [
        ("charge.succeeded", {"charge": charge}),
        ("charge.declined", {"charge": declined}),
        ("refund.succeeded", {"refund": refund}),
    ]
    assert len({event["id"] for event in events}) == 3
    assert all(event["id"].startswith("evt_") and event["created_at"].endswith("Z") for event in events)
    for letter in taking.letters:
        assert letter.target == "/webhooks/sandbox?of=tests"
        assert letter.headers["host"] in taking.url
        signature = letter.headers["sandbox-signature"]
        at = int(signature.removeprefix("t=").partition(",")[0])
        assert abs(at - time.time()) < 60
        assert signature == sign(sandbox.webhook_secret, at=at, body=letter.body)


async def test_one_connection_delivers_one_after_the_other_and_another_one_when_it_was_closed(
    merchant: Merchant, taking: Receiver
) -> None:
    async def delivered() -> bool:
        return not (await merchant.audit())["webhooks"]

    async def tell() -> None:
        await merchant.charge()
        await eventually(delivered)

    taking.keeps = True
    for _ in range(3):
        await tell()
    assert (len(taking.letters), taking.connections) == (3, 1)
    taking.keeps = False  # it hangs up after the next
    for _ in range(2):
        await tell()
    assert (len(taking.letters), taking.connections) == (5, 2)


async def test_an_endpoint_may_have_a_secret_and_a_host_name_of_its_own(
    merchant: Merchant, taking: Receiver
) -> None:
    await merchant.send_webhooks_to(taking.url, secret="their own", host="shop.test")
    await merchant.charge()
    await eventually(lambda: taking.has(1))
    (letter,) = taking.letters
    assert letter.headers["host"] == "shop.test"
    at = int(letter.headers["sandbox-signature"].removeprefix("t=").partition(",")[0])
    assert letter.headers["sandbox-signature"] == sign("their own", at=at, body=letter.body)


async def test_the_pending_card_tells_when_it_has_paid(merchant: Merchant, taking: Receiver) -> None:
    pending = (await merchant.charge(token="tok_pending")).json()
    assert taking.letters == []
    await eventually(lambda: taking.has(1))
    (event,) = [letter.event for letter in taking.letters]
    assert event["kind"] == "charge.succeeded"
    assert event["data"]["charge"] == pending | {"status": "succeeded"}


async def test_what_is_not_taken_is_sent_again_later_each_time(merchant: Merchant, taking: Receiver) -> None:
    taking.statuses = [500, 302]
    await merchant.charge()
    await eventually(lambda: taking.has(3))
    await asyncio.sleep(UNTIL_NO_MORE_COMES_S)
    first, second, third = taking.letters
    assert first.body == second.body == third.body, "the same event"
    assert second.at - first.at > 0.4
    assert third.at - second.at > 0.9


async def test_a_repetition_of_a_charge_is_not_told_again(merchant: Merchant, taking: Receiver) -> None:
    key = new_key()
    for _ in range(3):
        await merchant.charge(key)
    await eventually(lambda: taking.has(1))
    await asyncio.sleep(UNTIL_NO_MORE_COMES_S)
    assert taking.keys == [key]


async def test_late_webhooks(merchant: Merchant, taking: Receiver) -> None:
    await merchant.behave(webhooks={"delay_ms": 600})
    began = asyncio.get_running_loop().time()
    await merchant.charge()
    await eventually(lambda: taking.has(1))
    assert taking.letters[0].at - began >= 0.6


async def test_repeated_webhooks(merchant: Merchant, taking: Receiver) -> None:
    await merchant.behave(webhooks={"repeat": 2})
    await merchant.charge()
    await eventually(lambda: taking.has(3))
    await asyncio.sleep(UNTIL_NO_MORE_COMES_S)
    assert len(taking.letters) == 3
    assert len({letter.body for letter in taking.letters}) == 1


async def test_held_webhooks_come_when_they_are_released(merchant: Merchant, taking: Receiver) -> None:
    await merchant.behave(webhooks={"hold": True})
    keys = [new_key() for _ in range(3)]
    for key in keys:
        await merchant.charge(key)
    await asyncio.sleep(UNTIL_NO_MORE_COMES_S)
    assert taking.letters == []
    assert (await merchant.audit())["webhooks"] == {"held": 3}
    assert (await merchant.http.post("/v1/webhooks/release")).json() == {"released": 3}
    await eventually(lambda: taking.has(3))
    assert sorted(taking.keys) == sorted(keys)


@pytest.mark.parametrize("held", [True, False])
async def test_shuffled_webhooks_come_out_of_order(merchant: Merchant, taking: Receiver, held: bool) -> None:
    await merchant.behave(webhooks={"hold": held, "shuffle": True}, seed=3)
    keys = [f"{new_key()}" for _ in range(12)]
    for key in keys:
        await merchant.charge(key)
    if held:
        await merchant.http.post("/v1/webhooks/release")
    await eventually(lambda: taking.has(12))
    assert sorted(taking.keys) == sorted(keys)
    assert taking.keys != keys


async def test_dropped_webhooks_never_come(merchant: Merchant, taking: Receiver) -> None:
    await merchant.behave(webhooks={"drop_rate": 0.5}, seed=1)
    for _ in range(40):
        await merchant.charge()
    dropped = (await merchant.audit())["webhooks"]["dropped"]
    assert 8 < dropped < 32
    await eventually(lambda: taking.has(40 - dropped))
    await asyncio.sleep(UNTIL_NO_MORE_COMES_S)
    assert len(taking.letters) == 40 - dropped


async def test_after_a_restart_it_goes_on_sending(
    own_sandbox: SandboxServer, sole_merchant: Merchant
) -> None:
    async with receiver() as taking:
        await sole_merchant.send_webhooks_to(taking.url)
        await sole_merchant.behave(webhooks={"delay_ms": 1000})
        await sole_merchant.charge("late")
        await sole_merchant.behave(webhooks={"hold": True})
        await sole_merchant.charge("held")
        own_sandbox.kill()
        own_sandbox.start()
        await eventually(lambda: taking.has(1))
        await sole_merchant.http.post("/v1/webhooks/release")
        await eventually(lambda: taking.has(2))
        assert taking.keys == ["late", "held"]


async def test_an_endpoint_that_is_away_is_told_when_it_is_back(merchant: Merchant) -> None:
    async with receiver() as taking:
        port = int(taking.url.split(":")[2].split("/")[0])
        await merchant.send_webhooks_to(taking.url)
    await merchant.charge("while nobody listens " + new_key())
    back = Receiver()
    await asyncio.sleep(0.2)
    async with await asyncio.start_server(back.serve, "127.0.0.1", port):
        await eventually(lambda: back.has(1))


async def test_the_endpoint_can_be_named_at_the_start() -> None:
    async with receiver() as taking:
        with sandbox_server("--webhook-url", taking.url) as server:
            async with merchant_of(server) as merchant:
                await merchant.charge("k")
                await eventually(lambda: taking.has(1))
    assert taking.keys == ["k"]


async def test_without_an_endpoint_nothing_is_kept_to_be_told(merchant: Merchant, taking: Receiver) -> None:
    await merchant.behave(webhooks={"hold": True})
    await merchant.charge()
    assert (await merchant.http.delete("/v1/webhook_endpoint")).status_code == 200
    await merchant.charge()
    assert (await merchant.audit())["webhooks"] == {}


@pytest.mark.parametrize(
    "url",
    ["ftp://shop.test", "http://", "http://127.0.0.1:99999/", "http://[::1/", "http://:80/", "http://a b/"],
)
async def test_an_endpoint_that_is_no_address_is_refused(merchant: Merchant, url: str) -> None:
    answer = await merchant.http.put("/v1/webhook_endpoint", json={"url": url})
    assert (answer.status_code, answer.json()["error"]) == (400, "bad_request")
