"""What is wrong now: objectives whose budget burns, and queues and books that wait for somebody."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Final

from threadly.modules.admin.rules.burning import Burning, budget_left, burning
from threadly.modules.admin.types.alerts import Condition
from threadly.modules.admin.types.objectives import Objective, Tally
from threadly.modules.atlas import counted
from threadly.platform.durable.backlog import EventBacklog, JobBacklog

__all__ = ["MOST_SHOWN", "books_condition", "delivery_condition", "event_conditions", "in_words",
           "job_conditions", "objective_conditions"]  # fmt: skip

OLDEST_EVENT_S: Final = 60.0
OLDEST_JOB_S: Final = 300.0
# What is worked off meanwhile (after a start, say) is no alarm.
HELD_S: Final = 60.0
# More than that are not counted.
MOST_SHOWN: Final = 100


def objective_conditions(
    objectives: Iterable[Objective], tallies: Mapping[str, Mapping[int, Tally]]
) -> list[Condition]:
    """One for each objective at most. `tallies` are by objective and minutes looked back; that of the
    objective's whole window is among them."""
    found = []
    for objective in objectives:
        windows = tallies.get(objective.name, {})
        burn = burning(objective, windows)
        if burn is not None:
            whole = windows.get(objective.window_days * 1_440, Tally())
            found.append(_burning_condition(objective, burn, budget_left(objective, whole)))
    return found


def _burning_condition(objective: Objective, burning: Burning, left: float) -> Condition:
    burn = burning.burn
    share = 100 * burn.bad / burn.total
    rest = f"{left:.0%} of it is left" if left > 0 else "nothing of it is left"
    return Condition(
        key=f"slo:{objective.name}",
        category=objective.category,
        severity=burning.severity,
        title=f"{objective.title}: in danger",
        detail=(
            f"In the last {in_words(burn.minutes)}, {burn.bad:,} of {burn.total:,} were bad ({share:.3g}%). "
            f"The error budget of {objective.window_days} days burns {burn.rate:.1f} times as fast "
            f"as it may; {rest}."
        ),
        runbook=objective.runbook,
        objective=objective.name,
    )


def event_conditions(backlog: EventBacklog | None, *, now: datetime) -> list[Condition]:
    if backlog is None:
        return []
    found = []
    age_s = (now - backlog.oldest_at).total_seconds() if backlog.oldest_at else 0.0
    if age_s > OLDEST_EVENT_S:
        found.append(
            Condition(
                key="outbox-late",
                category="queues",
                severity="critical",
                title="Reactions are late",
                detail=f"{counted(backlog.waiting, 'event waits', 'events wait')}, "
                f"the oldest for {age_s:,.0f} s.",
                runbook="late-reactions",
                hold_s=HELD_S,
            )
        )
    if backlog.dead:
        found.append(
            Condition(
                key="dead-letters",
                category="queues",
                severity="warning",
                title="Dead letters",
                detail=f"{counted(backlog.dead, 'reaction has', 'reactions have')} failed for good.",
                runbook="dead-letters",
            )
        )
    return found


def job_conditions(queues: Sequence[JobBacklog], *, now: datetime) -> list[Condition]:
    found = []
    failed = sum(each.failed for each in queues)
    if failed:
        found.append(
            Condition(
                key="failed-jobs",
                category="queues",
                severity="warning",
                title="Failed jobs",
                detail=f"{counted(failed, 'job has', 'jobs have')} given up.",
                runbook="failed-jobs",
            )
        )
    late = {
        each.queue: (now - each.oldest_at).total_seconds()
        for each in queues
        if each.oldest_at and (now - each.oldest_at).total_seconds() > OLDEST_JOB_S
    }
    if late:
        queue = max(late, key=lambda each: late[each])
        found.append(
            Condition(
                key="jobs-late",
                category="queues",
                severity="warning",
                title="Jobs are late",
                detail=f"The oldest job of the queue {queue} has waited for {late[queue]:,.0f} s.",
                runbook="late-reactions",
                hold_s=HELD_S,
            )
        )
    return found


def books_condition(differences: int) -> list[Condition]:
    """`differences` are between providers' accounts and ours, MOST_SHOWN at most."""
    if not differences:
        return []
    some = "One difference" if differences == 1 else f"{differences} differences"
    some += " or more" if differences >= MOST_SHOWN else ""
    return [
        Condition(
            key="reconciliation",
            category="checkout",
            severity="warning",
            title="Accounts differ",
            detail=f"{some} between a provider’s account and ours to be settled.",
            runbook="accounts-differ",
        )
    ]


def delivery_condition(given_up: int) -> list[Condition]:
    """`given_up` are mails, pushes and text messages, MOST_SHOWN at most."""
    if not given_up:
        return []
    some = counted(given_up, "message", "messages") + (" or more" if given_up >= MOST_SHOWN else "")
    return [
        Condition(
            key="undelivered",
            category="queues",
            severity="warning",
            title="Messages could not be delivered",
            detail=f"{some} of mail, push or SMS given up for good.",
            runbook="undelivered",
        )
    ]


def in_words(minutes: int) -> str:
    """5 is "5 minutes", 60 "hour", 4320 "3 days"."""
    for size, name in ((1_440, "day"), (60, "hour"), (1, "minute")):
        if minutes % size == 0:
            count = minutes // size
            return name if count == 1 else f"{count} {name}s"
    raise AssertionError("every count of minutes is one of minutes")
