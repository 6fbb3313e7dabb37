"""People: whom one could follow, one member's profile, who follows whom."""

from typing import Literal

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.types import ControllerRouterHandler

from threadly.modules import feed, identity
from threadly.modules.feed.pages.shared import (
    People,
    by_htmx,
    list_people,
    list_posts,
    next_of,
    rail_for,
    wants_more,
)
from threadly.modules.feed.pages.view import Eyes, ProfileView
from threadly.platform.http.edge import Edge
from threadly.platform.http.pagination import CursorParameter
from threadly.platform.ids import UUID
from threadly.platform.work import Work
from threadly.web.pages import Pages

__all__ = ["routes"]

Kind = Literal["followers", "following"]


class FollowView(msgspec.Struct, frozen=True):
    """What the follow button needs."""

    username: str
    name: str
    followed_by_me: bool
    is_me: bool


@get("/people", include_in_schema=False)
async def people(
    edge: NamedDependency[Edge], pages: NamedDependency[Pages], cursor: CursorParameter = None
) -> Response[str]:
    found = await list_people(
        edge,
        lambda work, after: feed.list_people_to_follow(work, after=after),
        name="feed.people",
        cursor=cursor,
    )
    if wants_more(edge, cursor):
        return await _more(edge, pages, found)
    return await pages.show(edge, "feed/people.html", people=found.people, more_url=found.more_url)


@get("/people/{username:str}", include_in_schema=False)
async def profile(
    edge: NamedDependency[Edge],
    pages: NamedDependency[Pages],
    username: FromPath[str],
    cursor: CursorParameter = None,
) -> Response[str]:
    member, user_id = await _profile(edge, username)
    found = await list_posts(
        edge,
        lambda work, after: feed.list_posts_of(work, user_id=user_id, after=after),
        name=f"feed.posts_of:{user_id}",
        cursor=cursor,
    )
    if wants_more(edge, cursor):
        return await pages.fragment(edge, "feed/_more_posts.html", posts=found.posts, more_url=found.more_url)
    return await pages.show(
        edge,
        "feed/profile.html",
        profile=member,
        posts=found.posts,
        more_url=found.more_url,
        rail=await rail_for(edge, suggest=False),
    )


@get("/people/{username:str}/followers", include_in_schema=False)
async def followers(
    edge: NamedDependency[Edge],
    pages: NamedDependency[Pages],
    username: FromPath[str],
    cursor: CursorParameter = None,
) -> Response[str]:
    return await _follows(edge, pages, username, cursor, kind="followers")


@get("/people/{username:str}/following", include_in_schema=False)
async def following(
    edge: NamedDependency[Edge],
    pages: NamedDependency[Pages],
    username: FromPath[str],
    cursor: CursorParameter = None,
) -> Response[str]:
    return await _follows(edge, pages, username, cursor, kind="following")


@post("/people/{username:str}/follow", include_in_schema=False)
async def follow(
    edge: NamedDependency[Edge], pages: NamedDependency[Pages], username: FromPath[str]
) -> Response[str]:
    found = await edge.write(lambda work: feed.follow_member(work, member=username))
    return await _followed(edge, pages, found, now_followed=True)


@post("/people/{username:str}/unfollow", include_in_schema=False)
async def unfollow(
    edge: NamedDependency[Edge], pages: NamedDependency[Pages], username: FromPath[str]
) -> Response[str]:
    found = await edge.write(lambda work: feed.unfollow_member(work, member=username))
    return await _followed(edge, pages, found, now_followed=False)


async def _followed(
    edge: Edge, pages: Pages, member: identity.Profile, *, now_followed: bool
) -> Response[str]:
    if not by_htmx(edge):
        return pages.redirect(edge, await next_of(edge, default=f"/people/{member.username}"))
    person = FollowView(
        member.username, member.name, followed_by_me=now_followed, is_me=member.id == edge.actor.user_id
    )
    return await pages.fragment(edge, "feed/_follow.html", person=person)


async def _follows(
    edge: Edge, pages: Pages, username: str, cursor: str | None, *, kind: Kind
) -> Response[str]:
    member, user_id = await _profile(edge, username)
    verb = feed.list_followers if kind == "followers" else feed.list_following
    found = await list_people(
        edge,
        lambda work, after: verb(work, user_id=user_id, after=after),
        name=f"feed.{kind}_of:{user_id}",
        cursor=cursor,
    )
    if wants_more(edge, cursor):
        return await _more(edge, pages, found)
    return await pages.show(
        edge,
        "feed/follows.html",
        profile=member,
        kind=kind,
        people=found.people,
        more_url=found.more_url,
    )


async def _profile(edge: Edge, username: str) -> tuple[ProfileView, UUID]:
    async def look(work: Work) -> tuple[ProfileView, UUID]:
        member = await feed.get_member(work, member=username)
        return Eyes(work.actor, work.now).profile(member), member.id

    return await edge.read(look)


async def _more(edge: Edge, pages: Pages, found: People) -> Response[str]:
    return await pages.fragment(edge, "feed/_more_people.html", people=found.people, more_url=found.more_url)


routes: list[ControllerRouterHandler] = [people, profile, followers, following, follow, unfollow]
