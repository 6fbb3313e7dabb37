"""Checkouts and orders over HTTP"""

import asyncio
from typing import Any

import httpx
import pytest

from tests.cast import Visit, sign_in
from tests.conftest import Statements
from tests.modules.store.shop import TestShop, usd
from threadly.modules import identity
from threadly.modules.store.live import watch_order
from threadly.modules.store.verbs.orders import find_order_state
from threadly.modules.store.verbs.refunds import fulfil_order
from threadly.platform.ids import UUID, new_id

ADDRESS = {"name": "Kareem", "line1": "1 River Road", "city": "Cairo", "country": "EG"}
PAGE_OF_TWO = 2
# What begins like an address, and that no mail can be sent to.
# Of a checkout, with both commits: each costs about as much as the next, here and in the database.
MOST_STATEMENTS = 17
NOWHERE = ("<a@b.c>", "a@b.c;x", "a@b.c,d", "a..b@x.yz", "é@example.com", "a@b..cd", "grp:a@b.cd", "a@b")


class Caller:
    """Somebody's program."""

    def __init__(self, client: httpx.AsyncClient, token: str) -> None:
        self._client = client
        self._headers = {"Authorization": f"Bearer {token}"}

    async def get(self, path: str) -> httpx.Response:
        return await self._client.get(f"/api/v1{path}", headers=self._headers)

    async def send(
        self, method: str, path: str, body: object = None, *, key: str | None = None
    ) -> httpx.Response:
        headers = self._headers | ({"Idempotency-Key": key} if key else {})
        return await self._client.request(method, f"/api/v1{path}", headers=headers, json=body)

    async def check_out(self, total: int, *, key: str | None = None, **more: Any) -> httpx.Response:
        body = {
            "address": ADDRESS,
            "methods": [{"provider": "sandbox", "token": more.pop("token", "tok_success")}],
            "expected_total": {"amount_minor": total, "currency": "USD"},
            **more,
        }
        return await self.send("POST", "/checkout", body, key=key or str(new_id()))


@pytest.fixture
async def kareem(shop: TestShop) -> Visit:
    return await shop.join("kareem")


async def program_of(shop: TestShop, client: httpx.AsyncClient, visit: Visit) -> Caller:
    signed_in = await sign_in(shop.works, shop.tenant, visit.actor)
    return Caller(client, signed_in.access_token)


@pytest.fixture
async def buyer(shop: TestShop, shop_client: httpx.AsyncClient, kareem: Visit) -> Caller:
    return await program_of(shop, shop_client, kareem)


@pytest.fixture
async def seller(shop: TestShop, shop_client: httpx.AsyncClient) -> Caller:
    """Omar, who may manage everything."""
    return await program_of(shop, shop_client, await shop.join("omar"))


async def test_a_checkout_is_created_and_its_address_shows_the_order(
    shop: TestShop, kareem: Visit, buyer: Caller
) -> None:
    await shop.fill(kareem, await shop.sell("Mug"))
    answer = await buyer.check_out(1_000, note="Ring twice", phone="+20 100 555 01 02")
    assert answer.status_code == 201, answer.text
    assert answer.headers["Server-Timing"].startswith("outside;dur="), "how long the provider took"
    data = answer.json()["data"]
    assert (data["state"], data["total"]) == ("paid", {"amount_minor": 1_000, "currency": "USD"})
    assert data["message"] == "Thank you for your order. It is paid."
    assert answer.headers["Location"] == f"/api/v1/orders/{data['id']}"
    shown = await buyer.get(f"/orders/{data['id']}")
    assert shown.json()["data"] == {name: value for name, value in data.items() if name != "message"}
    assert (shown.json()["data"]["note"], shown.json()["data"]["email"]) == (
        "Ring twice",
        "kareem@example.com",
    )


async def test_without_a_provider_it_is_accepted_and_says_what_happens_next(
    shop: TestShop, kareem: Visit, buyer: Caller
) -> None:
    await shop.fill(kareem, await shop.sell())
    async with shop.sandbox.client() as client:
        await client.put("/v1/behaviour", json={"down": True})
    answer = await buyer.check_out(1_000)
    assert answer.status_code == 202
    assert answer.json()["data"]["message"] == "Order received, we will confirm your payment."
    assert answer.json()["data"]["state"] == "payment_pending"
    assert answer.headers["Location"].startswith("/api/v1/orders/")


