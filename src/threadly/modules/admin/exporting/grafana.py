"""A dashboard for Grafana, from the file of objectives: what is promised, requests, resources, queues and
business, by the metrics that /metrics has."""

from collections.abc import Sequence
from typing import Any, Final

import msgspec

from threadly.modules.admin.exporting.names import burn_rate_of, window_of
from threadly.modules.admin.rules.burning import POLICY
from threadly.modules.admin.types.objectives import Objective

__all__ = ["grafana_dashboard"]

# Of Grafana 11; it brings older dashboards to its own form, and refuses none.
SCHEMA: Final = 39
COLUMNS: Final = 24
HEIGHT: Final = 8
SMALL: Final = 5
DATASOURCE: Final = {"type": "prometheus", "uid": "${datasource}"}
SECONDS, PER_SECOND, SHARE, SHORT, BYTES = "s", "reqps", "percentunit", "short", "bytes"


class Panel(msgspec.Struct, frozen=True):
    """`queries` are pairs of PromQL and legend."""

    title: str
    queries: tuple[tuple[str, str], ...]
    unit: str
    kind: str = "timeseries"
    width: int = 12
    height: int = HEIGHT
    steps: tuple[tuple[float | None, str], ...] = ((None, "green"),)


def grafana_dashboard(objectives: Sequence[Objective]) -> str:
    """The dashboard's JSON, to be imported; it asks which Prometheus it is for."""
    rows = (
        ("Objectives", [*(_budget(each) for each in objectives), _burning(objectives)]),
        ("Requests", REQUESTS),
        ("Resources", RESOURCES),
        ("Queues", QUEUES),
        ("Business", BUSINESS),
    )
    dashboard = {
        "title": "Threadly",
        "uid": "threadly",
        "description": "Written by `threadly observe grafana` from the file of objectives.",
        "tags": ["threadly"],
        "schemaVersion": SCHEMA,
        "version": 1,
        "editable": True,
        "refresh": "30s",
        "time": {"from": "now-6h", "to": "now"},
        "timezone": "browser",
        "templating": {"list": [_datasource()]},
        "annotations": {"list": []},
        "panels": _placed(rows),
    }
    return msgspec.json.format(msgspec.json.encode(dashboard), indent=2).decode() + "\n"


def _quantile(share: float, histogram: str, by: str = "") -> str:
    labels = f"le, {by}" if by else "le"
    return f"histogram_quantile({share}, sum by ({labels}) (rate({histogram}_bucket[$__rate_interval])))"


REQUESTS: Final = [
    Panel("Rate by route", (
        ("topk(12, sum by (method, route) (rate(threadly_request_seconds_count[$__rate_interval])))",
         "{{method}} {{route}}"),
    ), PER_SECOND),
    Panel("Errors by route", (
        ('sum by (method, route) (rate(threadly_request_seconds_count{status="5xx"}[$__rate_interval]))',
         "{{method}} {{route}}"),
    ), PER_SECOND),
    Panel("Duration", tuple(
        (_quantile(share, "threadly_request_seconds"), f"{share:.0%}") for share in (0.5, 0.95, 0.99)
    ), SECONDS),
    Panel("95% by route", (
        (f"topk(12, {_quantile(0.95, 'threadly_request_seconds', 'method, route')})", "{{method}} {{route}}"),
    ), SECONDS),
    Panel("In flight, and turned away", (
        ("sum(threadly_requests_in_flight)", "in flight"),
        ("sum(rate(threadly_requests_shed_total[$__rate_interval]))", "turned away per second"),
    ), SHORT),
    Panel("Calls of other systems", (
        ("sum by (system, call, outcome) (rate(threadly_call_seconds_count[$__rate_interval]))",
         "{{system}} {{call}}: {{outcome}}"),
    ), PER_SECOND),
]  # fmt: skip
RESOURCES: Final = [
    Panel("Processor", (
        ("sum by (process) (rate(threadly_cpu_seconds_total[$__rate_interval]))", "{{process}}"),
    ), SHARE),
    Panel("Memory", (("threadly_memory_bytes", "{{pid}}"),), BYTES),
    Panel("Connections to PostgreSQL", (
        ("sum by (state) (threadly_db_connections)", "{{state}}"),
        ("sum(threadly_db_pool_size)", "at most"),
    ), SHORT),
    Panel("Wait for a connection", tuple(
        (_quantile(share, "threadly_db_pool_wait_seconds"), f"{share:.0%}") for share in (0.5, 0.99)
    ), SECONDS),
    Panel("Lag of the event loop", (("max(threadly_event_loop_lag_seconds)", "worst"),), SECONDS, width=8),
    Panel("Passwords", (("sum by (state) (threadly_password_hashes)", "{{state}}"),), SHORT, width=8),
    Panel("Valkey answers", (("min(threadly_valkey_up)", "1 is yes"),), SHORT, width=8),
]  # fmt: skip
QUEUES: Final = [
    Panel("Events", (("max by (state) (threadly_outbox_events)", "{{state}}"),), SHORT),
    Panel("The oldest waits", (
        ("max(threadly_outbox_oldest_seconds)", "events"),
        ("max by (queue) (threadly_jobs_oldest_seconds)", "jobs: {{queue}}"),
    ), SECONDS),
    Panel("Jobs", (
        ("max by (queue) (threadly_jobs_waiting)", "{{queue}} waiting"),
        ("max by (queue) (threadly_jobs_running)", "{{queue}} running"),
        ("max by (queue) (threadly_jobs_failed)", "{{queue}} failed"),
    ), SHORT),
    Panel("From fact to reaction, 95%", (
        (_quantile(0.95, "threadly_event_seconds", "event"), "{{event}}"),
    ), SECONDS),
]  # fmt: skip
BUSINESS: Final = [
    Panel("Orders per hour", (("sum by (state) (increase(threadly_orders_total[1h]))", "{{state}}"),), SHORT),
    Panel("Revenue per hour, minor units", (
        ("sum by (currency) (increase(threadly_revenue_minor_total[1h]))", "{{currency}}"),
        ("-sum by (currency) (increase(threadly_refunds_minor_total[1h]))", "{{currency}} given back"),
    ), SHORT),
    Panel("Sign-ups per hour", (("sum(increase(threadly_signups_total[1h]))", "sign-ups"),), SHORT),
    Panel("Posts and comments per hour", (
        ("sum(increase(threadly_posts_total[1h]))", "posts"),
        ("sum(increase(threadly_comments_total[1h]))", "comments"),
    ), SHORT),
]  # fmt: skip


