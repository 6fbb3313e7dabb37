"""Whatever is wrong with a request to the shop: the documented status, the field by name, nothing written."""

import hmac
import time
from collections.abc import AsyncIterator, Callable
from hashlib import sha256
from typing import Any, TypeAlias

import asyncpg
import pytest

from tests.conftest import new_tenant
from tests.modules.payments.test_webhooks import SECRET
from tests.sandbox.server import SandboxServer
from tests.wire.conftest import counter_of, market_of
from tests.wire.market import API, CSV, Market, checkout, key, usd
from tests.wire.test_bad_input import refused
from threadly.platform.http.front import Front
from threadly.platform.runtime import Runtime

Owner: TypeAlias = "asyncpg.Connection[asyncpg.Record]"

PRODUCTS, VARIANT, STOCK = "/products", "/variants/{variant_id}", "/variants/{variant_id}/stock"
LINE = "/cart/lines/{variant_id}"
REFUNDS, CANCELLATION = "/orders/{order_id}/refunds", "/orders/{order_id}/cancellation"
NOBODY = "638a2fff-69f4-4101-80bb-63742055f050"
FORGOTTEN = "2001-01-01T00:00:00Z"


@pytest.fixture(scope="module")
async def market(
    paying_app: Front, paying_runtime: Runtime, owner: Owner, sandbox: SandboxServer
) -> AsyncIterator[Market]:
    """One for all tests here, which change nothing in it."""
    async with market_of(paying_app, paying_runtime, await new_tenant(owner), sandbox) as market:
        yield market


@pytest.fixture(autouse=True)
async def nothing_is_written(market: Market, owner: Owner) -> AsyncIterator[None]:
    count_rows = counter_of(owner, market.tenant)
    before = await count_rows(), await _contents(owner, market)
    assert before[0]["store.orders"] == 1
    yield
    assert (await count_rows(), await _contents(owner, market)) == before


async def _contents(owner: Owner, market: Market) -> dict[str, str]:
    """What the shop and its books say, by table: no number in them moves either."""
    tables = await owner.fetch(
        "SELECT table_schema || '.' || table_name FROM information_schema.columns"
        " JOIN information_schema.tables USING (table_schema, table_name) WHERE column_name = 'tenant_id'"
        " AND table_type = 'BASE TABLE' AND table_schema IN ('store', 'payments') ORDER BY 1"
    )
    asked = " UNION ALL ".join(
        f"SELECT '{name}', md5(string_agg(t::text, '' ORDER BY t::text)) FROM {name} t WHERE tenant_id = $1"
        for (name,) in tables
    )
    return dict(map(tuple, await owner.fetch(asked, market.tenant.id)))


def product(**changes: Any) -> dict[str, Any]:
    return {"title": "Pot"} | changes


def sold(**changes: Any) -> dict[str, Any]:
    """A product with a variant of which something is wrong."""
    return product(variants=[{"price": usd(500)} | changes])


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "title"),
        (product(title=None), "title"),
        (product(title=""), "title"),
        (product(title=" \t"), "title"),
        (product(title="x" * 1_000), "title"),
        (product(title="NUL \x00"), "title"),
        (product(handle="../etc/passwd"), "handle"),
        (product(handle="x" * 1_000), "handle"),
        (product(status="sold"), "status"),
        (product(description="x" * 500_000), "description"),
        (product(vendor="x" * 1_000), "vendor"),
        (product(category="nowhere"), "category"),
        (product(category=7), "category"),
        (product(tags="tea"), "tags"),
        (product(tags=[f"tag {number}" for number in range(300)]), "tags"),
        (product(tags=["x" * 1_000]), "tags"),
        (product(attributes={"Leaf": None}), "attributes"),
        (product(attributes={"Leaf": {"a": 1}}), "attributes"),
        (product(options=["A", "B", "C", "D"]), "options"),
        (product(options=["A", "A"]), "options"),
        (product(image_url="javascript:alert(1)"), "image_url"),
        (product(image_url="//evil.example/a.png"), "image_url"),
        (product(seller_id=NOBODY), "seller_id"),
        (product(variants={}), "variants"),
        (sold(price=5), "variants"),
        (sold(price={"amount_minor": 5}), "variants"),
        (sold(price=usd(-1)), "variants"),
        (sold(price=usd(1.5)), "variants"),
        (sold(price=usd("five")), "variants"),
        (sold(price=usd(True)), "variants"),
        (sold(price=usd(10**13)), "variants"),
        (sold(price=usd(10**40)), "variants"),
        (sold(price={"amount_minor": 500, "currency": "EUR"}), "variants"),
        (sold(price={"amount_minor": 500, "currency": "usd"}), "variants"),
        (sold(price={"amount_minor": 500, "currency": "XXX"}), "variants"),
        (sold(compare_at={"amount_minor": 500, "currency": "EUR"}), "variants"),
        (sold(on_hand=-1), "variants"),
        (sold(on_hand=10**12), "variants"),
        (sold(sku="x" * 1_000), "variants"),
        (sold(grams=-1), "variants"),
        (sold(option_values=["S"]), "variants"),
        (sold(tracked="yes"), "variants"),
        (sold(reserved=5), "variants"),
    ],
    ids=lambda value: repr(value)[:60],
)
async def test_a_product_with_a_bad_field_is_refused_beside_that_field(
    market: Market, body: dict[str, Any], field: str
) -> None:
    _names(refused(await market.seller.post(f"{API}/products", json=body), 400), field)


