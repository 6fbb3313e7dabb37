"""Gift cards, and which order uses them."""

from datetime import datetime
from types import NoneType

import msgspec

from threadly.platform.db import sql
from threadly.platform.ids import UUID

__all__ = [
    "END_GIFT_CARD",
    "FIND_GIFT_CARD",
    "INSERT_GIFT_CARD",
    "LIST_BY_HASH",
    "LIST_GIFT_CARDS",
    "LOCK_BY_HASH",
    "LOCK_GIFT_CARD",
    "LOCK_GIFT_CARD_USES",
    "LOCK_USED_CARDS",
    "RETURN_TO_GIFT_CARDS",
    "USE_GIFT_CARDS",
    "GiftCardRow",
    "GiftCardUseRow",
]


class GiftCardRow(msgspec.Struct, frozen=True):
    id: UUID
    code_hash: bytes
    last_four: str
    initial_minor: int
    balance_minor: int
    currency: str
    note: str
    expires_at: datetime | None
    created_at: datetime


class GiftCardUseRow(msgspec.Struct, frozen=True):
    """`rest_minor` of what the order took was not given back yet."""

    gift_card_id: UUID
    rest_minor: int


_COLUMNS = """
    id, code_hash, last_four, initial_minor, balance_minor, currency, note, expires_at, created_at
"""

INSERT_GIFT_CARD = sql(
    "store.insert_gift_card",
    f"""
    INSERT INTO store.gift_cards (id, code_hash, last_four, initial_minor, balance_minor, currency, note,
        issued_by, expires_at, created_at)
    VALUES ($1, $2, $3, $4, $4, $5, $6, $7, $8, $9) RETURNING {_COLUMNS}
    """,  # noqa: S608  # the columns are a constant above
    into=GiftCardRow,
)
FIND_GIFT_CARD = sql(
    "store.find_gift_card",
    f"SELECT {_COLUMNS} FROM store.gift_cards WHERE id = $1",  # noqa: S608
    into=GiftCardRow,
)
LOCK_GIFT_CARD = sql(
    "store.lock_gift_card",
    f"SELECT {_COLUMNS} FROM store.gift_cards WHERE id = $1 FOR NO KEY UPDATE",  # noqa: S608
    into=GiftCardRow,
)
LIST_GIFT_CARDS = sql(
    "store.list_gift_cards",
    f"SELECT {_COLUMNS} FROM store.gift_cards WHERE id < $1 ORDER BY id DESC LIMIT $2",  # noqa: S608
    into=GiftCardRow,
)
LIST_BY_HASH = sql(
    "store.list_gift_cards_by_hash",
    f"SELECT {_COLUMNS} FROM store.gift_cards WHERE code_hash = ANY($1::bytea[])",  # noqa: S608
    into=GiftCardRow,
)
# Locked in the order of their ids, so that two orders with the same cards wait and do not meet crosswise.
LOCK_BY_HASH = sql(
    "store.lock_gift_cards_by_hash",
    f"""
    SELECT {_COLUMNS} FROM store.gift_cards WHERE code_hash = ANY($1::bytea[])
    ORDER BY id FOR NO KEY UPDATE
    """,  # noqa: S608
    into=GiftCardRow,
)
END_GIFT_CARD = sql(
    "store.end_gift_card",
    f"""
    UPDATE store.gift_cards SET balance_minor = 0, expires_at = least(expires_at, $2)
    WHERE id = $1 RETURNING {_COLUMNS}
    """,  # noqa: S608
    into=GiftCardRow,
)
USE_GIFT_CARDS = sql(
    "store.use_gift_cards",
    """
    WITH part AS (
        SELECT * FROM unnest($2::uuid[], $3::bigint[]) part (gift_card_id, amount_minor)
    ), paid AS (
        UPDATE store.gift_cards c SET balance_minor = c.balance_minor - part.amount_minor
        FROM part WHERE c.id = part.gift_card_id
    )
    INSERT INTO store.gift_card_uses (order_id, gift_card_id, amount_minor)
    SELECT $1, gift_card_id, amount_minor FROM part
    """,
    into=NoneType,
)
LOCK_USED_CARDS = sql(
    "store.lock_used_gift_cards",
    """
    SELECT c.id FROM store.gift_cards c
    WHERE c.id IN (SELECT gift_card_id FROM store.gift_card_uses WHERE order_id = $1)
    ORDER BY c.id FOR NO KEY UPDATE
    """,
    into=UUID,
)
LOCK_GIFT_CARD_USES = sql(
    "store.lock_gift_card_uses",
    """
    SELECT gift_card_id, amount_minor - returned_minor AS rest_minor FROM store.gift_card_uses
    WHERE order_id = $1 AND returned_minor < amount_minor ORDER BY gift_card_id FOR UPDATE
    """,
    into=GiftCardUseRow,
)
# What is given back can be spent: a card that has ended is open again until $4.
RETURN_TO_GIFT_CARDS = sql(
    "store.return_to_gift_cards",
    """
    WITH part AS (
        SELECT * FROM unnest($2::uuid[], $3::bigint[]) part (gift_card_id, amount_minor)
    ), noted AS (
        UPDATE store.gift_card_uses u SET returned_minor = u.returned_minor + part.amount_minor
        FROM part WHERE u.order_id = $1 AND u.gift_card_id = part.gift_card_id
    )
    UPDATE store.gift_cards c SET balance_minor = c.balance_minor + part.amount_minor,
        expires_at = CASE WHEN c.expires_at <= $5 THEN $4::timestamptz ELSE c.expires_at END
    FROM part WHERE c.id = part.gift_card_id
    """,
    into=NoneType,
)
