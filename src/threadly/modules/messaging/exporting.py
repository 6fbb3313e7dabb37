"""What messaging gives to who asks for a copy of what is known of them."""

from collections.abc import AsyncIterator
from typing import Final

from threadly.modules.messaging.repository.exporting import (
    EXPORT_CONVERSATIONS,
    EXPORT_MESSAGES,
)
from threadly.platform.exporting import Files, Record, records
from threadly.platform.ids import UUID
from threadly.platform.work import Work

__all__ = ["export_member"]

FILES: Final[Files] = {
    "messaging/conversations": EXPORT_CONVERSATIONS,
    "messaging/messages_sent": EXPORT_MESSAGES,
}


async def export_member(work: Work, *, member_id: UUID) -> AsyncIterator[Record]:
    """The conversations a member takes part in, and what they sent there."""
    async for record in records(work, FILES, member_id):
        yield record
