"""The Search part of the API, under /api/v1."""

# ruff: noqa: ARG001  # `fields` and `cursor` are declared for the document and the gate; the edge reads them

from datetime import UTC, datetime
from typing import Annotated, TypeAlias

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromQuery, QueryParameter
from litestar.types import ControllerRouterHandler

from threadly.modules.search.asking import list_name, look_for, offset_of
from threadly.modules.search.kinds import SearchType
from threadly.modules.search.types import Hit, Rebuild, Suggestion, Wanted
from threadly.modules.search.verbs.finding import suggest
from threadly.modules.search.verbs.rebuilding import list_indexes, start_rebuild
from threadly.platform.errors import InvalidInput
from threadly.platform.http.edge import Edge
from threadly.platform.http.envelope import Listing, Success
from threadly.platform.http.pagination import CursorParameter, LimitParameter
from threadly.platform.http.parameters import FieldsParameter
from threadly.platform.money import MOST_MINOR
from threadly.platform.paging import Page

__all__ = ["routes"]

SEARCH = ["Search"]
LONGEST_ASKED = 200

QuestionParameter: TypeAlias = Annotated[
    str, QueryParameter(max_length=LONGEST_ASKED, description="Words, some of them perhaps only begun.")
]
TypeParameter: TypeAlias = Annotated[
    SearchType | None, QueryParameter(name="type", description="Without it, all of them.")
]
NameParameter: TypeAlias = Annotated[str | None, QueryParameter(max_length=100)]
PriceParameter: TypeAlias = Annotated[
    int | None, QueryParameter(ge=0, le=MOST_MINOR, description="In minor units; products only.")
]


@get(
    "/search",
    operation_id="search",
    summary="Posts, people and products that fit, best first",
    description="Found by words, with errors and beginnings forgiven, and by meaning. Every `title` and "
    "`excerpt` comes in parts of plain text; those that matched are `marked`. At most 200 results can be "
    "paged through.",
    tags=SEARCH,
)
async def search_all(
    edge: NamedDependency[Edge],
    q: QuestionParameter = "",
    type_: TypeParameter = None,
    author: NameParameter = None,
    tag: NameParameter = None,
    since: FromQuery[datetime | None] = None,
    until: FromQuery[datetime | None] = None,
    min_price: PriceParameter = None,
    max_price: PriceParameter = None,
    available: FromQuery[bool | None] = None,
    limit: LimitParameter = 20,
    cursor: CursorParameter = None,
    fields: FieldsParameter = None,
) -> Response[Listing[Hit]]:
    since, until = _instant("since", since), _instant("until", until)
    wanted = Wanted(type_, author, tag, since, until, min_price, max_price, available)
    name = list_name(q, wanted)
    offset = offset_of(edge.after(cursor, name=name))
    found = await look_for(edge, question=q, wanted=wanted, offset=offset, limit=limit)
    after = None if found.next_offset is None else (str(found.next_offset),)
    return edge.listing(Page(found.hits, after), name=name)


@get(
    "/search/suggestions",
    operation_id="list_search_suggestions",
    summary="What somebody who types may mean",
    description="Words to go on with, and people and products whose names begin so. One page.",
    tags=SEARCH,
)
async def list_suggestions(
    edge: NamedDependency[Edge], q: QuestionParameter = "", fields: FieldsParameter = None
) -> Response[Listing[Suggestion]]:
    found = await edge.read(lambda work: suggest(work, typed=q))
    return edge.listing(Page(found, None), name="search.suggestions")


@get(
    "/admin/search/rebuilds",
    operation_id="list_search_rebuilds",
    summary="The indexes of the search: the one in use, and one that is being built",
    tags=SEARCH,
)
async def list_rebuilds(
    edge: NamedDependency[Edge], fields: FieldsParameter = None
) -> Response[Listing[Rebuild]]:
    return edge.listing(Page(await edge.read(list_indexes, fresh=True), None), name="search.rebuilds")


@post(
    "/admin/search/rebuilds",
    operation_id="start_search_rebuild",
    summary="Build the index of the search anew",
    description="The one in use goes on until the new one takes its place.",
    tags=SEARCH,
)
async def start(edge: NamedDependency[Edge]) -> Response[Success[Rebuild]]:
    return await edge.create(start_rebuild, location=lambda _: "/api/v1/admin/search/rebuilds", status=202)


def _instant(field: str, given: datetime | None) -> datetime | None:
    """In UTC, which it is without a zone. Raises InvalidInput for what the calendar of UTC does not have."""
    if given is None or given.tzinfo is None:
        return given and given.replace(tzinfo=UTC)
    try:
        return given.astimezone(UTC)
    except OverflowError:
        raise InvalidInput("Choose a time between the years 1 and 9999.", field=field) from None


routes: list[ControllerRouterHandler] = [search_all, list_suggestions, list_rebuilds, start]
