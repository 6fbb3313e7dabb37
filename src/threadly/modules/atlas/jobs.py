"""What keeps the store of traces small, and the list of experiments."""

from collections.abc import Sequence
from datetime import timedelta

from threadly.modules.atlas.repository.experiments import FORGET_EXPERIMENTS
from threadly.modules.atlas.repository.parts import FORGET_PARTS, MEASURE_STORE, TRIM_PARTS
from threadly.modules.atlas.repository.shares import FORGET_SHARES
from threadly.platform.durable import Job, Run, Schedule, job
from threadly.platform.housekeeping import BATCH_ROWS, forget_in_batches
from threadly.platform.work import Work

__all__ = ["JOBS", "SCHEDULES", "trim_store"]

MIB = 1_048_576
# What was done stays in the audit log.
EXPERIMENTS_KEPT = timedelta(days=90)


@job("atlas.trim_store")
async def trim_store(run: Run) -> None:
    """Remove links that have lapsed, parts and experiments that are too old, and what does not fit: in
    batches, of which there are so many; what is left then waits for the next run."""
    for name, act in (
        ("shares", forget_shares),
        ("experiments", forget_experiments),
        ("old", forget_old),
        ("too much", trim),
    ):
        await forget_in_batches(run, name, act)


async def forget_shares(work: Work) -> int:
    return await work.run(FORGET_SHARES, work.now, BATCH_ROWS)


async def forget_experiments(work: Work) -> int:
    return await work.run(FORGET_EXPERIMENTS, work.now - EXPERIMENTS_KEPT, BATCH_ROWS)


async def forget_old(work: Work) -> int:
    kept = timedelta(hours=work.settings.trace_keep_hours)
    return await work.run(FORGET_PARTS, work.now - kept, BATCH_ROWS, work.now)


async def trim(work: Work) -> int:
    """How many rows were removed so that the rest fits, BATCH_ROWS at most."""
    most_bytes = work.settings.trace_store_mib * MIB
    found = await work.one(MEASURE_STORE)
    if found is None or found.size <= most_bytes:
        return 0
    return await work.run(TRIM_PARTS, most_bytes, BATCH_ROWS)


JOBS: Sequence[Job] = [trim_store]
SCHEDULES: Sequence[Schedule] = [Schedule("*/5 * * * *", trim_store)]
