"""Uploads of members, and the places where their bytes are."""

from datetime import datetime
from types import NoneType

from msgspec import Struct

from threadly.platform.db import sql
from threadly.platform.ids import UUID

__all__ = [
    "ABANDON",
    "ADD_UPLOAD",
    "COUNT_BYTES",
    "DESCRIBE",
    "FIND_FILE_UPLOAD",
    "FIND_UPLOAD",
    "IS_USED",
    "LIST_CHOSEN",
    "LIST_FILES",
    "LIST_UPLOADS",
    "LOCK",
    "REMOVE",
    "RESERVE",
    "SETTLE",
    "TOUCH",
    "FileRow",
    "UploadRow",
]


class UploadRow(Struct, frozen=True):
    id: UUID
    key: str
    width: int
    height: int
    alt: str
    placeholder: str
    processed: bool
    moving: bool
    bytes: int
    used: bool
    public: bool
    created_at: datetime


class FileRow(Struct, frozen=True):
    id: UUID
    key: str
    name: str
    content_type: str
    bytes: int
    used: bool


# One after the other: uploads of one picture, and those of one member, whose bytes are counted.
LOCK = sql("media.lock", "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", into=NoneType)

COUNT_BYTES = sql(
    "media.count_bytes",
    "SELECT COALESCE(sum(bytes), 0)::bigint FROM media.images WHERE member_id = $1",
    into=int,
)

# The sweep leaves it alone for a while.
TOUCH = sql(
    "media.touch",
    "UPDATE media.blobs SET touched_at = $2 WHERE tenant_id = platform.tenant_id() AND key = $1"
    " AND kind = $3 AND state = 'stored' RETURNING place",
    into=UUID,
)

RESERVE = sql(
    "media.reserve",
    """
    INSERT INTO media.blobs
        (place, key, state, kind, content_type, bytes, width, height, moving, placeholder, touched_at)
    VALUES ($1, $2, 'storing', $3, $4, $5, $6, $7, $8, $9, $10)
    """,
    into=NoneType,
)

SETTLE = sql(
    "media.settle",
    "UPDATE media.blobs SET state = 'stored', touched_at = $2 WHERE place = $1 AND state = 'storing'"
    " RETURNING place",
    into=UUID,
)

ABANDON = sql(
    "media.abandon",
    "UPDATE media.blobs SET state = 'gone' WHERE place = $1 AND state = 'storing'",
    into=NoneType,
)

ADD_UPLOAD = sql(
    "media.add_upload",
    """
    INSERT INTO media.images (id, member_id, place, bytes, alt, name, created_at, idle_since)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $7)
    """,
    into=NoneType,
)

_UPLOAD = """
    SELECT i.id, b.key, b.width, b.height, i.alt, b.placeholder, b.variants IS NOT NULL AS processed,
        b.moving, i.bytes, EXISTS (SELECT FROM media.uses u WHERE u.image_id = i.id) AS used,
        EXISTS (SELECT FROM media.uses u WHERE u.image_id = i.id AND NOT u.private) AS public, i.created_at
    FROM media.images i JOIN media.blobs b ON b.place = i.place AND b.kind = 'image'
"""
_FILE = """
    SELECT i.id, b.key, i.name, b.content_type, i.bytes,
        EXISTS (SELECT FROM media.uses u WHERE u.image_id = i.id) AS used
    FROM media.images i JOIN media.blobs b ON b.place = i.place AND b.kind = 'file'
"""

FIND_UPLOAD = sql("media.find_upload", f"{_UPLOAD} WHERE i.id = $1 AND i.member_id = $2", into=UploadRow)

LIST_CHOSEN = sql(
    "media.list_chosen",
    f"{_UPLOAD} WHERE i.id = ANY($1::uuid[]) AND i.member_id = $2 ORDER BY array_position($1::uuid[], i.id)",
    into=UploadRow,
)

LIST_UPLOADS = sql(
    "media.list_uploads",
    f"{_UPLOAD} WHERE i.member_id = $1 AND i.id < $2 ORDER BY i.id DESC LIMIT $3",
    into=UploadRow,
)

FIND_FILE_UPLOAD = sql(
    "media.find_file_upload", f"{_FILE} WHERE i.id = $1 AND i.member_id = $2", into=FileRow
)

LIST_FILES = sql(
    "media.list_files",
    f"{_FILE} WHERE i.member_id = $1 AND i.id < $2 ORDER BY i.id DESC LIMIT $3",
    into=FileRow,
)

DESCRIBE = sql(
    "media.describe", "UPDATE media.images SET alt = $3 WHERE id = $1 AND member_id = $2", into=NoneType
)

IS_USED = sql(
    "media.is_used",
    """
    SELECT EXISTS (SELECT FROM media.uses u WHERE u.image_id = i.id)
    FROM media.images i WHERE i.id = $1 AND i.member_id = $2 AND (i.name IS NOT NULL) = $3 FOR UPDATE OF i
    """,
    into=bool,
)

REMOVE = sql("media.remove", "DELETE FROM media.images WHERE id = $1 AND member_id = $2", into=NoneType)
