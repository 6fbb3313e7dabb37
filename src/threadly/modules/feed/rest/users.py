"""The Users part of the API, under /api/v1."""

# ruff: noqa: ARG001  # `fields` and `cursor` are declared for the document and the gate; the edge reads them

from collections.abc import Callable
from typing import Protocol, TypeVar

import msgspec
from litestar import Response, delete, get, patch, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from litestar.types import ControllerRouterHandler
from msgspec import UNSET, UnsetType
from msgspec.structs import replace

from threadly.modules import feed, identity
from threadly.platform.http.edge import Edge
from threadly.platform.http.envelope import Listing, Success
from threadly.platform.http.pagination import CountParameter, CursorParameter, LimitParameter
from threadly.platform.http.parameters import FieldsParameter
from threadly.platform.ids import UUID
from threadly.platform.paging import Keyset, Page
from threadly.platform.work import Denied, Work

__all__ = ["routes"]

T = TypeVar("T")

USERS = ["Users"]


class ProfileChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An empty website removes it."""

    name: str | UnsetType = UNSET
    bio: str | UnsetType = UNSET
    website: str | UnsetType = UNSET


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


@get(
    "/users/{user_id:str}/suggestions",
    operation_id="list_suggestions",
    summary="Whom you could follow, and why",
    description="Only your own (`me`), each with its `reason`: the closest to you first.",
    tags=USERS,
)
async def list_suggestions(
    edge: NamedDependency[Edge],
    user_id: FromPath[str],
    limit: LimitParameter = 20,
    cursor: CursorParameter = None,
    fields: FieldsParameter = None,
) -> Response[Listing[feed.Person]]:
    name = "feed.suggestions"
    after = edge.after(cursor, name=name)

    async def read(work: Work) -> Page[feed.Person]:
        me = work.actor.me
        if user_id not in ("me", str(me)):
            profile = await feed.get_profile(work, member=user_id)
            if profile.id != me:
                raise Denied("These are somebody else’s suggestions; you can read your own only.")
        return await feed.list_people_to_follow(work, after=after, limit=limit)

    return edge.listing(await edge.read(read), name=name)


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
        profile = await feed.get_profile(work, member=member)
        page = await verb(work, user_id=profile.id, after=after, limit=limit)
        if total is None:
            return page
        return replace(page, total=total(await feed.get_member(work, member=str(profile.id))))

    return edge.listing(await edge.read(read), name=name)


routes: list[ControllerRouterHandler] = [
    get_user,
    edit_user,
    list_posts_of,
    list_followers,
    list_following,
    list_suggestions,
    follow_user,
    unfollow_user,
]
