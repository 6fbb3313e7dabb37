"""What several pages do: read a list for the one who looks, read a form, answer htmx or a whole page."""

from collections.abc import Awaitable, Callable
from urllib.parse import quote

import msgspec

from threadly.modules import feed
from threadly.modules.feed.pages.view import Eyes, PersonView, PostView, RailView, tags_of
from threadly.platform.errors import Kind, Refusal
from threadly.platform.http.edge import Edge
from threadly.platform.paging import Keyset, Page
from threadly.platform.work import Work
from threadly.web import Form
from threadly.web.forms import by_htmx, field_of, ids_of, next_of, wants_more

__all__ = [
    "People",
    "Posts",
    "by_htmx",
    "field_of",
    "form_with",
    "ids_of",
    "list_people",
    "list_posts",
    "more_url",
    "next_of",
    "rail_for",
    "suggestions_for",
    "wants_more",
]

RAIL_TTL_S = 60.0
CANDIDATES_TTL_S = 300.0
RAIL_PEOPLE = 3

# Read the page of a list that starts after a key.
ReadPosts = Callable[[Work, Keyset | None], Awaitable[Page[feed.Post]]]
ReadPeople = Callable[[Work, Keyset | None], Awaitable[Page[feed.Person]]]


class Posts(msgspec.Struct, frozen=True):
    posts: list[PostView]
    more_url: str | None


class People(msgspec.Struct, frozen=True):
    people: list[PersonView]
    more_url: str | None


async def list_posts(edge: Edge, read: ReadPosts, *, name: str, cursor: str | None) -> Posts:
    """One page of the list `name`, as cards."""
    after = edge.after(cursor, name=name)

    async def look(work: Work) -> Posts:
        page = await read(work, after)
        return Posts(Eyes(work.actor, work.now).posts(page.items), more_url(edge, page.after, name=name))

    return await edge.read(look)


async def list_people(edge: Edge, read: ReadPeople, *, name: str, cursor: str | None) -> People:
    after = edge.after(cursor, name=name)

    async def look(work: Work) -> People:
        page = await read(work, after)
        return People(Eyes(work.actor, work.now).people(page.items), more_url(edge, page.after, name=name))

    return await edge.read(look)


def more_url(edge: Edge, after: Keyset | None, *, name: str) -> str | None:
    """Where the list goes on, None at its end."""
    cursor = edge.cursor(after, name=name)
    return f"{quote(edge.request.scope['path'])}?cursor={cursor}" if cursor else None


async def rail_for(edge: Edge, *, suggest: bool = True) -> RailView:
    """The right column: tags of the week, and a few people to follow unless the page itself has such buttons
    (`suggest`)."""
    tags = await edge.cached(
        "feed.trending_tags", feed.list_trending_tags, into=list[feed.TagCount], ttl_s=RAIL_TTL_S
    )

    return RailView(tags_of(tags), await suggestions_for(edge, limit=RAIL_PEOPLE) if suggest else [])


async def suggestions_for(edge: Edge, *, limit: int) -> list[PersonView]:
    """A few people to follow: who is close is looked up every few minutes, who of them is shown each time."""
    member = edge.actor.user_id
    candidates = await edge.cached(
        f"feed.candidates:{member}",
        feed.list_candidates,
        into=list[feed.Candidate],
        ttl_s=CANDIDATES_TTL_S,
        tags=(feed.candidates_tag(member),),
    )

    async def look(work: Work) -> list[PersonView]:
        people = await feed.list_suggested(work, candidates=candidates, limit=limit)
        return Eyes(work.actor, work.now).people(people)

    return await edge.read(look)


def form_with(refusal: Refusal, **values: str) -> Form:
    """The form again, with what was typed and what is wrong with it. Raises what no form can mend."""
    if refusal.kind is not Kind.INVALID:
        raise refusal
    if refusal.field in values:
        return Form(values, {refusal.field: refusal.message})
    return Form(values, {}, refusal.message)
