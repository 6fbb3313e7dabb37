"""Invitations."""

# ruff: noqa: ARG001  # `fields` and `cursor` are declared for the document and the gate; the edge reads them

from datetime import datetime
from typing import Annotated

import msgspec
from litestar import Response, delete, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, QueryParameter
from litestar.types import ControllerRouterHandler

from threadly.modules.identity.errors import InviteMissing
from threadly.modules.identity.types import Community, Invite, InviteState
from threadly.modules.identity.verbs import invites
from threadly.platform.http.edge import Edge
from threadly.platform.http.envelope import Listing, Success
from threadly.platform.http.pagination import CursorParameter, LimitParameter
from threadly.platform.http.parameters import FieldsParameter
from threadly.platform.ids import UUID, id_of
from threadly.platform.mail import site_url
from threadly.platform.paging import Page
from threadly.platform.work import Work

__all__ = ["routes"]

INVITES = ["Invites"]


class NewInvite(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """For so many people, and so many days."""

    most_uses: Annotated[int, msgspec.Meta(ge=1, le=invites.MOST_USES)] = 1
    days: Annotated[int, msgspec.Meta(ge=1, le=invites.MOST_DAYS)] = 7


class Inviter(msgspec.Struct, frozen=True):
    username: str
    name: str


class InviteLink(msgspec.Struct, frozen=True):
    """`url` is what to send to people; `code` is what `POST /auth/signup` takes as `invite`."""

    id: UUID
    code: str
    url: str
    state: InviteState
    most_uses: int
    use_count: int
    created_at: datetime
    expires_at: datetime
    inviter: Inviter


class OpenInvitation(msgspec.Struct, frozen=True):
    community: Community
    inviter: Inviter
    expires_at: datetime


@post("/invites", operation_id="create_invite", summary="Make a link to invite people by", tags=INVITES)
async def create_invite(
    edge: NamedDependency[Edge], data: JSONBody[NewInvite]
) -> Response[Success[InviteLink]]:
    async def act(work: Work) -> InviteLink:
        made = await invites.create_invite(work, most_uses=data.most_uses, days=data.days)
        return _shown(made, await site_url(work))

    return await edge.create(act, location=lambda made: f"/api/v1/invites/{made.id}")


@get(
    "/invites",
    operation_id="list_invites",
    summary="Your invitations, newest first",
    description="With `everyones`, those of all members, for who manages them.",
    tags=INVITES,
)
async def list_invites(
    edge: NamedDependency[Edge],
    limit: LimitParameter = 20,
    cursor: CursorParameter = None,
    everyones: Annotated[bool, QueryParameter(description="Whether to list those of all members.")] = False,
    fields: FieldsParameter = None,
) -> Response[Listing[InviteLink]]:
    name = f"identity.invites:{everyones}"
    after = edge.after(cursor, name=name)

    async def read(work: Work) -> Page[InviteLink]:
        page = await invites.list_invites(work, everyones=everyones, after=after, limit=limit)
        url = await site_url(work)
        return Page([_shown(each, url) for each in page.items], page.after)

    return edge.listing(await edge.read(read), name=name)


@get("/invites/{invite_id:str}", operation_id="get_invite", summary="An invitation of yours", tags=INVITES)
async def get_invite(
    edge: NamedDependency[Edge], invite_id: FromPath[str], fields: FieldsParameter = None
) -> Response[Success[InviteLink]]:
    wanted = id_of(invite_id, InviteMissing)

    async def read(work: Work) -> InviteLink:
        return _shown(await invites.get_invite(work, invite_id=wanted), await site_url(work))

    return edge.resource(await edge.read(read))


@delete(
    "/invites/{invite_id:str}",
    operation_id="revoke_invite",
    summary="Withdraw an invitation",
    description="Who has joined by it stays.",
    tags=INVITES,
    status_code=204,
)
async def revoke_invite(edge: NamedDependency[Edge], invite_id: FromPath[str]) -> Response[None]:
    wanted = id_of(invite_id, InviteMissing)
    return await edge.remove(lambda work: invites.revoke_invite(work, invite_id=wanted))


@get(
    "/join/{code:str}",
    operation_id="get_invitation",
    summary="Who invites to what",
    description="For whoever has the code; no sign-in.",
    tags=INVITES,
)
async def get_invitation(
    edge: NamedDependency[Edge], code: FromPath[str], fields: FieldsParameter = None
) -> Response[Success[OpenInvitation]]:
    found = await edge.read(lambda work: invites.get_invitation(work, code=code))
    inviter = Inviter(found.inviter.username, found.inviter.name)
    return edge.resource(OpenInvitation(found.community, inviter, found.expires_at))


routes: list[ControllerRouterHandler] = [
    create_invite,
    list_invites,
    get_invite,
    revoke_invite,
    get_invitation,
]


def _shown(invite: Invite, url: str) -> InviteLink:
    return InviteLink(
        id=invite.id,
        code=invite.code,
        url=f"{url}/join/{invite.code}",
        state=invite.state,
        most_uses=invite.most_uses,
        use_count=invite.use_count,
        created_at=invite.created_at,
        expires_at=invite.expires_at,
        inviter=Inviter(invite.inviter_username, invite.inviter_name),
    )
