"""What requests, reactions and jobs use, by route: processor time, SQL, Valkey, calls of other systems.

A process knows how much processor time it used, not for whom. It is divided by the time that each route was
at work itself, which is its time less what it waited for; what is left is the process's own. So the sums
are right, and the shares as good as that assumption: where much runs at once, a request also counts the time
in which it waited for its turn on the loop.
"""

from time import process_time_ns
from typing import Final

import msgspec
from prometheus_client import Counter

from threadly.platform.telemetry.metrics import METHODS, registry
from threadly.platform.telemetry.spans import Recording

__all__ = ["PROCESS", "Meter", "Used"]

# A cap on what is told apart, though routes are templates.
MOST_ROUTES: Final = 2_000
PROCESS: Final = "process"
_REST: Final = ("other", "(more)")
_WAITS: Final = frozenset({"sql", "valkey", "call", "pool", "pause"})
_BEGINNINGS: Final = frozenset({"reaction", "job"})

_CPU = Counter(
    "threadly_route_cpu_seconds",
    "Processor time by method and route; method is also reaction, job, or process for what is nobody's.",
    ("method", "route"),
    registry=registry,
)
_SQL = Counter(
    "threadly_route_sql_seconds", "Time of SQL statements.", ("method", "route"), registry=registry
)
_STATEMENTS = Counter(
    "threadly_route_sql_statements", "SQL statements.", ("method", "route"), registry=registry
)
_COMMANDS = Counter(
    "threadly_route_valkey_commands", "Round trips to Valkey.", ("method", "route"), registry=registry
)
_CALLS = Counter(
    "threadly_route_calls", "Calls of other systems.", ("method", "route", "call"), registry=registry
)


class Used(msgspec.Struct, frozen=True):
    """What one route used in one tenant since it was last asked; `calls` by name: how many, how long (µs)."""

    tenant_id: int | None
    method: str
    route: str
    requests: int
    cpu_us: int
    sql_us: int
    statements: int
    commands: int
    calls: dict[str, tuple[int, int]]


class _Sum:
    __slots__ = ("calls", "commands", "own_ns", "requests", "sql_ns", "statements")

    def __init__(self) -> None:
        self.requests = self.own_ns = self.sql_ns = self.statements = self.commands = 0
        self.calls: dict[str, tuple[int, int]] = {}

    def add_call(self, name: str, took_ns: int) -> None:
        count, us = self.calls.get(name, (0, 0))
        self.calls[name] = (count + 1, us + took_ns // 1_000)


class Meter:
    """One per process: `observe` is for `Keeper.observers`, `take` is called every few seconds."""

    def __init__(self, service: str, *, most_routes: int = MOST_ROUTES) -> None:
        self._service = service
        self._most_routes = most_routes
        self._sums: dict[tuple[int | None, str, str], _Sum] = {}
        self._cpu_ns = process_time_ns()

    def observe(self, recording: Recording) -> None:
        """Measured: 2 µs for a request of ten spans."""
        spans = recording.spans
        if not spans:
            return
        root = spans[0]
        if root.kind == "request":
            method = root.name.partition(" ")[0]
            method = method if method in METHODS else "other"
            key = (recording.trail.tenant_id, method, recording.route or "(none)")
        else:
            key = (recording.trail.tenant_id, root.kind if root.kind in _BEGINNINGS else "other", root.name)
        total = self._sums.get(key)
        if total is None:
            total = self._begin(key)
        total.requests += 1
        waited_ns = 0
        for each in spans:
            kind = each.kind
            if kind in _WAITS:
                took_ns = max(0, each.ended_ns - each.started_ns)  # what did not end is not counted
                waited_ns += took_ns
                if kind == "sql":
                    total.sql_ns += took_ns
                    total.statements += 1
                elif kind == "valkey":
                    total.commands += 1
                elif kind == "call":
                    total.add_call(each.name, took_ns)
        if not recording.streams:  # which lasts as long as its reader likes
            total.own_ns += max(0, root.ended_ns - root.started_ns - waited_ns)

    def take(self) -> list[Used]:
        """What was used since the last time, sorted by key; it is also counted for Prometheus."""
        now_ns = process_time_ns()
        spent_ns, self._cpu_ns = now_ns - self._cpu_ns, now_ns
        sums, self._sums = self._sums, {}
        own_ns = sum(each.own_ns for each in sums.values())
        share = min(1.0, spent_ns / own_ns) if own_ns else 0.0
        used = [
            _used(key, total, cpu_us=int(total.own_ns * share) // 1_000)
            for key, total in sorted(sums.items(), key=lambda each: (each[0][0] or 0, *each[0][1:]))
        ]
        nobodys_us = max(0, spent_ns // 1_000 - sum(each.cpu_us for each in used))
        used.append(_used((None, PROCESS, self._service), _Sum(), cpu_us=nobodys_us))
        for each in used:
            _count(each)
        return used

    def _begin(self, key: tuple[int | None, str, str]) -> _Sum:
        if len(self._sums) >= self._most_routes:
            key = (key[0], *_REST)
        return self._sums.setdefault(key, _Sum())


def _used(key: tuple[int | None, str, str], total: _Sum, *, cpu_us: int) -> Used:
    return Used(
        *key,
        requests=total.requests,
        cpu_us=cpu_us,
        sql_us=total.sql_ns // 1_000,
        statements=total.statements,
        commands=total.commands,
        calls=total.calls,
    )


def _count(used: Used) -> None:
    at = (used.method, used.route)
    _CPU.labels(*at).inc(used.cpu_us / 1e6)
    if used.statements:
        _SQL.labels(*at).inc(used.sql_us / 1e6)
        _STATEMENTS.labels(*at).inc(used.statements)
    if used.commands:
        _COMMANDS.labels(*at).inc(used.commands)
    for name, (count, _) in used.calls.items():
        _CALLS.labels(*at, name).inc(count)
