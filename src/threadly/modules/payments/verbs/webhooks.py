"""What providers tell us: kept as it came, once; acted upon later, in the database only."""

import msgspec

from threadly.modules.payments.events import WebhookReceived
from threadly.modules.payments.providers.interface import Charge, ProviderEvent
from threadly.modules.payments.repository.payments import ATTEMPT_STANDING
from threadly.modules.payments.repository.webhooks import INSERT_WEBHOOK, LOCK_WEBHOOK, MARK_HANDLED
from threadly.modules.payments.types import ProviderName
from threadly.modules.payments.verbs.outcomes import AmountDiffers, record_outcome
from threadly.modules.payments.verbs.refunds import record_refund
from threadly.platform.ids import UUID, new_id, parse_id
from threadly.platform.work import Work

__all__ = ["handle_webhook", "receive_webhook"]

NOT_OURS = "nothing: the key is not ours"
DONE = {"succeeded": ("succeeded", "duplicate"), "declined": ("declined",), "cancelled": ("cancelled",)}


async def receive_webhook(work: Work, *, provider: ProviderName, event: ProviderEvent, body: bytes) -> bool:
    """Keep what came, its signature checked; False if it came before.

    Most tell what the answer to our own call tells: those are done with at once."""
    webhook_id = new_id()
    outcome = await _say_nothing_new(work, provider, event.charge) if event.charge else None
    kept = await work.run(
        INSERT_WEBHOOK,
        *(webhook_id, provider, event.event_id, event.kind, body, msgspec.to_builtins(event), work.now),
        outcome,
    )
    if kept and outcome is None:
        work.emit(WebhookReceived(webhook_id=webhook_id, provider=provider))
    return bool(kept)


async def handle_webhook(work: Work, *, webhook_id: UUID) -> None:
    """Record what it says; late, repeated, out of order or about something unknown, it does no harm."""
    row = await work.one(LOCK_WEBHOOK, webhook_id)
    if row is None or row.handled_at:
        return
    event = msgspec.convert(row.understood, ProviderEvent)
    if event.charge:
        outcome = await _handle_charge(work, row.provider, event.charge)
    elif event.refund and parse_id(event.refund.key):
        outcome = await record_refund(work, outcome=event.refund)
    else:
        outcome = "nothing: it concerns nothing of ours"
    await work.run(MARK_HANDLED, webhook_id, work.now, outcome)


async def _handle_charge(work: Work, provider: ProviderName, charge: Charge) -> str:
    # Asked again, for it may have waited. Many events are handled in one transaction: a lock of it would hold
    # up whoever waits for the provider's answer, to tell them what they are about to hear.
    if nothing_new := await _say_nothing_new(work, provider, charge):
        return nothing_new
    try:
        payment = await record_outcome(work, attempt_id=UUID(charge.key), charge=charge)
    except AmountDiffers:
        return "nothing: the amount is not what was asked for"
    return f"{charge.state}: the payment is {payment.state}"


async def _say_nothing_new(work: Work, provider: ProviderName, charge: Charge) -> str | None:
    """Why nothing of it is to be recorded, found without a lock; None if something may be.

    Nothing is, as long as somebody drives the payment: should they be gone, a worker asks the provider.
    """
    attempt_id = parse_id(charge.key)
    if attempt_id is None:
        return NOT_OURS
    attempt = await work.one(ATTEMPT_STANDING, attempt_id, work.now)
    if attempt is None or attempt.provider != provider:
        return NOT_OURS
    if attempt.state in DONE.get(charge.state, ()) or charge.state == "pending":
        return f"nothing new: the attempt is {attempt.state}"
    return "left to whoever drives the payment" if attempt.driven else None
