"""Objectives: what the community is promised, and how well that is kept."""

from datetime import datetime, timedelta
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from threadly.modules.atlas import JourneySummary

__all__ = [
    "AvailabilityIndicator",
    "BooksIndicator",
    "BurnPoint",
    "Indicator",
    "LatencyIndicator",
    "Objective",
    "ObjectiveDetail",
    "ObjectiveStatus",
    "ReactionIndicator",
    "Severity",
    "Slug",
    "Tally",
    "WindowBurn",
]

Severity = Literal["critical", "warning"]
Slug = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$", max_length=40)]
# "GET /api/v1/posts/{post_id:str}", with * for any run of characters.
Route = Annotated[str, Meta(pattern=r"^([A-Z]+|\*) [/*]\S*$", max_length=200)]
Routes = Annotated[tuple[Route, ...], Meta(min_length=1, max_length=200)]
Milliseconds = Annotated[int, Meta(ge=1, le=600_000)]
Text = Annotated[str, Meta(min_length=1, max_length=500)]


class AvailabilityIndicator(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="availability"):
    """Good is a request that was not answered with 5xx."""

    routes: Routes


class LatencyIndicator(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="latency"):
    """Good is an answer within the time, less what other systems took. Answers of 5xx and streams are not
    counted: the one is another indicator's, the other lasts as long as its reader likes."""

    routes: Routes
    within_ms: Milliseconds


class ReactionIndicator(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="reaction"):
    """Good is an event to which `reaction` has reacted so long after it happened."""

    reaction: Annotated[str, Meta(min_length=1, max_length=100)]
    within_ms: Milliseconds


class BooksIndicator(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="books"):
    """Good is a payment with its one order and the amount that it asks for, in the store's and the payments'
    books."""


Indicator = AvailabilityIndicator | LatencyIndicator | ReactionIndicator | BooksIndicator


class Objective(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`target` is the least share that is to be good, in per cent. `severity` is the highest that its alerts
    may have; none is raised for fewer than `least_bad` that were bad. Alerts of one `category` are told
    together."""

    name: Slug
    title: Text
    description: Text
    target: Annotated[float, Meta(gt=0, lt=100)]
    window_days: Annotated[int, Meta(ge=1, le=90)] = 30
    severity: Severity = "critical"
    category: Slug
    runbook: Slug
    least_bad: Annotated[int, Meta(ge=1)] = 10
    indicator: Indicator

    @property
    def allowed(self) -> float:
        """The share that may be bad."""
        return 1 - self.target / 100

    @property
    def window(self) -> timedelta:
        return timedelta(days=self.window_days)


class Tally(msgspec.Struct, frozen=True):
    """How many were good, of how many."""

    good: int = 0
    total: int = 0

    @property
    def bad(self) -> int:
        return self.total - self.good


class WindowBurn(msgspec.Struct, frozen=True):
    """How fast the budget was spent lately: at 1 it lasts exactly for the objective's window."""

    minutes: int
    rate: float
    bad: int
    total: int


class ObjectiveStatus(msgspec.Struct, frozen=True):
    """`good_share` is in per cent, None while nothing was measured. `budget_left` is 1 at the beginning, 0
    when all is spent and negative beyond. `spent_in_days` is how long the rest lasts as it goes, if it is
    being spent. Fewer than `least_bad` bad ones raise no alert; `severity` is that of the one that fires."""

    name: str
    title: str
    description: str
    target: float
    window_days: int
    category: str
    runbook: str
    least_bad: int
    good: int
    total: int
    good_share: float | None
    budget_left: float
    spent_in_days: float | None
    burns: list[WindowBurn]
    severity: Severity | None


class BurnPoint(msgspec.Struct, frozen=True):
    """An hour: what was measured, how fast it spent the budget, and what was left of that at its end."""

    at: datetime
    good: int
    total: int
    rate: float
    budget_left: float


class ObjectiveDetail(msgspec.Struct, frozen=True):
    """`examples` are kept traces of the last day that were bad."""

    status: ObjectiveStatus
    points: list[BurnPoint]
    examples: list[JourneySummary]
