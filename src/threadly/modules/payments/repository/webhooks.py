"""What providers tell us."""

from types import NoneType

from threadly.modules.payments.repository.rows import WebhookRow
from threadly.platform.db import sql

# With an `outcome` there is nothing left to do.
INSERT_WEBHOOK = sql(
    "payments.insert_webhook",
    """
    INSERT INTO payments.webhook_events (id, provider, event_id, kind, body, understood, received_at,
        outcome, handled_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, CASE WHEN $8::text IS NOT NULL THEN $7::timestamptz END)
    ON CONFLICT (tenant_id, provider, event_id) DO NOTHING
    """,
    into=NoneType,
)
LOCK_WEBHOOK = sql(
    "payments.lock_webhook",
    """
    SELECT id, provider, understood, handled_at FROM payments.webhook_events
    WHERE id = $1 FOR NO KEY UPDATE
    """,
    into=WebhookRow,
)
MARK_HANDLED = sql(
    "payments.mark_webhook_handled",
    "UPDATE payments.webhook_events SET handled_at = $2, outcome = $3 WHERE id = $1",
    into=NoneType,
)
FORGET_WEBHOOKS = sql(
    "payments.forget_webhooks",
    """
    DELETE FROM payments.webhook_events WHERE id IN (
        SELECT id FROM payments.webhook_events
        WHERE tenant_id = platform.tenant_id() AND received_at < $1 AND handled_at IS NOT NULL
        ORDER BY received_at LIMIT $2)
    """,
    into=NoneType,
)
