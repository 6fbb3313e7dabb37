"""identity: communities, setup links, invitations, new addresses, exports

What a community says of itself and whom it lets in, who owns it first, who came by whose invitation; an e-mail
that is to replace another, and copies of what is known of a member.
"""

from alembic import op

from threadly.migrations.tenancy import tenant_table

revision = "0018"
down_revision = "0017"

UP = f"""
-- A community's name is in the registry of tenants, which only the owner of the schema writes: so these two,
-- each for the tenant that the connection serves.
CREATE FUNCTION platform.tenant_name() RETURNS text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$ SELECT name FROM platform.tenants WHERE id = platform.tenant_id() $$;
CREATE FUNCTION platform.rename_tenant(new_name text) RETURNS boolean
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
    UPDATE platform.tenants SET name = new_name WHERE id = platform.tenant_id() AND name <> new_name
    RETURNING true
$$;
REVOKE ALL ON FUNCTION platform.tenant_name(), platform.rename_tenant(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION platform.tenant_name(), platform.rename_tenant(text) TO threadly_app;

-- Without a row a community is what the defaults say.
CREATE TABLE identity.communities (
    tenant_id int PRIMARY KEY DEFAULT platform.tenant_id(),
    description text NOT NULL DEFAULT '',
    access text NOT NULL DEFAULT 'open' CHECK (access IN ('open', 'invite_only')),
    inviters text NOT NULL DEFAULT 'everyone' CHECK (inviters IN ('everyone', 'admins')),
    updated_at timestamptz NOT NULL
);
{tenant_table("identity.communities")}
-- It concerns nobody in particular, and has no such column.
CREATE TRIGGER audit AFTER INSERT OR UPDATE OR DELETE ON identity.communities
    FOR EACH ROW EXECUTE FUNCTION platform.audit('subject');

-- The one link by which whoever started an installation becomes the owner of a community.
CREATE TABLE identity.setup_links (
    tenant_id int PRIMARY KEY DEFAULT platform.tenant_id(),
    token_hash bytea NOT NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    used_at timestamptz
);
{tenant_table("identity.setup_links")}

-- `code_hash` is of a value that is derived from `id` and the installation's secret key.
CREATE TABLE identity.invites (
    id uuid PRIMARY KEY,
    tenant_id int NOT NULL DEFAULT platform.tenant_id(),
    inviter_id uuid NOT NULL REFERENCES identity.users ON DELETE CASCADE,
    code_hash bytea NOT NULL UNIQUE,
    most_uses int NOT NULL CHECK (most_uses BETWEEN 1 AND 1000),
    use_count int NOT NULL DEFAULT 0 CHECK (use_count BETWEEN 0 AND most_uses),
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    revoked_at timestamptz
);
CREATE INDEX invites_inviter ON identity.invites (inviter_id, id DESC);
CREATE INDEX invites_newest ON identity.invites (tenant_id, id DESC);
{tenant_table("identity.invites")}

-- Who came by whose invitation.
CREATE TABLE identity.arrivals (
    user_id uuid PRIMARY KEY REFERENCES identity.users ON DELETE CASCADE,
    tenant_id int NOT NULL DEFAULT platform.tenant_id(),
    invite_id uuid REFERENCES identity.invites ON DELETE SET NULL,
    inviter_id uuid REFERENCES identity.users ON DELETE SET NULL,
    joined_at timestamptz NOT NULL
);
CREATE INDEX arrivals_invite ON identity.arrivals (invite_id);
CREATE INDEX arrivals_inviter ON identity.arrivals (inviter_id);
{tenant_table("identity.arrivals")}

-- A link that goes to a new address names it.
ALTER TABLE identity.links DROP CONSTRAINT links_purpose_check, ADD COLUMN email text CHECK (length(email) <= 254);
ALTER TABLE identity.links ADD CONSTRAINT links_purpose_check CHECK (purpose IN ('verify', 'reset', 'email')),
    ADD CONSTRAINT links_email_of_purpose CHECK ((purpose = 'email') = (email IS NOT NULL));

-- Kept for a while after an address was replaced, so that its owner can be told.
CREATE TABLE identity.former_emails (
    id uuid PRIMARY KEY,
    tenant_id int NOT NULL DEFAULT platform.tenant_id(),
    user_id uuid NOT NULL REFERENCES identity.users ON DELETE CASCADE,
    email text NOT NULL,
    replaced_at timestamptz NOT NULL
);
CREATE INDEX former_emails_user ON identity.former_emails (user_id);
CREATE INDEX former_emails_oldest ON identity.former_emails (tenant_id, replaced_at);
{tenant_table("identity.former_emails")}

-- A copy of all that is known of a member, which is gathered by a job and kept, in parts, by the storage.
CREATE TABLE identity.exports (
    id uuid PRIMARY KEY,
    tenant_id int NOT NULL DEFAULT platform.tenant_id(),
    user_id uuid NOT NULL REFERENCES identity.users ON DELETE CASCADE,
    state text NOT NULL DEFAULT 'gathering' CHECK (state IN ('gathering', 'ready', 'failed')),
    requested_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    ready_at timestamptz,
    size_bytes bigint NOT NULL DEFAULT 0,
    part_count int NOT NULL DEFAULT 0
);
CREATE UNIQUE INDEX exports_gathering ON identity.exports (user_id) WHERE state = 'gathering';
CREATE INDEX exports_user ON identity.exports (user_id, id DESC);
CREATE INDEX exports_expired ON identity.exports (tenant_id, expires_at);
{tenant_table("identity.exports")}

-- A second factor (RFC 6238). `last_step` is the newest half minute that a code was used of, so that none works
-- twice; after some failures in a row none works at all until a time.
CREATE TABLE identity.second_factors (
    user_id uuid PRIMARY KEY REFERENCES identity.users ON DELETE CASCADE,
    tenant_id int NOT NULL DEFAULT platform.tenant_id(),
    sealed_key bytea NOT NULL,
    created_at timestamptz NOT NULL,
    confirmed_at timestamptz,
    last_step bigint NOT NULL DEFAULT 0,
    failures int NOT NULL DEFAULT 0,
    locked_until timestamptz
);
{tenant_table("identity.second_factors")}
CREATE TRIGGER audit AFTER INSERT OR UPDATE OF confirmed_at OR DELETE ON identity.second_factors
    FOR EACH ROW EXECUTE FUNCTION platform.audit('user_id', 'sealed_key');
CREATE TABLE identity.recovery_codes (
    user_id uuid NOT NULL REFERENCES identity.second_factors ON DELETE CASCADE,
    code_hash bytea NOT NULL,
    tenant_id int NOT NULL DEFAULT platform.tenant_id(),
    PRIMARY KEY (user_id, code_hash)
);
{tenant_table("identity.recovery_codes")}

-- Suspensions: who may not sign in, until when (NULL: no end), why in a sentence, and where they can appeal.
CREATE TABLE identity.suspensions (
    user_id uuid PRIMARY KEY REFERENCES identity.users ON DELETE CASCADE,
    tenant_id int NOT NULL DEFAULT platform.tenant_id(),
    until timestamptz,
    reason text NOT NULL CHECK (char_length(reason) <= 1000),
    appeal_path text NOT NULL CHECK (appeal_path ~ '^/'),
    suspended_at timestamptz NOT NULL
);
CREATE INDEX suspensions_ending ON identity.suspensions (tenant_id, until);
{tenant_table("identity.suspensions")}
CREATE TRIGGER audit AFTER INSERT OR UPDATE OR DELETE ON identity.suspensions
    FOR EACH ROW EXECUTE FUNCTION platform.audit('user_id', 'appeal_path');
"""  # only the SQL of tenancy.py is put in

DOWN = """
DROP TABLE identity.suspensions;
DROP TABLE identity.recovery_codes, identity.second_factors, identity.exports, identity.former_emails, identity.arrivals, identity.invites, identity.setup_links,
    identity.communities;
DELETE FROM identity.links WHERE purpose = 'email';
ALTER TABLE identity.links DROP COLUMN email, DROP CONSTRAINT links_purpose_check;
ALTER TABLE identity.links ADD CONSTRAINT links_purpose_check CHECK (purpose IN ('verify', 'reset'));
DROP FUNCTION platform.rename_tenant(text), platform.tenant_name();
"""


def upgrade() -> None:
    op.execute(UP)


def downgrade() -> None:
    op.execute(DOWN)
