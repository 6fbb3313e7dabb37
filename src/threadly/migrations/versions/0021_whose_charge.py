"""payments: whose a charge is

A provider's account is one for all communities of an installation: what it says belongs to the one whose key it
bears, and a charge pays for one thing only, wherever that is.
"""

from alembic import op

revision = "0021"
down_revision = "0020"

UP = """
-- One charge, one attempt, in whatever community. What came second keeps a name that no provider knows.
UPDATE payments.attempts a SET provider_ref = a.provider_ref || '#' || a.id
WHERE EXISTS (
    SELECT FROM payments.attempts b
    WHERE b.provider = a.provider AND b.provider_ref = a.provider_ref AND b.id < a.id
);
DROP INDEX payments.attempts_provider_ref;
CREATE UNIQUE INDEX attempts_provider_ref ON payments.attempts (provider, provider_ref);

-- Whether the provider's charge is another attempt's, of any tenant. Two who ask of the same one wait for each
-- other, so that the second hears what the first has written.
CREATE FUNCTION payments.is_taken(attempt uuid, by_provider text, ref text) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended(by_provider || ':' || ref, 0));
    RETURN EXISTS (
        SELECT FROM payments.attempts a
        WHERE a.provider = by_provider AND a.provider_ref = ref AND a.id <> attempt
    );
END $$;

-- Which tenant our own keys belong to, those of charges and of refunds.
CREATE FUNCTION payments.find_owners(keys uuid[]) RETURNS TABLE (key uuid, tenant_id int)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
    SELECT a.id, a.tenant_id FROM payments.attempts a WHERE a.id = ANY(keys)
    UNION ALL SELECT r.id, r.tenant_id FROM payments.refunds r WHERE r.id = ANY(keys)
$$;
REVOKE ALL ON FUNCTION payments.is_taken(uuid, text, text), payments.find_owners(uuid[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION payments.is_taken(uuid, text, text), payments.find_owners(uuid[]) TO threadly_app;

-- Some are found when an outcome is recorded, not by a comparison.
ALTER TABLE payments.discrepancies ALTER COLUMN reconciliation_id DROP NOT NULL;

-- Until now each community was told what the provider's account said of all the others.
DELETE FROM payments.discrepancies WHERE tenant_id <> 1 AND settled_at IS NULL AND kind LIKE '%\\_unknown';
-- And what was paid out was booked in each of them. In all but the first it is taken back.
CREATE TEMPORARY TABLE taken_back ON COMMIT DROP AS
    SELECT t.id AS undone, t.tenant_id, t.source || ', taken back' AS source, now() AS at,
        (lpad(to_hex((extract(epoch FROM now()) * 1000)::bigint), 12, '0') || '7'
            || substr(md5(t.id::text), 1, 3) || '8' || substr(md5(t.id::text), 4, 15))::uuid AS id
    FROM payments.ledger_transactions t WHERE t.kind = 'payout' AND t.tenant_id <> 1;
INSERT INTO payments.ledger_transactions (id, tenant_id, kind, source, at)
    SELECT id, tenant_id, 'payout', source, at FROM taken_back;
INSERT INTO payments.ledger_entries (transaction_id, line, tenant_id, account, amount_minor, currency)
    SELECT b.id, e.line, e.tenant_id, e.account, -e.amount_minor, e.currency
    FROM taken_back b JOIN payments.ledger_entries e ON e.transaction_id = b.undone;
SET CONSTRAINTS ALL IMMEDIATE;
"""

# The books keep what was taken back: nothing in them is ever changed.
DOWN = """
DELETE FROM payments.discrepancies WHERE reconciliation_id IS NULL;
ALTER TABLE payments.discrepancies ALTER COLUMN reconciliation_id SET NOT NULL;
DROP FUNCTION payments.find_owners(uuid[]), payments.is_taken(uuid, text, text);
DROP INDEX payments.attempts_provider_ref;
CREATE UNIQUE INDEX attempts_provider_ref ON payments.attempts (tenant_id, provider, provider_ref);
"""


def upgrade() -> None:
    op.execute(UP)


def downgrade() -> None:
    op.execute(DOWN)
