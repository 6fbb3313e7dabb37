"""Copies of what is known of a member: asked for, listed, and downloaded by a signed link."""

import hmac
from datetime import timedelta
from typing import Final

from threadly.modules.identity.errors import ExportMissing, ExportOver, TooManyExports
from threadly.modules.identity.exports import GATHER, delete_parts, part_paths
from threadly.modules.identity.opaque import export_token
from threadly.modules.identity.repository.accounts import LOCK_MEMBER
from threadly.modules.identity.repository.exports import (
    COUNT_EXPORTS,
    FAIL_EXPORT,
    FIND_GATHERING,
    GET_EXPORT,
    GET_READABLE,
    INSERT_EXPORT,
    LIST_EXPORTS,
    LIST_PARTS_OF,
    Readable,
)
from threadly.modules.identity.rules import EXPORT_KEPT
from threadly.modules.identity.types import Export
from threadly.platform.ids import UUID, new_id
from threadly.platform.work import Work

__all__ = ["delete_exports_of", "get_export", "list_exports", "open_export", "request_export"]

MOST_A_DAY: Final = 3
LISTED: Final = 20
# No job takes so long; one that broke down must not keep its member from asking again.
GIVEN_UP_AFTER: Final = timedelta(hours=12)


async def request_export(work: Work) -> Export:
    """Have a copy of all that is known of the actor gathered; one that is being gathered is the answer too.

    Raises TooManyExports or SignInRequired.
    """
    me = work.actor.me
    await work.one(LOCK_MEMBER, me)  # so that two at once are one
    gathering = await work.one(FIND_GATHERING, me)
    if gathering is not None:
        if gathering.requested_at > work.now - GIVEN_UP_AFTER:
            return gathering
        await work.run(FAIL_EXPORT, gathering.id)
    if (await work.one(COUNT_EXPORTS, me, work.now - timedelta(days=1)) or 0) >= MOST_A_DAY:
        raise TooManyExports
    made = await work.one(INSERT_EXPORT, new_id(), me, work.now, work.now + EXPORT_KEPT)
    assert made is not None
    await work.enqueue(GATHER, export_id=str(made.id))
    return made


async def get_export(work: Work, *, export_id: UUID) -> Export:
    """The actor's own. Raises ExportMissing or SignInRequired."""
    found = await work.one(GET_EXPORT, export_id, work.actor.me)
    if found is None:
        raise ExportMissing
    return found


async def list_exports(work: Work) -> list[Export]:
    """The actor's own that are not over, the latest first. Raises SignInRequired."""
    return await work.all(LIST_EXPORTS, work.actor.me, work.now, LISTED)


async def open_export(work: Work, *, export_id: UUID, token: str) -> Readable:
    """What a signed link leads to, whoever opens it. Raises ExportMissing or ExportOver."""
    if not hmac.compare_digest(export_token(work.settings, export_id).encode(), token.encode()):
        raise ExportMissing
    found = await work.one(GET_READABLE, export_id)
    if found is None or found.expires_at <= work.now:
        raise ExportOver
    return found


async def delete_exports_of(work: Work, *, user_id: UUID) -> None:
    """What the storage keeps of somebody whose account is being deleted; the rows go with it."""
    paths = [path for each in await work.all(LIST_PARTS_OF, user_id) for path in part_paths(each)]
    if paths:
        await work.enqueue(delete_parts, paths=paths)
