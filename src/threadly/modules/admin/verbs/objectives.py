"""How well what is promised is kept."""

from collections.abc import Sequence
from datetime import timedelta

from threadly.modules import atlas
from threadly.modules.admin.errors.observing import ObjectiveMissing
from threadly.modules.admin.permissions import OBSERVE
from threadly.modules.admin.repository.alerts import LIST_OPEN_ALERTS
from threadly.modules.admin.repository.indicators import LIST_HOURS, SUM_WINDOWS
from threadly.modules.admin.rules.burning import (
    SHOWN_WINDOWS,
    budget_left,
    burn_points,
    burn_rate,
    lasts_days,
    window_burns,
)
from threadly.modules.admin.rules.counting import matches_route
from threadly.modules.admin.types.objectives import (
    AvailabilityIndicator,
    LatencyIndicator,
    Objective,
    ObjectiveDetail,
    ObjectiveStatus,
    Severity,
    Tally,
)
from threadly.modules.atlas import JourneySearch, JourneySummary
from threadly.platform.work import Work

__all__ = ["get_objective", "list_objectives", "tallies_of"]

DAY_MINUTES = 1_440
EXAMPLES_OF = timedelta(days=1)
SERVER_ERRORS = (500, 599)
MOST_SOUGHT = 200
MOST_EXAMPLES = 5


async def list_objectives(work: Work, *, objectives: Sequence[Objective]) -> list[ObjectiveStatus]:
    """All, in the order of their file. Raises SignInRequired, Denied."""
    work.actor.require(OBSERVE)
    windows = sorted({*SHOWN_WINDOWS, *(each.window_days * DAY_MINUTES for each in objectives)})
    tallies = await tallies_of(work, objectives=objectives, windows=windows)
    firing = await _firing(work)
    return [
        _status(each, tallies.get(each.name, {}), severity=firing.get(f"slo:{each.name}"))
        for each in objectives
    ]


async def get_objective(work: Work, *, objectives: Sequence[Objective], name: str) -> ObjectiveDetail:
    """One of them, with its hours. Raises SignInRequired, Denied and ObjectiveMissing."""
    work.actor.require(OBSERVE)
    objective = next((each for each in objectives if each.name == name), None)
    if objective is None:
        raise ObjectiveMissing
    (status,) = await list_objectives(work, objectives=[objective])
    since = work.now - timedelta(days=objective.window_days)
    rows = await work.all(LIST_HOURS, name, since, work.now)
    hours = [(row.at, Tally(row.good, row.total)) for row in rows]
    points = burn_points(objective, hours, since=since, until=work.now)
    return ObjectiveDetail(status, points, await _examples(work, objective))


async def tallies_of(
    work: Work, *, objectives: Sequence[Objective], windows: Sequence[int]
) -> dict[str, dict[int, Tally]]:
    """By objective and minutes looked back; what was not measured is left out."""
    rows = await work.all(SUM_WINDOWS, list(windows), work.now, [each.name for each in objectives])
    found: dict[str, dict[int, Tally]] = {}
    for row in rows:
        found.setdefault(row.objective, {})[row.minutes] = Tally(row.good, row.total)
    return found


async def _examples(work: Work, objective: Objective) -> list[JourneySummary]:
    """The newest requests of the last day that were bad, of those that are kept."""
    indicator, since = objective.indicator, work.now - EXAMPLES_OF
    if isinstance(indicator, AvailabilityIndicator):
        sought = JourneySearch(statuses=SERVER_ERRORS, since=since)
    elif isinstance(indicator, LatencyIndicator):
        sought = JourneySearch(slower_us=indicator.within_ms * 1_000, since=since)
    else:
        return []
    found = await atlas.search_journeys(work, sought=sought, limit=MOST_SOUGHT)
    meant = [
        each.journey
        for each in found
        if any(matches_route(pattern, each.journey.name) for pattern in indicator.routes)
    ]
    return meant[:MOST_EXAMPLES]


async def _firing(work: Work) -> dict[str, Severity]:
    return {each.key: each.severity for each in await work.all(LIST_OPEN_ALERTS) if each.state == "firing"}


def _status(objective: Objective, tallies: dict[int, Tally], *, severity: Severity | None) -> ObjectiveStatus:
    whole = tallies.get(objective.window_days * DAY_MINUTES, Tally())
    left = budget_left(objective, whole)
    lately = burn_rate(objective, tallies.get(DAY_MINUTES, Tally()))
    days = lasts_days(objective, left, lately)
    return ObjectiveStatus(
        name=objective.name,
        title=objective.title,
        description=objective.description,
        target=objective.target,
        window_days=objective.window_days,
        category=objective.category,
        runbook=objective.runbook,
        least_bad=objective.least_bad,
        good=whole.good,
        total=whole.total,
        good_share=round(100 * whole.good / whole.total, 4) if whole.total else None,
        budget_left=round(left, 4),
        spent_in_days=None if days is None else round(days, 1),
        burns=window_burns(objective, tallies),
        severity=severity,
    )
