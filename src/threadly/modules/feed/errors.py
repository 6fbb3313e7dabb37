"""What the feed refuses."""

from threadly.platform.errors import Kind, Refusal

__all__ = [
    "CommentMedia",
    "CommentOnComment",
    "CommentVisibility",
    "PostEmpty",
    "PostMissing",
    "PostNotHeld",
    "PostTooLong",
    "PostUnreadable",
    "SelfFollow",
]


class PostMissing(Refusal):
    """Also what someone is told who may not know that the post exists."""

    code = "feed.post_missing"
    kind = Kind.MISSING
    message = "There is no such post. It may have been deleted."


class PostEmpty(Refusal):
    code = "feed.post_empty"
    kind = Kind.INVALID
    message = "Post content cannot be empty."
    field = "content"


class PostTooLong(Refusal):
    code = "feed.post_too_long"
    kind = Kind.INVALID
    message = "A post has at most 280 characters. Please shorten it."
    field = "content"


class PostUnreadable(Refusal):
    code = "feed.post_unreadable"
    kind = Kind.INVALID
    message = "The text contains control characters, which cannot be shown. Please remove them."
    field = "content"


class CommentMedia(Refusal):
    code = "feed.comment_media"
    kind = Kind.INVALID
    message = "A comment has no images. Please put them into a post of your own."
    field = "media_ids"


class CommentOnComment(Refusal):
    code = "feed.comment_on_comment"
    kind = Kind.INVALID
    message = "A comment has no comments of its own. Please comment on the post instead."
    field = "reply_to"


class CommentVisibility(Refusal):
    code = "feed.comment_visibility"
    kind = Kind.INVALID
    message = "A comment is seen by whoever sees its post; change the visibility of the post instead."
    field = "visibility"


class PostNotHeld(Refusal):
    code = "feed.post_not_held"
    kind = Kind.MISSING
    message = "It is not held: everybody who may read it can."


class SelfFollow(Refusal):
    code = "feed.self_follow"
    kind = Kind.INVALID
    message = "You cannot follow yourself; your own posts are in your feed anyway."
