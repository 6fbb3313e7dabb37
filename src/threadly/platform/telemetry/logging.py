"""Logs: one line for each fact, with the ids of the trail, JSON for machines and colours for a terminal.

Lines go to standard error, because commands such as `threadly export` write their result to standard output.
"""

import logging
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from time import time_ns
from typing import Any, Final, Literal, TextIO

import msgspec
import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from threadly.platform.telemetry.parts import LogLine
from threadly.platform.telemetry.redaction import redact_event, redact_text
from threadly.platform.telemetry.tracing import keeper
from threadly.platform.telemetry.trail import current_trail
from threadly.settings import Settings

__all__ = ["SERVER_LOG_CONFIG", "configure_logging"]

# The line of each request, which is not handed on: the request's span says the same, and more.
REQUEST: Final = "request"
# In a line that is handed on: longer values are cut, what is more is dropped.
LONGEST_VALUE: Final = 8_000
MOST_FIELDS: Final = 50
# What a line says in places of its own, and what is only for the eye.
_NAMED: Final = frozenset(
    {"event", "level", "timestamp", "request_id", "trace_id", "tenant", "user", "exc_info", "stack_info"}
)

QUIET = ("_granian", "alembic", "asyncio", "dbos", "granian.access", "httpcore", "httpx", "uvicorn.error")

# For Granian's `log_dictconfig`: without it the server would print lines of its own shape.
SERVER_LOG_CONFIG: Mapping[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "handlers": {},
    "formatters": {},
    "loggers": {"_granian": {"propagate": True}, "granian.access": {"propagate": True}},
}


def configure_logging(settings: Settings, *, stream: TextIO | None = None) -> None:
    """Once in each process, before anything logs. The format "auto" is "console" in a terminal."""
    level = logging.getLevelName(settings.log_level.upper())
    stream = stream or sys.stderr
    style = _style(settings, stream)
    first: list[Processor] = [_request_writer(stream)] if style == "json" else []
    structlog.configure(
        processors=[
            *first,
            structlog.processors.format_exc_info,
            redact_event,
            *_shared(),
            _hand_on,
            _renderer(style, stream),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.WriteLoggerFactory(stream),
        cache_logger_on_first_use=True,
    )
    _route_stdlib(level, style, stream)


def _style(settings: Settings, stream: TextIO) -> Literal["json", "console"]:
    if settings.log_format != "auto":
        return settings.log_format
    return "console" if stream.isatty() and settings.env == "development" else "json"


def _shared() -> list[Processor]:
    return [_add_trail, structlog.processors.add_log_level, structlog.processors.TimeStamper("iso")]


def _renderer(style: Literal["json", "console"], stream: TextIO) -> Processor:
    if style == "console":
        return structlog.dev.ConsoleRenderer(colors=stream.isatty())
    return _as_json


def _request_writer(stream: TextIO) -> Processor:
    """Writes the line of each request on the spot, past what it cannot need (exceptions, secrets in other
    fields than the path). Measured: 6 µs in place of 10, for every request there is."""

    def write(_logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
        if event["event"] != REQUEST:
            return event
        event["path"] = redact_text(event["path"])
        _add_trail(_logger, method, event)
        event["level"] = method
        event["timestamp"] = datetime.now(UTC)
        stream.write(_encoder.encode(event).decode() + "\n")
        stream.flush()
        raise structlog.DropEvent

    return write


def _hand_on(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Tells the process's keeper, if there is one. What went wrong in a trace makes that worth keeping."""
    taker = keeper()
    if taker is None or event["event"] == REQUEST:
        return event
    level, trail = event["level"], current_trail()
    if level in ("error", "critical") and trail is not None and trail.recording is not None:
        trail.recording.failed = True
    if level != "debug":
        taker.note(_line_of(event, level))
    return event


def _line_of(event: EventDict, level: str) -> LogLine:
    others = [name for name in event if name not in _NAMED and not name.startswith("_")]
    return LogLine(
        at_us=time_ns() // 1_000,
        level=level,
        event=str(_plain(str(event["event"]))),
        trace_id=event.get("trace_id"),
        request_id=event.get("request_id"),
        tenant=event.get("tenant"),
        user=event.get("user"),
        fields={str(name): _plain(event[name]) for name in others[:MOST_FIELDS]},
    )


def _plain(value: object) -> object:
    """As JSON in PostgreSQL can hold it: no NUL, no half of a character."""
    if value is None or isinstance(value, bool | float) or (isinstance(value, int) and abs(value) < 2**63):
        return value  # a float that is no number becomes null
    text = value if isinstance(value, str) else _encoder.encode(value).decode()
    return text[:LONGEST_VALUE].replace("\0", "\N{REPLACEMENT CHARACTER}").encode(errors="replace").decode()


def _as_json(_logger: WrappedLogger, _method: str, event: EventDict) -> str:
    return _encoder.encode(event).decode()


_encoder = msgspec.json.Encoder(enc_hook=repr)


def _add_trail(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    trail = current_trail()
    if trail is None:
        return event
    event["request_id"] = trail.request_id
    event["trace_id"] = trail.trace_id
    if trail.tenant:
        event["tenant"] = trail.tenant
    if trail.user:
        event["user"] = trail.user
    return event


def _route_stdlib(level: int, style: Literal["json", "console"], stream: TextIO) -> None:
    """Libraries log through the standard library; their lines get the same shape and the same redaction."""
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.add_logger_name],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                redact_event,
                *_shared(),
                _hand_on,
                _renderer(style, stream),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for name in QUIET:
        _quiet(logging.getLogger(name), handler)


def _quiet(logger: logging.Logger, handler: logging.Handler) -> None:
    # A handler of its own, since some of these libraries add one (and stop propagating) when they find none.
    logger.handlers[:] = [handler]
    logger.propagate = False
    logger.setLevel(logging.WARNING)
