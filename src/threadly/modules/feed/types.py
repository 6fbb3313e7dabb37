"""What may leave the feed by its door: frozen, plain, the same over the API and in pages."""

from datetime import datetime
from typing import Literal

import msgspec

from threadly.platform.ids import UUID

__all__ = ["Author", "CommunitySize", "Member", "Person", "Post", "Revision", "TagCount", "Visibility"]

Visibility = Literal["public", "followers"]


# No Struct here can be part of a cycle, so none needs the garbage collector's attention (`gc=False`): a page
# makes dozens of them.
class Author(msgspec.Struct, frozen=True, gc=False):
    id: UUID
    username: str
    name: str
    avatar_url: str | None


class Post(msgspec.Struct, frozen=True, gc=False):
    """A post or, with `reply_to`, a comment, as one viewer sees it. `mentions` are usernames of members."""

    id: UUID
    content: str
    visibility: Visibility
    created_at: datetime
    updated_at: datetime
    author: Author
    like_count: int
    comment_count: int
    liked_by_me: bool
    edited: bool
    reply_to: UUID | None
    mentions: list[str]
    media: tuple[()] = ()


class Revision(msgspec.Struct, frozen=True):
    """What a post said from `written_at` on; `current` marks what it says now."""

    content: str
    mentions: list[str]
    written_at: datetime
    current: bool


class Person(msgspec.Struct, frozen=True, gc=False):
    """A member in a list, as one viewer sees them."""

    id: UUID
    username: str
    name: str
    bio: str
    avatar_url: str | None
    follower_count: int
    followed_by_me: bool


class Member(msgspec.Struct, frozen=True):
    """A member's public profile, as one viewer sees it. `post_count` counts posts, not comments."""

    id: UUID
    username: str
    name: str
    bio: str
    website: str | None
    avatar_url: str | None
    created_at: datetime
    follower_count: int
    following_count: int
    post_count: int
    followed_by_me: bool


class TagCount(msgspec.Struct, frozen=True):
    name: str
    post_count: int


class CommunitySize(msgspec.Struct, frozen=True):
    members: int
    posts: int
