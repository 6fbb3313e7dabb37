"""Webhooks in the storage: written with what they tell of, and there until they are delivered.

A delivery is `queued`; `held` until somebody releases it; `dropped` on purpose; or `failed`, when all
attempts were in vain. One that was delivered is forgotten.
"""

import secrets
import time
from collections.abc import Collection, Mapping
from sqlite3 import Connection

import msgspec

from threadly.sandbox.behaviour import WebhookBehaviour, chance
from threadly.sandbox.storage import stamp
from threadly.sandbox.types import Endpoint

__all__ = [
    "Delivery",
    "announce",
    "find_due",
    "find_endpoint",
    "forget_endpoint",
    "note_delivered",
    "note_failure",
    "release",
    "set_endpoint",
]

_SHUFFLED_WITHIN_S = 0.5
_RETRY_FIRST_S = 0.5
_RETRY_LONGEST_S = 30.0
_ATTEMPTS_MOST = 20


class Delivery(msgspec.Struct, frozen=True):
    number: int
    body: bytes
    attempts: int


def announce(
    db: Connection,
    kind: str,
    key: str,
    data: Mapping[str, msgspec.Struct],
    behaviour: WebhookBehaviour,
    seed: int,
) -> None:
    """Queue the event for the endpoint, if there is one, as often and as late as `behaviour` wants."""
    if find_endpoint(db) is None:
        return
    event = {"id": f"evt_{secrets.token_hex(12)}", "kind": kind, "created_at": stamp(), "data": data}
    body = msgspec.json.encode(event)
    state = "held" if behaviour.hold else "queued"
    if chance(seed, "drop", kind, key) < behaviour.drop_rate:
        state = "dropped"
    for copy in range(1 + behaviour.repeat):
        due_at = time.time() + behaviour.delay_ms / 1000
        if behaviour.shuffle:
            due_at += _SHUFFLED_WITHIN_S * chance(seed, "order", kind, key, str(copy))
        db.execute("INSERT INTO deliveries (body, state, due_at) VALUES (?, ?, ?)", (body, state, due_at))


def release(db: Connection, behaviour: WebhookBehaviour, seed: int) -> int:
    """Send what is held, in its order or shuffled. Returns how many there were."""
    held = db.execute("SELECT number FROM deliveries WHERE state = 'held' ORDER BY number").fetchall()
    now = time.time()
    for place, row in enumerate(held):
        late_s = _SHUFFLED_WITHIN_S * chance(seed, "order", str(place)) if behaviour.shuffle else 0.0
        db.execute(
            "UPDATE deliveries SET state = 'queued', due_at = ? WHERE number = ?",
            (now + late_s, row["number"]),
        )
    return len(held)


def find_due(
    db: Connection, *, limit: int, besides: Collection[int]
) -> tuple[list[Delivery], Endpoint | None, float | None]:
    """Up to `limit` deliveries to make now, where to, and when (seconds since 1970) the next one is due."""
    now = time.time()
    rows = db.execute(
        "SELECT number, body, attempts FROM deliveries WHERE state = 'queued' AND due_at <= ?"
        " ORDER BY due_at, number LIMIT ?",
        (now, limit + len(besides)),
    ).fetchall()
    due = [msgspec.convert(row, Delivery) for row in rows if row["number"] not in besides][:limit]
    later = db.execute(
        "SELECT min(due_at) AS next_at FROM deliveries WHERE state = 'queued' AND due_at > ?", (now,)
    ).fetchone()
    return due, find_endpoint(db), later["next_at"]


def note_delivered(db: Connection, delivery: Delivery) -> None:
    db.execute("DELETE FROM deliveries WHERE number = ?", (delivery.number,))


def note_failure(db: Connection, delivery: Delivery) -> None:
    """It is due again later, twice as late each time; after twenty attempts it is given up."""
    attempts = delivery.attempts + 1
    pause_s = min(_RETRY_FIRST_S * 2**delivery.attempts, _RETRY_LONGEST_S)
    db.execute(
        "UPDATE deliveries SET attempts = ?, state = ?, due_at = ? WHERE number = ?",
        (
            attempts,
            "failed" if attempts >= _ATTEMPTS_MOST else "queued",
            time.time() + pause_s,
            delivery.number,
        ),
    )


def find_endpoint(db: Connection) -> Endpoint | None:
    row = db.execute("SELECT url, secret, host FROM endpoint").fetchone()
    return Endpoint(**row) if row else None


def forget_endpoint(db: Connection) -> None:
    """With all that was for it."""
    db.execute("DELETE FROM endpoint")
    db.execute("DELETE FROM deliveries")


def set_endpoint(db: Connection, endpoint: Endpoint) -> None:
    db.execute(
        "INSERT OR REPLACE INTO endpoint (only, url, secret, host) VALUES (1, ?, ?, ?)",
        (endpoint.url, endpoint.secret, endpoint.host),
    )
