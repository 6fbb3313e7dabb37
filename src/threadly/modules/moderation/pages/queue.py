"""/moderate: the queue, and a case with all that is known of it."""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, Final

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.types import ControllerRouterHandler

from threadly.modules.moderation.casework import CaseFile
from threadly.modules.moderation.errors import CaseMissing
from threadly.modules.moderation.pages.view import file_view, summary_view
from threadly.modules.moderation.types import ACTIONS, CasePlace
from threadly.modules.moderation.verbs import appealing, cases, deciding
from threadly.platform.errors import InvalidInput, Kind, Refusal
from threadly.platform.http.edge import Edge
from threadly.platform.http.pagination import CursorParameter
from threadly.platform.ids import UUID, id_of
from threadly.platform.work import Work
from threadly.web import EMPTY_FORM, Flash, Form
from threadly.web.forms import fields_of, wants_more
from threadly.web.pages import Pages

__all__ = ["routes"]

Page = Response[Any]
PLACES: Final[dict[str, CasePlace]] = {
    "/moderate": "open",
    "/moderate/appeals": "appealed",
    "/moderate/decided": "decided",
}
# What the form offers, in hours.
DURATIONS: Final = {
    "1 hour": "1",
    "1 day": "24",
    "3 days": "72",
    "1 week": "168",
    "30 days": "720",
    "Until undone": "",
}
DONE: Final = {
    "dismiss": "Dismissed.",
    "hide": "Hidden.",
    "delete": "Deleted: hidden now, gone for good once it can no longer be appealed.",
    "warn": "Warned.",
    "mute": "Muted.",
    "suspend": "Suspended.",
}


@get(list(PLACES), include_in_schema=False)
async def show_queue(
    edge: NamedDependency[Edge], pages: NamedDependency[Pages], cursor: CursorParameter = None
) -> Page:
    path = edge.request.scope["path"]
    status = PLACES[path]
    name = f"moderation.cases:{status}:None"
    after = edge.after(cursor, name=name)

    async def read(work: Work) -> dict[str, Any]:
        page = await cases.list_cases(work, status=status, after=after)
        following = edge.cursor(page.after, name=name)
        return {
            "cases": [summary_view(each, work) for each in page.items],
            "more_url": f"{path}?cursor={following}" if following else None,
            "waiting": await cases.count_waiting(work),
            "place": status,
        }

    found = await edge.read(read)
    if wants_more(edge, cursor):
        return await pages.fragment(edge, "moderation/_cases.html", **found)
    return await pages.show(edge, "moderation/queue.html", **found)


@get("/moderate/cases/{case_id:str}", include_in_schema=False)
async def show_case(
    edge: NamedDependency[Edge], pages: NamedDependency[Pages], case_id: FromPath[str]
) -> Page:
    return await _page(edge, pages, id_of(case_id, CaseMissing), EMPTY_FORM)


@post("/moderate/cases/{case_id:str}/decide", include_in_schema=False)
async def decide(edge: NamedDependency[Edge], pages: NamedDependency[Pages], case_id: FromPath[str]) -> Page:
    wanted, fields = id_of(case_id, CaseMissing), await fields_of(edge)
    action = fields.get("action", "")

    async def act(work: Work) -> CaseFile:
        if action not in ACTIONS:
            raise InvalidInput("Please choose what to do.", field="action")
        return await deciding.decide(
            work,
            case_id=wanted,
            action=action,
            hours=_hours(fields.get("hours", "")),
            hides="hides" in fields,
            note=fields.get("note", ""),
        )

    return await _acted(edge, pages, wanted, fields, act, told=DONE.get(action, ""), to="/moderate")


@post("/moderate/cases/{case_id:str}/undo", include_in_schema=False)
async def undo(edge: NamedDependency[Edge], pages: NamedDependency[Pages], case_id: FromPath[str]) -> Page:
    wanted = id_of(case_id, CaseMissing)
    act = partial(deciding.undo_decision, case_id=wanted)
    return await _acted(edge, pages, wanted, {}, act, told="Undone. The case waits again.", to=_at(wanted))


@post("/moderate/cases/{case_id:str}/answer", include_in_schema=False)
async def answer(edge: NamedDependency[Edge], pages: NamedDependency[Pages], case_id: FromPath[str]) -> Page:
    wanted, fields = id_of(case_id, CaseMissing), await fields_of(edge)
    granted = fields.get("granted") == "yes"
    act = partial(appealing.answer_appeal, case_id=wanted, granted=granted, answer=fields.get("text", ""))
    told = "Granted: the decision is taken back." if granted else "Answered: the decision stands."
    return await _acted(edge, pages, wanted, fields, act, told=told, to="/moderate/appeals")


@post("/moderate/cases/{case_id:str}/notes", include_in_schema=False)
async def add_note(
    edge: NamedDependency[Edge], pages: NamedDependency[Pages], case_id: FromPath[str]
) -> Page:
    wanted, fields = id_of(case_id, CaseMissing), await fields_of(edge)
    act = partial(cases.add_note, case_id=wanted, text=fields.get("remark", ""))
    return await _acted(edge, pages, wanted, fields, act, told="Noted.", to=_at(wanted))


async def _acted(
    edge: Edge,
    pages: Pages,
    case_id: UUID,
    fields: dict[str, str],
    act: Callable[[Work], Awaitable[CaseFile]],
    *,
    told: str,
    to: str,
) -> Page:
    """Done, and on; or the case as it is now, with why not: another moderator may have been first."""
    try:
        await edge.write(act)
    except Refusal as refusal:
        if refusal.kind not in (Kind.INVALID, Kind.CONFLICT):
            raise
        field = "remark" if refusal.field == "note" and "remark" in fields else refusal.field
        known = field if field in ("action", "note", "text", "remark") else None
        form = Form(fields, {known: refusal.message} if known else {}, None if known else refusal.message)
        status = 409 if refusal.kind is Kind.CONFLICT else 400
        return await _page(edge, pages, case_id, form, status=status)
    return pages.redirect(edge, to, flash=Flash("success", told))


async def _page(edge: Edge, pages: Pages, case_id: UUID, form: Form, *, status: int = 200) -> Page:
    async def read(work: Work) -> dict[str, Any]:
        return file_view(await cases.get_case(work, case_id=case_id), work)

    file = await edge.read(read, fresh=True)
    return await pages.show(
        edge, "moderation/case.html", status=status, form=form, durations=DURATIONS, **file
    )


def _hours(text: str) -> int | None:
    return int(text[:5]) or None if text.isdecimal() else None


def _at(case_id: UUID) -> str:
    return f"/moderate/cases/{case_id}"


routes: list[ControllerRouterHandler] = [show_queue, show_case, decide, undo, answer, add_note]
