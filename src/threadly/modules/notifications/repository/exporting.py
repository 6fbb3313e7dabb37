"""What a member was told and how they want to be told, for a copy of it."""

from datetime import datetime

import msgspec

from threadly.platform.db import sql
from threadly.platform.ids import UUID

__all__ = [
    "EXPORT_CHOICES",
    "EXPORT_NOTIFICATIONS",
    "EXPORT_PHONE",
    "EXPORT_RHYTHM",
    "EXPORT_SUBSCRIPTIONS",
    "ExportedChoice",
    "ExportedNotification",
    "ExportedPhone",
    "ExportedRhythm",
    "ExportedSubscription",
]


class ExportedNotification(msgspec.Struct, frozen=True):
    """`subject_id` is what it was about."""

    id: UUID
    kind: str
    variant: str
    subject_id: UUID
    actor_count: int
    created_at: datetime
    read_at: datetime | None


class ExportedChoice(msgspec.Struct, frozen=True):
    """What is null is as the community has it."""

    kind: str
    app: str | None
    mail: str | None
    push: str | None
    sms: str | None


class ExportedRhythm(msgspec.Struct, frozen=True):
    quiet_from: str | None
    quiet_until: str | None
    time_zone: str
    digest: str
    digest_hour: int
    digest_weekday: int


class ExportedSubscription(msgspec.Struct, frozen=True):
    """A browser that is told. Its keys are secrets."""

    id: UUID
    device: str
    created_at: datetime


class ExportedPhone(msgspec.Struct, frozen=True):
    number: str
    confirmed_at: datetime | None


EXPORT_NOTIFICATIONS = sql(
    "notifications.export_notifications",
    """
    SELECT id, kind, variant, subject_id, actor_count, created_at, read_at
    FROM notifications.notifications WHERE user_id = $1 AND id > $2 ORDER BY id LIMIT $3
    """,
    into=ExportedNotification,
)
EXPORT_CHOICES = sql(
    "notifications.export_choices",
    """
    SELECT kind, app, mail, push, sms FROM notifications.preferences WHERE user_id = $1 ORDER BY kind
    """,
    into=ExportedChoice,
)
EXPORT_RHYTHM = sql(
    "notifications.export_rhythm",
    """
    SELECT quiet_from::text AS quiet_from, quiet_until::text AS quiet_until, time_zone, digest, digest_hour,
           digest_weekday
    FROM notifications.rhythms WHERE user_id = $1
    """,
    into=ExportedRhythm,
)
EXPORT_SUBSCRIPTIONS = sql(
    "notifications.export_subscriptions",
    """
    SELECT id, device, created_at
    FROM notifications.push_subscriptions WHERE user_id = $1 AND id > $2 ORDER BY id LIMIT $3
    """,
    into=ExportedSubscription,
)
EXPORT_PHONE = sql(
    "notifications.export_phone",
    """
    SELECT number, confirmed_at FROM notifications.phones WHERE user_id = $1
    """,
    into=ExportedPhone,
)
