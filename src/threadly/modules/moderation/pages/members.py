"""Members among themselves: a report of somebody, and whom one blocks and mutes."""

from functools import partial
from typing import Any, Literal

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.types import ControllerRouterHandler

from threadly.modules import identity
from threadly.modules.moderation.pages.view import relation_view
from threadly.modules.moderation.types import REPORT_REASONS
from threadly.modules.moderation.verbs import relations
from threadly.modules.moderation.verbs.reporting import report_member
from threadly.platform.errors import InvalidInput, Kind, Refusal
from threadly.platform.http.edge import Edge
from threadly.platform.http.pagination import CursorParameter
from threadly.platform.work import Work
from threadly.web import EMPTY_FORM, Flash, Form
from threadly.web.forms import fields_of, next_of, wants_more
from threadly.web.pages import Pages

__all__ = ["routes"]

Page = Response[Any]
Relations = Literal["block", "mute"]
REASON_MISSING = "Please choose what is wrong."


@get("/people/{username:str}/report", include_in_schema=False)
async def show_report(
    edge: NamedDependency[Edge], pages: NamedDependency[Pages], username: FromPath[str]
) -> Page:
    _ = edge.actor.me
    return await _report_page(edge, pages, username, EMPTY_FORM)


@post("/people/{username:str}/report", include_in_schema=False)
async def report(edge: NamedDependency[Edge], pages: NamedDependency[Pages], username: FromPath[str]) -> Page:
    fields = await fields_of(edge)
    reason = fields.get("reason", "")
    try:
        if reason not in REPORT_REASONS:
            raise InvalidInput(REASON_MISSING, field="reason")
        chosen, note = reason, fields.get("note", "")
        await edge.write(partial(report_member, member=username, reason=chosen, note=note))
    except Refusal as refusal:
        if refusal.kind is not Kind.INVALID:
            raise
        errors = {refusal.field: refusal.message} if refusal.field else {}
        return await _report_page(
            edge, pages, username, Form(fields, errors, None if errors else refusal.message), status=400
        )
    flash = Flash("success", "Thank you. A moderator will look at it, and you will hear what came of it.")
    return pages.redirect(edge, await next_of(edge, default=f"/people/{username}"), flash=flash)


@post("/people/{username:str}/block", include_in_schema=False)
async def block(edge: NamedDependency[Edge], pages: NamedDependency[Pages], username: FromPath[str]) -> Page:
    other = await edge.write(partial(relations.block_member, member=username))
    return await _back(edge, pages, f"You and {other.name} do not see each other any more.")


@post("/people/{username:str}/unblock", include_in_schema=False)
async def unblock(
    edge: NamedDependency[Edge], pages: NamedDependency[Pages], username: FromPath[str]
) -> Page:
    other = await edge.write(partial(relations.unblock_member, member=username))
    return await _back(edge, pages, f"You do not block {other.name} any more.")


@post("/people/{username:str}/mute", include_in_schema=False)
async def mute(edge: NamedDependency[Edge], pages: NamedDependency[Pages], username: FromPath[str]) -> Page:
    other = await edge.write(partial(relations.mute_member, member=username))
    return await _back(edge, pages, f"You will not read {other.name} any more, and they do not learn of it.")


@post("/people/{username:str}/unmute", include_in_schema=False)
async def unmute(edge: NamedDependency[Edge], pages: NamedDependency[Pages], username: FromPath[str]) -> Page:
    other = await edge.write(partial(relations.unmute_member, member=username))
    return await _back(edge, pages, f"You read {other.name} again.")


@get("/settings/blocked", include_in_schema=False)
async def show_blocked(edge: NamedDependency[Edge], pages: NamedDependency[Pages]) -> Page:
    blocked = await _list(edge, "block", None)
    return await pages.show(
        edge, "moderation/blocked.html", blocked=blocked, muted=await _list(edge, "mute", None)
    )


@get(["/settings/blocked/block", "/settings/blocked/mute"], include_in_schema=False)
async def show_more(
    edge: NamedDependency[Edge], pages: NamedDependency[Pages], cursor: CursorParameter = None
) -> Page:
    """The rest of one of the two lists: alone on its page, or put below the first part."""
    kind: Relations = "mute" if edge.request.scope["path"].endswith("mute") else "block"
    found = await _list(edge, kind, cursor)
    if wants_more(edge, cursor):
        return await pages.fragment(edge, "moderation/_relations.html", found=found, kind=kind)
    empty: dict[str, Any] = {"people": [], "more_url": None}
    blocked, muted = (found, empty) if kind == "block" else (empty, found)
    return await pages.show(edge, "moderation/blocked.html", only=kind, blocked=blocked, muted=muted)


async def _list(edge: Edge, kind: Relations, cursor: str | None) -> dict[str, Any]:
    name = f"moderation.{kind}s"
    after = edge.after(cursor, name=name)

    async def read(work: Work) -> dict[str, Any]:
        page = await relations.list_relations(work, kind=kind, after=after)
        following = edge.cursor(page.after, name=name)
        return {
            "people": [relation_view(each, work) for each in page.items],
            "more_url": f"/settings/blocked/{kind}?cursor={following}" if following else None,
        }

    return await edge.read(read)


async def _back(edge: Edge, pages: Pages, text: str) -> Page:
    return pages.redirect(
        edge, await next_of(edge, default="/settings/blocked"), flash=Flash("success", text)
    )


async def _report_page(edge: Edge, pages: Pages, username: str, form: Form, *, status: int = 200) -> Page:
    profile = await edge.read(lambda work: identity.get_profile(work, id_or_username=username))
    return await pages.show(edge, "moderation/report.html", status=status, profile=profile, form=form)


routes: list[ControllerRouterHandler] = [
    show_report,
    report,
    block,
    unblock,
    mute,
    unmute,
    show_blocked,
    show_more,
]
