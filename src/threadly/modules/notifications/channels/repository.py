"""The SQL of deliveries on their way out."""

from datetime import datetime
from types import NoneType

import msgspec

from threadly.platform.db import sql
from threadly.platform.durable.due import Due
from threadly.platform.ids import UUID

__all__ = [
    "CLAIM",
    "DROP_UNWANTED",
    "END_OUTAGE",
    "FIND_OUTAGE",
    "FORGET_DELIVERIES",
    "GATHER_DIGESTS",
    "LIST_DUE",
    "LIST_DUE_DIGESTS",
    "LIST_GATHERED",
    "MARK_DROPPED",
    "MARK_FAILED",
    "MARK_SENT",
    "NOTE_OUTAGE",
    "PUT_BACK",
    "PUT_OFF_QUIET",
    "TRY_LATER",
    "Claimed",
    "Gathered",
]


class Claimed(msgspec.Struct, frozen=True):
    """`attempts` counts this one; without a notification it is a digest."""

    id: UUID
    user_id: UUID
    notification_id: UUID | None
    attempts: int


class Gathered(msgspec.Struct, frozen=True):
    digest_id: UUID
    id: UUID


LIST_DUE = {
    channel: sql(
        f"notifications.list_due_{channel}",
        # One of three words of our own.
        f"SELECT tenant_id, subject_id, tries FROM notifications.due_deliveries('{channel}', $1)",  # noqa: S608
        into=Due,
    )
    for channel in ("mail", "push", "sms")
}
LIST_DUE_DIGESTS = sql(
    "notifications.list_due_digests",
    "SELECT tenant_id, subject_id, tries FROM notifications.due_digests($1)",
    into=Due,
)

# Those tried least come first: one that cannot be sent holds up nobody. $3: until when they are ours.
CLAIM = sql(
    "notifications.claim_deliveries",
    """
    UPDATE notifications.deliveries d SET state = 'sending', attempts = d.attempts + 1, due_at = $3
    FROM (
        SELECT id FROM notifications.deliveries
        WHERE channel = $1 AND state IN ('waiting', 'sending') AND due_at <= $2
        ORDER BY attempts, due_at LIMIT $4 FOR UPDATE SKIP LOCKED
    ) AS due
    WHERE d.id = due.id RETURNING d.id, d.user_id, d.notification_id, d.attempts
    """,
    into=Claimed,
)
# A letter that was late, or is a digest, does not ring at night either. $1: of those that were just claimed.
PUT_OFF_QUIET = sql(
    "notifications.put_off_quiet",
    """
    UPDATE notifications.deliveries d SET due_at = quiet.until, attempts = d.attempts - 1
    FROM notifications.rhythms r CROSS JOIN LATERAL (
        SELECT notifications.after_quiet_hours($2, r.quiet_from, r.quiet_until, r.time_zone) AS until
    ) AS quiet
    WHERE d.id = ANY($1::uuid[]) AND d.state = 'sending' AND r.user_id = d.user_id
      AND r.quiet_from IS NOT NULL AND quiet.until > $2
    RETURNING d.id
    """,
    into=UUID,
)
# What a person wants no more, and what a later row of the same notification says, too.
DROP_UNWANTED = sql(
    "notifications.drop_unwanted",
    """
    UPDATE notifications.deliveries d SET state = 'dropped'
    FROM notifications.notifications n
    LEFT JOIN notifications.preferences p ON p.user_id = n.user_id AND p.kind = n.kind
    WHERE d.id = ANY($1::uuid[]) AND n.id = d.notification_id AND (
        CASE d.channel WHEN 'mail' THEN p.mail WHEN 'push' THEN p.push ELSE p.sms END = 'off'
        OR EXISTS (
            SELECT FROM notifications.deliveries later
            WHERE later.notification_id = d.notification_id AND later.channel = d.channel
              AND later.state IN ('waiting', 'sending', 'sent') AND later.created_at > d.created_at
        )
    )
    RETURNING d.id
    """,
    into=UUID,
)
LIST_GATHERED = sql(
    "notifications.list_gathered",
    """
    SELECT digest_id, id FROM notifications.deliveries
    WHERE digest_id = ANY($1::uuid[]) AND state = 'gathered' ORDER BY created_at DESC, id
    """,
    into=Gathered,
)
# With a digest all that it gathered.
MARK_SENT = sql(
    "notifications.mark_delivery_sent",
    """
    UPDATE notifications.deliveries SET state = 'sent', due_at = $2, error = NULL
    WHERE id = $1 AND state = 'sending' OR digest_id = $1 AND state = 'gathered'
    """,
    into=NoneType,
)
MARK_DROPPED = sql(
    "notifications.mark_deliveries_dropped",
    """
    UPDATE notifications.deliveries SET state = 'dropped', error = $2
    WHERE id = ANY($1::uuid[]) AND state = 'sending'
    """,
    into=NoneType,
)
MARK_FAILED = sql(
    "notifications.mark_delivery_failed",
    """
    UPDATE notifications.deliveries SET state = 'failed', due_at = $3, error = $2
    WHERE id = $1 AND state = 'sending'
    """,
    into=NoneType,
)
TRY_LATER = sql(
    "notifications.try_delivery_later",
    "UPDATE notifications.deliveries SET due_at = $3, error = $2 WHERE id = $1 AND state = 'sending'",
    into=NoneType,
)
# Those that were claimed and then not tried.
PUT_BACK = sql(
    "notifications.put_deliveries_back",
    """
    UPDATE notifications.deliveries SET due_at = $2, attempts = attempts - 1
    WHERE id = ANY($1::uuid[]) AND state = 'sending'
    """,
    into=NoneType,
)

