"""From the file in a request to an upload: limited, pressed or measured, put into its place, and counted.

Asked by entries only; what has to do with transactions is in `verbs/uploading.py`.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from hashlib import sha256
from typing import IO, TYPE_CHECKING, Any, Final
from weakref import WeakKeyDictionary

from threadly.modules.media.errors import (
    FileEmpty,
    FileTooLarge,
    MediaUnknown,
    PressBusy,
    TooManyMedia,
    TooManyUploads,
    UploadMissing,
    UploadTooLarge,
)
from threadly.modules.media.judging import HEAD_BYTES, PICTURES, judge
from threadly.modules.media.press import press_of
from threadly.modules.media.rules import MOST_ATTACHED, MOST_UPLOAD_BYTES, most_file_bytes, path_of
from threadly.modules.media.verbs.uploading import (
    Content,
    Reservation,
    clean_alt,
    keep_file,
    keep_upload,
    pressed,
    reserve_place,
)
from threadly.platform.ids import UUID, parse_id
from threadly.platform.limits import Limit
from threadly.platform.resilience import Bulkhead, BulkheadFull
from threadly.platform.storage import storage_of
from threadly.platform.work import Works

if TYPE_CHECKING:
    # The worker comes by here too, and has no use for the web framework.
    from litestar.datastructures import UploadFile

    from threadly.platform.http.edge import Edge

__all__ = [
    "MOST_FORM_BYTES",
    "accept",
    "accept_file",
    "chosen_file",
    "collect",
    "receiving",
    "upload_file",
]

UPLOADS: Final = Limit("uploads", 60, 600)
# The form of a page that has images in it: half of what ten of the largest would have.
MOST_FORM_BYTES: Final = MOST_ATTACHED * MOST_UPLOAD_BYTES // 2
# How many bodies with an upload are taken in at once by a process, which bounds what they hold of it.
AT_ONCE: Final = 32
WAITING: Final = 32
PATIENCE_S: Final = 5.0
# Of those, one member's: whoever sends slowly holds up nobody but themselves.
MEMBER_AT_ONCE: Final = 4
RETRY_AFTER_S: Final = 5
# In the state of a request that has come in by the door.
INSIDE: Final = "threadly_inside"
CHUNK_BYTES: Final = 262_144
# A file up to this size is in memory anyway, and put in one go.
SMALL_BYTES: Final = 1_048_576


class Door:
    """Where bodies with uploads come into a process."""

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
    """While a body with an upload of the actor's is read and taken in. Within itself it is the same.

    Raises SignInRequired, PressBusy, TooManyUploads.
    """
    door, state = _doors.setdefault(edge.runtime.works, Door()), edge.request.scope["state"]
    if INSIDE in state:
        yield
        return
    async with door.pass_by(edge.actor.me):
        state[INSIDE] = True
        try:
            yield
        finally:
            del state[INSIDE]


async def accept(edge: "Edge", *, content: bytes) -> Reservation:
    """The file is an image, and is kept; `keep_upload` makes it the actor's.

    Raises SignInRequired, TooManyUploads, QuotaReached, PressBusy, StorageUnavailable, and a refusal for each
    way in which it is no image.
    """
    await _spend(edge)
    picture = await press_of(edge.runtime.works).main(content)
    reservation = await edge.write(lambda work: reserve_place(work, content=pressed(picture)))
    if reservation.is_new:
        path = path_of(edge.tenant.id, reservation.place, "main")
        storage = storage_of(edge.runtime.settings)
        await storage.put(path, picture.content, content_type=picture.content_type)
    return reservation


async def accept_file(edge: "Edge", file: "UploadFile") -> Reservation:
    """Any file, kept as it is; `keep_file` makes it the actor's. It is read in parts, and never whole.

    Raises SignInRequired, TooManyUploads, FileEmpty, FileTooLarge, QuotaReached, StorageUnavailable.
    """
    await _spend(edge)
    settings = edge.runtime.settings
    content = await asyncio.to_thread(_measure, file.file, most_file_bytes(settings))
    if not content.size_bytes:
        raise FileEmpty
    if content.size_bytes > most_file_bytes(settings):
        raise FileTooLarge(
            f"A file has at most {settings.media_file_mib} MB here. Please choose a smaller one, "
            "or send where it can be downloaded."
        )
    reservation = await edge.write(lambda work: reserve_place(work, content=content))
    if reservation.is_new:
        await _put(edge, file, content, path_of(edge.tenant.id, reservation.place, "main"))
    return reservation


async def collect(edge: "Edge", *, any_kind: bool = False) -> list[UUID]:
    """The images of a form that has `components/upload.html` in it, in their order: uploaded before, by
    script (`media_ids`), or along with it (`files`, all described by `alt`).

    `any_kind`: what is no image by its content is kept as a file, as where the component says `files=true`.

    For the handler of a page, whose route says `request_max_body_size=MOST_FORM_BYTES`. Raises what `accept`
    and `accept_file` raise, MediaUnknown, TooManyMedia, AltTooLong.
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
    made = []
    for file in files:
        as_file = any_kind and not await _is_picture(file)
        made.append(await (_upload_as_it_is(edge, file) if as_file else upload_file(edge, file, alt=alt)))
    return known + made


async def upload_file(edge: "Edge", file: "UploadFile", *, alt: str) -> UUID:
    """An image of a page's form. Raises what `accept` raises, UploadTooLarge, AltTooLong."""
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


async def _upload_as_it_is(edge: "Edge", file: "UploadFile") -> UUID:
    async with receiving(edge):
        reservation = await accept_file(edge, file)
    return (await edge.write(lambda work: keep_file(work, reservation=reservation, name=file.filename))).id


async def _is_picture(file: "UploadFile") -> bool:
    head = await file.read(HEAD_BYTES)
    await file.seek(0)
    return judge(head) in PICTURES


def _measure(file: IO[bytes], most: int) -> Content:
    """What there is to say of a file, read once from its start; the rest of one that is too large is not."""
    file.seek(0)
    digest, head, size = sha256(), b"", 0
    while size <= most and (chunk := file.read(CHUNK_BYTES)):
        digest.update(chunk)
        head += chunk[: HEAD_BYTES - len(head)]
        size += len(chunk)
    return Content("file", digest.hexdigest(), judge(head), size)


async def _put(edge: "Edge", file: "UploadFile", content: Content, path: str) -> None:
    storage = storage_of(edge.runtime.settings)
    await file.seek(0)
    if content.size_bytes <= SMALL_BYTES:
        await storage.put(path, await file.read(), content_type=content.content_type)
        return

    async def chunks() -> AsyncIterator[bytes]:
        while chunk := await file.read(CHUNK_BYTES):
            yield chunk

    await storage.put_parts(path, chunks(), size=content.size_bytes, content_type=content.content_type)


async def _spend(edge: "Edge") -> None:
    allowance = await edge.runtime.limiter.check(f"{edge.tenant.id}:{edge.actor.me}", UPLOADS)
    if allowance.refused:
        raise TooManyUploads(retry_after_s=allowance.retry_after_s)


def _is_chosen(value: object) -> bool:
    """A file input that was left empty is sent nevertheless, without a name."""
    return bool(getattr(value, "filename", ""))
