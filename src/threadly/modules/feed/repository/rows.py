"""Rows: what a statement fills by position."""

from datetime import datetime
from typing import Any

import msgspec

from threadly.modules.feed.types import ShownVisibility
from threadly.platform.ids import UUID


class PostRow(msgspec.Struct, frozen=True, gc=False):
    """`media` is a list of `media.StoredMedia`, None for none: so most posts have nothing to decode."""

    id: UUID
    content: str
    visibility: ShownVisibility
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
    media: Any


class HomeRow(PostRow, frozen=True, gc=False):
    """`pulled`: merged in at this reading, because its author has too many followers to push to."""

    pulled: bool


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
    """`place` is where somebody stands: a score above all follower counts for those close to the reader, the
    follower count, or -1 for a member who has no numbers yet. `friend` is one of the `friend_count` people
    whom the reader follows and who follow them; `tag` one that both write about."""

    place: int
    id: UUID
    username: str
    name: str
    bio: str
    avatar_url: str | None
    follower_count: int
    followed_by_me: bool
    joined_at: datetime
    friend_id: UUID | None
    friend: str | None
    friend_count: int
    tag: str | None


class NumbersRow(msgspec.Struct, frozen=True):
    """`apart`: one of the two blocks the other. `muted_by_me`: the viewer does not want to read them."""

    follower_count: int
    following_count: int
    post_count: int
    followed_by_me: bool
    apart: bool
    muted_by_me: bool


class RevisionRow(msgspec.Struct, frozen=True):
    id: UUID
    content: str
    mentions: list[str]
    written_at: datetime


class DeletedRow(msgspec.Struct, frozen=True):
    author_id: UUID
    reply_to: UUID | None
    with_media: bool


class HiddenRow(msgspec.Struct, frozen=True):
    author_id: UUID
    reply_to: UUID | None


class ReleasedRow(msgspec.Struct, frozen=True):
    """`was_announced`: it had been published before it was hidden."""

    author_id: UUID
    reply_to: UUID | None
    visibility: ShownVisibility
    mentions: list[str]
    was_announced: bool
