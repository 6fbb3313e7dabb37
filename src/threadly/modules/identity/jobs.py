"""What identity does later, or on a schedule."""

from datetime import timedelta
from typing import Final

from threadly.modules.identity.letters import (
    new_email_letter,
    replaced_email_letter,
    reset_letter,
    verification_letter,
)
from threadly.modules.identity.opaque import link_token
from threadly.modules.identity.repository.links import (
    DELETE_EXPIRED_LINKS,
    DELETE_FORMER_EMAILS,
    GET_ADDRESSEE,
    GET_FORMER_ADDRESSEE,
)
from threadly.modules.identity.repository.sessions import (
    DELETE_EXPIRED_REFRESH_TOKENS,
    DELETE_EXPIRED_SESSIONS,
    DELETE_EXPIRED_VOIDED_TOKENS,
)
from threadly.modules.identity.verbs.signing import rotate_when_due
from threadly.platform.durable import Job, Run, Schedule, job
from threadly.platform.ids import UUID
from threadly.platform.mail import Letter, deliver, site_url
from threadly.platform.work import Work

__all__ = ["JOBS", "SCHEDULES", "clean_up", "rotate_keys", "send_link", "tell_former_address"]

# What has ended is kept so long, for whoever looks into an incident.
KEPT_AFTER_END = timedelta(days=1)
BATCH_SIZE = 5_000
BATCHES_MOST = 200
DELETIONS = (
    DELETE_EXPIRED_LINKS,
    DELETE_EXPIRED_REFRESH_TOKENS,
    DELETE_EXPIRED_SESSIONS,
    DELETE_EXPIRED_VOIDED_TOKENS,
)

FORMER_EMAILS_KEPT = timedelta(days=30)

WRITERS = {"verify": verification_letter, "reset": reset_letter, "email": new_email_letter}
PATHS = {"verify": "/verify", "reset": "/password/reset", "email": "/settings/email/confirm"}


@job("identity.send_link", queue="mail")
async def send_link(run: Run, *, link_id: str) -> None:
    """Mail a link to whom it was made for; nothing if it was replaced, used or deleted in the meantime."""

    async def write(work: Work) -> Letter | None:
        return await _letter(work, UUID(link_id))

    await deliver(run, write)


@job("identity.tell_former_address", queue="mail")
async def tell_former_address(run: Run, *, former_id: str) -> None:
    """Tell an address that an account has another one now; nothing if the account is deleted."""

    async def write(work: Work) -> Letter | None:
        addressee = await work.one(GET_FORMER_ADDRESSEE, UUID(former_id))
        if addressee is None:
            return None
        return replaced_email_letter(
            recipient=addressee.email,
            name=addressee.name,
            site=work.tenant.name,
            link=f"{await site_url(work)}/login",
        )

    await deliver(run, write)


@job("identity.clean_up")
async def clean_up(run: Run) -> None:
    """Delete expired links, tokens and sessions, in short transactions; the rest waits for the next run."""
    for number in range(BATCHES_MOST):
        if not await run.transact(f"batch {number}", _delete_batch):
            return


@job("identity.rotate_keys")
async def rotate_keys(run: Run) -> None:
    await run.transact("rotate", rotate_when_due)


JOBS: Final[list[Job]] = [send_link, tell_former_address, clean_up, rotate_keys]
SCHEDULES: Final[list[Schedule]] = [Schedule("17 * * * *", clean_up), Schedule("41 3 * * *", rotate_keys)]


async def _letter(work: Work, link_id: UUID) -> Letter | None:
    addressee = await work.one(GET_ADDRESSEE, link_id, work.now)
    if addressee is None:
        return None
    path, token = PATHS[addressee.purpose], link_token(work.settings, link_id)
    return WRITERS[addressee.purpose](
        recipient=addressee.email,
        name=addressee.name,
        site=work.tenant.name,
        link=f"{await site_url(work)}{path}?token={token}",
    )


async def _delete_batch(work: Work) -> bool:
    """Whether there may be more."""
    ended = work.now - KEPT_AFTER_END
    deleted = [await work.run(statement, ended, BATCH_SIZE) for statement in DELETIONS]
    deleted.append(await work.run(DELETE_FORMER_EMAILS, work.now - FORMER_EMAILS_KEPT, BATCH_SIZE))
    return max(deleted) == BATCH_SIZE
