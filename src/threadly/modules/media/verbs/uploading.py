"""Uploads: a place is reserved, the bytes are put there outside of any transaction, and then they count."""

import unicodedata
from collections.abc import Sequence
from typing import Literal, Protocol

from msgspec import Struct

from threadly.modules.media.errors import AltTooLong, FileMissing, MediaInUse, MediaMissing, QuotaReached
from threadly.modules.media.jobs import make_sizes
from threadly.modules.media.judging import sort_of
from threadly.modules.media.naming import clean_name
from threadly.modules.media.repository.uploading import (
    ABANDON,
    ADD_UPLOAD,
    COUNT_BYTES,
    DESCRIBE,
    FIND_FILE_UPLOAD,
    FIND_UPLOAD,
    IS_USED,
    LIST_CHOSEN,
    LIST_FILES,
    LIST_UPLOADS,
    LOCK,
    REMOVE,
    RESERVE,
    SETTLE,
    TOUCH,
    FileRow,
    UploadRow,
)
from threadly.modules.media.rules import (
    MEBIBYTE,
    MOST_ALT_CHARACTERS,
    Pass,
    address_of,
    expiry_after,
    file_address_of,
)
from threadly.modules.media.types import FileUpload, Room, Upload
from threadly.platform.ids import UUID, new_id
from threadly.platform.paging import Keyset, Page, id_before, page_of
from threadly.platform.work import Work

__all__ = [
    "Content",
    "Picture",
    "Reservation",
    "clean_alt",
    "describe_upload",
    "get_file",
    "get_room",
    "get_upload",
    "keep_file",
    "keep_upload",
    "list_chosen",
    "list_files",
    "list_uploads",
    "pressed",
    "remove_file",
    "remove_upload",
    "reserve_place",
]

Kind = Literal["image", "file"]


class Picture(Protocol):
    """What the press made."""

    @property
    def key(self) -> str: ...
    @property
    def content(self) -> bytes: ...
    @property
    def content_type(self) -> str: ...
    @property
    def width(self) -> int: ...
    @property
    def height(self) -> int: ...
    @property
    def moving(self) -> bool: ...
    @property
    def placeholder(self) -> str: ...


class Content(Struct, frozen=True):
    """What there is to say of bytes that are to be kept: a picture as the press made it, or a file as it
    came. `key` is their SHA-256, in hexadecimal."""

    kind: Kind
    key: str
    content_type: str
    size_bytes: int
    width: int | None = None
    height: int | None = None
    moving: bool = False
    placeholder: str = ""


class Reservation(Struct, frozen=True):
    """Where the bytes of an upload go, or, if this community has them already, are."""

    place: UUID
    key: str
    size_bytes: int
    is_new: bool
    kind: Kind = "image"


def pressed(picture: Picture) -> Content:
    return Content(
        "image",
        picture.key,
        picture.content_type,
        len(picture.content),
        picture.width,
        picture.height,
        picture.moving,
        picture.placeholder,
    )


async def reserve_place(work: Work, *, content: Content) -> Reservation:
    """Raises SignInRequired, QuotaReached."""
    it = content
    await _require_room(work, it.size_bytes)
    if place := await work.one(TOUCH, it.key, work.now, it.kind):
        return Reservation(place, it.key, it.size_bytes, is_new=False, kind=it.kind)
    place = new_id()
    about = (it.content_type, it.size_bytes, it.width, it.height, it.moving, it.placeholder)
    await work.run(RESERVE, place, it.key, it.kind, *about, work.now)
    return Reservation(place, it.key, it.size_bytes, is_new=True, kind=it.kind)


async def keep_upload(work: Work, *, reservation: Reservation, alt: str) -> Upload:
    """The bytes are in their place: the upload is the actor's.

    Raises SignInRequired, QuotaReached, AltTooLong.
    """
    described = clean_alt(alt)
    return await get_upload(work, upload_id=await _keep(work, reservation, alt=described, name=None))


async def keep_file(work: Work, *, reservation: Reservation, name: str) -> FileUpload:
    """The same of a file, by the name that it came with, whatever that is.

    Raises SignInRequired, QuotaReached.
    """
    kept = await _keep(work, reservation, alt="", name=clean_name(name))
    return await get_file(work, upload_id=kept)


async def get_upload(work: Work, *, upload_id: UUID) -> Upload:
    """One of the actor's own. Raises SignInRequired, MediaMissing."""
    row = await work.one(FIND_UPLOAD, upload_id, work.actor.me)
    if row is None:
        raise MediaMissing
    return _upload_of(work, row)


async def list_uploads(work: Work, *, after: Keyset | None = None, limit: int = 20) -> Page[Upload]:
    """The actor's own, the newest first. Raises SignInRequired."""
    rows = await work.all(LIST_UPLOADS, work.actor.me, id_before(after), limit + 1)
    page = page_of(rows, limit=limit, key=lambda row: (str(row.id),))
    return Page([_upload_of(work, row) for row in page.items], page.after)


