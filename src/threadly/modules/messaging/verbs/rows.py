"""From rows to what leaves messaging."""

from datetime import datetime
from typing import Any

import msgspec

from threadly.modules import media
from threadly.modules.messaging.repository.rows import CallRow, ConversationRow
from threadly.modules.messaging.types import (
    Call,
    Conversation,
    Message,
    MessageRow,
    MessageState,
    Person,
)
from threadly.platform.ids import UUID
from threadly.platform.work import Work

__all__ = ["call_of", "conversation_of", "message_of", "messages_of"]


def message_of(work: Work, row: MessageRow) -> Message:
    known = row.username is not None and row.name is not None
    return Message(
        id=row.id,
        conversation_id=row.conversation_id,
        seq=row.seq,
        change=row.change,
        kind=row.kind,
        state=_state(row),
        content=row.content,
        sender_id=row.sender_id,
        sender=Person(row.sender_id, row.username or "", row.name or "", row.avatar_url) if known else None,
        media=_media_of(work, row.media),
        files=_files_of(work, row.files),
        about=row.about,
        client_id=row.client_id,
        created_at=row.created_at,
        edited_at=row.edited_at,
    )


def messages_of(work: Work, rows: list[MessageRow]) -> list[Message]:
    return [message_of(work, row) for row in rows]


def conversation_of(work: Work, row: ConversationRow) -> Conversation:
    last = msgspec.convert(row.last_message, MessageRow | None) if row.last_message else None
    return Conversation(
        id=row.id,
        kind=row.kind,
        title=row.title,
        created_at=row.created_at,
        active_at=row.active_at,
        last_seq=row.last_seq,
        change=row.change,
        role=row.role,
        muted=row.muted,
        read_seq=row.read_seq,
        delivered_seq=row.delivered_seq,
        member_count=row.member_count,
        people=msgspec.convert(row.people, list[Person]),
        unread_count=row.unread_count,
        last_message=message_of(work, last) if last else None,
        blocked=row.blocked,
    )


def call_of(row: CallRow) -> Call:
    return Call(
        id=row.id,
        conversation_id=row.conversation_id,
        media=row.media,
        state=row.state,
        started_at=row.started_at,
        answered_at=row.answered_at,
        ended_at=row.ended_at,
        caller=_person(row.caller_id, row.caller_username, row.caller_name, row.caller_avatar_url),
        callee=_person(row.callee_id, row.callee_username, row.callee_name, row.callee_avatar_url),
    )


def seconds_between(begun_at: datetime | None, ended_at: datetime) -> int:
    return max(0, int((ended_at - begun_at).total_seconds())) if begun_at else 0


def _person(user_id: UUID, username: str | None, name: str | None, avatar_url: str | None) -> Person:
    return Person(user_id, username or "", name or "Somebody who left", avatar_url)


def _state(row: MessageRow) -> MessageState:
    if row.deleted:
        return "deleted"
    if row.hidden:
        return "hidden" if row.shown else "held"
    return "blocked" if row.folded else "sent"


def _media_of(work: Work, stored: Any) -> list[media.Media]:
    if not stored:
        return []
    found = msgspec.convert(stored, list[media.StoredMedia])
    return [media.show(each, work.settings, work.now) for each in found]


def _files_of(work: Work, stored: Any) -> list[media.File]:
    if not stored:
        return []
    found = msgspec.convert(stored, list[media.StoredFile])
    return [media.show_file(each, work.settings, work.now) for each in found]
