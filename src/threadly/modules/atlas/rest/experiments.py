"""Experiments over the API."""

# ruff: noqa: ARG001  # `fields` is declared for the document and the gate; the edge reads it

from typing import Annotated

import msgspec
from litestar import Response, delete, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from litestar.types import ControllerRouterHandler
from msgspec import Meta

from threadly.modules import atlas
from threadly.modules.atlas.errors import ExperimentMissing
from threadly.modules.atlas.experiments import Experiment, ExperimentKind
from threadly.modules.atlas.rules.experiments import FEWEST_S, MOST_S
from threadly.platform.http.edge import Edge
from threadly.platform.http.envelope import Listing, Success
from threadly.platform.http.following import UNFOLLOWED
from threadly.platform.http.pagination import CursorParameter, LimitParameter
from threadly.platform.http.parameters import FieldsParameter
from threadly.platform.ids import id_of

__all__ = ["routes"]

TAGS = ["Map"]
NAME = "atlas.experiments"


class NewExperiment(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which fault, and for how many seconds; without them, for as long as is usual for it."""

    kind: ExperimentKind
    duration_s: Annotated[int, Meta(ge=FEWEST_S, le=MOST_S)] | None = None


@post(
    "/experiments",
    operation_id="start_experiment",
    summary="Make a real fault, for a while",
    description=(
        "Only where experiments are on, with the permission `atlas.experiment`; on the demo for everybody. "
        "At most one of a kind runs at a time. It ends by itself."
    ),
    tags=TAGS,
)
async def start_experiment(
    edge: NamedDependency[Edge], data: JSONBody[NewExperiment]
) -> Response[Success[Experiment]]:
    return await edge.create(
        lambda work: atlas.start_experiment(work, kind=data.kind, duration_s=data.duration_s),
        location=lambda made: f"/api/v1/experiments/{made.id}",
    )


@get(
    "/experiments",
    operation_id="list_experiments",
    summary="Experiments, newest first",
    tags=TAGS,
    opt={UNFOLLOWED: True},
)
async def list_experiments(
    edge: NamedDependency[Edge],
    limit: LimitParameter = 20,
    cursor: CursorParameter = None,
    fields: FieldsParameter = None,
) -> Response[Listing[Experiment]]:
    after = edge.after(cursor, name=NAME)
    page = await edge.read(lambda work: atlas.list_experiments(work, after=after, limit=limit))
    return edge.listing(page, name=NAME)


@get(
    "/experiments/{experiment_id:str}",
    operation_id="get_experiment",
    summary="One experiment, as it is now",
    tags=TAGS,
    opt={UNFOLLOWED: True},
)
async def get_experiment(
    edge: NamedDependency[Edge], experiment_id: FromPath[str], fields: FieldsParameter = None
) -> Response[Success[Experiment]]:
    wanted = id_of(experiment_id, ExperimentMissing)
    return edge.resource(
        await edge.read(lambda work: atlas.get_experiment(work, experiment_id=wanted), fresh=True)
    )


@delete(
    "/experiments/{experiment_id:str}",
    operation_id="end_experiment",
    summary="End an experiment before its time",
    tags=TAGS,
    status_code=204,
)
async def end_experiment(edge: NamedDependency[Edge], experiment_id: FromPath[str]) -> Response[None]:
    wanted = id_of(experiment_id, ExperimentMissing)
    return await edge.remove(lambda work: atlas.end_experiment(work, experiment_id=wanted))


routes: list[ControllerRouterHandler] = [start_experiment, list_experiments, get_experiment, end_experiment]
