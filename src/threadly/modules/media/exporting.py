"""What media gives to who asks for a copy of what is known of them."""

from collections.abc import AsyncIterator
from functools import partial

from threadly.modules.media.repository.exporting import EXPORT_FILES, EXPORT_IMAGES
from threadly.modules.media.rules import path_of
from threadly.platform.exporting import Attachment, Record, each_row
from threadly.platform.ids import UUID
from threadly.platform.storage import storage_of
from threadly.platform.work import Work

__all__ = ["export_member"]


async def export_member(work: Work, *, member_id: UUID) -> AsyncIterator[Record | Attachment]:
    """The images that a member uploaded, as they were kept, and what was said of them; and their files."""
    storage = storage_of(work.settings)
    async for image in each_row(work, EXPORT_IMAGES, member_id):
        name = f"media/files/{image.id}.{image.content_type.rpartition('/')[2]}"
        described = {
            "id": image.id,
            "file": name,
            "alt": image.alt,
            "width": image.width,
            "height": image.height,
            "created_at": image.created_at,
        }
        yield Record("media/images", described)
        yield Attachment(name, partial(storage.get, path_of(work.tenant.id, image.place, "main")))
    async for file in each_row(work, EXPORT_FILES, member_id):
        # Two files may have one name.
        name = f"media/files/{file.id}/{file.name}"
        told = {
            "id": file.id,
            "file": name,
            "name": file.name,
            "content_type": file.content_type,
            "size_bytes": file.bytes,
            "created_at": file.created_at,
        }
        yield Record("media/files", told)
        yield Attachment(name, partial(storage.get, path_of(work.tenant.id, file.place, "main")))
