"""What operators' tables forget, on a schedule and in bounded batches."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Final

from threadly.modules.admin.repository.alerts import FORGET_ALERTS, FORGET_NOTIFICATIONS, FORGET_SILENCES
from threadly.modules.admin.repository.costs import FORGET_CALL_COSTS, FORGET_COSTS
from threadly.modules.admin.repository.figures import (
    FORGET_BUSINESS,
    FORGET_PROCESS_MINUTES,
    FORGET_ROUTES,
)
from threadly.modules.admin.repository.indicators import FORGET_HOURS, FORGET_MINUTES
from threadly.modules.admin.repository.logs import FORGET_LINES_BEYOND, FORGET_OLD_LINES
from threadly.modules.admin.repository.processes import FORGET_PROCESSES, FORGET_SAMPLING
from threadly.platform.db import Statement
from threadly.platform.durable import Job, Run, Schedule, job
from threadly.platform.housekeeping import BATCH_ROWS, forget_in_batches, forget_older
from threadly.platform.work import Work

__all__ = ["JOBS", "SCHEDULES", "forget_costs", "forget_figures", "forget_lines"]

# Minutes of indicators are for windows of hours; hours are for the longest window that an objective may have.
FIGURES: Final[tuple[tuple[Statement[Any], timedelta], ...]] = (
    (FORGET_MINUTES, timedelta(days=2)),
    (FORGET_HOURS, timedelta(days=91)),
    (FORGET_ROUTES, timedelta(hours=3)),
    (FORGET_PROCESS_MINUTES, timedelta(hours=3)),
    (FORGET_BUSINESS, timedelta(days=400)),
    (FORGET_ALERTS, timedelta(days=90)),
    (FORGET_SILENCES, timedelta(days=90)),
    (FORGET_NOTIFICATIONS, timedelta(days=90)),
    (FORGET_SAMPLING, timedelta(days=90)),
)
COSTS_KEPT: Final = timedelta(days=92)


@job("admin.forget_figures")
async def forget_figures(run: Run) -> None:
    """Forget what was measured, and alerts that are long over."""
    for statement, kept in FIGURES:
        await forget_older(run, statement, kept)


@job("admin.forget_costs")
async def forget_costs(run: Run) -> None:
    await forget_older(run, FORGET_COSTS, COSTS_KEPT)
    await forget_older(run, FORGET_CALL_COSTS, COSTS_KEPT)


@job("admin.forget_log_lines")
async def forget_lines(run: Run) -> None:
    """Lines that are too old, and beyond so many the oldest; and processes that are gone."""
    await forget_in_batches(run, "old lines", _forget_old_lines)
    await forget_in_batches(run, "many lines", _forget_lines_beyond)
    await run.transact("processes", lambda work: work.one(FORGET_PROCESSES))


async def _forget_old_lines(work: Work) -> int:
    kept = timedelta(hours=work.settings.log_keep_hours)
    return await work.run(FORGET_OLD_LINES, work.now - kept, BATCH_ROWS)


async def _forget_lines_beyond(work: Work) -> int:
    return await work.run(FORGET_LINES_BEYOND, work.settings.log_keep_lines, BATCH_ROWS)


JOBS: Final[Sequence[Job]] = [forget_figures, forget_costs, forget_lines]
SCHEDULES: Final[Sequence[Schedule]] = [
    Schedule("27 * * * *", forget_figures),
    Schedule("40 4 * * *", forget_costs),
    Schedule("*/10 * * * *", forget_lines),
]
