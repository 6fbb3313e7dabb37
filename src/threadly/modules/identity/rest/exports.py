"""A copy of what is known of you."""

# ruff: noqa: ARG001  # `fields` is declared for the document and the gate; the edge reads it

from datetime import datetime

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.types import ControllerRouterHandler

from threadly.modules.identity.errors import ExportMissing
from threadly.modules.identity.opaque import export_token
from threadly.modules.identity.types import Export, ExportState
from threadly.modules.identity.verbs import accounts, exports
from threadly.platform.http.edge import Edge
from threadly.platform.http.envelope import Listing, Success
from threadly.platform.http.parameters import FieldsParameter
from threadly.platform.ids import UUID, id_of
from threadly.platform.mail import site_url
from threadly.platform.paging import Page
from threadly.platform.work import Denied, Work

__all__ = ["routes"]

USERS = ["Users"]


class DataExport(msgspec.Struct, frozen=True):
    """`url` is where the ZIP file is, for whoever has it, once `state` is `ready` and until `expires_at`."""

    id: UUID
    state: ExportState
    requested_at: datetime
    ready_at: datetime | None
    expires_at: datetime
    size_bytes: int
    url: str | None


@post(
    "/users/{user_id:str}/exports",
    operation_id="request_export",
    summary="Have a copy of all that is known of you gathered",
    description="Yours only: `user_id` is your id, your username or `me`. One that is being gathered is the"
    " answer too. A mail tells when it is ready.",
    tags=USERS,
    status_code=202,
)
async def request_export(
    edge: NamedDependency[Edge], user_id: FromPath[str]
) -> Response[Success[DataExport]]:
    async def act(work: Work) -> DataExport:
        await _require_mine(work, user_id)
        return _shown(work, await exports.request_export(work), await site_url(work))

    return await edge.create(
        act, location=lambda made: f"/api/v1/users/{edge.actor.me}/exports/{made.id}", status=202
    )


@get(
    "/users/{user_id:str}/exports",
    operation_id="list_exports",
    summary="The copies of what is known of you, the latest first",
    description="One page of at most 20; `has_next` is always false.",
    tags=USERS,
)
async def list_exports(
    edge: NamedDependency[Edge], user_id: FromPath[str], fields: FieldsParameter = None
) -> Response[Listing[DataExport]]:
    async def read(work: Work) -> list[DataExport]:
        await _require_mine(work, user_id)
        url = await site_url(work)
        return [_shown(work, each, url) for each in await exports.list_exports(work)]

    return edge.listing(Page(await edge.read(read), None), name="identity.exports")


@get(
    "/users/{user_id:str}/exports/{export_id:str}",
    operation_id="get_export",
    summary="A copy of what is known of you",
    tags=USERS,
)
async def get_export(
    edge: NamedDependency[Edge],
    user_id: FromPath[str],
    export_id: FromPath[str],
    fields: FieldsParameter = None,
) -> Response[Success[DataExport]]:
    wanted = id_of(export_id, ExportMissing)

    async def read(work: Work) -> DataExport:
        await _require_mine(work, user_id)
        return _shown(work, await exports.get_export(work, export_id=wanted), await site_url(work))

    return edge.resource(await edge.read(read))


routes: list[ControllerRouterHandler] = [request_export, list_exports, get_export]


async def _require_mine(work: Work, user_id: str) -> None:
    me = work.actor.me
    if user_id not in ("me", str(me)):
        profile = await accounts.get_profile(work, id_or_username=user_id)
        if profile.id != me:
            raise Denied("What is known of others is theirs to ask for.")


def _shown(work: Work, export: Export, site: str) -> DataExport:
    url = None
    if export.state == "ready" and export.expires_at > work.now:
        token = export_token(work.settings, export.id)
        url = f"{site}/settings/data/{export.id}/download?token={token}"
    return DataExport(
        id=export.id,
        state=export.state,
        requested_at=export.requested_at,
        ready_at=export.ready_at,
        expires_at=export.expires_at,
        size_bytes=export.size_bytes,
        url=url,
    )
