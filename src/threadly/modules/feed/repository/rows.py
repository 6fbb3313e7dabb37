"""Rows: what a statement fills by position."""

from datetime import datetime

import msgspec

from threadly.modules.feed.types import Visibility
from threadly.platform.ids import UUID

# Below and above every id that there can be.
FIRST_ID = UUID(int=0)
LAST_ID = UUID(int=(1 << 128) - 1)


class PostRow(msgspec.Struct, frozen=True, gc=False):
    id: UUID
    content: str
    visibility: Visibility
    created_at: datetime
    updated_at: datetime
    author_id: UUID
    username: str
    name: str
    avatar_url: str | None
    like_count: int
    comment_count: int
    liked_by_me: bool
    edited: bool
    reply_to: UUID | None
    mentions: list[str]


class PersonRow(msgspec.Struct, frozen=True, gc=False):
    """`position` is the person's place in a list that is ordered by an id."""

    position: UUID
    id: UUID
    username: str
    name: str
    bio: str
    avatar_url: str | None
    follower_count: int
    followed_by_me: bool


class SuggestedRow(msgspec.Struct, frozen=True, gc=False):
    """`place` is the follower count, or -1 for a member who has no numbers yet."""

    place: int
    id: UUID
    username: str
    name: str
    bio: str
    avatar_url: str | None
    follower_count: int
    followed_by_me: bool


class NumbersRow(msgspec.Struct, frozen=True):
    follower_count: int
    following_count: int
    post_count: int
    followed_by_me: bool


class RevisionRow(msgspec.Struct, frozen=True):
    id: UUID
    content: str
    mentions: list[str]
    written_at: datetime


class DeletedRow(msgspec.Struct, frozen=True):
    author_id: UUID
    reply_to: UUID | None
