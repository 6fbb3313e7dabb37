"""Error budgets, and how fast they burn (Google, The Site Reliability Workbook, chapter 5)."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

import msgspec

from threadly.modules.admin.types.objectives import BurnPoint, Objective, Severity, Tally, WindowBurn

__all__ = ["POLICY", "SHOWN_WINDOWS", "WINDOWS", "Burning", "Pair", "budget_left", "burn_points", "burn_rate",
           "burning", "lasts_days", "window_burns"]  # fmt: skip

HOUR: Final = 60
DAY: Final = 24 * HOUR


class Pair(msgspec.Struct, frozen=True):
    """Both windows, in minutes, must burn at `rate` or more: the long one says that it matters, the short one
    that it still goes on."""

    long: int
    short: int
    rate: float
    severity: Severity


# Table 5-8 of the workbook: 2% of a month's budget in an hour, 5% in six hours, 10% in three days. The
# pair of a day is for what would be over before three days are.
POLICY: Final[tuple[Pair, ...]] = (
    Pair(HOUR, 5, 14.4, "critical"),
    Pair(6 * HOUR, 30, 6.0, "critical"),
    Pair(DAY, 2 * HOUR, 3.0, "warning"),
    Pair(3 * DAY, 6 * HOUR, 1.0, "warning"),
)
WINDOWS: Final = tuple(sorted({minutes for pair in POLICY for minutes in (pair.long, pair.short)}))
SHOWN_WINDOWS: Final = (HOUR, 6 * HOUR, DAY, 3 * DAY)


class Burning(msgspec.Struct, frozen=True):
    """The pair that is reached, and the severity that this objective gives it."""

    pair: Pair
    severity: Severity
    burn: WindowBurn


def burn_rate(objective: Objective, tally: Tally) -> float:
    """1 spends the budget exactly in the objective's window; nothing measured spends nothing."""
    if not tally.total:
        return 0.0
    return tally.bad / tally.total / objective.allowed


def budget_left(objective: Objective, tally: Tally) -> float:
    """The share of the budget that is left, of what was measured in the objective's window."""
    return 1.0 - burn_rate(objective, tally)


def lasts_days(objective: Objective, left: float, rate: float) -> float | None:
    """In how many days the rest is spent at this rate; None when nothing is being spent."""
    if rate <= 0:
        return None
    return max(0.0, left) * objective.window_days / rate


def burning(objective: Objective, tallies: Mapping[int, Tally]) -> Burning | None:
    """The most severe pair of windows that is reached. `tallies` are by minutes looked back."""
    for pair in POLICY:
        long, short = tallies.get(pair.long, Tally()), tallies.get(pair.short, Tally())
        if long.bad < objective.least_bad:
            continue
        if min(burn_rate(objective, long), burn_rate(objective, short)) >= pair.rate:
            severity: Severity = "warning" if objective.severity == "warning" else pair.severity
            return Burning(pair, severity, _burn(objective, pair.long, long))
    return None


def window_burns(objective: Objective, tallies: Mapping[int, Tally]) -> list[WindowBurn]:
    """For people: one line for each window they are shown."""
    return [_burn(objective, minutes, tallies.get(minutes, Tally())) for minutes in SHOWN_WINDOWS]


def _burn(objective: Objective, minutes: int, tally: Tally) -> WindowBurn:
    return WindowBurn(minutes, round(burn_rate(objective, tally), 2), tally.bad, tally.total)


def burn_points(
    objective: Objective, hours: Sequence[tuple[datetime, Tally]], *, since: datetime, until: datetime
) -> list[BurnPoint]:
    """One point for each hour of `since` to `until`, also for those in which nothing was measured.

    The budget is that of all that was measured meanwhile, so the last point says what is left now.
    """
    found = dict(hours)
    allowed_bad = sum(tally.total for _, tally in hours) * objective.allowed
    points: list[BurnPoint] = []
    spent, at = 0, since.replace(minute=0, second=0, microsecond=0)
    while at <= until:
        tally = found.get(at, Tally())
        spent += tally.bad
        left = 1.0 - (spent / allowed_bad if allowed_bad else 0.0)
        rate = round(burn_rate(objective, tally), 2)
        points.append(BurnPoint(at, tally.good, tally.total, rate, round(left, 4)))
        at += timedelta(hours=1)
    return points
