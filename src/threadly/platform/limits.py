"""Rate limits: how often someone may do something, over a sliding window.

The window is kept as ten slices in Valkey. A slice counts in full until all of it is older than the window,
so in no stretch of `per_s` seconds are more than `limit` requests ever let in, and a request is forgotten at
most a tenth of a window late. The cost of a check does not grow with the limit, as a log of requests would.

One script call weighs all limits of a request by the server's clock and counts the request in all of them or,
when any refuses it, in none.
"""

import time
from collections.abc import Sequence
from typing import cast

import structlog
from msgspec import Struct

from threadly.platform.telemetry.spans import mark
from threadly.platform.valkey import Part, Script, Valkey, ValkeyDown

__all__ = ["Allowance", "Limit", "Limiter"]

_log = structlog.get_logger()


class Limit(Struct, frozen=True):
    """At most `limit` requests in any `per_s` seconds; `name` keeps limits on one subject apart."""

    name: str
    limit: int
    per_s: int


class Allowance(Struct, frozen=True):
    """The answer of the tightest limit, in the terms of the API's headers.

    `reset_epoch_s` is when the whole limit is free again if nothing more is asked; `retry_after_s` is set
    only on a refusal: whole seconds until one more request would be let in.
    """

    limit: int
    remaining: int
    reset_epoch_s: int
    retry_after_s: int | None = None

    @property
    def refused(self) -> bool:
        return self.retry_after_s is not None


class Limiter:
    """Checks limits; with Valkey down all are open, and a warning says so once per outage.

    `factor` (THREADLY_RATE_LIMIT_FACTOR) multiplies every limit.
    """

    def __init__(self, valkey: Valkey, *, factor: float = 1.0) -> None:
        self._valkey = valkey
        self._factor = factor
        self._open = False

    async def check(self, key: str, limit: Limit, *more: Limit) -> Allowance:
        """Counts one request of `key` (tenant and subject, `1:user:…`) if all the limits allow it."""
        limits = (limit, *more)
        ceilings = [self._ceiling(each) for each in limits]
        args: list[Part] = []
        for each, ceiling in zip(limits, ceilings, strict=True):
            args += (ceiling, each.per_s * 1000)
        try:
            # The braces keep one subject's limits together, should the keys ever be spread over servers.
            reply = await self._valkey.run(
                _CHECK, keys=[f"limit:{{{key}}}:{each.name}" for each in limits], args=args
            )
        except ValkeyDown:
            mark("limits.open", "internal")
            self._note(open_now=True)
            return _unlimited(limits, ceilings)
        self._note(open_now=False)
        at, remaining, reset_s, retry_after_s = map(int, cast("bytes", reply).split())
        return Allowance(ceilings[at], remaining, reset_s, retry_after_s or None)

    def _ceiling(self, limit: Limit) -> int:
        return max(1, int(limit.limit * self._factor))

    def _note(self, *, open_now: bool) -> None:
        if open_now and not self._open:
            _log.warning("limits.open", reason="Valkey is down, so nothing is limited until it is back.")
        self._open = open_now


def _unlimited(limits: Sequence[Limit], ceilings: Sequence[int]) -> Allowance:
    ceiling, per_s = min(zip(ceilings, (limit.per_s for limit in limits), strict=True))
    return Allowance(ceiling, ceiling, int(time.time()) + per_s)


# KEYS: one hash per limit, slice number -> requests let in. ARGV: ceiling and window in ms, for each.
# Answers "index of the tightest limit, remaining, reset in epoch s, seconds to wait or 0", spaced: one string
# is parsed in half the time that a list of four takes.
_CHECK = Script(
    "limits.check",
    """
local SLICES = 10
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)

local windows, tightest, longest = {}, nil, 0
for i, key in ipairs(KEYS) do
  local width = math.max(1, math.floor(ARGV[2 * i] / SLICES))
  local w = { ceiling = tonumber(ARGV[2 * i - 1]), width = width, slice = math.floor(now / width),
              used = 0, counts = {}, newest = nil, wait = 0 }
  local raw, stale = redis.call('HGETALL', key), {}
  for f = 1, #raw, 2 do
    local slice, count = tonumber(raw[f]), tonumber(raw[f + 1])
    -- A slice to come was left by a clock or a window that has since been changed.
    if slice < w.slice - SLICES or slice > w.slice then
      stale[#stale + 1] = raw[f]
    else
      w.used = w.used + count
      w.counts[slice] = count
      w.newest = math.max(w.newest or slice, slice)
    end
  end
  if #stale > 0 then redis.call('HDEL', key, unpack(stale)) end
  if w.used >= w.ceiling then
    local left, slice = w.used, w.slice - SLICES - 1
    while left >= w.ceiling do
      slice = slice + 1
      left = left - (w.counts[slice] or 0)
    end
    w.wait = (slice + SLICES + 1) * width - now
    if w.wait > longest then longest, tightest = w.wait, i end
  end
  windows[i] = w
end

if not tightest then
  for i, key in ipairs(KEYS) do
    local w = windows[i]
    redis.call('HINCRBY', key, w.slice, 1)
    redis.call('PEXPIRE', key, w.width * (SLICES + 2))
    w.used, w.newest = w.used + 1, w.slice
    if not tightest or w.ceiling - w.used < windows[tightest].ceiling - windows[tightest].used then
      tightest = i
    end
  end
end

local w = windows[tightest]
local reset = math.ceil((w.newest + SLICES + 1) * w.width / 1000)
local remaining = math.max(0, w.ceiling - w.used)
return string.format('%d %d %d %d', tightest - 1, remaining, reset, math.ceil(longest / 1000))
""",
)
