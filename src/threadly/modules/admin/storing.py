"""Takes the lines of the log, and stores them: one statement per community and flush."""

import os
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any, Final, cast

from threadly.modules.admin.repository.logs import INSERT_LINES
from threadly.modules.admin.types.logs import SEVERITIES, Level
from threadly.platform.runtime import Runtime
from threadly.platform.telemetry.keeper import Take
from threadly.platform.telemetry.parts import LogLine, Part
from threadly.platform.tenants import PUBLIC_TENANT_ID
from threadly.platform.work import SYSTEM, Work

__all__ = ["storing_lines"]

LONGEST_EVENT: Final = 1_000


def storing_lines(runtime: Runtime, service: str) -> Take:
    """The taker that stores lines through the pools of `runtime`. A line of no community is the first one's.

    It raises DatabaseUnavailable.
    """
    process = f"{service}-{os.getpid()}"

    async def take(_parts: Sequence[Part], lines: Sequence[LogLine]) -> None:
        if not lines:
            return
        tenants = {each.slug: each for each in await runtime.tenants.all()}
        first = await runtime.tenants.get(PUBLIC_TENANT_ID)
        for slug, some in _by_tenant(lines).items():
            insert = partial(_insert, columns=_columns(some, process))
            await runtime.works.attempt(tenants.get(slug, first), SYSTEM, insert)

    return take


async def _insert(work: Work, *, columns: list[list[Any]]) -> int:
    return await work.run(INSERT_LINES, *columns)


def _by_tenant(lines: Sequence[LogLine]) -> Mapping[str, list[LogLine]]:
    found: dict[str, list[LogLine]] = defaultdict(list)
    for line in lines:
        found[line.tenant or ""].append(line)
    return found


def _columns(lines: Sequence[LogLine], process: str) -> list[list[Any]]:
    rows = [
        (
            datetime.fromtimestamp(line.at_us / 1e6, UTC),
            SEVERITIES.get(cast("Level", line.level), SEVERITIES["info"]),
            line.event[:LONGEST_EVENT],
            line.trace_id,
            line.request_id,
            line.user,
            process,
            line.fields,
        )
        for line in lines
    ]
    return [list(column) for column in zip(*rows, strict=True)]
