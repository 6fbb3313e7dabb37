"""Looking at what is promised and what waits, and raising alerts."""

from collections.abc import Sequence
from typing import Final

import msgspec

from threadly.modules import notifications, payments
from threadly.modules.admin.repository.alerts import (
    DROP_ALERT,
    INSERT_ALERT,
    INSERT_NOTIFICATION,
    LIST_OPEN_ALERTS,
    LIST_SILENCED,
    TAKE_TURN,
    UPDATE_ALERT,
)
from threadly.modules.admin.rules.alerting import Step, advance
from threadly.modules.admin.rules.burning import WINDOWS
from threadly.modules.admin.rules.conditions import (
    MOST_SHOWN,
    books_condition,
    delivery_condition,
    event_conditions,
    job_conditions,
    objective_conditions,
)
from threadly.modules.admin.telling import tell
from threadly.modules.admin.types.alerts import Condition, TellingRow
from threadly.modules.admin.types.objectives import Objective
from threadly.modules.admin.verbs.objectives import tallies_of
from threadly.platform.durable.backlog import EventBacklog, JobBacklog
from threadly.platform.ids import new_id
from threadly.platform.work import Work

__all__ = ["TURN_S", "evaluate", "find_conditions", "take_turn"]

# However many workers there are, one of them looks, this often.
TURN_S: Final = 50.0
ALL: Final = "*"


async def take_turn(work: Work) -> bool:
    """Whether it is this Work's turn to look: nobody's was within TURN_S."""
    return await work.run(TAKE_TURN, work.now, TURN_S) == 1


async def find_conditions(
    work: Work,
    *,
    objectives: Sequence[Objective],
    events: EventBacklog | None,
    jobs: Sequence[JobBacklog],
) -> list[Condition]:
    """All that is wrong in the Work's community; `events` are its own, `jobs` those it is to look after."""
    windows = sorted({*WINDOWS, *(each.window_days * 1_440 for each in objectives)})
    tallies = await tallies_of(work, objectives=objectives, windows=windows)
    differences = await payments.list_discrepancies(work, settled=False, limit=MOST_SHOWN)
    given_up = await notifications.count_undeliverable(work, at_most=MOST_SHOWN)
    return [
        *objective_conditions(objectives, tallies),
        *event_conditions(events, now=work.now),
        *job_conditions(jobs, now=work.now),
        *books_condition(len(differences.items)),
        *delivery_condition(given_up),
    ]


async def evaluate(work: Work, *, conditions: Sequence[Condition]) -> Step:
    """Bring the alerts where the conditions say, and have people told of what is news."""
    alerts = await work.all(LIST_OPEN_ALERTS)
    keys = [ALL, *(each.key for each in alerts), *(each.key for each in conditions)]
    silenced = set(await work.all(LIST_SILENCED, work.now, keys))
    step = advance(
        alerts,
        conditions,
        silenced=lambda key: key in silenced or ALL in silenced,
        now=work.now,
        new_id=new_id,
    )
    for alert in step.new:
        await _insert(work, alert)
    for alert in step.changed:
        await _update(work, alert)
    for alert in step.dropped:
        await work.run(DROP_ALERT, alert.id)
    for each in step.notifications:
        told = msgspec.to_builtins(each.alerts)
        await work.run(
            INSERT_NOTIFICATION, each.id, each.kind, each.category, each.severity, told, each.created_at
        )
        await tell(work, each)
    return step


async def _insert(work: Work, alert: TellingRow) -> None:
    await work.run(
        INSERT_ALERT,
        *(alert.id, alert.key, alert.category, alert.severity, alert.title, alert.detail, alert.runbook),
        *(alert.objective, alert.state, alert.began_at, alert.fired_at, alert.quiet_since),
        alert.told_severity,
    )


async def _update(work: Work, alert: TellingRow) -> None:
    await work.run(
        UPDATE_ALERT,
        *(alert.id, alert.severity, alert.title, alert.detail, alert.state, alert.fired_at),
        *(alert.quiet_since, alert.told_severity, work.now),
    )
