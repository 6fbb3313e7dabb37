"""What feed gives to who asks for a copy of what is known of them."""

from collections.abc import AsyncIterator
from typing import Final

from threadly.modules.feed.repository.exporting import (
    EXPORT_FOLLOWERS,
    EXPORT_FOLLOWING,
    EXPORT_LIKES,
    EXPORT_POSTS,
    EXPORT_REVISIONS,
)
from threadly.platform.exporting import Files, Record, records
from threadly.platform.ids import UUID
from threadly.platform.work import Work

__all__ = ["export_member"]

FILES: Final[Files] = {
    "feed/posts": EXPORT_POSTS,
    "feed/revisions": EXPORT_REVISIONS,
    "feed/likes": EXPORT_LIKES,
    "feed/following": EXPORT_FOLLOWING,
    "feed/followers": EXPORT_FOLLOWERS,
}


async def export_member(work: Work, *, member_id: UUID) -> AsyncIterator[Record]:
    """Posts, comments and what they said before; likes, follows and followers."""
    async for record in records(work, FILES, member_id):
        yield record
