"""What a member sent, and where they take part, for a copy of it."""

from datetime import datetime
from typing import Any

import msgspec

from threadly.platform.db import sql
from threadly.platform.ids import UUID

__all__ = [
    "EXPORT_CONVERSATIONS",
    "EXPORT_MESSAGES",
    "ExportedConversation",
    "ExportedMessage",
]


class ExportedConversation(msgspec.Struct, frozen=True):
    """Who else takes part is theirs."""

    id: UUID
    kind: str
    title: str | None
    role: str
    muted: bool
    joined_at: datetime


class ExportedMessage(msgspec.Struct, frozen=True):
    """Only what the member sent: what others wrote to them is the others'."""

    id: UUID
    conversation_id: UUID
    kind: str
    content: str
    media: Any
    files: Any
    created_at: datetime
    edited_at: datetime | None
    deleted_at: datetime | None


EXPORT_CONVERSATIONS = sql(
    "messaging.export_conversations",
    """
    SELECT c.id, c.kind, c.title, m.role, m.muted, m.joined_at
    FROM messaging.members m JOIN messaging.conversations c ON c.id = m.conversation_id
    WHERE m.user_id = $1 AND m.conversation_id > $2 ORDER BY m.conversation_id LIMIT $3
    """,
    into=ExportedConversation,
)
EXPORT_MESSAGES = sql(
    "messaging.export_messages",
    """
    SELECT id, conversation_id, kind, content, media, files, created_at, edited_at, deleted_at
    FROM messaging.messages WHERE sender_id = $1 AND id > $2 ORDER BY id LIMIT $3
    """,
    into=ExportedMessage,
)
