"""SQL of experiments. Whoever acts in them hears of a change at once, by NOTIFY."""

from datetime import datetime
from types import NoneType
from typing import Any

import msgspec

from threadly.modules.atlas.experiments import EndedReason, ExperimentKind
from threadly.platform.db import sql
from threadly.platform.ids import UUID

__all__ = [
    "COUNT_STARTED",
    "END_EXPERIMENT",
    "END_OVERDUE",
    "FIND_EXPERIMENT",
    "FORGET_EXPERIMENTS",
    "INSERT_EXPERIMENT",
    "LIST_EXPERIMENTS",
    "LIST_RUNNING",
    "TAKE_TIME",
    "ExperimentRow",
]


class ExperimentRow(msgspec.Struct, frozen=True):
    """`starter` and `ender` are usernames, None of guests and of who has left."""

    id: UUID
    kind: ExperimentKind
    target: str
    parameters: Any
    starter: str | None
    started_at: datetime
    until: datetime
    acknowledged_at: datetime | None
    effect: str | None
    ended_at: datetime | None
    ender: str | None
    ended_reason: EndedReason | None


_ROWS = """
    SELECT e.id, e.kind, e.target, e.parameters, s.username AS starter, e.started_at, e.until,
           e.acknowledged_at, e.effect, e.ended_at, p.username AS ender, e.ended_reason
    FROM atlas.experiments e
    LEFT JOIN identity.profiles s ON s.id = e.started_by
    LEFT JOIN identity.profiles p ON p.id = e.ended_by
"""

# Nothing when one of this kind runs.
INSERT_EXPERIMENT = sql(
    "atlas.insert_experiment",
    """
    WITH started AS (
        INSERT INTO atlas.experiments (id, kind, target, parameters, started_by, started_at, until)
        VALUES ($1, $2, $3, $4, $5, $6, $7)
        ON CONFLICT (kind) WHERE ended_at IS NULL DO NOTHING
        RETURNING id
    )
    SELECT started.id FROM started, pg_notify('threadly_experiments', '')
    """,
    into=UUID,
)

END_EXPERIMENT = sql(
    "atlas.end_experiment",
    """
    WITH ended AS (
        UPDATE atlas.experiments SET ended_at = $2, ended_by = $3, ended_reason = 'early'
        WHERE id = $1 AND ended_at IS NULL
        RETURNING id
    )
    SELECT ended.id FROM ended, pg_notify('threadly_experiments', '')
    """,
    into=UUID,
)

# Those whose time was over while nobody was there to note it.
END_OVERDUE = sql(
    "atlas.end_overdue_experiments",
    """
    UPDATE atlas.experiments SET ended_at = until, ended_reason = 'time'
    WHERE ended_at IS NULL AND until <= $1
    """,
    into=NoneType,
)

COUNT_STARTED = sql(
    "atlas.count_started_experiments",
    """
    SELECT count(*)::int FROM atlas.experiments
    WHERE started_at > $1 AND ($2::text IS NULL OR kind = $2)
    """,
    into=int,
)

FIND_EXPERIMENT = sql("atlas.find_experiment", f"{_ROWS} WHERE e.id = $1", into=ExperimentRow)

LIST_EXPERIMENTS = sql(
    "atlas.list_experiments",
    f"{_ROWS} WHERE e.id < $1 ORDER BY e.id DESC LIMIT $2",
    into=ExperimentRow,
)

LIST_RUNNING = sql(
    "atlas.list_running_experiments",
    f"{_ROWS} WHERE e.ended_at IS NULL AND e.until > $1 ORDER BY e.id",
    into=ExperimentRow,
)

FORGET_EXPERIMENTS = sql(
    "atlas.forget_experiments",
    """
    DELETE FROM atlas.experiments WHERE id IN (
        SELECT id FROM atlas.experiments WHERE ended_at < $1 ORDER BY id LIMIT $2)
    """,
    into=NoneType,
)

# The work that fills a queue: nothing but time, and none once its experiment is over.
TAKE_TIME = sql(
    "atlas.take_time",
    """
    SELECT pg_sleep($2::float8) FROM atlas.experiments
    WHERE id = $1 AND ended_at IS NULL AND until > clock_timestamp()
    """,
    into=NoneType,
)
