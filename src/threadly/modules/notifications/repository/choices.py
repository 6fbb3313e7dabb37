"""What people chose: over which channel, and when."""

from datetime import time
from types import NoneType

import msgspec

from threadly.platform.db import sql

__all__ = [
    "CHOOSE_MODES",
    "DROP_DIGESTS",
    "DROP_MAIL",
    "FIND_RHYTHM",
    "KNOWS_TIME_ZONE",
    "LIST_CHOICES",
    "MOVE_DIGESTS",
    "SET_RHYTHM",
    "ChoiceRow",
    "RhythmRow",
]


class ChoiceRow(msgspec.Struct, frozen=True):
    kind: str
    app: str | None
    mail: str | None
    push: str | None
    sms: str | None


class RhythmRow(msgspec.Struct, frozen=True):
    quiet_from: time | None
    quiet_until: time | None
    time_zone: str
    digest: str
    digest_hour: int
    digest_weekday: int


LIST_CHOICES = sql(
    "notifications.list_choices",
    "SELECT kind, app, mail, push, sms FROM notifications.preferences WHERE user_id = $1",
    into=ChoiceRow,
)
# NULL leaves what was chosen before.
CHOOSE_MODES = sql(
    "notifications.choose_modes",
    """
    INSERT INTO notifications.preferences AS p (user_id, kind, app, mail, push, sms)
    SELECT $1, * FROM unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::text[])
    ON CONFLICT (user_id, kind) DO UPDATE
    SET app = coalesce(EXCLUDED.app, p.app), mail = coalesce(EXCLUDED.mail, p.mail),
        push = coalesce(EXCLUDED.push, p.push), sms = coalesce(EXCLUDED.sms, p.sms)
    """,
    into=NoneType,
)
FIND_RHYTHM = sql(
    "notifications.find_rhythm",
    """
    SELECT quiet_from, quiet_until, time_zone, digest, digest_hour, digest_weekday
    FROM notifications.rhythms WHERE user_id = $1
    """,
    into=RhythmRow,
)
SET_RHYTHM = sql(
    "notifications.set_rhythm",
    """
    INSERT INTO notifications.rhythms
        (user_id, quiet_from, quiet_until, time_zone, digest, digest_hour, digest_weekday)
    VALUES ($1, $2, $3, $4, $5, $6, $7)
    ON CONFLICT (user_id) DO UPDATE
    SET quiet_from = EXCLUDED.quiet_from, quiet_until = EXCLUDED.quiet_until,
        time_zone = EXCLUDED.time_zone, digest = EXCLUDED.digest, digest_hour = EXCLUDED.digest_hour,
        digest_weekday = EXCLUDED.digest_weekday
    """,
    into=NoneType,
)
# Mail about these kinds that waits, what a digest has gathered included.
DROP_MAIL = sql(
    "notifications.drop_waiting_mail",
    """
    UPDATE notifications.deliveries d SET state = 'dropped' FROM notifications.notifications n
    WHERE d.user_id = $1 AND d.channel = 'mail' AND d.state IN ('waiting', 'digest', 'gathered')
      AND n.id = d.notification_id AND n.kind = ANY($2::text[])
    """,
    into=NoneType,
)
DROP_DIGESTS = sql(
    "notifications.drop_digests",
    """
    UPDATE notifications.deliveries SET state = 'dropped'
    WHERE user_id = $1 AND (state IN ('digest', 'gathered') OR state = 'waiting' AND notification_id IS NULL)
    """,
    into=NoneType,
)
# To the next digest after $2. What is due already only waits for a worker.
MOVE_DIGESTS = sql(
    "notifications.move_digests",
    """
    UPDATE notifications.deliveries d
    SET due_at = notifications.next_digest($2, r.digest, r.digest_hour, r.digest_weekday, r.time_zone)
    FROM notifications.rhythms r
    WHERE r.user_id = $1 AND d.user_id = r.user_id AND d.state = 'digest' AND d.due_at > $2
    """,
    into=NoneType,
)
# PostgreSQL reckons with it, so it is PostgreSQL that must know it.
KNOWS_TIME_ZONE = sql(
    "notifications.knows_time_zone",
    "SELECT EXISTS (SELECT FROM pg_catalog.pg_timezone_names WHERE name = $1)",
    into=bool,
)
