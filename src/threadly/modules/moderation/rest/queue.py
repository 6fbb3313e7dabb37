"""The moderators' queue, for those who may `moderation.decide`."""

# ruff: noqa: ARG001  # `fields` and `cursor` are declared for the document and the gate; the edge reads them

from functools import partial
from typing import Annotated

import msgspec
from litestar import Response, delete, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, QueryParameter
from litestar.types import ControllerRouterHandler

from threadly.modules.moderation.casework import CaseFile, CaseSummary
from threadly.modules.moderation.errors import CaseMissing
from threadly.modules.moderation.types import Action, CasePlace, SubjectKind
from threadly.modules.moderation.verbs import appealing, cases, deciding
from threadly.platform.http.edge import Edge
from threadly.platform.http.envelope import Listing, Success
from threadly.platform.http.pagination import CursorParameter, LimitParameter
from threadly.platform.http.parameters import FieldsParameter
from threadly.platform.ids import id_of

__all__ = ["routes"]

MODERATION = ["Moderation"]

StatusParameter = Annotated[
    CasePlace, QueryParameter(description="What waits, or what is decided or was withdrawn.")
]
KindParameter = Annotated[SubjectKind | None, QueryParameter(description="Only cases about these.")]


class NewDecision(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`hours` is how long a mute or suspension lasts, at most a year; without it there is no end. `hides`
    hides what the case is about as well. `note` goes to the author."""

    action: Action
    hours: Annotated[int, msgspec.Meta(ge=1, le=deciding.HOURS_MOST)] | None = None
    hides: bool = False
    note: str = ""


class NewNote(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """For the other moderators only."""

    text: str


class NewAnswer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Granted, the decision is taken back."""

    granted: bool
    answer: str


@get(
    "/moderation/cases",
    operation_id="list_cases",
    summary="Cases: what waits, longest first, or what is decided, latest first",
    tags=MODERATION,
)
async def list_cases(
    edge: NamedDependency[Edge],
    status: StatusParameter = "open",
    kind: KindParameter = None,
    limit: LimitParameter = 20,
    cursor: CursorParameter = None,
    fields: FieldsParameter = None,
) -> Response[Listing[CaseSummary]]:
    name = f"moderation.cases:{status}:{kind}"
    after = edge.after(cursor, name=name)
    act = partial(cases.list_cases, status=status, kind=kind, after=after, limit=limit)
    return edge.listing(await edge.read(act), name=name)


@get("/moderation/cases/{case_id:str}", operation_id="get_case", summary="A case", tags=MODERATION)
async def get_case(
    edge: NamedDependency[Edge], case_id: FromPath[str], fields: FieldsParameter = None
) -> Response[Success[CaseFile]]:
    wanted = id_of(case_id, CaseMissing)
    return edge.resource(await edge.read(partial(cases.get_case, case_id=wanted)))


@post(
    "/moderation/cases/{case_id:str}/decision",
    operation_id="decide_case",
    summary="Decide a case",
    description="Of two moderators at once the second gets 409, with what the first decided.",
    tags=MODERATION,
)
async def decide(
    edge: NamedDependency[Edge], case_id: FromPath[str], data: JSONBody[NewDecision]
) -> Response[Success[CaseFile]]:
    act = partial(
        deciding.decide,
        case_id=id_of(case_id, CaseMissing),
        action=data.action,
        hours=data.hours,
        hides=data.hides,
        note=data.note,
    )
    return await edge.create(act, location=_location)


@delete(
    "/moderation/cases/{case_id:str}/decision",
    status_code=204,
    operation_id="undo_decision",
    summary="Undo a decision; the case waits again",
    tags=MODERATION,
)
async def undo(edge: NamedDependency[Edge], case_id: FromPath[str]) -> Response[None]:
    return await edge.remove(partial(deciding.undo_decision, case_id=id_of(case_id, CaseMissing)))


@post(
    "/moderation/cases/{case_id:str}/answer",
    operation_id="answer_appeal",
    summary="Answer the appeal against a decision",
    description="Another moderator than the one who decided, if there is one.",
    tags=MODERATION,
)
async def answer(
    edge: NamedDependency[Edge], case_id: FromPath[str], data: JSONBody[NewAnswer]
) -> Response[Success[CaseFile]]:
    wanted = id_of(case_id, CaseMissing)
    act = partial(appealing.answer_appeal, case_id=wanted, granted=data.granted, answer=data.answer)
    return await edge.create(act, location=_location)


@post(
    "/moderation/cases/{case_id:str}/notes",
    operation_id="add_note",
    summary="Tell the other moderators something about a case",
    tags=MODERATION,
)
async def add_note(
    edge: NamedDependency[Edge], case_id: FromPath[str], data: JSONBody[NewNote]
) -> Response[Success[CaseFile]]:
    act = partial(cases.add_note, case_id=id_of(case_id, CaseMissing), text=data.text)
    return await edge.create(act, location=_location)


def _location(file: CaseFile) -> str:
    return f"/api/v1/moderation/cases/{file.case.id}"


routes: list[ControllerRouterHandler] = [list_cases, get_case, decide, undo, answer, add_note]
