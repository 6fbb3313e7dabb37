"""What the atlas does when something happened."""

from threadly.modules.atlas.events import BurstArrived
from threadly.modules.atlas.repository.experiments import TAKE_TIME
from threadly.platform.events import Reactions
from threadly.platform.work import Work

__all__ = ["wire"]


def wire(reactions: Reactions) -> None:
    reactions.on(BurstArrived, take_time, name="atlas.take_time")


async def take_time(work: Work, event: BurstArrived) -> None:
    """No longer than the experiment lasts: what is left of a burst then is done with at once."""
    await work.one(TAKE_TIME, event.experiment_id, event.takes_ms / 1000)
