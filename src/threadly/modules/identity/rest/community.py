"""The community and its members."""

# ruff: noqa: ARG001  # `fields` and `cursor` are declared for the document and the gate; the edge reads them

from typing import Annotated, Literal

import msgspec
from litestar import Response, get, patch, put
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, QueryParameter
from litestar.types import ControllerRouterHandler
from msgspec import UNSET, UnsetType

from threadly.modules.identity.types import Access, Community, Inviters, Member
from threadly.modules.identity.verbs import accounts, community, roles
from threadly.platform.http.edge import Edge
from threadly.platform.http.envelope import Listing, Success
from threadly.platform.http.pagination import CursorParameter, LimitParameter
from threadly.platform.http.parameters import FieldsParameter
from threadly.platform.work import Work

__all__ = ["routes"]

COMMUNITY = ["Community"]
RoleName = Literal["user", "moderator", "seller", "admin"]


class CommunityChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    name: str | UnsetType = UNSET
    description: str | UnsetType = UNSET
    access: Access | UnsetType = UNSET
    inviters: Inviters | UnsetType = UNSET


class NewRole(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    role: RoleName


@get(
    "/community",
    operation_id="get_community",
    summary="What this community says of itself, and whom it lets in",
    tags=COMMUNITY,
)
async def get_community(
    edge: NamedDependency[Edge], fields: FieldsParameter = None
) -> Response[Success[Community]]:
    return edge.resource(await edge.read(community.get_community))


@patch(
    "/community",
    operation_id="edit_community",
    summary="Change what it says, and whom it lets in",
    description="For its admins.",
    tags=COMMUNITY,
)
async def edit_community(
    edge: NamedDependency[Edge], data: JSONBody[CommunityChange]
) -> Response[Success[Community]]:
    answer = await edge.change(
        lambda work: community.describe_community(
            work,
            name=None if data.name is UNSET else data.name,
            description=None if data.description is UNSET else data.description,
            access=None if data.access is UNSET else data.access,
            inviters=None if data.inviters is UNSET else data.inviters,
        ),
        current=community.get_community,
    )
    await edge.runtime.tell_of_tenants()
    return answer


@get(
    "/members",
    operation_id="list_members",
    summary="The members as their admins see them, newest first",
    description="For admins.",
    tags=COMMUNITY,
)
async def list_members(
    edge: NamedDependency[Edge],
    limit: LimitParameter = 20,
    cursor: CursorParameter = None,
    q: Annotated[
        str, QueryParameter(max_length=100, description="A part of a name, a username or an e-mail.")
    ] = "",
    role: Annotated[RoleName | None, QueryParameter(description="Only who has this role.")] = None,
    fields: FieldsParameter = None,
) -> Response[Listing[Member]]:
    name = f"identity.members:{role or ''}:{q}"
    after = edge.after(cursor, name=name)
    page = await edge.read(
        lambda work: roles.list_members(work, search=q, role=role, after=after, limit=limit)
    )
    return edge.listing(page, name=name)


@put(
    "/users/{user_id:str}/role",
    operation_id="set_role",
    summary="Give a member a role",
    description="For admins. The last of them stays one.",
    tags=COMMUNITY,
)
async def set_role(
    edge: NamedDependency[Edge], user_id: FromPath[str], data: JSONBody[NewRole]
) -> Response[Success[Member]]:
    async def current(work: Work) -> Member:
        work.actor.require("identity.manage_users")
        profile = await accounts.get_profile(work, id_or_username=user_id)
        return await roles.get_member(work, user_id=profile.id)

    async def act(work: Work) -> Member:
        member = await current(work)
        await roles.set_role(work, user_id=member.id, role=data.role)
        return await roles.get_member(work, user_id=member.id)

    return await edge.change(act, current=current)


routes: list[ControllerRouterHandler] = [get_community, edit_community, list_members, set_role]
