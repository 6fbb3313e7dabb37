"""The Posts part of the API, under /api/v1."""

# ruff: noqa: ARG001  # `fields` and `cursor` are declared for the document and the gate; the edge reads them

from typing import Annotated

import msgspec
from litestar import Response, delete, get, patch, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from litestar.types import ControllerRouterHandler
from msgspec import UNSET, UnsetType
from msgspec.structs import replace

from threadly.modules import feed, moderation
from threadly.modules.feed.rules import TRENDING_TTL_S, post_id_of
from threadly.modules.feed.types import Visibility
from threadly.platform.http.edge import Edge
from threadly.platform.http.envelope import Listing, Success
from threadly.platform.http.pagination import CountParameter, CursorParameter, LimitParameter
from threadly.platform.http.parameters import FieldsParameter
from threadly.platform.ids import UUID
from threadly.platform.paging import Page
from threadly.platform.work import Work

__all__ = ["routes"]

POSTS = ["Posts"]
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


class NewReport(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is wrong with a post or comment, and a few words for the moderators."""

    reason: moderation.ReportReason
    note: str = ""


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
    posts = await edge.read(lambda work: feed.list_trending(work, post_ids=post_ids[:limit]))
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
    description="By a moderator, somebody else's: hidden now, deleted for good after 14 days. It is a"
    " decision that its author is told, and may appeal against.",
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


@post(
    "/posts/{post_id:str}/reports",
    operation_id="report_post",
    summary="Report a post or comment to the moderators",
    description="A second report of the same by the same member takes the place of the first.",
    tags=POSTS,
)
async def report_post(
    edge: NamedDependency[Edge], post_id: FromPath[str], data: JSONBody[NewReport]
) -> Response[Success[moderation.Report]]:
    wanted = post_id_of(post_id)
    return await edge.post(
        lambda work: feed.report_post(work, post_id=wanted, reason=data.reason, note=data.note), status=201
    )


@get(
    "/posts/{post_id:str}/hold",
    operation_id="get_hold",
    summary="Why a post or comment of yours is hidden",
    description="For its author and moderators. 404 where it is not hidden.",
    tags=POSTS,
)
async def get_hold(
    edge: NamedDependency[Edge], post_id: FromPath[str], fields: FieldsParameter = None
) -> Response[Success[moderation.Hold]]:
    wanted = post_id_of(post_id)
    return edge.resource(await edge.read(lambda work: feed.get_hold(work, post_id=wanted)))


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
    report_post,
    get_hold,
]
