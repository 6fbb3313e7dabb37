"""Objectives, alerts, silences and the figures of the running system in the API."""

# ruff: noqa: ARG001  # `fields` and `cursor` are declared for the document and the gate; the edge reads them

from typing import Annotated

import msgspec
from litestar import Response, delete, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, QueryParameter
from litestar.types import ControllerRouterHandler
from msgspec import Meta

from threadly.modules.admin.errors.observing import SilenceMissing
from threadly.modules.admin.objectives import read_objectives
from threadly.modules.admin.permissions import OBSERVE
from threadly.modules.admin.types.alerts import Alert, AlertState, Silence
from threadly.modules.admin.types.figures import Overview
from threadly.modules.admin.types.objectives import ObjectiveDetail, ObjectiveStatus
from threadly.modules.admin.verbs import alerts, objectives
from threadly.modules.admin.verbs.overview import get_overview
from threadly.modules.admin.watching import read_backlog
from threadly.platform.http.edge import Edge
from threadly.platform.http.envelope import Listing, Success
from threadly.platform.http.pagination import CursorParameter, LimitParameter
from threadly.platform.http.parameters import FieldsParameter
from threadly.platform.ids import id_of
from threadly.platform.paging import Page

__all__ = ["overview_of", "routes"]

OPERATORS = ["Operators"]
SILENCES = "/admin/silences"

StateParameter = Annotated[
    AlertState | None, QueryParameter(name="state", description="Only those in this state.")
]
ActiveParameter = Annotated[bool, QueryParameter(description="Only those that are not over.")]


class NewSilence(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Tell nobody of alerts whose key is `matches` (* for all) for so many minutes."""

    matches: Annotated[str, Meta(min_length=1, max_length=alerts.LONGEST_KEY)]
    minutes: Annotated[int, Meta(ge=1, le=alerts.LONGEST_SILENCE_MINUTES)]
    why: Annotated[str, Meta(min_length=1, max_length=alerts.LONGEST_WHY)]


@get(
    "/admin/overview",
    operation_id="get_overview",
    summary="Requests, processes, queues, objectives and alerts as they are now",
    tags=OPERATORS,
)
async def show_overview(
    edge: NamedDependency[Edge], fields: FieldsParameter = None
) -> Response[Success[Overview]]:
    return edge.resource(await overview_of(edge))


async def overview_of(edge: Edge) -> Overview:
    """Raises SignInRequired, Denied."""
    edge.actor.require(OBSERVE)
    backlog = await read_backlog(edge.runtime)
    events, jobs = backlog.events_of(edge.tenant), backlog.jobs_of(edge.tenant)
    promised = read_objectives(edge.runtime.settings)
    return await edge.read(
        lambda work: get_overview(work, objectives=promised, events=events, jobs=jobs), fresh=True
    )


@get(
    "/admin/objectives",
    operation_id="list_objectives",
    summary="What is promised, and what is left of each error budget",
    description="One page, in the order of their file.",
    tags=OPERATORS,
)
async def list_objectives(
    edge: NamedDependency[Edge], fields: FieldsParameter = None
) -> Response[Listing[ObjectiveStatus]]:
    promised = read_objectives(edge.runtime.settings)
    found = await edge.read(lambda work: objectives.list_objectives(work, objectives=promised))
    return edge.listing(Page(found, None), name="admin.objectives")


@get(
    "/admin/objectives/{name:str}",
    operation_id="get_objective",
    summary="One objective, hour by hour",
    tags=OPERATORS,
)
async def get_objective(
    edge: NamedDependency[Edge], name: FromPath[str], fields: FieldsParameter = None
) -> Response[Success[ObjectiveDetail]]:
    promised = read_objectives(edge.runtime.settings)
    return edge.resource(
        await edge.read(lambda work: objectives.get_objective(work, objectives=promised, name=name))
    )


@get("/admin/alerts", operation_id="list_alerts", summary="Alerts, newest first", tags=OPERATORS)
async def list_alerts(
    edge: NamedDependency[Edge],
    in_state: StateParameter = None,
    limit: LimitParameter = 20,
    cursor: CursorParameter = None,
    fields: FieldsParameter = None,
) -> Response[Listing[Alert]]:
    name = f"admin.alerts:{in_state}"
    after = edge.after(cursor, name=name)
    page = await edge.read(lambda work: alerts.list_alerts(work, state=in_state, after=after, limit=limit))
    return edge.listing(page, name=name)


@get(SILENCES, operation_id="list_silences", summary="Silences, newest first", tags=OPERATORS)
async def list_silences(
    edge: NamedDependency[Edge],
    active: ActiveParameter = False,
    limit: LimitParameter = 20,
    cursor: CursorParameter = None,
    fields: FieldsParameter = None,
) -> Response[Listing[Silence]]:
    name = f"admin.silences:{active}"
    after = edge.after(cursor, name=name)
    page = await edge.read(lambda work: alerts.list_silences(work, active=active, after=after, limit=limit))
    return edge.listing(page, name=name)


@get("/admin/silences/{silence_id:str}", operation_id="get_silence", summary="One silence", tags=OPERATORS)
async def get_silence(
    edge: NamedDependency[Edge], silence_id: FromPath[str], fields: FieldsParameter = None
) -> Response[Success[Silence]]:
    wanted = id_of(silence_id, SilenceMissing)
    return edge.resource(await edge.read(lambda work: alerts.get_silence(work, silence_id=wanted)))


@post(
    SILENCES,
    operation_id="silence_alerts",
    summary="Tell nobody of some alerts for a while",
    description="They are listed all the same, and told of if they still fire when it is over.",
    tags=OPERATORS,
)
async def post_silence(edge: NamedDependency[Edge], data: JSONBody[NewSilence]) -> Response[Success[Silence]]:
    return await edge.create(
        lambda work: alerts.silence_alerts(work, matches=data.matches, minutes=data.minutes, why=data.why),
        location=lambda silence: f"/api/v1/admin/silences/{silence.id}",
    )


@delete(
    "/admin/silences/{silence_id:str}",
    status_code=204,
    operation_id="end_silence",
    summary="Tell people again",
    tags=OPERATORS,
)
async def delete_silence(edge: NamedDependency[Edge], silence_id: FromPath[str]) -> Response[None]:
    wanted = id_of(silence_id, SilenceMissing)
    return await edge.remove(lambda work: alerts.end_silence(work, silence_id=wanted))


routes: list[ControllerRouterHandler] = [
    show_overview,
    list_objectives,
    get_objective,
    list_alerts,
    list_silences,
    get_silence,
    post_silence,
    delete_silence,
]
