"""What a member uploaded, for a copy of it."""

from datetime import datetime

import msgspec

from threadly.platform.db import sql
from threadly.platform.ids import UUID

__all__ = [
    "EXPORT_FILES",
    "EXPORT_IMAGES",
    "ExportedFile",
    "ExportedImage",
]


class ExportedImage(msgspec.Struct, frozen=True):
    """With where its bytes are."""

    id: UUID
    alt: str
    content_type: str
    width: int
    height: int
    created_at: datetime
    place: UUID


class ExportedFile(msgspec.Struct, frozen=True):
    id: UUID
    name: str
    content_type: str
    bytes: int
    created_at: datetime
    place: UUID


EXPORT_IMAGES = sql(
    "media.export_images",
    """
    SELECT i.id, i.alt, b.content_type, b.width, b.height, i.created_at, b.place
    FROM media.images i JOIN media.blobs b ON b.place = i.place
    WHERE i.member_id = $1 AND i.id > $2 AND b.kind = 'image' AND b.state = 'stored' ORDER BY i.id LIMIT $3
    """,
    into=ExportedImage,
)
EXPORT_FILES = sql(
    "media.export_files",
    """
    SELECT i.id, i.name, b.content_type, i.bytes, i.created_at, b.place
    FROM media.images i JOIN media.blobs b ON b.place = i.place
    WHERE i.member_id = $1 AND i.id > $2 AND b.kind = 'file' AND b.state = 'stored' ORDER BY i.id LIMIT $3
    """,
    into=ExportedFile,
)
