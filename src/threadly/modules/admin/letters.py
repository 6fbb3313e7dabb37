"""What people are told of alerts: as a letter, and as JSON for a machine."""

from collections.abc import Sequence
from datetime import datetime
from html import escape
from urllib.parse import urlencode

import msgspec

from threadly.modules.admin.types.alerts import Notification, ToldAlert
from threadly.modules.admin.types.objectives import (
    AvailabilityIndicator,
    LatencyIndicator,
    Objective,
    Severity,
)
from threadly.platform.ids import UUID
from threadly.platform.mail import Letter

__all__ = ["AlertMessage", "MessageAlert", "alert_letter", "alert_message", "examples_path"]


class MessageAlert(msgspec.Struct, frozen=True):
    """`examples_url` shows requests that were bad, where there are such."""

    key: str
    title: str
    detail: str
    severity: Severity
    objective: str | None
    fired_at: datetime | None
    runbook_url: str
    examples_url: str | None


class AlertMessage(msgspec.Struct, frozen=True):
    """What THREADLY_ALERT_WEBHOOK_URL gets. The `id` is the same each time it is told."""

    id: UUID
    kind: str
    community: str
    category: str
    severity: Severity
    url: str
    alerts: list[MessageAlert]
    at: datetime


def alert_message(
    told: Notification, *, community: str, site_url: str, objectives: Sequence[Objective]
) -> AlertMessage:
    return AlertMessage(
        id=told.id,
        kind=f"alerts.{told.kind}",
        community=community,
        category=told.category,
        severity=told.severity,
        url=f"{site_url}/admin/observe/alerts",
        alerts=[_alert(each, site_url, objectives) for each in told.alerts],
        at=told.created_at,
    )


def _alert(told: ToldAlert, site_url: str, objectives: Sequence[Objective]) -> MessageAlert:
    objective = next((each for each in objectives if each.name == told.objective), None)
    examples = examples_path(objective)
    return MessageAlert(
        key=told.key,
        title=told.title,
        detail=told.detail,
        severity=told.severity,
        objective=told.objective,
        fired_at=told.fired_at,
        runbook_url=f"{site_url}/admin/observe/runbooks/{told.runbook}",
        examples_url=f"{site_url}{examples}" if examples else None,
    )


def examples_path(objective: Objective | None) -> str | None:
    """Where kept traces of requests that were bad are listed; None for what is about no requests."""
    if objective is None:
        return None
    indicator = objective.indicator
    if isinstance(indicator, AvailabilityIndicator):
        bad = {"status": "5xx"}
    elif isinstance(indicator, LatencyIndicator):
        bad = {"min_ms": str(indicator.within_ms)}
    else:
        return None
    # One route can be named there, or none.
    named = {} if len(indicator.routes) > 1 or "*" in indicator.routes[0] else {"q": indicator.routes[0]}
    return f"/map/journeys?{urlencode(bad | named)}"


def alert_letter(message: AlertMessage, *, recipient: str) -> Letter:
    over = message.kind == "alerts.resolved"
    first = message.alerts[0]
    more = f" and {len(message.alerts) - 1} more" if len(message.alerts) > 1 else ""
    state = "Resolved" if over else message.severity.capitalize()
    lead = "This is over:" if over else f"At {message.community} this needs somebody:"
    return Letter(
        recipient=recipient,
        subject=f"[{state}] {first.title}{more} · {message.community}",
        text=_text(message, lead, over=over),
        html=_html(message, lead, over=over),
    )


def _text(message: AlertMessage, lead: str, *, over: bool) -> str:
    parts = [lead]
    for each in message.alerts:
        lines = [each.title, each.detail]
        if not over:
            lines.append(f"What to do: {each.runbook_url}")
            if each.examples_url:
                lines.append(f"Examples: {each.examples_url}")
        parts.append("\n".join(lines))
    return "\n\n".join([*parts, f"All alerts: {message.url}"]) + "\n"


def _html(message: AlertMessage, lead: str, *, over: bool) -> str:
    alerts = "".join(_html_alert(each, over=over) for each in message.alerts)
    return (
        '<div style="font:16px/1.5 system-ui,sans-serif;max-width:36em">'
        f"<p>{escape(lead)}</p>{alerts}"
        f'<p><a href="{escape(message.url)}">All alerts</a></p></div>'
    )


def _html_alert(alert: MessageAlert, *, over: bool) -> str:
    links = [] if over else [_link(alert.runbook_url, "What to do")]
    if alert.examples_url and not over:
        links.append(_link(alert.examples_url, "Examples"))
    return (
        f"<h2 style='font-size:18px;margin-bottom:0'>{escape(alert.title)}</h2>"
        f"<p style='margin-top:4px'>{escape(alert.detail)}</p><p>{' · '.join(links)}</p>"
    )


def _link(url: str, says: str) -> str:
    return f'<a href="{escape(url)}" style="font-weight:600">{says}</a>'
