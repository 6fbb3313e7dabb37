"""Images in use: by a post, a product, a message, a profile; and files, by a message."""

from collections.abc import Sequence

from threadly.modules.media.errors import ImagesOnly, MediaUnknown, TooManyMedia
from threadly.modules.media.repository.attaching import (
    ATTACH,
    DETACH,
    FIND_OWN,
    LIST_SHOWN,
    LOCK_USED,
    RESTRICT,
    OwnUpload,
)
from threadly.modules.media.rules import MOST_ATTACHED
from threadly.modules.media.types import Attached, StoredFile, StoredMedia
from threadly.platform.ids import UUID
from threadly.platform.work import Work

__all__ = ["attach", "attach_all", "detach", "list_shown", "restrict"]


async def attach(
    work: Work,
    *,
    media_ids: Sequence[UUID],
    owner: str,
    owner_id: UUID,
    private: bool = False,
    keeps: bool = False,
) -> list[StoredMedia]:
    """The actor's own images are what `owner_id`, a thing of the kind `owner` ("post"), shows from now on
    in that order; what it showed before and is not named any more, it shows no longer. Twice is the same.
    `keeps`: what it showed before is served on, because others (orders, say) show it by its address.

    Raises SignInRequired, TooManyMedia, MediaUnknown, ImagesOnly.
    """
    found = await _find(work, media_ids, owner, owner_id)
    if any(it.name is not None for it in found):
        raise ImagesOnly
    await _use(work, found, owner, owner_id, private=private, keeps=keeps)
    return [_image(it, private=private) for it in found]


async def attach_all(work: Work, *, media_ids: Sequence[UUID], owner: str, owner_id: UUID) -> Attached:
    """As `attach`, for an owner that takes files too, and is private: whoever is shown it gets addresses that
    expire, and end when the owner lets go.

    Raises SignInRequired, TooManyMedia, MediaUnknown.
    """
    found = await _find(work, media_ids, owner, owner_id)
    await _use(work, found, owner, owner_id, private=True, keeps=False)
    return _attached(found)


async def list_shown(work: Work, *, owner: str, owner_id: UUID) -> Attached:
    """What `owner_id` shows now, in its order, for somebody who may see it though it is hidden from others:
    by addresses that expire, also of what is public."""
    return _attached(await work.all(LIST_SHOWN, owner, owner_id))


async def detach(work: Work, *, owner: str, owner_id: UUID) -> None:
    """`owner_id` shows nothing any more, and addresses that were signed for it end; the bytes go once nothing
    uses them."""
    await _let_go(work, owner, owner_id, [])


async def restrict(work: Work, *, owner: str, owner_id: UUID, private: bool) -> None:
    """What `owner_id` shows is from now on seen by signed addresses only, or by everybody; the owner sets
    `private` in the rows that it keeps. Caches that have a picture already keep it."""
    await work.run(RESTRICT, owner, owner_id, private)


async def _find(work: Work, media_ids: Sequence[UUID], owner: str, owner_id: UUID) -> list[OwnUpload]:
    """In the order that was asked for."""
    wanted = list(dict.fromkeys(media_ids))
    if len(wanted) > MOST_ATTACHED:
        raise TooManyMedia
    found = {each.id: each for each in await work.all(FIND_OWN, wanted, work.actor.me, owner, owner_id)}
    if len(found) < len(wanted):
        raise MediaUnknown
    return [found[media_id] for media_id in wanted]


async def _use(
    work: Work, found: Sequence[OwnUpload], owner: str, owner_id: UUID, *, private: bool, keeps: bool
) -> None:
    wanted = [each.id for each in found]
    if not keeps:
        await _let_go(work, owner, owner_id, wanted)
    if wanted:
        await work.run(ATTACH, wanted, owner, owner_id, private, work.now)


async def _let_go(work: Work, owner: str, owner_id: UUID, kept: Sequence[UUID]) -> None:
    if await work.all(LOCK_USED, owner, owner_id, kept):
        await work.run(DETACH, owner, owner_id, kept, work.now)


def _attached(found: Sequence[OwnUpload]) -> Attached:
    return Attached(
        images=[_image(it, private=True) for it in found if it.name is None],
        files=[
            StoredFile(it.id, it.key, it.name, it.bytes, it.content_type)
            for it in found
            if it.name is not None
        ],
    )


def _image(it: OwnUpload, *, private: bool) -> StoredMedia:
    assert it.width is not None
    assert it.height is not None
    return StoredMedia(it.id, it.key, it.width, it.height, it.alt, it.placeholder, private)
