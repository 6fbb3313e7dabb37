"""How a community sells: defaults, what may be set, and a currency that stays."""

from typing import Any

import httpx
import pytest

from tests.cast import Visit, sign_in, sign_up
from tests.modules.store.goods import product, seller
from threadly.modules import store
from threadly.platform.errors import InvalidInput
from threadly.platform.work import ANONYMOUS, Denied, SignInRequired, Tenant, Works

API = "/api/v1"
EURO = store.Shop(
    "EUR", store.Taxes([store.TaxRate("DE", "MwSt", 1_900)]), [store.ShippingRate("DE", 490, 5_000)]
)


@pytest.fixture
async def ada(works: Works, tenant: Tenant) -> Visit:
    return await seller(works, tenant)


@pytest.fixture
async def as_ada(works: Works, tenant: Tenant, ada: Visit) -> dict[str, str]:
    return {"Authorization": f"Bearer {(await sign_in(works, tenant, ada.actor)).access_token}"}


async def change(by: Visit, shop: store.Shop) -> store.Shop:
    return await by.write(lambda work: store.change_shop(work, shop=shop))


async def test_a_shop_begins_with_dollars_no_taxes_and_free_shipping(works: Works, tenant: Tenant) -> None:
    shop = await Visit(works, tenant, ANONYMOUS).read(store.get_shop)
    assert shop == store.Shop("USD", store.Taxes([], False), [store.ShippingRate("*", 0, None)])


async def test_settings_are_kept_and_replaced(ada: Visit) -> None:
    for shop in (EURO, store.Shop(), EURO):
        assert await change(ada, shop) == shop
        assert await ada.read(store.get_shop, fresh=True) == shop


async def test_settings_are_a_communitys_own(ada: Visit, works: Works, other_tenant: Tenant) -> None:
    await change(ada, EURO)
    assert (await Visit(works, other_tenant).read(store.get_shop)).currency == "USD"


async def test_the_currency_stays_once_something_has_a_price(ada: Visit) -> None:
    await product(ada)
    with pytest.raises(store.CurrencyFixed):
        await change(ada, EURO)
    dollars = store.Shop("USD", EURO.taxes, EURO.shipping)
    assert await change(ada, dollars) == dollars


async def test_only_who_manages_the_store_sets_it(works: Works, tenant: Tenant) -> None:
    kareem = Visit(works, tenant, await sign_up(works, tenant, "kareem"))
    for by, refusal in ((kareem, Denied), (Visit(works, tenant, ANONYMOUS), SignInRequired)):
        with pytest.raises(refusal):
            await change(by, EURO)


async def test_every_problem_is_named_at_once(ada: Visit) -> None:
    shop = store.Shop(
        "XXX",
        store.Taxes([store.TaxRate("ZZ", "", 0, "\n"), store.TaxRate("US", "Tax", 10_001)]),
        [store.ShippingRate("US", -1), store.ShippingRate("US", 5, -5)],
    )
    with pytest.raises(InvalidInput) as refused:
        await change(ada, shop)
    assert [problem.field for problem in refused.value.details] == [
        *("currency", "taxes.rates.0.country", "taxes.rates.0.region", "taxes.rates.0.name"),
        *("taxes.rates.0.basis_points", "taxes.rates.1.basis_points", "shipping.0.amount_minor"),
        *("shipping.1.free_from_minor", "shipping"),
    ]


async def test_the_shop_over_http(client: httpx.AsyncClient, as_ada: dict[str, str]) -> None:
    found = await client.get(f"{API}/shop")
    assert found.json()["data"]["currency"] == "USD"
    etag = {"If-Match": found.headers["ETag"]}
    body = {
        "currency": "USD",
        "taxes": {
            "rates": [{"country": "US", "region": "CA", "name": "Sales tax", "basis_points": 825}],
            "shipping_taxable": True,
        },
        "shipping": [{"country": "*", "amount_minor": 500, "free_from_minor": 10_000}],
    }
    assert (await client.put(f"{API}/shop", json=body)).status_code == 401
    changed = await client.put(f"{API}/shop", json=body, headers={**as_ada, **etag})
    assert (changed.status_code, changed.json()["data"]) == (200, body)
    assert (await client.get(f"{API}/shop")).json()["data"] == body
    assert (await client.put(f"{API}/shop", json=body, headers={**as_ada, **etag})).status_code == 412


RATE = {"country": "US", "name": "Tax", "basis_points": 1}


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"currency": "usd"}, "currency"),
        ({"currency": "DOLLAR"}, "currency"),
        ({"currency": "QQQ"}, "currency"),
        ({"currency": None}, "currency"),
        ({"colour": "red"}, "colour"),
        ({"taxes": []}, "taxes"),
        ({"taxes": {"rates": [{**RATE, "country": "USA"}]}}, "taxes.rates"),
        ({"taxes": {"rates": [{**RATE, "basis_points": -1}]}}, "taxes.rates"),
        ({"taxes": {"rates": [{**RATE, "basis_points": 10**30}]}}, "taxes.rates"),
        ({"taxes": {"rates": [{**RATE, "name": "a\u0000"}]}}, "taxes.rates"),
        ({"taxes": {"rates": [RATE, RATE]}}, "taxes.rates"),
        ({"taxes": {"rates": [{**RATE, "name": str(number)} for number in range(301)]}}, "taxes.rates"),
        ({"shipping": [{"country": "US"}]}, "shipping"),
        ({"shipping": [{"country": "U", "amount_minor": 5}]}, "shipping"),
        ({"shipping": [{"country": "US", "amount_minor": 10**13}]}, "shipping"),
        ({"shipping": [{"country": "US", "amount_minor": 1.5}]}, "shipping"),
    ],
)
async def test_bad_settings_are_a_400_that_names_the_field(
    client: httpx.AsyncClient, as_ada: dict[str, str], body: dict[str, Any], field: str
) -> None:
    answer = await client.put(f"{API}/shop", json=body, headers=as_ada)
    assert answer.status_code == 400, answer.json()
    error = answer.json()["error"]
    named = {error.get("field")} | {detail["field"] for detail in error.get("details", [])}
    assert any(name and name.startswith(field) for name in named), error
    assert (await client.get(f"{API}/shop")).json()["data"]["taxes"]["rates"] == []
