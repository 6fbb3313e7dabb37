"""What was decided about you, and your appeal."""

# ruff: noqa: ARG001  # `fields` and `cursor` are declared for the document and the gate; the edge reads them

from functools import partial

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from litestar.types import ControllerRouterHandler

from threadly.modules.moderation.casework import OwnCase
from threadly.modules.moderation.errors import CaseMissing
from threadly.modules.moderation.verbs import appealing
from threadly.platform.http.edge import Edge
from threadly.platform.http.envelope import Listing, Success
from threadly.platform.http.pagination import CursorParameter, LimitParameter
from threadly.platform.http.parameters import FieldsParameter
from threadly.platform.ids import id_of

__all__ = ["routes"]

MODERATION = ["Moderation"]


class NewAppeal(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """1 to 2,000 characters."""

    text: str


@get("/cases", operation_id="list_own_cases", summary="What was held or decided about you", tags=MODERATION)
async def list_own_cases(
    edge: NamedDependency[Edge],
    limit: LimitParameter = 20,
    cursor: CursorParameter = None,
    fields: FieldsParameter = None,
) -> Response[Listing[OwnCase]]:
    after = edge.after(cursor, name="moderation.own_cases")
    page = await edge.read(partial(appealing.list_own_cases, after=after, limit=limit))
    return edge.listing(page, name="moderation.own_cases")


@get("/cases/{case_id:str}", operation_id="get_own_case", summary="A case about you", tags=MODERATION)
async def get_own_case(
    edge: NamedDependency[Edge], case_id: FromPath[str], fields: FieldsParameter = None
) -> Response[Success[OwnCase]]:
    wanted = id_of(case_id, CaseMissing)
    return edge.resource(await edge.read(partial(appealing.get_own_case, case_id=wanted)))


@post(
    "/cases/{case_id:str}/appeals",
    operation_id="file_appeal",
    summary="Ask another moderator to look again",
    description="Once for each decision, and once for what was held by itself.",
    tags=MODERATION,
)
async def file_appeal(
    edge: NamedDependency[Edge], case_id: FromPath[str], data: JSONBody[NewAppeal]
) -> Response[Success[OwnCase]]:
    wanted = id_of(case_id, CaseMissing)
    return await edge.create(
        partial(appealing.file_appeal, case_id=wanted, text=data.text),
        location=lambda case: f"/api/v1/cases/{case.id}",
    )


routes: list[ControllerRouterHandler] = [list_own_cases, get_own_case, file_appeal]
