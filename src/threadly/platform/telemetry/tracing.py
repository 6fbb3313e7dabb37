"""OpenTelemetry behind a door that costs next to nothing while nobody listens.

Spans are made only when a processor is there to take them (an OTLP endpoint, or one passed in) and the
trace is sampled. The ids exist regardless: they come from the trail.
"""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import Token

import msgspec
from opentelemetry import context as otel_context
from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased
from opentelemetry.trace import (
    INVALID_SPAN,
    NonRecordingSpan,
    Span,
    SpanContext,
    SpanKind,
    TraceFlags,
    Tracer,
)
from opentelemetry.util.types import AttributeValue

from threadly import __version__
from threadly.platform.telemetry.trail import Trail, current_trail, enter_trail, leave_trail, trail_from
from threadly.settings import Settings

__all__ = [
    "Journey",
    "Span",
    "begin_journey",
    "configure_tracing",
    "continue_trace",
    "current_traceparent",
    "end_journey",
    "span",
    "stop_tracing",
]

# What our kinds are called in OpenTelemetry; anything else is INTERNAL.
_KINDS = {
    "request": SpanKind.SERVER,
    "sql": SpanKind.CLIENT,
    "valkey": SpanKind.CLIENT,
    "call": SpanKind.CLIENT,
    "event": SpanKind.PRODUCER,
    "reaction": SpanKind.CONSUMER,
    "job": SpanKind.CONSUMER,
}
_NOTHING: AbstractContextManager[Span] = nullcontext(INVALID_SPAN)


class _Recording(msgspec.Struct):
    """The one piece of process-wide state: who takes the spans, if anybody."""

    provider: TracerProvider | None = None
    tracer: Tracer | None = None
    # A new trace is sampled when the lower half of its id is below this, as TraceIdRatioBased decides too.
    bound: int = 0


_recording = _Recording()


class Journey(msgspec.Struct):
    """A trail that has begun; `end_journey` closes it. `span` is INVALID_SPAN while nobody records."""

    trail: Trail
    span: Span
    trail_token: Token[Trail | None]
    context_token: Token[Context] | None = None


class _TrailIds(RandomIdGenerator):
    """A trace has the trail's id, so that logs, answers and spans agree, sampled or not."""

    def generate_trace_id(self) -> int:
        trail = current_trail()
        return int(trail.trace_id, 16) if trail else super().generate_trace_id()


def configure_tracing(settings: Settings, service: str, *, processors: Sequence[SpanProcessor] = ()) -> None:
    """Record from now on, if `settings.otlp_endpoint` is set or processors are given. Once a process."""
    stop_tracing()
    takers = list(processors)
    if settings.otlp_endpoint:
        takers.append(_exporting_to(settings.otlp_endpoint))
    if not takers:
        return
    provider = TracerProvider(
        resource=Resource.create({"service.name": service, "service.version": __version__}),
        sampler=ParentBased(TraceIdRatioBased(settings.trace_sample)),
        id_generator=_TrailIds(),
        shutdown_on_exit=False,  # stop_tracing does that, in order
    )
    for taker in takers:
        provider.add_span_processor(taker)
    _recording.provider = provider
    _recording.tracer = provider.get_tracer("threadly", __version__)
    _recording.bound = TraceIdRatioBased.get_bound_for_rate(settings.trace_sample)


def stop_tracing() -> None:
    """Flush what waits to be exported and stop recording."""
    if _recording.provider:
        _recording.provider.shutdown()
    _recording.provider = _recording.tracer = None


def span(name: str, *, kind: str = "internal", **attributes: AttributeValue) -> AbstractContextManager[Span]:
    """`with span("feed.get_post", kind="sql", rows=20) as it:`; nothing unless the trail is sampled.

    An exception that passes through is recorded on the span.
    """
    trail = current_trail()
    if _recording.tracer is None or trail is None or not trail.sampled:
        return _NOTHING
    return _recording.tracer.start_as_current_span(
        name, kind=_KINDS.get(kind, SpanKind.INTERNAL), attributes={"threadly.kind": kind, **attributes}
    )


def current_traceparent() -> str | None:
    """What to send along (header, event, job) so that the other side continues this trace."""
    trail = current_trail()
    if trail is None:
        return None
    if _recording.tracer is None or not trail.sampled:
        return trail.traceparent
    ids = trace.get_current_span().get_span_context()
    return f"00-{ids.trace_id:032x}-{ids.span_id:016x}-01" if ids.is_valid else trail.traceparent


@contextmanager
def continue_trace(traceparent: str | None) -> Iterator[Trail]:
    """Run an event's reaction or a job as part of the trace that caused it, or of a new one."""
    journey = begin_journey(traceparent)
    try:
        yield journey.trail
    finally:
        end_journey(journey)


def begin_journey(
    traceparent: str | None, *, request_id: str | None = None, name: str | None = None, kind: str = "request"
) -> Journey:
    """`continue_trace` in two halves, for the HTTP front; with `name` there is a span from end to end.

    Pair it with `end_journey` in the same task.
    """
    trail = trail_from(traceparent, request_id=request_id)
    tracer = _recording.tracer
    if tracer is None:
        return Journey(trail, INVALID_SPAN, enter_trail(trail))
    if not trail.continued:
        trail.sampled = int(trail.trace_id[16:], 16) < _recording.bound
    token = enter_trail(trail)
    if not trail.sampled:
        return Journey(trail, INVALID_SPAN, token)
    context = _context_of(trail)
    whole: Span = INVALID_SPAN
    if name is not None:
        whole = tracer.start_span(name, context, kind=_KINDS.get(kind, SpanKind.INTERNAL))
        trail.span_id = f"{whole.get_span_context().span_id:016x}"
        context = trace.set_span_in_context(whole, context)
    return Journey(trail, whole, token, otel_context.attach(context))


def end_journey(journey: Journey) -> None:
    if journey.context_token is not None:
        journey.span.end()
        otel_context.detach(journey.context_token)
    leave_trail(journey.trail_token)


def _context_of(trail: Trail) -> Context:
    """The caller's span as the parent of ours, or no parent."""
    if not trail.continued:
        return Context()
    caller = SpanContext(
        int(trail.trace_id, 16), int(trail.span_id, 16), is_remote=True, trace_flags=TraceFlags(trail.sampled)
    )
    return trace.set_span_in_context(NonRecordingSpan(caller), Context())


def _exporting_to(endpoint: str) -> SpanProcessor:
    # Imported here because requests and protobuf cost memory that most installations need not pay.
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    return BatchSpanProcessor(OTLPSpanExporter(endpoint=f"{endpoint}/v1/traces"))
