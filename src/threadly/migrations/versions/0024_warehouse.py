"""warehouse

Orders remember whether the warehouse was told of them, so that it is told too when they are called off.
"""

from alembic import op

revision = "0024"
down_revision = "0023"

UP = """
-- `telling` from the first call on, `told` once it was taken; null: the warehouse never heard of the order.
ALTER TABLE store.orders ADD COLUMN warehouse text CHECK (warehouse IN ('telling', 'told'));
-- What still has to be sent was told as soon as it was paid, or is being told by a job that ends so.
UPDATE store.orders SET warehouse = 'told' WHERE state IN ('paid', 'partially_refunded');
"""

DOWN = """
ALTER TABLE store.orders DROP COLUMN warehouse;
"""


def upgrade() -> None:
    op.execute(UP)


def downgrade() -> None:
    op.execute(DOWN)
