"""SQL of links to journeys."""

from types import NoneType

import msgspec

from threadly.platform.db import sql

__all__ = ["COUNT_SHARES", "DELETE_SHARES", "FIND_SHARE", "FORGET_SHARES", "INSERT_SHARE", "ShareRow"]


class ShareRow(msgspec.Struct, frozen=True):
    """`follower` is whose view was shared, None for an operator's."""

    trace_id: str
    follower: str | None


INSERT_SHARE = sql(
    "atlas.insert_share",
    """
    INSERT INTO atlas.shares (token_hash, trace_id, follower, created_at, expires_at)
    VALUES ($1, $2, $3, $4, $5)
    """,
    into=NoneType,
)

# Those of one follower's view, as below.
COUNT_SHARES = sql(
    "atlas.count_shares",
    """
    SELECT count(*)::int FROM atlas.shares
    WHERE trace_id = $1 AND expires_at > $2 AND ($3::text IS NULL OR follower = $3)
    """,
    into=int,
)

FIND_SHARE = sql(
    "atlas.find_share",
    "SELECT trace_id, follower FROM atlas.shares WHERE token_hash = $1 AND expires_at > $2",
    into=ShareRow,
)

# Those of one follower's view; all of them for an operator, who has none.
DELETE_SHARES = sql(
    "atlas.delete_shares",
    "DELETE FROM atlas.shares WHERE trace_id = $1 AND ($2::text IS NULL OR follower = $2)",
    into=NoneType,
)

FORGET_SHARES = sql(
    "atlas.forget_shares",
    """
    DELETE FROM atlas.shares WHERE token_hash IN (
        SELECT token_hash FROM atlas.shares WHERE expires_at < $1 ORDER BY expires_at LIMIT $2)
    """,
    into=NoneType,
)
