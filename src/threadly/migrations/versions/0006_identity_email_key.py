"""identity: e-mail addresses are found by an index

Row level security lets an index serve a condition only through leakproof operators, and `lower()` of a column is
none: signing in looked at every member. A column of its own can be compared plainly.
"""

from alembic import op

revision = "0006"
down_revision = "0005"

UP = """
ALTER TABLE identity.users ADD COLUMN email_key text NOT NULL GENERATED ALWAYS AS (lower(email)) STORED;
CREATE UNIQUE INDEX users_email_key ON identity.users (tenant_id, email_key);
DROP INDEX identity.users_email;
"""

DOWN = """
CREATE UNIQUE INDEX users_email ON identity.users (tenant_id, lower(email));
DROP INDEX identity.users_email_key;
ALTER TABLE identity.users DROP COLUMN email_key;
"""


def upgrade() -> None:
    op.execute(UP)


def downgrade() -> None:
    op.execute(DOWN)
