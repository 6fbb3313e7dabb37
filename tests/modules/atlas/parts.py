"""Parts of traces, made by hand: times are ms from the beginning."""

import secrets
from collections.abc import Sequence
from typing import Any

from threadly.modules import atlas
from threadly.platform.ids import new_id
from threadly.platform.runtime import Runtime
from threadly.platform.telemetry.parts import Part, SpanRecord

__all__ = ["BEGAN_US", "keep", "new_trace", "part_of", "span_of"]

BEGAN_US = 1_790_000_000_000_000


def new_trace() -> str:
    return secrets.token_hex(16)


def span_of(
    name: str, kind: str, start_ms: float, end_ms: float | None, parent: SpanRecord | None = None, **more: Any
) -> SpanRecord:
    return SpanRecord(
        id=more.pop("id", secrets.token_hex(8)),
        name=name,
        kind=kind,
        start_us=BEGAN_US + round(start_ms * 1_000),
        duration_us=None if end_ms is None else round(end_ms * 1_000) - round(start_ms * 1_000),
        parent=parent.id if parent else None,
        **more,
    )


def part_of(trace_id: str, spans: Sequence[SpanRecord], **more: Any) -> Part:
    """The first span is the part's own."""
    root = spans[0]
    end_us = max(each.start_us + (each.duration_us or 0) for each in spans)
    values: dict[str, Any] = {
        "trace_id": trace_id,
        "id": str(new_id()),
        "process": "web-1" if root.kind == "request" else "worker-2",
        "name": root.name,
        "kind": root.kind,
        "start_us": root.start_us,
        "duration_us": end_us - root.start_us,
        "kept": "followed",
        "spans": list(spans),
    }
    return Part(**{**values, **more})


async def keep(runtime: Runtime, *parts: Part) -> None:
    """As a process's keeper would have them stored."""
    await atlas.keeping(runtime)(parts, [])
