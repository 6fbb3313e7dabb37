"""What messaging does later, or on a schedule."""

from collections.abc import Sequence

from threadly.modules.messaging.verbs.calls import end_lost_calls
from threadly.platform.durable import Job, Run, Schedule, job

__all__ = ["JOBS", "SCHEDULES", "end_lost"]


@job("messaging.end_lost_calls")
async def end_lost(run: Run) -> None:
    """Calls that nobody took, or whose browsers are gone, end."""
    await run.transact("end", end_lost_calls)


JOBS: Sequence[Job] = [end_lost]
# A lost call keeps nobody's line busy meanwhile: this only writes down that it is over.
SCHEDULES: Sequence[Schedule] = [Schedule("*/5 * * * *", end_lost)]
