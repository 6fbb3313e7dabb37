"""Lists of posts: home (or the front door), explore, trending, a tag, what is new. htmx, which asks to go on
in a list that is there already, gets the next cards only."""

from collections.abc import Sequence
from datetime import timedelta

from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.types import ControllerRouterHandler

from threadly.modules import feed, media
from threadly.modules.feed.pages.shared import Posts, list_posts, rail_for, suggestions_for, wants_more
from threadly.modules.feed.pages.view import Eyes, PostView
from threadly.modules.feed.rules import LONGEST_TAG, TRENDING_TTL_S
from threadly.platform.http.edge import Edge
from threadly.platform.http.following import UNFOLLOWED
from threadly.platform.http.pagination import CursorParameter
from threadly.platform.ids import UUID, parse_id
from threadly.platform.work import Work
from threadly.web import EMPTY_FORM, Form
from threadly.web.pages import Pages

__all__ = ["home_page", "routes"]

LANDING_POSTS = 5
SUGGESTIONS = 3
SIZE_TTL_S = 60.0
# A post may reach a timeline after one that is younger. So what is new is looked for a little below the
# newest that the page has; the page drops what it has already.
OVERLAP = timedelta(seconds=30)


@get("/", include_in_schema=False)
async def home(
    edge: NamedDependency[Edge], pages: NamedDependency[Pages], cursor: CursorParameter = None
) -> Response[str]:
    if edge.actor.user_id is None:
        return await _landing(edge, pages)
    return await home_page(edge, pages, cursor=cursor)


async def home_page(
    edge: Edge,
    pages: Pages,
    *,
    cursor: str | None = None,
    composer: Form = EMPTY_FORM,
    kept_media: Sequence[media.Upload] = (),
    status: int = 200,
) -> Response[str]:
    """The home feed; also where a post that was refused is shown again, with the uploads that it had."""
    found = await list_posts(
        edge, lambda work, after: feed.list_home_feed(work, after=after), name="feed.home", cursor=cursor
    )
    if wants_more(edge, cursor):
        return await _more(edge, pages, found)
    return await pages.show(
        edge,
        "feed/home.html",
        status=status,
        posts=found.posts,
        more_url=found.more_url,
        composer=composer,
        kept_media=kept_media,
        rail=await rail_for(edge, suggest=bool(found.posts)),
        suggestions=[] if found.posts else await suggestions_for(edge, limit=SUGGESTIONS),
    )


@get("/explore", include_in_schema=False)
async def explore(
    edge: NamedDependency[Edge], pages: NamedDependency[Pages], cursor: CursorParameter = None
) -> Response[str]:
    found = await list_posts(
        edge, lambda work, after: feed.list_explore(work, after=after), name="feed.explore", cursor=cursor
    )
    if wants_more(edge, cursor):
        return await _more(edge, pages, found)
    return await pages.show(
        edge, "feed/explore.html", posts=found.posts, more_url=found.more_url, rail=await rail_for(edge)
    )


@get("/trending", include_in_schema=False)
async def trending(edge: NamedDependency[Edge], pages: NamedDependency[Pages]) -> Response[str]:
    post_ids = await edge.cached(
        "feed.trending", feed.list_trending_ids, into=list[UUID], ttl_s=TRENDING_TTL_S
    )

    async def look(work: Work) -> list[PostView]:
        return Eyes(work.actor, work.now).posts(await feed.list_trending(work, post_ids=post_ids))

    return await pages.show(
        edge, "feed/trending.html", posts=await edge.read(look), more_url=None, rail=await rail_for(edge)
    )


@get("/tags/{tag:str}", include_in_schema=False)
async def tagged(
    edge: NamedDependency[Edge],
    pages: NamedDependency[Pages],
    tag: FromPath[str],
    cursor: CursorParameter = None,
) -> Response[str]:
    name = tag[:LONGEST_TAG].lower()
    found = await list_posts(
        edge,
        lambda work, after: feed.list_tagged(work, tag=name, after=after),
        name=f"feed.tag:{name}",
        cursor=cursor,
    )
    if wants_more(edge, cursor):
        return await _more(edge, pages, found)
    return await pages.show(
        edge,
        "feed/tag.html",
        tag={"name": name},
        posts=found.posts,
        more_url=found.more_url,
        rail=await rail_for(edge),
    )


@get("/feed/new", include_in_schema=False, opt={UNFOLLOWED: True})
async def new_posts(
    edge: NamedDependency[Edge], pages: NamedDependency[Pages], after: FromQuery[str] = ""
) -> Response[str]:
    """The cards that are new to a page whose newest post is `after`; without it, the first page."""
    newest = parse_id(after)

    async def look(work: Work) -> list[PostView]:
        if newest is None:
            posts = (await feed.list_home_feed(work)).items
        else:
            posts = await feed.list_new_posts(work, newer_than=_a_little_below(newest))
        return Eyes(work.actor, work.now).posts(posts)

    return await pages.fragment(edge, "feed/_posts.html", posts=await edge.read(look))


async def _landing(edge: Edge, pages: Pages) -> Response[str]:
    """The front door, for who is not signed in."""

    async def look(work: Work) -> list[PostView]:
        page = await feed.list_explore(work, limit=LANDING_POSTS)
        return Eyes(work.actor, work.now).posts(page.items)

    size = await edge.cached(
        "feed.community_size", feed.get_community_size, into=feed.CommunitySize, ttl_s=SIZE_TTL_S
    )
    return await pages.show(edge, "feed/landing.html", posts=await edge.read(look), counts=size)


async def _more(edge: Edge, pages: Pages, found: Posts) -> Response[str]:
    return await pages.fragment(edge, "feed/_more_posts.html", posts=found.posts, more_url=found.more_url)


def _a_little_below(post_id: UUID) -> UUID:
    """The id of a post OVERLAP older: a UUIDv7 begins with 48 bits of milliseconds."""
    step = int(OVERLAP.total_seconds() * 1000) << 80
    return UUID(int=max(0, post_id.int - step))


routes: list[ControllerRouterHandler] = [home, explore, trending, tagged, new_posts]
