"""refunded units

An order's lines remember for how many of their units money was given back.
"""

from alembic import op

revision = "0020"
down_revision = "0019"

UP = """
ALTER TABLE store.order_lines ADD COLUMN refunded_units int NOT NULL DEFAULT 0,
    ADD CONSTRAINT order_lines_refunded CHECK (refunded_units BETWEEN 0 AND quantity);
-- Of which lines a refund is, so that one that the provider refuses can be taken back.
ALTER TABLE store.refunds ADD COLUMN units jsonb NOT NULL DEFAULT '[]';

-- Until now only units that came back to the shelf were written down.
UPDATE store.refunds SET units = restock;
UPDATE store.order_lines l SET refunded_units = least(b.units, l.quantity)
FROM (
    SELECT r.order_id, (u.value ->> 'line')::int AS line, sum((u.value ->> 'quantity')::int)::int AS units
    FROM store.refunds r CROSS JOIN jsonb_array_elements(r.units) u
    WHERE r.state <> 'failed' GROUP BY r.order_id, line
) b
WHERE l.order_id = b.order_id AND l.line = b.line;
"""

DOWN = """
ALTER TABLE store.refunds DROP COLUMN units;
ALTER TABLE store.order_lines DROP COLUMN refunded_units;
"""


def upgrade() -> None:
    op.execute(UP)


def downgrade() -> None:
    op.execute(DOWN)
