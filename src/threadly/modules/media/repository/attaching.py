"""What uses which image."""

from types import NoneType

from msgspec import Struct

from threadly.platform.db import sql
from threadly.platform.ids import UUID

__all__ = ["ATTACH", "DETACH", "FIND_OWN", "LIST_SHOWN", "LOCK_USED", "RESTRICT", "OwnUpload"]


class OwnUpload(Struct, frozen=True):
    """An image has width and height, a file a name."""

    id: UUID
    key: str
    width: int | None
    height: int | None
    alt: str
    placeholder: str
    name: str | None
    bytes: int
    content_type: str


# Locked, so that no sweep takes what is just being attached. A product's images are the community's: whoever
# manages the shop may put them in another order.
FIND_OWN = sql(
    "media.find_own",
    """
    SELECT i.id, b.key, b.width, b.height, i.alt, b.placeholder, i.name, i.bytes, b.content_type
    FROM media.images i JOIN media.blobs b USING (place)
    WHERE i.id = ANY($1::uuid[]) AND (
        i.member_id = $2
        OR EXISTS (SELECT FROM media.uses u WHERE u.image_id = i.id AND u.owner = $3 AND u.owner_id = $4)
    )
    ORDER BY i.id FOR UPDATE OF i
    """,
    into=OwnUpload,
)

LIST_SHOWN = sql(
    "media.list_shown",
    """
    SELECT i.id, b.key, b.width, b.height, i.alt, b.placeholder, i.name, i.bytes, b.content_type
    FROM media.uses u JOIN media.images i ON i.id = u.image_id JOIN media.blobs b USING (place)
    WHERE u.owner_id = $2 AND u.owner = $1 ORDER BY u.position, i.id
    """,
    into=OwnUpload,
)

ATTACH = sql(
    "media.attach",
    """
    WITH wanted AS (
        SELECT id, position FROM unnest($1::uuid[]) WITH ORDINALITY AS w (id, position)
    ), busy AS (
        UPDATE media.images SET idle_since = NULL WHERE id = ANY($1::uuid[]) AND idle_since IS NOT NULL
    )
    INSERT INTO media.uses (owner_id, image_id, owner, private, position, created_at)
    SELECT $3, id, $2, $4, position, $5 FROM wanted
    ON CONFLICT (owner_id, image_id) DO UPDATE SET private = excluded.private, position = excluded.position
    """,
    into=NoneType,
)

# Before DETACH, in a statement of its own, since a statement sees what was committed when it began: of two
# owners that let go of one image in the same instant, the second waits here, and finds that it is the last.
LOCK_USED = sql(
    "media.lock_used",
    """
    SELECT i.id FROM media.images i
    WHERE i.id IN (
        SELECT u.image_id FROM media.uses u
        WHERE u.owner_id = $2 AND u.owner = $1 AND u.image_id <> ALL($3::uuid[])
    )
    ORDER BY i.id FOR UPDATE
    """,
    into=UUID,
)
# What `owner_id` uses beside `$3`; idle from now on unless something else uses it too.
DETACH = sql(
    "media.detach",
    """
    WITH ended AS (
        DELETE FROM media.uses WHERE owner_id = $2 AND owner = $1 AND image_id <> ALL($3::uuid[])
        RETURNING image_id
    )
    UPDATE media.images i SET idle_since = $4
    FROM ended WHERE i.id = ended.image_id AND NOT EXISTS (
        SELECT FROM media.uses u WHERE u.image_id = i.id AND u.owner_id <> $2
    )
    """,
    into=NoneType,
)

RESTRICT = sql(
    "media.restrict",
    "UPDATE media.uses SET private = $3 WHERE owner_id = $2 AND owner = $1 AND private <> $3",
    into=NoneType,
)
