"""What the feed can do."""

from threadly.modules.feed.verbs.moderating import find_hold, get_hold, report_post
from threadly.modules.feed.verbs.people import (
    follow_member,
    get_member,
    get_profile,
    list_followers,
    list_following,
    list_people_to_follow,
    unfollow_member,
)
from threadly.modules.feed.verbs.posts import (
    comment_on_post,
    delete_post,
    edit_post,
    like_post,
    publish_post,
    unlike_post,
)
from threadly.modules.feed.verbs.reading import get_post, list_comments, list_revisions
from threadly.modules.feed.verbs.streams import (
    get_community_size,
    list_explore,
    list_home_feed,
    list_new_posts,
    list_posts,
    list_posts_of,
    list_public_posts_of,
    list_public_tagged,
    list_tagged,
    list_trending,
    list_trending_ids,
    list_trending_tags,
)

__all__ = [
    "comment_on_post",
    "delete_post",
    "edit_post",
    "find_hold",
    "follow_member",
    "get_community_size",
    "get_hold",
    "get_member",
    "get_post",
    "get_profile",
    "like_post",
    "list_comments",
    "list_explore",
    "list_followers",
    "list_following",
    "list_home_feed",
    "list_new_posts",
    "list_people_to_follow",
    "list_posts",
    "list_posts_of",
    "list_public_posts_of",
    "list_public_tagged",
    "list_revisions",
    "list_tagged",
    "list_trending",
    "list_trending_ids",
    "list_trending_tags",
    "publish_post",
    "report_post",
    "unfollow_member",
    "unlike_post",
]
