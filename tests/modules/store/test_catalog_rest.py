"""The Products, Categories and Stock parts of the API, over HTTP"""

from collections.abc import AsyncIterator
from functools import partial
from typing import Any

import httpx
import pytest

from tests.cast import Visit
from tests.conftest import Statements
from tests.modules.store.goods import Owner, category, empty_order, only, product, variant
from tests.modules.store.people import Token
from tests.modules.store.test_stock import reserve
from tests.wire.test_bad_input import refused
from threadly.modules import store
from threadly.modules.store.verbs import stock
from threadly.platform.ids import new_id
from threadly.platform.work import Tenant

API = "/api/v1"
PRICE = {"amount_minor": 1_999, "currency": "USD"}
POT = {"title": "Pot", "status": "active", "variants": [{"price": PRICE, "on_hand": 3}]}
SUMMARY_FIELDS = {
    *("id", "handle", "title", "vendor", "category", "tags", "status", "image_url", "image_alt", "price"),
    *("highest_price", "available", "created_at", "updated_at"),
}


@pytest.fixture
async def as_ada(ada: Visit, token: Token) -> dict[str, str]:
    return await token(ada)


@pytest.fixture
async def as_kareem(kareem: Visit, token: Token) -> dict[str, str]:
    return await token(kareem)


async def test_a_product_goes_in_and_comes_out(client: httpx.AsyncClient, as_ada: dict[str, str]) -> None:
    made = await client.post(f"{API}/products", json=POT, headers=as_ada)
    assert made.status_code == 201, made.text
    data = made.json()["data"]
    assert made.headers["Location"] == f"{API}/products/{data['id']}"
    assert data["price"] == PRICE
    for key in (data["id"], data["handle"]):
        mine = await client.get(f"{API}/products/{key}", headers=as_ada)
        assert mine.json() == {"success": True, "data": data}
    public = (await client.get(f"{API}/products/pot")).json()["data"]
    (seen,) = public["variants"]
    assert (seen["left"], seen["on_hand"], seen["reserved"]) == (3, None, None)


async def test_twice_with_one_idempotency_key_is_one_product(
    client: httpx.AsyncClient, as_ada: dict[str, str]
) -> None:
    headers = {**as_ada, "Idempotency-Key": "k1"}
    first, second = [await client.post(f"{API}/products", json=POT, headers=headers) for _ in range(2)]
    assert first.json() == second.json()
    assert second.headers["Idempotent-Replayed"] == "true"
    other = await client.post(f"{API}/products", json=POT | {"title": "Cup"}, headers=headers)
    refused(other, 422)
    assert len((await client.get(f"{API}/products")).json()["data"]) == 1


async def test_a_list_has_its_fields_and_pages(client: httpx.AsyncClient, ada: Visit) -> None:
    for number in range(5):
        await product(ada, f"Pot {number}", variant(100 * number))
    first = (await client.get(f"{API}/products?sort=-price&limit=2")).json()
    assert [each["title"] for each in first["data"]] == ["Pot 4", "Pot 3"]
    assert set(first["data"][0]) == SUMMARY_FIELDS
    cursor = first["pagination"]["next_cursor"]
    second = (await client.get(f"{API}/products?sort=-price&limit=2&cursor={cursor}")).json()
    assert [each["title"] for each in second["data"]] == ["Pot 2", "Pot 1"]
    refused(await client.get(f"{API}/products?sort=price&cursor={cursor}"), 400)
    refused(await client.get(f"{API}/products?sort=-price&available=true&cursor={cursor}"), 400)
    chosen = (await client.get(f"{API}/products?fields=title,price&min_price=200&max_price=300")).json()
    assert [set(each) for each in chosen["data"]] == [{"title", "price"}] * 2


@pytest.mark.parametrize("sort", ["random()", "-title", "", "price;", "created_at", "price,title"])
async def test_an_order_that_there_is_not_is_refused_by_name(client: httpx.AsyncClient, sort: str) -> None:
    error = refused(await client.get(f"{API}/products", params={"sort": sort}), 400)
    assert error["field"] == "sort"
    assert "-created_at" in error["message"]
    refused(await client.get(f"{API}/products?sort=relevance"), 400, "store.search_missing")


