"""What is served, what the jobs make of it, and what goes."""

from types import NoneType
from typing import Any

from msgspec import Struct

from threadly.platform.db import sql
from threadly.platform.ids import UUID

__all__ = [
    "BLANK_MEMBER",
    "DELETE_IDLE",
    "ERASE_MEMBER",
    "FIND_FILE",
    "FIND_SERVED",
    "FORGET_PLACES",
    "KEEP_VARIANTS",
    "LIST_GONE",
    "MARK_GONE",
    "Served",
    "ServedFile",
]


class Served(Struct, frozen=True):
    """`variants` are the smaller forms that there are, None while they are still being made. `held`: the
    upload that the address is for is there and, unless it is its member's own address, something shows it."""

    place: UUID
    content_type: str
    variants: Any
    public: bool
    held: bool


class ServedFile(Struct, frozen=True):
    place: UUID
    content_type: str
    name: str


FIND_SERVED = sql(
    "media.find_served",
    """
    SELECT b.place, b.content_type, b.variants, EXISTS (
        SELECT FROM media.images i JOIN media.uses u ON u.image_id = i.id
        WHERE i.place = b.place AND NOT u.private
    ) AS public, (b.place = (
        SELECT i.place FROM media.images i
        WHERE i.id = $2 AND ($3 OR EXISTS (SELECT FROM media.uses u WHERE u.image_id = i.id))
    )) IS TRUE AS held
    FROM media.blobs b WHERE b.tenant_id = platform.tenant_id() AND b.key = $1 AND b.kind = 'image'
      AND b.state = 'stored'
    """,
    into=Served,
)
FIND_FILE = sql(
    "media.find_file",
    """
    SELECT b.place, b.content_type, i.name
    FROM media.images i JOIN media.blobs b USING (place)
    WHERE i.id = $2 AND b.key = $1 AND b.kind = 'file' AND b.state = 'stored'
      AND ($3 OR EXISTS (SELECT FROM media.uses u WHERE u.image_id = i.id))
    """,
    into=ServedFile,
)

KEEP_VARIANTS = sql(
    "media.keep_variants", "UPDATE media.blobs SET variants = $2 WHERE place = $1", into=NoneType
)

# An account is deleted. What the community shows under its own name stays, and is nobody's.
BLANK_MEMBER = sql(
    "media.blank_member",
    """
    UPDATE media.images i SET member_id = NULL, idle_since = NULL
    WHERE i.member_id = $1
      AND EXISTS (SELECT FROM media.uses u WHERE u.image_id = i.id AND u.owner = 'product')
    """,
    into=NoneType,
)
ERASE_MEMBER = sql("media.erase_member", "DELETE FROM media.images WHERE member_id = $1", into=NoneType)

# At most $2 at once.
DELETE_IDLE = sql(
    "media.delete_idle",
    """
    DELETE FROM media.images WHERE id IN (
        SELECT i.id FROM media.images i
        WHERE i.idle_since < $1 AND NOT EXISTS (SELECT FROM media.uses u WHERE u.image_id = i.id)
        ORDER BY i.idle_since LIMIT $2 FOR UPDATE SKIP LOCKED
    )
    """,
    into=NoneType,
)

# What no upload has, and what was reserved and never settled.
MARK_GONE = sql(
    "media.mark_gone",
    """
    UPDATE media.blobs SET state = 'gone' WHERE place IN (
        SELECT b.place FROM media.blobs b
        WHERE b.state <> 'gone' AND b.touched_at < $1
          AND NOT EXISTS (SELECT FROM media.images i WHERE i.place = b.place)
        ORDER BY b.place LIMIT $2 FOR UPDATE SKIP LOCKED
    )
    """,
    into=NoneType,
)
LIST_GONE = sql("media.list_gone", "SELECT place FROM media.blobs WHERE state = 'gone' LIMIT $1", into=UUID)
FORGET_PLACES = sql(
    "media.forget_places",
    "DELETE FROM media.blobs WHERE place = ANY($1::uuid[]) AND state = 'gone'",
    into=NoneType,
)
