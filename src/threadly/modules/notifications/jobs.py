"""What notifications does later, or on a schedule."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from threadly.modules.notifications.repository.forgetting import FORGET_ENTRIES, FORGET_FACTS
from threadly.modules.notifications.verbs.telling import post_fact, tell_followers
from threadly.platform.durable import Job, Run, Schedule, job
from threadly.platform.housekeeping import forget_older
from threadly.platform.ids import UUID
from threadly.platform.work import Work

__all__ = ["JOBS", "SCHEDULES", "TOLD_WITH_EVENT", "forget_old", "tell_more_followers"]

# Followers who are told with the event itself, for which others wait, such as the post's way into feeds. The
# rest are told by a job.
TOLD_WITH_EVENT = 50
# Batches of a thousand in one transaction of that job.
BATCHES_PER_STEP = 10
# Longer than events are kept for replay: what is forgotten is not told again.
KEPT = timedelta(days=90)


# One at a time: two posts of one author are told in the same entries, and would wait for each other's locks.
@job("notifications.tell_more_followers", queue="notifications.followers", at_once=1)
async def tell_more_followers(
    run: Run, *, post_id: str, author_id: str, after: str, but: Sequence[str], happened_at: str = ""
) -> None:
    """The followers beyond those who are told with the event, ten thousand per step. A job of an older
    version does not say when it happened."""
    last: str | None = after
    at = datetime.fromisoformat(happened_at) if happened_at else None
    number = 0
    while last is not None:
        number += 1
        told = partial(
            _tell_some,
            post_id=UUID(post_id),
            author_id=UUID(author_id),
            after=UUID(last),
            but=[UUID(each) for each in but],
            at=at,
        )
        last = await run.transact(f"tell-{number}", told)


async def _tell_some(
    work: Work, *, post_id: UUID, author_id: UUID, after: UUID, but: list[UUID], at: datetime | None
) -> str | None:
    work.happened_at = at or work.now
    fact = post_fact(post_id, author_id)
    last = await tell_followers(work, fact, after=after, but=but, batches=BATCHES_PER_STEP)
    return None if last is None else str(last)


@job("notifications.forget_old")
async def forget_old(run: Run) -> None:
    """Entries that nothing was added to for a quarter of a year, and the facts behind them."""
    await forget_older(run, FORGET_ENTRIES, KEPT)
    await forget_older(run, FORGET_FACTS, KEPT)


JOBS: Final[list[Job]] = [tell_more_followers, forget_old]
SCHEDULES: Final[list[Schedule]] = [Schedule("37 2 * * *", forget_old)]
