"""The processor's books: charges, refunds, payouts and the movements of the account.

Each function is one call of the storage, hence one transaction beside no other.
"""

import secrets
import time
from datetime import datetime
from sqlite3 import Connection
from typing import Any, TypeVar

import msgspec

from threadly.sandbox.behaviour import WebhookBehaviour
from threadly.sandbox.cards import PENDING_S, Card, card_of
from threadly.sandbox.storage import Row, stamp
from threadly.sandbox.types import (
    Charge,
    ChargeOrder,
    Movement,
    Payout,
    PayoutOrder,
    Problem,
    Refund,
    RefundOrder,
)
from threadly.sandbox.webhooks import announce

__all__ = [
    "cancel",
    "charge",
    "decide_due",
    "fee_of",
    "find_charges",
    "get_charge",
    "list_movements",
    "pay_out",
    "refund",
    "take_fault",
]

T = TypeVar("T")


def fee_of(amount_minor: int) -> int:
    """2.9 % and 30 minor units, rounded half up."""
    return (amount_minor * 29 + 500) // 1000 + 30


def charge(
    db: Connection, key: str, order: ChargeOrder, behaviour: WebhookBehaviour, seed: int
) -> tuple[Charge, bool]:
    """The charge of `key`, and whether this call made it. Refuses a key that is void or of another order."""
    _refuse_cancelled(db, key)
    if (row := _same(db, "charges", key, order)) is not None:
        return _as(Charge, row), False
    made = _charge_row(key, order, card_of(order.token))
    _insert(db, "charges", made)
    done = _as(Charge, made)
    if done.status == "succeeded":
        _book_charge(db, done)
    if done.status != "pending":
        announce(db, f"charge.{done.status}", key, {"charge": done}, behaviour, seed)
    return done, True


def take_fault(db: Connection, key: str) -> bool:
    """Whether this is the first call of `key`, at which a card's fault happens; the next one is not."""
    return db.execute("INSERT OR IGNORE INTO faulted_keys (key) VALUES (?)", (key,)).rowcount == 1


def cancel(db: Connection, key: str) -> Charge | None:
    """The charge of `key` if it is too late; otherwise None, and the key is void for ever.

    A charge that is still pending is given up.
    """
    row = _one(db, "SELECT * FROM charges WHERE key = ?", key)
    if row is not None and row["status"] != "pending":
        return _as(Charge, row)
    db.execute("DELETE FROM charges WHERE key = ?", (key,))
    db.execute("INSERT OR IGNORE INTO cancelled_keys (key, at) VALUES (?, ?)", (key, stamp()))
    return None


def decide_due(db: Connection, behaviour: WebhookBehaviour, seed: int) -> float | None:
    """Let pending charges succeed whose time has come. Returns when the next one's comes, if there is one."""
    due = _all(db, "SELECT * FROM charges WHERE decide_at <= ? ORDER BY decide_at LIMIT 500", time.time())
    for row in due:
        db.execute("UPDATE charges SET status = 'succeeded', decide_at = NULL WHERE id = ?", (row["id"],))
        done = _as(Charge, row | {"status": "succeeded"})
        _book_charge(db, done)
        announce(db, "charge.succeeded", done.key, {"charge": done}, behaviour, seed)
    left = _one(db, "SELECT min(decide_at) AS next_at FROM charges WHERE decide_at IS NOT NULL")
    return left["next_at"] if left else None


def find_charges(db: Connection, key: str) -> list[Charge]:
    """One or none."""
    return [_as(Charge, row) for row in _all(db, "SELECT * FROM charges WHERE key = ?", key)]


def get_charge(db: Connection, charge_id: str) -> Charge:
    row = _one(db, "SELECT * FROM charges WHERE id = ?", charge_id)
    if row is None:
        raise Problem(404, "charge_not_found", f"There is no charge {charge_id!r}.")
    return _as(Charge, row)


def refund(db: Connection, key: str, order: RefundOrder, behaviour: WebhookBehaviour, seed: int) -> Refund:
    """The refund of `key`. Refuses more than is left of the charge."""
    if (row := _same(db, "refunds", key, order)) is not None:
        return _as(Refund, row)
    charged = get_charge(db, order.charge)
    if charged.status != "succeeded":
        raise Problem(
            400, "charge_not_succeeded", f"The charge is {charged.status}: there is nothing to refund."
        )
    _refuse_too_large(db, charged, order.amount_minor)
    made = {
        "id": _new_id("re"),
        "key": key,
        **msgspec.structs.asdict(order),
        "currency": charged.currency,
        "status": "succeeded",
        "created_at": stamp(),
    }
    _insert(db, "refunds", made)
    done = _as(Refund, made)
    _move(db, "refund", -done.amount_minor, done.currency, key, charge=done.charge, refund=done.id)
    announce(db, "refund.succeeded", key, {"refund": done}, behaviour, seed)
    return done


