"""Members among themselves: reports, blocks and mutes."""

# ruff: noqa: ARG001  # `fields` and `cursor` are declared for the document and the gate; the edge reads them

from functools import partial

import msgspec
from litestar import Response, delete, get, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from litestar.types import ControllerRouterHandler

from threadly.modules.moderation.types import Relation, Report, ReportReason
from threadly.modules.moderation.verbs import relations
from threadly.modules.moderation.verbs.reporting import report_member
from threadly.platform.http.edge import Edge
from threadly.platform.http.envelope import Listing, Success
from threadly.platform.http.pagination import CursorParameter, LimitParameter
from threadly.platform.http.parameters import FieldsParameter

__all__ = ["routes"]

USERS = ["Users"]
MODERATION = ["Moderation"]


class NewReport(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`note` has at most 1,000 characters."""

    reason: ReportReason
    note: str = ""


@post(
    "/users/{user_id:str}/reports",
    operation_id="report_user",
    summary="Report a member to the moderators",
    description="A second report by you replaces your first.",
    tags=USERS,
)
async def report(
    edge: NamedDependency[Edge], user_id: FromPath[str], data: JSONBody[NewReport]
) -> Response[Success[Report]]:
    act = partial(report_member, member=user_id, reason=data.reason, note=data.note)
    return await edge.post(act, status=201)


@put(
    "/users/{user_id:str}/block",
    status_code=204,
    operation_id="block_user",
    summary="Block a member: neither of you sees or reaches the other",
    tags=USERS,
)
async def block(edge: NamedDependency[Edge], user_id: FromPath[str]) -> Response[None]:
    return await edge.remove(partial(relations.block_member, member=user_id))


@delete(
    "/users/{user_id:str}/block",
    status_code=204,
    operation_id="unblock_user",
    summary="Block a member no more",
    tags=USERS,
)
async def unblock(edge: NamedDependency[Edge], user_id: FromPath[str]) -> Response[None]:
    return await edge.remove(partial(relations.unblock_member, member=user_id))


@put(
    "/users/{user_id:str}/mute",
    status_code=204,
    operation_id="mute_user",
    summary="Mute a member: you do not read them, and they do not learn of it",
    tags=USERS,
)
async def mute(edge: NamedDependency[Edge], user_id: FromPath[str]) -> Response[None]:
    return await edge.remove(partial(relations.mute_member, member=user_id))


@delete(
    "/users/{user_id:str}/mute",
    status_code=204,
    operation_id="unmute_user",
    summary="Mute a member no more",
    tags=USERS,
)
async def unmute(edge: NamedDependency[Edge], user_id: FromPath[str]) -> Response[None]:
    return await edge.remove(partial(relations.unmute_member, member=user_id))


@get("/blocks", operation_id="list_blocks", summary="Whom you block", tags=MODERATION)
async def list_blocks(
    edge: NamedDependency[Edge],
    limit: LimitParameter = 20,
    cursor: CursorParameter = None,
    fields: FieldsParameter = None,
) -> Response[Listing[Relation]]:
    after = edge.after(cursor, name="moderation.blocks")
    act = partial(relations.list_relations, kind="block", after=after, limit=limit)
    return edge.listing(await edge.read(act), name="moderation.blocks")


@get("/mutes", operation_id="list_mutes", summary="Whom you mute", tags=MODERATION)
async def list_mutes(
    edge: NamedDependency[Edge],
    limit: LimitParameter = 20,
    cursor: CursorParameter = None,
    fields: FieldsParameter = None,
) -> Response[Listing[Relation]]:
    after = edge.after(cursor, name="moderation.mutes")
    act = partial(relations.list_relations, kind="mute", after=after, limit=limit)
    return edge.listing(await edge.read(act), name="moderation.mutes")


routes: list[ControllerRouterHandler] = [
    report,
    block,
    unblock,
    mute,
    unmute,
    list_blocks,
    list_mutes,
]
