"""Running processes and their profiles in the API; and what routes cost."""

# ruff: noqa: ARG001  # `fields` and `cursor` are declared for the document and the gate; the edge reads them

from typing import Annotated

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, QueryParameter
from litestar.types import ControllerRouterHandler
from msgspec import Meta

from threadly.modules.admin.attending import call_attention
from threadly.modules.admin.errors.operating import ProfileMissing
from threadly.modules.admin.types.costs import Costs, CostSort
from threadly.modules.admin.types.processes import Process, Profile, ProfileSummary
from threadly.modules.admin.verbs import profiling
from threadly.modules.admin.verbs.costs import MOST_HOURS, list_costs
from threadly.platform.http.edge import Edge
from threadly.platform.http.envelope import Listing, Success
from threadly.platform.http.pagination import SORT_PARAMETER, CursorParameter, LimitParameter
from threadly.platform.http.parameters import FieldsParameter
from threadly.platform.ids import UUID, id_of
from threadly.platform.paging import Page

__all__ = ["routes"]

OPERATORS = ["Operators"]
PROFILES = "/admin/profiles"

HoursParameter = Annotated[
    int, QueryParameter(ge=1, le=MOST_HOURS, description="Of the last so many hours, with the one that runs.")
]


class NewProfile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which process is to look at itself, and for how many seconds."""

    process_id: UUID
    seconds: Annotated[int, Meta(ge=profiling.SHORTEST_S, le=profiling.LONGEST_S)]


@get(
    "/admin/processes",
    operation_id="list_processes",
    summary="Processes that run now",
    description="One page.",
    tags=OPERATORS,
)
async def get_processes(
    edge: NamedDependency[Edge], fields: FieldsParameter = None
) -> Response[Listing[Process]]:
    return edge.listing(Page(await edge.read(profiling.list_processes), None), name="admin.processes")


@get(PROFILES, operation_id="list_profiles", summary="Profiles, newest first", tags=OPERATORS)
async def get_profiles(
    edge: NamedDependency[Edge],
    limit: LimitParameter = 20,
    cursor: CursorParameter = None,
    fields: FieldsParameter = None,
) -> Response[Listing[ProfileSummary]]:
    after = edge.after(cursor, name="admin.profiles")
    page = await edge.read(lambda work: profiling.list_profiles(work, after=after, limit=limit))
    return edge.listing(page, name="admin.profiles")


@post(
    PROFILES,
    status_code=202,
    operation_id="ask_for_profile",
    summary="Have a process look at itself",
    description="It begins within 5 seconds; follow `Location` until its state is “done”.",
    tags=OPERATORS,
)
async def post_profile(
    edge: NamedDependency[Edge], data: JSONBody[NewProfile]
) -> Response[Success[ProfileSummary]]:
    answer = await edge.create(
        lambda work: profiling.ask_for_profile(work, process_id=data.process_id, seconds=data.seconds),
        location=lambda profile: f"/api/v1{PROFILES}/{profile.id}",
        status=202,
    )
    await call_attention(edge.runtime.pubsub)
    return answer


@get(
    PROFILES + "/{profile_id:str}",
    operation_id="get_profile",
    summary="A profile: its stacks, once it is done",
    tags=OPERATORS,
)
async def get_profile(
    edge: NamedDependency[Edge], profile_id: FromPath[str], fields: FieldsParameter = None
) -> Response[Success[Profile]]:
    wanted = id_of(profile_id, ProfileMissing)
    return edge.resource(await edge.read(lambda work: profiling.get_profile(work, profile_id=wanted)))


@get(
    "/admin/costs",
    operation_id="list_costs",
    summary="What each route uses, and what that costs",
    description="One answer: there are only so many routes.",
    tags=OPERATORS,
)
async def get_costs(
    edge: NamedDependency[Edge],
    hours: HoursParameter = 24,
    sort: Annotated[CostSort, SORT_PARAMETER] = "total",
    fields: FieldsParameter = None,
) -> Response[Success[Costs]]:
    return edge.resource(await edge.read(lambda work: list_costs(work, hours=hours, sort=sort)))


routes: list[ControllerRouterHandler] = [
    get_processes,
    get_profiles,
    post_profile,
    get_profile,
    get_costs,
]
