"""What API.md promises, of the shop: limits, conditions, twins that are one, pages, and what is whose."""

import asyncio
from typing import Any

import httpx
import pytest

from tests.sandbox.server import SandboxServer
from tests.wire.conftest import Counted, market_of
from tests.wire.market import API, CSV, Market, checkout, key, usd
from tests.wire.servers import other_app
from tests.wire.test_bad_input import refused
from threadly.platform.http.front import Front
from threadly.platform.runtime import Runtime
from threadly.platform.work import Tenant
from threadly.settings import Settings

TWINS = 10
LIMIT = 12  # 600 a minute, and a fiftieth of that
ORDER, REFUNDS = "/orders/{order_id}", "/orders/{order_id}/refunds"


# Headers


@pytest.mark.parametrize(
    ("who", "path"),
    [
        ("visitor", "/products"),
        ("visitor", "/products/{product_id}"),
        ("visitor", "/shop"),
        ("kareem", "/cart"),
        ("kareem", "/orders"),
        ("kareem", ORDER),
        ("seller", "/coupons"),
        ("operator", "/payments/ledger"),
    ],
)
async def test_every_answer_tells_the_limits_its_trace_and_that_no_shared_cache_may_keep_it(
    market: Market, who: str, path: str
) -> None:
    client = market.who(who)
    first, second = [await client.get(market.at(path)) for _ in range(2)]
    for answer in (first, second):
        assert answer.status_code == 200, answer.text
        assert int(answer.headers["X-RateLimit-Limit"]) > 0
        assert int(answer.headers["X-RateLimit-Reset"]) > 0
        assert answer.headers["X-Trace-Id"]
        assert answer.headers["Cache-Control"].startswith("private")
        assert answer.json()["success"] is True
    assert int(second.headers["X-RateLimit-Remaining"]) < int(first.headers["X-RateLimit-Remaining"])


async def test_who_buys_too_fast_is_told_when_to_come_back_and_nothing_happens(
    settings: Settings, sandbox: SandboxServer, market: Market, count_rows: Counted
) -> None:
    before = await count_rows()
    changed = {"sandbox_url": sandbox.url, "sandbox_key": sandbox.key}
    async with other_app(settings, rate_limit_factor=0.02, **changed) as app:
        transport = httpx.ASGITransport(app)  # type: ignore[arg-type]  # as in tests/conftest.py
        async with httpx.AsyncClient(
            transport=transport, base_url=market.kareem.base_url, headers=market.kareem.headers
        ) as slow:
            statuses = [(await slow.get(f"{API}/cart")).status_code for _ in range(LIMIT + 1)]
            answer = await slow.post(f"{API}/checkout", json=checkout(), headers=key())
    assert statuses == sorted(statuses)
    assert set(statuses) == {200, 429}
    refused(answer, 429)
    assert int(answer.headers["Retry-After"]) >= 1
    assert await count_rows() == before


# Conditions


@pytest.mark.parametrize(
    ("who", "address", "method", "path", "body"),
    [
        ("seller", "/products/{product_id}", "PATCH", "/products/{product_id}", {"vendor": "Acme {}"}),
        ("seller", "/variants/{variant_id}", "PATCH", "/variants/{variant_id}", {"sku": "SKU-{}"}),
        ("seller", "/variants/{variant_id}", "PUT", "/variants/{variant_id}/stock", {"on_hand": 30}),
        ("seller", "/categories/{category_id}", "PATCH", "/categories/{category_id}", {"name": "Tea {}"}),
        ("seller", "/coupons/{coupon_id}", "PATCH", "/coupons/{coupon_id}", {"most_uses": 30}),
        ("seller", "/shop", "PUT", "/shop", {"shipping": [{"country": "*", "amount_minor": 30}]}),
        ("kareem", "/cart", "PUT", "/cart/lines/{variant_id}", {"quantity": 3}),
        ("seller", ORDER, "PUT", "/orders/{order_id}/fulfilment", None),
    ],
    ids=lambda value: str(value)[:40],
)
async def test_of_changes_that_arrive_together_with_one_etag_one_is_made(
    market: Market, who: str, address: str, method: str, path: str, body: dict[str, Any] | None
) -> None:
    client, resource = market.who(who), market.at(address)
    read = await client.get(resource)
    etag = read.headers["ETag"]
    unchanged = await client.get(resource, headers={"If-None-Match": etag})
    assert (unchanged.status_code, unchanged.content, unchanged.headers["ETag"]) == (304, b"", etag)

    async def change(number: int) -> httpx.Response:
        return await client.request(
            method, market.at(path), json=_numbered(body, number), headers={"If-Match": etag}
        )

    answers = await asyncio.gather(*(change(number) for number in range(TWINS)))
    assert sorted(answer.status_code for answer in answers) == [200] + [412] * (TWINS - 1)
    for answer in answers:
        if answer.status_code == 412:
            refused(answer, 412, "http.precondition_failed")
    (made,) = (answer for answer in answers if answer.status_code == 200)
    if address == path:
        assert made.headers["ETag"] != etag
        assert (await client.get(resource)).json() == made.json()
    assert (await client.get(resource, headers={"If-None-Match": etag})).status_code == 200


