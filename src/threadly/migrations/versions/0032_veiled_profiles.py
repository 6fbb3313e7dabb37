"""veiled profiles

What a member says of themselves can be taken down, and put back as it was.
"""

from alembic import op

revision = "0032"
down_revision = "0031"

UP = """
-- Whether others see the username alone. What the member wrote stays, for them and for when it is lifted.
ALTER TABLE identity.users ADD COLUMN veiled boolean NOT NULL DEFAULT false;
CREATE OR REPLACE VIEW identity.profiles WITH (security_invoker = true) AS
SELECT id, tenant_id, username, CASE WHEN veiled THEN username ELSE name END AS name,
    CASE WHEN veiled THEN '' ELSE bio END AS bio, CASE WHEN NOT veiled THEN website END AS website,
    CASE WHEN NOT veiled THEN avatar_url END AS avatar_url, created_at
FROM identity.users;
"""

DOWN = """
CREATE OR REPLACE VIEW identity.profiles WITH (security_invoker = true) AS
SELECT id, tenant_id, username, name, bio, website, avatar_url, created_at FROM identity.users;
ALTER TABLE identity.users DROP COLUMN veiled;
"""


def upgrade() -> None:
    op.execute(UP)


def downgrade() -> None:
    op.execute(DOWN)
