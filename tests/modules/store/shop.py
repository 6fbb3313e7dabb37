"""A shop in a test: what people do there, in one line each."""

import hashlib
from collections.abc import Sequence
from types import NoneType
from typing import Any

import msgspec

from tests.cast import Visit, sign_up, sign_up_many
from tests.modules.identity.runs import run_job, run_queued_jobs
from tests.sandbox.server import SandboxServer
from threadly.modules import payments
from threadly.modules.payments import Cashier, Method, Payment
from threadly.modules.payments.calling import Limits
from threadly.modules.payments.providers.sandbox import SandboxProvider
from threadly.modules.store.checkout import Keep, check_out
from threadly.modules.store.jobs import forget_checkouts
from threadly.modules.store.types.cart import NewCoupon, NewGiftCard
from threadly.modules.store.types.catalog import NewProduct, NewVariant, VariantChange
from threadly.modules.store.types.orders import Address, CheckedOut, CheckoutRequest, Order
from threadly.modules.store.verbs.cart import put_coupon, set_line
from threadly.modules.store.verbs.cart_reading import get_cart
from threadly.modules.store.verbs.catalog import create_product
from threadly.modules.store.verbs.coupons import create_coupon
from threadly.modules.store.verbs.gift_cards import issue_gift_card
from threadly.modules.store.verbs.orders import get_order
from threadly.modules.store.verbs.variants import edit_variant
from threadly.platform.db import sql
from threadly.platform.durable import Job
from threadly.platform.ids import UUID, new_id
from threadly.platform.money import Money
from threadly.platform.relay import Relay
from threadly.platform.runtime import Runtime
from threadly.platform.work import Actor, Tenant
from threadly.wiring import JOBS, make_reactions

__all__ = ["HOME", "Stock", "TestShop", "usd"]

HOME = Address(name="Kareem", line1="1 River Road", city="Cairo", country="EG")
# Fast, so that a test of a time limit is one.
LIMITS = Limits(call_s=0.7, waited_for_s=2.0, patient_s=4.0, first_pause_s=0.02, longest_pause_s=0.2)
SELLING = Actor(new_id(), frozenset({"store.manage"}))


class Stock(msgspec.Struct, frozen=True):
    on_hand: int
    reserved: int


STOCK = sql("store.test_stock", "SELECT on_hand, reserved FROM store.variants WHERE id = $1", into=Stock)
BALANCES = sql("store.test_balances", "SELECT balance_minor FROM store.gift_cards ORDER BY id", into=int)
USES = sql("store.test_uses", "SELECT uses FROM store.coupons ORDER BY id", into=int)
BLANK = sql(
    "store.test_blank",
    "UPDATE store.orders SET email = '', phone = '', address = '{}' WHERE id = $1",
    into=NoneType,
)
EXPIRE = sql(
    "store.test_expire",
    "UPDATE store.reservations SET expires_at = now() - interval '1 s' WHERE order_id = $1",
    into=NoneType,
)


def usd(amount_minor: int) -> Money:
    return Money(amount_minor, "USD")


