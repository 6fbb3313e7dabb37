"""The ledger: what is posted is never changed."""

from types import NoneType

from threadly.modules.payments.repository.rows import LedgerRow
from threadly.modules.payments.types import Balance
from threadly.platform.db import sql

# Transactions of one source, $3: columns of their ids and kinds, then of the entries of all of them. A source
# is posted once per kind; the second time nothing happens.
POST = sql(
    "payments.post",
    """
    WITH posted AS (
        INSERT INTO payments.ledger_transactions (id, kind, source, reference, at)
        SELECT id, kind, $3, $4, $5 FROM unnest($1::uuid[], $2::text[]) AS t (id, kind)
        ON CONFLICT (tenant_id, kind, source) DO NOTHING RETURNING id
    )
    INSERT INTO payments.ledger_entries (transaction_id, line, account, amount_minor, currency)
    SELECT e.transaction_id, e.line, e.account, e.amount_minor, $10
    FROM unnest($6::uuid[], $7::smallint[], $8::text[], $9::bigint[])
        AS e (transaction_id, line, account, amount_minor)
    JOIN posted ON posted.id = e.transaction_id
    """,
    into=NoneType,
)
LIST_LEDGER = sql(
    "payments.list_ledger",
    """
    SELECT t.id, t.kind, t.source, t.reference, t.at, (
        SELECT jsonb_agg(jsonb_build_array(e.account, e.amount_minor, e.currency) ORDER BY e.line)
        FROM payments.ledger_entries e WHERE e.transaction_id = t.id
    ) AS entries
    FROM payments.ledger_transactions t
    WHERE t.id < $1 AND ($2::uuid IS NULL OR t.reference = $2) ORDER BY t.id DESC LIMIT $3
    """,
    into=LedgerRow,
)
BALANCES = sql(
    "payments.balances",
    """
    SELECT account, currency, sum(amount_minor)::bigint AS amount_minor
    FROM payments.ledger_entries WHERE tenant_id = platform.tenant_id()
    GROUP BY account, currency ORDER BY account, currency
    """,
    into=Balance,
)
