"""api keys

What members give programs in place of a sign-in.
"""

from alembic import op

from threadly.migrations.tenancy import tenant_table

revision = "0026"
down_revision = "0025"

UP = f"""
-- `token_hash` is the SHA-256 of a key that its member was shown once, `hint` how that key begins. A key that is
-- revoked is deleted; the audit log knows of it.
CREATE TABLE identity.api_keys (
    id uuid PRIMARY KEY,
    tenant_id int NOT NULL DEFAULT platform.tenant_id(),
    user_id uuid NOT NULL REFERENCES identity.users ON DELETE CASCADE,
    name text NOT NULL CHECK (name <> ''),
    scope text NOT NULL CHECK (scope IN ('read', 'write')),
    hint text NOT NULL,
    token_hash bytea NOT NULL UNIQUE,
    created_at timestamptz NOT NULL,
    expires_at timestamptz,
    last_used_at timestamptz
);
CREATE INDEX api_keys_of ON identity.api_keys (user_id, id);
{tenant_table("identity.api_keys")}
-- That one is used is no change.
CREATE TRIGGER audit AFTER INSERT OR DELETE ON identity.api_keys
    FOR EACH ROW EXECUTE FUNCTION platform.audit('user_id', 'token_hash');
"""


def upgrade() -> None:
    op.execute(UP)


def downgrade() -> None:
    op.execute("DROP TABLE identity.api_keys")
