"""Inviting people, and joining by an invitation."""

from functools import partial

from litestar import get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.types import ControllerRouterHandler

from threadly.modules.identity import entering
from threadly.modules.identity.errors import InviteMissing
from threadly.modules.identity.pages.forms import Page, browser_session, form_of, let_in
from threadly.modules.identity.types import Invitation, Invite
from threadly.modules.identity.verbs import invites
from threadly.platform.errors import Kind, Refusal
from threadly.platform.http.edge import Edge
from threadly.platform.http.pagination import CursorParameter
from threadly.platform.ids import id_of
from threadly.platform.mail import site_url
from threadly.platform.work import Work
from threadly.web import EMPTY_FORM, Flash, Form, avatar_of, moment
from threadly.web.forms import fields_of
from threadly.web.pages import Pages

__all__ = ["routes"]

CURSOR = "identity.invites"
STATES = {"open": "Open", "used_up": "Used up", "expired": "Expired", "revoked": "Withdrawn"}
JOIN = "identity/join.html"


@get("/invites", include_in_schema=False)
async def show_invites(
    edge: NamedDependency[Edge], pages: NamedDependency[Pages], cursor: CursorParameter = None
) -> Page:
    return await _invites(edge, pages, cursor=cursor)


@post("/invites", include_in_schema=False)
async def create_invite(edge: NamedDependency[Edge], pages: NamedDependency[Pages]) -> Page:
    fields = await fields_of(edge)
    try:
        make = partial(
            invites.create_invite,
            most_uses=_number(fields.get("most_uses", "")),
            days=_number(fields.get("days", "")),
        )
        await edge.write(make)
    except Refusal as refusal:
        return await _invites(edge, pages, form=form_of(refusal, fields))
    flash = Flash("success", "The link is made: it is the first below. Send it to whom you want here.")
    return pages.redirect(edge, "/invites", flash=flash)


@post("/invites/{invite_id:str}/revoke", include_in_schema=False)
async def revoke_invite(
    edge: NamedDependency[Edge], pages: NamedDependency[Pages], invite_id: FromPath[str]
) -> Page:
    wanted = id_of(invite_id, InviteMissing)
    await edge.write(partial(invites.revoke_invite, invite_id=wanted))
    flash = Flash("success", "The link is withdrawn: nobody joins by it any more.")
    return pages.redirect(edge, "/invites", flash=flash)


@get("/join/{code:str}", include_in_schema=False)
async def show_invitation(
    edge: NamedDependency[Edge], pages: NamedDependency[Pages], code: FromPath[str]
) -> Page:
    invitation = await edge.read(partial(invites.get_invitation, code=code), fresh=True)
    return await _join(edge, pages, code, invitation, EMPTY_FORM)


@post("/join/{code:str}", include_in_schema=False)
async def join(edge: NamedDependency[Edge], pages: NamedDependency[Pages], code: FromPath[str]) -> Page:
    fields = await fields_of(edge)
    # Asked first, so that a link that is over is said to be, and what is typed by it is not hashed.
    invitation = await edge.read(partial(invites.get_invitation, code=code), fresh=True)
    try:
        session = await entering.sign_up(
            edge,
            name=fields.get("name", ""),
            username=fields.get("username", ""),
            email=fields.get("email", ""),
            password=fields.get("password", ""),
            opening=browser_session(edge),
            invite=code,
        )
    except Refusal as refusal:
        if refusal.kind not in (Kind.INVALID, Kind.CONFLICT):
            raise
        return await _join(edge, pages, code, invitation, form_of(refusal, fields), status=400)
    text = (
        f"Welcome, {session.user.name}! This is {invitation.inviter.name}, who invited you."
        " We have sent you a mail to confirm your address."
    )
    # Whom to follow is theirs to say: the button is on that page.
    to = f"/people/{invitation.inviter.username}"
    return let_in(edge, pages, session, to, Flash("success", text))


routes: list[ControllerRouterHandler] = [show_invites, create_invite, revoke_invite, show_invitation, join]


async def _invites(
    edge: Edge,
    pages: Pages,
    *,
    cursor: str | None = None,
    form: Form | None = None,
) -> Page:
    after = edge.after(cursor, name=CURSOR)

    async def read(work: Work) -> tuple[bool, list[dict[str, object]], str | None]:
        url = await site_url(work)
        page = await invites.list_invites(work, after=after)
        shown = [_shown(each, work, url) for each in page.items]
        return await invites.may_invite(work), shown, edge.cursor(page.after, name=CURSOR)

    may, shown, more = await edge.read(read, fresh=True)
    return await pages.show(
        edge,
        "identity/invites.html",
        status=400 if form else 200,
        may_invite=may,
        invites=shown,
        more_url=f"/invites?cursor={more}" if more else "",
        form=form or Form({"most_uses": "1", "days": "7"}),
    )


async def _join(
    edge: Edge, pages: Pages, code: str, invitation: Invitation, form: Form, *, status: int = 200
) -> Page:
    inviter = invitation.inviter
    if edge.actor.user_id:
        flash = Flash("info", "You are a member already. You can pass the link on to somebody else.")
        return pages.redirect(edge, f"/people/{inviter.username}", flash=flash)
    return await pages.show(
        edge,
        JOIN,
        status=status,
        form=form,
        code=code,
        community=invitation.community,
        inviter={
            "name": inviter.name,
            "username": inviter.username,
            "bio": inviter.bio,
            "avatar": avatar_of(inviter.name, seed=str(inviter.id), url=inviter.avatar_url),
        },
    )


def _shown(invite: Invite, work: Work, url: str) -> dict[str, object]:
    return {
        "id": str(invite.id),
        "url": f"{url}/join/{invite.code}",
        "open": invite.state == "open",
        "state": STATES[invite.state],
        "use_count": invite.use_count,
        "most_uses": invite.most_uses,
        "made": moment(invite.created_at, now=work.now),
        "ends": moment(invite.expires_at, now=work.now),
        "inviter": {"username": invite.inviter_username, "name": invite.inviter_name},
    }


def _number(text: str) -> int:
    """What was typed; nothing of the sort is no number that is allowed."""
    digits = text.strip()
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) < 10 else 0
