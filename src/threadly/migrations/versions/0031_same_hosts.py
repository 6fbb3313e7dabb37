"""same hosts

Links to one site are counted whatever page of it they lead to.
"""

from alembic import op

revision = "0031"
down_revision = "0030"

UP = """
ALTER TABLE moderation.prints DROP CONSTRAINT prints_kind_check;
ALTER TABLE moderation.prints ADD CONSTRAINT prints_kind_check
    CHECK (kind IN ('text', 'link', 'host', 'entry'));
"""

DOWN = """
DELETE FROM moderation.prints WHERE kind = 'host';
ALTER TABLE moderation.prints DROP CONSTRAINT prints_kind_check;
ALTER TABLE moderation.prints ADD CONSTRAINT prints_kind_check CHECK (kind IN ('text', 'link', 'entry'));
"""


def upgrade() -> None:
    op.execute(UP)


def downgrade() -> None:
    op.execute(DOWN)
