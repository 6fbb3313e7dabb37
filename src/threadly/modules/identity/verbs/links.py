"""Links in mail: to confirm an address, to choose a new password. Each works once, and for a limited time."""

from threadly.modules.identity.errors import LinkExpired, LinkInvalid
from threadly.modules.identity.events import EmailVerified
from threadly.modules.identity.jobs import send_link
from threadly.modules.identity.opaque import hash_of, link_token, well_formed
from threadly.modules.identity.repository.accounts import SET_PASSWORD, VERIFY_EMAIL
from threadly.modules.identity.repository.links import (
    FIND_LINK,
    INSERT_LINK_OF_EMAIL,
    INSERT_LINK_OF_USER,
    USE_LINK,
)
from threadly.modules.identity.rules import LINK_COOLDOWN, LINK_LIFETIMES, email_or_none
from threadly.modules.identity.verbs.sessions import end_sessions_of
from threadly.platform.ids import UUID, new_id
from threadly.platform.work import Work

__all__ = ["get_reset_link", "request_password_reset", "reset_password", "send_verification", "verify_email"]


async def send_verification(work: Work, *, user_id: UUID) -> None:
    """Mail a link that confirms the address; nothing if it is confirmed, or a link was sent a moment ago."""
    link_id = new_id()
    if await work.run(INSERT_LINK_OF_USER, link_id, user_id, *_link(work, link_id, "verify")):
        await work.enqueue(send_link, link_id=str(link_id))


async def request_password_reset(work: Work, *, email: str) -> None:
    """Mail a link to choose a new password, if the address is a member's.

    The same statements run in any case, the job included, which then finds no link: so neither the answer
    nor its time tells who is a member.
    """
    link_id = new_id()
    await work.run(INSERT_LINK_OF_EMAIL, link_id, email_or_none(email) or "", *_link(work, link_id, "reset"))
    await work.enqueue(send_link, link_id=str(link_id))


async def verify_email(work: Work, *, token: str) -> None:
    """Raises LinkInvalid or LinkExpired."""
    user_id = await _use(work, token, "verify")
    if await work.run(VERIFY_EMAIL, user_id, work.now):
        work.emit(EmailVerified(user_id=user_id))


async def get_reset_link(work: Work, *, token: str) -> UUID:
    """Whose password this link resets; the link stays good. Raises LinkInvalid or LinkExpired."""
    link = await work.one(FIND_LINK, hash_of(well_formed(token)), "reset")
    if link is None:
        raise LinkInvalid
    if link.expires_at <= work.now:
        raise LinkExpired
    return link.user_id


async def reset_password(work: Work, *, token: str, password_hash: str) -> None:
    """Use the link up, set the password and end all sessions. Raises LinkInvalid or LinkExpired."""
    user_id = await _use(work, token, "reset")
    await work.run(SET_PASSWORD, user_id, password_hash)
    await end_sessions_of(work, user_id=user_id)
    # Whoever followed the link reads that mailbox.
    if await work.run(VERIFY_EMAIL, user_id, work.now):
        work.emit(EmailVerified(user_id=user_id))


async def _use(work: Work, token: str, purpose: str) -> UUID:
    token_hash = hash_of(well_formed(token))
    user_id = await work.one(USE_LINK, token_hash, purpose, work.now)
    if user_id is None:
        raise LinkExpired if await work.one(FIND_LINK, token_hash, purpose) else LinkInvalid
    return user_id


def _link(work: Work, link_id: UUID, purpose: str) -> tuple[object, ...]:
    """What both ways to insert a link have in common, from its third argument on."""
    return (
        purpose,
        hash_of(link_token(work.settings, link_id)),
        work.now - LINK_COOLDOWN,
        work.now,
        work.now + LINK_LIFETIMES[purpose],
    )
