"""Seeing the running system: logs, traces, metrics.

`telemetry.metrics` is deliberately not imported here: it must be imported after `prepare_metrics` was called.
"""

from threadly.platform.telemetry.logging import SERVER_LOG_CONFIG, configure_logging
from threadly.platform.telemetry.tracing import continue_trace, current_traceparent, span
from threadly.platform.telemetry.trail import Trail, current_trail, identify

__all__ = [
    "SERVER_LOG_CONFIG",
    "Trail",
    "configure_logging",
    "continue_trace",
    "current_traceparent",
    "current_trail",
    "identify",
    "span",
]