def _numbered(body: dict[str, Any] | None, number: int) -> dict[str, Any] | None:
    """Another body for each who asks, where a text has a place for it."""
    if body is None:
        return None
    return {name: value.format(number) if isinstance(value, str) else value for name, value in body.items()}


# Idempotency


@pytest.mark.parametrize(
    ("who", "path", "body", "table"),
    [
        ("seller", "/products", {"title": "Pot", "variants": [{"price": usd(5)}]}, "store.products"),
        ("seller", "/categories", {"name": "Pots"}, "store.categories"),
        ("seller", "/coupons", {"code": "TWIN", "basis_points": 100}, "store.coupons"),
        ("seller", "/gift-cards", {"amount": usd(700)}, "store.gift_cards"),
        ("seller", REFUNDS, {"reason": "It broke", "amount": usd(400)}, "store.refunds"),
        ("kareem", "/checkout", checkout(), "store.orders"),
    ],
    ids=lambda value: str(value)[:30],
)
async def test_twins_that_arrive_together_are_made_once_and_answered_alike(
    market: Market, count_rows: Counted, who: str, path: str, body: dict[str, Any], table: str
) -> None:
    client, address, once = market.who(who), market.at(path), key()
    before = await count_rows()
    twins = [client.post(address, json=body, headers=once) for _ in range(TWINS)]
    answers = await asyncio.gather(*twins)
    assert {answer.status_code for answer in answers} == {201}, [answer.text for answer in answers]
    assert len({answer.content for answer in answers}) == 1
    assert len({answer.headers["Location"] for answer in answers}) == 1
    replayed = [answer for answer in answers if answer.headers.get("Idempotent-Replayed") == "true"]
    assert len(replayed) == TWINS - 1
    after = await count_rows()
    assert after[table] == before[table] + 1

    late = await client.post(address, json=body, headers=once)
    assert (late.status_code, late.content) == (201, answers[0].content)
    assert late.headers["Idempotent-Replayed"] == "true"
    another = {name: value for name, value in body.items() if name != "reason"} | _other(body)
    refused(await client.post(address, json=another, headers=once), 422, "http.idempotency_key_reused")
    assert await count_rows() == after


def _other(body: dict[str, Any]) -> dict[str, Any]:
    """What makes another request of it, as good as the first."""
    changes = {"title": "Cup", "name": "Cups", "code": "OTHER", "reason": "It bent"}
    found = {name: value for name, value in changes.items() if name in body}
    return found or ({"note": "Other"} if "amount" in body or "address" in body else {})


async def test_twins_of_a_refund_give_back_once_at_the_provider_too(
    market: Market, count_rows: Counted
) -> None:
    body, once = {"reason": "It broke"}, key()
    answers = await asyncio.gather(
        *(market.seller.post(market.at(REFUNDS), json=body, headers=once) for _ in range(TWINS))
    )
    assert {answer.status_code for answer in answers} == {201}
    await market.shop.work_off()
    order = (await market.kareem.get(market.at(ORDER))).json()["data"]
    assert (order["state"], order["refunded"]) == ("refunded", usd(1_000))
    assert [each["state"] for each in order["refunds"]] == ["succeeded"]
    async with market.shop.sandbox.client() as client:
        refunds = (await client.get("/v1/audit")).json()["refunds"]
    charges = {each["id"] for each in await market.shop.charges(order["id"])}
    assert [each["amount_minor"] for each in refunds if each["charge"] in charges] == [1_000]
    refused(await market.seller.post(market.at(REFUNDS), json=body, headers=key()), 409)


async def test_refunds_that_arrive_together_never_give_back_more_than_was_paid(market: Market) -> None:
    body = {"reason": "It broke", "amount": usd(400)}
    answers = await asyncio.gather(
        *(market.seller.post(market.at(REFUNDS), json=body, headers=key()) for _ in range(TWINS))
    )
    assert sorted(answer.status_code for answer in answers) == [201, 201] + [400] * (TWINS - 2)
    assert (await market.kareem.get(market.at(ORDER))).json()["data"]["refunded"] == usd(800)


