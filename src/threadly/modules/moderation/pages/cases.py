"""Whom a case is about: what happened, why, and their appeal. A suspended member comes with a key."""

from functools import partial
from typing import Any

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.types import ControllerRouterHandler

from threadly.modules.moderation.errors import CaseMissing
from threadly.modules.moderation.keys import is_key_of, keyed_path
from threadly.modules.moderation.pages.view import own_view
from threadly.modules.moderation.verbs.appealing import file_appeal, get_own_case, list_own_cases
from threadly.platform.errors import Kind, Refusal
from threadly.platform.http.admission import DOOR
from threadly.platform.http.edge import Edge
from threadly.platform.http.pagination import CursorParameter
from threadly.platform.ids import UUID, id_of
from threadly.platform.work import Work
from threadly.web import EMPTY_FORM, Flash, Form
from threadly.web.forms import fields_of, wants_more
from threadly.web.pages import Pages

__all__ = ["routes"]

Page = Response[Any]
OWN = "moderation.own_cases"


@get("/cases", include_in_schema=False)
async def show_own_cases(
    edge: NamedDependency[Edge], pages: NamedDependency[Pages], cursor: CursorParameter = None
) -> Page:
    after = edge.after(cursor, name=OWN)

    async def read(work: Work) -> dict[str, Any]:
        page = await list_own_cases(work, after=after)
        following = edge.cursor(page.after, name=OWN)
        return {
            "cases": [own_view(each, work) for each in page.items],
            "more_url": f"/cases?cursor={following}" if following else None,
        }

    found = await edge.read(read)
    if wants_more(edge, cursor):
        return await pages.fragment(edge, "moderation/_own_cases.html", **found)
    return await pages.show(edge, "moderation/own_cases.html", **found)


# A suspended member's session is refused everywhere but at a door.
@get("/cases/{case_id:str}", include_in_schema=False, opt={DOOR: True})
async def show_own_case(
    edge: NamedDependency[Edge], pages: NamedDependency[Pages], case_id: FromPath[str]
) -> Page:
    wanted = id_of(case_id, CaseMissing)
    return await _page(edge, pages, wanted, edge.request.query_params.get("key", ""), EMPTY_FORM)


@post("/cases/{case_id:str}/appeal", include_in_schema=False, opt={DOOR: True})
async def appeal(edge: NamedDependency[Edge], pages: NamedDependency[Pages], case_id: FromPath[str]) -> Page:
    wanted, fields = id_of(case_id, CaseMissing), await fields_of(edge)
    key = fields.get("key", "")
    try:
        await edge.write(partial(file_appeal, case_id=wanted, text=fields.get("text", ""), key=key))
    except Refusal as refusal:
        if refusal.kind is not Kind.INVALID:
            raise
        form = Form(fields, {"text": refusal.message})
        return await _page(edge, pages, wanted, key, form, status=400)
    keyed = is_key_of(edge.runtime.settings, wanted, key)
    to = keyed_path(edge.runtime.settings, wanted) if keyed else f"/cases/{wanted}"
    return pages.redirect(edge, to, flash=Flash("success", "Your appeal is on its way to the moderators."))


async def _page(edge: Edge, pages: Pages, case_id: UUID, key: str, form: Form, *, status: int = 200) -> Page:
    async def read(work: Work) -> dict[str, Any]:
        return own_view(await get_own_case(work, case_id=case_id, key=key), work)

    case = await edge.read(read, fresh=True)
    return await pages.show(edge, "moderation/own_case.html", status=status, case=case, key=key, form=form)


routes: list[ControllerRouterHandler] = [show_own_cases, show_own_case, appeal]