FIND_OUTAGE = sql(
    "notifications.find_outage",
    "SELECT retry_at FROM notifications.outages WHERE channel = $1",
    into=datetime,
)
# Of several who find it down at the same time, one lengthens the pause.
NOTE_OUTAGE = sql(
    "notifications.note_outage",
    """
    INSERT INTO notifications.outages AS o (channel, since, failures, retry_at, error)
    VALUES ($1, $2, 1, $2::timestamptz + interval '5 s', $3)
    ON CONFLICT (tenant_id, channel) DO UPDATE
    SET failures = o.failures + 1, error = EXCLUDED.error,
        retry_at = $2::timestamptz + least(interval '10 min', interval '5 s' * 2.0 ^ least(o.failures, 10))
    WHERE o.retry_at <= $2
    """,
    into=NoneType,
)
END_OUTAGE = sql(
    "notifications.end_outage", "DELETE FROM notifications.outages WHERE channel = $1", into=NoneType
)

# For so many people at most, each one letter for all that is due to them.
GATHER_DIGESTS = sql(
    "notifications.gather_digests",
    """
    WITH due AS (
        SELECT each.id, each.user_id FROM notifications.deliveries each
        WHERE each.state = 'digest' AND each.due_at <= $1 AND each.user_id IN (
            SELECT user_id FROM notifications.deliveries
            WHERE state = 'digest' AND due_at <= $1 GROUP BY user_id ORDER BY min(due_at) LIMIT $2
        )
        FOR UPDATE SKIP LOCKED
    ), letters AS (
        INSERT INTO notifications.deliveries (user_id, channel, state, due_at, created_at)
        SELECT user_id, 'mail', 'waiting', $1, $1 FROM due GROUP BY user_id RETURNING id, user_id
    )
    UPDATE notifications.deliveries d SET state = 'gathered', digest_id = letters.id
    FROM due JOIN letters ON letters.user_id = due.user_id WHERE d.id = due.id
    """,
    into=NoneType,
)
FORGET_DELIVERIES = sql(
    "notifications.forget_deliveries",
    """
    DELETE FROM notifications.deliveries WHERE id IN (
        SELECT id FROM notifications.deliveries
        WHERE state IN ('sent', 'dropped', 'failed') AND due_at < $1 ORDER BY due_at LIMIT $2
        FOR UPDATE SKIP LOCKED
    )
    """,
    into=NoneType,
)
