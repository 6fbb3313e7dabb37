"""What is given back."""

from types import NoneType

from threadly.modules.payments.repository.rows import RefundRow
from threadly.platform.db import sql
from threadly.platform.durable.due import Due
from threadly.platform.ids import UUID

_REFUND = """
    SELECT r.id, r.payment_id, p.reference, r.attempt_id, a.provider, a.provider_ref AS charge_ref, r.kind,
        r.amount_minor, r.currency, r.split, r.reason, r.state, r.tries, r.created_at
    FROM payments.refunds r JOIN payments.attempts a ON a.id = r.attempt_id
        JOIN payments.payments p ON p.id = r.payment_id
"""

SUM_REFUNDS = sql(
    "payments.sum_refunds",
    """
    SELECT coalesce(sum(amount_minor), 0)::bigint FROM payments.refunds
    WHERE payment_id = $1 AND kind = 'refund' AND state <> 'failed'
    """,
    into=int,
)
CHARGED_ATTEMPT = sql(
    "payments.charged_attempt",
    "SELECT id FROM payments.attempts WHERE payment_id = $1 AND state = 'succeeded'",
    into=UUID,
)
INSERT_REFUND = sql(
    "payments.insert_refund",
    """
    INSERT INTO payments.refunds
        (id, payment_id, attempt_id, kind, amount_minor, currency, split, reason, state, requested_by, due_at,
         created_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 'requested', $9, $10, $11)
    ON CONFLICT (attempt_id) WHERE kind = 'duplicate' DO NOTHING
    """,
    into=NoneType,
)
LOCK_REFUND = sql(
    "payments.lock_refund",
    f"""
    {_REFUND}
    WHERE r.id = $1 FOR NO KEY UPDATE OF r
    """,
    into=RefundRow,
)
LIST_REFUNDS = sql(
    "payments.list_refunds",
    f"""
    {_REFUND}
    WHERE r.payment_id = $1 ORDER BY r.id
    """,
    into=RefundRow,
)
CLAIM_REFUND = sql(
    "payments.claim_refund",
    """
    UPDATE payments.refunds SET tries = tries + 1, due_at = $3
    WHERE id = $1 AND tries = $2 AND state = 'requested'
    """,
    into=NoneType,
)
END_REFUND = sql(
    "payments.end_refund",
    """
    UPDATE payments.refunds SET state = $2, provider_ref = coalesce(nullif($3, ''), provider_ref),
        due_at = NULL, ended_at = $4
    WHERE id = $1
    """,
    into=NoneType,
)
LIST_DUE_REFUNDS = sql(
    "payments.list_due_refunds",
    "SELECT tenant_id, refund_id AS subject_id, tries FROM payments.list_due_refunds($1)",
    into=Due,
)
