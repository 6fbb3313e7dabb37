"""Kept traces, found by what operators know of them."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from threadly.modules.atlas.repository.searching import FIND_JOURNEYS, SEARCH_JOURNEYS
from threadly.modules.atlas.rules.journeys import summary_of
from threadly.modules.atlas.types import JourneySummary
from threadly.modules.atlas.verbs.journeys import MAY_OBSERVE
from threadly.platform.db import containing
from threadly.platform.ids import LAST_ID, UUID
from threadly.platform.work import Work

__all__ = ["FoundJourney", "JourneySearch", "find_journeys", "search_journeys"]


class JourneySearch(msgspec.Struct, frozen=True):
    """Everything that is named must be met, by the first part of a trace. `words` are in its name and error,
    `routes` in its name, all in lower case; `statuses` are the lowest and the highest."""

    words: Sequence[str] = ()
    routes: Sequence[str] = ()
    trace_id: str | None = None
    statuses: tuple[int, int] | None = None
    slower_us: int | None = None
    user_id: UUID | None = None
    since: datetime | None = None


class FoundJourney(msgspec.Struct, frozen=True):
    """`id` is its place in the list, in the order in which traces were kept."""

    id: UUID
    journey: JourneySummary


async def search_journeys(
    work: Work, *, sought: JourneySearch, before: UUID = LAST_ID, limit: int = 20
) -> list[FoundJourney]:
    """Those kept last first, at most `limit`. Raises SignInRequired, Denied."""
    work.actor.require(MAY_OBSERVE)
    rows = await work.all(
        SEARCH_JOURNEYS,
        *(before, limit, _patterns(sought.words), _patterns(sought.routes), sought.trace_id),
        *(sought.statuses or (None, None)),
        *(sought.slower_us, sought.user_id, sought.since),
    )
    return [FoundJourney(row.id, summary_of(row)) for row in rows]


async def find_journeys(work: Work, *, trace_ids: Sequence[str]) -> dict[str, JourneySummary]:
    """Those of these traces that were kept. Raises SignInRequired, Denied."""
    work.actor.require(MAY_OBSERVE)
    if not trace_ids:
        return {}
    return {row.trace_id: summary_of(row) for row in await work.all(FIND_JOURNEYS, list(trace_ids))}


def _patterns(words: Sequence[str]) -> list[str]:
    return [containing(word) for word in words]
