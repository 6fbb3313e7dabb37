"""POST /checkout: what is in the cart becomes an order."""

from typing import Annotated

import msgspec
from litestar import Response, post
from litestar.di import NamedDependency
from litestar.params import JSONBody
from litestar.types import ControllerRouterHandler
from msgspec import Meta

from threadly.modules import payments
from threadly.modules.payments import Method
from threadly.modules.store.checkout import check_out as check_out_cart
from threadly.modules.store.errors.orders import CheckoutKeyReused, OrderCancelledAlready
from threadly.modules.store.rules.gift_cards import MOST_GIFT_CARDS
from threadly.modules.store.types.orders import Address, CheckoutRequest, Email, Note, Order, Phone
from threadly.platform.http.edge import Edge
from threadly.platform.http.envelope import Success
from threadly.platform.http.idempotency import IdempotentRequest, StoredAnswer
from threadly.platform.http.parameters import KeyRequired
from threadly.platform.http.refusals import IdempotencyKeyReused
from threadly.platform.money import Money
from threadly.platform.work import Work

__all__ = ["MESSAGES", "PlacedOrder", "routes"]

MESSAGES = {
    201: "Thank you for your order. It is paid.",
    202: "Order received, we will confirm your payment.",
}


class NewCheckout(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`expected_total` is the total that the buyer agreed to, before gift cards, and `expected_due` what
    those leave to pay: with `gift_cards` it must be there. `methods` are tried in their order when a provider
    does not answer. Without an `email` it is that of the account."""

    address: Address
    expected_total: Money
    methods: Annotated[list[Method], Meta(max_length=5)] = []
    expected_due: Money | None = None
    email: Email | None = None
    phone: Phone = ""
    gift_cards: Annotated[list[Annotated[str, Meta(max_length=64)]], Meta(max_length=MOST_GIFT_CARDS)] = []
    note: Note = ""

    def request(self, once: IdempotentRequest) -> CheckoutRequest:
        said = {name: getattr(self, name) for name in self.__struct_fields__}
        return CheckoutRequest(key=once.digest, request_hash=once.request_hash, **said)


class PlacedOrder(Order, frozen=True, kw_only=True):
    """The order, and a sentence for the buyer."""

    message: str


class _KeptAnswer:
    """The answer, stored with what it tells of; None until then, or if there was one before."""

    def __init__(self, edge: Edge, once: IdempotentRequest) -> None:
        self._edge = edge
        self._once = once
        self.answer: StoredAnswer | None = None

    async def keep(self, work: Work, order: Order) -> None:
        self.answer = await self._edge.keep_answer(
            work, self._once, _placed(order), status=_status(order), location=_address(order)
        )


@post(
    "/checkout",
    status_code=201,
    operation_id="check_out",
    operation_class=KeyRequired,
    summary="Buy what is in your cart",
    description="Needs an Idempotency-Key: however often it is sent with the same, and from however many "
    "tabs, there is one order and one charge. 201 when it is paid; 202 when no provider answers at this "
    "moment: the order is received, its products are held, and the payment is tried again. 409 says what to "
    "do.",
    tags=["Orders"],
)
async def check_out(
    edge: NamedDependency[Edge], data: JSONBody[NewCheckout]
) -> Response[Success[PlacedOrder]]:
    _ = edge.actor.me
    once = await edge.idempotent_request()
    works = edge.runtime.works
    kept = _KeptAnswer(edge, once)
    try:
        done = await check_out_cart(
            *(works, payments.cashier_of(works), edge.tenant, edge.actor),
            request=data.request(once),
            keep=kept.keep,
        )
    except CheckoutKeyReused as reused:
        raise IdempotencyKeyReused from reused
    if done.kept and kept.answer is not None:
        return await edge.answer_kept(kept.answer)

    async def answer(_work: Work) -> PlacedOrder:
        if done.order.state == "cancelled":  # received, cancelled, and the first answer never stored
            raise OrderCancelledAlready
        return _placed(done.order)

    return await edge.answer_once(once, answer, status=_status, location=_address)


def _placed(order: Order) -> PlacedOrder:
    shown = {name: getattr(order, name) for name in Order.__struct_fields__}
    return PlacedOrder(**shown, message=MESSAGES[_status(order)])


def _status(order: Order) -> int:
    return 202 if order.state in ("pending", "payment_pending") else 201


def _address(order: Order) -> str:
    return f"/api/v1/orders/{order.id}"


routes: list[ControllerRouterHandler] = [check_out]
