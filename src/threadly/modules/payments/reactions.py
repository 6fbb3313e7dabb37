"""What payments do when something happened."""

from threadly.modules.payments.events import RefundRequested, WebhookReceived
from threadly.modules.payments.jobs import execute_refund
from threadly.modules.payments.verbs.webhooks import handle_webhook
from threadly.platform.events import Reactions
from threadly.platform.work import Work

__all__ = ["wire"]


def wire(reactions: Reactions) -> None:
    reactions.on(WebhookReceived, record_webhook, name="payments.record_webhook")
    reactions.on(RefundRequested, start_refund, name="payments.start_refund")


async def record_webhook(work: Work, event: WebhookReceived) -> None:
    await handle_webhook(work, webhook_id=event.webhook_id)


async def start_refund(work: Work, event: RefundRequested) -> None:
    """Its first turn; should that come to nothing, it is due again a little later."""
    job_id = f"{execute_refund.name}:{event.refund_id}:0"
    await work.enqueue(execute_refund, job_id=job_id, subject_id=event.refund_id, tries=0)
