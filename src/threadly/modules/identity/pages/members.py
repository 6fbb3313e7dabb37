"""The members as their admins see them: found, and given roles."""

from typing import Any
from urllib.parse import urlencode

from litestar import get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.types import ControllerRouterHandler

from threadly.modules.identity.errors import AccountMissing, LastAdmin, RoleUnknown
from threadly.modules.identity.pages.forms import Page
from threadly.modules.identity.permissions import Role
from threadly.modules.identity.types import Member
from threadly.modules.identity.verbs import roles
from threadly.platform.http.edge import Edge
from threadly.platform.http.pagination import CursorParameter
from threadly.platform.ids import id_of
from threadly.platform.work import Work
from threadly.web import Flash, avatar_of, moment
from threadly.web.forms import fields_of, wants_more
from threadly.web.pages import Pages, local_path

__all__ = ["routes"]

CURSOR = "identity.members"
HERE = "/manage/members"
ROLES = [("user", "Member"), ("moderator", "Moderator"), ("seller", "Seller"), ("admin", "Admin")]


@get("/manage/members", include_in_schema=False)
async def show_members(
    edge: NamedDependency[Edge],
    pages: NamedDependency[Pages],
    q: FromQuery[str] = "",
    role: FromQuery[str] = "",
    cursor: CursorParameter = None,
) -> Page:
    edge.actor.require("identity.manage_users")
    chosen = role if role in Role.__members__.values() else ""
    name = f"{CURSOR}:{chosen}:{q}"
    after = edge.after(cursor, name=name)

    async def read(work: Work) -> tuple[list[dict[str, object]], str | None]:
        page = await roles.list_members(work, search=q, role=chosen or None, after=after)
        return [_shown(each, work) for each in page.items], edge.cursor(page.after, name=name)

    members, more = await edge.read(read, fresh=True)
    asked = {"q": q, "role": chosen}
    context: dict[str, Any] = {
        "members": members,
        "roles": ROLES,
        "q": q,
        "role": chosen,
        "here": f"{HERE}?{urlencode(asked)}",
        "more_url": f"{HERE}?{urlencode({**asked, 'cursor': more})}" if more else "",
    }
    if wants_more(edge, cursor):
        return await pages.fragment(edge, "identity/_more_members.html", **context)
    return await pages.show(edge, "identity/manage_members.html", **context)


@post("/manage/members/{user_id:str}/role", include_in_schema=False)
async def save_role(
    edge: NamedDependency[Edge], pages: NamedDependency[Pages], user_id: FromPath[str]
) -> Page:
    fields = await fields_of(edge)
    wanted, role = id_of(user_id, AccountMissing), fields.get("role", "")

    async def act(work: Work) -> Member:
        await roles.set_role(work, user_id=wanted, role=role)
        return await roles.get_member(work, user_id=wanted)

    back = local_path(fields.get("next"), default=HERE)
    try:
        member = await edge.write(act)
    except (LastAdmin, RoleUnknown) as refusal:
        return pages.redirect(edge, back, flash=Flash("error", refusal.message))
    if wanted == edge.actor.me and role != Role.ADMIN:
        # They may not look at this page any more.
        return pages.redirect(edge, "/", flash=Flash("success", f"You are {_named(role)} now."))
    return pages.redirect(edge, back, flash=Flash("success", f"{member.name} is {_named(role)} now."))


routes: list[ControllerRouterHandler] = [show_members, save_role]


def _named(role: str) -> str:
    return {
        "user": "a member like others",
        "moderator": "a moderator",
        "seller": "a seller",
        "admin": "an admin",
    }[role]


def _shown(member: Member, work: Work) -> dict[str, object]:
    return {
        "id": str(member.id),
        "username": member.username,
        "name": member.name,
        "avatar": avatar_of(member.name, seed=str(member.id), url=member.avatar_url),
        "email": member.email,
        "verified": member.email_verified,
        "role": member.role,
        "joined": moment(member.created_at, now=work.now),
        "invited_by": member.invited_by,
        "is_me": member.id == work.actor.user_id,
    }
