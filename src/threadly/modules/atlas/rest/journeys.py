"""Journeys over HTTP: found, read, exported, shared."""

# ruff: noqa: ARG001  # `fields` is declared for the document and the gate; the edge reads it

import asyncio
from typing import Annotated, Final, Literal, TypeAlias

import msgspec
from litestar import Response, delete, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, QueryParameter
from litestar.types import ControllerRouterHandler

from threadly.modules.atlas.looking import looker_of
from threadly.modules.atlas.rules.otlp import OtlpTraces, otlp_of
from threadly.modules.atlas.sources import source_url
from threadly.modules.atlas.types import Journey, JourneyFilter, JourneySummary, Share
from threadly.modules.atlas.verbs.journeys import (
    get_parts,
    get_shared_parts,
    list_journeys,
    read_parts,
    share_journey,
    withdraw_shares,
)
from threadly.platform.http.edge import Edge
from threadly.platform.http.envelope import Listing, Success
from threadly.platform.http.following import UNFOLLOWED
from threadly.platform.http.json_response import JSONBytes
from threadly.platform.http.pagination import CursorParameter, LimitParameter
from threadly.platform.http.parameters import FieldsParameter
from threadly.platform.telemetry.parts import Kept, Part

__all__ = ["LONGEST_TEXT", "routes"]

MAP: Final = ["Map"]
LONGEST_TEXT: Final = 100
MOST_MS: Final = 3_600_000
WHO: Final = "An operator sees all of the community's, everybody else those of their own followed clicks."

StatusClass: TypeAlias = Literal["2xx", "3xx", "4xx", "5xx"]
KEPT = QueryParameter(description="Why it was kept.")
STATUS = QueryParameter(description="How it was answered.")
QUERY = QueryParameter(max_length=LONGEST_TEXT, description="Occurs in the name, `POST /checkout` say.")
MIN_MS = QueryParameter(ge=0, le=MOST_MS, description="So many milliseconds until the answer, at least.")
USER = QueryParameter(max_length=LONGEST_TEXT, description="The username of who sent the request.")
MINE = QueryParameter(description="Only those of my own clicks, for operators too.")


@get(
    "/journeys",
    operation_id="list_journeys",
    summary="Ways that requests took through the system, the newest first",
    description=WHO,
    tags=MAP,
    opt={UNFOLLOWED: True},
)
async def list_of_journeys(
    edge: NamedDependency[Edge],
    kept: Annotated[Kept | None, KEPT] = None,
    status: Annotated[StatusClass | None, STATUS] = None,
    q: Annotated[str, QUERY] = "",
    min_ms: Annotated[int | None, MIN_MS] = None,
    user: Annotated[str, USER] = "",
    mine: Annotated[bool, MINE] = False,
    limit: LimitParameter = 20,
    cursor: CursorParameter = None,
    fields: FieldsParameter = None,
) -> Response[Listing[JourneySummary]]:
    looker = looker_of(edge, mine=mine)
    wanted = JourneyFilter(kept, int(status[0]) if status else None, q, min_ms, user)
    name = f"atlas.journeys:{looker.follower or ''}:{msgspec.json.encode(wanted).decode()}"
    after = edge.after(cursor, name=name)
    page = await edge.read(
        lambda work: list_journeys(work, follower=looker.follower, wanted=wanted, after=after, limit=limit),
        fresh=True,
    )
    return edge.listing(page, name=name)


@get(
    "/journeys/{trace_id:str}",
    operation_id="get_journey",
    summary="One journey: a waterfall, sums by layer, a sentence",
    description=WHO,
    tags=MAP,
    opt={UNFOLLOWED: True},
)
async def get_journey(
    edge: NamedDependency[Edge], trace_id: FromPath[str], fields: FieldsParameter = None
) -> Response[Success[Journey]]:
    return edge.resource(await _read(edge, await _parts(edge, trace_id)))


@get(
    "/journeys/{trace_id:str}/otlp",
    operation_id="export_journey",
    summary="One journey as OTLP/JSON, for any OpenTelemetry tool",
    description="All spans, none of them grouped: the body of a POST to /v1/traces of a collector.",
    tags=MAP,
    opt={UNFOLLOWED: True},
)
async def export_journey(edge: NamedDependency[Edge], trace_id: FromPath[str]) -> Response[OtlpTraces]:
    parts = await _parts(edge, trace_id)
    # It may be long, and others are served meanwhile.
    body = await asyncio.to_thread(lambda: msgspec.json.encode(otlp_of(parts)))
    headers = {"Content-Disposition": f'attachment; filename="{trace_id}.otlp.json"'}
    return JSONBytes(body, headers=headers)  # type: ignore[return-value]  # encoded already


@post(
    "/journeys/{trace_id:str}/shares",
    operation_id="share_journey",
    summary="Make a link by which anybody may see one journey, for a week",
    tags=MAP,
    opt={UNFOLLOWED: True},
)
async def share(edge: NamedDependency[Edge], trace_id: FromPath[str]) -> Response[Success[Share]]:
    looker = looker_of(edge)
    return await edge.create(
        lambda work: share_journey(work, trace_id=trace_id, follower=looker.follower),
        location=lambda made: made.url,
    )


@delete(
    "/journeys/{trace_id:str}/shares",
    operation_id="withdraw_shares",
    summary="Make the links that I gave out to a journey lead nowhere",
    tags=MAP,
    opt={UNFOLLOWED: True},
)
async def withdraw(edge: NamedDependency[Edge], trace_id: FromPath[str]) -> Response[None]:
    looker = looker_of(edge)
    return await edge.remove(lambda work: withdraw_shares(work, trace_id=trace_id, follower=looker.follower))


@get(
    "/shared-journeys/{token:str}",
    operation_id="get_shared_journey",
    summary="The journey that a link shows, for anybody who has it",
    tags=MAP,
    opt={UNFOLLOWED: True},
)
async def get_shared_journey(
    edge: NamedDependency[Edge], token: FromPath[str], fields: FieldsParameter = None
) -> Response[Success[Journey]]:
    parts = await edge.read(lambda work: get_shared_parts(work, token=token), fresh=True)
    return edge.resource(await _read(edge, parts))


async def _parts(edge: Edge, trace_id: str) -> list[Part]:
    looker = looker_of(edge)
    return await edge.read(
        lambda work: get_parts(work, trace_id=trace_id, follower=looker.follower), fresh=True
    )


async def _read(edge: Edge, parts: list[Part]) -> Journey:
    return await read_parts(parts, source_url=source_url(edge.runtime.settings))


routes: list[ControllerRouterHandler] = [
    list_of_journeys,
    get_journey,
    export_journey,
    share,
    withdraw,
    get_shared_journey,
]
