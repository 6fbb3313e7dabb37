"""What is said on a socket: commands of the client, and what it is told."""

from typing import Annotated

import msgspec

from threadly.modules.messaging.rest.calls import NewSignal
from threadly.modules.messaging.rest.messages import NewMessage
from threadly.modules.messaging.types import Call, CallMedia, IceServer, Message, Signal
from threadly.platform.ids import UUID

__all__ = [
    "COMMANDS",
    "AnswerCall",
    "CallNews",
    "CallStarted",
    "Command",
    "ConversationNews",
    "DeleteMessage",
    "EditMessage",
    "EndCall",
    "Hello",
    "JoinCall",
    "Left",
    "MarkConversation",
    "MarksNews",
    "MessageNews",
    "PresenceNews",
    "Resume",
    "Resumed",
    "SendMessage",
    "SendSignal",
    "SignalNews",
    "StartCall",
    "Typing",
    "TypingNews",
    "WatchPresence",
]

MOST_RESUMED = 500
MOST_WATCHED = 50
Number = Annotated[int, msgspec.Meta(ge=0, le=1 << 62)]


# Commands. What is called `ref` comes back with the answer.


class SendMessage(NewMessage, frozen=True, tag="message.send", kw_only=True):
    conversation_id: UUID
    ref: str | None = None


class EditMessage(msgspec.Struct, frozen=True, tag="message.edit", forbid_unknown_fields=True):
    message_id: UUID
    content: str
    ref: str | None = None


class DeleteMessage(msgspec.Struct, frozen=True, tag="message.delete", forbid_unknown_fields=True):
    message_id: UUID
    ref: str | None = None


class MarkConversation(msgspec.Struct, frozen=True, tag="mark", forbid_unknown_fields=True):
    conversation_id: UUID
    read_seq: Number = 0
    delivered_seq: Number = 0
    ref: str | None = None


class Typing(msgspec.Struct, frozen=True, tag="typing", forbid_unknown_fields=True):
    conversation_id: UUID
    ref: str | None = None


class Resume(msgspec.Struct, frozen=True, tag="resume", forbid_unknown_fields=True):
    """The last `change` seen of each conversation."""

    conversations: Annotated[dict[UUID, Number], msgspec.Meta(max_length=MOST_RESUMED)]
    ref: str | None = None


class WatchPresence(msgspec.Struct, frozen=True, tag="presence.watch", forbid_unknown_fields=True):
    """Instead of those watched before."""

    user_ids: Annotated[list[UUID], msgspec.Meta(max_length=MOST_WATCHED)]
    ref: str | None = None


class StartCall(msgspec.Struct, frozen=True, tag="call.start", forbid_unknown_fields=True):
    conversation_id: UUID
    media: CallMedia = "audio"
    ref: str | None = None


class JoinCall(msgspec.Struct, frozen=True, tag="call.join", forbid_unknown_fields=True):
    """This connection is the one that talks: it is told the other's signals above `since`."""

    call_id: UUID
    since: Number = 0
    ref: str | None = None


class AnswerCall(msgspec.Struct, frozen=True, tag="call.answer", forbid_unknown_fields=True):
    call_id: UUID
    ref: str | None = None


class EndCall(msgspec.Struct, frozen=True, tag="call.end", forbid_unknown_fields=True):
    call_id: UUID
    ref: str | None = None


class SendSignal(NewSignal, frozen=True, tag="call.signal", kw_only=True):
    call_id: UUID
    ref: str | None = None


Command = (
    SendMessage
    | EditMessage
    | DeleteMessage
    | MarkConversation
    | Typing
    | Resume
    | WatchPresence
    | StartCall
    | JoinCall
    | AnswerCall
    | EndCall
    | SendSignal
)
COMMANDS = frozenset(
    {
        "message.send",
        "message.edit",
        "message.delete",
        "mark",
        "typing",
        "resume",
        "presence.watch",
        "call.start",
        "call.join",
        "call.answer",
        "call.end",
        "call.signal",
    }
)


# What the client is told.


class Hello(msgspec.Struct, frozen=True, tag="hello"):
    """The first frame: from now on nothing is missed. `beat_s` is how often a `ping` comes."""

    user_id: UUID
    beat_s: float


class MessageNews(msgspec.Struct, frozen=True, tag="message"):
    """A message is new or has changed."""

    message: Message


class Resumed(msgspec.Struct, frozen=True):
    """How many changes were told before this answer."""

    changes: int


class ConversationNews(msgspec.Struct, frozen=True, tag="conversation"):
    """Something about a conversation itself is different: read it again."""

    conversation_id: str


class Left(msgspec.Struct, frozen=True, tag="left"):
    """You are not in it any more."""

    conversation_id: str


class MarksNews(msgspec.Struct, frozen=True, tag="marks"):
    conversation_id: str
    user_id: str
    read_seq: int
    delivered_seq: int


class TypingNews(msgspec.Struct, frozen=True, tag="typing"):
    conversation_id: str
    user_id: str


class PresenceNews(msgspec.Struct, frozen=True, tag="presence"):
    """Who of those watched is online."""

    online: list[UUID]


class CallNews(msgspec.Struct, frozen=True, tag="call"):
    """A call of yours begins to ring, is answered or over."""

    call: Call


class SignalNews(msgspec.Struct, frozen=True, tag="signal"):
    signal: Signal


class CallStarted(msgspec.Struct, frozen=True):
    """The answer to call.start and call.join. `signals` are the other's so far."""

    call: Call
    ice_servers: list[IceServer]
    signals: list[Signal] = []