async def test_money_needs_a_key(buyer: Caller) -> None:
    for path, body in (("/checkout", {}), (f"/orders/{new_id()}/refunds", {"reason": "It broke"})):
        answer = await buyer.send("POST", path, body or _body())
        assert answer.status_code == 400
        assert answer.json()["error"]["code"] == "http.idempotency_key_missing"


def _body() -> dict[str, object]:
    total = {"amount_minor": 1_000, "currency": "USD"}
    return {"address": ADDRESS, "methods": [], "expected_total": total}


async def test_the_second_click_is_answered_with_the_first_ones_answer(
    shop: TestShop, kareem: Visit, buyer: Caller
) -> None:
    await shop.fill(kareem, await shop.sell())
    first = await buyer.check_out(1_000, key="click")
    await shop.owner.write(lambda work: fulfil_order(work, order_id=UUID(first.json()["data"]["id"])))
    second = await buyer.check_out(1_000, key="click")
    assert (second.status_code, second.content) == (201, first.content)
    assert second.headers["Idempotent-Replayed"] == "true"
    assert "Idempotent-Replayed" not in first.headers


async def test_a_checkout_takes_few_statements_and_its_answer_is_stored_with_its_outcome(
    shop: TestShop, kareem: Visit, buyer: Caller, statements: Statements
) -> None:
    await shop.fill(kareem, await shop.sell())
    statements()
    assert (await buyer.check_out(1_000)).status_code == 201
    names = [name for name in statements() if not name.startswith("identity.")]
    assert "platform.claim_idempotency_key" not in names
    settling = names[names.index("payments.lock_attempted") :]
    assert settling.count("platform.commit") == 1
    assert "platform.claim_answered_idempotency_key" in settling
    assert len(names) <= MOST_STATEMENTS, names


async def test_a_key_with_another_body_is_refused(shop: TestShop, kareem: Visit, buyer: Caller) -> None:
    await shop.fill(kareem, await shop.sell())
    await buyer.check_out(1_000, key="click")
    other = await buyer.check_out(1_000, key="click", note="another")
    assert other.status_code == 422
    assert other.json()["error"]["code"] == "http.idempotency_key_reused"


async def test_twins_and_tabs_are_one_order(shop: TestShop, kareem: Visit, buyer: Caller) -> None:
    await shop.fill(kareem, await shop.sell())
    keys = ["same", "same", "other", "third"]
    answers = await asyncio.gather(*(buyer.check_out(1_000, key=key) for key in keys))
    assert {answer.status_code for answer in answers} == {201}
    ids = {answer.json()["data"]["id"] for answer in answers}
    assert len(ids) == 1
    assert len(await shop.charges(UUID(ids.pop()))) == 1


@pytest.mark.parametrize(
    ("token", "code", "message"),
    [
        ("tok_declined", "payments.card_declined", "Your card was declined. Try another card."),
        ("tok_expired_card", "payments.expired_card", "Your card has expired. Try another card."),
    ],
)
async def test_a_declined_card_is_a_sentence_that_says_what_to_do(
    shop: TestShop, kareem: Visit, buyer: Caller, token: str, code: str, message: str
) -> None:
    await shop.fill(kareem, await shop.sell())
    answer = await buyer.check_out(1_000, token=token)
    assert answer.status_code == 409
    assert (answer.json()["error"]["code"], answer.json()["error"]["message"]) == (code, message)
    assert (await buyer.get("/orders")).json()["data"] == []
    assert (await buyer.check_out(1_000)).status_code == 201


@pytest.mark.parametrize("amount", [10**30, -(10**30), 2**63, -(2**63) - 1])
async def test_an_amount_that_no_account_can_hold_is_refused(buyer: Caller, amount: int) -> None:
    """Also by a cart with nothing in it, where the total is looked for among the latest orders."""
    said = (await buyer.check_out(amount)).json()["error"]
    assert (said["code"], said["field"]) == ("input.invalid", "expected_total.amount_minor")


