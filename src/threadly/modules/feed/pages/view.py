"""What templates show: posts and people as one viewer sees them, at one moment."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from threadly.modules.feed.rules import linkify, tag_url
from threadly.modules.feed.types import (
    Author,
    Member,
    Person,
    Post,
    Reason,
    Revision,
    ShownVisibility,
    TagCount,
)
from threadly.modules.media import Media
from threadly.platform.actor import Actor
from threadly.platform.ids import UUID
from threadly.web import Avatar, Moment, Part, avatar_of, moment

__all__ = [
    "AuthorView",
    "Eyes",
    "PersonView",
    "PostView",
    "ProfileView",
    "RailView",
    "TagView",
    "VersionView",
    "tags_of",
]


class AuthorView(msgspec.Struct, frozen=True):
    username: str
    name: str
    avatar: Avatar


class PostView(msgspec.Struct, frozen=True):
    """A post or a comment. `content` is the raw text, `parts` the same with its links."""

    id: str
    author: AuthorView
    parts: list[Part]
    content: str
    time: Moment
    edited: bool
    visibility: ShownVisibility
    media: Sequence[Media]
    reason: Reason | None
    mine: bool
    like_count: int
    comment_count: int
    liked_by_me: bool
    may_edit: bool
    may_delete: bool


class PersonView(msgspec.Struct, frozen=True):
    id: str
    username: str
    name: str
    avatar: Avatar
    bio: str
    follower_count: int
    followed_by_me: bool
    is_me: bool
    reason: Reason | None


class ProfileView(msgspec.Struct, frozen=True):
    id: str
    username: str
    name: str
    avatar: Avatar
    bio: str
    website: str | None
    follower_count: int
    following_count: int
    post_count: int
    followed_by_me: bool
    muted_by_me: bool
    is_me: bool
    joined: Moment


class VersionView(msgspec.Struct, frozen=True):
    parts: list[Part]
    time: Moment
    current: bool


class TagView(msgspec.Struct, frozen=True):
    name: str
    count: int
    url: str


class RailView(msgspec.Struct, frozen=True):
    """The right column."""

    tags: list[TagView]
    people: list[PersonView]


class Eyes(msgspec.Struct, frozen=True):
    """Who looks, and when: from which follows what may be done and how old things are."""

    actor: Actor
    now: datetime

    def post(self, post: Post) -> PostView:
        mine = post.author.id == self.actor.user_id
        return PostView(
            id=str(post.id),
            author=self.author(post.author),
            parts=linkify(post.content, post.mentions),
            content=post.content,
            time=moment(post.created_at, now=self.now),
            edited=post.edited,
            visibility=post.visibility,
            media=post.media,
            reason=post.reason or None,
            mine=mine,
            like_count=post.like_count,
            comment_count=post.comment_count,
            liked_by_me=post.liked_by_me,
            may_edit=mine or self.actor.may("feed.edit_any"),
            may_delete=mine or self.actor.may("feed.moderate"),
        )

    def posts(self, posts: Sequence[Post]) -> list[PostView]:
        return [self.post(post) for post in posts]

    def author(self, author: Author) -> AuthorView:
        return AuthorView(author.username, author.name, _avatar(author.id, author.name, author.avatar_url))

    def person(self, person: Person) -> PersonView:
        return PersonView(
            id=str(person.id),
            username=person.username,
            name=person.name,
            avatar=_avatar(person.id, person.name, person.avatar_url),
            bio=person.bio,
            follower_count=person.follower_count,
            followed_by_me=person.followed_by_me,
            is_me=person.id == self.actor.user_id,
            reason=person.reason or None,
        )

    def people(self, people: Sequence[Person]) -> list[PersonView]:
        return [self.person(person) for person in people]

    def profile(self, member: Member) -> ProfileView:
        return ProfileView(
            id=str(member.id),
            username=member.username,
            name=member.name,
            avatar=_avatar(member.id, member.name, member.avatar_url),
            bio=member.bio,
            website=member.website,
            follower_count=member.follower_count,
            following_count=member.following_count,
            post_count=member.post_count,
            followed_by_me=member.followed_by_me,
            muted_by_me=member.muted_by_me,
            is_me=member.id == self.actor.user_id,
            joined=moment(member.created_at, now=self.now),
        )

    def version(self, revision: Revision) -> VersionView:
        return VersionView(
            linkify(revision.content, revision.mentions),
            moment(revision.written_at, now=self.now),
            revision.current,
        )


def tags_of(tags: Sequence[TagCount]) -> list[TagView]:
    return [TagView(tag.name, tag.post_count, tag_url(tag.name)) for tag in tags]


def _avatar(user_id: UUID, name: str, url: str | None) -> Avatar:
    return avatar_of(name, seed=str(user_id), url=url)
