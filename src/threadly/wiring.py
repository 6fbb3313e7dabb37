"""Who reacts to what, and which jobs and schedules there are: all of it, visibly."""

from threadly.modules import feed, identity
from threadly.modules.feed import jobs as feed_jobs
from threadly.modules.feed import reactions as feed_reactions
from threadly.modules.identity import jobs as identity_jobs
from threadly.platform import housekeeping
from threadly.platform.durable import Job, Schedule
from threadly.platform.events import Reactions

__all__ = ["JOBS", "SCHEDULES", "make_reactions"]

JOBS: list[Job] = [*housekeeping.JOBS, *identity_jobs.JOBS, *feed_jobs.JOBS]
SCHEDULES: list[Schedule] = [*housekeeping.SCHEDULES, *identity_jobs.SCHEDULES, *feed_jobs.SCHEDULES]


def make_reactions() -> Reactions:
    reactions = Reactions()
    reactions.declare(*identity.EVENTS, *feed.EVENTS)
    feed_reactions.wire(reactions)
    return reactions
