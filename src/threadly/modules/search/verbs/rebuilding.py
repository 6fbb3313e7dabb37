"""The index of a community is built anew: when it has none, when an operator asks."""

from datetime import timedelta
from typing import Final

from threadly.modules.search.errors import RebuildRunning
from threadly.modules.search.jobs import rebuild
from threadly.modules.search.kinds import KINDS
from threadly.modules.search.repository.generations import (
    BEGIN,
    COUNT,
    LIST_GENERATIONS,
    RETIRE,
    GenerationRow,
)
from threadly.modules.search.types import Rebuild
from threadly.platform.work import Work

__all__ = ["SEARCH_REBUILD", "begin_rebuild", "list_indexes", "start_rebuild"]

SEARCH_REBUILD: Final = "search.rebuild"
# A batch takes a second or two: what has not moved for so long has nobody who works on it.
ABANDONED_AFTER: Final = timedelta(minutes=5)
MOST_LISTED: Final = 5


async def start_rebuild(work: Work) -> Rebuild:
    """A new index is begun, and a job that fills it. Raises SignInRequired, Denied, RebuildRunning."""
    begun = await begin_rebuild(work)
    await work.enqueue(rebuild, generation_id=begun.id)
    return begun


async def begin_rebuild(work: Work) -> Rebuild:
    """A new index, empty, which the events keep from now on. Raises SignInRequired, Denied,
    RebuildRunning."""
    work.actor.require(SEARCH_REBUILD)
    await work.run(RETIRE, work.now - ABANDONED_AFTER)
    if any(each.state == "building" for each in await list_indexes(work)):
        raise RebuildRunning
    total = 0
    for kind in KINDS:
        total += await work.one(COUNT[kind.name]) or 0
    begun = await work.one(BEGIN, "Starting", total, work.actor.user_id, work.now)
    assert begun
    return next(each for each in await list_indexes(work) if each.id == begun)


async def list_indexes(work: Work) -> list[Rebuild]:
    """The newest indexes, newest first: among them the one in use and the one being built. Raises
    SignInRequired, Denied."""
    work.actor.require(SEARCH_REBUILD)
    return [_rebuild(row) for row in await work.all(LIST_GENERATIONS, MOST_LISTED)]


def _rebuild(row: GenerationRow) -> Rebuild:
    return Rebuild(
        id=row.id,
        state=row.state,
        stage=row.stage,
        done=row.done,
        total=row.total,
        sizes=row.sizes,
        started_at=row.started_at,
        stepped_at=row.stepped_at,
        ended_at=row.ended_at,
    )
