"""What search does later, or on a schedule."""

# ruff: noqa: ARG001  # what is due names its subject and turn, which make one job of one turn

from collections.abc import Sequence
from functools import partial
from typing import Final

from threadly.modules.search.building import SAMPLED, build, embed_pending
from threadly.modules.search.embedder import embedder
from threadly.modules.search.kinds import KINDS
from threadly.modules.search.repository.finding import CURRENT
from threadly.modules.search.repository.generations import (
    BEGIN,
    COUNT,
    DUE_INDEXES,
    LIST_GENERATIONS,
    RECOUNT,
)
from threadly.modules.search.repository.meanings import DUE_MEANINGS
from threadly.platform.durable import Job, Run, Schedule, job
from threadly.platform.durable.due import Watch
from threadly.platform.work import Work

__all__ = ["JOBS", "SCHEDULES", "WATCHES", "embed", "index_community", "rebuild", "recount"]


@job("search.rebuild", queue="search")
async def rebuild(run: Run, *, generation_id: int) -> None:
    """Fill an index that was begun, and let it take over."""
    async for _ in build(run, generation_id=generation_id, embedder=embedder):
        pass


@job("search.index_community", queue="search")
async def index_community(run: Run, *, subject_id: str, tries: int) -> None:
    """The first index of a community, which has none."""
    generation_id = await run.transact("begin", _begin_first)
    if generation_id is not None:
        async for _ in build(run, generation_id=generation_id, embedder=embedder):
            pass


@job("search.embed", queue="search")
async def embed(run: Run, *, subject_id: str, tries: int) -> None:
    """What was published or changed gets its meaning; what came meanwhile is taken along."""
    await run.step("embed", partial(embed_pending, run.works, run.tenant, embedder))


@job("search.recount", queue="search")
async def recount(run: Run) -> None:
    """How many documents there are, and how many have each word."""
    await run.transact("recount", _recount)


async def _begin_first(work: Work) -> int | None:
    if any(each.state != "retired" for each in await work.all(LIST_GENERATIONS, 1)):
        return None
    total = 0
    for kind in KINDS:
        total += await work.one(COUNT[kind.name]) or 0
    return await work.one(BEGIN, "Starting", total, None, work.now)


async def _recount(work: Work) -> None:
    current = await work.one(CURRENT)
    if current is not None:
        await work.run(RECOUNT, current.id, SAMPLED)


JOBS: Final[Sequence[Job]] = [rebuild, index_community, embed, recount]
SCHEDULES: Final[Sequence[Schedule]] = [Schedule("41 * * * *", recount)]
WATCHES: Final[Sequence[Watch]] = [
    Watch("search.indexes", DUE_INDEXES, index_community),
    Watch("search.meanings", DUE_MEANINGS, embed),
]