async def test_a_change_that_another_overtook_is_refused(
    client: httpx.AsyncClient, as_ada: dict[str, str], ada: Visit
) -> None:
    pot = await product(ada)
    for path, body in (
        (f"{API}/products/{pot.id}", {"vendor": "Acme"}),
        (f"{API}/variants/{only(pot)}", {"price": PRICE | {"amount_minor": 5}}),
    ):
        etag = (await client.get(path, headers=as_ada)).headers["ETag"]
        unchanged = await client.get(path, headers={**as_ada, "If-None-Match": etag})
        assert unchanged.status_code == 304
        headers = {**as_ada, "If-Match": etag}
        changed = await client.patch(path, json=body, headers=headers)
        assert changed.status_code == 200, changed.text
        refused(await client.patch(path, json=body, headers=headers), 412)
        again = {**as_ada, "If-Match": changed.headers["ETag"]}
        assert (await client.patch(path, json=body, headers=again)).status_code == 200


async def test_a_product_is_edited_and_archived_by_its_handle_too(
    client: httpx.AsyncClient, as_ada: dict[str, str], ada: Visit
) -> None:
    await product(ada, "Pot")
    edited = await client.patch(f"{API}/products/pot", json={"title": "Mug"}, headers=as_ada)
    assert edited.json()["data"]["title"] == "Mug"
    for _ in range(2):
        assert (await client.delete(f"{API}/products/pot", headers=as_ada)).status_code == 204
    refused(await client.get(f"{API}/products/pot"), 404, "store.product_missing")
    assert (await client.get(f"{API}/products/pot", headers=as_ada)).json()["data"]["status"] == "archived"


async def test_a_variant_is_added_edited_counted_and_removed(
    client: httpx.AsyncClient, as_ada: dict[str, str], ada: Visit
) -> None:
    pot = await product(ada, "Pot", variant(1_000, "S"), options=["Size"])
    body = {"price": PRICE, "option_values": ["L"], "sku": "L"}
    added = await client.post(f"{API}/products/{pot.id}/variants", json=body, headers=as_ada)
    assert added.status_code == 201, added.text
    address = added.headers["Location"]
    edited = await client.patch(address, json={"sku": None, "compare_at": PRICE}, headers=as_ada)
    assert (edited.json()["data"]["sku"], edited.json()["data"]["compare_at"]) == (None, PRICE)
    counted = await client.put(f"{address}/stock", json={"on_hand": 7}, headers=as_ada)
    assert counted.json()["data"]["on_hand"] == 7
    moved = (await client.get(f"{address}/stock/movements", headers=as_ada)).json()["data"]
    assert [(each["quantity"], each["reason"]) for each in moved] == [(7, "count")]
    low = (await client.get(f"{API}/stock/low?at_most=7", headers=as_ada)).json()["data"]
    assert [each["left"] for each in low] == [7]
    assert (await client.delete(address, headers=as_ada)).status_code == 204
    refused(await client.get(address, headers=as_ada), 404, "store.variant_missing")


async def test_categories_over_http(client: httpx.AsyncClient, as_ada: dict[str, str]) -> None:
    specs = {"Leaf": {"type": "choice", "required": True, "choices": ["black", "green"], "unit": ""}}
    made = await client.post(f"{API}/categories", json={"name": "Tea", "attributes": specs}, headers=as_ada)
    assert made.status_code == 201, made.text
    address = made.headers["Location"]
    assert (await client.get(f"{API}/categories/tea")).json()["data"]["attributes"] == specs
    renamed = await client.patch(address, json={"name": "Teas"}, headers=as_ada)
    assert renamed.status_code == 200
    assert [each["name"] for each in (await client.get(f"{API}/categories")).json()["data"]] == ["Teas"]
    assert (await client.delete(address, headers=as_ada)).status_code == 204
    assert (await client.get(f"{API}/categories")).json()["data"] == []


async def test_what_everybody_sees_is_cached_and_new_at_once_after_a_change(
    client: httpx.AsyncClient,
    ada: Visit,
    kareem: Visit,
    owner: Owner,
    tenant: Tenant,
    statements: Statements,
) -> None:
    tea = await category(ada, "Tea")
    pot = await product(ada, "Pot", variant(on_hand=1), category="tea")

    async def page() -> tuple[Any, list[str]]:
        statements()
        shown = (await client.get(f"{API}/products/pot")).json()["data"]
        return shown, [name for name in statements() if name.startswith("store.")]

    async def grid() -> tuple[Any, list[str]]:
        statements()
        shown = (await client.get(f"{API}/products?category=tea")).json()["data"]
        return shown, [name for name in statements() if name.startswith("store.")]

    for read, most in ((page, 2), (grid, 1)):
        fresh, asked = await read()
        cached, asked_again = await read()
        assert (len(asked), asked_again) == (most, [])
        assert cached == fresh
    edit = store.ProductChange(title="Big pot")
    await ada.write(partial(store.edit_product, product_id=pot.id, change=edit))
    assert ((await page())[0]["title"], (await grid())[0][0]["title"]) == ("Big pot", "Big pot")
    rename = store.CategoryChange(name="Teas")
    await ada.write(partial(store.edit_category, category_id=tea.id, change=rename))
    assert ((await page())[0]["category"]["name"], (await grid())[0][0]["category"]["name"]) == (
        "Teas",
        "Teas",
    )
    price = store.VariantChange(price=pot.price * 2)
    await ada.write(partial(store.edit_variant, variant_id=only(pot), change=price))
    assert (await page())[0]["price"] == (await grid())[0][0]["price"] == {**PRICE, "amount_minor": 3_998}
    order_id = await empty_order(owner, tenant)
    await reserve(kareem, order_id, {only(pot): 1})
    assert ((await page())[0]["variants"][0]["left"], (await grid())[0][0]["available"]) == (0, False)
    await kareem.write(partial(stock.release, order_id=order_id))
    assert ((await page())[0]["variants"][0]["left"], (await grid())[0][0]["available"]) == (1, True)
    await ada.write(partial(store.archive_product, product_id=pot.id))
    refused(await client.get(f"{API}/products/pot"), 404)
    assert (await grid())[0] == []


