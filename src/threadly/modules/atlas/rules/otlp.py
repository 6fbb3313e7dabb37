"""Parts of a trace as OTLP/JSON, which any OpenTelemetry tool reads.

The shape is that of ExportTraceServiceRequest in opentelemetry-proto, in its JSON encoding: ids as hex,
64-bit numbers as text, enums as numbers, names in camel case
(https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding).
"""

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from threadly import __version__
from threadly.platform.telemetry.parts import Part, SpanRecord, opentelemetry_kind

__all__ = ["OtlpTraces", "otlp_of"]

# SpanKind in opentelemetry-proto.
KINDS: Final[Mapping[str, int]] = {"INTERNAL": 1, "SERVER": 2, "CLIENT": 3, "PRODUCER": 4, "CONSUMER": 5}
ERROR: Final = 2


class OtlpValue(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """One of them is given."""

    string_value: str | None = None
    int_value: str | None = None
    double_value: float | None = None
    bool_value: bool | None = None


class OtlpAttribute(msgspec.Struct, frozen=True):
    key: str
    value: OtlpValue


class OtlpEvent(msgspec.Struct, frozen=True, rename="camel"):
    time_unix_nano: str
    name: str
    attributes: list[OtlpAttribute]


class OtlpStatus(msgspec.Struct, frozen=True, omit_defaults=True):
    message: str = ""
    code: int = 0


class OtlpSpan(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    trace_id: str
    span_id: str
    name: str
    kind: int
    start_time_unix_nano: str
    end_time_unix_nano: str
    parent_span_id: str = ""
    attributes: list[OtlpAttribute] = []
    events: list[OtlpEvent] = []
    status: OtlpStatus = OtlpStatus()


class OtlpScope(msgspec.Struct, frozen=True):
    name: str
    version: str


class OtlpScopeSpans(msgspec.Struct, frozen=True):
    scope: OtlpScope
    spans: list[OtlpSpan]


class OtlpResource(msgspec.Struct, frozen=True):
    attributes: list[OtlpAttribute]


class OtlpResourceSpans(msgspec.Struct, frozen=True, rename="camel"):
    resource: OtlpResource
    scope_spans: list[OtlpScopeSpans]


class OtlpTraces(msgspec.Struct, frozen=True, rename="camel"):
    resource_spans: list[OtlpResourceSpans]


def otlp_of(parts: Sequence[Part]) -> OtlpTraces:
    """One resource for each process. What has not ended is left out, as OTLP has no word for it."""
    processes = dict.fromkeys(part.process for part in parts)
    return OtlpTraces(
        [_resource(name, [part for part in parts if part.process == name]) for name in processes]
    )


def _resource(process: str, parts: Sequence[Part]) -> OtlpResourceSpans:
    service, _, instance = process.partition("-")
    named = {
        "service.name": f"threadly-{service}",
        "service.version": __version__,
        **({"service.instance.id": instance} if instance else {}),
    }
    spans = [_span(part, each) for part in parts for each in part.spans if each.duration_us is not None]
    return OtlpResourceSpans(
        OtlpResource(_attributes(named)), [OtlpScopeSpans(OtlpScope("threadly", __version__), spans)]
    )


def _span(part: Part, span: SpanRecord) -> OtlpSpan:
    ended_us = span.start_us + (span.duration_us or 0)
    path, _, line = (span.source or "").rpartition(":")
    noted = {
        "threadly.kind": span.kind,
        **({"code.file.path": path, "code.line.number": int(line)} if path else {}),
        **({"threadly.refused": span.refused} if span.refused else {}),
        **span.attributes,
    }
    raised = OtlpEvent(_nano(ended_us), "exception", _attributes({"exception.message": span.error}))
    return OtlpSpan(
        trace_id=part.trace_id,
        span_id=span.id,
        name=span.name,
        kind=KINDS[opentelemetry_kind(span.kind)],
        start_time_unix_nano=_nano(span.start_us),
        end_time_unix_nano=_nano(ended_us),
        parent_span_id=span.parent or "",
        attributes=_attributes(noted),
        events=[raised] if span.error else [],
        status=OtlpStatus(span.error, ERROR) if span.error else OtlpStatus(),
    )


def _attributes(named: Mapping[str, object]) -> list[OtlpAttribute]:
    return [OtlpAttribute(key, _value(value)) for key, value in named.items() if value is not None]


def _value(value: object) -> OtlpValue:
    if isinstance(value, bool):
        return OtlpValue(bool_value=value)
    if isinstance(value, int):
        return OtlpValue(int_value=str(value))
    if isinstance(value, float):
        return OtlpValue(double_value=value)
    return OtlpValue(string_value=str(value))


def _nano(us: int) -> str:
    return str(us * 1_000)
