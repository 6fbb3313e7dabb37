"""What moderation gives to who asks for a copy of what is known of them."""

from collections.abc import AsyncIterator
from typing import Final

from threadly.modules.moderation.repository.exporting import (
    EXPORT_APPEALS,
    EXPORT_BLOCKS,
    EXPORT_CASES,
    EXPORT_DECISIONS,
    EXPORT_MUTES,
    EXPORT_REPORTS,
)
from threadly.platform.exporting import Files, Record, records
from threadly.platform.ids import UUID
from threadly.platform.work import Work

__all__ = ["export_member"]

FILES: Final[Files] = {
    "moderation/blocks": EXPORT_BLOCKS,
    "moderation/mutes": EXPORT_MUTES,
    "moderation/reports": EXPORT_REPORTS,
    "moderation/cases": EXPORT_CASES,
    "moderation/decisions": EXPORT_DECISIONS,
    "moderation/appeals": EXPORT_APPEALS,
}


async def export_member(work: Work, *, member_id: UUID) -> AsyncIterator[Record]:
    """Blocks, mutes and reports of a member; cases, decisions and appeals about them, without who reported
    or decided."""
    async for record in records(work, FILES, member_id):
        yield record
