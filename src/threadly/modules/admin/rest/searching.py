"""Log and traces in the API, and how many traces are kept."""

# ruff: noqa: ARG001  # `fields` and `cursor` are declared for the document and the gate; the edge reads them

from typing import Annotated

import msgspec
from litestar import Response, delete, get, post
from litestar.di import NamedDependency
from litestar.params import JSONBody, QueryParameter
from litestar.types import ControllerRouterHandler
from msgspec import Meta

from threadly.modules.admin.attending import call_attention
from threadly.modules.admin.rules.searching import LONGEST_QUERY
from threadly.modules.admin.types.logs import Found
from threadly.modules.admin.types.processes import Sampling
from threadly.modules.admin.verbs import sampling
from threadly.modules.admin.verbs.searching import search_log
from threadly.platform.http.edge import Edge
from threadly.platform.http.envelope import Listing, Success
from threadly.platform.http.pagination import CursorParameter, LimitParameter
from threadly.platform.http.parameters import FieldsParameter

__all__ = ["routes"]

OPERATORS = ["Operators"]
SAMPLING = "/admin/sampling"

QUERY = QueryParameter(
    max_length=LONGEST_QUERY,
    description=(
        "Parts of words, all of which must occur; or `trace:`, `request:`, `route:`, `status:404`, "
        "`status:5xx`, `level:warning` (and above), `user:`, `process:`, `slower:200ms`, `since:1h`."
    ),
)


class Raise(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Keep this share of traces (0 to 1) for so many minutes."""

    share: Annotated[float, Meta(gt=0, le=1)]
    minutes: Annotated[int, Meta(ge=1, le=sampling.MOST_MINUTES)]


@get(
    "/admin/search",
    operation_id="search_log",
    summary="Log and traces in one list, newest first",
    description="A page may have fewer entries than `limit` and still have a next one.",
    tags=OPERATORS,
)
async def get_search(
    edge: NamedDependency[Edge],
    q: Annotated[str, QUERY] = "",
    limit: LimitParameter = 20,
    cursor: CursorParameter = None,
    fields: FieldsParameter = None,
) -> Response[Listing[Found]]:
    name = f"admin.search:{q}"
    after = edge.after(cursor, name=name)
    page = await edge.read(lambda work: search_log(work, text=q, after=after, limit=limit))
    return edge.listing(page, name=name)


@get(
    SAMPLING, operation_id="get_sampling", summary="Which share of traces is kept, until when", tags=OPERATORS
)
async def get_sampling(
    edge: NamedDependency[Edge], fields: FieldsParameter = None
) -> Response[Success[Sampling]]:
    return edge.resource(await edge.read(sampling.get_sampling))


@post(
    SAMPLING,
    operation_id="raise_sampling",
    summary="Keep more traces for a while",
    description="In all processes, within 5 seconds. It ends by itself, within a day.",
    tags=OPERATORS,
)
async def post_sampling(edge: NamedDependency[Edge], data: JSONBody[Raise]) -> Response[Success[Sampling]]:
    answer = await edge.create(
        lambda work: sampling.raise_sampling(work, share=data.share, minutes=data.minutes),
        location=lambda _: f"/api/v1{SAMPLING}",
    )
    await call_attention(edge.runtime.pubsub)
    return answer


@delete(
    SAMPLING,
    status_code=204,
    operation_id="end_sampling",
    summary="Back to the usual share of traces",
    tags=OPERATORS,
)
async def delete_sampling(edge: NamedDependency[Edge]) -> Response[None]:
    answer = await edge.remove(sampling.end_sampling)
    await call_attention(edge.runtime.pubsub)
    return answer


routes: list[ControllerRouterHandler] = [get_search, get_sampling, post_sampling, delete_sampling]
