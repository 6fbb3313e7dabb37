"""Facts of the atlas."""

from threadly.platform.events import Event
from threadly.platform.ids import UUID

__all__ = ["EVENTS", "BurstArrived"]


class BurstArrived(Event, frozen=True, tag="atlas.burst_arrived"):
    """One of many of an experiment that fills a queue; it takes `takes_ms` to react to."""

    experiment_id: UUID
    takes_ms: int


EVENTS = (BurstArrived,)
