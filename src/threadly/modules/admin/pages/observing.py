"""/admin/observe: how the system does, what is promised and how that is kept, and runbooks."""

from datetime import datetime
from typing import Any, Final

import msgspec
from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.types import ControllerRouterHandler

from threadly.modules.admin.letters import examples_path
from threadly.modules.admin.objectives import read_objectives
from threadly.modules.admin.pages.drawing import Bar, Line, bars, line
from threadly.modules.admin.pages.figures_view import overview_view
from threadly.modules.admin.pages.promises_view import BudgetView, budget_view
from threadly.modules.admin.pages.words import in_ms
from threadly.modules.admin.permissions import OBSERVE
from threadly.modules.admin.rest.observing import overview_of
from threadly.modules.admin.rules.burning import POLICY
from threadly.modules.admin.rules.conditions import in_words
from threadly.modules.admin.runbooks import get_runbook, list_runbooks
from threadly.modules.admin.types.objectives import (
    BooksIndicator,
    Objective,
    ObjectiveDetail,
    ReactionIndicator,
    WindowBurn,
)
from threadly.modules.admin.verbs.objectives import get_objective, list_objectives
from threadly.modules.atlas import JourneySummary
from threadly.platform.http.edge import Edge
from threadly.platform.http.following import UNFOLLOWED
from threadly.web.forms import by_htmx
from threadly.web.pages import Pages
from threadly.web.view import Moment, moment

__all__ = ["routes"]

# The drawings' own units.
CHART_WIDTH: Final = 720.0
CHART_HEIGHT: Final = 120.0
RECENT_HOURS: Final = 72
# The scale of the chart of rates ends where somebody is woken.
TOP_RATE: Final = POLICY[0].rate
# Looking at figures is no step of anybody's.
UNSEEN: Final = {UNFOLLOWED: True}


class ExampleView(msgspec.Struct, frozen=True):
    trace_id: str
    name: str
    at: Moment
    took: str
    status: str


class BurnView(msgspec.Struct, frozen=True):
    window: str
    rate: str
    says: str
    kind: str


class ObjectiveView(msgspec.Struct, frozen=True):
    """`even_y` is where the chart of rates has 1 ×, `top` its highest rate."""

    budget: BudgetView
    measured: list[str]
    measured_says: str
    window: str
    runbook: str
    burns: list[BurnView]
    rates: list[Bar]
    left: Line
    first_day: Moment
    first_hour: Moment
    examples: list[ExampleView]
    examples_url: str | None
    said: str
    even_y: float
    top: str


@get("/admin/observe", include_in_schema=False, opt=UNSEEN)
async def show_overview(edge: NamedDependency[Edge], pages: NamedDependency[Pages]) -> Response[str]:
    """Asked by htmx, the figures alone: they come anew every ten seconds. `?routes=all` shows all of them."""
    overview, every = await overview_of(edge), edge.request.query_params.get("routes") == "all"
    view = overview_view(overview, read_objectives(edge.runtime.settings), every=every)
    if by_htmx(edge):
        return await pages.fragment(edge, "admin/_overview.html", view=view)
    return await pages.show(
        edge,
        "admin/overview.html",
        view=view,
        measured=edge.runtime.settings.traces,
        here="/admin/observe?routes=all" if every else "/admin/observe",
        community=edge.tenant.name,
    )


@get("/admin/observe/objectives", include_in_schema=False, opt=UNSEEN)
async def show_objectives(edge: NamedDependency[Edge], pages: NamedDependency[Pages]) -> Response[str]:
    promised = read_objectives(edge.runtime.settings)
    found = await edge.read(lambda work: list_objectives(work, objectives=promised))
    return await pages.show(edge, "admin/objectives.html", budgets=[budget_view(each) for each in found])


@get("/admin/observe/objectives/{name:str}", include_in_schema=False, opt=UNSEEN)
async def show_objective(
    edge: NamedDependency[Edge], pages: NamedDependency[Pages], name: FromPath[str]
) -> Response[str]:
    promised = read_objectives(edge.runtime.settings)
    detail = await edge.read(lambda work: get_objective(work, objectives=promised, name=name))
    objective = next(each for each in promised if each.name == name)
    view = _objective(objective, detail, now=edge.runtime.works.clock())
    return await pages.show(edge, "admin/objective.html", objective=view)


