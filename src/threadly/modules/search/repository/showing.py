"""What was found, as it is now and as one viewer ($2) may see it: what is gone, hidden or withdrawn since it
was indexed is not among the rows."""

from datetime import datetime
from typing import Final

import msgspec

from threadly.platform.db import sql
from threadly.platform.ids import UUID

__all__ = ["SHOW", "HitRow"]


class HitRow(msgspec.Struct, frozen=True, gc=False):
    id: UUID
    url: str
    title: str
    body: str
    author_id: UUID | None
    author_username: str | None
    author_name: str | None
    author_avatar_url: str | None
    created_at: datetime
    image_url: str | None
    image_alt: str
    currency: str | None
    price_minor: int | None
    highest_price_minor: int | None
    available: bool | None


SHOW_POST: Final = sql(
    "search.show_post",
    """
    SELECT p.id, '/posts/' || p.id AS url, '' AS title, p.content AS body, a.id AS author_id,
           a.username AS author_username, a.name AS author_name, a.avatar_url AS author_avatar_url,
               p.created_at,
           NULL::text AS image_url, '' AS image_alt, NULL::text AS currency, NULL::bigint AS price_minor,
           NULL::bigint AS highest_price_minor, NULL::boolean AS available
    FROM feed.published_posts p JOIN identity.profiles a ON a.id = p.author_id
    WHERE p.id = ANY($1::uuid[]) AND (
        p.visibility = 'public' OR p.author_id = $2::uuid OR EXISTS (
            SELECT FROM feed.followings f WHERE f.follower_id = $2::uuid AND f.followee_id = p.author_id))
    """,
    into=HitRow,
)
SHOW_USER: Final = sql(
    "search.show_user",
    """
    SELECT a.id, '/people/' || a.username AS url, a.name AS title, a.bio AS body, a.id AS author_id,
           a.username AS author_username, a.name AS author_name, a.avatar_url AS author_avatar_url,
               a.created_at,
           NULL::text AS image_url, '' AS image_alt, NULL::text AS currency, NULL::bigint AS price_minor,
           NULL::bigint AS highest_price_minor, NULL::boolean AS available
    FROM identity.profiles a WHERE a.id = ANY($1::uuid[]) AND (true OR $2::uuid IS NULL)
    """,
    into=HitRow,
)
SHOW_PRODUCT: Final = sql(
    "search.show_product",
    """
    SELECT p.id, '/shop/' || p.handle AS url, p.title, search.text_of_html(p.description) AS body,
           a.id AS author_id, a.username AS author_username, a.name AS author_name,
           a.avatar_url AS author_avatar_url, p.created_at, p.image_url, p.image_alt, p.currency,
               p.price_minor,
           p.highest_price_minor, p.available
    FROM store.published_products p LEFT JOIN identity.profiles a ON a.id = p.seller_id
    WHERE p.id = ANY($1::uuid[]) AND (true OR $2::uuid IS NULL)
    """,
    into=HitRow,
)
SHOW: Final = {"post": SHOW_POST, "user": SHOW_USER, "product": SHOW_PRODUCT}
