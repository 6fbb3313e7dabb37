"""What must agree with something else, read for the audit."""

import msgspec

from threadly.modules.store.types.orders import OrderState
from threadly.platform.db import sql
from threadly.platform.ids import UUID


class AuditedRow(msgspec.Struct, frozen=True):
    """`card_refunded_minor`: what providers have given back. `promised_minor`: all refunds that did not
    fail."""

    id: UUID
    state: OrderState
    currency: str
    due_minor: int
    refunded_minor: int
    card_refunded_minor: int
    promised_minor: int


class DifferenceRow(msgspec.Struct, frozen=True):
    id: UUID
    expected: int
    found: int


AUDITED_ORDERS = sql(
    "store.list_audited_orders",
    """
    SELECT o.id, o.state, o.currency, o.due_minor, o.refunded_minor,
        coalesce(sum(r.amount_minor - r.gift_card_minor) FILTER (WHERE r.state = 'succeeded'), 0)::bigint
            AS card_refunded_minor,
        coalesce(sum(CASE WHEN r.state = 'failed' THEN r.gift_card_minor ELSE r.amount_minor END), 0)::bigint
            AS promised_minor
    FROM store.orders o LEFT JOIN store.refunds r ON r.order_id = o.id
    WHERE o.id = ANY ($1::uuid[])
    GROUP BY o.id
    """,
    into=AuditedRow,
)
# Orders of that time for which a provider must have been paid, by id.
CHARGED_ORDERS = sql(
    "store.list_charged_orders",
    """
    SELECT id FROM store.orders
    WHERE tenant_id = platform.tenant_id() AND created_at >= $1 AND created_at < $2 AND id > $3
        AND paid_at IS NOT NULL AND due_minor > 0
    ORDER BY id LIMIT $4
    """,
    into=UUID,
)
STOCK_OFF = sql(
    "store.list_stock_off",
    """
    SELECT v.id, coalesce(m.units, 0)::bigint AS expected, v.on_hand::bigint AS found
    FROM store.variants v LEFT JOIN (
        SELECT variant_id, sum(quantity) AS units FROM store.stock_movements
        WHERE tenant_id = platform.tenant_id() GROUP BY variant_id
    ) m ON m.variant_id = v.id
    WHERE v.tenant_id = platform.tenant_id() AND v.on_hand <> coalesce(m.units, 0) ORDER BY v.id LIMIT $1
    """,
    into=DifferenceRow,
)
RESERVED_OFF = sql(
    "store.list_reserved_off",
    """
    SELECT v.id, coalesce(r.units, 0)::bigint AS expected, v.reserved::bigint AS found
    FROM store.variants v LEFT JOIN (
        SELECT variant_id, sum(quantity) AS units FROM store.reservations
        WHERE tenant_id = platform.tenant_id() GROUP BY variant_id
    ) r ON r.variant_id = v.id
    WHERE v.tenant_id = platform.tenant_id() AND v.reserved <> coalesce(r.units, 0) ORDER BY v.id LIMIT $1
    """,
    into=DifferenceRow,
)
# A decided order holds nothing.
HELD_FOR_NOTHING = sql(
    "store.list_held_for_nothing",
    """
    SELECT o.id, 0::bigint AS expected, sum(r.quantity)::bigint AS found
    FROM store.reservations r JOIN store.orders o ON o.id = r.order_id
    WHERE r.tenant_id = platform.tenant_id() AND o.state NOT IN ('pending', 'payment_pending')
    GROUP BY o.id ORDER BY o.id LIMIT $1
    """,
    into=DifferenceRow,
)
COUPONS_OFF = sql(
    "store.list_coupons_off",
    """
    SELECT c.id, count(u.order_id) AS expected, c.uses::bigint AS found
    FROM store.coupons c LEFT JOIN store.coupon_uses u ON u.coupon_id = c.id
    WHERE c.tenant_id = platform.tenant_id()
    GROUP BY c.id HAVING count(u.order_id) <> c.uses ORDER BY c.id LIMIT $1
    """,
    into=DifferenceRow,
)
# What gift cards paid and did not get back is what the orders say; one that came to nothing kept nothing.
GIFT_CARDS_OFF = sql(
    "store.list_gift_cards_off",
    """
    SELECT id, expected, found FROM (
        SELECT o.id, CASE WHEN o.state = 'cancelled' THEN 0 ELSE o.gift_card_minor END AS expected,
            sum(u.amount_minor - CASE WHEN o.state = 'cancelled' THEN u.returned_minor ELSE 0 END)::bigint
                AS found
        FROM store.gift_card_uses u JOIN store.orders o ON o.id = u.order_id
        WHERE u.tenant_id = platform.tenant_id()
        GROUP BY o.id, o.state, o.gift_card_minor
    ) each WHERE expected <> found ORDER BY id LIMIT $1
    """,
    into=DifferenceRow,
)
