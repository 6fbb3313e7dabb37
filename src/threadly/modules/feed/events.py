"""What happened in the feed. Ids only: an event is kept for replay, a deleted person's words are not."""

from threadly.platform.events import Event
from threadly.platform.ids import UUID

__all__ = [
    "EVENTS",
    "CommentPublished",
    "FollowEnded",
    "FollowStarted",
    "PostDeleted",
    "PostEdited",
    "PostLiked",
    "PostPublished",
]


class PostPublished(Event, frozen=True, tag="feed.post_published"):
    post_id: UUID
    author_id: UUID
    mentioned: tuple[UUID, ...] = ()
    """Members whom the text addresses."""


class CommentPublished(Event, frozen=True, tag="feed.comment_published"):
    comment_id: UUID
    post_id: UUID
    author_id: UUID
    mentioned: tuple[UUID, ...] = ()


class PostEdited(Event, frozen=True, tag="feed.post_edited"):
    """A post or a comment has another text or visibility. `mentioned` are those whom only the new text
    addresses; nobody while it is held."""

    post_id: UUID
    author_id: UUID
    mentioned: tuple[UUID, ...] = ()


class PostDeleted(Event, frozen=True, tag="feed.post_deleted"):
    """A post, with its comments, or a comment (which has `reply_to`) is gone."""

    post_id: UUID
    author_id: UUID
    reply_to: UUID | None = None


class PostLiked(Event, frozen=True, tag="feed.post_liked"):
    post_id: UUID
    user_id: UUID


class FollowStarted(Event, frozen=True, tag="feed.follow_started"):
    follower_id: UUID
    followee_id: UUID


class FollowEnded(Event, frozen=True, tag="feed.follow_ended"):
    follower_id: UUID
    followee_id: UUID


EVENTS = (PostPublished, CommentPublished, PostEdited, PostDeleted, PostLiked, FollowStarted, FollowEnded)
