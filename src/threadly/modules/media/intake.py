"""From the file in a request to an upload: limited, pressed, put into its place, and counted.

Asked by entries only; what has to do with transactions is in `verbs/uploading.py`.
"""

from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Final
from weakref import WeakKeyDictionary

from threadly.modules.media.errors import (
    MediaUnknown,
    PressBusy,
    TooManyMedia,
    TooManyUploads,
    UploadMissing,
    UploadTooLarge,
)
from threadly.modules.media.press import press_of
from threadly.modules.media.rules import MOST_ATTACHED, MOST_UPLOAD_BYTES, path_of
from threadly.modules.media.verbs.uploading import Reservation, clean_alt, keep_upload, reserve_place
from threadly.platform.ids import UUID, parse_id
from threadly.platform.limits import Limit
from threadly.platform.resilience import Bulkhead, BulkheadFull
from threadly.platform.storage import storage_of
from threadly.platform.work import Works

if TYPE_CHECKING:
    # The worker comes by here too, and has no use for the web framework.
    from litestar.datastructures import UploadFile

    from threadly.platform.http.edge import Edge

__all__ = ["MOST_FORM_BYTES", "accept", "chosen_file", "collect", "receiving", "upload_file"]

UPLOADS: Final = Limit("uploads", 60, 600)
# The form of a page that has images in it: half of what ten of the largest would have.
MOST_FORM_BYTES: Final = MOST_ATTACHED * MOST_UPLOAD_BYTES // 2
# How many bodies with an image are taken in at once by a process, which bounds what they hold of it.
AT_ONCE: Final = 32
WAITING: Final = 32
PATIENCE_S: Final = 5.0
# Of those, one member's: whoever sends slowly holds up nobody but themselves.
MEMBER_AT_ONCE: Final = 4
RETRY_AFTER_S: Final = 5


class Door:
    """Where bodies with images come into a process."""

    def __init__(self) -> None:
        self._bulkhead = Bulkhead(most=AT_ONCE, waiting=WAITING, patience_s=PATIENCE_S)
        self._inside: Counter[UUID] = Counter()

    @asynccontextmanager
    async def pass_by(self, member: UUID) -> AsyncIterator[None]:
        """Raises PressBusy, TooManyUploads."""
        if self._inside[member] >= MEMBER_AT_ONCE:
            raise TooManyUploads(retry_after_s=RETRY_AFTER_S)
        self._inside[member] += 1
        try:
            async with self._bulkhead.slot():
                yield
        except BulkheadFull:
            raise PressBusy from None
        finally:
            self._inside[member] -= 1
            if not self._inside[member]:
                del self._inside[member]


_doors: WeakKeyDictionary[Works, Door] = WeakKeyDictionary()


@asynccontextmanager
async def receiving(edge: "Edge") -> AsyncIterator[None]:
    """While a body with an image of the actor's is read and pressed.

    Raises SignInRequired, PressBusy, TooManyUploads.
    """
    door = _doors.setdefault(edge.runtime.works, Door())
    async with door.pass_by(edge.actor.me):
        yield


async def accept(edge: "Edge", *, content: bytes) -> Reservation:
    """The file is an image, and is kept; `keep_upload` makes it the actor's.

    Raises SignInRequired, TooManyUploads, QuotaReached, PressBusy, StorageUnavailable, and a refusal for each
    way in which it is no image.
    """
    await _spend(edge)
    picture = await press_of(edge.runtime.works).main(content)
    reservation = await edge.write(lambda work: reserve_place(work, picture=picture))
    if reservation.is_new:
        path = path_of(edge.tenant.id, reservation.place, "main")
        storage = storage_of(edge.runtime.settings)
        await storage.put(path, picture.content, content_type=picture.content_type)
    return reservation


async def collect(edge: "Edge") -> list[UUID]:
    """The images of a form that has `components/upload.html` in it, in their order: uploaded before, by
    script (`media_ids`), or along with it (`files`, all described by `alt`).

    For the handler of a page, whose route says `request_max_body_size=MOST_FORM_BYTES`. Raises what `accept`
    raises, MediaUnknown, TooManyMedia, AltTooLong.
    """
    form = await edge.request.form()
    named = [parse_id(str(each)) for each in form.getall("media_ids", [])]
    files = [each for each in form.getall("files", []) if _is_chosen(each)]
    known = [each for each in named if each is not None]
    if len(known) < len(named):
        raise MediaUnknown
    if len(known) + len(files) > MOST_ATTACHED:
        raise TooManyMedia
    alt = clean_alt(str(form.get("alt", "")))
    return known + [await upload_file(edge, file, alt=alt) for file in files]


async def upload_file(edge: "Edge", file: "UploadFile", *, alt: str) -> UUID:
    """A file of a page's form. Raises what `accept` raises, UploadTooLarge, AltTooLong."""
    content = await file.read(MOST_UPLOAD_BYTES + 1)
    if len(content) > MOST_UPLOAD_BYTES:
        raise UploadTooLarge
    async with receiving(edge):
        reservation = await accept(edge, content=content)
    kept = await edge.write(lambda work: keep_upload(work, reservation=reservation, alt=alt))
    return kept.id


async def chosen_file(edge: "Edge", name: str) -> "UploadFile":
    """The file of a form's field. Raises UploadMissing."""
    found: Any = (await edge.request.form()).get(name)
    if not _is_chosen(found):
        raise UploadMissing
    chosen: UploadFile = found
    return chosen


async def _spend(edge: "Edge") -> None:
    allowance = await edge.runtime.limiter.check(f"{edge.tenant.id}:{edge.actor.me}", UPLOADS)
    if allowance.refused:
        raise TooManyUploads(retry_after_s=allowance.retry_after_s)


def _is_chosen(value: object) -> bool:
    """A file input that was left empty is sent nevertheless, without a name."""
    return bool(getattr(value, "filename", ""))
