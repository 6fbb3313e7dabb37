"""What routes used, by the hour."""

from types import NoneType

from threadly.modules.admin.types.costs import CallRow, CostRow
from threadly.platform.db import sql

ADD_COSTS = sql(
    "admin.add_costs",
    """
    INSERT INTO admin.costs AS c
        (hour, method, route, requests, cpu_us, sql_us, statements, commands)
    SELECT $1, * FROM unnest($2::text[], $3::text[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[],
        $8::bigint[])
    ON CONFLICT (tenant_id, hour, method, route) DO UPDATE SET
        requests = c.requests + excluded.requests, cpu_us = c.cpu_us + excluded.cpu_us,
        sql_us = c.sql_us + excluded.sql_us, statements = c.statements + excluded.statements,
        commands = c.commands + excluded.commands
    """,
    into=NoneType,
)
ADD_CALL_COSTS = sql(
    "admin.add_call_costs",
    """
    INSERT INTO admin.call_costs AS c (hour, method, route, call, calls, took_us)
    SELECT $1, * FROM unnest($2::text[], $3::text[], $4::text[], $5::bigint[], $6::bigint[])
    ON CONFLICT (tenant_id, hour, method, route, call) DO UPDATE SET
        calls = c.calls + excluded.calls, took_us = c.took_us + excluded.took_us
    """,
    into=NoneType,
)
SUM_COSTS = sql(
    "admin.sum_costs",
    """
    SELECT method, route, sum(requests)::bigint AS requests, sum(cpu_us)::bigint AS cpu_us,
        sum(sql_us)::bigint AS sql_us, sum(statements)::bigint AS statements,
        sum(commands)::bigint AS commands
    FROM admin.costs WHERE tenant_id = platform.tenant_id() AND hour >= $1
    GROUP BY method, route ORDER BY method, route LIMIT $2
    """,
    into=CostRow,
)
SUM_CALL_COSTS = sql(
    "admin.sum_call_costs",
    """
    SELECT method, route, call, sum(calls)::bigint AS calls, sum(took_us)::bigint AS took_us
    FROM admin.call_costs WHERE tenant_id = platform.tenant_id() AND hour >= $1
    GROUP BY method, route, call ORDER BY method, route, call LIMIT $2
    """,
    into=CallRow,
)
FORGET_COSTS = sql(
    "admin.forget_costs",
    """
    DELETE FROM admin.costs WHERE (hour, method, route) IN (
        SELECT c.hour, c.method, c.route FROM admin.costs c
        WHERE c.tenant_id = platform.tenant_id() AND c.hour < $1 LIMIT $2)
    """,
    into=NoneType,
)
FORGET_CALL_COSTS = sql(
    "admin.forget_call_costs",
    """
    DELETE FROM admin.call_costs WHERE (hour, method, route, call) IN (
        SELECT c.hour, c.method, c.route, c.call FROM admin.call_costs c
        WHERE c.tenant_id = platform.tenant_id() AND c.hour < $1 LIMIT $2)
    """,
    into=NoneType,
)
