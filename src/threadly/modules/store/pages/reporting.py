"""/shop/{handle}/report: what is wrong with a product."""

from functools import partial
from typing import Any

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.types import ControllerRouterHandler

from threadly.modules.moderation import REPORT_REASONS
from threadly.modules.store.showing import show_product
from threadly.modules.store.verbs.moderating import report_product
from threadly.platform.errors import InvalidInput, Kind, Refusal
from threadly.platform.http.edge import Edge
from threadly.web import EMPTY_FORM, Flash, Form
from threadly.web.forms import fields_of
from threadly.web.pages import Pages

__all__ = ["routes"]


@get("/shop/{handle:str}/report", include_in_schema=False)
async def show_report(
    edge: NamedDependency[Edge], pages: NamedDependency[Pages], handle: FromPath[str]
) -> Response[Any]:
    _ = edge.actor.me
    return await _page(edge, pages, handle, EMPTY_FORM)


@post("/shop/{handle:str}/report", include_in_schema=False)
async def report(
    edge: NamedDependency[Edge], pages: NamedDependency[Pages], handle: FromPath[str]
) -> Response[Any]:
    fields = await fields_of(edge)
    reason, note = fields.get("reason", ""), fields.get("note", "")
    try:
        if reason not in REPORT_REASONS:
            raise InvalidInput("Please choose what is wrong.", field="reason")
        await edge.write(partial(report_product, product=handle, reason=reason, note=note))
    except Refusal as refusal:
        if refusal.kind is not Kind.INVALID:
            raise
        errors = {refusal.field: refusal.message} if refusal.field else {}
        form = Form(fields, errors, None if errors else refusal.message)
        return await _page(edge, pages, handle, form, status=400)
    flash = Flash("success", "Thank you. A moderator will look at it, and you will hear what came of it.")
    return pages.redirect(edge, f"/shop/{handle}", flash=flash)


async def _page(edge: Edge, pages: Pages, handle: str, form: Form, *, status: int = 200) -> Response[Any]:
    product = await show_product(edge, product=handle)
    return await pages.show(
        edge, "store/report.html", status=status, title=product.title, handle=product.handle, form=form
    )


routes: list[ControllerRouterHandler] = [show_report, report]
