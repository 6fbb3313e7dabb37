"""Images in use: by a post, a product, a message, a profile."""

from collections.abc import Sequence

from threadly.modules.media.errors import MediaUnknown, TooManyMedia
from threadly.modules.media.repository.attaching import ATTACH, DETACH, FIND_OWN, RESTRICT
from threadly.modules.media.rules import MOST_ATTACHED
from threadly.modules.media.types import StoredMedia
from threadly.platform.ids import UUID
from threadly.platform.work import Work

__all__ = ["attach", "detach", "restrict"]


async def attach(
    work: Work,
    *,
    media_ids: Sequence[UUID],
    owner: str,
    owner_id: UUID,
    private: bool = False,
    keeps: bool = False,
) -> list[StoredMedia]:
    """The actor's own uploads are what `owner_id`, a thing of the kind `owner` ("post"), shows from now on
    in that order; what it showed before and is not named any more, it shows no longer. Twice is the same.
    `keeps`: what it showed before is served on, because others (orders, say) show it by its address.

    Raises SignInRequired, TooManyMedia, MediaUnknown.
    """
    wanted = list(dict.fromkeys(media_ids))
    if len(wanted) > MOST_ATTACHED:
        raise TooManyMedia
    found = {image.id: image for image in await work.all(FIND_OWN, wanted, work.actor.me, owner, owner_id)}
    if len(found) < len(wanted):
        raise MediaUnknown
    if not keeps:
        await work.run(DETACH, owner, owner_id, wanted, work.now)
    if wanted:
        await work.run(ATTACH, wanted, owner, owner_id, private, work.now)
    return [
        StoredMedia(it.id, it.key, it.width, it.height, it.alt, it.placeholder, private)
        for it in (found[media_id] for media_id in wanted)
    ]


async def detach(work: Work, *, owner: str, owner_id: UUID) -> None:
    """`owner_id` shows no image any more; the bytes go once nothing uses them."""
    await work.run(DETACH, owner, owner_id, [], work.now)


async def restrict(work: Work, *, owner: str, owner_id: UUID, private: bool) -> None:
    """What `owner_id` shows is from now on seen by signed addresses only, or by everybody; the owner sets
    `private` in the rows that it keeps. Caches that have a picture already keep it."""
    await work.run(RESTRICT, owner, owner_id, private)
