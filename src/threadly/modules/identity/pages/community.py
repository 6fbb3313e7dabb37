"""What a community's owner says of it, and whom it lets in."""

from functools import partial

from litestar import get, post
from litestar.di import NamedDependency
from litestar.types import ControllerRouterHandler

from threadly.modules.identity.pages.forms import Page, form_of
from threadly.modules.identity.pages.setup import access_of
from threadly.modules.identity.verbs import community
from threadly.platform.errors import Refusal
from threadly.platform.http.edge import Edge
from threadly.web import Flash, Form
from threadly.web.forms import fields_of
from threadly.web.pages import Pages

__all__ = ["routes"]


@get("/manage/community", include_in_schema=False)
async def show_community(edge: NamedDependency[Edge], pages: NamedDependency[Pages]) -> Page:
    edge.actor.require("identity.manage_users")
    here = await edge.read(community.get_community, fresh=True)
    values = {
        "name": here.name,
        "description": here.description,
        "access": here.access,
        "inviters": here.inviters,
    }
    return await _page(edge, pages, Form(values))


@post("/manage/community", include_in_schema=False)
async def save_community(edge: NamedDependency[Edge], pages: NamedDependency[Pages]) -> Page:
    fields = await fields_of(edge)
    change = partial(
        community.describe_community,
        name=fields.get("name", ""),
        description=fields.get("description", ""),
        access=access_of(fields.get("access")),
        inviters="admins" if fields.get("inviters") == "admins" else "everyone",
    )
    try:
        await edge.write(change)
    except Refusal as refusal:
        return await _page(edge, pages, form_of(refusal, fields), status=400)
    await edge.runtime.tell_of_tenants()
    flash = Flash("success", "Saved. People see it on the next page they open.")
    return pages.redirect(edge, "/manage/community", flash=flash)


routes: list[ControllerRouterHandler] = [show_community, save_community]


async def _page(edge: Edge, pages: Pages, form: Form, *, status: int = 200) -> Page:
    return await pages.show(edge, "identity/manage_community.html", status=status, form=form)
