"""SQL of alerts, silences, what was told of them, and whose turn it is to look."""

from datetime import datetime
from types import NoneType
from typing import Any

import msgspec

from threadly.modules.admin.types.alerts import Alert, NotificationKind, Silence, TellingRow
from threadly.modules.admin.types.objectives import Severity
from threadly.platform.db import sql
from threadly.platform.ids import UUID

__all__ = [
    "BOOKS_UNTIL",
    "COMPARED_BOOKS",
    "DROP_ALERT",
    "END_SILENCE",
    "FIND_NOTIFICATION",
    "FORGET_ALERTS",
    "FORGET_NOTIFICATIONS",
    "FORGET_SILENCES",
    "GET_SILENCE",
    "INSERT_ALERT",
    "INSERT_NOTIFICATION",
    "INSERT_SILENCE",
    "LAST_LOOK",
    "LIST_ALERTS",
    "LIST_OPEN_ALERTS",
    "LIST_SILENCED",
    "LIST_SILENCES",
    "TAKE_TURN",
    "UPDATE_ALERT",
    "NotificationRow",
]


class NotificationRow(msgspec.Struct, frozen=True):
    """A Notification whose alerts are plain values still."""

    id: UUID
    kind: NotificationKind
    category: str
    severity: Severity
    alerts: Any
    created_at: datetime


# Whoever changes the row has the turn; who comes as well waits for it, and finds it changed.
TAKE_TURN = sql(
    "admin.take_turn",
    """
    INSERT INTO admin.watch AS known (evaluated_at) VALUES ($1)
    ON CONFLICT (tenant_id) DO UPDATE SET evaluated_at = EXCLUDED.evaluated_at
    WHERE known.evaluated_at <= $1 - make_interval(secs => $2::float8)
    """,
    into=NoneType,
)
LAST_LOOK = sql("admin.last_look", "SELECT evaluated_at FROM admin.watch", into=datetime)
BOOKS_UNTIL = sql("admin.books_until", "SELECT books_until FROM admin.watch FOR UPDATE", into=datetime)
COMPARED_BOOKS = sql("admin.compared_books", "UPDATE admin.watch SET books_until = $1", into=NoneType)

LIST_OPEN_ALERTS = sql(
    "admin.list_open_alerts",
    """
    SELECT id, key, category, severity, title, detail, runbook, objective, state, began_at, fired_at,
           quiet_since, told_severity
    FROM admin.alerts WHERE state <> 'resolved' ORDER BY id
    """,
    into=TellingRow,
)
INSERT_ALERT = sql(
    "admin.insert_alert",
    """
    INSERT INTO admin.alerts (id, key, category, severity, title, detail, runbook, objective, state, began_at,
                              fired_at, quiet_since, told_severity)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
    """,
    into=NoneType,
)
UPDATE_ALERT = sql(
    "admin.update_alert",
    """
    UPDATE admin.alerts SET severity = $2, title = $3, detail = $4, state = $5, fired_at = $6,
        quiet_since = $7, told_severity = $8, resolved_at = CASE WHEN $5 = 'resolved' THEN $9::timestamptz END
    WHERE id = $1
    """,
    into=NoneType,
)
DROP_ALERT = sql("admin.drop_alert", "DELETE FROM admin.alerts WHERE id = $1", into=NoneType)
LIST_ALERTS = sql(
    "admin.list_alerts",
    """
    SELECT a.id, a.key, a.category, a.severity, a.title, a.detail, a.runbook, a.objective, a.state,
           a.began_at, a.fired_at, a.resolved_at,
           (SELECT max(s.until) FROM admin.silences s
            WHERE s.until > $3 AND s.matches IN (a.key, '*') AND a.state <> 'resolved') AS silenced_until
    FROM admin.alerts a
    WHERE a.id < $1 AND ($2::text IS NULL OR a.state = $2)
    ORDER BY a.id DESC LIMIT $4
    """,
    into=Alert,
)
FORGET_ALERTS = sql(
    "admin.forget_alerts",
    """
    DELETE FROM admin.alerts
    WHERE id IN (SELECT id FROM admin.alerts WHERE resolved_at < $1 ORDER BY id LIMIT $2)
    """,
    into=NoneType,
)

INSERT_SILENCE = sql(
    "admin.insert_silence",
    """
    INSERT INTO admin.silences (id, matches, why, created_by, created_at, until)
    VALUES ($1, $2, $3, $4, $5, $6)
    """,
    into=NoneType,
)
END_SILENCE = sql(
    "admin.end_silence", "UPDATE admin.silences SET until = $2 WHERE id = $1 AND until > $2", into=NoneType
)
_SILENCE = """
    SELECT s.id, s.matches, s.why, p.username AS created_by, s.created_at, s.until
    FROM admin.silences s LEFT JOIN identity.profiles p ON p.id = s.created_by
"""
GET_SILENCE = sql("admin.get_silence", f"{_SILENCE} WHERE s.id = $1", into=Silence)
# Which of these keys nobody is to be told of at $1.
LIST_SILENCED = sql(
    "admin.list_silenced",
    "SELECT DISTINCT matches FROM admin.silences WHERE until > $1 AND matches = ANY($2::text[])",
    into=str,
)
LIST_SILENCES = sql(
    "admin.list_silences",
    f"{_SILENCE} WHERE s.id < $1 AND (s.until > $2 OR NOT $3) ORDER BY s.id DESC LIMIT $4",
    into=Silence,
)
FORGET_SILENCES = sql(
    "admin.forget_silences",
    """
    DELETE FROM admin.silences
    WHERE id IN (SELECT id FROM admin.silences WHERE until < $1 ORDER BY id LIMIT $2)
    """,
    into=NoneType,
)

INSERT_NOTIFICATION = sql(
    "admin.insert_notification",
    """
    INSERT INTO admin.notifications (id, kind, category, severity, alerts, created_at)
    VALUES ($1, $2, $3, $4, $5, $6)
    """,
    into=NoneType,
)
FIND_NOTIFICATION = sql(
    "admin.find_notification",
    "SELECT id, kind, category, severity, alerts, created_at FROM admin.notifications WHERE id = $1",
    into=NotificationRow,
)
FORGET_NOTIFICATIONS = sql(
    "admin.forget_notifications",
    """
    DELETE FROM admin.notifications WHERE id IN (
        SELECT id FROM admin.notifications WHERE created_at < $1 ORDER BY created_at LIMIT $2)
    """,
    into=NoneType,
)
