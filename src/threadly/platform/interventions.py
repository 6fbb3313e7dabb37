"""What operators do about something that failed: written down with the deed, and so in the audit log.

A failed job belongs to the engine, which only workers hold: what is asked of one is done by a worker within
a few seconds, which adds what came of it.
"""

from datetime import datetime
from types import NoneType
from typing import Final, Literal

import msgspec

from threadly.platform.db import sql
from threadly.platform.ids import UUID, new_id
from threadly.platform.work import Work

__all__ = [
    "PENDING",
    "SET_OUTCOME",
    "TAKE",
    "Action",
    "FailedKind",
    "Intervention",
    "Pending",
    "list_interventions",
    "record_intervention",
]

FailedKind = Literal["reaction", "job", "delivery"]
Action = Literal["retry", "drop"]
LONGEST_SAID: Final = 300


class Intervention(msgspec.Struct, frozen=True):
    """`said` is what had failed; `outcome` is None while a worker has yet to do it."""

    id: UUID
    kind: FailedKind
    subject: str
    action: Action
    said: str
    actor_id: UUID | None
    at: datetime
    outcome: str | None


class Pending(msgspec.Struct, frozen=True):
    id: UUID
    tenant_id: int
    subject: str
    action: str


INSERT = sql(
    "platform.insert_intervention",
    """
    INSERT INTO platform.interventions (id, kind, subject, action, said, actor_id, at, done_at, outcome)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
    """,
    into=NoneType,
)
LIST_NEWEST = sql(
    "platform.list_interventions",
    """
    SELECT id, kind, subject, action, said, actor_id, at, outcome
    FROM platform.interventions ORDER BY id DESC LIMIT $1
    """,
    into=Intervention,
)
PENDING = sql(
    "platform.list_pending_interventions",
    "SELECT id, tenant_id, subject, action FROM platform.pending_interventions($1)",
    into=Pending,
)
# One worker does it.
TAKE = sql(
    "platform.take_intervention",
    "UPDATE platform.interventions SET done_at = $2 WHERE id = $1 AND done_at IS NULL",
    into=NoneType,
)
SET_OUTCOME = sql(
    "platform.set_intervention_outcome",
    "UPDATE platform.interventions SET outcome = $2 WHERE id = $1",
    into=NoneType,
)


async def record_intervention(
    work: Work, *, kind: FailedKind, subject: str, action: Action, said: str
) -> UUID:
    """In the Work that does it; of a job, a worker does it afterwards."""
    intervention_id = new_id()
    done_at, outcome = (None, None) if kind == "job" else (work.now, "done")
    await work.run(
        INSERT,
        *(intervention_id, kind, subject, action, said[:LONGEST_SAID]),
        *(work.actor.user_id, work.now, done_at, outcome),
    )
    return intervention_id


async def list_interventions(work: Work, *, limit: int = 20) -> list[Intervention]:
    """Newest first."""
    return await work.all(LIST_NEWEST, limit)
