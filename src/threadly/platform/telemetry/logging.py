"""Logs: one line for each fact, with the ids of the trail, JSON for machines and colours for a terminal.

Lines go to standard error, because commands such as `threadly export` write their result to standard output.
"""

import logging
import sys
from collections.abc import Mapping
from typing import Any, Literal, TextIO

import msgspec
import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from threadly.platform.telemetry.redaction import redact_event
from threadly.platform.telemetry.trail import current_trail
from threadly.settings import Settings

__all__ = ["SERVER_LOG_CONFIG", "configure_logging"]

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
    structlog.configure(
        processors=[structlog.processors.format_exc_info, redact_event, *_shared(), _renderer(style, stream)],
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
