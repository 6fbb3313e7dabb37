"""Rows: what a statement fills by position."""

from datetime import datetime
from typing import Any

import msgspec

from threadly.modules.messaging.types import CallMedia, CallState, ConversationKind, Role
from threadly.platform.ids import UUID


class ConversationRow(msgspec.Struct, frozen=True):
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
    people: Any
    unread_count: int
    last_message: Any
    blocked: bool


class FoundRow(msgspec.Struct, frozen=True):
    id: UUID
    username: str


class DeskRow(msgspec.Struct, frozen=True):
    """A conversation whose row is locked, for its member who is about to write in it. `answered`: somebody
    else has written in it before. `silent_ids` have muted it."""

    kind: ConversationKind
    title: str | None
    role: Role
    last_seq: int
    last_change: int
    username: str
    name: str
    avatar_url: str | None
    member_ids: list[UUID]
    silent_ids: list[UUID]
    blocked: bool
    answered: bool


class NumbersRow(msgspec.Struct, frozen=True):
    seq: int
    change: int


class KeptRow(msgspec.Struct, frozen=True):
    """A message as its own module keeps it."""

    id: UUID
    conversation_id: UUID
    sender_id: UUID
    kind: str
    content: str
    created_at: datetime
    deleted: bool
    hidden: bool
    shown: bool
    has_media: bool
    file_names: list[str]


class KnownRow(msgspec.Struct, frozen=True):
    conversation_id: UUID
    change: int


class MarksRow(msgspec.Struct, frozen=True):
    """`news`: something that somebody else wrote is read now and was not before."""

    read_seq: int
    delivered_seq: int
    member_ids: list[UUID]
    news: bool


class CallRow(msgspec.Struct, frozen=True):
    id: UUID
    conversation_id: UUID
    media: CallMedia
    state: CallState
    started_at: datetime
    answered_at: datetime | None
    ended_at: datetime | None
    caller_id: UUID
    caller_username: str | None
    caller_name: str | None
    caller_avatar_url: str | None
    callee_id: UUID
    callee_username: str | None
    callee_name: str | None
    callee_avatar_url: str | None
    caller_seen_at: datetime
    callee_seen_at: datetime
