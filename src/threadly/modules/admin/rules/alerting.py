"""What becomes of alerts: they fire when a condition has held, and are over when it is gone for a while.
People are told once of each, together of what belongs together, unless it is silenced."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Final

import msgspec
from msgspec.structs import replace

from threadly.modules.admin.types.alerts import (
    Condition,
    Notification,
    NotificationKind,
    TellingRow,
    ToldAlert,
)
from threadly.modules.admin.types.objectives import Severity
from threadly.platform.ids import UUID

__all__ = ["QUIET", "Step", "advance"]

# A condition that comes and goes is one alert.
QUIET: Final = timedelta(minutes=2)
RANK: Final[dict[str, int]] = {"warning": 1, "critical": 2}


class Step(msgspec.Struct, frozen=True):
    """What a look at the conditions comes to. What is resolved is among `changed`."""

    new: list[TellingRow]
    changed: list[TellingRow]
    dropped: list[TellingRow]
    notifications: list[Notification]


def advance(
    alerts: Sequence[TellingRow],
    conditions: Iterable[Condition],
    *,
    silenced: Callable[[str], bool],
    now: datetime,
    new_id: Callable[[], UUID],
) -> Step:
    """`alerts` are those that are not over. What is told is noted on them, so that it is told once."""
    before = {alert.key: alert for alert in alerts}
    found = {condition.key: condition for condition in conditions}
    kept = [_with(before.get(key), condition, now, new_id) for key, condition in found.items()]
    gone = [alert for key, alert in before.items() if key not in found]
    kept += [_fading(alert, now) for alert in gone if alert.state == "firing"]
    kept, notifications = _tell(kept, silenced, now, new_id)
    return Step(
        new=[alert for alert in kept if alert.key not in before],
        changed=[alert for alert in kept if alert.key in before],
        dropped=[alert for alert in gone if alert.state == "pending"],
        notifications=notifications,
    )


def _with(
    alert: TellingRow | None, condition: Condition, now: datetime, new_id: Callable[[], UUID]
) -> TellingRow:
    """The alert of a condition that holds now."""
    if alert is None:
        alert = TellingRow(
            id=new_id(),
            key=condition.key,
            category=condition.category,
            severity=condition.severity,
            title=condition.title,
            detail=condition.detail,
            runbook=condition.runbook,
            objective=condition.objective,
            state="pending",
            began_at=now,
            fired_at=None,
            quiet_since=None,
            told_severity=None,
        )
    alert = replace(
        alert,
        severity=condition.severity,
        title=condition.title,
        detail=condition.detail,
        quiet_since=None,
    )
    if alert.state == "pending" and now - alert.began_at >= timedelta(seconds=condition.hold_s):
        return replace(alert, state="firing", fired_at=now)
    return alert


def _fading(alert: TellingRow, now: datetime) -> TellingRow:
    """A firing alert whose condition is gone."""
    quiet_since = alert.quiet_since or now
    state = "resolved" if now - quiet_since >= QUIET else alert.state
    return replace(alert, quiet_since=quiet_since, state=state)


def _tell(
    alerts: Sequence[TellingRow],
    silenced: Callable[[str], bool],
    now: datetime,
    new_id: Callable[[], UUID],
) -> tuple[list[TellingRow], list[Notification]]:
    """One notification for each kind, category and severity; and the alerts, with what was told of them."""
    together: dict[tuple[NotificationKind, str, Severity], list[TellingRow]] = {}
    told = []
    for alert in alerts:
        kind = None if silenced(alert.key) else _news_of(alert)
        if kind is not None:
            severity = alert.told_severity if kind == "resolved" and alert.told_severity else alert.severity
            together.setdefault((kind, alert.category, severity), []).append(alert)
        told.append(replace(alert, told_severity=alert.severity) if kind == "firing" else alert)
    return told, [
        Notification(new_id(), kind, category, severity, [_told(alert) for alert in group], now)
        for (kind, category, severity), group in together.items()
    ]


def _news_of(alert: TellingRow) -> NotificationKind | None:
    """What people do not know of it yet: that it fires, or has become worse, or is over."""
    if alert.state == "resolved":
        return "resolved" if alert.told_severity else None
    if alert.state == "pending":
        return None
    if alert.quiet_since is None and RANK[alert.severity] > RANK.get(alert.told_severity or "", 0):
        return "firing"
    return None


def _told(alert: TellingRow) -> ToldAlert:
    return ToldAlert(
        alert.key,
        alert.title,
        alert.detail,
        alert.severity,
        alert.runbook,
        alert.objective,
        alert.fired_at,
    )