@pytest.mark.parametrize(
    ("method", "path", "body", "field"),
    [
        ("PATCH", "/products/{product_id}", {"title": ""}, "title"),
        ("PATCH", "/products/{product_id}", {"status": "gone"}, "status"),
        ("PATCH", "/products/{product_id}", {"handle": None}, "handle"),
        ("PATCH", "/products/{product_id}", {"price": usd(5)}, "price"),
        ("POST", "/products/{product_id}/variants", {}, "price"),
        ("POST", "/products/{product_id}/variants", {"price": usd(-5)}, "price"),
        ("PATCH", VARIANT, {"price": None}, "price"),
        ("PATCH", VARIANT, {"price": {"amount_minor": 5, "currency": "EUR"}}, "price"),
        ("PATCH", VARIANT, {"position": -1}, "position"),
        ("PATCH", VARIANT, {"on_hand": 5}, "on_hand"),
        ("PATCH", VARIANT, {"barcode": "\x00"}, "barcode"),
        ("PUT", STOCK, {}, "on_hand"),
        ("PUT", STOCK, {"on_hand": None}, "on_hand"),
        ("PUT", STOCK, {"on_hand": -1}, "on_hand"),
        ("PUT", STOCK, {"on_hand": "many"}, "on_hand"),
        ("PUT", STOCK, {"on_hand": 7.5}, "on_hand"),
        ("PUT", STOCK, {"on_hand": 10**30}, "on_hand"),
        ("POST", "/categories", {"name": ""}, "name"),
        ("POST", "/categories", {"name": "A", "slug": "a b"}, "slug"),
        ("POST", "/categories", {"name": "A", "position": -1}, "position"),
        ("POST", "/categories", {"name": "A", "attributes": {"x": {"type": "date"}}}, "attributes"),
        ("POST", "/categories", {"name": "A", "attributes": {"x": {"type": "choice"}}}, "attributes"),
        ("PATCH", "/categories/{category_id}", {"name": "\u200b"}, "name"),
        ("POST", "/coupons", {"code": "NEW"}, None),
        ("POST", "/coupons", {"code": "NEW", "basis_points": 100, "amount": usd(5)}, None),
        ("POST", "/coupons", {"code": "NEW", "basis_points": 0}, "basis_points"),
        ("POST", "/coupons", {"code": "NEW", "basis_points": 10_001}, "basis_points"),
        ("POST", "/coupons", {"code": "NEW", "amount": usd(0)}, "amount"),
        ("POST", "/coupons", {"code": "NEW", "amount": {"amount_minor": 5, "currency": "EUR"}}, "amount"),
        ("POST", "/coupons", {"code": "", "basis_points": 100}, "code"),
        ("POST", "/coupons", {"code": "a b", "basis_points": 100}, "code"),
        ("POST", "/coupons", {"code": "x" * 500, "basis_points": 100}, "code"),
        ("POST", "/coupons", {"code": "NEW", "basis_points": 100, "most_uses": 0}, "most_uses"),
        ("POST", "/coupons", {"code": "NEW", "basis_points": 100, "expires_at": "soon"}, "expires_at"),
        (
            "POST",
            "/coupons",
            {"code": "NEW", "basis_points": 1, "expires_at": "2030-01-01T00:00:00"},
            "expires_at",
        ),
        ("POST", "/coupons", {"code": "NEW", "basis_points": 100, "uses": 5}, "uses"),
        ("PATCH", "/coupons/{coupon_id}", {"code": "OTHER"}, "code"),
        ("PATCH", "/coupons/{coupon_id}", {"amount": usd(5)}, "amount"),
        ("PATCH", "/coupons/{coupon_id}", {"active": None}, "active"),
        ("POST", "/gift-cards", {"amount": usd(0)}, "amount"),
        ("POST", "/gift-cards", {"amount": usd(-500)}, "amount"),
        ("POST", "/gift-cards", {"amount": {"amount_minor": 5, "currency": "EUR"}}, "amount"),
        ("POST", "/gift-cards", {"amount": usd(5), "note": "x" * 10_000}, "note"),
        ("POST", "/gift-cards", {"amount": usd(5), "expires_at": FORGOTTEN}, "expires_at"),
        ("POST", "/gift-cards", {"amount": usd(5), "code": "MINE"}, "code"),
        ("POST", "/gift-cards/balance", {"code": 7}, "code"),
        ("PUT", "/shop", {"currency": "usd"}, "currency"),
        ("PUT", "/shop", {"currency": "BTC"}, "currency"),
        ("PUT", "/shop", {"taxes": {"rates": [{"country": "US", "name": "", "basis_points": 1}]}}, "taxes"),
        ("PUT", "/shop", {"taxes": {"rates": [{"country": "USA", "name": "T", "basis_points": 1}]}}, "taxes"),
        ("PUT", "/shop", {"taxes": {"rates": [{"country": "US", "name": "T", "basis_points": -1}]}}, "taxes"),
        ("PUT", "/shop", {"shipping": [{"country": "US", "amount_minor": -1}]}, "shipping"),
        ("PUT", "/shop", {"shipping": [{"country": "nowhere", "amount_minor": 1}]}, "shipping"),
        ("PUT", "/shop", {"shipping": [{"country": "*", "amount_minor": 1}] * 2}, "shipping"),
        ("PUT", CANCELLATION, {"reason": "x" * 2_000}, "reason"),
        ("PUT", CANCELLATION, {"reason": "\x00"}, "reason"),
        ("PUT", CANCELLATION, {"reason": "Why", "refund": True}, "refund"),
    ],
    ids=lambda value: repr(value)[:60],
)
async def test_what_the_seller_sends_is_refused_beside_the_field_that_is_wrong(
    market: Market, method: str, path: str, body: dict[str, Any], field: str | None
) -> None:
    error = refused(await market.seller.request(method, market.at(path), json=body), 400)
    if field:
        _names(error, field)


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "code"),
    [
        ("POST", "/categories", {"name": "Other", "slug": "tea"}, 409, "store.slug_taken"),
        ("POST", "/products", {"title": "Other", "handle": "mug"}, 409, "store.handle_taken"),
        ("POST", "/products/{product_id}/variants", {"price": usd(5)}, 409, "store.options_taken"),
        ("PATCH", "/categories/{category_id}", {"slug": "tea", "position": 10**9}, 400, None),
        ("POST", "/coupons", {"code": "welcome", "basis_points": 5}, 409, "store.coupon_code_taken"),
        ("PUT", "/shop", {"currency": "EUR"}, 409, "store.currency_fixed"),
        ("DELETE", VARIANT, None, 409, "store.last_variant"),
        ("POST", "/gift-cards/balance", {"code": "0000-0000"}, 404, "store.gift_card_unknown"),
    ],
    ids=lambda value: repr(value)[:60],
)
async def test_what_contradicts_what_is_there_is_refused_with_its_code(
    market: Market, method: str, path: str, body: dict[str, Any] | None, status: int, code: str | None
) -> None:
    refused(await market.seller.request(method, market.at(path), json=body), status, code)


