"""What moderation does later, or on a schedule."""

from datetime import timedelta
from functools import partial
from typing import Final

from threadly.modules import identity
from threadly.modules.moderation.keys import keyed_path
from threadly.modules.moderation.letters import suspension_letter
from threadly.modules.moderation.repository.deciding import FIND_IN_FORCE
from threadly.modules.moderation.repository.screening import FORGET_PRINTS
from threadly.modules.moderation.verbs.ending import end_suspensions, remove_due
from threadly.modules.moderation.verbs.learning import learn_from
from threadly.modules.moderation.verbs.suspending import NO_REASON
from threadly.platform.durable import Job, Run, Schedule, job
from threadly.platform.housekeeping import forget_older
from threadly.platform.ids import UUID
from threadly.platform.mail import Letter, deliver, site_url
from threadly.platform.work import Work

__all__ = ["JOBS", "SCHEDULES", "end_what_is_due", "forget_prints", "learn_case", "send_suspension"]

BATCH_SIZE = 100
BATCHES_MOST = 50
# Longer than any flood is counted over.
PRINTS_KEPT = timedelta(days=1)


@job("moderation.learn_case")
async def learn_case(run: Run, *, case_id: str) -> None:
    """The spam score learns, or unlearns, what was decided."""
    await run.transact("learn", partial(learn_from, case_id=UUID(case_id)))


@job("moderation.send_suspension", queue="mail")
async def send_suspension(run: Run, *, case_id: str) -> None:
    """The letter to a suspended member; nothing if it was undone in the meantime."""
    await deliver(run, partial(_letter, case_id=UUID(case_id)))


@job("moderation.end_what_is_due")
async def end_what_is_due(run: Run) -> None:
    """Deletion for good of what nobody can undo any more, and the end of suspensions."""
    for number in range(BATCHES_MOST):
        if await run.transact(f"removed {number}", partial(remove_due, limit=BATCH_SIZE)) < BATCH_SIZE:
            break
    for number in range(BATCHES_MOST):
        if await run.transact(f"ended {number}", partial(end_suspensions, limit=BATCH_SIZE)) < BATCH_SIZE:
            break


@job("moderation.forget_prints")
async def forget_prints(run: Run) -> None:
    await forget_older(run, FORGET_PRINTS, PRINTS_KEPT)


async def _letter(work: Work, *, case_id: UUID) -> Letter | None:
    decision = await work.one(FIND_IN_FORCE, case_id)
    if decision is None or decision.action != "suspend":
        return None
    for addressee in await identity.list_addressees(work, user_ids=[decision.user_id]):
        return suspension_letter(
            recipient=addressee.email,
            name=addressee.name,
            site=work.tenant.name,
            until=decision.until,
            reason=decision.note or NO_REASON,
            link=f"{await site_url(work)}{keyed_path(work.settings, case_id)}",
        )
    return None


JOBS: Final[list[Job]] = [learn_case, send_suspension, end_what_is_due, forget_prints]
SCHEDULES: Final[list[Schedule]] = [
    Schedule("*/5 * * * *", end_what_is_due),
    Schedule("37 * * * *", forget_prints),
]
