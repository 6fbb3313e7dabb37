"""Alerts, and what is left of what is promised, as people read them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

import msgspec

from threadly.modules.admin.letters import examples_path
from threadly.modules.admin.pages.words import length
from threadly.modules.admin.types.alerts import Alert
from threadly.modules.admin.types.objectives import Objective, ObjectiveStatus
from threadly.web.view import Moment, moment

__all__ = ["AlertView", "BudgetView", "alert_view", "budget_view"]

LOW_BUDGET: Final = 0.25


class AlertView(msgspec.Struct, frozen=True):
    key: str
    title: str
    detail: str
    severity: str
    state: str
    began: Moment
    ended: Moment | None
    lasted: str
    runbook: str
    objective: str | None
    examples: str | None
    silenced: str | None


class BudgetView(msgspec.Struct, frozen=True):
    """`width` of the bar is what is left of the budget, in per cent; `kind` is "good", "wait", "wrong" or
    "none"."""

    name: str
    title: str
    description: str
    target: str
    share: str
    left: str
    width: float
    kind: str
    says: str
    severity: str | None


def alert_view(alert: Alert, objectives: Sequence[Objective], *, now: datetime) -> AlertView:
    objective = next((each for each in objectives if each.name == alert.objective), None)
    until = alert.silenced_until
    return AlertView(
        key=alert.key,
        title=alert.title,
        detail=alert.detail,
        severity=alert.severity,
        state=alert.state,
        began=moment(alert.began_at, now=now),
        ended=moment(alert.resolved_at, now=now) if alert.resolved_at else None,
        lasted=length(((alert.resolved_at or now) - alert.began_at).total_seconds()),
        runbook=alert.runbook,
        objective=alert.objective,
        examples=examples_path(objective),
        silenced=f"{until:%d %b, %H:%M} UTC" if until else None,
    )


def budget_view(status: ObjectiveStatus) -> BudgetView:
    left = status.budget_left
    kind = "none" if status.good_share is None else "good"
    if status.severity:
        kind = "wrong" if status.severity == "critical" else "wait"
    elif _is_scarce(status):
        kind = "none"
    elif left <= 0:
        kind = "wrong"
    elif left < LOW_BUDGET:
        kind = "wait"
    return BudgetView(
        name=status.name,
        title=status.title,
        description=status.description,
        target=f"{status.target:g}%",
        share="–" if status.good_share is None or _is_scarce(status) else f"{_cut(status.good_share)}%",
        left="–" if _is_scarce(status) else f"{max(0.0, left):.0%}",
        width=round(100 * min(1.0, max(0.0, left)), 1),
        kind=kind,
        says=_says(status),
        severity=status.severity,
    )


def _is_scarce(status: ObjectiveStatus) -> bool:
    """Whether the budget is low for so few bad ones that nobody is told."""
    return status.budget_left < LOW_BUDGET and status.total - status.good < status.least_bad


def _cut(share: float) -> str:
    """Never rounded up: 99.996% is not all."""
    return "100" if share == 100 else f"{int(share * 1_000) / 1_000:.3f}".rstrip("0").rstrip(".")


def _says(status: ObjectiveStatus) -> str:
    if status.good_share is None:
        return "Nothing was measured yet"
    bad = status.total - status.good
    if _is_scarce(status):
        return f"{bad:,} bad of {status.total:,}, too few to tell"
    if status.budget_left <= 0:
        times = 1 - status.budget_left
        return "The budget is spent" if times < 2 else f"The budget is spent {times:,.0f} times over"
    days = status.spent_in_days
    if days is None or days >= status.window_days:
        return f"{bad:,} bad of {status.total:,}"
    return f"At this pace it is spent in {days:g} {'day' if days == 1 else 'days'}"