@pytest.mark.parametrize(
    ("field", "broken"),
    [
        ("email", {"email": "kareem@example.com\n"}),
        *[("email", {"email": each}) for each in NOWHERE],
        ("phone", {"phone": "+1 555 0100\n"}),
        ("address.name", {"address": ADDRESS | {"name": "Kareem\n"}}),
        ("address.country", {"address": ADDRESS | {"country": "EG\n"}}),
        ("expected_due.currency", {"expected_due": {"amount_minor": 1, "currency": "USD\n"}}),
    ],
)
async def test_what_is_no_line_and_no_address_is_refused(
    buyer: Caller, field: str, broken: dict[str, Any]
) -> None:
    """What ends in a line break is neither a header of a mail nor a line of a label, and a receipt that no
    mail can carry would be tried for half an hour and never come."""
    said = (await buyer.check_out(1_000, **broken)).json()["error"]
    assert (said["code"], said["field"]) == ("input.invalid", field)


@pytest.mark.parametrize(
    "method",
    [{"token": "tok\0"}, {"token": "t" * 201}, {"token": "tök"}, {"label": "Card\0"}],
)
async def test_a_method_that_no_provider_could_know_is_refused_at_once(
    shop: TestShop, kareem: Visit, buyer: Caller, method: dict[str, str]
) -> None:
    """It would hold what is in the cart for hours, as one that no provider answers."""
    mug = await shop.sell(on_hand=1)
    await shop.fill(kareem, mug)
    methods = [{"provider": "sandbox", "token": "tok_success"} | method]
    answer = await buyer.check_out(1_000, methods=methods)
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "payments.method_invalid")
    assert (await shop.stock(mug)).reserved == 0


async def test_a_total_that_no_provider_takes_is_refused_at_once(
    shop: TestShop, kareem: Visit, buyer: Caller
) -> None:
    gold = await shop.sell(price=10**12)
    await shop.fill(kareem, gold, quantity=2)
    answer = await buyer.check_out(2 * 10**12)
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "payments.amount_unpayable")
    assert (await shop.stock(gold)).reserved == 0


async def test_nothing_is_sent_to_a_country_that_is_none(
    shop: TestShop, kareem: Visit, buyer: Caller
) -> None:
    await shop.fill(kareem, await shop.sell())
    said = (await buyer.check_out(1_000, address=ADDRESS | {"country": "XX"})).json()["error"]
    assert (said["code"], said["field"]) == ("input.invalid", "address.country")


async def test_what_changed_is_named_line_by_line(shop: TestShop, kareem: Visit, buyer: Caller) -> None:
    variant = await shop.sell("Mug")
    await shop.fill(kareem, variant)
    await shop.set_price(variant, 1_200)
    answer = await buyer.check_out(1_000)
    error = answer.json()["error"]
    assert (answer.status_code, error["code"]) == (409, "store.cart_changed")
    (detail,) = error["details"]
    assert (detail["field"], detail["code"]) == (f"lines.{variant}", "store.price_changed")


async def test_orders_are_listed_newest_first_by_state_and_in_pages(
    shop: TestShop, kareem: Visit, buyer: Caller
) -> None:
    variant = await shop.sell("Mug", on_hand=9)
    orders = [await shop.buy(kareem, variant, quantity=n, total=n * 1_000) for n in (1, 2, 3)]
    first = (await buyer.get(f"/orders?limit={PAGE_OF_TWO}")).json()
    assert [each["total"]["amount_minor"] for each in first["data"]] == [3_000, 2_000]
    assert (first["data"][0]["title"], first["data"][0]["item_count"]) == ("Mug", 3)
    cursor = first["pagination"]["next_cursor"]
    rest = (await buyer.get(f"/orders?limit={PAGE_OF_TWO}&cursor={cursor}")).json()
    assert [each["id"] for each in rest["data"]] == [str(orders[0].id)]
    assert (await buyer.get("/users/me/orders?status=fulfilled")).json()["data"] == []
    await shop.owner.write(lambda work: fulfil_order(work, order_id=orders[1].id))
    found = (await buyer.get("/users/kareem/orders?status=fulfilled")).json()["data"]
    assert [each["id"] for each in found] == [str(orders[1].id)]


