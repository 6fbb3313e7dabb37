"""Alerts, who is told of them, and when nobody is."""

from datetime import datetime
from typing import Literal

import msgspec

from threadly.modules.admin.types.objectives import Severity
from threadly.platform.ids import UUID

__all__ = [
    "Alert",
    "AlertState",
    "Condition",
    "Notification",
    "NotificationKind",
    "Silence",
    "TellingRow",
    "ToldAlert",
]

AlertState = Literal["pending", "firing", "resolved"]
NotificationKind = Literal["firing", "resolved"]


class Condition(msgspec.Struct, frozen=True):
    """Something that is wrong now. It becomes an alert that fires after `hold_s` of being so."""

    key: str
    category: str
    severity: Severity
    title: str
    detail: str
    runbook: str
    objective: str | None = None
    hold_s: float = 0.0


class Alert(msgspec.Struct, frozen=True):
    """`key` is the same each time the same is wrong: "slo:feed-speed". `silenced_until` is when people are
    told again, if they are not now."""

    id: UUID
    key: str
    category: str
    severity: Severity
    title: str
    detail: str
    runbook: str
    objective: str | None
    state: AlertState
    began_at: datetime
    fired_at: datetime | None
    resolved_at: datetime | None
    silenced_until: datetime | None


class TellingRow(msgspec.Struct, frozen=True):
    """An alert that is not over, with what its next step depends on."""

    id: UUID
    key: str
    category: str
    severity: Severity
    title: str
    detail: str
    runbook: str
    objective: str | None
    state: AlertState
    began_at: datetime
    fired_at: datetime | None
    quiet_since: datetime | None
    told_severity: Severity | None


class Silence(msgspec.Struct, frozen=True):
    """Until then nobody is told of alerts whose key `matches`; "*" is all of them."""

    id: UUID
    matches: str
    why: str
    created_by: str | None
    created_at: datetime
    until: datetime


class ToldAlert(msgspec.Struct, frozen=True):
    """An alert as it was told."""

    key: str
    title: str
    detail: str
    severity: Severity
    runbook: str
    objective: str | None
    fired_at: datetime | None


class Notification(msgspec.Struct, frozen=True):
    """One message about alerts of one category and severity that fired, or were over, at the same time."""

    id: UUID
    kind: NotificationKind
    category: str
    severity: Severity
    alerts: list[ToldAlert]
    created_at: datetime
