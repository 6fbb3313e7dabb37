"""readable mark

Processes can tell by themselves whether the schema is one that they can serve from.
"""

from alembic import op

revision = "0022"
down_revision = "0021"


def upgrade() -> None:
    op.execute("GRANT SELECT ON public.alembic_version TO threadly_app")


def downgrade() -> None:
    op.execute("REVOKE SELECT ON public.alembic_version FROM threadly_app")
