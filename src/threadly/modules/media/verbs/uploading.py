"""Uploads: a place is reserved, the bytes are put there outside of any transaction, and then they count."""

import unicodedata
from collections.abc import Sequence
from typing import Protocol

from msgspec import Struct

from threadly.modules.media.errors import AltTooLong, MediaInUse, MediaMissing, QuotaReached
from threadly.modules.media.jobs import make_sizes
from threadly.modules.media.repository.uploading import (
    ABANDON,
    ADD_IMAGE,
    COUNT_BYTES,
    DESCRIBE,
    FIND_UPLOAD,
    IS_USED,
    LIST_CHOSEN,
    LIST_UPLOADS,
    LOCK,
    REMOVE,
    RESERVE,
    SETTLE,
    TOUCH,
    UploadRow,
)
from threadly.modules.media.rules import MEBIBYTE, MOST_ALT_CHARACTERS, address_of, expiry_after
from threadly.modules.media.types import Upload
from threadly.platform.ids import UUID, new_id
from threadly.platform.paging import Keyset, Page, id_before, page_of
from threadly.platform.work import Work

__all__ = [
    "Picture",
    "Reservation",
    "clean_alt",
    "describe_upload",
    "get_upload",
    "keep_upload",
    "list_chosen",
    "list_uploads",
    "remove_upload",
    "reserve_place",
]


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


class Reservation(Struct, frozen=True):
    """Where the bytes of an upload go, or, if this community has that picture already, are."""

    place: UUID
    key: str
    size_bytes: int
    is_new: bool


async def reserve_place(work: Work, *, picture: Picture) -> Reservation:
    """Raises SignInRequired, QuotaReached."""
    size = len(picture.content)
    await _require_room(work, size)
    if place := await work.one(TOUCH, picture.key, work.now):
        return Reservation(place, picture.key, size, is_new=False)
    place = new_id()
    about = (picture.content_type, picture.width, picture.height, size, picture.moving, picture.placeholder)
    await work.run(RESERVE, place, picture.key, *about, work.now)
    return Reservation(place, picture.key, size, is_new=True)


async def keep_upload(work: Work, *, reservation: Reservation, alt: str) -> Upload:
    """The bytes are in their place: the upload is the actor's.

    Raises SignInRequired, QuotaReached, AltTooLong.
    """
    member = work.actor.me
    described = clean_alt(alt)
    await work.run(LOCK, f"media.member {member}")
    await _require_room(work, reservation.size_bytes)
    image_id, place = new_id(), await _settle(work, reservation)
    await work.run(ADD_IMAGE, image_id, member, place, reservation.size_bytes, described, work.now)
    return await get_upload(work, upload_id=image_id)


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
    used = await work.one(IS_USED, upload_id, work.actor.me)
    if used is None:
        raise MediaMissing
    if used:
        raise MediaInUse
    await work.run(REMOVE, upload_id, work.actor.me)


def clean_alt(text: str) -> str:
    """One line without what cannot be shown. Raises AltTooLong."""
    shown = "".join(" " if unicodedata.category(each).startswith("C") else each for each in text)
    clean = " ".join(unicodedata.normalize("NFC", shown).split())
    if len(clean) > MOST_ALT_CHARACTERS:
        raise AltTooLong
    return clean


async def _settle(work: Work, reservation: Reservation) -> UUID:
    """The place of the bytes. Of two who upload one picture at once, the second finds the first one's."""
    await work.run(LOCK, f"media.key {work.tenant.id} {reservation.key}")
    if place := await work.one(TOUCH, reservation.key, work.now):
        if place != reservation.place:
            await work.run(ABANDON, reservation.place)
        return place
    settled = await work.one(SETTLE, reservation.place, work.now)
    assert settled, "the sweep leaves a reservation alone for longer than a request may take"
    await work.enqueue(make_sizes, job_id=f"media.make_sizes:{settled}", place=str(settled))
    return settled


async def _require_room(work: Work, size: int) -> None:
    used = await work.one(COUNT_BYTES, work.actor.me) or 0
    if used + size > work.settings.media_quota_mib * MEBIBYTE:
        raise QuotaReached


def _upload_of(work: Work, row: UploadRow) -> Upload:
    expires = None if row.public else expiry_after(work.now)
    return Upload(
        id=row.id,
        url=address_of(row.key, "large", work.settings, expires=expires),
        thumbnail_url=address_of(row.key, "thumb", work.settings, expires=expires),
        width=row.width,
        height=row.height,
        alt=row.alt,
        placeholder=row.placeholder,
        state="ready" if row.processed else "processing",
        moving=row.moving,
        size_bytes=row.bytes,
        used=row.used,
    )