class TestShop:
    """One community's shop, its cashier and its worker."""

    __test__ = False

    def __init__(self, runtime: Runtime, tenant: Tenant, sandbox: SandboxServer) -> None:
        self.runtime = runtime
        self.works = works = runtime.works
        self.tenant = tenant
        self.sandbox = sandbox
        self.cashier = self.new_cashier(sandbox.url)
        self.owner = Visit(works, tenant, SELLING)
        self._relay = Relay(works, make_reactions(), runtime.tenants)

    def new_cashier(self, url: str) -> Cashier:
        """A till of its own, as another process would have; from now on the worker's too."""
        provider = SandboxProvider(
            url=url, key=self.sandbox.key, webhook_secret=self.sandbox.key, timeout_s=LIMITS.call_s
        )
        self.cashier = Cashier(self.works, {"sandbox": provider}, limits=LIMITS)
        payments.use_cashier(self.works, self.cashier)
        return self.cashier

    async def aclose(self) -> None:
        await payments.close_cashier(self.works)

    # People

    async def join(self, username: str) -> Visit:
        return Visit(self.works, self.tenant, await sign_up(self.works, self.tenant, username))

    async def crowd(self, count: int) -> list[Visit]:
        actors = await sign_up_many(self.works, self.tenant, [f"buyer{number}" for number in range(count)])
        return [Visit(self.works, self.tenant, actor) for actor in actors]

    # The owner

    async def sell(self, title: str = "Mug", *, price: int = 1_000, on_hand: int = 10) -> UUID:
        """A new product's only variant."""
        product = NewProduct(
            title=title, status="active", variants=[NewVariant(price=usd(price), on_hand=on_hand)]
        )
        made = await self.owner.write(lambda work: create_product(work, product=product))
        return made.variants[0].id

    async def set_price(self, variant_id: UUID, amount: int) -> None:
        change = VariantChange(price=usd(amount))
        await self.owner.write(lambda work: edit_variant(work, variant_id=variant_id, change=change))

    async def coupon(self, code: str, *, basis_points: int, most_uses: int | None = None) -> None:
        coupon = NewCoupon(code=code, basis_points=basis_points, most_uses=most_uses, once_per_buyer=True)
        await self.owner.write(lambda work: create_coupon(work, coupon=coupon))

    async def gift_card(self, amount: int) -> str:
        """Its code."""
        card = NewGiftCard(amount=usd(amount))
        return (await self.owner.write(lambda work: issue_gift_card(work, card=card))).code

    async def stock(self, variant_id: UUID) -> Stock:
        found = await self.owner.read(lambda work: work.one(STOCK, variant_id), fresh=True)
        assert found
        return found

    # Buyers

    async def fill(self, buyer: Visit, *variants: UUID, quantity: int = 1, coupon: str | None = None) -> None:
        for variant_id in variants:
            await self._put(buyer, variant_id, quantity)
        if coupon:
            await buyer.write(lambda work: put_coupon(work, code=coupon))

    async def _put(self, buyer: Visit, variant_id: UUID, quantity: int) -> None:
        await buyer.write(lambda work: set_line(work, variant_id=variant_id, quantity=quantity))

    async def quantities(self, buyer: Visit) -> list[int]:
        """What is in the cart."""
        cart = await buyer.read(lambda work: get_cart(work), fresh=True)
        return [line.quantity for line in cart.lines]

    async def total(self, buyer: Visit) -> int:
        """What the buyer is shown."""
        return (await self.agreed(buyer))[0]

    async def agreed(self, buyer: Visit, *, gift_cards: Sequence[str] = ()) -> tuple[int, int]:
        """The total that the buyer is shown, and what the gift cards leave to pay."""
        cart = await buyer.read(lambda work: get_cart(work, address=HOME, gift_cards=gift_cards), fresh=True)
        return cart.totals.total.amount_minor, cart.totals.due.amount_minor

    def request(self, total: int, *, token: str = "tok_success", **more: Any) -> CheckoutRequest:
        """A checkout with a key of its own, unless one is given."""
        values: dict[str, Any] = {
            "key": str(new_id()),
            "address": HOME,
            "methods": [Method("sandbox", token, "Test card")],
            "expected_total": usd(total),
            **more,
        }
        said = repr(sorted((name, value) for name, value in values.items() if name != "key"))
        return CheckoutRequest(request_hash=hashlib.sha256(said.encode()).digest(), **values)

    async def check_out(
        self, buyer: Visit, request: CheckoutRequest, *, keep: Keep | None = None
    ) -> CheckedOut:
        return await check_out(self.works, self.cashier, self.tenant, buyer.actor, request=request, keep=keep)

    async def buy(
        self, buyer: Visit, *variants: UUID, total: int, quantity: int = 1, **request: Any
    ) -> Order:
        await self.fill(buyer, *variants, quantity=quantity)
        return (await self.check_out(buyer, self.request(total, **request))).order

    async def order(self, order_id: UUID) -> Order:
        return await self.owner.read(lambda work: get_order(work, order_id=order_id), fresh=True)

    async def payment(self, order_id: UUID) -> Payment:
        return await self.owner.read(lambda work: payments.get_payment(work, reference=order_id), fresh=True)

    async def blank(self, order_id: UUID) -> None:
        """As the deletion of the account does, at once."""
        await self.owner.write(lambda work: work.run(BLANK, order_id))

    async def forget(self) -> None:
        """What the store does every night."""
        await self.run(forget_checkouts)

    async def give_back_behind_our_back(self, order_id: UUID, *, amount: int | None = None) -> None:
        """Somebody refunds the charge in the provider's own pages."""
        (charge,) = await self.charges(order_id)
        minor = amount or charge["amount_minor"]
        body = {"charge": charge["id"], "amount_minor": minor, "reason": "by hand"}
        async with self.sandbox.client() as client:
            answer = await client.post("/v1/refunds", json=body, headers={"Idempotency-Key": str(new_id())})
        assert answer.status_code == 201, answer.text

    async def let_expire(self, order_id: UUID) -> None:
        """As if the time for which the order holds its units were over."""
        await self.owner.write(lambda work: work.run(EXPIRE, order_id))

    async def gift_card_balances(self) -> list[int]:
        return await self.owner.read(lambda work: work.all(BALANCES), fresh=True)

    async def coupon_uses(self) -> list[int]:
        return await self.owner.read(lambda work: work.all(USES), fresh=True)

    async def charge_behind_our_back(self, payment: Payment) -> bool:
        """As if the process had died between the call and its answer: the attempt is written, and charged."""
        (attempt,) = await self.owner.read(lambda work: payments.list_attempts(work, payment_id=payment.id))
        body = {
            "amount_minor": payment.amount.amount_minor,
            "currency": payment.amount.currency,
            "token": "tok_success",
            "reference": str(payment.reference),
            "description": "a mug",
        }
        async with self.sandbox.client() as client:
            answer = await client.post("/v1/charges", json=body, headers={"Idempotency-Key": str(attempt.id)})
        return answer.status_code == 201

    # The worker

    async def drain(self) -> int:
        """All reactions that are due."""
        return await self._relay.drain(self.tenant)

    async def resume(self, order_id: UUID) -> None:
        """What a worker does once the payment's time has come; then all that follows."""
        payment = await self.payment(order_id)
        await self.cashier.resume(self.tenant, payment.id)
        await self.work_off()

    async def run(self, job: Job, **arguments: object) -> None:
        await run_job(self.works, self.tenant, job, **arguments)

    async def work_off(self) -> None:
        """Everything that is enqueued or to be reacted to, until nothing is left."""
        while await self.drain() + await run_queued_jobs(self.works, self.tenant, jobs=JOBS):
            pass

    async def charges(self, order_id: UUID) -> list[dict[str, Any]]:
        """What the processor has charged for the order."""
        async with self.sandbox.client() as client:
            audit = (await client.get("/v1/audit")).json()
        return [
            charge
            for charge in audit["charges"]
            if charge["reference"] == str(order_id) and charge["status"] == "succeeded"
        ]
