"""The entries behind somebody's bell: listed, counted, read."""

from collections.abc import Collection, Sequence
from typing import cast

import msgspec

from threadly.modules.notifications.errors import NothingChosen
from threadly.modules.notifications.repository.reading import (
    COUNT_UNREAD,
    LIST_ENTRIES,
    LIST_NEWS,
    MARK_ALL_READ,
    MARK_READ,
    POSITION,
    EntryRow,
)
from threadly.modules.notifications.rules import excerpt_of, kinds_for, kinds_withheld_from, title_of, url_of
from threadly.modules.notifications.signals import ring
from threadly.modules.notifications.types import KINDS, Actor, Kind, Notification
from threadly.platform.ids import UUID
from threadly.platform.paging import Keyset, Page, page_of
from threadly.platform.work import Work

__all__ = [
    "MOST_NEWS",
    "count_unread",
    "entry_of",
    "get_position",
    "list_news",
    "list_notifications",
    "mark_all_read",
    "mark_read",
]

MOST_NEWS = 100
HIGHEST = (1 << 63) - 1


async def list_notifications(
    work: Work,
    *,
    unread: bool = False,
    kinds: Collection[Kind] = KINDS,
    after: Keyset | None = None,
    limit: int = 20,
) -> Page[Notification]:
    """What the actor was told, the latest first. Raises SignInRequired."""
    below = int(after[0]) if after else HIGHEST
    shown = [kind for kind in kinds_for(work.actor) if kind in kinds]
    rows = await work.all(LIST_ENTRIES, work.actor.me, below, unread, shown, limit + 1)
    return page_of([entry_of(row) for row in rows], limit=limit, key=lambda entry: (str(entry.position),))


async def count_unread(work: Work) -> int:
    """How many entries the actor has not read. Raises SignInRequired."""
    return await work.one(COUNT_UNREAD, work.actor.me, kinds_withheld_from(work.actor)) or 0


async def get_position(work: Work) -> int:
    """Up to where the actor was told: that of the latest entry, 0 without one. Raises SignInRequired."""
    return await work.one(POSITION, work.actor.me) or 0


async def list_news(work: Work, *, above: int, limit: int = MOST_NEWS) -> list[Notification]:
    """What the actor was told after that position, the oldest first. Raises SignInRequired."""
    rows = await work.all(LIST_NEWS, work.actor.me, above, limit, list(kinds_for(work.actor)))
    return [entry_of(row) for row in rows]


async def mark_read(work: Work, *, ids: Sequence[UUID]) -> int:
    """The actor has read those of them that are theirs; twice is the same. Returns how many are still unread.

    Raises SignInRequired, NothingChosen.
    """
    if not ids:
        raise NothingChosen
    if await work.one(MARK_READ, work.actor.me, work.now, list(ids)):
        ring(work, [work.actor.me])
    return await count_unread(work)


async def mark_all_read(work: Work, *, up_to: int = HIGHEST) -> int:
    """The actor has read all, or all up to that position: what came after they looked stays unread. Returns
    how many are still unread. Raises SignInRequired."""
    if await work.one(MARK_ALL_READ, work.actor.me, work.now, up_to):
        ring(work, [work.actor.me])
    return await count_unread(work)


def entry_of(row: EntryRow) -> Notification:
    actors = msgspec.convert(row.actors, list[Actor])
    kind = cast(Kind, row.kind)
    return Notification(
        id=row.id,
        kind=kind,
        title=title_of(
            kind,
            row.variant,
            names=[actor.name for actor in actors],
            actor_count=row.actor_count,
            count=row.fact_count,
            detail=row.detail,
            on_comment=row.post_reply_to is not None,
        ),
        text=excerpt_of(row.post_content) or str(row.detail.get("text", "")),
        url=url_of(
            kind,
            subject_id=row.subject_id,
            thread_id=row.post_reply_to,
            count=row.fact_count,
            username=actors[0].username if actors else None,
            detail=row.detail,
        ),
        count=row.fact_count,
        actor_count=row.actor_count,
        actors=actors,
        position=row.position,
        created_at=row.created_at,
        updated_at=row.updated_at,
        read_at=row.read_at,
    )