@pytest.mark.parametrize(
    ("content", "headers", "status", "code"),
    [
        (b"", CSV, 400, "store.import_unreadable"),
        (b"Handle\n", CSV, 400, "store.import_unreadable"),
        (b"PK\x03\x04\x00\x00", CSV, 400, "store.import_unreadable"),
        (b"\x00" * 1_000, CSV, 400, "store.import_unreadable"),
        (b"{}", {"Content-Type": "application/json"}, 415, "http.unsupported_media_type"),
        (b"", {}, 415, "http.unsupported_media_type"),
        (b"--x--", {"Content-Type": "multipart/form-data; boundary=x"}, 400, "store.import_unreadable"),
        (b"--x--", {"Content-Type": "multipart/form-data"}, 400, None),
        (b"\xff" * 50, {"Content-Type": "multipart/form-data; boundary=x"}, 400, None),
        (b"a" * 33_700_000, CSV, 413, "http.body_too_large"),
    ],
    ids=lambda value: repr(value)[:40],
)
async def test_a_file_that_is_no_table_of_products_is_refused(
    market: Market, content: bytes, headers: dict[str, str], status: int, code: str | None
) -> None:
    answer = await market.seller.post(f"{API}/products/imports", content=content, headers=headers)
    refused(answer, status, code)


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({}, 400, None),
        ({"quantity": None}, 400, None),
        ({"quantity": 0}, 400, "store.quantity_invalid"),
        ({"quantity": -1}, 400, "store.quantity_invalid"),
        ({"quantity": 1_000}, 400, "store.quantity_invalid"),
        ({"quantity": 10**30}, 400, None),
        ({"quantity": 1.5}, 400, None),
        ({"quantity": "two"}, 400, None),
        ({"quantity": True}, 400, None),
        ({"quantity": 500}, 409, "store.not_enough_stock"),
        ({"quantity": 1, "price": usd(1)}, 400, None),
    ],
    ids=repr,
)
async def test_a_quantity_that_cannot_be_had_is_refused(
    market: Market, body: dict[str, Any], status: int, code: str | None
) -> None:
    refused(await market.kareem.put(market.at(LINE), json=body), status, code)


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("PUT", f"/cart/lines/{NOBODY}", 404, "store.variant_missing"),
        ("PUT", "/cart/lines/nothing", 404, "store.variant_missing"),
        ("PUT", "/cart/lines/%00", 400, None),
        ("DELETE", "/cart/lines/nothing", 404, "store.variant_missing"),
        ("PUT", "/cart/coupons/NONE", 404, "store.coupon_unknown"),
        ("PUT", f"/cart/coupons/{'x' * 3_000}", 404, "store.coupon_unknown"),
        ("PUT", "/cart/coupons/%F0%9F%98%80", 404, "store.coupon_unknown"),
        ("GET", "/cart?country=Egypt", 400, None),
        ("GET", "/cart?country=XX", 400, None),
        ("GET", "/cart?region=Cairo", 400, None),
        ("GET", "/cart?gift_card=1", 400, None),
        ("POST", "/cart", 405, None),
    ],
)
async def test_what_is_not_there_cannot_be_put_into_a_cart(
    market: Market, method: str, path: str, status: int, code: str | None
) -> None:
    body = {"quantity": 1} if "lines" in path and method == "PUT" else None
    for client in (market.kareem, market.visitor):
        answer = await client.request(method, API + path, json=body)
        if client is market.kareem or method == "GET":
            refused(answer, status, code)
        else:
            assert 400 <= answer.status_code < 500, answer.text


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "address"),
        (checkout(address=None), "address"),
        (checkout(address={}), "address"),
        (checkout(address=checkout()["address"] | {"country": "Egypt"}), "address"),
        (checkout(address=checkout()["address"] | {"name": ""}), "address"),
        (checkout(address=checkout()["address"] | {"city": "Cairo\x00"}), "address"),
        (checkout(address=checkout()["address"] | {"line1": "x" * 1_000}), "address"),
        (checkout(address=checkout()["address"] | {"planet": "Earth"}), "address"),
        (checkout(expected_total=1_000), "expected_total"),
        (checkout(expected_total=usd(10.5)), "expected_total"),
        (checkout(expected_total={"amount_minor": 1_000, "currency": "$"}), "expected_total"),
        (checkout(methods="card"), "methods"),
        (checkout(methods=[{"provider": "bank", "token": "tok"}]), "methods"),
        (checkout(methods=[{"provider": "sandbox"}]), "methods"),
        (checkout(methods=[{"provider": "sandbox", "token": ""}]), "methods"),
        (checkout(methods=[{"provider": "sandbox", "token": "x" * 10_000}]), "methods"),
        (checkout(methods=checkout()["methods"] * 6), "methods"),
        (checkout(email="nobody"), "email"),
        (checkout(email="a@b\r\nBcc: c@d"), "email"),
        (checkout(phone="call me"), "phone"),
        (checkout(note="\x00"), "note"),
        (checkout(note="x" * 5_000), "note"),
        (checkout(gift_cards=["x"] * 6), "gift_cards"),
        (checkout(gift_cards=["0000-0000-0000-0000"]), "expected_due"),
        (checkout(gift_cards=["x" * 100]), "gift_cards"),
        (checkout(lines=[]), "lines"),
        (checkout(state="paid"), "state"),
    ],
    ids=lambda value: repr(value)[-60:],
)
async def test_a_checkout_with_a_bad_field_is_refused_beside_that_field(
    market: Market, body: dict[str, Any], field: str
) -> None:
    answer = await market.kareem.post(f"{API}/checkout", json=body, headers=key())
    _names(refused(answer, 400), field)


