"""Buyers: they click, lose the answer, click again with the same key, and write down what they were told."""

import asyncio
from collections.abc import Mapping
from typing import Any

import httpx
import msgspec

from threadly.proving.plan import Intent

__all__ = ["Buyer", "GaveUp", "Told", "Wish"]

REQUEST_TIMEOUT_S = 20.0
# An impatient buyer does not wait for an answer this long, and asks again.
IMPATIENCE_S = 0.15
TRIES = 60
PAUSE_S = 0.5
SECOND_CLICK_S = 0.03
# Not the shop's word on the order: it could not answer just now.
NO_ANSWER = frozenset({429, 500, 502, 503, 504})

ADDRESS = {
    "name": "Kareem",
    "line1": "1 Harbour Street",
    "city": "Alexandria",
    "country": "EG",
}


class GaveUp(Exception):
    """The shop did not answer for too long."""


class Told(msgspec.Struct, frozen=True):
    """One answer to a click: `status` and `code` of the answer, the order that it names."""

    key: str
    status: int
    code: str | None
    order_id: str | None
    trace_id: str | None


class Wish(msgspec.Struct):
    """What became of an intent, as its buyer saw it. `skipped`: why the cart could not be filled. `gave_up`:
    what was never answered."""

    intent: Intent
    told: list[Told] = []
    skipped: str = ""
    gave_up: str = ""


class Buyer:
    """One member with an account, a cart and an access token."""

    def __init__(self, url: str, *, email: str, password: str, gift_card: str) -> None:
        self._http = httpx.AsyncClient(base_url=url, timeout=REQUEST_TIMEOUT_S)
        self._email = email
        self._password = password
        self._gift_card = gift_card
        self._token = ""

    async def aclose(self) -> None:
        await self._http.aclose()

    async def buy(self, intent: Intent, variants: Mapping[str, str], *, coupon: str) -> Wish:
        """Fill the cart, and check out the way the intent says. `variants` are ids by handle."""
        wish = Wish(intent)
        try:
            await self._buy(wish, variants, coupon if intent.coupon else None)
        except GaveUp as reason:
            wish.gave_up = str(reason)
        return wish

    async def _buy(self, wish: Wish, variants: Mapping[str, str], coupon: str | None) -> None:
        intent, total = wish.intent, await self._fill_cart(wish, variants, coupon)
        if total is None:
            return
        body = {
            "address": ADDRESS,
            "email": self._email,
            "methods": [{"provider": "sandbox", "token": intent.card}],
            "expected_total": total,
            "gift_cards": [],
        }
        if intent.gift_card:
            body |= {"gift_cards": [self._gift_card], "expected_due": await self._due(total)}
        wish.told = await self._click(intent, body)

    async def _fill_cart(
        self, wish: Wish, variants: Mapping[str, str], coupon: str | None
    ) -> dict[str, Any] | None:
        """The cart's total, or None when nothing in it can be bought (any more)."""
        await self._empty_cart()
        for handle, quantity in wish.intent.lines.items():
            path = f"/api/v1/cart/lines/{variants[handle]}"
            answer = await self._ask("PUT", path, json={"quantity": quantity})
            if answer.status_code >= 400:
                wish.skipped = answer.json()["error"]["code"]
                return None
        if coupon:
            await self._ask("PUT", f"/api/v1/cart/coupons/{coupon}")
        cart = (await self._ask("GET", "/api/v1/cart", params={"country": ADDRESS["country"]})).json()["data"]
        total: dict[str, Any] = cart["totals"]["total"]
        return total

    async def _due(self, total: dict[str, Any]) -> dict[str, Any]:
        """What the gift card leaves to pay."""
        answer = await self._ask("POST", "/api/v1/gift-cards/balance", json={"code": self._gift_card})
        balance = answer.json()["data"]["balance"]["amount_minor"]
        return total | {"amount_minor": max(total["amount_minor"] - balance, 0)}

    async def _empty_cart(self) -> None:
        """What an earlier refusal left in it."""
        cart = (await self._ask("GET", "/api/v1/cart")).json()["data"]
        for line in cart["lines"]:
            await self._ask("DELETE", f"/api/v1/cart/lines/{line['variant_id']}")
        for coupon in cart["coupons"]:
            await self._ask("DELETE", f"/api/v1/cart/coupons/{coupon['code']}")

    async def _click(self, intent: Intent, body: dict[str, Any]) -> list[Told]:
        if intent.click == "impatient":
            await self._click_and_leave(intent.key, body)
        clicks = [self._check_out(intent.key, body)]
        if intent.click == "twice":
            clicks.append(self._check_out(intent.key, body))
        if intent.click == "second tab":
            clicks.append(self._later(self._check_out(f"{intent.key}-tab2", body)))
        return list(await asyncio.gather(*clicks))

    async def _click_and_leave(self, key: str, body: dict[str, Any]) -> None:
        try:
            async with asyncio.timeout(IMPATIENCE_S):
                await self._check_out(key, body)
        except TimeoutError:
            return

    async def _later(self, click: Any) -> Told:
        await asyncio.sleep(SECOND_CLICK_S)
        told: Told = await click
        return told

    async def _check_out(self, key: str, body: dict[str, Any]) -> Told:
        answer = await self._ask("POST", "/api/v1/checkout", json=body, headers={"Idempotency-Key": key})
        content = answer.json()
        error = content.get("error") or {}
        return Told(
            key=key,
            status=answer.status_code,
            code=error.get("code"),
            order_id=(content.get("data") or {}).get("id"),
            trace_id=answer.headers.get("x-trace-id"),
        )

    async def _ask(
        self, method: str, path: str, *, headers: Mapping[str, str] | None = None, **options: Any
    ) -> httpx.Response:
        """As a good client does: what was not answered is asked again, with the same key. Raises GaveUp."""
        for _ in range(TRIES):
            try:
                if not self._token:
                    await self._sign_in()
                own = {"Authorization": f"Bearer {self._token}", **(headers or {})}
                answer = await self._http.request(method, path, headers=own, **options)
            except httpx.TransportError:
                await asyncio.sleep(PAUSE_S)
                continue
            if answer.status_code == 401:
                self._token = ""
            elif answer.status_code not in NO_ANSWER:
                return answer
            else:
                await asyncio.sleep(PAUSE_S)
        raise GaveUp(f"{method} {path} was not answered {TRIES} times.")

    async def _sign_in(self) -> None:
        answer = await self._http.post(
            "/api/v1/auth/login", json={"email": self._email, "password": self._password}
        )
        if answer.status_code == 200:
            self._token = answer.json()["data"]["access_token"]
