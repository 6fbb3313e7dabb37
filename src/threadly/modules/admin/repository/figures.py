"""SQL of what the processes counted."""

from datetime import date, datetime
from types import NoneType
from typing import Any

import msgspec

from threadly.platform.db import sql

__all__ = [
    "ADD_BUSINESS",
    "ADD_ROUTES",
    "FORGET_BUSINESS",
    "FORGET_PROCESS_MINUTES",
    "FORGET_ROUTES",
    "LIST_BUSINESS",
    "LIST_PROCESS_MINUTES",
    "LIST_ROUTES",
    "TELL_PROCESS",
    "BusinessRow",
    "ProcessRow",
    "RouteRow",
]


class RouteRow(msgspec.Struct, frozen=True):
    at: datetime
    route: str
    requests: int
    errors: int
    refused: int
    total_us: int
    buckets: Any


class ProcessRow(msgspec.Struct, frozen=True):
    host: str
    process: str
    at: datetime
    told_at: datetime
    gauges: Any


class BusinessRow(msgspec.Struct, frozen=True):
    day: date
    figure: str
    amount: int


# In one order, so that two processes wait for each other and never around a circle.
ADD_ROUTES = sql(
    "admin.add_route_minutes",
    """
    INSERT INTO admin.route_minutes AS known (at, route, requests, errors, refused, total_us, buckets)
    SELECT at, route, requests, errors, refused, total_us, buckets
    FROM jsonb_to_recordset($1::jsonb) AS seen (
        at timestamptz, route text, requests bigint, errors bigint, refused bigint, total_us bigint,
        buckets int[])
    ORDER BY at, route
    ON CONFLICT (tenant_id, at, route) DO UPDATE SET
        requests = known.requests + EXCLUDED.requests,
        errors = known.errors + EXCLUDED.errors,
        refused = known.refused + EXCLUDED.refused,
        total_us = known.total_us + EXCLUDED.total_us,
        buckets = ARRAY(
            SELECT coalesce(one, 0) + coalesce(other, 0)
            FROM unnest(known.buckets, EXCLUDED.buckets) WITH ORDINALITY AS pair (one, other, place)
            ORDER BY place)
    """,
    into=NoneType,
)
LIST_ROUTES = sql(
    "admin.list_route_minutes",
    """
    SELECT at, route, requests, errors, refused, total_us, buckets FROM admin.route_minutes
    WHERE at >= $1 ORDER BY at DESC, route LIMIT $2
    """,
    into=RouteRow,
)
FORGET_ROUTES = sql(
    "admin.forget_route_minutes",
    """
    DELETE FROM admin.route_minutes WHERE (at, route) IN (
        SELECT at, route FROM admin.route_minutes WHERE at < $1 ORDER BY at LIMIT $2)
    """,
    into=NoneType,
)

ADD_BUSINESS = sql(
    "admin.add_business_days",
    """
    INSERT INTO admin.business_days AS known (day, figure, amount)
    SELECT * FROM unnest($1::date[], $2::text[], $3::bigint[]) AS seen (day, figure, amount) ORDER BY 1, 2
    ON CONFLICT (tenant_id, day, figure) DO UPDATE SET amount = known.amount + EXCLUDED.amount
    """,
    into=NoneType,
)
LIST_BUSINESS = sql(
    "admin.list_business_days",
    "SELECT day, figure, amount FROM admin.business_days WHERE day >= $1 ORDER BY day, figure LIMIT $2",
    into=BusinessRow,
)
FORGET_BUSINESS = sql(
    "admin.forget_business_days",
    """
    DELETE FROM admin.business_days WHERE (day, figure) IN (
        SELECT day, figure FROM admin.business_days WHERE day < ($1::timestamptz AT TIME ZONE 'UTC')::date
        ORDER BY day LIMIT $2)
    """,
    into=NoneType,
)

TELL_PROCESS = sql(
    "admin.tell_process",
    """
    INSERT INTO admin.process_minutes (host, process, at, told_at, gauges)
    VALUES ($1, $2, date_trunc('minute', $3::timestamptz), $3, $4)
    ON CONFLICT (host, process, at) DO UPDATE SET told_at = EXCLUDED.told_at, gauges = EXCLUDED.gauges
    """,
    into=NoneType,
)
LIST_PROCESS_MINUTES = sql(
    "admin.list_process_minutes",
    """
    SELECT host, process, at, told_at, gauges FROM admin.process_minutes
    WHERE at >= $1 ORDER BY process, host, at LIMIT $2
    """,
    into=ProcessRow,
)
FORGET_PROCESS_MINUTES = sql(
    "admin.forget_process_minutes",
    """
    DELETE FROM admin.process_minutes WHERE (host, process, at) IN (
        SELECT host, process, at FROM admin.process_minutes WHERE at < $1 ORDER BY at LIMIT $2)
    """,
    into=NoneType,
)