@pytest.mark.parametrize(
    ("who", "body", "status", "code"),
    [
        ("kareem", checkout(expected_total=usd(999)), 409, "store.cart_changed"),
        ("kareem", checkout(expected_total=usd(-1_000)), 409, "store.cart_changed"),
        ("kareem", checkout(expected_total=usd(10**12)), 409, "store.cart_changed"),
        ("kareem", checkout(expected_due=usd(1)), 409, "store.cart_changed"),
        ("kareem", checkout(methods=[]), 400, "store.method_missing"),
        (
            "kareem",
            checkout(gift_cards=["0000-0000-0000-0000"], expected_due=usd(0)),
            404,
            "store.gift_card_unknown",
        ),
        ("bob", checkout(), 409, "store.cart_empty"),
        ("seller", checkout(), 409, "store.cart_empty"),
        ("visitor", checkout(), 401, None),
    ],
    ids=lambda value: repr(value)[-60:],
)
async def test_what_cannot_be_bought_leaves_everything_as_it_was(
    market: Market, who: str, body: dict[str, Any], status: int, code: str | None
) -> None:
    answer = await market.who(who).post(f"{API}/checkout", json=body, headers=key())
    refused(answer, status, code)


@pytest.mark.parametrize(
    ("body", "status", "says"),
    [
        ({}, 400, "reason"),
        ({"reason": ""}, 400, "reason"),
        ({"reason": "x" * 1_000}, 400, "reason"),
        ({"reason": "bell \x07"}, 400, "reason"),
        ({"reason": "Broke", "amount": usd(0)}, 400, "store.amount_invalid"),
        ({"reason": "Broke", "amount": usd(-5)}, 400, None),
        ({"reason": "Broke", "amount": {"amount_minor": 5, "currency": "EUR"}}, 400, "store.amount_invalid"),
        ({"reason": "Broke", "amount": usd(1_001)}, 400, "store.refund_above_rest"),
        ({"reason": "Broke", "amount": usd(10**15)}, 400, None),
        ({"reason": "Broke", "lines": [{"line": 0, "quantity": 1}]}, 400, "lines"),
        ({"reason": "Broke", "lines": [{"line": 1, "quantity": 0}]}, 400, "lines"),
        ({"reason": "Broke", "lines": [{"line": 1, "quantity": 2}]}, 400, "store.refund_line_unknown"),
        ({"reason": "Broke", "lines": [{"line": 1, "quantity": 10**30}]}, 400, None),
        ({"reason": "Broke", "lines": [{"line": 9, "quantity": 1}]}, 400, "store.refund_line_unknown"),
        ({"reason": "Broke", "lines": [{"line": 1, "quantity": 1}] * 2}, 400, "store.refund_line_unknown"),
        ({"reason": "Broke", "amount": usd(5), "restock": True}, 400, "store.restock_needs_lines"),
        ({"reason": "Broke", "to": "me"}, 400, "to"),
    ],
    ids=lambda value: repr(value)[:70],
)
async def test_a_refund_that_cannot_be_made_moves_nothing(
    market: Market, body: dict[str, Any], status: int, says: str | None
) -> None:
    error = refused(await market.seller.post(market.at(REFUNDS), json=body, headers=key()), status)
    if says and "." in says:
        assert error["code"] == says, error
    elif says:
        _names(error, says)


