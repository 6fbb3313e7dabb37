"""Failed jobs of a tenant, as its operators see them: read without the engine, which only workers hold."""

from datetime import datetime
from typing import Any, Final

import msgspec

from threadly.platform.db import sql
from threadly.platform.work import Work

__all__ = ["LISTED_MOST", "FailedJobRow", "list_failed_jobs"]

LISTED_MOST: Final = 100


class FailedJobRow(msgspec.Struct, frozen=True):
    """`arguments` and `error` are there for jobs (`portable`), not for what the engine runs on its own."""

    id: str
    job: str
    queue: str
    arguments: Any
    error: str
    failed_at: datetime
    portable: bool


class _Error(msgspec.Struct, frozen=True):
    name: str = ""
    message: str = ""


LIST_FAILED_JOBS = sql(
    "platform.list_failed_jobs",
    "SELECT id, job, queue, arguments, error, failed_at, portable FROM platform.failed_jobs($1)",
    into=FailedJobRow,
)


async def list_failed_jobs(work: Work, *, limit: int = LISTED_MOST) -> list[FailedJobRow]:
    """Newest first."""
    rows = await work.all(LIST_FAILED_JOBS, limit)
    return [msgspec.structs.replace(row, error=_in_words(row)) for row in rows]


def _in_words(row: FailedJobRow) -> str:
    if not row.portable:
        return "A worker's log says why."
    try:
        found = msgspec.json.decode(row.error, type=_Error)
    except msgspec.DecodeError:
        return row.error
    return f"{found.name}: {found.message}" if found.name else found.message