async def get_file(work: Work, *, upload_id: UUID) -> FileUpload:
    """One of the actor's own. Raises SignInRequired, FileMissing."""
    row = await work.one(FIND_FILE_UPLOAD, upload_id, work.actor.me)
    if row is None:
        raise FileMissing
    return _file_of(work, row)


async def list_files(work: Work, *, after: Keyset | None = None, limit: int = 20) -> Page[FileUpload]:
    """The actor's own, the newest first. Raises SignInRequired."""
    rows = await work.all(LIST_FILES, work.actor.me, id_before(after), limit + 1)
    page = page_of(rows, limit=limit, key=lambda row: (str(row.id),))
    return Page([_file_of(work, row) for row in page.items], page.after)


async def get_room(work: Work) -> Room:
    """What the actor's uploads take, and may. Raises SignInRequired."""
    used = await work.one(COUNT_BYTES, work.actor.me) or 0
    return Room(used, work.settings.media_quota_mib * MEBIBYTE)


async def list_chosen(work: Work, *, media_ids: Sequence[UUID]) -> list[Upload]:
    """Those that are the actor's own, in that order: for a form that is shown again.

    Raises SignInRequired.
    """
    rows = await work.all(LIST_CHOSEN, list(media_ids), work.actor.me) if media_ids else []
    return [_upload_of(work, row) for row in rows]


async def describe_upload(work: Work, *, upload_id: UUID, alt: str) -> Upload:
    """What the image shows, in words; where it is attached already, it keeps those that it had.

    Raises SignInRequired, MediaMissing, AltTooLong.
    """
    await work.run(DESCRIBE, upload_id, work.actor.me, clean_alt(alt))
    return await get_upload(work, upload_id=upload_id)


async def remove_upload(work: Work, *, upload_id: UUID) -> None:
    """Raises SignInRequired, MediaMissing, MediaInUse."""
    if not await _remove(work, upload_id, is_file=False):
        raise MediaMissing


async def remove_file(work: Work, *, upload_id: UUID) -> None:
    """Raises SignInRequired, FileMissing, MediaInUse."""
    if not await _remove(work, upload_id, is_file=True):
        raise FileMissing


def clean_alt(text: str) -> str:
    """One line without what cannot be shown. Raises AltTooLong."""
    shown = "".join(" " if unicodedata.category(each).startswith("C") else each for each in text)
    clean = " ".join(unicodedata.normalize("NFC", shown).split())
    if len(clean) > MOST_ALT_CHARACTERS:
        raise AltTooLong
    return clean


async def _keep(work: Work, reservation: Reservation, *, alt: str, name: str | None) -> UUID:
    member = work.actor.me
    await work.run(LOCK, f"media.member {member}")
    await _require_room(work, reservation.size_bytes)
    upload_id, place = new_id(), await _settle(work, reservation)
    await work.run(ADD_UPLOAD, upload_id, member, place, reservation.size_bytes, alt, name, work.now)
    return upload_id


async def _remove(work: Work, upload_id: UUID, *, is_file: bool) -> bool:
    """Whether there was one. Raises SignInRequired, MediaInUse."""
    used = await work.one(IS_USED, upload_id, work.actor.me, is_file)
    if used:
        raise MediaInUse
    if used is not None:
        await work.run(REMOVE, upload_id, work.actor.me)
    return used is not None


async def _settle(work: Work, reservation: Reservation) -> UUID:
    """The place of the bytes. Of two who upload the same at once, the second finds the first one's."""
    await work.run(LOCK, f"media.key {work.tenant.id} {reservation.key}")
    if place := await work.one(TOUCH, reservation.key, work.now, reservation.kind):
        if place != reservation.place:
            await work.run(ABANDON, reservation.place)
        return place
    settled = await work.one(SETTLE, reservation.place, work.now)
    assert settled, "the sweep leaves a reservation alone for longer than a request may take"
    if reservation.kind == "image":
        await work.enqueue(make_sizes, job_id=f"media.make_sizes:{settled}", place=str(settled))
    return settled


async def _require_room(work: Work, size: int) -> None:
    room = await get_room(work)
    if room.used_bytes + size > room.most_bytes:
        raise QuotaReached


def _upload_of(work: Work, row: UploadRow) -> Upload:
    pass_ = None if row.public else Pass(row.id, expiry_after(work.now), own=True)
    return Upload(
        id=row.id,
        url=address_of(row.key, "large", work.settings, pass_),
        thumbnail_url=address_of(row.key, "thumb", work.settings, pass_),
        width=row.width,
        height=row.height,
        alt=row.alt,
        placeholder=row.placeholder,
        state="ready" if row.processed else "processing",
        moving=row.moving,
        size_bytes=row.bytes,
        used=row.used,
    )


def _file_of(work: Work, row: FileRow) -> FileUpload:
    return FileUpload(
        id=row.id,
        url=file_address_of(row.key, work.settings, Pass(row.id, expiry_after(work.now), own=True)),
        name=row.name,
        size_bytes=row.bytes,
        content_type=row.content_type,
        sort=sort_of(row.content_type),
        used=row.used,
    )
