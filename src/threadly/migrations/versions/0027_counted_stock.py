"""counted stock

An import moves the stock by what the file says more or less than the last time, so that what was sold in between
stays sold.
"""

from alembic import op

revision = "0027"
down_revision = "0026"

UP = """
-- Of the units on hand as many as files have counted; null while none has.
ALTER TABLE store.variants ADD COLUMN counted int CHECK (counted >= 0);
-- Until now a file set the stock: after its last movement there was on hand what it had said.
UPDATE store.variants v SET counted = m.on_hand
FROM (
    SELECT DISTINCT ON (variant_id) variant_id, on_hand
    FROM (
        SELECT variant_id, id, reason, sum(quantity) OVER (PARTITION BY variant_id ORDER BY id) AS on_hand
        FROM store.stock_movements
    ) each
    WHERE reason = 'import' ORDER BY variant_id, id DESC
) m
WHERE m.variant_id = v.id AND m.on_hand >= 0;
"""

DOWN = """
ALTER TABLE store.variants DROP COLUMN counted;
"""


def upgrade() -> None:
    op.execute(UP)


def downgrade() -> None:
    op.execute(DOWN)