@get("/admin/observe/runbooks", include_in_schema=False, opt=UNSEEN)
async def show_runbooks(edge: NamedDependency[Edge], pages: NamedDependency[Pages]) -> Response[str]:
    edge.actor.require(OBSERVE)
    return await pages.show(edge, "admin/runbooks.html", runbooks=list_runbooks())


@get("/admin/observe/runbooks/{slug:str}", include_in_schema=False, opt=UNSEEN)
async def show_runbook(
    edge: NamedDependency[Edge], pages: NamedDependency[Pages], slug: FromPath[str]
) -> Response[Any]:
    edge.actor.require(OBSERVE)
    return await pages.show(edge, "admin/runbook.html", runbook=get_runbook(slug))


def _objective(objective: Objective, detail: ObjectiveDetail, *, now: datetime) -> ObjectiveView:
    recent = detail.points[-RECENT_HOURS:]
    rates = [each.rate for each in recent]
    status = detail.status
    return ObjectiveView(
        budget=budget_view(status),
        measured=_measured(objective),
        measured_says=_measured_says(objective),
        window=in_words(objective.window_days * 1_440),
        runbook=objective.runbook,
        burns=[_burn(each) for each in status.burns],
        rates=bars(
            rates,
            kinds=[_rate_kind(each) for each in rates],
            said=[
                f"{each.at:%d %b, %H:%M}: {each.rate:g} × ({each.total - each.good:,} bad of {each.total:,})"
                for each in recent
            ],
            most=TOP_RATE,
            width=CHART_WIDTH,
            height=CHART_HEIGHT,
        ),
        left=line(
            [each.budget_left for each in detail.points], width=CHART_WIDTH, height=CHART_HEIGHT, most=1.0
        ),
        first_day=moment(detail.points[0].at, now=now),
        first_hour=moment(recent[0].at, now=now),
        examples=[_example(each, now=now) for each in detail.examples],
        examples_url=examples_path(objective),
        said=f"{status.good:,} of {status.total:,} were good.",
        even_y=round(CHART_HEIGHT * (1 - 1 / TOP_RATE), 1),
        top=f"{TOP_RATE:g} ×",
    )


def _measured(objective: Objective) -> list[str]:
    indicator = objective.indicator
    if isinstance(indicator, ReactionIndicator):
        return [indicator.reaction]
    if isinstance(indicator, BooksIndicator):
        return []
    return ["every route" if each == "* *" else each for each in indicator.routes]


def _measured_says(objective: Objective) -> str:
    indicator = objective.indicator
    if isinstance(indicator, BooksIndicator):
        return (
            "Good is a payment with its one order, of the amount that it asks for. "
            "The books are compared every ten minutes."
        )
    if isinstance(indicator, ReactionIndicator):
        return f"Good is an event that was reacted to within {in_ms(indicator.within_ms)}."
    if hasattr(indicator, "within_ms"):
        return (
            f"Good is an answer within {in_ms(indicator.within_ms)}, less what other systems took. "
            "Server errors and streams are not counted."
        )
    return "Good is a request that was not answered with a server error."


def _burn(burn: WindowBurn) -> BurnView:
    says = f"{burn.bad:,} bad of {burn.total:,}" if burn.total else "Nothing was measured"
    return BurnView(f"Last {in_words(burn.minutes)}", f"{burn.rate:g} ×", says, _rate_kind(burn.rate))


def _rate_kind(rate: float) -> str:
    return "wrong" if rate >= POLICY[1].rate else "wait" if rate > 1 else "good"


def _example(journey: JourneySummary, *, now: datetime) -> ExampleView:
    return ExampleView(
        journey.trace_id,
        journey.name,
        moment(journey.started_at, now=now),
        in_ms(journey.duration_us / 1_000),
        str(journey.status or ""),
    )


routes: list[ControllerRouterHandler] = [
    show_overview,
    show_objectives,
    show_objective,
    show_runbooks,
    show_runbook,
]
