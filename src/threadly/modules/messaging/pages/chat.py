"""The list of conversations, one of them beside it, and how one begins."""

from typing import Annotated, Any

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, QueryParameter
from litestar.types import ControllerRouterHandler

from threadly.modules import messaging
from threadly.modules.messaging.errors import MemberUnknown, MessageTooLong
from threadly.modules.messaging.pages.view import ConversationView, Eyes, MessageView
from threadly.modules.messaging.rules import MOST_CHARACTERS, conversation_id_of
from threadly.platform.errors import Kind, Refusal
from threadly.platform.http.edge import Edge
from threadly.platform.http.following import UNFOLLOWED
from threadly.platform.http.pagination import CursorParameter
from threadly.platform.ids import UUID
from threadly.platform.work import Work
from threadly.web import EMPTY_FORM, Form
from threadly.web.forms import by_htmx, field_of
from threadly.web.pages import Pages

__all__ = ["chat_page", "routes"]

LISTED = 30
SHOWN = 40
LISTS = "messaging.conversations"


class Chat(msgspec.Struct, frozen=True):
    """What the two panes show; without an open conversation, the list alone."""

    conversations: list[ConversationView]
    more_url: str | None
    conversation: ConversationView | None = None
    messages: list[MessageView] = []
    older_url: str | None = None
    # As plain values: a script reads them.
    members: list[dict[str, Any]] = []
    me: str = ""


@get("/messages", include_in_schema=False)
async def overview(
    edge: NamedDependency[Edge], pages: NamedDependency[Pages], cursor: CursorParameter = None
) -> Response[str]:
    chat = await edge.read(lambda work: _look(edge, work, cursor))
    if cursor and by_htmx(edge):
        return await pages.fragment(edge, "messaging/_more.html", chat=chat)
    return await pages.show(edge, "messaging/messages.html", chat=chat, form=EMPTY_FORM)


@get("/messages/list", include_in_schema=False, opt={UNFOLLOWED: True})
async def conversation_list(
    edge: NamedDependency[Edge],
    pages: NamedDependency[Pages],
    current: Annotated[str, QueryParameter(max_length=36)] = "",
) -> Response[str]:
    """The list again, for a page that was told of something that is not in its own."""
    chat = await edge.read(lambda work: _look(edge, work, None))
    return await pages.fragment(edge, "messaging/_list.html", chat=chat, current=current)


@get("/messages/new", include_in_schema=False)
async def begin_form(
    edge: NamedDependency[Edge],
    pages: NamedDependency[Pages],
    with_: Annotated[str, QueryParameter(name="with", max_length=200)] = "",
) -> Response[str]:
    edge.actor.me  # noqa: B018  # raises for who is not signed in
    form = Form({"members": with_})
    return await pages.show(edge, "messaging/new.html", form=form)


@post("/messages", include_in_schema=False)
async def begin(edge: NamedDependency[Edge], pages: NamedDependency[Pages]) -> Response[str]:
    members, title = await field_of(edge, "members"), await field_of(edge, "title")
    names = [each for each in members.replace(",", " ").split() if each]
    try:
        if not names:
            raise MemberUnknown("Name at least one member, by username.")
        made = await edge.write(
            lambda work: messaging.start_conversation(
                work, members=names, title=title if title.strip() or len(names) > 1 else None
            )
        )
    except Refusal as refusal:
        form = _form_with(refusal, members=members, title=title)
        return await pages.show(edge, "messaging/new.html", status=400, form=form)
    return pages.redirect(edge, f"/messages/{made.id}")


@get("/messages/{conversation_id:str}", include_in_schema=False)
async def conversation(
    edge: NamedDependency[Edge],
    pages: NamedDependency[Pages],
    conversation_id: FromPath[str],
    cursor: CursorParameter = None,
    edit: FromQuery[str] = "",
) -> Response[str]:
    wanted = conversation_id_of(conversation_id)
    if cursor and by_htmx(edge):
        chat = await edge.read(lambda work: _look(edge, work, None, wanted, cursor))
        return await pages.fragment(edge, "messaging/_older.html", chat=chat)
    return await chat_page(edge, pages, wanted, cursor=cursor, editing=edit)


async def chat_page(
    edge: Edge,
    pages: Pages,
    conversation_id: UUID,
    *,
    cursor: str | None = None,
    editing: str = "",
    form: Form = EMPTY_FORM,
    status: int = 200,
) -> Response[str]:
    """A conversation; also where a message that was refused is shown again."""
    chat = await edge.read(lambda work: _look(edge, work, None, conversation_id, cursor))
    if cursor is None and chat.conversation and chat.conversation.read_seq < chat.conversation.last_seq:
        seq = chat.conversation.last_seq
        await edge.write(lambda work: messaging.mark(work, conversation_id=conversation_id, read=seq))
    return await pages.show(
        edge,
        "messaging/messages.html",
        status=status,
        chat=chat,
        form=form,
        editing=editing,
        file_mib=edge.runtime.settings.media_file_mib,
        most_characters=MOST_CHARACTERS,
        too_long=MessageTooLong.message,
    )


async def _look(
    edge: Edge,
    work: Work,
    list_cursor: str | None,
    conversation_id: UUID | None = None,
    cursor: str | None = None,
) -> Chat:
    eyes = Eyes(work.actor, work.now)
    listed = await messaging.list_conversations(work, after=edge.after(list_cursor, name=LISTS), limit=LISTED)
    list_more = edge.cursor(listed.after, name=LISTS)
    chat = Chat(
        eyes.conversations(listed.items),
        f"/messages?cursor={list_more}" if list_more else None,
        me=str(work.actor.me),
    )
    if conversation_id is None:
        return chat
    found = await messaging.get_conversation(work, conversation_id=conversation_id)
    name = f"messaging.messages:{conversation_id}"
    page = await messaging.list_messages(
        work, conversation_id=conversation_id, after=edge.after(cursor, name=name), limit=SHOWN
    )
    older = edge.cursor(page.after, name=name)
    members = await messaging.list_members(work, conversation_id=conversation_id)
    return msgspec.structs.replace(
        chat,
        conversation=eyes.conversation(found),
        messages=eyes.messages(page.items),
        older_url=f"/messages/{conversation_id}?cursor={older}" if older else None,
        members=[msgspec.to_builtins(each) for each in eyes.members(members)],
    )


def _form_with(refusal: Refusal, **values: str) -> Form:
    """Raises what no form can mend."""
    if refusal.kind is not Kind.INVALID and refusal.field is None:
        raise refusal
    if refusal.field in values:
        return Form(values, {str(refusal.field): refusal.message})
    return Form(values, {}, refusal.message)


routes: list[ControllerRouterHandler] = [overview, conversation_list, begin_form, begin, conversation]
