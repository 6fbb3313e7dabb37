"""Everything there is, for whoever wants to prove that the books agree."""

from sqlite3 import Connection
from typing import Any

import msgspec

from threadly.sandbox.types import Charge, Refund

__all__ = ["audit"]

# By the documents, not by the movements: so that one can be held against the other.
_BALANCES = """
SELECT currency, sum(amount_minor) AS amount_minor FROM (
  SELECT currency, amount_minor - fee_minor AS amount_minor FROM charges WHERE status = 'succeeded'
  UNION ALL SELECT currency, -amount_minor FROM refunds
  UNION ALL SELECT currency, -amount_minor FROM payouts
) GROUP BY currency ORDER BY currency
"""


def audit(db: Connection) -> dict[str, Any]:
    """All charges and refunds, the oldest first; balances by currency in minor units; the keys made void; how
    many webhooks are in which state."""
    return {
        "charges": msgspec.convert(_all(db, "SELECT * FROM charges ORDER BY rowid"), list[Charge]),
        "refunds": msgspec.convert(_all(db, "SELECT * FROM refunds ORDER BY rowid"), list[Refund]),
        "balances": {row["currency"]: row["amount_minor"] for row in _all(db, _BALANCES)},
        "cancelled_keys": [row["key"] for row in _all(db, "SELECT key FROM cancelled_keys ORDER BY rowid")],
        "webhooks": {
            row["state"]: row["n"]
            for row in _all(db, "SELECT state, count(*) AS n FROM deliveries GROUP BY state ORDER BY state")
        },
    }


def _all(db: Connection, statement: str) -> list[dict[str, Any]]:
    return db.execute(statement).fetchall()