async def test_the_list_is_new_in_the_moment_a_state_changes(
    shop: TestShop, kareem: Visit, buyer: Caller
) -> None:
    order = await shop.buy(kareem, await shop.sell(), total=1_000)
    for _ in range(2):
        assert (await buyer.get("/orders")).json()["data"][0]["state"] == "paid"
    await shop.owner.write(lambda work: fulfil_order(work, order_id=order.id))
    assert (await buyer.get("/orders")).json()["data"][0]["state"] == "fulfilled"


async def test_who_manages_the_store_sees_all_orders_and_others_their_own(
    shop: TestShop, shop_client: httpx.AsyncClient, kareem: Visit, seller: Caller
) -> None:
    bob = await shop.join("bob")
    variant = await shop.sell()
    mine = await shop.buy(kareem, variant, total=1_000)
    theirs = await shop.buy(bob, variant, total=1_000)
    everybody = (await seller.get("/orders?scope=shop")).json()["data"]
    assert [each["id"] for each in everybody] == [str(theirs.id), str(mine.id)]
    assert [each["id"] for each in (await seller.get("/orders?buyer=bob")).json()["data"]] == [str(theirs.id)]
    caller = await program_of(shop, shop_client, bob)
    assert (await caller.get(f"/orders/{mine.id}")).status_code == 404
    assert (await caller.get("/users/kareem/orders")).status_code == 403
    assert (await caller.get("/orders?scope=shop")).status_code == 403
    assert (await seller.get(f"/orders/{mine.id}")).status_code == 200
    assert (await caller.get("/orders/nonsense")).status_code == 404


async def test_refund_fulfilment_and_cancellation_over_http(
    shop: TestShop, kareem: Visit, buyer: Caller, seller: Caller
) -> None:
    order = await shop.buy(kareem, await shop.sell(on_hand=5), quantity=2, total=2_000)
    path = f"/orders/{order.id}"
    body = {"reason": "One broke", "lines": [{"line": 1, "quantity": 1}], "restock": True}
    first = await seller.send("POST", f"{path}/refunds", body, key="refund")
    again = await seller.send("POST", f"{path}/refunds", body, key="refund")
    assert (first.status_code, again.content) == (201, first.content)
    listed = (await buyer.get(f"{path}/refunds")).json()["data"]
    assert [each["amount"]["amount_minor"] for each in listed] == [1_000]
    assert (await buyer.send("PUT", f"{path}/fulfilment")).status_code == 403
    cancelled = await buyer.send("PUT", f"{path}/cancellation", {"reason": "Too late"})
    assert cancelled.json()["data"]["state"] == "cancelled"
    assert (await seller.send("PUT", f"{path}/fulfilment")).status_code == 409


async def test_an_open_page_is_told_of_every_state(shop: TestShop, kareem: Visit) -> None:
    async with shop.sandbox.client() as client:
        await client.put("/v1/behaviour", json={"down": True})
        order = await shop.buy(kareem, await shop.sell(), total=1_000)
        await client.put("/v1/behaviour", json={})

    async def read_state() -> str | None:
        return await kareem.read(lambda work: find_order_state(work, order_id=order.id), fresh=True)

    told: list[str] = []
    async with asyncio.timeout(60):
        states = watch_order(shop.runtime.pubsub, shop.tenant, order.id, read_state=read_state)
        async for state in states:
            told.append(state or "")
            if state == "payment_pending":
                await shop.resume(order.id)
            if state == "paid":
                break
    assert told[0] == "payment_pending"
    assert told[-1] == "paid"


async def test_a_deleted_account_leaves_its_orders_to_the_books_without_the_person(
    shop: TestShop, kareem: Visit
) -> None:
    variant = await shop.sell()
    sent = await shop.buy(kareem, variant, total=1_000)
    waiting = await shop.buy(kareem, variant, quantity=2, total=2_000, phone="+20 100 555 01 02")
    await shop.owner.write(lambda work: fulfil_order(work, order_id=sent.id))
    await kareem.write(lambda work: identity.delete_account(work, user_id=kareem.actor.me))
    await shop.work_off()
    over, still_open = await shop.order(sent.id), await shop.order(waiting.id)
    assert (over.address, over.email, over.phone, over.total) == (None, "", "", usd(1_000))
    assert still_open.address is not None
    await shop.owner.write(lambda work: fulfil_order(work, order_id=waiting.id))
    await shop.forget()
    assert (await shop.order(waiting.id)).address is None
