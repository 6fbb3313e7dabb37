"""Presence: which members have a connection open somewhere, kept in Valkey and nowhere else.

Each connection says again and again that it is there; one that has not for a while counts no more. Without
Valkey nobody is seen to be there, and nothing else changes.
"""

from collections.abc import Sequence
from typing import cast

from threadly.platform.ids import UUID
from threadly.platform.valkey import Script, Valkey, ValkeyDown

__all__ = ["Presence"]

STAYS_S = 45


class Presence:
    """A connection is named by its `holder`, a text of its own. Say `here` at least every 15 s."""

    def __init__(self, valkey: Valkey) -> None:
        self._valkey = valkey

    async def here(self, tenant_id: int, user_id: UUID, holder: str) -> None:
        await self._run(_HERE, [_key(tenant_id, user_id)], holder)

    async def gone(self, tenant_id: int, user_id: UUID, holder: str) -> None:
        try:
            await self._valkey.call("ZREM", _key(tenant_id, user_id), holder)
        except ValkeyDown:
            return

    async def list_online(self, tenant_id: int, user_ids: Sequence[UUID]) -> list[UUID]:
        """Those of them who have a connection open, in the order given."""
        if not user_ids:
            return []
        counts = await self._run(_COUNT, [_key(tenant_id, user_id) for user_id in user_ids])
        if counts is None:
            return []
        found = cast("list[int]", counts)
        return [user_id for user_id, count in zip(user_ids, found, strict=True) if count]

    async def _run(self, script: Script, keys: list[str], *arguments: str) -> object:
        try:
            return await self._valkey.run(script, keys=keys, args=[STAYS_S, *arguments])
        except ValkeyDown:
            return None


def _key(tenant_id: int, user_id: UUID) -> str:
    return f"here:{tenant_id}:{user_id}"


# By the server's clock, so that those of our machines need not agree.
_HERE = Script(
    "presence.here",
    """
local now = tonumber(redis.call('TIME')[1])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - ARGV[1])
redis.call('ZADD', KEYS[1], now, ARGV[2])
redis.call('EXPIRE', KEYS[1], ARGV[1])
return 1
""",
)
_COUNT = Script(
    "presence.count",
    """
local since = tonumber(redis.call('TIME')[1]) - ARGV[1]
local counts = {}
for i, key in ipairs(KEYS) do counts[i] = redis.call('ZCOUNT', key, '(' .. since, '+inf') end
return counts
""",
)