def _budget(objective: Objective) -> Panel:
    """What is left of it, in the objective's own window."""
    window = window_of(objective.window_days * 1_440)
    good, total = (
        f'sum(increase({metric}{{objective="{objective.name}"}}[{window}]))'
        for metric in ("threadly_sli_good_events_total", "threadly_sli_events_total")
    )
    left = f"1 - (1 - {good} / {total}) / {objective.allowed:.6g}"
    steps = ((None, "red"), (0.0, "orange"), (0.25, "green"))
    return Panel(f"{objective.title}: budget left", ((left, ""),), SHARE, "stat", 6, SMALL, steps)


def _burning(objectives: Sequence[Objective]) -> Panel:
    minutes = POLICY[0].long
    queries = tuple((burn_rate_of(each.name, minutes, each.allowed), each.title) for each in objectives)
    steps = ((None, "green"), (1.0, "orange"), (POLICY[0].rate, "red"))
    return Panel(f"Burn rate, last {window_of(minutes)}", queries, SHORT, width=COLUMNS, steps=steps)


def _placed(rows: Sequence[tuple[str, Sequence[Panel]]]) -> list[dict[str, Any]]:
    """Panels from left to right, row under row, as Grafana's grid of 24 columns wants them."""
    found: list[dict[str, Any]] = []
    y = 0
    for title, panels in rows:
        found.append(_row(len(found) + 1, title, y))
        y, x, tallest = y + 1, 0, 0
        for panel in panels:
            if x + panel.width > COLUMNS:
                y, x, tallest = y + tallest, 0, 0
            found.append(_panel(len(found) + 1, panel, x, y))
            x, tallest = x + panel.width, max(tallest, panel.height)
        y += tallest
    return found


def _row(number: int, title: str, y: int) -> dict[str, Any]:
    place = {"h": 1, "w": COLUMNS, "x": 0, "y": y}
    return {"id": number, "type": "row", "title": title, "collapsed": False, "gridPos": place, "panels": []}


def _panel(number: int, panel: Panel, x: int, y: int) -> dict[str, Any]:
    steps = [{"value": value, "color": colour} for value, colour in panel.steps]
    targets = [
        {"refId": chr(ord("A") + place), "datasource": DATASOURCE, "expr": expression, "legendFormat": legend}
        for place, (expression, legend) in enumerate(panel.queries)
    ]
    return {
        "id": number,
        "type": panel.kind,
        "title": panel.title,
        "datasource": DATASOURCE,
        "gridPos": {"h": panel.height, "w": panel.width, "x": x, "y": y},
        "fieldConfig": {
            "defaults": {"unit": panel.unit, "thresholds": {"mode": "absolute", "steps": steps}},
            "overrides": [],
        },
        "options": _options(panel),
        "targets": targets,
    }


def _options(panel: Panel) -> dict[str, Any]:
    if panel.kind == "stat":
        return {"reduceOptions": {"calcs": ["lastNotNull"]}, "colorMode": "value", "graphMode": "area"}
    return {
        "legend": {"displayMode": "list", "placement": "bottom", "showLegend": True},
        "tooltip": {"mode": "multi", "sort": "desc"},
    }


def _datasource() -> dict[str, Any]:
    return {
        "name": "datasource",
        "type": "datasource",
        "query": "prometheus",
        "label": "Prometheus",
        "hide": 0,
    }
