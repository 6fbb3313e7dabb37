"""Mail that comes back: told by the mail server at once, or by a message or a provider's call later.

Nothing more is sent there until its owner confirms the address again, which the app tells them.
"""

import structlog

from threadly.modules import identity
from threadly.modules.notifications.channels.unsubscribing import Subscription, unsubscribe
from threadly.modules.notifications.verbs.telling import Fact, tell
from threadly.platform.ids import UUID, new_id
from threadly.platform.work import Work

__all__ = ["note_complaint", "note_returned"]

log = structlog.get_logger(__name__)

CONFIRM_PATH = "/settings/account"


async def note_returned(work: Work, *, email: str, reason: str) -> UUID | None:
    """Nobody is there. Returns whose address it was; None if it was nobody's, or not confirmed anyway.
    `reason` is a status, and names nobody."""
    user_id = await identity.doubt_email(work, email=email)
    if user_id is None:
        return None
    log.info("mail comes back", user_id=str(user_id), reason=reason)
    fact = Fact(
        kind="account",
        group=user_id,
        id=new_id(),
        subject_id=user_id,
        variant="mail_returned",
        detail={"email": email, "url": CONFIRM_PATH},
    )
    await tell(work, fact, user_ids=[user_id])
    return user_id


async def note_complaint(work: Work, *, email: str) -> UUID | None:
    """Its owner called our mail spam: that is a way to unsubscribe from all of it. Returns whose it was."""
    user_id = await identity.find_owner_of_email(work, email=email)
    if user_id is not None:
        await unsubscribe(work, subscription=Subscription(user_id, "all"))
    return user_id
