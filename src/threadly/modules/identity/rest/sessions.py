"""Where you are signed in."""

# ruff: noqa: ARG001  # `fields` is declared for the document and the gate; the edge reads it

from datetime import datetime

import msgspec
from litestar import Response, delete, get
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.types import ControllerRouterHandler

from threadly.modules.identity.errors import SessionMissing
from threadly.modules.identity.rules import device_name
from threadly.modules.identity.verbs import sessions
from threadly.platform.http.edge import Edge
from threadly.platform.http.envelope import Listing
from threadly.platform.http.parameters import FieldsParameter
from threadly.platform.ids import UUID, id_of
from threadly.platform.paging import Page
from threadly.platform.work import Work

__all__ = ["routes"]

SESSIONS = ["Sessions"]


class SignIn(msgspec.Struct, frozen=True):
    """`kind` is `browser` or `api`, `device` what it called itself, `name` what a person would."""

    id: UUID
    kind: str
    name: str
    device: str
    current: bool
    created_at: datetime
    last_seen_at: datetime
    expires_at: datetime


@get(
    "/sessions",
    operation_id="list_sessions",
    summary="Where you are signed in, the most recently used first",
    description="One page of at most 100; `has_next` is always false.",
    tags=SESSIONS,
)
async def list_sessions(
    edge: NamedDependency[Edge], fields: FieldsParameter = None
) -> Response[Listing[SignIn]]:
    async def read(work: Work) -> list[SignIn]:
        return [
            SignIn(
                id=each.id,
                kind=each.kind,
                name=device_name(each.device),
                device=each.device,
                current=each.id == work.actor.session_id,
                created_at=each.created_at,
                last_seen_at=each.last_seen_at,
                expires_at=each.expires_at,
            )
            for each in await sessions.list_sessions(work)
        ]

    return edge.listing(Page(await edge.read(read), None), name="identity.sessions")


@delete(
    "/sessions",
    operation_id="end_other_sessions",
    summary="Sign out everywhere but here",
    tags=SESSIONS,
    status_code=204,
)
async def end_other_sessions(edge: NamedDependency[Edge]) -> Response[None]:
    return await edge.remove(sessions.end_other_sessions)


@delete(
    "/sessions/{session_id:str}",
    operation_id="end_session",
    summary="Sign out one device",
    tags=SESSIONS,
    status_code=204,
)
async def end_session(edge: NamedDependency[Edge], session_id: FromPath[str]) -> Response[None]:
    wanted = id_of(session_id, SessionMissing)
    return await edge.remove(lambda work: sessions.end_session(work, session_id=wanted))


routes: list[ControllerRouterHandler] = [list_sessions, end_other_sessions, end_session]
