"""The Posts and Users parts of the API, under /api/v1."""

# ruff: noqa: ARG001  # `fields` and `cursor` are declared for the document and the gate; the edge reads them

from collections.abc import Callable
from typing import Annotated, Protocol, TypeVar

import msgspec
from litestar import Response, delete, get, patch, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from litestar.types import ControllerRouterHandler
from msgspec import UNSET, UnsetType
from msgspec.structs import replace

from threadly.modules import feed, identity
from threadly.modules.feed.rules import TRENDING_TTL_S, post_id_of
from threadly.modules.feed.types import Visibility
from threadly.platform.http.edge import Edge
from threadly.platform.http.envelope import Listing, Success
from threadly.platform.http.pagination import CountParameter, CursorParameter, LimitParameter
from threadly.platform.http.parameters import FieldsParameter
from threadly.platform.ids import UUID
from threadly.platform.paging import Keyset, Page
from threadly.platform.work import Denied, Work

__all__ = ["routes"]

T = TypeVar("T")

POSTS = ["Posts"]
USERS = ["Users"]
MOST_MEDIA = 10


class NewPost(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """With `reply_to` it is a comment, which has the visibility of its post."""

    content: str
    visibility: Visibility = "public"
    media_ids: Annotated[list[UUID], msgspec.Meta(max_length=MOST_MEDIA)] = []
    reply_to: UUID | None = None


class PostChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    content: str | UnsetType = UNSET
    visibility: Visibility | UnsetType = UNSET


class NewComment(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    content: str


class ProfileChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An empty website removes it."""

    name: str | UnsetType = UNSET
    bio: str | UnsetType = UNSET
    website: str | UnsetType = UNSET


# Posts


@get("/posts", operation_id="list_home_feed", summary="Your home feed, newest first", tags=POSTS)
async def list_home_feed(
    edge: NamedDependency[Edge],
    limit: LimitParameter = 20,
    cursor: CursorParameter = None,
    fields: FieldsParameter = None,
) -> Response[Listing[feed.Post]]:
    after = edge.after(cursor, name="feed.home")
    page = await edge.read(lambda work: feed.list_home_feed(work, after=after, limit=limit))
    return edge.listing(page, name="feed.home")


@get("/posts/explore", operation_id="list_explore", summary="All public posts, newest first", tags=POSTS)
async def list_explore(
    edge: NamedDependency[Edge],
    limit: LimitParameter = 20,
    cursor: CursorParameter = None,
    fields: FieldsParameter = None,
) -> Response[Listing[feed.Post]]:
    after = edge.after(cursor, name="feed.explore")
    page = await edge.read(lambda work: feed.list_explore(work, after=after, limit=limit))
    return edge.listing(page, name="feed.explore")


@get(
    "/posts/trending",
    operation_id="list_trending",
    summary="The posts liked most in the last 24 hours",
    description="One page, the most liked first; `has_next` is always false. A few seconds old.",
    tags=POSTS,
)
async def list_trending(
    edge: NamedDependency[Edge], limit: LimitParameter = 20, fields: FieldsParameter = None
) -> Response[Listing[feed.Post]]:
    post_ids = await edge.cached(
        "feed.trending", feed.list_trending_ids, into=list[UUID], ttl_s=TRENDING_TTL_S
    )
    posts = await edge.read(lambda work: feed.list_posts(work, post_ids=post_ids[:limit]))
    return edge.listing(Page(posts, None), name="feed.trending")


@post("/posts", operation_id="publish_post", summary="Publish a post", tags=POSTS)
async def publish_post(edge: NamedDependency[Edge], data: JSONBody[NewPost]) -> Response[Success[feed.Post]]:
    return await edge.create(
        lambda work: feed.publish_post(
            work,
            content=data.content,
            visibility=data.visibility,
            media_ids=data.media_ids,
            reply_to=data.reply_to,
        ),
        location=_address,
    )


@get("/posts/{post_id:str}", operation_id="get_post", summary="A post or comment", tags=POSTS)
async def get_post(
    edge: NamedDependency[Edge], post_id: FromPath[str], fields: FieldsParameter = None
) -> Response[Success[feed.Post]]:
    wanted = post_id_of(post_id)
    return edge.resource(await edge.read(lambda work: feed.get_post(work, post_id=wanted)))


@patch("/posts/{post_id:str}", operation_id="edit_post", summary="Edit a post", tags=POSTS)
async def edit_post(
    edge: NamedDependency[Edge], post_id: FromPath[str], data: JSONBody[PostChange]
) -> Response[Success[feed.Post]]:
    wanted = post_id_of(post_id)
    content = None if data.content is UNSET else data.content
    visibility = None if data.visibility is UNSET else data.visibility
    return await edge.change(
        lambda work: feed.edit_post(work, post_id=wanted, content=content, visibility=visibility),
        current=lambda work: feed.get_post(work, post_id=wanted),
    )


@delete(
    "/posts/{post_id:str}",
    status_code=204,
    operation_id="delete_post",
    summary="Delete a post with its comments",
    tags=POSTS,
)
async def delete_post(edge: NamedDependency[Edge], post_id: FromPath[str]) -> Response[None]:
    wanted = post_id_of(post_id)
    return await edge.remove(
        lambda work: feed.delete_post(work, post_id=wanted),
        current=lambda work: feed.get_post(work, post_id=wanted),
    )


@post(
    "/posts/{post_id:str}/likes", status_code=204, operation_id="like_post", summary="Like a post", tags=POSTS
)
async def like_post(edge: NamedDependency[Edge], post_id: FromPath[str]) -> Response[None]:
    wanted = post_id_of(post_id)
    return await edge.remove(lambda work: feed.like_post(work, post_id=wanted))


@delete(
    "/posts/{post_id:str}/likes",
    status_code=204,
    operation_id="unlike_post",
    summary="Take a like back",
    tags=POSTS,
)
async def unlike_post(edge: NamedDependency[Edge], post_id: FromPath[str]) -> Response[None]:
    wanted = post_id_of(post_id)
    return await edge.remove(lambda work: feed.unlike_post(work, post_id=wanted))


@get(
    "/posts/{post_id:str}/comments",
    operation_id="list_comments",
    summary="The comments on a post, oldest first",
    tags=POSTS,
)
async def list_comments(
    edge: NamedDependency[Edge],
    post_id: FromPath[str],
    limit: LimitParameter = 20,
    cursor: CursorParameter = None,
    count: CountParameter = False,
    fields: FieldsParameter = None,
) -> Response[Listing[feed.Post]]:
    wanted = post_id_of(post_id)
    name = f"feed.comments:{wanted}"
    after = edge.after(cursor, name=name)

    async def read(work: Work) -> Page[feed.Post]:
        page = await feed.list_comments(work, post_id=wanted, after=after, limit=limit)
        if not count:
            return page
        return replace(page, total=(await feed.get_post(work, post_id=wanted)).comment_count)

    return edge.listing(await edge.read(read), name=name)


@post(
    "/posts/{post_id:str}/comments",
    operation_id="comment_on_post",
    summary="Comment on a post",
    tags=POSTS,
)
async def comment_on_post(
    edge: NamedDependency[Edge], post_id: FromPath[str], data: JSONBody[NewComment]
) -> Response[Success[feed.Post]]:
    wanted = post_id_of(post_id)
    return await edge.create(
        lambda work: feed.comment_on_post(work, post_id=wanted, content=data.content), location=_address
    )


@get(
    "/posts/{post_id:str}/revisions",
    operation_id="list_revisions",
    summary="What a post says and has said, newest first",
    tags=POSTS,
)
async def list_revisions(
    edge: NamedDependency[Edge],
    post_id: FromPath[str],
    limit: LimitParameter = 20,
    cursor: CursorParameter = None,
    fields: FieldsParameter = None,
) -> Response[Listing[feed.Revision]]:
    wanted = post_id_of(post_id)
    name = f"feed.revisions:{wanted}"
    after = edge.after(cursor, name=name)
    page = await edge.read(lambda work: feed.list_revisions(work, post_id=wanted, after=after, limit=limit))
    return edge.listing(page, name=name)


# Users: `user_id` is an id, a username or "me".


@get("/users/{user_id:str}", operation_id="get_user", summary="A member's public profile", tags=USERS)
async def get_user(
    edge: NamedDependency[Edge], user_id: FromPath[str], fields: FieldsParameter = None
) -> Response[Success[feed.Member]]:
    return edge.resource(await edge.read(lambda work: feed.get_member(work, member=user_id)))


@patch("/users/{user_id:str}", operation_id="edit_user", summary="Edit your profile", tags=USERS)
async def edit_user(
    edge: NamedDependency[Edge], user_id: FromPath[str], data: JSONBody[ProfileChange]
) -> Response[Success[feed.Member]]:
    async def edit(work: Work) -> feed.Member:
        me = work.actor.me
        profile = await identity.get_profile(work, id_or_username=user_id)
        if profile.id != me:
            raise Denied("This is somebody else’s profile; you can edit your own only.")
        given = {name: value for name, value in msgspec.structs.asdict(data).items() if value is not UNSET}
        await identity.edit_profile(work, **given)
        return await feed.get_member(work, member=str(me))

    return await edge.change(edit, current=lambda work: feed.get_member(work, member=user_id))


@get("/users/{user_id:str}/posts", operation_id="list_posts_of", summary="A member’s posts", tags=USERS)
async def list_posts_of(
    edge: NamedDependency[Edge],
    user_id: FromPath[str],
    limit: LimitParameter = 20,
    cursor: CursorParameter = None,
    fields: FieldsParameter = None,
) -> Response[Listing[feed.Post]]:
    return await _list_of(edge, user_id, feed.list_posts_of, limit=limit, cursor=cursor, what="posts")


@get(
    "/users/{user_id:str}/followers",
    operation_id="list_followers",
    summary="Who follows a member",
    tags=USERS,
)
async def list_followers(
    edge: NamedDependency[Edge],
    user_id: FromPath[str],
    limit: LimitParameter = 20,
    cursor: CursorParameter = None,
    count: CountParameter = False,
    fields: FieldsParameter = None,
) -> Response[Listing[feed.Person]]:
    total = (lambda member: member.follower_count) if count else None
    return await _list_of(
        edge, user_id, feed.list_followers, limit=limit, cursor=cursor, what="followers", total=total
    )


@get(
    "/users/{user_id:str}/following",
    operation_id="list_following",
    summary="Whom a member follows",
    tags=USERS,
)
async def list_following(
    edge: NamedDependency[Edge],
    user_id: FromPath[str],
    limit: LimitParameter = 20,
    cursor: CursorParameter = None,
    count: CountParameter = False,
    fields: FieldsParameter = None,
) -> Response[Listing[feed.Person]]:
    total = (lambda member: member.following_count) if count else None
    return await _list_of(
        edge, user_id, feed.list_following, limit=limit, cursor=cursor, what="following", total=total
    )


@post(
    "/users/{user_id:str}/follow",
    status_code=204,
    operation_id="follow_user",
    summary="Follow a member",
    tags=USERS,
)
async def follow_user(edge: NamedDependency[Edge], user_id: FromPath[str]) -> Response[None]:
    return await edge.remove(lambda work: feed.follow_member(work, member=user_id))


@delete(
    "/users/{user_id:str}/follow",
    status_code=204,
    operation_id="unfollow_user",
    summary="Stop following a member",
    tags=USERS,
)
async def unfollow_user(edge: NamedDependency[Edge], user_id: FromPath[str]) -> Response[None]:
    return await edge.remove(lambda work: feed.unfollow_member(work, member=user_id))


class _ListOfMember(Protocol[T]):
    """A verb that lists something of one member."""

    async def __call__(self, work: Work, *, user_id: UUID, after: Keyset | None, limit: int) -> Page[T]: ...


async def _list_of(
    edge: Edge,
    member: str,
    verb: _ListOfMember[T],
    *,
    what: str,
    limit: int,
    cursor: str | None,
    total: Callable[[feed.Member], int] | None = None,
) -> Response[Listing[T]]:
    name = f"feed.{what}_of:{member}"
    after = edge.after(cursor, name=name)

    async def read(work: Work) -> Page[T]:
        profile = await identity.get_profile(work, id_or_username=member)
        page = await verb(work, user_id=profile.id, after=after, limit=limit)
        if total is None:
            return page
        return replace(page, total=total(await feed.get_member(work, member=str(profile.id))))

    return edge.listing(await edge.read(read), name=name)


def _address(made: feed.Post) -> str:
    return f"/api/v1/posts/{made.id}"


routes: list[ControllerRouterHandler] = [
    list_home_feed,
    list_explore,
    list_trending,
    publish_post,
    get_post,
    edit_post,
    delete_post,
    like_post,
    unlike_post,
    list_comments,
    comment_on_post,
    list_revisions,
    get_user,
    edit_user,
    list_posts_of,
    list_followers,
    list_following,
    follow_user,
    unfollow_user,
]
