"""Messages over the API."""

# ruff: noqa: ARG001  # `fields` and `cursor` are declared for the document and the gate; the edge reads them

from typing import Annotated

import msgspec
from litestar import Response, delete, get, patch, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, QueryParameter
from litestar.types import ControllerRouterHandler

from threadly.modules import messaging, moderation
from threadly.modules.messaging.rules import MOST_CHANGES, conversation_id_of, message_id_of
from threadly.platform.http.edge import Edge
from threadly.platform.http.envelope import Listing, Success
from threadly.platform.http.pagination import CursorParameter, LimitParameter
from threadly.platform.http.parameters import FieldsParameter
from threadly.platform.ids import UUID

__all__ = ["NewMessage", "routes"]

TAGS = ["Messages"]
MOST_MEDIA = 10
MOST_NOTE = 1_000


class NewMessage(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Up to 4,000 characters, up to 10 images and files (`media_ids` names both), or both. A `client_id` of
    your own makes sending it again the same message, as an Idempotency-Key does, for as long as the message
    is there."""

    content: str = ""
    media_ids: Annotated[list[UUID], msgspec.Meta(max_length=MOST_MEDIA)] = []
    client_id: Annotated[str, msgspec.Meta(min_length=1, max_length=64, pattern="^[!-~]+$")] | None = None


class MessageChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    content: str


class NewReport(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    reason: moderation.ReportReason
    note: Annotated[str, msgspec.Meta(max_length=MOST_NOTE)] = ""


@get(
    "/conversations/{conversation_id:str}/messages",
    operation_id="list_messages",
    summary="The messages of a conversation, newest first",
    tags=TAGS,
)
async def list_messages(
    edge: NamedDependency[Edge],
    conversation_id: FromPath[str],
    limit: LimitParameter = 20,
    cursor: CursorParameter = None,
    fields: FieldsParameter = None,
) -> Response[Listing[messaging.Message]]:
    wanted = conversation_id_of(conversation_id)
    name = f"messaging.messages:{wanted}"
    after = edge.after(cursor, name=name)
    page = await edge.read(
        lambda work: messaging.list_messages(work, conversation_id=wanted, after=after, limit=limit)
    )
    return edge.listing(page, name=name)


@get(
    "/conversations/{conversation_id:str}/changes",
    operation_id="list_changes",
    summary="What became of a conversation since a change number, oldest first",
    description="For who was away: the largest `change` you have seen leads to what you missed, in order and "
    "each message once, as it is now.",
    tags=TAGS,
)
async def list_changes(
    edge: NamedDependency[Edge],
    conversation_id: FromPath[str],
    since: Annotated[int, QueryParameter(ge=0, le=1 << 62, description="The last `change` you have.")] = 0,
    fields: FieldsParameter = None,
) -> Response[Success[messaging.Changes]]:
    wanted = conversation_id_of(conversation_id)
    return edge.resource(
        await edge.read(
            lambda work: messaging.list_changes(work, conversation_id=wanted, since=since, limit=MOST_CHANGES)
        )
    )


@post(
    "/conversations/{conversation_id:str}/messages",
    operation_id="send_message",
    summary="Send a message",
    tags=TAGS,
)
async def send_message(
    edge: NamedDependency[Edge], conversation_id: FromPath[str], data: JSONBody[NewMessage]
) -> Response[Success[messaging.Message]]:
    wanted = conversation_id_of(conversation_id)
    return await edge.create(
        lambda work: messaging.send_message(
            work,
            conversation_id=wanted,
            content=data.content,
            media_ids=data.media_ids,
            client_id=data.client_id,
        ),
        location=lambda made: f"/api/v1/messages/{made.id}",
    )


@get("/messages/{message_id:str}", operation_id="get_message", summary="A message", tags=TAGS)
async def get_message(
    edge: NamedDependency[Edge], message_id: FromPath[str], fields: FieldsParameter = None
) -> Response[Success[messaging.Message]]:
    wanted = message_id_of(message_id)
    return edge.resource(await edge.read(lambda work: messaging.get_message(work, message_id=wanted)))


@get(
    "/messages/{message_id:str}/hold",
    operation_id="get_message_hold",
    summary="Why a message of yours is hidden",
    description="For its sender. 404 where it is not hidden.",
    tags=TAGS,
)
async def get_hold(
    edge: NamedDependency[Edge], message_id: FromPath[str], fields: FieldsParameter = None
) -> Response[Success[moderation.Hold]]:
    wanted = message_id_of(message_id)
    return edge.resource(await edge.read(lambda work: messaging.get_hold(work, message_id=wanted)))


@patch(
    "/messages/{message_id:str}",
    operation_id="edit_message",
    summary="Edit your message, within an hour",
    tags=TAGS,
)
async def edit_message(
    edge: NamedDependency[Edge], message_id: FromPath[str], data: JSONBody[MessageChange]
) -> Response[Success[messaging.Message]]:
    wanted = message_id_of(message_id)
    return await edge.change(
        lambda work: messaging.edit_message(work, message_id=wanted, content=data.content),
        current=lambda work: messaging.get_message(work, message_id=wanted),
    )


@delete(
    "/messages/{message_id:str}",
    status_code=204,
    operation_id="delete_message",
    summary="Delete your message for everybody, within a day",
    tags=TAGS,
)
async def delete_message(edge: NamedDependency[Edge], message_id: FromPath[str]) -> Response[None]:
    wanted = message_id_of(message_id)
    return await edge.remove(
        lambda work: messaging.delete_message(work, message_id=wanted),
        current=lambda work: messaging.get_message(work, message_id=wanted),
    )


@post(
    "/messages/{message_id:str}/reports",
    operation_id="report_message",
    summary="Report a message to the moderators",
    tags=TAGS,
)
async def report_message(
    edge: NamedDependency[Edge], message_id: FromPath[str], data: JSONBody[NewReport]
) -> Response[Success[moderation.Report]]:
    wanted = message_id_of(message_id)
    return await edge.post(
        lambda work: messaging.report_message(work, message_id=wanted, reason=data.reason, note=data.note),
        status=201,
    )


routes: list[ControllerRouterHandler] = [
    list_messages,
    list_changes,
    send_message,
    get_message,
    get_hold,
    edit_message,
    delete_message,
    report_message,
]