@pytest.mark.parametrize("path", ["/checkout", REFUNDS])
async def test_where_money_moves_a_key_is_needed(market: Market, path: str) -> None:
    body = checkout() if path == "/checkout" else {"reason": "Broke"}
    client = market.kareem if path == "/checkout" else market.seller
    refused(await client.post(market.at(path), json=body), 400, "http.idempotency_key_missing")
    for wrong in ("", "a b", "x" * 256):
        answer = await client.post(market.at(path), json=body, headers={"Idempotency-Key": wrong})
        refused(answer, 400)


# What is asked for


LISTS = {
    "/products": "visitor",
    "/products/imports": "seller",
    "/variants/{variant_id}/stock/movements": "seller",
    "/stock/low": "seller",
    "/coupons": "seller",
    "/gift-cards": "seller",
    "/orders": "kareem",
    "/orders?scope=shop": "seller",
    "/users/{user_id}/orders": "seller",
    REFUNDS: "kareem",
    "/payments/ledger": "operator",
    "/payments/reconciliations": "operator",
    "/payments/discrepancies": "operator",
}


@pytest.mark.parametrize(("path", "who"), LISTS.items())
async def test_a_list_takes_only_what_is_documented(market: Market, path: str, who: str) -> None:
    client, address = market.who(who), market.at(path)
    joint = "&" if "?" in address else "?"
    assert (await client.get(address)).status_code == 200
    for wrong in (
        *("limit=0", "limit=101", "limit=-1", "limit=abc", "limit=1e3", "limit=", f"limit={'9' * 400}"),
        *("limit=1&limit=200", "page=2", "offset=5", "__proto__=1", "fields=", "fields=id,password_hash"),
        *("cursor=AAAA", "cursor=%FF%FE", "cursor=%00", f"cursor={'A' * 5_000}", "cursor=%27%20OR%201=1--"),
        *("sort=random()", "count=maybe"),
    ):
        answer = await client.get(f"{address}{joint}{wrong}")
        assert answer.status_code == 400, (wrong, answer.text)
        refused(answer, 400)