async def test_checkouts_of_one_cart_from_many_tabs_are_one_order_and_one_charge(
    market: Market, count_rows: Counted
) -> None:
    before = (await count_rows())["store.orders"]
    answers = await asyncio.gather(
        *(market.kareem.post(f"{API}/checkout", json=checkout(), headers=key()) for _ in range(TWINS))
    )
    made = [answer.json()["data"]["id"] for answer in answers if answer.status_code == 201]
    assert len(set(made)) == 1
    for answer in answers:
        if answer.status_code != 201:
            refused(answer, 409)
    assert (await count_rows())["store.orders"] == before + 1
    assert len(await market.shop.charges(made[0])) == 1


async def test_an_import_with_one_key_is_one_import(market: Market, count_rows: Counted) -> None:
    headers = CSV | key()
    table = b"Title,Variant Price\nBowl,5\n"
    answers = await asyncio.gather(
        *(market.seller.post(f"{API}/products/imports", content=table, headers=headers) for _ in range(4))
    )
    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.content for answer in answers}) == 1
    assert (await count_rows())["store.imports"] == 2
    other = await market.seller.post(f"{API}/products/imports", content=table + b"Jug,5\n", headers=headers)
    refused(other, 422, "http.idempotency_key_reused")


async def test_a_refused_request_to_the_shop_leaves_its_key_free(market: Market) -> None:
    once = key()
    refused(
        await market.kareem.post(f"{API}/checkout", json=checkout(expected_total=usd(5)), headers=once), 409
    )
    answer = await market.kareem.post(f"{API}/checkout", json=checkout(), headers=once)
    assert answer.status_code == 201, answer.text
    once = key()
    refused(await market.seller.post(f"{API}/products", json={"title": ""}, headers=once), 400)
    assert (
        await market.seller.post(f"{API}/products", json={"title": "Cup"}, headers=once)
    ).status_code == 201


async def test_one_key_of_two_people_is_two_requests(market: Market) -> None:
    once = key()
    assert (
        await market.bob.put(market.at("/cart/lines/{variant_id}"), json={"quantity": 1})
    ).status_code == 200
    answers = [
        await client.post(f"{API}/checkout", json=checkout(), headers=once)
        for client in (market.kareem, market.bob)
    ]
    assert [answer.status_code for answer in answers] == [201, 201]
    assert len({answer.json()["data"]["id"] for answer in answers}) == 2


# Lists


