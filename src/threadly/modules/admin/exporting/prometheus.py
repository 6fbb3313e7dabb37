"""Rules for Prometheus, from the file of objectives: the same windows and rates as our own alerts, for an
installation whose alerts come from there."""

from collections.abc import Iterable, Sequence
from typing import Final

import msgspec

from threadly.modules.admin.exporting.names import bad_of, burn_rate_of, ratio_of, window_of
from threadly.modules.admin.rules.burning import POLICY, WINDOWS, Pair
from threadly.modules.admin.types.objectives import Objective, Severity

__all__ = ["prometheus_rules"]

HEADER: Final = (
    "# Written by `threadly observe prometheus-rules` from the file of objectives: change that, not this."
)


class Rule(msgspec.Struct, frozen=True):
    name: str
    expression: str
    severity: Severity
    summary: str
    runbook: str
    hold: str


# What is no objective, and wrong all the same.
PLAIN: Final = (
    Rule("ThreadlyReactionsLate", "max(threadly_outbox_oldest_seconds) > 60", "critical",
         "Events have waited for their reactions for more than a minute.", "late-reactions", "2m"),
    Rule("ThreadlyNoWorker", "max(threadly_unwatched_seconds) > 180", "critical",
         "No worker says anything: reactions and jobs wait.", "late-reactions", "2m"),
    Rule("ThreadlyDeadLetters", 'max(threadly_outbox_events{state="dead"}) > 0', "warning",
         "Reactions have failed for good.", "dead-letters", "0m"),
    Rule("ThreadlyFailedJobs", "sum(max by (queue) (threadly_jobs_failed)) > 0", "warning",
         "Jobs have given up.", "failed-jobs", "0m"),
    Rule("ThreadlyJobsLate", "max(threadly_jobs_oldest_seconds) > 300", "warning",
         "Jobs have waited for more than five minutes.", "late-reactions", "2m"),
    Rule("ThreadlyValkeyAway", "threadly_valkey_up == 0", "warning",
         "Valkey does not answer: no cache, and no limits.", "slow-requests", "2m"),
)  # fmt: skip


def prometheus_rules(objectives: Sequence[Objective], *, site_url: str) -> str:
    """A file of rules (YAML). `site_url` is where the runbooks are read, without a trailing slash."""
    lines = [HEADER, "groups:"]
    recorded = [line for minutes in WINDOWS for line in _recording(minutes)]
    recorded += [line for pair in POLICY for line in _counting(pair.long)]
    lines += _group("threadly-indicators", recorded)
    alerts = [line for each in objectives for line in _burn_alerts(each, site_url)]
    lines += _group("threadly-objectives", alerts)
    lines += _group("threadly-queues", [line for rule in PLAIN for line in _alert(rule, site_url)])
    return "\n".join(lines) + "\n"


def _group(name: str, rules: Iterable[str]) -> list[str]:
    return [f"  - name: {name}", "    rules:", *(f"      {line}" for line in rules)]


def _recording(minutes: int) -> list[str]:
    window = window_of(minutes)
    good = f"sum by (objective) (rate(threadly_sli_good_events_total[{window}]))"
    total = f"sum by (objective) (rate(threadly_sli_events_total[{window}]))"
    return [f"- record: {ratio_of(minutes)}", *_expression([f"1 - {good}", f"  / {total}"])]


def _counting(minutes: int) -> list[str]:
    window = window_of(minutes)
    total, good = (
        f"sum by (objective) (increase(threadly_sli_{which}_total[{window}]))"
        for which in ("events", "good_events")
    )
    return [f"- record: {bad_of(minutes)}", *_expression([total, f"  - {good}"])]


def _burn_alerts(objective: Objective, site_url: str) -> list[str]:
    """One for each severity: any pair of windows of it."""
    by_severity: dict[Severity, list[Pair]] = {}
    for pair in POLICY:
        severity: Severity = "warning" if objective.severity == "warning" else pair.severity
        by_severity.setdefault(severity, []).append(pair)
    lines = []
    for severity, pairs in by_severity.items():
        rule = Rule(
            f"Threadly{_camel(objective.name)}",
            "\nor\n".join(_pair(objective, pair) for pair in pairs),
            severity,
            f"{objective.title}: in danger",
            objective.runbook,
            "0m",
        )
        lines += _alert(rule, site_url, objective)
    return lines


def _pair(objective: Objective, pair: Pair) -> str:
    """Both windows burn, and enough was bad in the long one."""
    long = burn_rate_of(objective.name, pair.long, objective.allowed)
    short = burn_rate_of(objective.name, pair.short, objective.allowed)
    bad = f'{bad_of(pair.long)}{{objective="{objective.name}"}}'
    return "\n".join(
        [
            f"({long} >= {pair.rate:g}",
            f"  and {short} >= {pair.rate:g}",
            f"  and {bad} >= {objective.least_bad})",
        ]
    )


def _alert(rule: Rule, site_url: str, objective: Objective | None = None) -> list[str]:
    labels: dict[str, str] = {"severity": rule.severity}
    if objective is not None:
        labels |= {"category": objective.category}
    lines = [f"- alert: {rule.name}", *_expression(rule.expression.splitlines())]
    if rule.hold != "0m":
        lines.append(f"  for: {rule.hold}")
    lines += ["  labels:", *(f"    {name}: {_quoted(value)}" for name, value in labels.items())]
    lines += [
        "  annotations:",
        f"    summary: {_quoted(rule.summary)}",
        f"    runbook_url: {_quoted(f'{site_url}/admin/observe/runbooks/{rule.runbook}')}",
    ]
    return lines


def _expression(lines: Sequence[str]) -> list[str]:
    """As a block, which YAML takes as it stands."""
    return ["  expr: |-", *(f"    {line}" for line in lines)]


def _camel(slug: str) -> str:
    return "".join(part.capitalize() for part in slug.split("-"))


def _quoted(text: str) -> str:
    """A string of JSON is one of YAML."""
    return msgspec.json.encode(text).decode()
