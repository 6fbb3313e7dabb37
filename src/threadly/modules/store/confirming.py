"""Telling people and machines about an order: jobs, because mail, gateways and warehouses may be away."""

from collections.abc import Callable
from typing import Final

from threadly.modules.store.letters import (
    cancelled_letter,
    receipt_letter,
    received_letter,
    refunded_letter,
    sent_letter,
    text_message,
)
from threadly.modules.store.repository.orders import (
    TELL_WAREHOUSE,
    WAREHOUSE_STATE,
    WAREHOUSE_TOLD,
    OrderRow,
)
from threadly.modules.store.rules.orders import REFUNDABLE
from threadly.modules.store.types.orders import Order
from threadly.modules.store.verbs.orders import find_order
from threadly.modules.store.warehouse import post_cancellation, post_order
from threadly.platform.durable import Job, Run, job
from threadly.platform.ids import UUID
from threadly.platform.mail import Letter, deliver, site_url
from threadly.platform.sms import TextMessage, deliver_text
from threadly.platform.work import SYSTEM, Work

__all__ = [
    "JOBS",
    "call_off_at_warehouse",
    "cancel_at_warehouse",
    "confirm_order",
    "send_receipt",
    "tell_buyer",
    "tell_warehouse",
    "text_buyer",
]

WAREHOUSE_ATTEMPTS = 14
WRITERS: Final[dict[str, Callable[..., Letter]]] = {
    "receipt": receipt_letter,
    "received": received_letter,
    "cancelled": cancelled_letter,
    "refunded": refunded_letter,
    "sent": sent_letter,
}


async def confirm_order(work: Work, *, order: OrderRow) -> None:
    """Enqueue what follows a paid order: jobs of their own, so that none waits for another's outage."""
    wanted = str(order.id)
    await work.enqueue(send_receipt, job_id=f"receipt:{wanted}", order_id=wanted)
    if order.phone:
        await work.enqueue(text_buyer, job_id=f"text:{wanted}", order_id=wanted)
    if work.settings.warehouse_url is not None:
        await work.enqueue(tell_warehouse, job_id=f"warehouse:{wanted}", order_id=wanted)


async def call_off_at_warehouse(work: Work, *, order: OrderRow) -> None:
    """Enqueue that the locked order, which was paid, is not to be sent, if the warehouse has heard of it."""
    if work.settings.warehouse_url is None:
        return
    heard = await work.one(WAREHOUSE_STATE, order.id)
    if heard is not None:
        await work.enqueue(
            cancel_at_warehouse, job_id=f"warehouse-cancelled:{order.id}", order_id=str(order.id)
        )


@job("store.send_receipt", queue="mail")
async def send_receipt(run: Run, *, order_id: str) -> None:
    """Mail the buyer the receipt."""
    await deliver(run, lambda work: _letter(work, UUID(order_id), "receipt"))


@job("store.text_buyer", queue="mail")
async def text_buyer(run: Run, *, order_id: str) -> None:
    """Text the buyer that the order is paid."""

    async def write(work: Work) -> TextMessage | None:
        order = await find_order(work, order_id=UUID(order_id))
        if order is None or not order.phone:
            return None
        text = text_message(order, site=work.tenant.name, link=await _link(work, order))
        return TextMessage(order.phone, text)

    await deliver_text(run, write)


@job("store.tell_warehouse")
async def tell_warehouse(run: Run, *, order_id: str) -> None:
    """Tell the warehouse what to send, until it has taken it or the order is called off."""

    async def begin(work: Work) -> bool:
        return await work.one(TELL_WAREHOUSE, UUID(order_id)) is not None

    async def tell() -> None:
        # Read and closed first: no connection is held while the warehouse takes its time.
        async with run.works.read(run.tenant, SYSTEM, fresh=True) as work:
            order, at = await find_order(work, order_id=UUID(order_id)), work.now
        if order is not None and order.state in REFUNDABLE:
            await post_order(run.works.settings, run.tenant, order, at=at)

    async def end(work: Work) -> None:
        await work.run(WAREHOUSE_TOLD, UUID(order_id))

    if await run.transact("begin", begin):
        await run.step("tell warehouse", tell, attempts=WAREHOUSE_ATTEMPTS)
        await run.transact("end", end)


class WarehouseBeingTold(Exception):
    """That there is an order; only then can it be told that there is none."""


@job("store.cancel_at_warehouse")
async def cancel_at_warehouse(run: Run, *, order_id: str) -> None:
    """Tell the warehouse that an order is not to be sent, once it has heard of the order."""

    async def tell() -> None:
        async with run.works.read(run.tenant, SYSTEM, fresh=True) as work:
            order, at = await find_order(work, order_id=UUID(order_id)), work.now
            told = await work.one(WAREHOUSE_STATE, UUID(order_id))
        if order is None or order.state in REFUNDABLE:  # the provider refused to give its money back
            return
        if told != "told":
            raise WarehouseBeingTold(order_id)
        await post_cancellation(run.works.settings, run.tenant, order, at=at)

    await run.step("tell warehouse", tell, attempts=WAREHOUSE_ATTEMPTS)


@job("store.tell_buyer", queue="mail")
async def tell_buyer(run: Run, *, order_id: str, news: str) -> None:
    """Mail the buyer what happened to the order."""
    await deliver(run, lambda work: _letter(work, UUID(order_id), news))


async def _letter(work: Work, order_id: UUID, news: str) -> Letter | None:
    """None when nobody is to be told any more: the order or its buyer's address is gone."""
    order = await find_order(work, order_id=order_id)
    if order is None or not order.email:
        return None
    return WRITERS[news](order, site=work.tenant.name, link=await _link(work, order))


async def _link(work: Work, order: Order) -> str:
    return f"{await site_url(work)}/orders/{order.id}"


JOBS: Final[list[Job]] = [send_receipt, text_buyer, tell_warehouse, cancel_at_warehouse, tell_buyer]
