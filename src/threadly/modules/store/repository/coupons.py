"""Coupons, and which order uses them."""

from datetime import datetime
from types import NoneType

import msgspec

from threadly.modules.store.rules.coupons import CouponStanding
from threadly.modules.store.types.cart import CouponKind
from threadly.platform.db import sql
from threadly.platform.ids import UUID

__all__ = [
    "CLAIM_COUPONS",
    "FIND_COUPON",
    "INSERT_COUPON",
    "LIST_COUPONS",
    "LIST_STANDINGS",
    "LOCK_COUPON",
    "RETURN_COUPONS",
    "SAVE_COUPON",
    "USE_COUPONS",
    "CouponRow",
]


class CouponRow(msgspec.Struct, frozen=True):
    id: UUID
    code: str
    kind: CouponKind
    basis_points: int | None
    amount_minor: int | None
    minimum_minor: int
    once_per_buyer: bool
    most_uses: int | None
    uses: int
    starts_at: datetime | None
    expires_at: datetime | None
    active: bool
    created_at: datetime
    updated_at: datetime


_COLUMNS = """
    id, code, kind, basis_points, amount_minor, minimum_minor, once_per_buyer, most_uses, uses, starts_at,
    expires_at, active, created_at, updated_at
"""

INSERT_COUPON = sql(
    "store.insert_coupon",
    f"""
    INSERT INTO store.coupons (id, code, kind, basis_points, amount_minor, minimum_minor, once_per_buyer,
        most_uses, starts_at, expires_at, created_at, updated_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $11)
    ON CONFLICT (tenant_id, code) DO NOTHING RETURNING {_COLUMNS}
    """,  # noqa: S608  # the columns are a constant above
    into=CouponRow,
)
FIND_COUPON = sql(
    "store.find_coupon",
    f"SELECT {_COLUMNS} FROM store.coupons WHERE id = $1",  # noqa: S608
    into=CouponRow,
)
LOCK_COUPON = sql(
    "store.lock_coupon",
    f"SELECT {_COLUMNS} FROM store.coupons WHERE id = $1 FOR NO KEY UPDATE",  # noqa: S608
    into=CouponRow,
)
LIST_COUPONS = sql(
    "store.list_coupons",
    f"""
    SELECT {_COLUMNS} FROM store.coupons WHERE id < $1 AND ($2::boolean IS NULL OR active = $2)
    ORDER BY id DESC LIMIT $3
    """,  # noqa: S608
    into=CouponRow,
)
SAVE_COUPON = sql(
    "store.save_coupon",
    f"""
    UPDATE store.coupons SET basis_points = $2, amount_minor = $3, minimum_minor = $4, once_per_buyer = $5,
        most_uses = $6, starts_at = $7, expires_at = $8, active = $9, updated_at = $10
    WHERE id = $1 RETURNING {_COLUMNS}
    """,  # noqa: S608
    into=CouponRow,
)
# As buyer $2 finds them, whose order $3 does not count.
LIST_STANDINGS = sql(
    "store.list_coupon_standings",
    """
    SELECT c.code, c.kind, c.basis_points, c.amount_minor, c.minimum_minor, c.most_uses,
        c.uses - (own.order_id IS NOT NULL)::int AS uses, c.starts_at, c.expires_at, c.active,
        EXISTS (
            SELECT FROM store.coupon_uses u
            WHERE u.coupon_id = c.id AND u.only_buyer_id = $2 AND u.order_id IS DISTINCT FROM $3
        ) AS used
    FROM store.coupons c LEFT JOIN store.coupon_uses own ON own.order_id = $3 AND own.coupon_id = c.id
    WHERE c.code = ANY($1::text[])
    """,
    into=CouponStanding,
)
# Locked in the order of their ids, so that two orders with the same coupons wait and do not meet crosswise.
CLAIM_COUPONS = sql(
    "store.claim_coupons",
    """
    WITH wanted AS (
        SELECT id FROM store.coupons WHERE code = ANY($1::text[]) ORDER BY id FOR NO KEY UPDATE
    )
    UPDATE store.coupons c SET uses = c.uses + 1 FROM wanted w
    WHERE c.id = w.id AND c.active AND (c.most_uses IS NULL OR c.uses < c.most_uses)
        AND (c.starts_at IS NULL OR c.starts_at <= $2) AND (c.expires_at IS NULL OR c.expires_at > $2)
    RETURNING c.id
    """,
    into=UUID,
)
USE_COUPONS = sql(
    "store.use_coupons",
    """
    INSERT INTO store.coupon_uses (order_id, coupon_id, only_buyer_id)
    SELECT $1, id, CASE WHEN once_per_buyer THEN $2::uuid END FROM store.coupons WHERE id = ANY($3::uuid[])
    ON CONFLICT DO NOTHING
    """,
    into=NoneType,
)
RETURN_COUPONS = sql(
    "store.return_coupons",
    """
    WITH back AS (DELETE FROM store.coupon_uses WHERE order_id = $1 RETURNING coupon_id)
    UPDATE store.coupons c SET uses = c.uses - 1 FROM back WHERE c.id = back.coupon_id
    """,
    into=NoneType,
)
