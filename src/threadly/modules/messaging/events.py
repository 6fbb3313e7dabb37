"""What happened in conversations."""

from threadly.platform.events import Event
from threadly.platform.ids import UUID

__all__ = ["EVENTS", "ConversationRead", "MessageSent"]


class MessageSent(Event, frozen=True, tag="messaging.message_sent"):
    """`recipient_ids` are the other members of the conversation, without those who muted it."""

    message_id: UUID
    conversation_id: UUID
    sender_id: UUID
    recipient_ids: tuple[UUID, ...] = ()


class ConversationRead(Event, frozen=True, tag="messaging.conversation_read"):
    """That member has read what others had written there by the time of this event."""

    conversation_id: UUID
    user_id: UUID


EVENTS = (MessageSent, ConversationRead)
