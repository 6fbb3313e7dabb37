"""A member's own picture."""

from threadly.modules import identity
from threadly.modules.media.verbs.attaching import attach, detach
from threadly.platform.ids import UUID
from threadly.platform.work import Work

__all__ = ["set_avatar"]

OWNER = "avatar"


async def set_avatar(work: Work, *, media_id: UUID | None) -> None:
    """The actor's upload is their picture from now on; without one they have none.

    Raises SignInRequired, MediaUnknown.
    """
    if media_id is None:
        await detach(work, owner=OWNER, owner_id=work.actor.me)
        await identity.edit_profile(work, avatar_url="")
        return
    (stored,) = await attach(work, media_ids=[media_id], owner=OWNER, owner_id=work.actor.me)
    # Without the host of a CDN, which may change.
    await identity.edit_profile(work, avatar_url=f"/media/{stored.key}/thumb")
