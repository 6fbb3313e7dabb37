"""What notifications gives to who asks for a copy of what is known of them."""

from collections.abc import AsyncIterator
from typing import Final

from threadly.modules.notifications.repository.exporting import (
    EXPORT_CHOICES,
    EXPORT_NOTIFICATIONS,
    EXPORT_PHONE,
    EXPORT_RHYTHM,
    EXPORT_SUBSCRIPTIONS,
)
from threadly.platform.exporting import Files, Record, records
from threadly.platform.ids import UUID
from threadly.platform.work import Work

__all__ = ["export_member"]

FILES: Final[Files] = {
    "notifications/notifications": EXPORT_NOTIFICATIONS,
    "notifications/browsers": EXPORT_SUBSCRIPTIONS,
}


async def export_member(work: Work, *, member_id: UUID) -> AsyncIterator[Record]:
    """What a member was told, and how and where they want to be told."""
    async for record in records(work, FILES, member_id):
        yield record
    for choice in await work.all(EXPORT_CHOICES, member_id):
        yield Record("notifications/choices", choice)
    for rhythm in await work.all(EXPORT_RHYTHM, member_id):
        yield Record("notifications/rhythm", rhythm)
    for phone in await work.all(EXPORT_PHONE, member_id):
        yield Record("notifications/phone", phone)
