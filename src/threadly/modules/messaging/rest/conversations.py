"""Conversations over the API."""

# ruff: noqa: ARG001  # `fields` and `cursor` are declared for the document and the gate; the edge reads them

from typing import Annotated

import msgspec
from litestar import Response, delete, get, patch, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from litestar.types import ControllerRouterHandler
from msgspec.structs import replace

from threadly.modules import messaging
from threadly.modules.messaging.live import tell_now
from threadly.modules.messaging.rules import MOST_MEMBERS, conversation_id_of
from threadly.platform.http.edge import Edge
from threadly.platform.http.envelope import Listing, Success
from threadly.platform.http.pagination import CountParameter, CursorParameter, LimitParameter
from threadly.platform.http.parameters import FieldsParameter
from threadly.platform.ids import UUID, parse_id
from threadly.platform.paging import Page
from threadly.platform.work import Work

__all__ = ["routes"]

TAGS = ["Messages"]
Members = Annotated[list[str], msgspec.Meta(min_length=1, max_length=MOST_MEMBERS)]
Seq = Annotated[int, msgspec.Meta(ge=0, le=(1 << 62))]


class NewConversation(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`members` are usernames or ids of others. One, without a title, is your conversation with them; with a
    title it is a group."""

    members: Members
    title: str | None = None


class ConversationChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    title: str


class NewMembers(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    members: Members


class NewMarks(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Numbers (`seq`) of messages; marks go forward only."""

    read_seq: Seq = 0
    delivered_seq: Seq = 0


class Unread(msgspec.Struct, frozen=True):
    conversations: int


class Presence(msgspec.Struct, frozen=True):
    """Who of the others has a connection open, somewhere, at this moment."""

    online: list[UUID]


@get(
    "/conversations",
    operation_id="list_conversations",
    summary="Your conversations, the latest first",
    tags=TAGS,
)
async def list_conversations(
    edge: NamedDependency[Edge],
    limit: LimitParameter = 20,
    cursor: CursorParameter = None,
    count: CountParameter = False,
    fields: FieldsParameter = None,
) -> Response[Listing[messaging.Conversation]]:
    after = edge.after(cursor, name="messaging.conversations")

    async def look(work: Work) -> Page[messaging.Conversation]:
        page = await messaging.list_conversations(work, after=after, limit=limit)
        return replace(page, total=await messaging.count_conversations(work)) if count else page

    return edge.listing(await edge.read(look), name="messaging.conversations")


@post("/conversations", operation_id="start_conversation", summary="Start a conversation", tags=TAGS)
async def start_conversation(
    edge: NamedDependency[Edge], data: JSONBody[NewConversation]
) -> Response[Success[messaging.Conversation]]:
    return await edge.create(
        lambda work: messaging.start_conversation(work, members=data.members, title=data.title),
        location=lambda made: f"/api/v1/conversations/{made.id}",
    )


@get(
    "/conversations/unread",
    operation_id="count_unread_conversations",
    summary="How many of your conversations have something new",
    tags=TAGS,
)
async def count_unread(
    edge: NamedDependency[Edge], fields: FieldsParameter = None
) -> Response[Success[Unread]]:
    return edge.resource(Unread(await edge.read(messaging.count_unread)))


@get(
    "/conversations/{conversation_id:str}",
    operation_id="get_conversation",
    summary="A conversation",
    tags=TAGS,
)
async def get_conversation(
    edge: NamedDependency[Edge], conversation_id: FromPath[str], fields: FieldsParameter = None
) -> Response[Success[messaging.Conversation]]:
    wanted = conversation_id_of(conversation_id)
    return edge.resource(
        await edge.read(lambda work: messaging.get_conversation(work, conversation_id=wanted))
    )


@patch(
    "/conversations/{conversation_id:str}",
    operation_id="rename_conversation",
    summary="Give a group another name",
    tags=TAGS,
)
async def rename_conversation(
    edge: NamedDependency[Edge], conversation_id: FromPath[str], data: JSONBody[ConversationChange]
) -> Response[Success[messaging.Conversation]]:
    wanted = conversation_id_of(conversation_id)
    return await edge.change(
        lambda work: messaging.rename_conversation(work, conversation_id=wanted, title=data.title),
        current=lambda work: messaging.get_conversation(work, conversation_id=wanted),
    )


@put(
    "/conversations/{conversation_id:str}/mute",
    status_code=204,
    operation_id="mute_conversation",
    summary="Do not be told of what is new there",
    tags=TAGS,
)
async def mute(edge: NamedDependency[Edge], conversation_id: FromPath[str]) -> Response[None]:
    wanted = conversation_id_of(conversation_id)
    return await edge.remove(lambda work: messaging.set_muted(work, conversation_id=wanted, muted=True))


@delete(
    "/conversations/{conversation_id:str}/mute",
    status_code=204,
    operation_id="unmute_conversation",
    summary="Be told again",
    tags=TAGS,
)
async def unmute(edge: NamedDependency[Edge], conversation_id: FromPath[str]) -> Response[None]:
    wanted = conversation_id_of(conversation_id)
    return await edge.remove(lambda work: messaging.set_muted(work, conversation_id=wanted, muted=False))


@get(
    "/conversations/{conversation_id:str}/members",
    operation_id="list_conversation_members",
    summary="Who is in a conversation, and how far they have read",
    description="One page with all of them, at most 100; `has_next` is always false.",
    tags=TAGS,
)
async def list_members(
    edge: NamedDependency[Edge], conversation_id: FromPath[str], fields: FieldsParameter = None
) -> Response[Listing[messaging.Member]]:
    wanted = conversation_id_of(conversation_id)
    members = await edge.read(lambda work: messaging.list_members(work, conversation_id=wanted))
    return edge.listing(Page(members, None), name="messaging.members")


@post(
    "/conversations/{conversation_id:str}/members",
    operation_id="add_conversation_members",
    summary="Add members to a group",
    tags=TAGS,
)
async def add_members(
    edge: NamedDependency[Edge], conversation_id: FromPath[str], data: JSONBody[NewMembers]
) -> Response[Success[messaging.Conversation]]:
    wanted = conversation_id_of(conversation_id)
    return await edge.create(
        lambda work: messaging.add_members(work, conversation_id=wanted, members=data.members),
        location=lambda made: f"/api/v1/conversations/{made.id}/members",
    )


@delete(
    "/conversations/{conversation_id:str}/members/{user_id:str}",
    status_code=204,
    operation_id="remove_conversation_member",
    summary="Leave a group (`me`), or remove somebody from your own",
    tags=TAGS,
)
async def remove_member(
    edge: NamedDependency[Edge], conversation_id: FromPath[str], user_id: FromPath[str]
) -> Response[None]:
    wanted = conversation_id_of(conversation_id)

    async def act(work: Work) -> None:
        member = work.actor.me if user_id == "me" else parse_id(user_id)
        if member is not None:
            await messaging.remove_member(work, conversation_id=wanted, user_id=member)

    return await edge.remove(act)


@put(
    "/conversations/{conversation_id:str}/marks",
    operation_id="mark_conversation",
    summary="Say how far messages have reached you and you have read",
    tags=TAGS,
)
async def mark(
    edge: NamedDependency[Edge], conversation_id: FromPath[str], data: JSONBody[NewMarks]
) -> Response[Success[messaging.Marks]]:
    wanted = conversation_id_of(conversation_id)
    return await edge.post(
        lambda work: messaging.mark(
            work, conversation_id=wanted, read=data.read_seq, delivered=data.delivered_seq
        )
    )


@post(
    "/conversations/{conversation_id:str}/typing",
    status_code=204,
    operation_id="tell_typing",
    summary="Let the others see that you are writing",
    description="They see it for a few seconds; say it again every few while it goes on.",
    tags=TAGS,
)
async def tell_typing(edge: NamedDependency[Edge], conversation_id: FromPath[str]) -> Response[None]:
    wanted = conversation_id_of(conversation_id)
    others = await edge.read(lambda work: messaging.list_others(work, conversation_id=wanted))
    await tell_now(
        edge.runtime.pubsub,
        edge.tenant.id,
        others,
        "typing",
        conversation_id=str(wanted),
        user_id=str(edge.actor.me),
    )
    return Response(None, status_code=204)


@get(
    "/conversations/{conversation_id:str}/presence",
    operation_id="get_presence",
    summary="Who of a conversation is online",
    tags=TAGS,
)
async def get_presence(
    edge: NamedDependency[Edge], conversation_id: FromPath[str], fields: FieldsParameter = None
) -> Response[Success[Presence]]:
    wanted = conversation_id_of(conversation_id)

    async def look(work: Work) -> list[UUID]:
        others = await messaging.list_others(work, conversation_id=wanted)
        return await messaging.list_in_touch(work, user_ids=others)

    in_touch = await edge.read(look)
    return edge.resource(Presence(await edge.runtime.presence.list_online(edge.tenant.id, in_touch)))


routes: list[ControllerRouterHandler] = [
    list_conversations,
    start_conversation,
    count_unread,
    get_conversation,
    rename_conversation,
    mute,
    unmute,
    list_members,
    add_members,
    remove_member,
    mark,
    tell_typing,
    get_presence,
]
