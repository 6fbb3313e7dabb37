"""What a member wrote, liked and follows, for a copy of it."""

from datetime import datetime
from typing import Any

import msgspec

from threadly.platform.db import sql
from threadly.platform.ids import UUID

__all__ = [
    "EXPORT_FOLLOWERS",
    "EXPORT_FOLLOWING",
    "EXPORT_LIKES",
    "EXPORT_POSTS",
    "EXPORT_REVISIONS",
    "ExportedFollow",
    "ExportedFollower",
    "ExportedLike",
    "ExportedPost",
    "ExportedRevision",
]


class ExportedPost(msgspec.Struct, frozen=True):
    """`content` of a comment too: that has a `reply_to`."""

    id: UUID
    reply_to: UUID | None
    content: str
    visibility: str
    media: Any
    like_count: int
    comment_count: int
    created_at: datetime
    edited_at: datetime | None


class ExportedRevision(msgspec.Struct, frozen=True):
    """What a post said before it was edited."""

    id: UUID
    post_id: UUID
    content: str
    visibility: str
    written_at: datetime


class ExportedLike(msgspec.Struct, frozen=True):
    """`id` is the post's."""

    id: UUID
    created_at: datetime


class ExportedFollow(msgspec.Struct, frozen=True):
    id: UUID
    username: str
    muted: bool
    created_at: datetime


class ExportedFollower(msgspec.Struct, frozen=True):
    """Whoever looks at the member's profile sees them. Whether one of them mutes the member is theirs."""

    id: UUID
    username: str
    created_at: datetime


EXPORT_POSTS = sql(
    "feed.export_posts",
    """
    SELECT id, reply_to, content, visibility, media, like_count, comment_count, created_at, edited_at
    FROM feed.posts WHERE author_id = $1 AND id > $2 ORDER BY id LIMIT $3
    """,
    into=ExportedPost,
)
EXPORT_REVISIONS = sql(
    "feed.export_revisions",
    """
    SELECT r.id, r.post_id, r.content, r.visibility, r.written_at
    FROM feed.post_revisions r JOIN feed.posts p ON p.id = r.post_id
    WHERE p.author_id = $1 AND r.id > $2 ORDER BY r.id LIMIT $3
    """,
    into=ExportedRevision,
)
EXPORT_LIKES = sql(
    "feed.export_likes",
    """
    SELECT post_id AS id, created_at FROM feed.likes
    WHERE user_id = $1 AND post_id > $2 ORDER BY post_id LIMIT $3
    """,
    into=ExportedLike,
)
EXPORT_FOLLOWING = sql(
    "feed.export_following",
    """
    SELECT f.id, p.username, f.muted, f.created_at
    FROM feed.follows f JOIN identity.profiles p ON p.id = f.followee_id
    WHERE f.follower_id = $1 AND f.id > $2 ORDER BY f.id LIMIT $3
    """,
    into=ExportedFollow,
)
EXPORT_FOLLOWERS = sql(
    "feed.export_followers",
    """
    SELECT f.id, p.username, f.created_at
    FROM feed.follows f JOIN identity.profiles p ON p.id = f.follower_id
    WHERE f.followee_id = $1 AND f.id > $2 ORDER BY f.id LIMIT $3
    """,
    into=ExportedFollower,
)
