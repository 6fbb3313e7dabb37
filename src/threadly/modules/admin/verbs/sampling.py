"""Keeping more traces, for a while."""

from datetime import timedelta

from threadly.modules.admin.errors.operating import SamplingShareWrong, SamplingTooLong
from threadly.modules.admin.permissions import OBSERVE
from threadly.modules.admin.repository.processes import END_SAMPLING, FIND_RAISED, RAISE_SAMPLING
from threadly.modules.admin.types.processes import Raised, Sampling
from threadly.platform.ids import new_id
from threadly.platform.work import Work

__all__ = ["MOST_MINUTES", "end_sampling", "get_sampling", "raise_sampling"]

MOST_MINUTES = 24 * 60


async def get_sampling(work: Work) -> Sampling:
    """What counts now. Raises SignInRequired, Denied."""
    work.actor.require(OBSERVE)
    raised = await work.one(FIND_RAISED, work.now)
    return _sampling(work, raised)


async def raise_sampling(work: Work, *, share: float, minutes: int) -> Sampling:
    """Keep this share of traces, in all processes; what was asked before ends. Within 5 s it is so, and after
    that time it is as before.

    Raises SamplingShareWrong, SamplingTooLong, SignInRequired, Denied.
    """
    work.actor.require(OBSERVE)
    if not 0 < share <= 1:
        raise SamplingShareWrong
    if not 1 <= minutes <= MOST_MINUTES:
        raise SamplingTooLong
    await work.run(END_SAMPLING, work.now)
    until = work.now + timedelta(minutes=minutes)
    raised = await work.one(RAISE_SAMPLING, new_id(), share, work.actor.user_id, work.now, until)
    return _sampling(work, raised)


async def end_sampling(work: Work) -> None:
    """Back to the usual share now; twice is the same. Raises SignInRequired, Denied."""
    work.actor.require(OBSERVE)
    await work.run(END_SAMPLING, work.now)


def _sampling(work: Work, raised: Raised | None) -> Sampling:
    usual = work.settings.trace_sample
    if raised is None:
        return Sampling(usual, usual)
    return Sampling(max(usual, raised.share), usual, raised.until, raised.raised_by, raised.raised_at)
