"""What payments gives to who asks for a copy of what is known of them."""

from collections.abc import AsyncIterator
from typing import Final

from threadly.modules.payments.repository.exporting import (
    EXPORT_PAYMENTS,
)
from threadly.platform.exporting import Files, Record, records
from threadly.platform.ids import UUID
from threadly.platform.work import Work

__all__ = ["export_member"]

FILES: Final[Files] = {
    "payments/payments": EXPORT_PAYMENTS,
}


async def export_member(work: Work, *, member_id: UUID) -> AsyncIterator[Record]:
    """What a member paid, how, and what was given back."""
    async for record in records(work, FILES, member_id):
        yield record
