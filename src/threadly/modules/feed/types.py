"""What may leave the feed by its door: frozen, plain, the same over the API and in pages."""

from datetime import datetime
from typing import Literal

import msgspec
from msgspec import UNSET, UnsetType

from threadly.modules.media import Media
from threadly.platform.ids import UUID

__all__ = [
    "Author",
    "CommunitySize",
    "Member",
    "Person",
    "Post",
    "Reason",
    "ReasonKind",
    "Revision",
    "ShownVisibility",
    "TagCount",
    "Visibility",
]

Visibility = Literal["public", "followers"]
# "hidden": held for review or hidden by a moderator; only its author and moderators see it.
ShownVisibility = Literal["public", "followers", "hidden"]
ReasonKind = Literal["explore", "trending", "pulled", "friends", "tag", "new", "popular", "member"]


# No Struct here can be part of a cycle, so none needs the garbage collector's attention (`gc=False`): a page
# makes dozens of them.
class Author(msgspec.Struct, frozen=True, gc=False):
    id: UUID
    username: str
    name: str
    avatar_url: str | None


class Reason(msgspec.Struct, frozen=True, gc=False):
    """Why somebody sees an entry that is not simply the next in time, and what to do about it."""

    kind: ReasonKind
    sentence: str
    advice: str


class Post(msgspec.Struct, frozen=True, gc=False):
    """A post or, with `reply_to`, a comment, as one viewer sees it. `mentions` are usernames of members.
    `reason` is there where a list is not simply what somebody follows, newest first."""

    id: UUID
    content: str
    visibility: ShownVisibility
    created_at: datetime
    updated_at: datetime
    author: Author
    like_count: int
    comment_count: int
    liked_by_me: bool
    edited: bool
    reply_to: UUID | None
    mentions: list[str]
    media: tuple[Media, ...] = ()
    reason: Reason | UnsetType = UNSET


class Revision(msgspec.Struct, frozen=True):
    """What a post said from `written_at` on; `current` marks what it says now."""

    content: str
    mentions: list[str]
    written_at: datetime
    current: bool


class Person(msgspec.Struct, frozen=True, gc=False):
    """A member in a list, as one viewer sees them; with a `reason` where they are suggested."""

    id: UUID
    username: str
    name: str
    bio: str
    avatar_url: str | None
    follower_count: int
    followed_by_me: bool
    reason: Reason | UnsetType = UNSET


class Candidate(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Somebody who was worth suggesting to a member a moment ago, and what the reason is made of."""

    place: int
    user_id: UUID
    friend_id: UUID | None
    friend_count: int
    tag: str | None


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
    muted_by_me: bool


class TagCount(msgspec.Struct, frozen=True):
    name: str
    post_count: int


class CommunitySize(msgspec.Struct, frozen=True):
    members: int
    posts: int
