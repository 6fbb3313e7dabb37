"""Calls over the API: what the socket says, by requests."""

# ruff: noqa: ARG001  # `fields` is declared for the document and the gate; the edge reads it

from typing import Annotated, Literal

import msgspec
from litestar import Response, get, patch, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, QueryParameter
from litestar.types import ControllerRouterHandler

from threadly.modules import messaging
from threadly.modules.messaging.rules import call_id_of, conversation_id_of
from threadly.modules.messaging.types import CallMedia, SignalKind
from threadly.platform.http.edge import Edge
from threadly.platform.http.envelope import Listing, Success
from threadly.platform.http.parameters import FieldsParameter
from threadly.platform.paging import Page

__all__ = ["MOST_SIGNAL_CHARACTERS", "routes"]

TAGS = ["Calls"]
MOST_SIGNAL_CHARACTERS = 32_768


class NewCall(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    media: CallMedia = "audio"


class CallChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`answered` takes a call that rings at you; `ended` hangs up, declines or cancels."""

    state: Literal["answered", "ended"]


class NewSignal(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What `body` says is between the two browsers; it has no NUL, which cannot be stored."""

    kind: SignalKind
    body: Annotated[str, msgspec.Meta(min_length=1, max_length=MOST_SIGNAL_CHARACTERS, pattern=r"^[^\x00]*$")]


@post(
    "/conversations/{conversation_id:str}/calls",
    operation_id="start_call",
    summary="Call the other member of a conversation",
    tags=TAGS,
)
async def start_call(
    edge: NamedDependency[Edge], conversation_id: FromPath[str], data: JSONBody[NewCall]
) -> Response[Success[messaging.Call]]:
    wanted = conversation_id_of(conversation_id)
    return await edge.create(
        lambda work: messaging.start_call(work, conversation_id=wanted, media=data.media),
        location=lambda made: f"/api/v1/calls/{made.id}",
    )


@get(
    "/calls/ice-servers",
    operation_id="list_ice_servers",
    summary="STUN and TURN servers for your calls, with names that are good for some hours",
    description="One page with all of them; `has_next` is always false.",
    tags=TAGS,
)
async def list_ice_servers(
    edge: NamedDependency[Edge], fields: FieldsParameter = None
) -> Response[Listing[messaging.IceServer]]:
    return edge.listing(Page(await edge.read(messaging.list_ice_servers), None), name="messaging.ice")


@get("/calls/{call_id:str}", operation_id="get_call", summary="A call of yours", tags=TAGS)
async def get_call(
    edge: NamedDependency[Edge], call_id: FromPath[str], fields: FieldsParameter = None
) -> Response[Success[messaging.Call]]:
    wanted = call_id_of(call_id)
    return edge.resource(await edge.read(lambda work: messaging.get_call(work, call_id=wanted)))


@patch("/calls/{call_id:str}", operation_id="change_call", summary="Answer a call, or hang up", tags=TAGS)
async def change_call(
    edge: NamedDependency[Edge], call_id: FromPath[str], data: JSONBody[CallChange]
) -> Response[Success[messaging.Call]]:
    wanted = call_id_of(call_id)
    verb = messaging.answer_call if data.state == "answered" else messaging.end_call
    return await edge.change(
        lambda work: verb(work, call_id=wanted),
        current=lambda work: messaging.get_call(work, call_id=wanted),
    )


@get(
    "/calls/{call_id:str}/signals",
    operation_id="list_signals",
    summary="What the two browsers of a call have told each other, oldest first",
    description="One page with all of them, at most 200; `has_next` is always false.",
    tags=TAGS,
)
async def list_signals(
    edge: NamedDependency[Edge],
    call_id: FromPath[str],
    since: Annotated[int, QueryParameter(ge=0, le=1 << 62, description="The last `number` you have.")] = 0,
    fields: FieldsParameter = None,
) -> Response[Listing[messaging.Signal]]:
    wanted = call_id_of(call_id)
    signals = await edge.read(lambda work: messaging.list_signals(work, call_id=wanted, since=since))
    return edge.listing(Page(signals, None), name="messaging.signals")


@post(
    "/calls/{call_id:str}/signals",
    operation_id="send_signal",
    summary="Tell the other browser of a call something",
    tags=TAGS,
)
async def send_signal(
    edge: NamedDependency[Edge], call_id: FromPath[str], data: JSONBody[NewSignal]
) -> Response[Success[messaging.Signal]]:
    wanted = call_id_of(call_id)
    return await edge.post(
        lambda work: messaging.send_signal(work, call_id=wanted, kind=data.kind, body=data.body), status=201
    )


routes: list[ControllerRouterHandler] = [
    start_call,
    list_ice_servers,
    get_call,
    change_call,
    list_signals,
    send_signal,
]
