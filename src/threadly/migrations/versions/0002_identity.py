"""identity

Accounts, what they may do, how they are signed in, and the keys that sign their tokens.
"""

from alembic import op

from threadly.migrations.tenancy import module_schema, tenant_table

revision = "0002"
down_revision = "0001"

UP = f"""
{module_schema("identity")}

CREATE TABLE identity.users (
    id uuid PRIMARY KEY,
    tenant_id int NOT NULL DEFAULT platform.tenant_id(),
    username text NOT NULL CHECK (username ~ '^[a-z0-9_]{{3,30}}$'),
    email text NOT NULL CHECK (length(email) <= 254),
    email_verified_at timestamptz,
    password_hash text NOT NULL,
    name text NOT NULL CHECK (name <> ''),
    bio text NOT NULL DEFAULT '',
    website text CHECK (website ~ '^https?://'),
    avatar_url text CHECK (avatar_url ~ '^(https?:/)?/'),
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL DEFAULT now()
);
CREATE UNIQUE INDEX users_username ON identity.users (tenant_id, username);
CREATE UNIQUE INDEX users_email ON identity.users (tenant_id, lower(email));
{tenant_table("identity.users")}
-- Only what others see counts as a change of the profile: a sign-in that renews a hash does not.
CREATE TRIGGER touch BEFORE UPDATE OF username, name, bio, website, avatar_url ON identity.users
    FOR EACH ROW EXECUTE FUNCTION platform.touch_updated_at();
CREATE TRIGGER audit AFTER INSERT OR UPDATE OR DELETE ON identity.users
    FOR EACH ROW EXECUTE FUNCTION platform.audit('id', 'password_hash');

-- Everybody is a user; what is granted beyond that is here.
CREATE TABLE identity.role_grants (
    user_id uuid NOT NULL REFERENCES identity.users ON DELETE CASCADE,
    role text NOT NULL CHECK (role IN ('moderator', 'admin')),
    tenant_id int NOT NULL DEFAULT platform.tenant_id(),
    granted_at timestamptz NOT NULL,
    PRIMARY KEY (user_id, role)
);
{tenant_table("identity.role_grants")}
CREATE TRIGGER audit AFTER INSERT OR UPDATE OR DELETE ON identity.role_grants
    FOR EACH ROW EXECUTE FUNCTION platform.audit('user_id');

-- One row per sign-in. A browser holds the token of `token_hash` in its cookie; an API client holds refresh
-- tokens, which are the session's family.
CREATE TABLE identity.sessions (
    id uuid PRIMARY KEY,
    tenant_id int NOT NULL DEFAULT platform.tenant_id(),
    user_id uuid NOT NULL REFERENCES identity.users ON DELETE CASCADE,
    kind text NOT NULL CHECK (kind IN ('browser', 'api')),
    token_hash bytea CHECK ((kind = 'browser') = (token_hash IS NOT NULL)),
    device text NOT NULL,
    created_at timestamptz NOT NULL,
    last_seen_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    revoked_at timestamptz
);
CREATE UNIQUE INDEX sessions_token ON identity.sessions (token_hash) WHERE token_hash IS NOT NULL;
CREATE INDEX sessions_user ON identity.sessions (user_id);
CREATE INDEX sessions_expired ON identity.sessions (tenant_id, expires_at);
CREATE INDEX sessions_revoked ON identity.sessions (tenant_id, revoked_at) WHERE revoked_at IS NOT NULL;
{tenant_table("identity.sessions")}

-- A used token stays until it would have expired, so that its second use is noticed.
CREATE TABLE identity.refresh_tokens (
    token_hash bytea PRIMARY KEY,
    tenant_id int NOT NULL DEFAULT platform.tenant_id(),
    session_id uuid NOT NULL REFERENCES identity.sessions ON DELETE CASCADE,
    issued_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    used_at timestamptz
);
CREATE INDEX refresh_tokens_session ON identity.refresh_tokens (session_id);
CREATE INDEX refresh_tokens_expired ON identity.refresh_tokens (tenant_id, expires_at);
{tenant_table("identity.refresh_tokens")}

-- Access tokens are checked without a query, so what ends before they do is told here, and every process
-- reads it each second. No foreign key: it outlives a deleted account a little, and names nobody.
CREATE TABLE identity.voided_tokens (
    session_id uuid PRIMARY KEY,
    tenant_id int NOT NULL DEFAULT platform.tenant_id(),
    issued_before timestamptz NOT NULL
);
CREATE INDEX voided_tokens_newest ON identity.voided_tokens (tenant_id, issued_before);
{tenant_table("identity.voided_tokens")}

-- Links in mail. `token_hash` is of a value that is derived from `id` and the installation's secret key.
CREATE TABLE identity.links (
    id uuid PRIMARY KEY,
    tenant_id int NOT NULL DEFAULT platform.tenant_id(),
    user_id uuid NOT NULL REFERENCES identity.users ON DELETE CASCADE,
    purpose text NOT NULL CHECK (purpose IN ('verify', 'reset')),
    token_hash bytea NOT NULL UNIQUE,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    UNIQUE (user_id, purpose)
);
CREATE INDEX links_expired ON identity.links (tenant_id, expires_at);
{tenant_table("identity.links")}

CREATE TABLE identity.signing_keys (
    id uuid PRIMARY KEY,
    tenant_id int NOT NULL DEFAULT platform.tenant_id(),
    public_key bytea NOT NULL CHECK (length(public_key) = 32),
    sealed_private_key bytea NOT NULL,
    created_at timestamptz NOT NULL,
    retired_at timestamptz
);
CREATE UNIQUE INDEX signing_keys_current ON identity.signing_keys (tenant_id) WHERE retired_at IS NULL;
CREATE INDEX signing_keys_tenant ON identity.signing_keys (tenant_id);
{tenant_table("identity.signing_keys")}

-- What other modules may read and join.
CREATE VIEW identity.profiles WITH (security_invoker = true) AS
SELECT id, tenant_id, username, name, bio, website, avatar_url, created_at FROM identity.users;
-- A view of one table could be written through; a published one is for reading.
REVOKE INSERT, UPDATE, DELETE ON identity.profiles FROM threadly_app;
"""  # only the SQL of tenancy.py is put in

DOWN = "DROP SCHEMA identity CASCADE"


def upgrade() -> None:
    op.execute(UP)


def downgrade() -> None:
    op.execute(DOWN)