def pay_out(db: Connection, key: str, order: PayoutOrder) -> Payout:
    """The payout of `key` to the merchant's bank. Refuses more than the balance."""
    if (row := _same(db, "payouts", key, order)) is not None:
        return _as(Payout, row)
    balance = _sum(db, "SELECT sum(amount_minor) AS n FROM movements WHERE currency = ?", order.currency)
    if order.amount_minor > balance:
        raise Problem(
            400,
            "balance_too_small",
            f"The balance is {balance} {order.currency} in minor units: pay out that much at most.",
        )
    made = {"id": _new_id("po"), "key": key, **msgspec.structs.asdict(order), "created_at": stamp()}
    _insert(db, "payouts", made)
    done = _as(Payout, made)
    _move(db, "payout", -done.amount_minor, done.currency, key, payout=done.id)
    return done


def list_movements(
    db: Connection, *, since: datetime | None, until: datetime | None, after: int, limit: int
) -> tuple[list[Movement], str | None]:
    """Those of `since` (included) to `until` (excluded), the oldest first, and where the next page begins."""
    rows = _all(
        db,
        "SELECT * FROM movements WHERE number > ? AND at >= ? AND at < ? ORDER BY number LIMIT ?",
        after,
        stamp(since) if since else "",
        stamp(until) if until else "~",
        limit + 1,
    )
    page = [_as(Movement, row | {"id": f"mv_{row['number']:012d}"}) for row in rows[:limit]]
    return page, page[-1].id if len(rows) > limit else None


def _charge_row(key: str, order: ChargeOrder, card: Card) -> Row:
    status = "declined" if card.decline_code else "pending" if card.pending else "succeeded"
    return {
        "id": _new_id("ch"),
        "key": key,
        "status": status,
        **msgspec.structs.asdict(order),
        "fee_minor": 0 if card.decline_code else fee_of(order.amount_minor),
        "decline_code": card.decline_code,
        "label": card.label,
        "created_at": stamp(),
        "decide_at": time.time() + PENDING_S if card.pending else None,
    }


def _book_charge(db: Connection, done: Charge) -> None:
    _move(db, "charge", done.amount_minor, done.currency, done.key, charge=done.id)
    _move(db, "fee", -done.fee_minor, done.currency, done.key, charge=done.id)


def _refuse_cancelled(db: Connection, key: str) -> None:
    if _one(db, "SELECT key FROM cancelled_keys WHERE key = ?", key) is not None:
        raise Problem(409, "key_cancelled", "This key was cancelled before: nothing was or will be charged.")


def _refuse_too_large(db: Connection, charged: Charge, amount_minor: int) -> None:
    refunded = _sum(db, "SELECT sum(amount_minor) AS n FROM refunds WHERE charge = ?", charged.id)
    left = charged.amount_minor - refunded
    if amount_minor > left:
        raise Problem(
            400,
            "amount_too_large",
            f"Of this charge {left} {charged.currency} in minor units are left: refund that much at most.",
        )


def _same(db: Connection, table: str, key: str, order: msgspec.Struct) -> Row | None:
    """The row that an earlier call of `key` made, or None. Refuses when that asked for something else."""
    row = _one(db, f"SELECT * FROM {table} WHERE key = ?", key)  # noqa: S608  # a name of our own
    if row is None:
        return None
    if any(row[name] != asked for name, asked in msgspec.structs.asdict(order).items()):
        raise Problem(
            422,
            "key_reused",
            "This Idempotency-Key was used with another body: take a new key for a new call.",
        )
    return row


def _move(db: Connection, kind: str, amount_minor: int, currency: str, key: str, **source: str) -> None:
    line = {"kind": kind, "amount_minor": amount_minor, "currency": currency, "at": stamp(), "key": key}
    _insert(db, "movements", line | source)


def _insert(db: Connection, table: str, row: Row) -> None:
    names, marks = ", ".join(row), ", ".join("?" * len(row))
    db.execute(f"INSERT INTO {table} ({names}) VALUES ({marks})", tuple(row.values()))  # noqa: S608  # our names


def _all(db: Connection, statement: str, *values: Any) -> list[Row]:
    return db.execute(statement, values).fetchall()


def _one(db: Connection, statement: str, *values: Any) -> Row | None:
    row: Row | None = db.execute(statement, values).fetchone()
    return row


def _sum(db: Connection, statement: str, *values: Any) -> int:
    row = _one(db, statement, *values)
    return int(row["n"] or 0) if row else 0


def _as(kind: type[T], row: Row) -> T:
    return msgspec.convert(row, kind)


def _new_id(prefix: str) -> str:
    return f"{prefix}_{secrets.token_hex(12)}"
