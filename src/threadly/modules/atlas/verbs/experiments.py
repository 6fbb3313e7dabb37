"""Experiments: started, ended early, looked at. The process of faults hears of them by the database alone."""

from datetime import timedelta
from typing import Final

from threadly.modules.atlas.errors import (
    ExperimentMissing,
    ExperimentNotOffered,
    ExperimentRunning,
    ExperimentsElsewhere,
    ExperimentsOff,
    TooManyExperiments,
)
from threadly.modules.atlas.events import BurstArrived
from threadly.modules.atlas.experiments import Experiment, ExperimentKind, Fault, State
from threadly.modules.atlas.repository.experiments import (
    COUNT_STARTED,
    END_EXPERIMENT,
    END_OVERDUE,
    FIND_EXPERIMENT,
    INSERT_EXPERIMENT,
    LIST_EXPERIMENTS,
    LIST_RUNNING,
    ExperimentRow,
)
from threadly.modules.atlas.rules.experiments import (
    FEWEST_S,
    MOST_S,
    are_experiments_on,
    fault_of,
    is_offered,
)
from threadly.platform.errors import InvalidInput
from threadly.platform.ids import UUID, new_id
from threadly.platform.paging import Keyset, Page, id_before, page_of
from threadly.platform.tenants import PUBLIC_TENANT_ID
from threadly.platform.work import Work

__all__ = [
    "EXPERIMENT",
    "end_experiment",
    "get_experiment",
    "list_experiments",
    "list_running_experiments",
    "may_experiment",
    "start_experiment",
]

EXPERIMENT: Final = "atlas.experiment"
# However many people of the demo press buttons.
MOST_A_MINUTE: Final = 10
# A supervisor gives up on a program that dies more than five times a minute.
BETWEEN_KILLS_S: Final = 15


def may_experiment(work: Work) -> bool:
    """Whether who acts may, here: on the demo everybody, elsewhere who holds the permission."""
    settings = work.settings
    return (
        are_experiments_on(settings)
        and work.tenant.id == PUBLIC_TENANT_ID
        and (settings.demo or work.actor.may(EXPERIMENT))
    )


async def start_experiment(work: Work, *, kind: ExperimentKind, duration_s: int | None = None) -> Experiment:
    """Have the fault happen, from about now on and for `duration_s` (by default as long as is good for it).

    Raises ExperimentsOff, ExperimentsElsewhere, SignInRequired, Denied, ExperimentNotOffered, InvalidInput,
    ExperimentRunning, TooManyExperiments.
    """
    _require(work)
    fault = fault_of(kind)
    if not is_offered(fault, work.settings):
        raise ExperimentNotOffered(
            f"{fault.name} is not possible here: nothing of ours stands in front of it."
        )
    duration_s = fault.default_s if duration_s is None else duration_s
    if not FEWEST_S <= duration_s <= MOST_S:
        raise InvalidInput(f"Choose from {FEWEST_S} to {MOST_S} seconds.", field="duration_s")
    await work.run(END_OVERDUE, work.now)
    await _require_calm(work, fault)
    experiment_id = await work.one(
        INSERT_EXPERIMENT,
        *(new_id(), kind, fault.target, fault.parameters),
        *(work.actor.user_id, work.now, work.now + timedelta(seconds=duration_s)),
    )
    if experiment_id is None:
        raise ExperimentRunning
    if kind == "fill-queue":
        _burst(work, experiment_id, fault)
    return await _get(work, experiment_id)


async def end_experiment(work: Work, *, experiment_id: UUID) -> None:
    """Before its time, if it is not over; twice is the same.

    Raises ExperimentsOff, ExperimentsElsewhere, SignInRequired, Denied, ExperimentMissing.
    """
    _require(work)
    await work.run(END_OVERDUE, work.now)
    if await work.one(END_EXPERIMENT, experiment_id, work.now, work.actor.user_id) is None:
        await _get(work, experiment_id)


async def get_experiment(work: Work, *, experiment_id: UUID) -> Experiment:
    """Raises ExperimentsOff, ExperimentsElsewhere, SignInRequired, Denied, ExperimentMissing."""
    _require(work)
    return await _get(work, experiment_id)


async def list_experiments(work: Work, *, after: Keyset | None = None, limit: int = 20) -> Page[Experiment]:
    """Newest first. Raises ExperimentsOff, ExperimentsElsewhere, SignInRequired, Denied."""
    _require(work)
    rows = await work.all(LIST_EXPERIMENTS, id_before(after), limit + 1)
    page = page_of(rows, limit=limit, key=lambda row: (str(row.id),))
    return Page([_experiment_of(row, work) for row in page.items], page.after)


async def list_running_experiments(work: Work) -> list[Experiment]:
    """For everybody, since everybody notices them; oldest first."""
    if not are_experiments_on(work.settings):
        return []
    return [_experiment_of(row, work) for row in await work.all(LIST_RUNNING, work.now)]


def _require(work: Work) -> None:
    if not are_experiments_on(work.settings):
        raise ExperimentsOff
    if not work.settings.demo:
        work.actor.require(EXPERIMENT)
    if work.tenant.id != PUBLIC_TENANT_ID:
        raise ExperimentsElsewhere


async def _require_calm(work: Work, fault: Fault) -> None:
    minute_ago = work.now - timedelta(minutes=1)
    if (await work.one(COUNT_STARTED, minute_ago, None) or 0) >= MOST_A_MINUTE:
        raise TooManyExperiments(retry_after_s=60)
    lately = work.now - timedelta(seconds=BETWEEN_KILLS_S)
    if fault.is_kill and (await work.one(COUNT_STARTED, lately, fault.kind) or 0) > 0:
        raise TooManyExperiments(
            "It has just been killed, and needs a moment to come back.", retry_after_s=BETWEEN_KILLS_S
        )


def _burst(work: Work, experiment_id: UUID, fault: Fault) -> None:
    for _ in range(fault.parameters["events"]):
        work.emit(BurstArrived(experiment_id=experiment_id, takes_ms=fault.parameters["each_ms"]))


async def _get(work: Work, experiment_id: UUID) -> Experiment:
    row = await work.one(FIND_EXPERIMENT, experiment_id)
    if row is None:
        raise ExperimentMissing
    return _experiment_of(row, work)


def _experiment_of(row: ExperimentRow, work: Work) -> Experiment:
    """As it is at this moment: one whose time is over has ended, whether or not that was noted yet."""
    is_over = row.ended_at is not None or row.until <= work.now
    state: State = "ended" if is_over else "running" if _has_begun(row) else "starting"
    left_s = (row.until - work.now).total_seconds()
    return Experiment(
        id=row.id,
        kind=row.kind,
        name=fault_of(row.kind).name,
        target=row.target,
        parameters=row.parameters,
        state=state,
        started_by=row.starter,
        started_at=row.started_at,
        until=row.until,
        remaining_s=0 if is_over else max(1, round(left_s)),
        effect=row.effect,
        ended_at=row.ended_at or (row.until if is_over else None),
        ended_by=row.ender,
        ended_reason=row.ended_reason or ("time" if is_over else None),
    )


def _has_begun(row: ExperimentRow) -> bool:
    return row.acknowledged_at is not None or row.kind == "fill-queue"