async def test_who_does_not_manage_the_store_is_told_so(
    client: httpx.AsyncClient, as_kareem: dict[str, str], ada: Visit
) -> None:
    pot = await product(ada)
    hidden = await product(ada, "Hidden", status="draft")
    for method, path, body in (
        ("POST", "/products", POT),
        ("PATCH", f"/products/{pot.handle}", {"title": "x"}),
        ("DELETE", f"/products/{pot.id}", None),
        ("POST", f"/products/{pot.id}/variants", {"price": PRICE}),
        ("PATCH", f"/variants/{only(pot)}", {"price": PRICE}),
        ("DELETE", f"/variants/{only(pot)}", None),
        ("PUT", f"/variants/{only(pot)}/stock", {"on_hand": 1}),
        ("GET", f"/variants/{only(pot)}/stock/movements", None),
        ("GET", "/stock/low", None),
        ("GET", "/products?status=draft", None),
        ("POST", "/categories", {"name": "x"}),
    ):
        refused(await client.request(method, API + path, json=body, headers=as_kareem), 403)
        refused(await client.request(method, API + path, json=body), 401)
    for path in (f"/products/{hidden.id}", f"/products/{hidden.handle}", f"/variants/{only(hidden)}"):
        refused(await client.get(API + path, headers=as_kareem), 404)


