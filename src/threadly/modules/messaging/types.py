"""What may leave messaging by its door: frozen, plain, the same over the API, the socket and in pages."""

from datetime import datetime
from typing import Any, Literal

import msgspec

from threadly.modules.media import File, Media
from threadly.platform.ids import UUID

__all__ = [
    "Call",
    "CallMedia",
    "CallState",
    "Changes",
    "Conversation",
    "ConversationKind",
    "IceServer",
    "Marks",
    "Member",
    "Message",
    "MessageKind",
    "MessageState",
    "Person",
    "Signal",
    "SignalKind",
]

ConversationKind = Literal["direct", "group"]
MessageKind = Literal["text", "notice", "call"]
# `held` waits for a moderator and only its sender sees it; `hidden` was taken down by one; `blocked` is in a
# group and of somebody whom its reader blocks.
MessageState = Literal["sent", "held", "hidden", "blocked", "deleted"]
Role = Literal["owner", "member"]
CallMedia = Literal["audio", "video"]
CallState = Literal["ringing", "answered", "ended", "declined", "cancelled", "missed"]
SignalKind = Literal["offer", "answer", "candidate"]


class Person(msgspec.Struct, frozen=True, gc=False):
    id: UUID
    username: str
    name: str
    avatar_url: str | None


class Message(msgspec.Struct, frozen=True):
    """One message as one member sees it. `seq` is its place in the conversation, `change` grows with whatever
    becomes of it. `sender` is null when that member has left the community; `content` is empty unless `state`
    is `sent` or it is one's own. Of a notice, `content` is what happened (`added`, `left`, …) and `about`
    names of whom; of a call its outcome (`missed`, `declined`, `cancelled`, or how many seconds it took).
    `client_id` is what the sender's program called it, for nobody else to see. `media` are its images,
    `files` what else it carries."""

    id: UUID
    conversation_id: UUID
    seq: int
    change: int
    kind: MessageKind
    state: MessageState
    content: str
    sender_id: UUID
    sender: Person | None
    media: list[Media]
    files: list[File]
    about: list[str]
    client_id: str | None
    created_at: datetime
    edited_at: datetime | None


class Conversation(msgspec.Struct, frozen=True):
    """A conversation as one of its members sees it. `people` are some of the others (at most 5),
    `unread_count` stops at 100, `blocked` says that one of two blocks the other: nothing can be sent."""

    id: UUID
    kind: ConversationKind
    title: str | None
    created_at: datetime
    active_at: datetime
    last_seq: int
    change: int
    role: Role
    muted: bool
    read_seq: int
    delivered_seq: int
    member_count: int
    people: list[Person]
    unread_count: int
    last_message: Message | None
    blocked: bool


class Member(msgspec.Struct, frozen=True):
    """A member of a conversation, and how far messages reached them and were read."""

    id: UUID
    username: str
    name: str
    avatar_url: str | None
    role: Role
    read_seq: int
    delivered_seq: int


class Marks(msgspec.Struct, frozen=True):
    """How far one member has got in one conversation."""

    conversation_id: UUID
    user_id: UUID
    read_seq: int
    delivered_seq: int


class Changes(msgspec.Struct, frozen=True):
    """Messages of one conversation that are new or changed, in the order of `change`. Ask again above the
    last one's while there are `more`."""

    messages: list[Message]
    more: bool


class Call(msgspec.Struct, frozen=True):
    """A call from one member to another."""

    id: UUID
    conversation_id: UUID
    media: CallMedia
    state: CallState
    started_at: datetime
    answered_at: datetime | None
    ended_at: datetime | None
    caller: Person
    callee: Person


class Signal(msgspec.Struct, frozen=True):
    """What one browser tells the other: `body` is a session description or a candidate, as JSON text."""

    call_id: UUID
    number: int
    sender_id: UUID
    kind: SignalKind
    body: str


class IceServer(msgspec.Struct, frozen=True, omit_defaults=True):
    """As `RTCPeerConnection` takes it: https://www.w3.org/TR/webrtc/#rtciceserver-dictionary"""

    urls: list[str]
    username: str = ""
    credential: str = ""


class MessageRow(msgspec.Struct, frozen=True):
    """What a statement fills; `verbs/rows.py` makes a Message of it."""

    id: UUID
    conversation_id: UUID
    seq: int
    change: int
    kind: MessageKind
    content: str
    sender_id: UUID
    username: str | None
    name: str | None
    avatar_url: str | None
    media: Any
    files: Any
    about: list[str]
    client_id: str | None
    created_at: datetime
    edited_at: datetime | None
    deleted: bool
    hidden: bool
    shown: bool
    folded: bool
