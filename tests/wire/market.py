"""A community that sells, filled by its own API: who sells, who buys, who looks, and one of each thing."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any
from uuid import uuid4

import httpx

from tests import cast
from tests.conftest import client_of
from tests.modules.store.shop import TestShop
from threadly.modules import identity
from threadly.platform.http.front import Front
from threadly.platform.work import SYSTEM, Actor, Tenant

__all__ = ["ADDRESS", "API", "CSV", "Market", "checkout", "key", "open_market", "usd"]

API = "/api/v1"
ADDRESS = {"name": "Kareem", "line1": "1 River Road", "city": "Cairo", "country": "EG"}
CSV = {"Content-Type": "text/csv"}
PEOPLE = ("ada", "kareem", "bob", "omar")


def usd(amount_minor: object) -> dict[str, Any]:
    return {"amount_minor": amount_minor, "currency": "USD"}


def checkout(**changes: Any) -> dict[str, Any]:
    """One mug for Kareem, by a card that is good."""
    card = {"provider": "sandbox", "token": "tok_success"}
    return {"address": ADDRESS, "methods": [card], "expected_total": usd(1_000)} | changes


def key() -> dict[str, str]:
    return {"Idempotency-Key": str(uuid4())}


class Market:
    """Ada manages the store, Kareem has bought a mug and has another in his cart, Bob has nothing to do with
    it, Omar operates the whole, and the visitor is not signed in. `ids` are by the names that they have in
    paths."""

    def __init__(
        self, shop: TestShop, visitor: httpx.AsyncClient, people: dict[str, httpx.AsyncClient]
    ) -> None:
        self.shop = shop
        self.visitor = visitor
        self.seller, self.kareem, self.bob, self.operator = (people[name] for name in PEOPLE)
        self.ids: dict[str, str] = {}

    @property
    def tenant(self) -> Tenant:
        return self.shop.tenant

    def who(self, name: str) -> httpx.AsyncClient:
        client: httpx.AsyncClient = getattr(self, name)
        return client

    def at(self, path: str) -> str:
        return API + path.format(**self.ids)

    async def make(self, path: str, body: dict[str, Any], **more: Any) -> dict[str, Any]:
        """What the seller makes."""
        answer = await self.seller.post(self.at(path), json=body, **more)
        assert answer.status_code == 201, answer.text
        made: dict[str, Any] = answer.json()["data"]
        return made

    async def buy(self, **changes: Any) -> dict[str, Any]:
        """Kareem's next order, of one mug unless his cart has something else already."""
        answer = await self.kareem.post(f"{API}/checkout", json=checkout(**changes), headers=key())
        assert answer.status_code == 201, answer.text
        made: dict[str, Any] = answer.json()["data"]
        return made

    async def put_in_cart(self, quantity: int = 1) -> None:
        answer = await self.kareem.put(self.at("/cart/lines/{variant_id}"), json={"quantity": quantity})
        assert answer.status_code == 200, answer.text

    async def stock_up(self) -> None:
        """One of each thing."""
        self.ids["category_id"] = (await self.make("/categories", {"name": "Tea"}))["id"]
        mug = {"title": "Mug", "status": "active", "category": "tea"}
        product = await self.make("/products", mug | {"variants": [{"price": usd(1_000), "on_hand": 20}]})
        self.ids |= {"product_id": product["id"], "variant_id": product["variants"][0]["id"]}
        coupon = await self.make("/coupons", {"code": "WELCOME", "basis_points": 1_000})
        self.ids |= {"coupon_id": coupon["id"], "coupon": "WELCOME"}
        self.ids["card_id"] = (await self.make("/gift-cards", {"amount": usd(500)}))["card"]["id"]
        table = b"Title,Variant Price\nCup,5\n"
        accepted = await self.seller.post(f"{API}/products/imports", content=table, headers=CSV)
        assert accepted.status_code == 202, accepted.text
        self.ids["import_id"] = accepted.json()["data"]["id"]
        await self.put_in_cart()
        self.ids["order_id"] = (await self.buy())["id"]
        await self.put_in_cart()


@asynccontextmanager
async def open_market(app: Front, shop: TestShop) -> AsyncIterator[Market]:
    """A market in the shop's community, which must be empty."""
    await shop.runtime.tenants.refresh()
    members = dict(zip(PEOPLE, await cast.sign_up_many(shop.works, shop.tenant, list(PEOPLE)), strict=True))
    system = cast.Visit(shop.works, shop.tenant, SYSTEM)
    await system.write(lambda work: identity.set_role(work, user_id=members["ada"].me, role="seller"))
    async with AsyncExitStack() as stack:
        visitor = await stack.enter_async_context(client_of(app, shop.tenant))
        people = {name: await stack.enter_async_context(client_of(app, shop.tenant)) for name in members}
        for name, member in members.items():
            people[name].headers["Authorization"] = f"Bearer {await _token(shop, member)}"
        market = Market(shop, visitor, people)
        market.ids["user_id"] = str(members["kareem"].user_id)
        await market.stock_up()
        yield market


async def _token(shop: TestShop, member: Actor) -> str:
    return (await cast.sign_in(shop.works, shop.tenant, member)).access_token
