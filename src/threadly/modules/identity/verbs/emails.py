"""A member's e-mail is replaced: once the new address is confirmed, and told to the old one."""

import asyncpg

from threadly.modules.identity.errors import (
    AccountMissing,
    EmailSentJustNow,
    EmailTaken,
    LinkExpired,
    LinkInvalid,
)
from threadly.modules.identity.events import EmailVerified
from threadly.modules.identity.jobs import send_link, tell_former_address
from threadly.modules.identity.opaque import hash_of, link_token, well_formed
from threadly.modules.identity.repository.accounts import FIND_TAKEN
from threadly.modules.identity.repository.links import (
    DELETE_LINKS_OF,
    FIND_LINK,
    FIND_PENDING_EMAIL,
    INSERT_EMAIL_LINK,
    INSERT_FORMER_EMAIL,
    REPLACE_EMAIL,
    USE_EMAIL_LINK,
)
from threadly.modules.identity.rules import LINK_COOLDOWN, LINK_LIFETIMES
from threadly.platform.ids import new_id
from threadly.platform.work import Work

__all__ = ["confirm_email", "find_pending_email", "send_email_link"]


async def send_email_link(work: Work, *, email: str) -> None:
    """Mail a link to `email`, which was cleaned by `rules`. Raises EmailTaken or EmailSentJustNow."""
    taken = await work.one(FIND_TAKEN, email, "")
    if taken is not None and taken.email:
        raise EmailTaken("Another account has this address.")
    link_id = new_id()
    sent = await work.run(
        INSERT_EMAIL_LINK,
        link_id,
        work.actor.me,
        hash_of(link_token(work.settings, link_id)),
        work.now,
        work.now - LINK_COOLDOWN,
        work.now + LINK_LIFETIMES["email"],
        email,
    )
    if not sent:
        raise EmailSentJustNow
    await work.enqueue(send_link, link_id=str(link_id))


async def find_pending_email(work: Work) -> str | None:
    """The address that the actor has asked for and not yet confirmed. Raises SignInRequired."""
    return await work.one(FIND_PENDING_EMAIL, work.actor.me, work.now)


async def confirm_email(work: Work, *, token: str) -> None:
    """From now on the address is the member's, whoever is signed in here. Links in mails to the old one work
    no more, and it is told.

    Raises LinkInvalid, LinkExpired, or EmailTaken when somebody else has it meanwhile.
    """
    token_hash = hash_of(well_formed(token))
    link = await work.one(USE_EMAIL_LINK, token_hash, work.now)
    if link is None:
        raise LinkExpired if await work.one(FIND_LINK, token_hash, "email") else LinkInvalid
    try:
        former = await work.one(REPLACE_EMAIL, link.user_id, link.email, work.now)
    except asyncpg.UniqueViolationError:
        raise EmailTaken("Another account has this address.") from None
    if former is None:
        raise AccountMissing
    await work.run(DELETE_LINKS_OF, link.user_id)
    former_id = new_id()
    await work.run(INSERT_FORMER_EMAIL, former_id, link.user_id, former, work.now)
    await work.enqueue(tell_former_address, former_id=str(former_id))
    work.emit(EmailVerified(user_id=link.user_id))