class TestBadInput:
    """Whatever is wrong: the documented status, the field, nothing written."""

    @pytest.fixture(autouse=True)
    async def nothing_is_written(self, owner: Owner, tenant: Tenant, ada: Visit) -> AsyncIterator[None]:
        pot = await product(ada, "Existing pot", variant(sku="P-1"))
        tables = ("products", "variants", "categories", "stock_movements")

        async def state() -> list[Any]:
            return [
                await owner.fetch(f"SELECT * FROM store.{table} WHERE tenant_id = $1 ORDER BY id", tenant.id)
                for table in tables
            ]

        before = await state()
        self.pot = pot
        yield
        assert await state() == before

    @pytest.mark.parametrize(
        ("more", "status", "field"),
        [
            ({"title": ""}, 400, "title"),
            ({"title": " \u200b"}, 400, "title"),
            ({"title": "x" * 256}, 400, "title"),
            ({"title": None}, 400, "title"),
            ({"title": "a\u0000"}, 400, "title"),
            ({"handle": "No Handle"}, 400, "handle"),
            ({"handle": "imports"}, 400, "handle"),
            ({"handle": str(new_id())}, 400, "handle"),
            ({"handle": "existing-pot"}, 409, "handle"),
            ({"status": "sold"}, 400, "status"),
            ({"description": "x" * 100_001}, 400, "description"),
            ({"tags": ["x"] * 251}, 400, "tags"),
            ({"tags": "x"}, 400, "tags"),
            ({"attributes": {"x": []}}, 400, "attributes"),
            ({"attributes": {"x": "y" * 501}}, 400, "attributes.x"),
            ({"category": "nothing"}, 400, "category"),
            ({"options": ["a", "b", "c", "d"]}, 400, "options"),
            ({"options": ["a", "a"]}, 400, "options"),
            ({"image_url": "javascript:alert(1)"}, 400, "image_url"),
            ({"seller_id": str(new_id())}, 400, "seller_id"),
            ({"variants": [{}]}, 400, "variants"),
            ({"variants": [{"price": 5}]}, 400, "variants"),
            ({"variants": [{"price": {"amount_minor": 1.5, "currency": "USD"}}]}, 400, "variants"),
            ({"variants": [{"price": {"amount_minor": -1, "currency": "USD"}}]}, 400, "variants[0].price"),
            ({"variants": [{"price": {"amount_minor": 2**62, "currency": "USD"}}]}, 400, "variants[0].price"),
            ({"variants": [{"price": {"amount_minor": 1, "currency": "EUR"}}]}, 400, "variants[0].price"),
            ({"variants": [{"price": {"amount_minor": 1, "currency": "usd"}}]}, 400, "variants"),
            ({"variants": [{"price": PRICE, "on_hand": -1}]}, 400, "variants"),
            ({"variants": [{"price": PRICE, "on_hand": 10**10}]}, 400, "variants"),
            ({"variants": [{"price": PRICE, "grams": -1}]}, 400, "variants"),
            ({"variants": [{"price": PRICE, "reserved": 1}]}, 400, "variants"),
            ({"variants": [{"price": PRICE, "option_values": ["x"]}]}, 400, "variants[0].option_values"),
            ({"variants": [{"price": PRICE}, {"price": PRICE}]}, 400, "variants[1].option_values"),
            ({"variants": [{"price": PRICE, "sku": "P-1"}]}, 409, "sku"),
            ({"variants": []}, 409, None),
        ],
    )
    async def test_of_a_product(
        self,
        client: httpx.AsyncClient,
        as_ada: dict[str, str],
        more: dict[str, Any],
        status: int,
        field: str | None,
    ) -> None:
        error = refused(await client.post(f"{API}/products", json=POT | more, headers=as_ada), status)
        named = {error.get("field")} | {detail["field"] for detail in error.get("details", [])}
        assert field is None or any(name and name.startswith(field) for name in named), error

    @pytest.mark.parametrize(
        ("method", "path", "body", "status"),
        [
            ("PATCH", "/products/{product}", {"title": ""}, 400),
            ("PATCH", "/products/{product}", {"variants": []}, 400),
            ("PATCH", "/products/{product}", {"options": ["Size"]}, 400),
            ("PATCH", "/products/nothing", {"title": "x"}, 404),
            ("PATCH", "/products/00000000-0000-0000-0000-000000000000", {"title": "x"}, 404),
            ("DELETE", "/products/nothing", None, 404),
            ("POST", "/products/{product}/variants", {"price": PRICE}, 409),
            ("POST", "/products/{product}/variants", {"price": PRICE, "option_values": ["S"]}, 400),
            ("PATCH", "/variants/{variant}", {"on_hand": 5}, 400),
            ("PATCH", "/variants/{variant}", {"price": None}, 400),
            ("PATCH", "/variants/1", {"price": PRICE}, 404),
            ("DELETE", "/variants/{variant}", None, 409),
            ("PUT", "/variants/{variant}/stock", {"on_hand": -1}, 400),
            ("PUT", "/variants/{variant}/stock", {"on_hand": "many"}, 400),
            ("PUT", "/variants/{variant}/stock", {}, 400),
            ("PUT", "/variants/' OR 1=1/stock", {"on_hand": 1}, 404),
            ("POST", "/categories", {"name": ""}, 400),
            ("POST", "/categories", {"name": "Tea", "slug": "T e a"}, 400),
            ("POST", "/categories", {"name": "Tea", "attributes": {"x": {"type": "colour"}}}, 400),
            ("POST", "/categories", {"name": "Tea", "attributes": {"x": {"type": "choice"}}}, 400),
            ("POST", "/categories", {"name": "Tea", "position": -1}, 400),
            ("PATCH", "/categories/tea", {"name": "x"}, 404),
            ("GET", "/products?status=sold", None, 400),
            ("GET", "/products?min_price=-1", None, 400),
            ("GET", "/products?min_price=1.5", None, 400),
            ("GET", "/products?max_price=99999999999999999999", None, 400),
            ("GET", "/products?available=perhaps", None, 400),
            ("GET", "/products?colour=red", None, 400),
            ("GET", "/products?cursor=AAAA", None, 400),
            ("GET", "/products?fields=secret", None, 400),
            ("GET", "/products?q=%00", None, 400),
            ("GET", "/products/%2e%2e%2fetc", None, 404),
            ("GET", "/stock/low?at_most=-1", None, 400),
        ],
    )
    async def test_of_what_there_is(
        self,
        client: httpx.AsyncClient,
        as_ada: dict[str, str],
        method: str,
        path: str,
        body: dict[str, Any] | None,
        status: int,
    ) -> None:
        path = path.format(product=self.pot.id, variant=only(self.pot))
        refused(await client.request(method, API + path, json=body, headers=as_ada), status)
