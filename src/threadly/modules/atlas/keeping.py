"""Takes the parts of traces that are kept, and stores them: one statement per community and flush."""

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime
from time import monotonic
from typing import Any, Final

from threadly.modules.atlas.packing import pack
from threadly.modules.atlas.repository.parts import INSERT_PARTS
from threadly.platform.actor import SYSTEM
from threadly.platform.ids import UUID, parse_id
from threadly.platform.runtime import Runtime
from threadly.platform.telemetry.keeper import Take
from threadly.platform.telemetry.parts import LogLine, Part
from threadly.platform.tenants import PUBLIC_TENANT_ID
from threadly.platform.work import Work

__all__ = ["Keeping", "keeping"]

# What one process may add to the store; the trimming job comes by every five minutes.
MOST_BYTES_PER_S: Final = 1_048_576
BURST_BYTES: Final = 16 * MOST_BYTES_PER_S
# What a row costs besides its spans, with its entries in the indexes.
ROW_BYTES: Final = 600
# From how many spans on packing is no matter for the loop that serves.
MANY_SPANS: Final = 2_000

Row = tuple[Any, ...]


def keeping(runtime: Runtime) -> Take:
    """The taker that stores parts through the pools of `runtime`."""
    return Keeping(runtime)


class Keeping:
    """When too much comes, what somebody follows or what went wrong is stored, and the rest counted."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._room_bytes = float(BURST_BYTES)
        self._looked_at = monotonic()

    async def __call__(self, parts: Sequence[Part], _lines: Sequence[LogLine]) -> int:
        """Returns for how many there was no room. Raises DatabaseUnavailable."""
        if sum(len(part.spans) for part in parts) > MANY_SPANS:
            rows = await asyncio.to_thread(rows_of, parts)
        else:
            rows = rows_of(parts)
        fitting = self._fitting(parts, rows)
        for tenant_id, some in fitting.items():
            await self._store(tenant_id, some)
        return len(rows) - sum(len(some) for some in fitting.values())

    def _fitting(self, parts: Sequence[Part], rows: list[Row]) -> dict[int, list[Row]]:
        now = monotonic()
        grown = self._room_bytes + (now - self._looked_at) * MOST_BYTES_PER_S
        self._room_bytes, self._looked_at = min(BURST_BYTES, grown), now
        fitting: dict[int, list[Row]] = defaultdict(list)
        for part, row in sorted(zip(parts, rows, strict=True), key=lambda each: each[0].kept == "sampled"):
            size = row[_SIZE]
            if size > self._room_bytes:
                continue
            self._room_bytes -= size
            fitting[part.tenant_id or PUBLIC_TENANT_ID].append(row)
        return fitting

    async def _store(self, tenant_id: int, rows: list[Row]) -> None:
        columns = [list(column) for column in zip(*rows, strict=True)]

        async def insert(work: Work) -> int:
            return await work.run(INSERT_PARTS, *columns)

        tenant = await self._runtime.tenants.get(tenant_id)
        await self._runtime.works.attempt(tenant, SYSTEM, insert)


def rows_of(parts: Sequence[Part]) -> list[Row]:
    return [row_of(part) for part in parts]


# Where `row_of` puts the size.
_SIZE: Final = 17


def row_of(part: Part) -> Row:
    """In the order of INSERT_PARTS' arguments."""
    spans = pack(part.spans)
    return (
        UUID(part.id),
        part.trace_id,
        is_head(part),
        part.process,
        part.name,
        part.kind,
        part.route,
        part.status,
        part.kept,
        parse_id(part.user) if part.user else None,
        part.follower,
        part.request_id,
        datetime.fromtimestamp(part.start_us / 1_000_000, UTC),
        part.duration_us,
        part.error,
        len(part.spans),
        part.dropped,
        len(spans) + ROW_BYTES,
        spans,
    )


def is_head(part: Part) -> bool:
    """Whether the trace began with it, as far as it can know: a request from outside may name a caller."""
    if part.kind == "browser":
        return False
    return part.kind == "request" or not part.spans or part.spans[0].parent is None
