"""SQL of indicators: how many were good, of how many."""

from datetime import datetime
from types import NoneType

import msgspec

from threadly.platform.db import sql

__all__ = [
    "ADD_INDICATORS",
    "FORGET_HOURS",
    "FORGET_MINUTES",
    "LIST_HOURS",
    "SUM_WINDOWS",
    "HourRow",
    "WindowRow",
]


class WindowRow(msgspec.Struct, frozen=True):
    objective: str
    minutes: int
    good: int
    total: int


class HourRow(msgspec.Struct, frozen=True):
    at: datetime
    good: int
    total: int


ADD_INDICATORS = sql(
    "admin.add_indicators",
    """
    INSERT INTO admin.sli AS known (objective, grain_minutes, at, good, total)
    SELECT objective, grain, at, sum(good), sum(total)
    FROM (
        SELECT objective, grain, good, total,
               date_bin(make_interval(mins => grain), at, timestamptz 'epoch') AS at
        FROM unnest($1::text[], $2::timestamptz[], $3::bigint[], $4::bigint[])
            AS seen (objective, at, good, total)
        CROSS JOIN unnest(ARRAY[1, 60]) AS grain
    ) AS binned
    GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
    ON CONFLICT (tenant_id, objective, grain_minutes, at)
    DO UPDATE SET good = known.good + EXCLUDED.good, total = known.total + EXCLUDED.total
    """,
    into=NoneType,
)
# Windows of hours are told from minutes, those of days from hours.
SUM_WINDOWS = sql(
    "admin.sum_indicators",
    """
    SELECT s.objective, w.minutes, sum(s.good)::bigint AS good, sum(s.total)::bigint AS total
    FROM unnest($1::int[]) AS w (minutes)
    JOIN admin.sli s ON s.grain_minutes = CASE WHEN w.minutes <= 360 THEN 1 ELSE 60 END
        AND s.at > $2::timestamptz - make_interval(mins => w.minutes) AND s.at <= $2::timestamptz
    WHERE s.objective = ANY ($3::text[])
    GROUP BY 1, 2 ORDER BY 1, 2
    """,
    into=WindowRow,
)
LIST_HOURS = sql(
    "admin.list_indicator_hours",
    """
    SELECT at, good, total FROM admin.sli
    WHERE objective = $1 AND grain_minutes = 60 AND at >= $2 AND at <= $3 ORDER BY at
    """,
    into=HourRow,
)
FORGET_MINUTES = sql(
    "admin.forget_indicator_minutes",
    """
    DELETE FROM admin.sli WHERE (objective, grain_minutes, at) IN (
        SELECT objective, grain_minutes, at FROM admin.sli
        WHERE grain_minutes = 1 AND at < $1 ORDER BY at LIMIT $2)
    """,
    into=NoneType,
)
FORGET_HOURS = sql(
    "admin.forget_indicator_hours",
    """
    DELETE FROM admin.sli WHERE (objective, grain_minutes, at) IN (
        SELECT objective, grain_minutes, at FROM admin.sli
        WHERE grain_minutes = 60 AND at < $1 ORDER BY at LIMIT $2)
    """,
    into=NoneType,
)
