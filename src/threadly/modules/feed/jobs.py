"""What the feed does on a schedule."""

from collections.abc import Sequence
from functools import partial

from threadly.modules.feed.repository.timelines import LIST_OWNERS, TRIM_TIMELINES
from threadly.platform.durable import Job, Run, Schedule, job
from threadly.platform.ids import FIRST_ID, UUID
from threadly.platform.work import Work

__all__ = ["JOBS", "SCHEDULES", "trim_timelines"]

OWNERS_PER_STEP = 500


@job("feed.trim_timelines")
async def trim_timelines(run: Run) -> None:
    """Every timeline down to the entries that are kept, some hundred owners per transaction."""
    last: str | None = str(FIRST_ID)
    number = 0
    while last is not None:
        number += 1
        last = await run.transact(f"trim-{number}", partial(trim_some, after=last))


async def trim_some(work: Work, *, after: str) -> str | None:
    """Trim the next owners with an id above `after`. Returns the last one's, None when there are no more."""
    owners = await work.all(LIST_OWNERS, UUID(after), OWNERS_PER_STEP)
    if not owners:
        return None
    await work.run(TRIM_TIMELINES, owners)
    return str(owners[-1])


JOBS: Sequence[Job] = [trim_timelines]
# What is beyond the length that is kept does no harm, it only takes space.
SCHEDULES: Sequence[Schedule] = [Schedule("23 * * * *", trim_timelines)]
