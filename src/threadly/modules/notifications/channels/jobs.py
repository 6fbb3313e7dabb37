"""The jobs of the channels: each in a queue of its own, so that none waits for another one's server."""

from datetime import timedelta
from typing import Final

from threadly.modules.notifications.channels import Channel
from threadly.modules.notifications.channels.mail import MAIL
from threadly.modules.notifications.channels.phones import send_code
from threadly.modules.notifications.channels.push import PUSH
from threadly.modules.notifications.channels.repository import (
    FORGET_DELIVERIES,
    GATHER_DIGESTS,
    LIST_DUE,
    LIST_DUE_DIGESTS,
)
from threadly.modules.notifications.channels.sending import send_due
from threadly.modules.notifications.channels.sms import SMS
from threadly.platform.durable import Job, Run, Schedule, job
from threadly.platform.durable.due import Watch
from threadly.platform.housekeeping import forget_older
from threadly.platform.work import Work

__all__ = ["JOBS", "SCHEDULES", "WATCHES", "gather_digests", "send_mail", "send_push", "send_sms"]

# People whose digests are put together in one statement, and how many of those in one job.
GATHERED_AT_ONCE: Final = 500
MOST_GATHERED: Final = 100
KEPT: Final = timedelta(days=30)


async def _send(run: Run, channel: Channel) -> None:
    # What could not be sent is due again by its own row; the step is repeated for the sake of our database.
    await run.step(f"send by {channel.name}", lambda: send_due(run, channel))


@job("notifications.send_mail", queue="notifications.mail")
async def send_mail(run: Run, *, subject_id: str, tries: int) -> None:  # noqa: ARG001  # as it is called
    """What is due by mail."""
    await _send(run, MAIL)


@job("notifications.send_push", queue="notifications.push")
async def send_push(run: Run, *, subject_id: str, tries: int) -> None:  # noqa: ARG001  # as it is called
    """What is due by web push."""
    await _send(run, PUSH)


@job("notifications.send_sms", queue="notifications.sms")
async def send_sms(run: Run, *, subject_id: str, tries: int) -> None:  # noqa: ARG001  # as it is called
    """What is due as a text message."""
    await _send(run, SMS)


@job("notifications.gather_digests")
async def gather_digests(run: Run, *, subject_id: str, tries: int) -> None:  # noqa: ARG001  # as it is called
    """Put together the digests that are due: each becomes one letter in the same commit, and once."""

    async def gather(work: Work) -> int:
        return await work.run(GATHER_DIGESTS, work.now, GATHERED_AT_ONCE)

    for number in range(MOST_GATHERED):
        if not await run.transact(f"gather {number}", gather):
            return


@job("notifications.forget_deliveries")
async def forget_deliveries(run: Run) -> None:
    await forget_older(run, FORGET_DELIVERIES, KEPT)


JOBS: Final[list[Job]] = [send_mail, send_push, send_sms, send_code, gather_digests, forget_deliveries]
SCHEDULES: Final[list[Schedule]] = [Schedule("37 3 * * *", forget_deliveries)]
WATCHES: Final[list[Watch]] = [
    Watch("notifications.mail", LIST_DUE["mail"], send_mail),
    Watch("notifications.push", LIST_DUE["push"], send_push),
    Watch("notifications.sms", LIST_DUE["sms"], send_sms),
    Watch("notifications.digests", LIST_DUE_DIGESTS, gather_digests),
]
