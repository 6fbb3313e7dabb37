"""Pictures of our own, for a community to look at: made in this process, since there is nothing to fear."""

import asyncio
from hashlib import sha256

from msgspec import Struct

from threadly.modules.media.press.press import Pressed
from threadly.modules.media.repository.uploading import RESERVE
from threadly.modules.media.rules import PRESS_LIMITS, path_of
from threadly.modules.media.verbs.uploading import Reservation, keep_upload, pressed
from threadly.platform.ids import UUID, new_id
from threadly.platform.storage import storage_of
from threadly.platform.work import Work
from threadly.settings import Settings

__all__ = ["Drawing", "import_drawing", "keep_drawing"]


class Drawing(Struct, frozen=True):
    """A picture whose bytes are in their place already."""

    picture: Pressed
    place: UUID
    alt: str


async def keep_drawing(settings: Settings, *, tenant_id: int, content: bytes, alt: str) -> Drawing:
    """`content` is an image file. Raises StorageUnavailable."""
    picture = await asyncio.to_thread(_press, content)
    place = new_id()
    path = path_of(tenant_id, place, "main")
    await storage_of(settings).put(path, picture.content, content_type=picture.content_type)
    return Drawing(picture, place, alt)


async def import_drawing(work: Work, *, drawing: Drawing) -> UUID:
    """It is an upload of the actor's. Raises SignInRequired, QuotaReached."""
    it = pressed(drawing.picture)
    about = (it.content_type, it.size_bytes, it.width, it.height, it.moving, it.placeholder)
    await work.run(RESERVE, drawing.place, it.key, it.kind, *about, work.now)
    reservation = Reservation(drawing.place, it.key, it.size_bytes, is_new=True)
    return (await keep_upload(work, reservation=reservation, alt=drawing.alt)).id


def _press(content: bytes) -> Pressed:
    from threadly.modules.media.press.program import make_main  # what decodes is large

    told, (pressed,) = make_main(content, dict(PRESS_LIMITS))
    return Pressed(key=sha256(pressed).hexdigest(), content=pressed, **told)
