"""Members among themselves: who blocks whom, and who does not want to read whom."""

from collections.abc import Collection
from typing import Literal

from threadly.modules import identity
from threadly.modules.moderation.errors import RelationsTooMany, SelfBlock
from threadly.modules.moderation.events import BlockEnded, BlockStarted, MuteEnded, MuteStarted
from threadly.modules.moderation.repository.relations import (
    BLOCK,
    BLOCKED_AMONG,
    BLOCKS_OF,
    COUNT_BLOCKED,
    COUNT_MUTED,
    LOCK_RELATIONS,
    MUTE,
    MUTES_OF,
    UNBLOCK,
    UNMUTE,
)
from threadly.modules.moderation.types import Relation
from threadly.platform.db import Statement
from threadly.platform.ids import UUID
from threadly.platform.paging import Keyset, Page, id_before, page_of
from threadly.platform.work import Work

__all__ = [
    "block_member",
    "list_blocked_among",
    "list_relations",
    "mute_member",
    "unblock_member",
    "unmute_member",
]

# How many a member may block, and mute: lists that everybody's pages are held against.
RELATIONS_MOST = 5_000


async def block_member(work: Work, *, member: str) -> identity.Profile:
    """The actor and `member` (a username or an id) neither see nor reach each other from now on; twice is the
    same. Raises SignInRequired, identity.AccountMissing, SelfBlock, RelationsTooMany.
    """
    me, other = await _pair(work, member)
    await work.run(LOCK_RELATIONS, str(me))
    if await work.run(BLOCK, me, other.id, work.now):
        await _refuse_too_many(work, COUNT_BLOCKED, me)
        work.emit(BlockStarted(blocker_id=me, blocked_id=other.id))
    return other


async def unblock_member(work: Work, *, member: str) -> identity.Profile:
    """The actor does not block `member`, or not any more. Raises SignInRequired, identity.AccountMissing,
    SelfBlock."""
    me, other = await _pair(work, member)
    if await work.run(UNBLOCK, me, other.id):
        work.emit(BlockEnded(blocker_id=me, blocked_id=other.id))
    return other


async def mute_member(work: Work, *, member: str) -> identity.Profile:
    """The actor does not want to read `member`, who does not learn of it; twice is the same.

    Raises SignInRequired, identity.AccountMissing, SelfBlock, RelationsTooMany.
    """
    me, other = await _pair(work, member)
    await work.run(LOCK_RELATIONS, str(me))
    if await work.run(MUTE, me, other.id, work.now):
        await _refuse_too_many(work, COUNT_MUTED, me)
        work.emit(MuteStarted(muter_id=me, muted_id=other.id))
    return other


async def unmute_member(work: Work, *, member: str) -> identity.Profile:
    """The actor reads `member` again. Raises SignInRequired, identity.AccountMissing, SelfBlock."""
    me, other = await _pair(work, member)
    if await work.run(UNMUTE, me, other.id):
        work.emit(MuteEnded(muter_id=me, muted_id=other.id))
    return other


async def list_blocked_among(work: Work, *, user_ids: Collection[UUID]) -> set[UUID]:
    """Those of `user_ids` whom the actor blocks or who block the actor; nobody for a guest."""
    if work.actor.user_id is None or not user_ids:
        return set()
    return set(await work.all(BLOCKED_AMONG, work.actor.user_id, list(user_ids)))


async def list_relations(
    work: Work, *, kind: Literal["block", "mute"], after: Keyset | None = None, limit: int = 20
) -> Page[Relation]:
    """Whom the actor blocks or mutes, the newest accounts first. Raises SignInRequired."""
    statement = BLOCKS_OF if kind == "block" else MUTES_OF
    rows = await work.all(statement, work.actor.me, id_before(after), limit + 1)
    return page_of(rows, limit=limit, key=lambda row: (str(row.id),))


async def _refuse_too_many(work: Work, count: Statement[int], me: UUID) -> None:
    """What was just added is taken back with all else of the Work."""
    if (await work.one(count, me) or 0) > RELATIONS_MOST:
        raise RelationsTooMany


async def _pair(work: Work, member: str) -> tuple[UUID, identity.Profile]:
    me = work.actor.me
    other = await identity.get_profile(work, id_or_username=member)
    if other.id == me:
        raise SelfBlock
    return me, other
