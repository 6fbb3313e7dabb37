"""Experiments: what can be tried, what is going on, what there was. With and without a script."""

from datetime import datetime
from typing import Any, Final

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.types import ControllerRouterHandler

from threadly.modules import atlas, payments
from threadly.modules.atlas.errors import ExperimentMissing
from threadly.modules.atlas.experiments import Experiment, Fault, State
from threadly.modules.atlas.rules.experiments import FAULTS, are_experiments_on, list_offered
from threadly.modules.atlas.verbs.experiments import may_experiment
from threadly.platform.errors import Kind, Refusal
from threadly.platform.http.edge import Edge
from threadly.platform.http.following import UNFOLLOWED
from threadly.platform.ids import id_of
from threadly.platform.work import Work
from threadly.web import Flash, Moment, moment
from threadly.web.forms import fields_of, next_of
from threadly.web.pages import Pages

__all__ = ["now_running", "routes"]

PATH: Final = "/map/experiments"
SHOWN: Final = 20
DURATIONS_S: Final = (10, 20, 30, 60, 120, 300, 600)
TARGETS: Final = {
    "sandbox": "Sandbox",
    "postgresql": "PostgreSQL",
    "valkey": "Valkey",
    "worker": "Worker",
    "web": "Web process",
    "relay": "Relay",
}
# Their certificates are theirs: who stood in between could not be trusted.
SEALED: Final = {"stripe": "Stripe", "paypal": "PayPal"}
# Answers that concern what was asked for, not who asks.
_SAID_ON_THE_PAGE: Final = (Kind.INVALID, Kind.CONFLICT, Kind.LIMITED)


class FaultView(msgspec.Struct, frozen=True):
    """A card; `is_offered` is False where nothing of ours stands in front of its target."""

    fault: Fault
    target: str
    is_offered: bool


class ExperimentView(msgspec.Struct, frozen=True):
    """`duration` is for how long it was, or is, going on."""

    id: str
    name: str
    target: str
    state: State
    remaining_s: int
    by: str
    began: Moment
    duration: str
    ended: str
    effect: str | None


class Now(msgspec.Struct, frozen=True):
    """What everybody is told of experiments that are running."""

    is_on: bool
    running: list[ExperimentView]
    may_end: bool


class Lists(msgspec.Struct, frozen=True):
    now: Now
    before: list[ExperimentView]


@get(PATH, include_in_schema=False, opt={UNFOLLOWED: True})
async def show_experiments(edge: NamedDependency[Edge], pages: NamedDependency[Pages]) -> Response[str]:
    settings = edge.runtime.settings
    offered = list_offered(settings)
    lists = await edge.read(_look, fresh=True)
    return await pages.show(
        edge,
        "atlas/experiments.html",
        may=lists.now.may_end,
        faults=[FaultView(each, TARGETS[each.target], each in offered) for each in FAULTS],
        durations=DURATIONS_S,
        sealed=[SEALED[each.provider] for each in payments.list_methods(settings) if each.provider in SEALED],
        now=lists.now,
        before=lists.before,
    )


@get(f"{PATH}/running", include_in_schema=False, opt={UNFOLLOWED: True})
async def show_running(edge: NamedDependency[Edge], pages: NamedDependency[Pages]) -> Response[str]:
    """The banner alone: it asks for itself again."""
    return await pages.fragment(edge, "atlas/_experiments.html", now=await now_running(edge))


@post(PATH, include_in_schema=False)
async def start(edge: NamedDependency[Edge], pages: NamedDependency[Pages]) -> Response[Any]:
    typed = await fields_of(edge)
    fault = next((each for each in FAULTS if each.kind == typed.get("kind")), None)
    if fault is None:
        raise ExperimentMissing
    duration = typed.get("duration_s", "")
    duration_s = int(duration) if duration.isascii() and duration.isdigit() and len(duration) < 5 else None
    try:
        made = await edge.write(
            lambda work: atlas.start_experiment(work, kind=fault.kind, duration_s=duration_s)
        )
    except Refusal as refusal:
        if refusal.kind not in _SAID_ON_THE_PAGE:
            raise
        return pages.redirect(edge, PATH, flash=Flash("error", refusal.message))
    said = f"{made.name}: on its way. It ends by itself in {made.remaining_s} s."
    return pages.redirect(edge, PATH, flash=Flash("success", said))


@post(f"{PATH}/{{experiment_id:str}}/end", include_in_schema=False)
async def end(
    edge: NamedDependency[Edge], pages: NamedDependency[Pages], experiment_id: FromPath[str]
) -> Response[Any]:
    wanted = id_of(experiment_id, ExperimentMissing)
    await edge.write(lambda work: atlas.end_experiment(work, experiment_id=wanted))
    to = await next_of(edge, default=PATH)
    return pages.redirect(edge, to, flash=Flash("success", "Ended. What it broke mends itself now."))


async def now_running(edge: Edge) -> Now:
    """For the banner, `atlas/_experiments.html`."""
    if not are_experiments_on(edge.runtime.settings):
        return Now(is_on=False, running=[], may_end=False)
    return await edge.read(_running, fresh=True)


async def _look(work: Work) -> Lists:
    now = await _running(work)
    if not now.may_end:
        return Lists(now, [])
    page = await atlas.list_experiments(work, limit=SHOWN)
    return Lists(now, [_view_of(each, work.now) for each in page.items if each.state == "ended"])


async def _running(work: Work) -> Now:
    running = await atlas.list_running_experiments(work)
    return Now(
        is_on=are_experiments_on(work.settings),
        running=[_view_of(each, work.now) for each in running],
        may_end=may_experiment(work),
    )


def _view_of(each: Experiment, now: datetime) -> ExperimentView:
    lasted = (each.ended_at or each.until) - each.started_at
    return ExperimentView(
        id=str(each.id),
        name=each.name,
        target=TARGETS.get(each.target, each.target),
        state=each.state,
        remaining_s=each.remaining_s,
        by=f"@{each.started_by}" if each.started_by else "a guest",
        began=moment(each.started_at, now=now),
        duration=f"{round(lasted.total_seconds())} s",
        ended="by itself"
        if each.ended_reason == "time"
        else f"by {f'@{each.ended_by}' if each.ended_by else 'a guest'}",
        effect=each.effect,
    )


routes: list[ControllerRouterHandler] = [show_experiments, show_running, start, end]
