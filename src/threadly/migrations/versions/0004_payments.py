"""payments

What is to be paid, every attempt at a provider, refunds, webhooks as they came, the ledger, reconciliation.
"""

from alembic import op

from threadly.migrations.tenancy import module_schema, tenant_table

revision = "0004"
down_revision = "0003"

UP = f"""
{module_schema("payments")}

-- One sum that one person owes for one thing (`reference`: an order). `methods` are the payer's, in order of
-- preference. `due_at`: when a worker takes over, because whoever drives it now is gone, or tries again.
CREATE TABLE payments.payments (
    id uuid PRIMARY KEY,
    tenant_id int NOT NULL DEFAULT platform.tenant_id(),
    reference uuid NOT NULL,
    payer_id uuid NOT NULL,
    amount_minor bigint NOT NULL CHECK (amount_minor > 0),
    currency text NOT NULL CHECK (currency ~ '^[A-Z]{{3}}$'),
    methods jsonb NOT NULL,
    split jsonb NOT NULL,
    description text NOT NULL,
    state text NOT NULL CHECK (state IN ('processing', 'saved', 'succeeded', 'declined', 'abandoning', 'abandoned')),
    provider text,
    label text,
    decline_code text,
    refunded_minor bigint NOT NULL DEFAULT 0 CHECK (refunded_minor BETWEEN 0 AND amount_minor),
    tries int NOT NULL DEFAULT 0,
    due_at timestamptz,
    expires_at timestamptz NOT NULL,
    traceparent text NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    UNIQUE (tenant_id, reference),
    CHECK ((due_at IS NULL) = (state IN ('succeeded', 'declined', 'abandoned')))
) WITH (fillfactor = 80);
CREATE INDEX payments_due ON payments.payments (due_at) WHERE due_at IS NOT NULL;
{tenant_table("payments.payments")}
-- A payment that just succeeds is told by its attempt and the ledger.
CREATE TRIGGER audit AFTER UPDATE OF state, refunded_minor ON payments.payments FOR EACH ROW
    WHEN (OLD.state <> 'processing' OR NEW.state <> 'succeeded')
    EXECUTE FUNCTION platform.audit('reference', 'methods');
CREATE TRIGGER touch BEFORE UPDATE ON payments.payments
    FOR EACH ROW EXECUTE FUNCTION platform.touch_updated_at();

-- One call for money. Written before the call; `id` is the provider's idempotency key, so however often the
-- call is repeated, and by whomever, it is one charge. 'unknown': it may have been charged. 'duplicate': it
-- succeeded when the payment already had, and is refunded.
CREATE TABLE payments.attempts (
    id uuid PRIMARY KEY,
    tenant_id int NOT NULL DEFAULT platform.tenant_id(),
    payment_id uuid NOT NULL REFERENCES payments.payments,
    method int NOT NULL CHECK (method >= 0),
    provider text NOT NULL,
    state text NOT NULL CHECK (state IN ('calling', 'unknown', 'unreached', 'succeeded', 'declined', 'cancelled', 'duplicate')),
    provider_ref text,
    fee_minor bigint CHECK (fee_minor >= 0),
    decline_code text,
    started_at timestamptz NOT NULL,
    ended_at timestamptz
);
CREATE INDEX attempts_of_payment ON payments.attempts (payment_id, id);
CREATE UNIQUE INDEX attempts_charged_once ON payments.attempts (payment_id) WHERE state = 'succeeded';
CREATE UNIQUE INDEX attempts_provider_ref ON payments.attempts (tenant_id, provider, provider_ref);
{tenant_table("payments.attempts")}

CREATE TABLE payments.refunds (
    id uuid PRIMARY KEY,
    tenant_id int NOT NULL DEFAULT platform.tenant_id(),
    payment_id uuid NOT NULL REFERENCES payments.payments,
    attempt_id uuid NOT NULL REFERENCES payments.attempts,
    kind text NOT NULL CHECK (kind IN ('refund', 'duplicate')),
    amount_minor bigint NOT NULL CHECK (amount_minor > 0),
    currency text NOT NULL,
    split jsonb NOT NULL,
    reason text NOT NULL,
    state text NOT NULL CHECK (state IN ('requested', 'succeeded', 'failed')),
    provider_ref text,
    requested_by uuid,
    tries int NOT NULL DEFAULT 0,
    due_at timestamptz,
    created_at timestamptz NOT NULL,
    ended_at timestamptz,
    CHECK ((due_at IS NULL) = (state <> 'requested'))
);
CREATE INDEX refunds_due ON payments.refunds (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX refunds_of_payment ON payments.refunds (payment_id, id);
CREATE UNIQUE INDEX refunds_of_duplicate ON payments.refunds (attempt_id) WHERE kind = 'duplicate';
{tenant_table("payments.refunds")}
CREATE TRIGGER audit AFTER INSERT OR UPDATE ON payments.refunds
    FOR EACH ROW EXECUTE FUNCTION platform.audit('payment_id');

-- What a provider told us, as it came, and what we understood when its signature was checked; the provider's
-- own event id makes a repetition harmless.
CREATE TABLE payments.webhook_events (
    id uuid PRIMARY KEY,
    tenant_id int NOT NULL DEFAULT platform.tenant_id(),
    provider text NOT NULL,
    event_id text NOT NULL,
    kind text NOT NULL,
    body bytea NOT NULL,
    understood jsonb NOT NULL,
    received_at timestamptz NOT NULL,
    handled_at timestamptz,
    outcome text,
    UNIQUE (tenant_id, provider, event_id)
);
CREATE INDEX webhook_events_received ON payments.webhook_events (tenant_id, received_at);
{tenant_table("payments.webhook_events")}

-- The ledger: double entry, append-only. An entry's amount is positive for a debit and negative for a credit;
-- the entries of a transaction sum to zero. `source` is what is recorded (an attempt, a refund, a gift card, a
-- provider's payout): once per kind.
CREATE TABLE payments.ledger_transactions (
    id uuid PRIMARY KEY,
    tenant_id int NOT NULL DEFAULT platform.tenant_id(),
    kind text NOT NULL CHECK (kind IN ('charge', 'refund', 'fee', 'gift_card', 'payout')),
    source text NOT NULL,
    reference uuid,
    at timestamptz NOT NULL,
    UNIQUE (tenant_id, kind, source)
);
CREATE INDEX ledger_transactions_reference ON payments.ledger_transactions (reference) WHERE reference IS NOT NULL;
CREATE INDEX ledger_transactions_at ON payments.ledger_transactions (tenant_id, at);
{tenant_table("payments.ledger_transactions")}
CREATE TABLE payments.ledger_entries (
    transaction_id uuid NOT NULL REFERENCES payments.ledger_transactions,
    line smallint NOT NULL,
    tenant_id int NOT NULL DEFAULT platform.tenant_id(),
    account text NOT NULL,
    amount_minor bigint NOT NULL CHECK (amount_minor <> 0),
    currency text NOT NULL CHECK (currency ~ '^[A-Z]{{3}}$'),
    PRIMARY KEY (transaction_id, line)
);
CREATE INDEX ledger_entries_account ON payments.ledger_entries (tenant_id, account, currency);
{tenant_table("payments.ledger_entries")}

-- Checked at commit, whoever writes: a transaction has entries, and in each currency they sum to zero.
CREATE FUNCTION payments.require_balance() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    transaction uuid := CASE TG_TABLE_NAME WHEN 'ledger_entries'
        THEN (to_jsonb(NEW) ->> 'transaction_id')::uuid ELSE (to_jsonb(NEW) ->> 'id')::uuid END;
    balanced boolean;
BEGIN
    SELECT count(*) > 0 AND bool_and(e.total = 0) INTO balanced
    FROM (SELECT sum(amount_minor) AS total FROM payments.ledger_entries
          WHERE transaction_id = transaction GROUP BY currency) e;
    IF NOT balanced THEN
        RAISE EXCEPTION 'ledger transaction % does not sum to zero', transaction USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER balance AFTER INSERT ON payments.ledger_transactions
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION payments.require_balance();
CREATE CONSTRAINT TRIGGER balance AFTER INSERT ON payments.ledger_entries
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION payments.require_balance();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON payments.ledger_transactions
    FOR EACH ROW EXECUTE FUNCTION platform.refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON payments.ledger_entries
    FOR EACH ROW EXECUTE FUNCTION platform.refuse_change();
CREATE TRIGGER append_only_truncate BEFORE TRUNCATE ON payments.ledger_transactions
    FOR EACH STATEMENT EXECUTE FUNCTION platform.refuse_change();
CREATE TRIGGER append_only_truncate BEFORE TRUNCATE ON payments.ledger_entries
    FOR EACH STATEMENT EXECUTE FUNCTION platform.refuse_change();

REVOKE UPDATE, DELETE, TRUNCATE ON payments.ledger_transactions, payments.ledger_entries FROM threadly_app;

-- A run compares provider, ledger and payments; what does not match stays listed until it is settled.
CREATE TABLE payments.reconciliations (
    id uuid PRIMARY KEY,
    tenant_id int NOT NULL DEFAULT platform.tenant_id(),
    provider text NOT NULL,
    since timestamptz NOT NULL,
    until timestamptz NOT NULL,
    matched int NOT NULL,
    healed int NOT NULL,
    differences int NOT NULL,
    ran_at timestamptz NOT NULL
);
CREATE INDEX reconciliations_newest ON payments.reconciliations (tenant_id, provider, id);
{tenant_table("payments.reconciliations")}
CREATE TABLE payments.discrepancies (
    id uuid PRIMARY KEY,
    tenant_id int NOT NULL DEFAULT platform.tenant_id(),
    reconciliation_id uuid NOT NULL REFERENCES payments.reconciliations ON DELETE CASCADE,
    kind text NOT NULL,
    subject text NOT NULL,
    payment_id uuid,
    reference uuid,
    expected_minor bigint,
    found_minor bigint,
    currency text,
    explanation text NOT NULL,
    found_at timestamptz NOT NULL,
    settled_at timestamptz,
    settled_by uuid,
    note text
);
CREATE UNIQUE INDEX discrepancies_open ON payments.discrepancies (tenant_id, kind, subject) WHERE settled_at IS NULL;
{tenant_table("payments.discrepancies")}

-- What a worker has to take up, of all tenants: a worker asks before it knows whose turn it is.
CREATE FUNCTION payments.list_due(most int) RETURNS TABLE (tenant_id int, payment_id uuid, tries int)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
    SELECT p.tenant_id, p.id, p.tries FROM payments.payments p
    WHERE p.due_at <= clock_timestamp() ORDER BY p.due_at LIMIT most
$$;
REVOKE ALL ON FUNCTION payments.list_due(int) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION payments.list_due(int) TO threadly_app;
CREATE FUNCTION payments.list_due_refunds(most int) RETURNS TABLE (tenant_id int, refund_id uuid, tries int)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
    SELECT r.tenant_id, r.id, r.tries FROM payments.refunds r
    WHERE r.due_at <= clock_timestamp() ORDER BY r.due_at LIMIT most
$$;
REVOKE ALL ON FUNCTION payments.list_due_refunds(int) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION payments.list_due_refunds(int) TO threadly_app;
"""  # only the SQL of tenancy.py is put in

DOWN = "DROP SCHEMA payments CASCADE"


def upgrade() -> None:
    op.execute(UP)


def downgrade() -> None:
    op.execute(DOWN)
