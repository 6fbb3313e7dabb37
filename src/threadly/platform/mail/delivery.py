"""Delivering letters from durable jobs: to the mail server, or without one to the development mailbox."""

from collections.abc import Awaitable, Callable

import structlog

from threadly.platform.durable import Run
from threadly.platform.mail.letter import Letter, compose
from threadly.platform.mail.mailbox import keep_letter
from threadly.platform.mail.message_ids import signed_id
from threadly.platform.mail.smtp import Refused, hand_over, smtp_server
from threadly.platform.work import SYSTEM, Work

__all__ = ["deliver"]

log = structlog.get_logger(__name__)

# With the engine's doubling pauses: a mail server may be away for half an hour.
ATTEMPTS = 12


async def deliver(run: Run, write: Callable[[Work], Awaitable[Letter | None]]) -> None:
    """Deliver the letter that `write` writes, or none. To be called once in a job.

    The letter is written anew at each attempt and recorded nowhere, since it may hold a secret link and
    somebody's address. It is sent at least once; a second copy carries the same Message-ID.
    """
    if run.works.settings.smtp_url is None:
        await run.transact("keep letter", lambda work: _keep(work, write))
    else:
        await run.step("send letter", lambda: _send(run, write), attempts=ATTEMPTS)


async def _keep(work: Work, write: Callable[[Work], Awaitable[Letter | None]]) -> None:
    letter = await write(work)
    if letter is not None:
        await keep_letter(work, letter=letter)


async def _send(run: Run, write: Callable[[Work], Awaitable[Letter | None]]) -> None:
    settings = run.works.settings
    # Read and closed first: no connection is held while the mail server takes its time.
    async with run.works.read(run.tenant, SYSTEM, fresh=True) as work:
        letter, at = await write(work), work.now
    if letter is None:
        return
    assert settings.smtp_url is not None
    letter_id = signed_id(settings, run.job_id, tenant_id=run.tenant.id, recipient=letter.recipient)
    message = compose(letter, sender=settings.mail_from, letter_id=letter_id, at=at)
    try:
        await hand_over(smtp_server(settings.smtp_url, timeout_s=settings.smtp_timeout_s), message)
    except Refused as refused:
        log.warning("mail is not deliverable", reason=str(refused), job_id=run.job_id)
