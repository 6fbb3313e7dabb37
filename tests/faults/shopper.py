"""Somebody who buys, and what the books and the processor say of that."""

from typing import Any
from uuid import UUID, uuid4

import httpx

from tests.faults.installation import Installation, Member

__all__ = ["ON_HAND", "Shopper", "new_shopper"]

ON_HAND = 5
ADDRESS = {"name": "Kareem", "line1": "1 River Road", "city": "Cairo", "country": "EG"}
PRODUCT = """
INSERT INTO store.products (id, tenant_id, handle, title, status, created_at, updated_at)
VALUES ($1, 1, $2, 'Mug', 'active', now(), now())
"""
VARIANT = """
INSERT INTO store.variants (id, tenant_id, product_id, position, price_minor, currency, tracked, on_hand,
    created_at, updated_at)
VALUES ($1, 1, $2, 1, 1000, 'USD', true, $3, now(), now())
"""
MOVEMENT = """
INSERT INTO store.stock_movements (id, tenant_id, variant_id, quantity, reason, at)
VALUES (gen_random_uuid(), 1, $1, $2, 'count', now())
"""
# As if the lease of whoever drives it had lapsed by now.
MAKE_DUE = "UPDATE payments.payments SET due_at = now() WHERE payer_id = $1 AND due_at IS NOT NULL"
CALLING = """
SELECT count(*) FROM payments.attempts a JOIN payments.payments p ON p.id = a.payment_id
WHERE p.payer_id = $1 AND a.state = 'calling'
"""
ORDERS = "SELECT id, state FROM store.orders WHERE buyer_id = $1"
STOCK = "SELECT on_hand, reserved FROM store.variants WHERE id = $1"


class Shopper:
    """Somebody with one mug in the cart."""

    def __init__(self, installation: Installation, member: Member, variant: UUID, handle: str) -> None:
        environ = installation.server("web").environ()
        self._installation = installation
        self._headers = member.headers
        # The sandbox itself: what web and worker know may be a proxy, in an experiment.
        self._sandbox_url = (installation.home / "run" / "sandbox.url").read_text()
        self._sandbox_headers = {"Authorization": f"Bearer {environ['THREADLY_SANDBOX_KEY']}"}
        self.id = UUID(member.id)
        self.variant = variant
        self.handle = handle
        self.key = str(uuid4())

    async def fill(self, http: httpx.AsyncClient) -> None:
        path = f"/api/v1/cart/lines/{self.variant}"
        answer = await http.put(path, json={"quantity": 1}, headers=self._headers)
        assert answer.is_success, answer.text

    async def check_out(
        self, http: httpx.AsyncClient, *, token: str, paypal: str | None = None
    ) -> httpx.Response:
        """By the sandbox's card `token`, or else by the order `paypal` that PayPal's buyer has approved."""
        methods = [{"provider": "sandbox", "token": token}]
        if paypal:
            methods.append({"provider": "paypal", "token": paypal})
        body = {
            "address": ADDRESS,
            "methods": methods,
            "expected_total": {"amount_minor": 1_000, "currency": "USD"},
        }
        headers = self._headers | {"Idempotency-Key": self.key}
        return await http.post("/api/v1/checkout", json=body, headers=headers)

    async def behave(self, **behaviour: object) -> None:
        async with self._sandbox() as sandbox:
            (await sandbox.put("/v1/behaviour", json=behaviour)).raise_for_status()

    async def charges(self) -> list[dict[str, Any]]:
        """What the processor has charged for this shopper's orders."""
        return await self.charges_of(str(self.id))

    async def charges_of(self, buyer_id: str) -> list[dict[str, Any]]:
        """What it has charged for another's."""
        async with self._installation.database() as database:
            orders = {str(row["id"]) for row in await database.fetch(ORDERS, UUID(buyer_id))}
        async with self._sandbox() as sandbox:
            audit = (await sandbox.get("/v1/audit")).json()
        return [
            charge
            for charge in audit["charges"]
            if charge["reference"] in orders and charge["status"] == "succeeded"
        ]

    async def orders(self) -> list[tuple[UUID, str]]:
        async with self._installation.database() as database:
            return [(row["id"], row["state"]) for row in await database.fetch(ORDERS, self.id)]

    async def states(self) -> list[str]:
        return [state for _, state in await self.orders()]

    async def stock(self) -> tuple[int, int]:
        async with self._installation.database() as database:
            row = await database.fetchrow(STOCK, self.variant)
        assert row
        return row["on_hand"], row["reserved"]

    async def is_being_charged(self) -> bool:
        async with self._installation.database() as database:
            return bool(await database.fetchval(CALLING, self.id))

    async def is_charged(self) -> bool:
        return len(await self.charges()) > 0

    async def is_paid(self) -> bool:
        return await self.states() == ["paid"]

    async def make_due(self) -> None:
        async with self._installation.database() as database:
            await database.execute(MAKE_DUE, self.id)

    def _sandbox(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(base_url=self._sandbox_url, headers=self._sandbox_headers)


async def new_shopper(installation: Installation, http: httpx.AsyncClient) -> Shopper:
    """With one mug in the cart."""
    member = await installation.sign_up(http, f"shopper{uuid4().hex[:8]}")
    product, variant = uuid4(), uuid4()
    async with installation.database() as database:
        await database.execute(PRODUCT, product, str(product))
        await database.execute(VARIANT, variant, product, ON_HAND)
        await database.execute(MOVEMENT, variant, ON_HAND)
    shopper = Shopper(installation, member, variant, str(product))
    await shopper.fill(http)
    return shopper
