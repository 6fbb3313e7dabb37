"""The first run: whoever started the installation names the community and becomes its owner."""

from functools import partial

from litestar import get, post
from litestar.di import NamedDependency
from litestar.types import ControllerRouterHandler

from threadly.modules.identity import entering
from threadly.modules.identity.pages.forms import Page, browser_session, form_of, let_in
from threadly.modules.identity.types import Access
from threadly.modules.identity.verbs import community
from threadly.platform.errors import Kind, Refusal
from threadly.platform.http.edge import Edge
from threadly.platform.work import Work
from threadly.web import Flash, Form
from threadly.web.forms import fields_of
from threadly.web.pages import Pages

__all__ = ["access_of", "routes"]


@get("/setup", include_in_schema=False)
async def show_setup(edge: NamedDependency[Edge], pages: NamedDependency[Pages]) -> Page:
    token = edge.request.query_params.get("token", "")
    await edge.read(partial(community.get_setup_link, token=token), fresh=True)
    return await _page(edge, pages, token=token, form=Form({"access": "open"}))


@post("/setup", include_in_schema=False)
async def set_up(edge: NamedDependency[Edge], pages: NamedDependency[Pages]) -> Page:
    fields = await fields_of(edge)
    token = fields.get("token", "")
    try:
        session = await entering.set_up(
            edge,
            token=token,
            community_name=fields.get("community_name", ""),
            description=fields.get("description", ""),
            access=access_of(fields.get("access")),
            name=fields.get("name", ""),
            username=fields.get("username", ""),
            email=fields.get("email", ""),
            password=fields.get("password", ""),
            opening=browser_session(edge),
        )
    except Refusal as refusal:
        if refusal.kind not in (Kind.INVALID, Kind.CONFLICT):
            raise
        return await _page(edge, pages, token=token, form=form_of(refusal, fields), status=400)
    await edge.runtime.tell_of_tenants()
    flash = Flash("success", f"{fields['community_name'].strip()} is yours, {session.user.name}.")
    return let_in(edge, pages, session, "/setup/next", flash)


@get("/setup/next", include_in_schema=False)
async def show_next(edge: NamedDependency[Edge], pages: NamedDependency[Pages]) -> Page:
    edge.actor.require("identity.manage_users")

    async def read(work: Work) -> bool:
        return (await community.get_community(work)).access == "invite_only"

    return await pages.show(edge, "identity/setup_next.html", by_invitation=await edge.read(read))


routes: list[ControllerRouterHandler] = [show_setup, set_up, show_next]


def access_of(text: str | None) -> Access:
    return "invite_only" if text == "invite_only" else "open"


async def _page(edge: Edge, pages: Pages, *, token: str, form: Form, status: int = 200) -> Page:
    return await pages.show(edge, "identity/setup.html", status=status, token=token, form=form)