@pytest.mark.parametrize(
    ("who", "path", "status"),
    [
        ("visitor", "/products?status=sold", 400),
        ("visitor", "/products?status=draft", 401),
        ("kareem", "/products?status=archived", 403),
        ("visitor", "/products?min_price=-1", 400),
        ("visitor", f"/products?max_price={10**30}", 400),
        ("visitor", "/products?min_price=1.5", 400),
        ("visitor", "/products?available=perhaps", 400),
        ("visitor", "/products?sort=relevance", 400),
        ("visitor", f"/products?q={'x' * 1_000}", 400),
        ("visitor", f"/products?category={'x' * 1_000}", 400),
        ("visitor", "/products?tag=%FF", 400),
        ("visitor", "/products/nothing", 404),
        ("visitor", f"/products/{NOBODY}", 404),
        ("visitor", "/products/%00", 400),
        ("visitor", "/products/..%2f..%2fetc", 404),
        ("visitor", f"/products/{'x' * 4_000}", 404),
        ("visitor", "/products/mug'--", 404),
        ("visitor", "/variants/nothing", 404),
        ("visitor", "/categories/nothing", 404),
        ("visitor", "/categories?limit=5", 400),
        ("visitor", "/shop?verbose=1", 400),
        ("seller", "/coupons/nothing", 404),
        ("seller", "/coupons?active=perhaps", 400),
        ("seller", "/gift-cards/nothing", 404),
        ("seller", "/products/imports/nothing", 404),
        ("seller", "/stock/low?at_most=-1", 400),
        ("seller", "/stock/low?at_most=x", 400),
        ("kareem", "/orders/nothing", 404),
        ("kareem", f"/orders/{NOBODY}", 404),
        ("kareem", "/orders/nothing/stream", 404),
        ("kareem", f"/orders/{NOBODY}/refunds", 404),
        ("kareem", "/orders?status=lost", 400),
        ("kareem", "/orders?scope=everybody", 400),
        ("kareem", f"/orders?buyer={'x' * 100}", 400),
        ("seller", "/orders?buyer=nobody", 404),
        ("seller", "/users/nobody/orders", 404),
        ("operator", "/payments/ledger?reference=abc", 400),
        ("operator", "/payments/discrepancies?settled=perhaps", 400),
        ("operator", "/payments/ledger/balances?limit=5", 400),
    ],
)
async def test_a_bad_address_in_the_shop_is_refused(market: Market, who: str, path: str, status: int) -> None:
    refused(await market.who(who).get(API + path), status)


