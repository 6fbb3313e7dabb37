"""Lines of the log, and what a search finds."""

from datetime import datetime
from typing import Any, Final, Literal

import msgspec

from threadly.modules.atlas import JourneySummary
from threadly.platform.ids import UUID

__all__ = ["SEVERITIES", "Found", "Level", "LineRow", "LogEntry", "Search"]

Level = Literal["debug", "info", "warning", "error", "critical"]
# As Python's logging has them.
SEVERITIES: Final[dict[Level, int]] = {"debug": 10, "info": 20, "warning": 30, "error": 40, "critical": 50}


class LogEntry(msgspec.Struct, frozen=True):
    """One line of the log, redacted. `process` is "web-4711"; `fields` is what the line says besides."""

    id: int
    at: datetime
    level: Level
    event: str
    trace_id: str | None
    request_id: str | None
    user: str | None
    process: str
    fields: dict[str, Any]


class LineRow(msgspec.Struct, frozen=True):
    """A line as the table has it."""

    id: int
    at: datetime
    severity: int
    event: str
    trace_id: str | None
    request_id: str | None
    user_id: str | None
    process: str
    fields: dict[str, Any]


class Search(msgspec.Struct, frozen=True):
    """What is looked for; everything must be met. `words` are parts of words, in lower case.

    Lines are sought by `words`, `trace_id`, `request_id`, `severity` (at least), `user_id`, `process` and
    `since`; traces by `words` (in name and error), `trace_id`, `user_id`, `since`, `routes` (parts of the
    name), `statuses` (from, to) and `slower_us`. What only traces can meet leaves lines without one out.
    """

    words: tuple[str, ...] = ()
    trace_id: str | None = None
    request_id: str | None = None
    severity: int | None = None
    user_id: UUID | None = None
    process: str | None = None
    since: datetime | None = None
    routes: tuple[str, ...] = ()
    statuses: tuple[int, int] | None = None
    slower_us: int | None = None

    @property
    def only_traces(self) -> bool:
        return bool(self.routes or self.statuses or self.slower_us)

    @property
    def only_lines(self) -> bool:
        return bool(self.severity or self.request_id or self.process)


class Found(msgspec.Struct, frozen=True):
    """One place of the list: a trace with its lines, or lines of a trace that was not kept, or one line.

    `at` is when the trace began, or its newest line that was looked for. `more_lines` says that there are
    more than are listed.
    """

    at: datetime
    trace_id: str | None
    journey: JourneySummary | None
    lines: list[LogEntry]
    more_lines: bool
