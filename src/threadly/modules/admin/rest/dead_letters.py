"""Dead letters in the API."""

# ruff: noqa: ARG001  # `fields` is declared for the document and the gate; the edge reads it

from typing import Annotated

from litestar import Response, delete, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, QueryParameter
from litestar.types import ControllerRouterHandler

from threadly.modules.admin.types.dead_letters import DeadLetter, FailedKind
from threadly.modules.admin.verbs import dead_letters
from threadly.platform.http.edge import Edge
from threadly.platform.http.envelope import Listing, Success
from threadly.platform.http.parameters import FieldsParameter
from threadly.platform.paging import Page

__all__ = ["routes"]

OPERATORS = ["Operators"]
PATH = "/admin/dead-letters"
ONE = f"{PATH}/{{letter_id:str}}"

KindParameter = Annotated[FailedKind | None, QueryParameter(name="kind", description="Only those.")]


@get(
    PATH,
    operation_id="list_dead_letters",
    summary="Reactions, jobs and deliveries that failed for good",
    description="One page, newest first: a hundred of each kind at most.",
    tags=OPERATORS,
)
async def list_letters(
    edge: NamedDependency[Edge], kind: KindParameter = None, fields: FieldsParameter = None
) -> Response[Listing[DeadLetter]]:
    found = await edge.read(lambda work: dead_letters.list_dead_letters(work, kind=kind), fresh=True)
    return edge.listing(Page(found, None), name="admin.dead_letters")


@get(ONE, operation_id="get_dead_letter", summary="One dead letter", tags=OPERATORS)
async def get_letter(
    edge: NamedDependency[Edge], letter_id: FromPath[str], fields: FieldsParameter = None
) -> Response[Success[DeadLetter]]:
    return edge.resource(
        await edge.read(lambda work: dead_letters.get_dead_letter(work, letter_id=letter_id), fresh=True)
    )


@post(
    f"{ONE}/retries",
    status_code=202,
    operation_id="retry_dead_letter",
    summary="Try a dead letter again",
    description="As often as a new one. The answer is what was found; a worker does it within seconds.",
    tags=OPERATORS,
)
async def retry_letter(
    edge: NamedDependency[Edge], letter_id: FromPath[str]
) -> Response[Success[DeadLetter]]:
    return await edge.post(
        lambda work: dead_letters.settle_dead_letter(work, letter_id=letter_id, action="retry"), status=202
    )


@delete(
    ONE, status_code=204, operation_id="drop_dead_letter", summary="Give a dead letter up", tags=OPERATORS
)
async def drop_letter(edge: NamedDependency[Edge], letter_id: FromPath[str]) -> Response[None]:
    return await edge.remove(
        lambda work: dead_letters.settle_dead_letter(work, letter_id=letter_id, action="drop")
    )


routes: list[ControllerRouterHandler] = [list_letters, get_letter, retry_letter, drop_letter]
