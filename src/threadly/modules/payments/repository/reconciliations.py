"""Comparing a provider's account with ours."""

# ruff: noqa: S608  # only this module's own constants are put into SQL

from datetime import datetime
from types import NoneType

from threadly.modules.payments.repository.rows import KnownRow, OwnerRow
from threadly.modules.payments.types import Discrepancy, Reconciliation
from threadly.platform.db import sql

DISCREPANCY = """
    id, kind, subject, payment_id, reference, expected_minor, found_minor, currency, explanation, found_at,
    settled_at, settled_by, note
"""

FIND_CHARGES = sql(
    "payments.find_charges",
    """
    SELECT a.id::text AS key, a.payment_id, p.reference, a.state, p.amount_minor, p.currency, (
        SELECT sum(e.amount_minor)::bigint FROM payments.ledger_transactions t
            JOIN payments.ledger_entries e
                ON e.transaction_id = t.id AND e.account = 'provider:' || a.provider
        WHERE t.tenant_id = a.tenant_id AND t.kind = 'charge' AND t.source = a.id::text
    ) AS posted_minor, (
        SELECT sum(e.amount_minor)::bigint FROM payments.ledger_transactions t
            JOIN payments.ledger_entries e ON e.transaction_id = t.id AND e.account = 'fees'
        WHERE t.tenant_id = a.tenant_id AND t.kind = 'fee' AND t.source = a.id::text
    ) AS fee_minor
    FROM payments.attempts a JOIN payments.payments p ON p.id = a.payment_id
    WHERE a.provider = $1 AND a.id = ANY($2::uuid[])
    """,
    into=KnownRow,
)
FIND_REFUNDS = sql(
    "payments.find_refunds",
    """
    SELECT r.id::text AS key, r.payment_id, p.reference, r.state, r.amount_minor, r.currency, (
        SELECT -sum(e.amount_minor)::bigint FROM payments.ledger_transactions t
            JOIN payments.ledger_entries e
                ON e.transaction_id = t.id AND e.account = 'provider:' || a.provider
        WHERE t.tenant_id = r.tenant_id AND t.kind = 'refund' AND t.source = r.id::text
    ) AS posted_minor, NULL::bigint AS fee_minor
    FROM payments.refunds r JOIN payments.attempts a ON a.id = r.attempt_id
        JOIN payments.payments p ON p.id = r.payment_id
    WHERE a.provider = $1 AND r.id = ANY($2::uuid[])
    """,
    into=KnownRow,
)
# Of all tenants, as a provider's account is.
FIND_OWNERS = sql(
    "payments.find_owners",
    "SELECT key::text AS key, tenant_id FROM payments.find_owners($1)",
    into=OwnerRow,
)
# What we say happened at the provider in that time.
LIST_CHARGED = sql(
    "payments.list_charged",
    """
    SELECT a.id::text FROM payments.attempts a
    WHERE a.provider = $1 AND a.state IN ('succeeded', 'duplicate') AND a.ended_at >= $2 AND a.ended_at < $3
        AND a.id > $4
    ORDER BY a.id LIMIT $5
    """,
    into=str,
)
LIST_REFUNDED = sql(
    "payments.list_refunded",
    """
    SELECT r.id::text FROM payments.refunds r JOIN payments.attempts a ON a.id = r.attempt_id
    WHERE a.provider = $1 AND r.state = 'succeeded' AND r.ended_at >= $2 AND r.ended_at < $3 AND r.id > $4
    ORDER BY r.id LIMIT $5
    """,
    into=str,
)
LAST_UNTIL = sql(
    "payments.last_reconciled_until",
    """
    SELECT until FROM payments.reconciliations
    WHERE tenant_id = platform.tenant_id() AND provider = $1 ORDER BY id DESC LIMIT 1
    """,
    into=datetime,
)
FIRST_ATTEMPT_AT = sql(
    "payments.first_attempt_at",
    "SELECT started_at FROM payments.attempts WHERE provider = $1 ORDER BY id LIMIT 1",
    into=datetime,
)
INSERT_RECONCILIATION = sql(
    "payments.insert_reconciliation",
    """
    INSERT INTO payments.reconciliations (id, provider, since, until, matched, healed, differences, ran_at)
    VALUES ($1, $2, $3, $4, $5, $6, 0, $7)
    """,
    into=NoneType,
)
# Listed once, however often it is found: also what somebody has settled is not opened again.
INSERT_DISCREPANCIES = sql(
    "payments.insert_discrepancies",
    """
    INSERT INTO payments.discrepancies
        (id, reconciliation_id, kind, subject, payment_id, reference, expected_minor, found_minor, currency,
         explanation, found_at)
    SELECT found.id, $1, found.kind, found.subject, found.payment_id, found.reference, found.expected_minor,
        found.found_minor, found.currency, found.explanation, $2
    FROM unnest($3::uuid[], $4::text[], $5::text[], $6::uuid[], $7::uuid[], $8::bigint[], $9::bigint[],
        $10::text[], $11::text[])
        AS found (id, kind, subject, payment_id, reference, expected_minor, found_minor, currency,
            explanation)
    WHERE NOT EXISTS (
        SELECT FROM payments.discrepancies d
        WHERE d.tenant_id = platform.tenant_id() AND d.kind = found.kind AND d.subject = found.subject
    )
    ON CONFLICT (tenant_id, kind, subject) WHERE settled_at IS NULL DO NOTHING
    """,
    into=NoneType,
)
# What is still to be settled of what this run found.
COUNT_DIFFERENCES = sql(
    "payments.count_differences",
    """
    UPDATE payments.reconciliations SET differences = (
        SELECT count(*) FROM payments.discrepancies d
            JOIN unnest($2::text[], $3::text[]) AS found (kind, subject)
                ON d.kind = found.kind AND d.subject = found.subject
        WHERE d.tenant_id = platform.tenant_id() AND d.settled_at IS NULL
    ) WHERE id = $1
    RETURNING differences
    """,
    into=int,
)
LIST_RECONCILIATIONS = sql(
    "payments.list_reconciliations",
    """
    SELECT id, provider, since, until, matched, healed, differences, ran_at
    FROM payments.reconciliations WHERE id < $1 ORDER BY id DESC LIMIT $2
    """,
    into=Reconciliation,
)
LIST_DISCREPANCIES = sql(
    "payments.list_discrepancies",
    f"""
    SELECT {DISCREPANCY}
    FROM payments.discrepancies
    WHERE id < $1 AND ($2::boolean IS NULL OR (settled_at IS NOT NULL) = $2) ORDER BY id DESC LIMIT $3
    """,
    into=Discrepancy,
)
SETTLE_DISCREPANCY = sql(
    "payments.settle_discrepancy",
    f"""
    UPDATE payments.discrepancies SET settled_at = $2, settled_by = $3, note = $4
    WHERE id = $1 AND settled_at IS NULL
    RETURNING {DISCREPANCY}
    """,
    into=Discrepancy,
)
GET_DISCREPANCY = sql(
    "payments.get_discrepancy",
    f"""
    SELECT {DISCREPANCY}
    FROM payments.discrepancies WHERE id = $1
    """,
    into=Discrepancy,
)