@pytest.mark.parametrize(
    ("path", "note", "status"),
    [("{order_id}", "Seen", 404), ("nothing", "Seen", 404), ("%00", "Seen", 400), ("{order_id}", None, 400)],
)
async def test_a_difference_that_there_is_not_cannot_be_settled(
    market: Market, path: str, note: str | None, status: int
) -> None:
    address = market.at(f"/payments/discrepancies/{path}/settlement")
    refused(await market.operator.put(address, json={"note": note}), status)


# What providers send


def signed(body: bytes, *, secret: str = SECRET, at: float | None = None) -> dict[str, str]:
    moment = int(time.time() if at is None else at)
    mark = hmac.new(secret.encode(), b"%d." % moment + body, sha256).hexdigest()
    return {"Sandbox-Signature": f"t={moment},v1={mark}", "Content-Type": "application/json"}


EVENT = b'{"id": "evt_1", "kind": "charge.succeeded", "created_at": "2026-01-01T00:00:00Z", "data": {}}'


# What is signed is signed when the test runs: a signature that is refused shall not be refused for its age.
@pytest.mark.parametrize(
    ("path", "body", "sign", "statuses"),
    [
        ("/webhooks/sandbox", EVENT, dict, {400, 401, 403}),
        ("/webhooks/sandbox", EVENT, lambda: {"Sandbox-Signature": "t=1,v1="}, {400, 401, 403}),
        ("/webhooks/sandbox", EVENT, lambda: {"Sandbox-Signature": "ÿ" * 10}, {400, 401, 403}),
        ("/webhooks/sandbox", EVENT, lambda: signed(EVENT, secret="another"), {400, 401, 403}),
        ("/webhooks/sandbox", EVENT, lambda: signed(EVENT, at=0), {400, 401, 403}),
        ("/webhooks/sandbox", EVENT + b" ", lambda: signed(EVENT), {400, 401, 403}),
        ("/webhooks/stripe", EVENT, lambda: signed(EVENT), {404}),
        ("/webhooks/..%2fsandbox", EVENT, lambda: signed(EVENT), {404}),
        ("/webhooks/sandbox", b"x" * 300_000, lambda: signed(b"x" * 300_000), {413}),
    ],
    ids=lambda value: "signature" if callable(value) else repr(value)[:50],
)
async def test_what_no_provider_signed_is_not_kept(
    market: Market, path: str, body: bytes, sign: Callable[[], dict[str, str]], statuses: set[int]
) -> None:
    encoded = [(name.encode(), value.encode("latin-1")) for name, value in sign().items()]
    answer = await market.visitor.post(path, content=body, headers=encoded)
    assert answer.status_code in statuses, answer.text
    refused(answer, answer.status_code)
    assert (await market.visitor.get("/webhooks/sandbox")).status_code == 405


def _names(error: dict[str, Any], field: str) -> None:
    named = {error.get("field")} | {detail["field"] for detail in error.get("details", [])}
    assert any(name and name.startswith(field) for name in named), error
