"""Kept spans to OpenTelemetry: to any collector over OTLP, or to processors that are passed in.

Imported only where somebody takes them, since the SDK and its exporter cost memory.
"""

from collections.abc import Sequence
from typing import Final

from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import Event, ReadableSpan, SpanProcessor
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import SpanContext, SpanKind, TraceFlags
from opentelemetry.trace.status import Status, StatusCode

from threadly import __version__
from threadly.platform.telemetry.keeper import Take
from threadly.platform.telemetry.parts import LogLine, Part, SpanRecord, opentelemetry_kind

__all__ = ["exporting_to", "readable", "taking"]

SCOPE: Final = InstrumentationScope("threadly", __version__)


def exporting_to(endpoint: str, service: str) -> Take:
    """To the collector at `endpoint`, in batches of its own thread."""
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    return taking([BatchSpanProcessor(OTLPSpanExporter(endpoint=f"{endpoint}/v1/traces"))], service)


def taking(processors: Sequence[SpanProcessor], service: str) -> Take:
    """A taker that hands each span to the processors."""
    resource = Resource.create({"service.name": service, "service.version": __version__})

    async def take(parts: Sequence[Part], _lines: Sequence[LogLine]) -> None:
        for part in parts:
            for each in part.spans:
                if each.duration_us is not None:
                    span = readable(part, each, resource)
                    for processor in processors:
                        processor.on_end(span)

    return take


def readable(part: Part, record: SpanRecord, resource: Resource) -> ReadableSpan:
    """The span as the SDK would have made it."""
    trace_id = int(part.trace_id, 16)
    ended_us = record.start_us + (record.duration_us or 0)
    return ReadableSpan(
        name=record.name,
        context=_context(trace_id, record.id),
        parent=_context(trace_id, record.parent) if record.parent else None,
        resource=resource,
        attributes={
            "threadly.kind": record.kind,
            **({"code.file.path": record.source.rpartition(":")[0]} if record.source else {}),
            **({"code.line.number": int(record.source.rpartition(":")[2])} if record.source else {}),
            **{key: value for key, value in record.attributes.items() if value is not None},
        },
        events=[Event("exception", {"exception.message": record.error}, ended_us * 1_000)]
        if record.error
        else [],
        kind=SpanKind[opentelemetry_kind(record.kind)],
        instrumentation_scope=SCOPE,
        status=Status(StatusCode.ERROR, record.error) if record.error else Status(),
        start_time=record.start_us * 1_000,
        end_time=ended_us * 1_000,
    )


def _context(trace_id: int, span_id: str) -> SpanContext:
    return SpanContext(
        trace_id, int(span_id, 16), is_remote=False, trace_flags=TraceFlags(TraceFlags.SAMPLED)
    )
