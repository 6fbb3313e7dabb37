"""Telling people of alerts: durable jobs, because mail servers and pagers may be away."""

from typing import Any, Final

import msgspec

from threadly.modules.admin.letters import AlertMessage, alert_letter, alert_message
from threadly.modules.admin.objectives import read_objectives
from threadly.modules.admin.repository.alerts import FIND_NOTIFICATION
from threadly.modules.admin.types.alerts import Notification
from threadly.platform.durable import Job, Run, job
from threadly.platform.ids import UUID
from threadly.platform.mail import Letter, deliver, site_url
from threadly.platform.signing import post_signed
from threadly.platform.telemetry.tracing import span
from threadly.platform.work import SYSTEM, Work

__all__ = ["JOBS", "mail_alerts", "post_alerts", "tell"]

# With the engine's doubling pauses: a pager may be away for half an hour.
POST_ATTEMPTS: Final = 12


async def tell(work: Work, notification: Notification) -> None:
    """Have it delivered, to everybody that the settings name."""
    wanted = str(notification.id)
    for place, _ in enumerate(work.settings.alert_mail):
        await work.enqueue(
            mail_alerts, job_id=f"alerts.mail:{wanted}:{place}", notification_id=wanted, place=place
        )
    if work.settings.alert_webhook_url is not None:
        await work.enqueue(post_alerts, job_id=f"alerts.post:{wanted}", notification_id=wanted)


@job("admin.mail_alerts", queue="mail")
async def mail_alerts(run: Run, *, notification_id: str, place: int) -> None:
    """Mail alerts to one of the addresses of THREADLY_ALERT_MAIL."""

    async def write(work: Work) -> Letter | None:
        message = await _message(work, UUID(notification_id))
        addresses = work.settings.alert_mail
        if message is None or place >= len(addresses):
            return None
        return alert_letter(message, recipient=addresses[place])

    await deliver(run, write)


@job("admin.post_alerts")
async def post_alerts(run: Run, *, notification_id: str) -> None:
    """Post alerts to THREADLY_ALERT_WEBHOOK_URL, until they are taken with a 2xx."""

    async def post() -> None:
        # Read and closed first: no connection is held while the other side takes its time.
        async with run.works.read(run.tenant, SYSTEM, fresh=True) as work:
            message, settings, at = await _message(work, UUID(notification_id)), work.settings, work.now
        if message is None or settings.alert_webhook_url is None:
            return
        with span("alerts.post", kind="call"):
            await post_signed(
                settings.alert_webhook_url, message, secret=settings.alert_webhook_secret, at=at
            )

    await run.step("post alerts", post, attempts=POST_ATTEMPTS)


async def _message(work: Work, notification_id: UUID) -> AlertMessage | None:
    row: Any = await work.one(FIND_NOTIFICATION, notification_id)
    if row is None:
        return None
    return alert_message(
        msgspec.convert(msgspec.to_builtins(row), Notification),
        community=work.tenant.name,
        site_url=await site_url(work),
        objectives=read_objectives(work.settings),
    )


JOBS: Final[list[Job]] = [mail_alerts, post_alerts]