@pytest.mark.parametrize(
    ("sort", "expected"),
    [
        ("price", ["A", "B", "C", "D", "E", "Mug"]),
        ("-price", ["Mug", "E", "D", "C", "B", "A"]),
        ("title", ["A", "B", "C", "D", "E", "Mug"]),
        ("-created_at", ["E", "D", "C", "B", "A", "Mug"]),
    ],
)
async def test_pages_of_products_neither_repeat_nor_miss_in_any_order(
    market: Market, sort: str, expected: list[str]
) -> None:
    for number, title in enumerate("ABCDE"):
        variants = [{"price": usd(100 + number // 2)}]  # some cost the same
        await market.make("/products", {"title": title, "status": "active", "variants": variants})
    seen: list[str] = []
    path = f"{API}/products?limit=2&sort={sort}"
    cursor: str | None = ""
    while cursor is not None:
        page = (await market.visitor.get(path + (f"&cursor={cursor}" if cursor else ""))).json()
        assert set(page["pagination"]) == {"per_page", "has_next", "next_cursor"}
        seen += [each["title"] for each in page["data"]]
        cursor = page["pagination"]["next_cursor"]
        assert page["pagination"]["has_next"] is (cursor is not None)
    if "price" in sort:
        assert sorted(seen) == sorted(expected)
        assert (seen[-1] if sort == "price" else seen[0]) == "Mug"
    else:
        assert seen == expected


async def test_a_cursor_of_the_shop_is_good_for_its_own_list_only(market: Market) -> None:
    for title in ("A", "B", "C"):
        await market.make("/products", {"title": title, "status": "active", "variants": [{"price": usd(5)}]})
    await market.buy()
    products = await _cursor(market.visitor, "/products?limit=1&sort=title")
    orders = await _cursor(market.kareem, "/orders?limit=1")
    for client, path, cursor in (
        (market.visitor, "/products?sort=price", products),
        (market.visitor, "/products?sort=title&tag=tea", products),
        (market.kareem, "/orders", products),
        (market.visitor, "/products?sort=title", orders),
        (market.bob, "/orders", orders),
        (market.kareem, "/orders?status=paid", orders),
        (market.seller, "/orders?scope=shop", orders),
    ):
        joint = "&" if "?" in path else "?"
        refused(await client.get(f"{API}{path}{joint}cursor={cursor}"), 400, "http.invalid_cursor")
    for forged in (products[:-1], products + "A", products.swapcase()):
        answer = await market.visitor.get(f"{API}/products?limit=1&sort=title&cursor={forged}")
        refused(answer, 400, "http.invalid_cursor")


async def _cursor(client: httpx.AsyncClient, path: str) -> str:
    cursor: str = (await client.get(API + path)).json()["pagination"]["next_cursor"]
    return cursor


# Whose it is


MANAGING = [
    ("POST", "/products", {"title": "Pot"}),
    ("PATCH", "/products/{product_id}", {"title": "Pot"}),
    ("DELETE", "/products/{product_id}", None),
    ("POST", "/products/{product_id}/variants", {"price": usd(5)}),
    ("PATCH", "/variants/{variant_id}", {"price": usd(5)}),
    ("DELETE", "/variants/{variant_id}", None),
    ("PUT", "/variants/{variant_id}/stock", {"on_hand": 5}),
    ("GET", "/variants/{variant_id}/stock/movements", None),
    ("GET", "/stock/low", None),
    ("POST", "/categories", {"name": "Pots"}),
    ("PATCH", "/categories/{category_id}", {"name": "Pots"}),
    ("DELETE", "/categories/{category_id}", None),
    ("POST", "/products/imports", {}),
    ("GET", "/products/imports", None),
    ("GET", "/products/imports/{import_id}", None),
    ("POST", "/coupons", {"code": "MINE", "basis_points": 10_000}),
    ("GET", "/coupons", None),
    ("GET", "/coupons/{coupon_id}", None),
    ("PATCH", "/coupons/{coupon_id}", {"basis_points": 10_000}),
    ("DELETE", "/coupons/{coupon_id}", None),
    ("POST", "/gift-cards", {"amount": usd(1_000_000)}),
    ("GET", "/gift-cards", None),
    ("GET", "/gift-cards/{card_id}", None),
    ("PUT", "/gift-cards/{card_id}/void", None),
    ("PUT", "/shop", {"currency": "USD"}),
    ("GET", "/orders?scope=shop", None),
    ("PUT", "/orders/{order_id}/fulfilment", None),
    ("POST", REFUNDS, {"reason": "Mine"}),
    ("GET", "/payments/ledger", None),
    ("GET", "/payments/ledger/balances", None),
    ("GET", "/payments/reconciliations", None),
    ("GET", "/payments/discrepancies", None),
    ("PUT", "/payments/discrepancies/{order_id}/settlement", {"note": "Mine"}),
]


async def test_only_who_manages_the_store_manages_it(market: Market, count_rows: Counted) -> None:
    before = await count_rows()
    for method, path, body in MANAGING:
        for who, statuses in (("visitor", {401}), ("kareem", {403}), ("bob", {403, 404})):
            answer = await market.who(who).request(method, market.at(path), json=body, headers=key())
            assert answer.status_code in statuses, (who, method, path, answer.text)
            refused(answer, answer.status_code)
    for who in ("seller", "kareem"):
        refused(await market.who(who).get(f"{API}/payments/ledger"), 403)
    assert await count_rows() == before


async def test_the_order_of_another_does_not_exist(market: Market, count_rows: Counted) -> None:
    before = await count_rows()
    for method, path, body in (
        ("GET", ORDER, None),
        ("GET", REFUNDS, None),
        ("GET", f"{ORDER}/stream", None),
        ("PUT", f"{ORDER}/cancellation", {"reason": "Mine"}),
    ):
        refused(await market.bob.request(method, market.at(path), json=body), 404, "store.order_missing")
        refused(await market.visitor.request(method, market.at(path), json=body), 401)
    refused(await market.bob.get(market.at("/users/{user_id}/orders")), 403)
    refused(await market.bob.get(f"{API}/orders?buyer=kareem"), 403)
    assert (await market.bob.get(f"{API}/orders")).json()["data"] == []
    assert (await market.bob.get(f"{API}/cart")).json()["data"]["lines"] == []
    assert await count_rows() == before


async def test_what_another_community_has_does_not_exist(
    market: Market,
    paying_app: Front,
    paying_runtime: Runtime,
    other_tenant: Tenant,
    sandbox: SandboxServer,
    count_rows: Counted,
) -> None:
    before = await count_rows()
    async with market_of(paying_app, paying_runtime, other_tenant, sandbox) as other:
        for method, path, body in MANAGING:
            if "{" not in path:
                continue
            address = other.operator if "payments" in path else other.seller
            answer = await address.request(method, market.at(path), json=body, headers=key())
            refused(answer, 404)
        for path in ("/products/{product_id}", "/variants/{variant_id}", "/categories/{category_id}"):
            refused(await other.visitor.get(market.at(path)), 404)
        refused(await other.kareem.put(market.at("/cart/lines/{variant_id}"), json={"quantity": 1}), 404)
        refused(await other.kareem.get(market.at(ORDER)), 404)
        refused(await other.seller.get(market.at("/users/{user_id}/orders")), 404)
    assert await count_rows() == before
